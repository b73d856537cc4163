//! Scenes: something is done to all services, the operator comes to rest, and its requests are counted.

use std::{collections::BTreeMap, time::Duration};

use anyhow::{Result, ensure};
use microservice_tests::{
    control_plane::{ControlPlane, Options},
    faults::Script,
    rig::Rig,
};

/// The services: enough to see what one of them costs, and what many cost together.
pub const NAMES: [&str; 5] = ["web-1", "web-2", "web-3", "web-4", "web-5"];

/// Seven children, one of them an autoscaled Deployment that starts with two pods.
pub const SPEC: &str = "
image: registry.example/web:v1
resources: {requests: {cpu: 100m}}
ports: [{name: http, port: 80, targetPort: 8080, protocol: http}]
scaling: {minReplicas: 2, maxReplicas: 4}
config: {mountPath: /etc/web, files: {web.yaml: 'level: info'}}
routes: [{hostnames: [NAME.example.com], gateway: {name: public}}]
";

/// No request for so long is rest. What is written late is written after a second.
const SILENCE: Duration = Duration::from_millis(2500);
const SILENCES: usize = 40;

/// All scenes, one after the other.
pub struct Scenes {
    /// The operator and its namespace.
    pub rig: Rig,
    /// What was counted.
    pub lines: Vec<String>,
    /// Whether watches are counted, too. They are begun anew every few minutes, whatever happens.
    pub watches_too: bool,
}

impl Scenes {
    /// An operator on a control plane without the autoscaler controller, whose writes come when its clock says.
    pub async fn start() -> Result<Self> {
        let cluster = ControlPlane::shared(Options::default().gateway_api()).await?;
        for definition in microservice_crds::schema::crds()? {
            cluster.install_definition(&definition).await?;
        }
        let namespace = cluster.namespace("requests").await?;
        let agent = format!("operator-of-{namespace}");
        let mut rig = Rig { cluster, client: cluster.client()?, namespace, agent, operator: None };
        rig.start_operator(&Script::record())?;
        let mut scenes = Self { rig, lines: Vec::new(), watches_too: false };
        scenes.rest().await?;
        Ok(scenes)
    }

    /// Does something and counts what the operator asks for until it rests again.
    pub async fn scene(&mut self, name: &str, act: impl AsyncFnOnce(&mut Rig) -> Result<()>) -> Result<()> {
        let mark = self.rig.mark().await?;
        act(&mut self.rig).await?;
        self.rest().await?;
        let watches = self.watches_too;
        let sent = self.rig.since(mark).await?.filter(|request| watches || request.verb != "watch");
        // Lists are never for one service.
        let (all, each) = sent.0.into_iter().partition(|request| matches!(request.verb.as_str(), "list" | "watch"));
        let (all, each) = (lines(all, 1), lines(each, NAMES.len()));
        let mut lines: Vec<String> =
            each.into_iter().map(|line| format!("{name}: {}", first_word(name, line))).collect();
        lines.extend(all.into_iter().map(|line| format!("{name}: {line} in all")));
        if lines.is_empty() {
            lines.push(format!("{name}: nothing"));
        }
        self.lines.append(&mut lines);
        Ok(())
    }

    /// Waits until nothing is asked any more.
    async fn rest(&mut self) -> Result<()> {
        for _ in 0..SILENCES {
            self.rig.idle().await?;
            let mark = self.rig.mark().await?;
            tokio::time::sleep(SILENCE).await;
            if self.rig.since(mark).await?.filter(|request| request.verb != "watch").count() == 0 {
                return Ok(());
            }
        }
        ensure!(false, "the operator never rests");
        Ok(())
    }
}

/// A new service has one status write where it is Ready within a second, and two where it is not: that depends on how
/// fast the pods start, so the file says both.
fn first_word(scene: &str, line: String) -> String {
    match line.strip_prefix("patch microservices/status ") {
        Some("1" | "2") if scene == "create" => "patch microservices/status 1 or 2".to_owned(),
        // Some of the services were faster than others.
        Some(shares) if scene == "create" && within_two_each(shares) => "patch microservices/status 1 or 2".to_owned(),
        _ => line,
    }
}

/// Whether `total/services` is at most two for each.
fn within_two_each(shares: &str) -> bool {
    let parts = shares.split_once('/').and_then(|(total, each)| Some((total.parse().ok()?, each.parse().ok()?)));
    parts.is_some_and(|(total, each): (usize, usize)| total <= 2 * each)
}

/// `patch deployments 1`: the counts by kind of request, for one of `share`.
fn lines(requests: Vec<microservice_tests::control_plane::Request>, share: usize) -> Vec<String> {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for request in requests {
        // A refused request is another thing than one that works.
        let refused = if request.code >= 400 { format!(" ({})", request.code) } else { String::new() };
        *counts.entry(format!("{}{refused}", request.kind())).or_default() += 1;
    }
    let line = |(kind, count): (String, usize)| match count % share {
        0 => format!("{kind} {}", count / share),
        _ => format!("{kind} {count}/{share}"),
    };
    counts.into_iter().map(line).collect()
}
