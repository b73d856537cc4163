//! What the API server says was asked of it: the truth about what a client did.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{BufRead as _, BufReader, Read as _, Seek as _, SeekFrom},
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};
use jiff::Timestamp;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::{Api, Client, Config};
use serde::Deserialize;

use super::existing::not_ours;

/// How long the log may lag behind; it is written before a request ends, so this is only a net.
const PATIENCE: Duration = Duration::from_secs(20);

const MARKER: &str = "audit-marker-";

/// The audit log of one control plane. Requests of the control plane's own servers are not in it.
#[derive(Debug, Clone)]
pub struct AuditLog {
    /// None for an existing cluster.
    path: Option<PathBuf>,
    config: Config,
}

/// A place in the audit log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark(u64);

/// One request: a short one that was completed, or a watch that was started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The user agent of the client.
    pub user_agent: String,
    /// The name of the user, such as `admin` or `system:serviceaccount:NAMESPACE:NAME`.
    pub user: String,
    /// The Kubernetes verb: get, list, watch, create, update, patch, delete, deletecollection; for other URLs the
    /// HTTP method in small letters.
    pub verb: String,
    /// The API group; empty for the core group.
    pub group: String,
    /// The resource, in the plural; empty for URLs that are no resource.
    pub resource: String,
    /// The subresource, such as `status`, or empty.
    pub subresource: String,
    /// The namespace, or empty.
    pub namespace: String,
    /// The name of the object, or empty.
    pub name: String,
    /// The HTTP status of the answer.
    pub code: u16,
    /// `ResponseComplete`, `ResponseStarted` for a watch, or `Panic`.
    pub stage: String,
    /// The path and query.
    pub uri: String,
    /// When the request arrived.
    pub timestamp: Option<Timestamp>,
}

impl Request {
    /// Whether it asks for a change.
    #[must_use]
    pub fn is_write(&self) -> bool {
        matches!(self.verb.as_str(), "create" | "update" | "patch" | "delete" | "deletecollection")
    }

    /// `patch deployments`, `patch microservices/status`, `get /version`: what was asked, without of what object.
    #[must_use]
    pub fn kind(&self) -> String {
        let path = self.uri.split('?').next().unwrap_or_default();
        match (self.resource.as_str(), self.subresource.as_str()) {
            ("", _) => format!("{} {path}", self.verb),
            (resource, "") => format!("{} {resource}", self.verb),
            (resource, subresource) => format!("{} {resource}/{subresource}", self.verb),
        }
    }
}

/// Requests in the order of the log, with filters that can be chained.
#[derive(Debug, Clone, Default)]
pub struct Requests(pub Vec<Request>);

impl Requests {
    /// Those that a condition holds for.
    #[must_use]
    pub fn filter(self, mut keep: impl FnMut(&Request) -> bool) -> Self {
        Self(self.0.into_iter().filter(|r| keep(r)).collect())
    }

    /// Those whose user agent starts so.
    #[must_use]
    pub fn agent(self, prefix: &str) -> Self {
        self.filter(|r| r.user_agent.starts_with(prefix))
    }

    /// Those of one user.
    #[must_use]
    pub fn user(self, user: &str) -> Self {
        self.filter(|r| r.user == user)
    }

    /// Those with this verb.
    #[must_use]
    pub fn verb(self, verb: &str) -> Self {
        self.filter(|r| r.verb == verb)
    }

    /// Those for this resource (plural), subresources included.
    #[must_use]
    pub fn resource(self, resource: &str) -> Self {
        self.filter(|r| r.resource == resource)
    }

    /// Those in this namespace.
    #[must_use]
    pub fn namespace(self, namespace: &str) -> Self {
        self.filter(|r| r.namespace == namespace)
    }

    /// Those for objects of this name.
    #[must_use]
    pub fn name(self, name: &str) -> Self {
        self.filter(|r| r.name == name)
    }

    /// Those that ask for a change.
    #[must_use]
    pub fn writes(self) -> Self {
        self.filter(Request::is_write)
    }

    /// Gets and lists, not watches.
    #[must_use]
    pub fn reads(self) -> Self {
        self.filter(|r| matches!(r.verb.as_str(), "get" | "list"))
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// How many of each [kind](Request::kind), for tables and golden files.
    #[must_use]
    pub fn summary(&self) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        for request in &self.0 {
            *counts.entry(request.kind()).or_default() += 1;
        }
        counts
    }
}

/// Reads an audit log line by line: it may be long.
///
/// # Errors
/// When it cannot be read, or a whole line of it is no request.
pub fn read_audit_log(path: &Path, mut each: impl FnMut(Request)) -> Result<()> {
    for line in BufReader::new(File::open(path)?).split(b'\n') {
        let line = String::from_utf8(line?)?;
        // The last line of a server that was killed.
        if line.ends_with('}') {
            parse(&line)?.into_iter().for_each(&mut each);
        }
    }
    Ok(())
}

impl AuditLog {
    pub(super) fn new(path: Option<PathBuf>, config: Config) -> Self {
        Self { path, config }
    }

