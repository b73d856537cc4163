//! Requests that are shared by weight.

use std::collections::BTreeMap;

use anyhow::Result;

use super::stage::{Stage, service};

#[tokio::test]
async fn two_hundred_requests_are_shared_by_weight() -> Result<()> {
    let stage = Stage::start("shares").await?;
    let host = stage.host();
    stage.apply("next", &service("next", "")).await?;
    let backends = "[{weight: 90}, {service: next, port: 80, weight: 10}]";
    let route = format!("routes: [{{hostnames: [{host}], backends: {backends}, gateway: GATEWAY}}]");
    stage.apply("web", &service("web", &route)).await?;
    stage.rig.ready("next").await?;
    stage.answers(&host, "/", "web").await?;
    stage.answers(&host, "/", "next").await?;

    let mut shares: BTreeMap<String, usize> = BTreeMap::new();
    for _ in 0..200 {
        let answer = stage.client.get(&host, "/").await?;
        *shares.entry(answer.who()?.stand_in_for).or_default() += 1;
    }
    // 180 and 20, by the book; a gateway may count on from before, or draw lots.
    assert!((160..=195).contains(&shares["web"]) && shares["web"] + shares["next"] == 200, "{shares:?}");
    Ok(())
}
