//! What each of these tests starts from: a namespace with an operator, and a gateway in front of it.

use std::{net::SocketAddr, time::Duration};

use anyhow::{Context as _, Result};
use http::StatusCode;
use k8s_openapi::api::core::v1::Pod;
use kube::{ResourceExt as _, api::ListParams};
use microservice_crds::labels;
use microservice_tests::{gateway::Gateway, rig::Rig, stand_in, traffic::Client};
use tokio::sync::OnceCell;
use tonic::transport::{Channel, Endpoint};

use crate::real;

/// Long, because it is no measure of speed.
const PATIENCE: Duration = Duration::from_secs(120);

const INTERVAL: Duration = Duration::from_millis(50);

/// The images of these tests: all of them the stand-in, which tells by which name it was started.
const NAMES: [&str; 6] = [
    "stand-in.test/web:v1",
    "stand-in.test/web:v2",
    "stand-in.test/cart:v1",
    "stand-in.test/beta:v1",
    "stand-in.test/next:v1",
    "stand-in.test/catalog:v1",
];

pub struct Stage {
    pub rig: Rig,
    pub gateway: &'static Gateway,
    /// Asks the gateway.
    pub client: Client,
    /// Asks the gateway over https.
    pub secure: Client,
}

/// A service of stand-ins on port 8080, with what a test adds.
pub fn service(name: &str, more: &str) -> String {
    format!(
        "
image: stand-in.test/{name}:v1
ports: [{{name: http, port: 80, targetPort: 8080, protocol: http}}]
env: [{{name: PORT, value: '8080'}}]
probes: {{readiness: {{periodSeconds: 1, httpGet: {{path: /_healthz}}}}}}
{more}
"
    )
}

impl Stage {
    pub async fn start(name: &str) -> Result<Self> {
        let rig = real::start(name).await?;
        static IMAGES: OnceCell<()> = OnceCell::const_new();
        IMAGES.get_or_try_init(|| stand_in::import(rig.cluster, NAMES)).await?;
        let gateway = Gateway::shared(rig.cluster).await?;
        let secure = Client::with_tls(gateway.https, &gateway.certificate)?;
        Ok(Self { rig, client: Client::new(gateway.http), secure, gateway })
    }

    /// A host of this test's own.
    pub fn host(&self) -> String {
        format!("{}.example.com", self.rig.namespace)
    }

    /// Applies a Microservice, in whose spec `GATEWAY` is the shared one.
    pub async fn apply(&self, name: &str, spec: &str) -> Result<()> {
        let spec = spec.replace("GATEWAY", "{name: public, namespace: gateways}");
        self.rig.apply(name, &spec).await?;
        Ok(())
    }

    /// Asks again and again until there is something. Errors count as "not yet".
    pub async fn until<T>(&self, what: &str, mut ask: impl AsyncFnMut() -> Result<Option<T>>) -> Result<T> {
        let start = std::time::Instant::now();
        loop {
            let answer = ask().await;
            if let Ok(Some(found)) = answer {
                return Ok(found);
            }
            if start.elapsed() > PATIENCE {
                // Says what is in the namespace, and keeps the logs.
                let now = Duration::ZERO;
                let last = || async { Ok::<Option<T>, _>(None) };
                let error = self.rig.cluster.wait_until(what, &self.rig.namespace, now, last).await.err();
                answer?;
                return Err(error.context("it came too late")?);
            }
            tokio::time::sleep(INTERVAL).await;
        }
    }

    /// Waits until the gateway lets this service answer.
    pub async fn answers(&self, host: &str, path: &str, name: &str) -> Result<()> {
        self.until(&format!("{name} to answer for {host}{path}"), async || {
            let answer = self.client.get(host, path).await?;
            Ok((answer.status == StatusCode::OK && answer.who()?.stand_in_for == name).then_some(()))
        })
        .await
    }

    /// The pods of a service.
    pub async fn pods(&self, name: &str) -> Result<Vec<Pod>> {
        let params = ListParams::default().labels(&format!("{}={name}", labels::NAME));
        Ok(self.rig.api::<Pod>().list(&params).await?.items)
    }

    /// A client of a running pod of a service, past Service and gateway.
    pub async fn pod(&self, name: &str) -> Result<Client> {
        let pods = self.pods(name).await?;
        let pod = pods.iter().find(|pod| pod.metadata.deletion_timestamp.is_none()).context("no pod")?;
        let ip = pod.status.as_ref().and_then(|status| status.pod_ip.as_ref());
        let ip = ip.with_context(|| format!("{} has no address", pod.name_any()))?.parse()?;
        let containers = pod.spec.iter().flat_map(|spec| &spec.containers);
        let port = containers.flat_map(|container| container.ports.iter().flatten()).next().context("no port")?;
        Ok(Client::new(SocketAddr::new(ip, u16::try_from(port.container_port)?)))
    }

    /// A gRPC channel to the gateway, for a host.
    pub fn channel(&self, host: &str) -> Result<Channel> {
        Ok(Endpoint::new(format!("http://{}", self.gateway.http))?
            .origin(format!("http://{host}").parse()?)
            .connect_lazy())
    }
}
