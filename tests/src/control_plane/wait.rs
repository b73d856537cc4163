//! Waiting for something, with a clear word when it does not come.

use std::{
    fmt::Write as _,
    future::Future,
    time::{Duration, Instant},
};

use anyhow::{Result, anyhow};

use super::ControlPlane;

/// Short beside what is waited for, long beside one request.
const INTERVAL: Duration = Duration::from_millis(50);

/// How much of a namespace is shown when something does not come.
const LONGEST_DUMP: usize = 20_000;

impl ControlPlane {
    /// Asks again and again until `check` returns something, and returns that. Errors of `check` count as "not yet".
    /// `what` completes the sentence "timed out waiting for …".
    ///
    /// # Errors
    /// After `timeout`; what is in the namespace is written to standard error then, and the logs are kept.
    pub async fn wait_until<T, F, Fut>(&self, what: &str, namespace: &str, timeout: Duration, mut check: F) -> Result<T>
    where
        F: FnMut() -> Fut,
        Fut: Future<Output = Result<Option<T>>>,
    {
        let start = Instant::now();
        loop {
            // One question that hangs must not hang the test.
            let last = match tokio::time::timeout(timeout, check()).await {
                Ok(Ok(Some(found))) => return Ok(found),
                Ok(Ok(None)) => String::new(),
                Ok(Err(error)) => format!("; last error: {error:#}"),
                Err(_) => "; the last question was not answered".into(),
            };
            if start.elapsed() >= timeout {
                self.keep();
                let dump = self.dump(namespace).await;
                super::binaries::say(&format!("timed out waiting for {what} in namespace {namespace}:\n{dump}"));
                return Err(anyhow!(
                    "timed out after {:.1} s waiting for {what} in namespace {namespace}{last}; logs are in {}",
                    start.elapsed().as_secs_f64(),
                    self.folder().display()
                ));
            }
            tokio::time::sleep(INTERVAL).await;
        }
    }

    /// What is in a namespace, as text: a table, events, and our own objects and the pods in full.
    pub async fn dump(&self, namespace: &str) -> String {
        let mut text = String::new();
        for args in
            ["get all -o wide", "get events --sort-by=.lastTimestamp", "get microservices -o yaml", "get pods -o yaml"]
        {
            let mut words: Vec<&str> = args.split(' ').collect();
            words.extend(["-n", namespace, "--request-timeout=5s"]);
            let Ok(output) = self.kubectl(&words).await else {
                continue;
            };
            if output.success {
                let _ = writeln!(text, "# kubectl {args}\n{}", output.stdout.trim_end());
            }
        }
        if text.len() > LONGEST_DUMP {
            let end = (0..=LONGEST_DUMP).rev().find(|n| text.is_char_boundary(*n)).unwrap_or(0);
            text.truncate(end);
            text.push_str("\n... (shortened)");
        }
        text
    }
}
