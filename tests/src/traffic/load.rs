//! Constant load: as many requests in each second, whatever becomes of those before.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::Result;
use http::StatusCode;
use tokio::{
    sync::oneshot,
    task::{JoinHandle, JoinSet},
    time::MissedTickBehavior,
};

use super::{Answer, Client};

/// Load that goes on in the background, until it is stopped or its time is over.
pub struct Load {
    stop: oneshot::Sender<()>,
    answered: Arc<AtomicUsize>,
    met: Arc<Mutex<BTreeSet<String>>>,
    task: JoinHandle<Report>,
}

/// What became of the requests.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// How many were sent.
    pub sent: usize,
    /// For how long they were sent.
    pub lasted: Duration,
    /// How many were answered with 200, by each pod.
    pub pods: BTreeMap<String, usize>,
    /// The same by each image.
    pub images: BTreeMap<String, usize>,
    /// What went wrong with the others, and how often: a status, or words.
    pub failed: BTreeMap<String, usize>,
}

impl Report {
    /// How many were not answered with 200.
    #[must_use]
    pub fn failures(&self) -> usize {
        self.failed.values().sum()
    }

    fn count(&mut self, answer: Result<Answer>) {
        let mut fail = |why: String| *self.failed.entry(why).or_default() += 1;
        match answer {
            Err(error) => fail(format!("{error:#}")),
            Ok(answer) if answer.status != StatusCode::OK => fail(answer.status.to_string()),
            Ok(answer) => match answer.who() {
                Err(error) => fail(format!("{error:#}")),
                Ok(who) => {
                    *self.pods.entry(who.pod).or_default() += 1;
                    *self.images.entry(who.image).or_default() += 1;
                }
            },
        }
    }
}

impl Load {
    /// Starts to get a path of a host so many times a second, for so long at the most.
    #[must_use]
    pub fn start(client: &Client, host: &str, path: &str, rate: u32, longest: Duration) -> Self {
        let (stop, stopped) = oneshot::channel();
        let (client, host, path) = (client.clone(), host.to_owned(), path.to_owned());
        let answered = Arc::new(AtomicUsize::new(0));
        let met = Arc::new(Mutex::new(BTreeSet::new()));
        let (seen, pods) = (answered.clone(), met.clone());
        let ask = move || {
            let (client, host, path) = (client.clone(), host.clone(), path.clone());
            let (seen, pods) = (seen.clone(), pods.clone());
            async move {
                let answer = client.get(&host, &path).await;
                seen.fetch_add(1, Ordering::Relaxed);
                if let Some(who) = answer.as_ref().ok().and_then(|answer| answer.who().ok()) {
                    pods.lock().unwrap_or_else(PoisonError::into_inner).insert(who.pod);
                }
                answer
            }
        };
        Self { stop, answered, met, task: tokio::spawn(run(ask, rate, longest, stopped)) }
    }

    /// How many requests have been answered by now, well or not.
    #[must_use]
    pub fn seen(&self) -> usize {
        self.answered.load(Ordering::Relaxed)
    }

    /// The pods that have answered by now.
    #[must_use]
    pub fn met(&self) -> BTreeSet<String> {
        self.met.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether its time is over.
    #[must_use]
    pub fn ended(&self) -> bool {
        self.task.is_finished()
    }

    /// Sends no more, waits for the answers that are due, and says what became of all.
    ///
    /// # Errors
    /// When the load itself broke.
    pub async fn stop(self) -> Result<Report> {
        let _ = self.stop.send(());
        Ok(self.task.await?)
    }
}

async fn run<F, Fut>(ask: F, rate: u32, longest: Duration, mut stopped: oneshot::Receiver<()>) -> Report
where
    F: Fn() -> Fut,
    Fut: Future<Output = Result<Answer>> + Send + 'static,
{
    let (mut report, mut waiting) = (Report::default(), JoinSet::new());
    let mut clock = tokio::time::interval(Duration::from_secs(1) / rate);
    // What a busy machine delays is sent all the same, and at once: a pause is what a client would never notice.
    clock.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let start = Instant::now();
    while start.elapsed() < longest {
        tokio::select! {
            biased;
            _ = &mut stopped => break,
            Some(answer) = waiting.join_next() => {
                report.count(answer.map_err(anyhow::Error::from).and_then(|answer| answer));
            }
            _ = clock.tick() => {
                report.sent += 1;
                waiting.spawn(ask());
            }
        }
    }
    report.lasted = start.elapsed();
    while let Some(answer) = waiting.join_next().await {
        report.count(answer.map_err(anyhow::Error::from).and_then(|answer| answer));
    }
    report
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        net::TcpListener,
    };

    use super::*;

    /// A server that answers twice, with an error the third time, and hangs up the fourth.
    async fn server() -> Result<SocketAddr> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        tokio::spawn(async move {
            for number in 0_usize.. {
                let Ok((mut stream, _)) = listener.accept().await else { continue };
                let _ = stream.read(&mut [0; 1024]).await;
                let body = r#"{"standInFor": "web", "pod": "web-1", "uid": "", "image": "web:v1"}"#;
                let status = ["200 OK", "200 OK", "503 Service Unavailable"].get(number % 4);
                if let Some(status) = status {
                    let head = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n\r\n", body.len());
                    let _ = stream.write_all((head + body).as_bytes()).await;
                }
            }
        });
        Ok(address)
    }

    #[tokio::test]
    async fn every_request_is_counted_once() -> Result<()> {
        let load = Load::start(&Client::new(server().await?), "web", "/", 200, Duration::from_secs(30));
        while load.seen() < 40 {
            tokio::task::yield_now().await;
        }
        assert_eq!(load.met(), ["web-1".to_owned()].into());
        let report = load.stop().await?;
        let quarter = report.sent / 4;
        assert!((2 * quarter..=2 * quarter + 2).contains(&report.pods["web-1"]), "{report:?}");
        assert_eq!(report.pods["web-1"] + report.failures(), report.sent, "{report:?}");
        assert_eq!(report.failed.len(), 2, "{report:?}");
        assert!((quarter..=quarter + 1).contains(&report.failed["503 Service Unavailable"]), "{report:?}");
        Ok(())
    }
}
