//! Waiting for rest, and holding that it is one.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use microservice_tests::{faults::Script, rig::PATIENCE};

/// No request for so long: longer than the first delay of a retry, or of a status that can wait.
pub const QUIET: Duration = Duration::from_millis(1500);

/// Waits until nothing is sent any more, then watches for a while that nothing is.
pub async fn at_rest(scripts: &[&Script], window: Duration) -> Result<()> {
    let tries = || scripts.iter().map(|script| script.tries()).sum::<usize>();
    let deadline = Instant::now() + PATIENCE;
    let (mut sent, mut since) = (tries(), Instant::now());
    while since.elapsed() < QUIET {
        ensure!(Instant::now() < deadline, "no rest: {:#?}", scripts.iter().map(|s| s.calls()).collect::<Vec<_>>());
        tokio::time::sleep(Duration::from_millis(50)).await;
        if tries() != sent {
            (sent, since) = (tries(), Instant::now());
        }
    }
    let before: Vec<usize> = scripts.iter().map(|script| script.calls().len()).collect();
    tokio::time::sleep(window).await;
    for (script, before) in scripts.iter().zip(before) {
        let more = script.calls().split_off(before);
        ensure!(more.is_empty(), "not at rest: {more:?}");
    }
    Ok(())
}
