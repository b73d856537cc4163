//! The proof: what is rendered is applied to a real API server with the Gateway API's own definitions, as a dry run.

use std::{collections::BTreeMap, time::Duration};

use futures::{StreamExt as _, stream};
use kube::Client;
use microservice_core::{children::Desired, compare, gateway::Channel};
use microservice_tests::control_plane::{ControlPlane, Options};
use serde_json::{Value, json};

use crate::{
    cases::{self, Case},
    coverage,
};

/// Specs that are planned, rendered and applied.
const SPECS: usize = 2_000;
/// Requests at once.
const IN_FLIGHT: usize = 8;
/// How long a definition may take to be served.
const PATIENCE: Duration = Duration::from_secs(60);

/// Applies an object as a dry run, strictly; the server's answer or its words.
async fn apply(client: &Client, child: &Desired) -> Result<Value, String> {
    let path = format!("/apis/{}/namespaces/shop/{}/{}", child.entry.api_version(), child.entry.plural, child.name);
    let request =
        http::Request::patch(format!("{path}?dryRun=All&fieldManager=test&force=true&fieldValidation=Strict"))
            .header("content-type", "application/apply-patch+yaml")
            .body(serde_json::to_vec(&child.body).expect("JSON"))
            .expect("a request");
    match client.request::<Value>(request).await {
        Ok(made) => Ok(made),
        Err(kube::Error::Api(status)) => Err(status.message.clone()),
        Err(other) => panic!("the server did not answer: {other}"),
    }
}

/// Why the server's answer is not exactly what was applied.
async fn judge(client: &Client, child: &Desired) -> Option<String> {
    let about = || format!("{} {}: {}", child.entry.kind, child.name, child.body["spec"]);
    let made = match apply(client, child).await {
        Ok(made) => made,
        Err(words) => return Some(format!("refused: {words}\n  {}", about())),
    };
    if let Some(difference) = compare::difference(&child.body, &made) {
        return Some(format!("{difference:?}\n  {}", about()));
    }
    // What the server fills in, we write out: nothing stands there that we did not say.
    (made["spec"] != child.body["spec"]).then(|| format!("the server made {}\n  {}", made["spec"], about()))
}

/// Puts all route objects of all cases to the server. Gives them back.
async fn put_all(client: &Client, cases: &[Case]) -> Vec<Desired> {
    let objects: Vec<Desired> = cases.iter().flat_map(Case::objects).collect();
    let judged = stream::iter(&objects).map(|child| judge(client, child)).buffer_unordered(IN_FLIGHT);
    let wrong: Vec<String> = judged.filter_map(|found| async { found }).collect().await;
    let shown: Vec<&String> = wrong.iter().take(5).collect();
    assert!(wrong.is_empty(), "{} of {} objects:\n{shown:#?}", wrong.len(), objects.len());
    objects
}

async fn started() -> (&'static ControlPlane, Client) {
    let server = ControlPlane::shared(Options::default().gateway_api()).await.expect("a control plane");
    let client = server.client().expect("a client");
    let request = http::Request::post("/api/v1/namespaces")
        .header("content-type", "application/json")
        .body(serde_json::to_vec(&json!({"metadata": {"name": "shop"}})).expect("JSON"))
        .expect("a request");
    client.request::<Value>(request).await.expect("a namespace");
    (server, client)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_route_is_taken_as_it_is() {
    let (cases, tried) = cases::planned(SPECS);
    let (server, client) = started().await;

    // What the standard channel has not is withheld there; everything else is put to it.
    let standard: Vec<Case> = cases.iter().map(|case| case.on(Channel::Standard)).collect();
    let first = put_all(&client, &standard).await;

    server.install_experimental_gateway_api().await.expect("the experimental channel");
    let experimental: Vec<Case> =
        cases.iter().filter(|case| case.is_experimental()).map(|case| case.on(Channel::Experimental)).collect();
    wait_for_sessions(server, &client, &experimental).await;
    let second = put_all(&client, &experimental).await;
    let words = format!(
        "{SPECS} specs of {tried} tried: {} objects on the standard channel; {} specs, {} objects on the experimental one",
        first.len(),
        experimental.len(),
        second.len()
    );
    println!("{words}");
    assert!(first.len() >= SPECS && experimental.len() >= 200, "{words}");
    coverage::assert_everything(first.iter().chain(&second));
}

/// A definition that was replaced serves its old schema for a moment.
async fn wait_for_sessions(server: &ControlPlane, client: &Client, cases: &[Case]) {
    let mut first: BTreeMap<&str, Desired> = BTreeMap::new();
    for child in cases.iter().flat_map(Case::objects) {
        let text = child.body["spec"]["rules"].to_string();
        if text.contains("\"sessionPersistence\"") {
            first.entry(child.entry.kind).or_insert(child);
        }
    }
    assert_eq!(first.len(), 2, "no session in either kind: {:?}", first.keys());
    for child in first.values() {
        let taken = || async { Ok(apply(client, child).await.ok().map(|_| ())) };
        server.wait_until("the experimental schema", "shop", PATIENCE, taken).await.expect("an experimental field");
    }
}
