//! A client that fails on purpose: it notes every request but watches, and does to chosen ones what a bad network, a
//! busy server or a crash would do.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use anyhow::Result;
use http::{Request, Response, StatusCode};
use kube::{Client, client::Body};
use tokio::sync::Notify;

/// What happens to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// The operator dies before the request is sent.
    CrashBefore,
    /// The operator dies when the request has taken effect.
    CrashAfter,
    /// The request takes effect, and its answer is lost with the connection.
    AnswerLost,
    /// The request takes effect, and the answer is 504.
    GatewayTimeout,
    /// The connection breaks before the request is sent.
    Disconnected,
    /// The request is swallowed: no answer ever comes.
    Swallowed,
    /// The request is refused with this status, and has no effect.
    Refused(u16),
    /// The code that sends the request panics.
    Panic,
}

impl Fault {
    /// All faults of servers, networks and processes.
    pub const ALL: [Self; 12] = [
        Self::CrashBefore,
        Self::CrashAfter,
        Self::AnswerLost,
        Self::GatewayTimeout,
        Self::Disconnected,
        Self::Swallowed,
        Self::Refused(409),
        Self::Refused(429),
        Self::Refused(500),
        Self::Refused(503),
        Self::Refused(403),
        Self::Refused(404),
    ];

    /// Whether the operator is dead afterwards.
    #[must_use]
    pub fn is_crash(self) -> bool {
        matches!(self, Self::CrashBefore | Self::CrashAfter)
    }
}

/// One request of a scenario, found again in another namespace and in another order.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Call {
    /// `VERB path`, without the namespace.
    pub what: String,
    /// Which of several alike, from 0.
    pub nth: usize,
}

impl Call {
    /// Whether it asks for a change.
    #[must_use]
    pub fn is_write(&self) -> bool {
        is_write(&self.what)
    }
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} #{}", self.what, self.nth)
    }
}

/// Whether `VERB path` asks for a change.
#[must_use]
pub fn is_write(call: &str) -> bool {
    !call.starts_with("GET ")
}

type Chosen = Arc<dyn Fn(&str) -> bool + Send + Sync>;

/// What was sent, and what is to fail.
#[derive(Clone, Default)]
pub struct Script {
    inner: Arc<Mutex<Inner>>,
    crashed: Arc<Notify>,
}

#[derive(Default)]
struct Inner {
    calls: Vec<String>,
    tries: usize,
    /// The one request that fails, and how many like it were seen.
    once: Option<(Call, Fault)>,
    seen: usize,
    struck: bool,
    /// Requests that fail as long as this stands.
    always: Option<(Chosen, Fault)>,
    /// The next of these waits.
    held: Option<(Chosen, Held)>,
    dead: bool,
}

/// A request that waits on its way to the server.
#[derive(Clone, Default)]
pub struct Held {
    reached: Arc<Notify>,
    go: Arc<Notify>,
}

impl Held {
    /// Resolves when the request is on its way.
    pub async fn reached(&self) {
        self.reached.notified().await;
    }

    /// Lets it go on.
    pub fn go(&self) {
        self.go.notify_one();
    }
}

impl Script {
    /// Nothing fails; requests are only noted.
    #[must_use]
    pub fn record() -> Self {
        Self::default()
    }

    /// One request fails so, once. Requests before now do not count for its number.
    pub fn strike(&self, call: Call, fault: Fault) {
        let mut inner = self.lock();
        inner.once = Some((call, fault));
        inner.seen = 0;
        inner.struck = false;
    }

    /// Every request whose `VERB path` is chosen fails so, until [`heal`](Self::heal). Starts of watches, too.
    pub fn always(&self, fault: Fault, chosen: impl Fn(&str) -> bool + Send + Sync + 'static) {
        self.lock().always = Some((Arc::new(chosen), fault));
    }

    /// Every request, starts of watches too, is refused with this status, until [`heal`](Self::heal).
    pub fn refuse_all(&self, status: u16) {
        self.always(Fault::Refused(status), |_| true);
    }

    /// The next request whose `VERB path` is chosen waits until it is let go.
    #[must_use]
    pub fn hold(&self, chosen: impl Fn(&str) -> bool + Send + Sync + 'static) -> Held {
        let held = Held::default();
        self.lock().held = Some((Arc::new(chosen), held.clone()));
        held
    }

    /// Nothing fails any more.
    pub fn heal(&self) {
        let mut inner = self.lock();
        inner.always = None;
        inner.once = None;
    }

    /// The requests so far, as `VERB path`: without watches, but with starts of watches that failed on purpose.
    #[must_use]
    pub fn calls(&self) -> Vec<String> {
        self.lock().calls.clone()
    }

    /// How many requests were tried so far, with all starts of watches.
    #[must_use]
    pub fn tries(&self) -> usize {
        self.lock().tries
    }

