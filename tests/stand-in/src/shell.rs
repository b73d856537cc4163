//! Called as `sh`: what init containers wait with, as in `sh -c "until wget -q http://frontend/; do sleep 2; done"`.
//! There is no shell in the image. Of the script only the URL is read, and it is waited for until it answers.

use std::{
    io::{Write as _, stdout},
    path::Path,
    time::Duration,
};

use anyhow::{Context as _, Result};
use http::Uri;

use crate::{calls::get, dns::Dns};

const INTERVAL: Duration = Duration::from_millis(500);

/// Whether it was called as a shell.
#[must_use]
pub fn is_shell(arguments: &[String]) -> bool {
    arguments.first().is_some_and(|program| Path::new(program).file_name().is_some_and(|name| name == "sh"))
}

/// Waits until the URL that the arguments name is answered with a success.
///
/// # Errors
/// When they name none.
pub async fn wait_for_url(arguments: &[String]) -> Result<()> {
    let url = url_in(arguments).context("a stand-in for a shell can wait for a URL, and do nothing else")?;
    let host = url.host().context("a URL without a host")?;
    let path = url.path_and_query().map_or("/", |path| path.as_str());
    let dns = Dns::new();
    // As process 1 of a container it would not hear SIGTERM without asking for it.
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    writeln!(stdout(), "stand-in for a shell: waits for {url}")?;
    loop {
        let answer = get(&dns, host, url.port_u16().unwrap_or(80), path, &[], Duration::from_secs(5)).await;
        if answer.is_ok_and(|(status, _)| status.is_success()) {
            return Ok(());
        }
        tokio::select! {
            () = tokio::time::sleep(INTERVAL) => {}
            _ = terminate.recv() => anyhow::bail!("told to end before {url} answered"),
        }
    }
}

fn url_in(arguments: &[String]) -> Option<Uri> {
    let mut words = arguments.iter().flat_map(|argument| argument.split([' ', ';', '"', '\'']));
    words.find(|word| word.starts_with("http://"))?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_url_of_a_script_is_found() {
        let script = "until wget -q -O /dev/null http://frontend:80/_healthz; do sleep 2; done";
        let url = url_in(&["sh".into(), "-c".into(), script.into()]).unwrap();
        assert_eq!((url.host(), url.port_u16(), url.path()), (Some("frontend"), Some(80), "/_healthz"));
        assert!(url_in(&["sh".into(), "-c".into(), "echo hello".into()]).is_none());
    }

    #[test]
    fn only_sh_is_a_shell() {
        assert!(is_shell(&["/bin/sh".into()]) && is_shell(&["sh".into()]));
        assert!(!is_shell(&["/stand-in".into(), "sh".into()]) && !is_shell(&[]));
    }
}
