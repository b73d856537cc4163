//! A namespace that is deleted with services in it.

use std::time::Duration;

use anyhow::{Result, ensure};
use k8s_openapi::api::core::v1::Namespace;
use kube::{Api, api::DeleteParams};
use microservice_tests::{
    faults::{Script, is_write},
    rig::Rig,
};

use crate::rest::at_rest;

/// After the enumerations hundreds of namespaces may be on their way out.
const LEAVING: Duration = Duration::from_secs(300);

const WEB: &str = "{image: 'registry.example/web:v1', ports: [{name: http, port: 80}], scaling: {replicas: 2}}";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_namespace_that_is_deleted_causes_no_storm() -> Result<()> {
    let script = Script::record();
    let mut rig = Rig::without_operator("leaving").await?;
    rig.start_operator(&script)?;
    let names = ["one", "two", "three"];
    for name in names {
        rig.apply(name, WEB).await?;
    }
    for name in names {
        rig.ready(name).await?;
    }
    at_rest(&[&script], Duration::ZERO).await?;
    let before = script.calls().len();
    let api: Api<Namespace> = Api::all(rig.client.clone());
    api.delete(&rig.namespace, &DeleteParams::background()).await?;
    let ask = || async { Ok(api.get_opt(&rig.namespace).await?.is_none().then_some(())) };
    rig.cluster.wait_until("the namespace to go", &rig.namespace, LEAVING, ask).await?;
    at_rest(&[&script], Duration::from_secs(1)).await?;
    let calls = script.calls().split_off(before);
    let writes = calls.iter().filter(|call| is_write(call)).count();
    println!("{writes} writes while the namespace went");
    // What is missing is made again once for each service, before it is known why it went.
    ensure!(writes <= 6 * names.len(), "{writes} writes: {calls:#?}");
    Ok(())
}