    /// How many of the requests so far ask for a change.
    #[must_use]
    pub fn writes(&self) -> usize {
        self.lock().calls.iter().filter(|call| is_write(call)).count()
    }

    /// Whether the fault has happened.
    #[must_use]
    pub fn struck(&self) -> bool {
        self.lock().struck
    }

    /// Resolves when the operator shall be dead.
    pub async fn crashed(&self) {
        self.crashed.notified().await;
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn held(&self, request: &Request<Body>) -> Option<Held> {
        let mut inner = self.lock();
        let call = format!("{} {}", request.method(), request.uri().path());
        let (_, held) = inner.held.take_if(|(chosen, _)| chosen(&call))?;
        Some(held)
    }

    /// What is to happen to the next request.
    fn next(&self, request: &Request<Body>) -> Option<Fault> {
        let call = format!("{} {}", request.method(), request.uri().path());
        let mut inner = self.lock();
        inner.tries += 1;
        if let Some((chosen, fault)) = inner.always.clone()
            && chosen(&call)
        {
            inner.calls.push(call);
            return Some(fault);
        }
        if request.uri().query().is_some_and(|query| query.contains("watch=true")) {
            return None;
        }
        let what = anywhere(&call);
        inner.calls.push(call);
        let (wanted, fault) = inner.once.clone()?;
        if inner.struck || wanted.what != what {
            return None;
        }
        inner.seen += 1;
        inner.struck = inner.seen > wanted.nth;
        inner.struck.then_some(fault)
    }

    /// A client whose requests go through this script.
    #[must_use]
    pub fn client(&self, real: Client) -> Client {
        let script = self.clone();
        let service = tower::service_fn(move |request: Request<Body>| {
            let (script, real) = (script.clone(), real.clone());
            async move { script.send(&real, request).await }
        });
        Client::new(service, "default")
    }

    async fn send(&self, real: &Client, request: Request<Body>) -> Result<Response<Body>, tower::BoxError> {
        if self.lock().dead {
            return std::future::pending().await;
        }
        if let Some(held) = self.held(&request) {
            held.reached.notify_one();
            held.go.notified().await;
        }
        match self.next(&request) {
            None => Ok(real.send(request).await?),
            Some(Fault::CrashBefore) => self.die().await,
            Some(Fault::CrashAfter) => {
                real.send(request).await?;
                self.die().await
            }
            Some(Fault::AnswerLost) => {
                real.send(request).await?;
                Err("the connection broke (on purpose)".into())
            }
            Some(Fault::GatewayTimeout) => {
                real.send(request).await?;
                Ok(refusal(504))
            }
            Some(Fault::Disconnected) => Err("no connection (on purpose)".into()),
            Some(Fault::Swallowed) => std::future::pending().await,
            Some(Fault::Refused(code)) => Ok(refusal(code)),
            Some(Fault::Panic) => panic!("on purpose, at {} {}", request.method(), request.uri().path()),
        }
    }

    async fn die(&self) -> Result<Response<Body>, tower::BoxError> {
        // The dead send nothing more, whatever else they were about to do.
        self.lock().dead = true;
        self.crashed.notify_one();
        std::future::pending().await
    }
}

/// Numbers calls, so that each can be struck: those alike one after the other.
#[must_use]
pub fn numbered(calls: &[String]) -> Vec<Call> {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let number = |call: &String| {
        let what = anywhere(call);
        let nth = seen.entry(what.clone()).or_default();
        *nth += 1;
        Call { what, nth: *nth - 1 }
    };
    calls.iter().map(number).collect()
}

/// A call without what differs from one namespace to the next.
fn anywhere(call: &str) -> String {
    let mut parts: Vec<&str> = call.split('/').collect();
    if let Some(namespaces) = parts.iter().position(|part| *part == "namespaces")
        && let Some(name) = parts.get_mut(namespaces + 1)
    {
        *name = "*";
    }
    // An event has a name of chance.
    if let Some(events) = parts.iter().position(|part| *part == "events")
        && let Some(name) = parts.get_mut(events + 1)
    {
        *name = "*";
    }
    parts.join("/")
}

fn refusal(code: u16) -> Response<Body> {
    let reason = match code {
        403 => "Forbidden",
        404 => "NotFound",
        409 => "Conflict",
        429 => "TooManyRequests",
        500 => "InternalError",
        503 => "ServiceUnavailable",
        _ => "Timeout",
    };
    let status = serde_json::json!({
        "kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code, "reason": reason,
        "message": format!("{reason} (on purpose)"),
    });
    let mut response = Response::new(Body::from(status.to_string().into_bytes()));
    *response.status_mut() = StatusCode::from_u16(code).unwrap();
    response
}