    /// The end of the log, after everything that has been answered so far.
    ///
    /// # Errors
    /// When the API server does not answer, and for an existing cluster.
    pub async fn mark(&self) -> Result<Mark> {
        self.settle().await?;
        Ok(Mark(self.length()?))
    }

    /// Everything that has been asked since a mark, and answered before this call.
    ///
    /// # Errors
    /// When the API server does not answer, and for an existing cluster.
    pub async fn since(&self, mark: Mark) -> Result<Requests> {
        self.settle().await?;
        self.read(mark)
    }

    /// What stands in the log now, without waiting for anything; for use while the API server is down.
    ///
    /// # Errors
    /// When the log cannot be read, and for an existing cluster.
    pub fn read(&self, mark: Mark) -> Result<Requests> {
        let requests = parse(&self.text_from(mark.0)?)?;
        Ok(Requests(requests).filter(|r| !r.name.starts_with(MARKER)))
    }

    /// Makes a request of its own and waits until it stands in the log: then all those before it do, too.
    ///
    /// # Errors
    /// When the API server does not answer, and for an existing cluster.
    pub async fn settle(&self) -> Result<()> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let start = self.length()?;
        let api: Api<ConfigMap> = Api::namespaced(Client::try_from(self.config.clone())?, "default");
        let deadline = Instant::now() + PATIENCE;
        // Twice: a big answer may reach its client a moment before its line reaches the log.
        for _ in 0..2 {
            let name = format!("{MARKER}{}", NEXT.fetch_add(1, Ordering::Relaxed));
            api.get_opt(&name).await.context("cannot mark the audit log")?;
            let line = format!("\"name\":\"{name}\"");
            while !self.text_from(start)?.contains(&line) {
                if Instant::now() > deadline {
                    bail!("the audit log does not show our own request");
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        }
        Ok(())
    }

    fn path(&self) -> Result<&Path> {
        self.path.as_deref().with_context(|| not_ours("read the audit log"))
    }

    fn length(&self) -> Result<u64> {
        Ok(std::fs::metadata(self.path()?).map_or(0, |m| m.len()))
    }

    /// The whole lines from an offset on.
    fn text_from(&self, offset: u64) -> Result<String> {
        let mut file = File::open(self.path()?).context("cannot open the audit log")?;
        file.seek(SeekFrom::Start(offset))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        let end = bytes.iter().rposition(|b| *b == b'\n').map_or(0, |n| n + 1);
        bytes.truncate(end);
        Ok(String::from_utf8(bytes)?)
    }
}

/// What we read of an audit event, in the words of its format.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Event {
    stage: String,
    #[serde(rename = "requestURI")]
    request_uri: String,
    verb: String,
    #[serde(default)]
    user: User,
    #[serde(default)]
    user_agent: String,
    #[serde(default)]
    object_ref: ObjectRef,
    #[serde(default)]
    response_status: Status,
    request_received_timestamp: Option<Timestamp>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct User {
    username: String,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct ObjectRef {
    resource: String,
    namespace: String,
    name: String,
    api_group: String,
    subresource: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Status {
    code: u16,
}

fn parse(text: &str) -> Result<Vec<Request>> {
    text.lines()
        .map(|line| {
            let event: Event = serde_json::from_str(line).with_context(|| format!("not an audit event: {line}"))?;
            Ok(Request {
                user_agent: event.user_agent,
                user: event.user.username,
                verb: event.verb,
                group: event.object_ref.api_group,
                resource: event.object_ref.resource,
                subresource: event.object_ref.subresource,
                namespace: event.object_ref.namespace,
                name: event.object_ref.name,
                code: event.response_status.code,
                stage: event.stage,
                uri: event.request_uri,
                timestamp: event.request_received_timestamp,
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{Requests, parse};

    #[test]
    fn lines_become_requests() {
        let line = r#"{"kind":"Event","level":"Metadata","stage":"ResponseComplete","requestURI":"/apis/apps/v1/namespaces/shop/deployments/cart/status?fieldManager=x","verb":"patch","user":{"username":"admin"},"userAgent":"microservice-operator/0.1","objectRef":{"resource":"deployments","namespace":"shop","name":"cart","apiGroup":"apps","apiVersion":"v1","subresource":"status"},"responseStatus":{"metadata":{},"code":200},"requestReceivedTimestamp":"2026-01-01T10:00:00.123456Z","annotations":{}}
{"stage":"ResponseComplete","requestURI":"/version?x=y","verb":"get","user":{"username":"admin"}}"#;
        let requests = Requests(parse(line).unwrap());
        assert_eq!(
            requests.summary().into_iter().collect::<Vec<_>>(),
            [("get /version".into(), 1), ("patch deployments/status".into(), 1)]
        );
        let writes = requests.agent("microservice-operator").writes();
        assert_eq!(writes.count(), 1);
        assert_eq!(writes.0[0].code, 200);
        assert!(writes.0[0].timestamp.is_some());
    }
}
