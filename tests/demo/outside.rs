//! A request from outside, and what it leads to.

use std::{
    collections::BTreeSet,
    io::{Write as _, stdout},
    process::Stdio,
};

use anyhow::{Context as _, Result, ensure};
use kube::{ResourceExt, api::ListParams};
use microservice_tests::gateway::Gateway;
use stand_in::calls::Call;
use tokio::process::Command;

use crate::{
    SERVICES,
    shop::Shop,
    tree::{answered, lines, missing},
};

const HOST: &str = "shop.example.com";

impl Shop<'_> {
    pub async fn ask_from_outside(&self) -> Result<()> {
        let gateway = Gateway::shared(self.cluster).await?;
        // Whoever makes the load is called by nobody.
        let all = self.api.services.list(&ListParams::default()).await?;
        let shop: BTreeSet<String> =
            all.iter().map(ResourceExt::name_any).filter(|name| name != "loadgenerator").collect();
        ensure!(shop.len() + 1 == SERVICES, "the shop is not complete: {shop:?}");
        let tree = self.until("the gateway to lead to the whole shop", async || ask(gateway, &shop).await).await?;
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

/// The tree of calls, or nothing while the gateway does not lead to the shop, or a service of it does not answer.
async fn ask(gateway: &Gateway, shop: &BTreeSet<String>) -> Result<Option<Call>> {
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
    Ok(tree.filter(|tree| is_whole(tree, shop)))
}

/// Whether every service of the shop has answered.
fn is_whole(tree: &Call, shop: &BTreeSet<String>) -> bool {
    let (services, _) = answered(tree);
    shop.iter().all(|service| services.contains(service.as_str()))
}

#[cfg(test)]
mod tests {
    use stand_in::identity::Identity;

    use super::*;

    fn call(name: &str, calls: Vec<Call>) -> Call {
        let identity =
            Identity { stand_in_for: name.into(), pod: name.into(), uid: String::new(), image: String::new() };
        Call { address: format!("{name}:80"), identity: Some(identity), millis: 1, error: None, cycle: false, calls }
    }

    #[test]
    fn a_tree_is_whole_with_all_services_that_a_request_can_reach() {
        let shop = ["frontend", "cart", "redis"].map(str::to_owned).into();
        let redis = call("redis", vec![]);
        assert!(is_whole(&call("frontend", vec![call("cart", vec![redis.clone()])]), &shop));
        assert!(!is_whole(&call("frontend", vec![call("cart", vec![])]), &shop));
        let silent = Call { identity: None, error: Some("refused".into()), ..redis };
        assert!(!is_whole(&call("frontend", vec![call("cart", vec![silent])]), &shop));
    }
}
