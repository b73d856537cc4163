//! One watch, followed for ever with a backoff of its own: what fails here slows nobody else.

use std::{fmt::Debug, pin::pin, time::Duration};

use futures::StreamExt;
use kube::{
    Api,
    runtime::watcher::{self, Event, watcher},
};
use serde::de::DeserializeOwned;

use crate::{backoff, telemetry::Metrics};

const FIRST: Duration = Duration::from_millis(250);
const MOST: Duration = Duration::from_secs(5);
/// Failures in a row that may be a mistake of the moment, also where they say that something is forbidden.
const FEW: u32 = 5;
/// Failures in a row after which the watch starts from a fresh list: a server may refuse a stale place for ever.
const PATIENCE: u32 = 3;

/// What a watch tells.
pub enum Signal<K> {
    /// An event, as kube tells it.
    Event(Event<K>),
    /// The list or the watch failed; it goes on by itself.
    Failed {
        /// The HTTP status, or 0.
        code: u16,
        /// Why.
        message: String,
    },
}

/// How soon a stream is tried again that the operator has no right to, where it cannot work without.
pub const SOON: Duration = MOST;
/// And where it can: rights come late, if at all.
pub const LATE: Duration = Duration::from_secs(60);

/// Follows a list and its watch until the future is dropped. While it is forbidden it is tried again after `forbidden`.
pub async fn follow<K>(
    api: Api<K>,
    config: watcher::Config,
    what: &str,
    forbidden: Duration,
    metrics: &Metrics,
    mut tell: impl FnMut(Signal<K>),
) where
    K: kube::Resource + Clone + DeserializeOwned + Debug + Send + 'static,
{
    let mut failures = 0;
    loop {
        let mut events = pin!(watcher(api.clone(), config.clone()));
        while let Some(event) = events.next().await {
            match event {
                Ok(event) => {
                    // The beginning of a list says nothing of its end: it comes before the request is sent.
                    if !matches!(event, Event::Init) {
                        failures = 0;
                    }
                    tell(Signal::Event(event));
                }
                Err(error) => {
                    failures += 1;
                    metrics.watch_restarted(what);
                    let code = status_code(&error);
                    let most = if code == 403 && failures > FEW { forbidden } else { MOST };
                    let delay = if most > MOST { most } else { backoff::delay(failures, FIRST, most) };
                    tracing::warn!(what, %error, failures, "watch failed; trying again in {} ms", delay.as_millis());
                    tell(Signal::Failed { code, message: error.to_string() });
                    tokio::time::sleep(delay).await;
                    if failures % PATIENCE == 0 {
                        break;
                    }
                }
            }
        }
    }
}

fn status_code(error: &watcher::Error) -> u16 {
    match error {
        watcher::Error::InitialListFailed(kube::Error::Api(status))
        | watcher::Error::WatchStartFailed(kube::Error::Api(status))
        | watcher::Error::WatchFailed(kube::Error::Api(status)) => status.code,
        watcher::Error::WatchError(status) => status.code,
        _ => 0,
    }
}
