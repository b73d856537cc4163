//! Log lines: which are written, and how. What a file says replaces what the flag says, while the file is there: a
//! mounted ConfigMap, so that the level can be changed while the operator runs.

use std::{
    io::IsTerminal as _,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::Context as _;
use tracing_subscriber::{
    EnvFilter, Layer, Registry,
    filter::{FilterExt as _, filter_fn},
    layer::SubscriberExt as _,
    reload,
    util::SubscriberInitExt as _,
};

use crate::telemetry::TRACES;

/// How often the file is looked at.
const LOOK: Duration = Duration::from_secs(5);

/// How log lines are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum LogFormat {
    /// For people.
    Text,
    /// For machines: one object a line.
    Json,
}

/// A layer of the subscriber.
pub type BoxLayer = Box<dyn Layer<Registry> + Send + Sync>;

/// Which log lines are written, now.
pub struct Logging {
    handle: reload::Handle<EnvFilter, Registry>,
    flag: String,
    file: Option<PathBuf>,
    present: String,
}

/// Starts to log to standard error, with another layer beside it.
///
/// # Errors
/// When the flag is no filter.
pub fn start(
    flag: &str,
    format: LogFormat,
    file: Option<PathBuf>,
    beside: Option<BoxLayer>,
) -> anyhow::Result<Logging> {
    let filter = EnvFilter::try_new(flag).context("--log")?;
    let (filter, handle) = reload::Layer::new(filter);
    let filter = filter.and(filter_fn(|metadata| metadata.target() != TRACES));
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(format == LogFormat::Text && std::io::stderr().is_terminal());
    let lines: BoxLayer = match format {
        LogFormat::Text => lines.with_filter(filter).boxed(),
        LogFormat::Json => lines.json().with_filter(filter).boxed(),
    };
    tracing_subscriber::registry().with([Some(lines), beside].into_iter().flatten().collect::<Vec<_>>()).init();
    let mut logging = Logging { handle, flag: flag.to_owned(), file, present: flag.to_owned() };
    logging.look();
    Ok(logging)
}

impl Logging {
    /// Follows the file until the future is dropped.
    pub async fn follow(mut self) {
        if self.file.is_none() {
            return;
        }
        let mut interval = tokio::time::interval(LOOK);
        loop {
            interval.tick().await;
            self.look();
        }
    }

    fn look(&mut self) {
        let wanted = self.file.as_deref().and_then(read).unwrap_or_else(|| self.flag.clone());
        if wanted == self.present {
            return;
        }
        // What is wrong in the file is told once, and changes nothing.
        self.present.clone_from(&wanted);
        match EnvFilter::try_new(&wanted) {
            Ok(filter) => {
                if self.handle.reload(filter).is_ok() {
                    tracing::info!(filter = wanted, "log level changed");
                }
            }
            Err(error) => tracing::warn!(filter = wanted, %error, "the log file holds no filter; the last one stays"),
        }
    }
}

fn read(path: &Path) -> Option<String> {
    let text = std::fs::read_to_string(path).ok()?;
    Some(text.trim().to_owned()).filter(|text| !text.is_empty())
}
