//! Every object of the golden corpus on the real server: accepted, and read back as equal. So what the comparison calls
//! drift is drift, and never a default that the server fills in.

use std::path::Path;

use kube::{
    Api,
    api::{ApiResource, Patch, PatchParams},
    core::DynamicObject,
};
use microservice_core::{
    children, compare,
    plan::{Facts, Subject, plan},
};
use microservice_crds::Microservice;
use microservice_tests::rig::Rig;
use serde_json::json;

fn inputs() -> Vec<(String, Microservice)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut folders = vec![root.join("golden/inputs"), root.join("../manifests/samples")];
    let mut all = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            for document in serde_saphyr::from_multiple::<serde_json::Value>(&text).unwrap() {
                if document["kind"] == "Microservice" {
                    let name = path.file_stem().unwrap().to_string_lossy().into_owned();
                    all.push((name, serde_json::from_value(document).unwrap()));
                }
            }
        }
    }
    all.sort_by(|a, b| a.0.cmp(&b.0));
    all
}

#[tokio::test]
async fn the_server_takes_every_golden_object_and_gives_it_back_as_equal() -> anyhow::Result<()> {
    let rig = Rig::without_operator("corpus").await?;
    let mut objects = 0;
    for (number, (file, service)) in inputs().into_iter().enumerate() {
        // Many inputs share a name: each gets a namespace's worth of room by a prefix of its own.
        let name = format!("c{number}-{}", service.metadata.name.clone().unwrap_or_default());
        let name = name.chars().take(50).collect::<String>().trim_end_matches('-').to_owned();
        let subject = Subject {
            name,
            namespace: rig.namespace.clone(),
            uid: "00000000-0000-4000-8000-000000000000".to_owned(),
            generation: 1,
            spec: service.spec,
        };
        let Ok(plan) = plan(&subject, &Facts::default()) else { continue };
        for child in children::desired(&plan) {
            let resource = ApiResource {
                group: child.entry.group.to_owned(),
                version: child.entry.version.to_owned(),
                api_version: child.entry.api_version(),
                kind: child.entry.kind.to_owned(),
                plural: child.entry.plural.to_owned(),
            };
            let api: Api<DynamicObject> = Api::namespaced_with(rig.client.clone(), &rig.namespace, &resource);
            // A dry run: the answer is the same, and no garbage collector wonders about the owner.
            let params = PatchParams { dry_run: true, ..PatchParams::apply("microservice-operator").force() }
                .validation_strict();
            let live = api.patch(&child.name, &params, &Patch::Apply(&child.body)).await;
            let live = json!(live.map_err(|error| anyhow::anyhow!("{file}: {}: {error}", child.entry.kind))?);
            assert_eq!(compare::difference(&child.body, &live), None, "{file}: {}", child.entry.kind);
            assert_eq!(compare::union_siblings(child.entry.kind, &child.body, &live), None, "{file}");
            objects += 1;
        }
    }
    assert!(objects > 150, "only {objects} objects");
    Ok(())
}
