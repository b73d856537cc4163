//! A request from outside, and what it leads to.

use std::{
    io::{Write as _, stdout},
    process::Stdio,
};

use anyhow::{Context as _, Result, ensure};
use microservice_tests::gateway::Gateway;
use stand_in::calls::Call;
use tokio::process::Command;

use crate::{
    shop::Shop,
    tree::{answered, lines, missing},
};

const HOST: &str = "shop.example.com";

impl Shop<'_> {
    pub async fn ask_from_outside(&self) -> Result<()> {
        let gateway = Gateway::shared(self.cluster).await?;
        let tree = self.until("the gateway to take the route", async || ask(gateway).await).await?;
        say!("   $ curl -H 'Host: {HOST}' http://{}/call", gateway.http.ip());
        for line in lines(&tree) {
            say!("   {line}");
        }
        let (services, calls) = answered(&tree);
        say!("   {calls} answers of {} services, all of them stand-ins, in {} ms.", services.len(), tree.millis);
        for address in missing(&tree) {
            say!("   {address} is named by the sample, and not part of it.");
        }
        Ok(())
    }
}

/// The tree of calls, or nothing while the gateway does not lead to the shop.
async fn ask(gateway: &Gateway) -> Result<Option<Call>> {
    let curl = Command::new("curl")
        .args(["--silent", "--fail", "--max-time", "20", "--noproxy", "*", "-H"])
        .arg(format!("Host: {HOST}"))
        .arg(format!("http://{}/call", gateway.http.ip()))
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await
        .context("curl, which asks the gateway, cannot be run: is it installed?")?;
    // 22: an answer that is no success, a 404 of a gateway that does not know the route yet.
    ensure!(matches!(curl.status.code(), Some(0 | 22)), "curl ended with {}", curl.status);
    let tree: Option<Call> = if curl.status.success() { serde_json::from_slice(&curl.stdout)? } else { None };
    Ok(tree.filter(|tree| !tree.calls.is_empty()))
}
