//! The API server with our definition in it, and how a row of a table is put to it.

use std::{fmt::Write as _, time::Duration};

use microservice_crds::{Microservice, MicroserviceClass, MicroserviceSystem, schema};
use microservice_tests::control_plane::{ControlPlane, Options};
use serde_json::{Value, json};
use tokio::sync::OnceCell;

/// What the row is about, what stands under `spec` (the image is added), and a part of the message that refuses it.
pub type Refused = (&'static str, &'static str, &'static str);

/// What the row is about, and what stands under `spec` (the image is added).
pub type Accepted = (&'static str, &'static str);

const MICROSERVICES: &str = "/apis/microservices.dev/v1alpha1/namespaces/default/microservices";
const CLASSES: &str = "/apis/microservices.dev/v1alpha1/microserviceclasses";
const SYSTEMS: &str = "/apis/microservices.dev/v1alpha1/namespaces/default/microservicesystems";

/// The shared control plane, with the definition installed as most users do: by a plain, client-side apply.
pub async fn installed() -> &'static ControlPlane {
    static INSTALLED: OnceCell<()> = OnceCell::const_new();
    let server = ControlPlane::shared(Options::default()).await.expect("a control plane");
    INSTALLED
        .get_or_init(|| async {
            let yaml = schema::yaml().expect("the definition");
            let output = server.kubectl_with_input(&["apply", "-f", "-"], &yaml).await.expect("kubectl runs");
            assert!(output.success, "a plain kubectl apply of the definition failed: {}", output.stderr);
            // Waits until it is served, and makes kubectl forget what it knew of the server before.
            for _ in 0..200 {
                let kinds = server.kubectl_ok(&["api-resources", "--api-group=microservices.dev"]).await;
                if kinds.is_ok_and(|kinds| ["msvc ", "msvcclass ", "msys "].iter().all(|kind| kinds.contains(kind))) {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            panic!("kubectl does not learn of our kinds");
        })
        .await;
    server
}

/// A Microservice of this name; `spec` is YAML, and gets an image when it has none.
pub fn object(name: &str, spec: &str) -> Value {
    let mut spec: Value = if spec.is_empty() { json!({}) } else { serde_saphyr::from_str(spec).expect(spec) };
    if spec.get("image").is_none() {
        spec["image"] = json!("registry.example/app:v1");
    }
    json!({
        "apiVersion": "microservices.dev/v1alpha1",
        "kind": "Microservice",
        "metadata": {"name": name},
        "spec": spec,
    })
}

/// A MicroserviceClass; `spec` is YAML.
pub fn class(spec: &str) -> Value {
    let spec: Value = if spec.is_empty() { json!({}) } else { serde_saphyr::from_str(spec).expect(spec) };
    json!({
        "apiVersion": "microservices.dev/v1alpha1",
        "kind": "MicroserviceClass",
        "metadata": {"name": "gold"},
        "spec": spec,
    })
}

/// A MicroserviceSystem; `spec` is YAML.
pub fn system(name: &str, spec: &str) -> Value {
    let spec: Value = if spec.is_empty() { json!({}) } else { serde_saphyr::from_str(spec).expect(spec) };
    json!({
        "apiVersion": "microservices.dev/v1alpha1",
        "kind": "MicroserviceSystem",
        "metadata": {"name": name},
        "spec": spec,
    })
}

/// Creates an object of ours, strictly; gives back what the server made of it, or its words.
pub async fn create(server: &ControlPlane, object: &Value, dry_run: bool) -> Result<Value, String> {
    let client = server.client().expect("a client");
    let dry_run = if dry_run { "&dryRun=All" } else { "" };
    let folder = match object["kind"].as_str() {
        Some("MicroserviceClass") => CLASSES,
        Some("MicroserviceSystem") => SYSTEMS,
        _ => MICROSERVICES,
    };
    let request = http::Request::post(format!("{folder}?fieldValidation=Strict{dry_run}"))
        .header("content-type", "application/json")
        .body(serde_json::to_vec(object).expect("JSON"))
        .expect("a request");
    match client.request::<Value>(request).await {
        Ok(made) => Ok(made),
        Err(kube::Error::Api(status)) => Err(status.message.clone()),
        Err(other) => panic!("the server did not answer: {other}"),
    }
}

/// Puts all rows to the server, and fails with all that were not refused as they say.
pub async fn assert_refused(rows: &[Refused]) {
    let objects = rows.iter().map(|(about, spec, message)| (*about, object("frontend", spec), *message));
    all_refused(objects).await;
}

/// Puts classes to the server, and fails with all that were not refused as they say.
pub async fn assert_classes_refused(rows: &[Refused]) {
    all_refused(rows.iter().map(|(about, spec, message)| (*about, class(spec), *message))).await;
}

/// Puts systems to the server, and fails with all that were not refused as they say.
pub async fn assert_systems_refused(rows: &[Refused]) {
    all_refused(rows.iter().map(|(about, spec, message)| (*about, system("shop", spec), *message))).await;
}

/// Puts systems to the server, and fails with all that were refused, or that our types cannot read back.
pub async fn assert_systems_accepted(rows: &[Accepted]) {
    all_accepted::<MicroserviceSystem>(rows.iter().map(|(about, spec)| (*about, system("shop", spec)))).await;
}

async fn all_refused(rows: impl Iterator<Item = (&str, Value, &str)>) {
    let server = installed().await;
    let mut wrong = String::new();
    for (about, object, message) in rows {
        let spec = &object["spec"];
        match create(server, &object, true).await {
            Ok(_) => writeln!(wrong, "- {about}: was accepted\n    {spec}").unwrap(),
            Err(words) if !words.contains(message) => {
                writeln!(wrong, "- {about}: refused with other words\n    {spec}\n    {words}").unwrap();
            }
            Err(_) => {}
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

/// Puts all rows to the server, and fails with all that were refused, or that our types cannot read back.
pub async fn assert_accepted(rows: &[Accepted]) {
    all_accepted::<Microservice>(rows.iter().map(|(about, spec)| (*about, object("frontend", spec)))).await;
}

/// Puts classes to the server, and fails with all that were refused, or that our types cannot read back.
pub async fn assert_classes_accepted(rows: &[Accepted]) {
    all_accepted::<MicroserviceClass>(rows.iter().map(|(about, spec)| (*about, class(spec)))).await;
}

async fn all_accepted<K: serde::de::DeserializeOwned>(rows: impl Iterator<Item = (&str, Value)>) {
    let server = installed().await;
    let mut wrong = String::new();
    for (about, object) in rows {
        let spec = &object["spec"];
        match create(server, &object, true).await {
            Err(words) => writeln!(wrong, "- {about}: was refused\n    {spec}\n    {words}").unwrap(),
            Ok(made) => {
                if let Err(error) = serde_json::from_value::<K>(made) {
                    writeln!(wrong, "- {about}: our types do not read it: {error}\n    {spec}").unwrap();
                }
            }
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}
