//! Every object of the golden corpus on the real server: accepted, and read back as equal. So what the comparison calls
//! drift is drift, and never a default that the server fills in.

use std::{collections::BTreeMap, path::Path};

use kube::{
    Api,
    api::{ApiResource, Patch, PatchParams},
    core::DynamicObject,
};
use microservice_core::{
    compare,
    gateway::Channel,
    offline::{self, Manifests},
    plan::{Facts, Subject},
    render::render,
};
use microservice_tests::{control_plane::Kubernetes, rig::Rig};
use serde_json::{Value, json};

/// All Microservices of the golden inputs and the samples, each with what the classes and namespaces beside it tell.
fn inputs() -> Vec<(String, Subject, Facts)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut all = Vec::new();
    let mut add = |file: String, texts: &[String]| {
        let mut manifests = Manifests::default();
        for document in texts.iter().flat_map(|text| serde_saphyr::from_multiple(text).unwrap()) {
            manifests.add(document).unwrap();
        }
        let graph = manifests.graph("default");
        for service in manifests.services.clone() {
            let subject = offline::subject(service, "default");
            let mut facts = manifests.facts(&subject, &graph);
            // That of the cluster: what only the experimental channel has would be withheld here.
            facts.gateways.definitions = Channel::Standard.into();
            all.push((file.clone(), subject, facts));
        }
    };
    let files = |folder: &Path| {
        let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        let mut files: Vec<_> =
            entries.filter(|path| path.is_file() && !path.ends_with("kustomization.yaml")).collect();
        files.sort();
        files
    };
    let read = |path: &std::path::PathBuf| std::fs::read_to_string(path).unwrap();
    // An input stands for itself; the files of a sample belong together.
    for path in files(&root.join("golden/inputs")) {
        add(path.file_stem().unwrap().to_string_lossy().into_owned(), &[read(&path)]);
    }
    for sample in std::fs::read_dir(root.join("../manifests/samples")).unwrap() {
        let sample = sample.unwrap();
        let texts: Vec<String> = files(&sample.path()).iter().map(read).collect();
        add(sample.file_name().to_string_lossy().into_owned(), &texts);
    }
    all
}

/// The containers that overrides speak of.
fn containers(overrides: &mut BTreeMap<String, Value>) -> impl Iterator<Item = &mut Value> {
    let deployment = overrides.get_mut("Deployment");
    let list = deployment.and_then(|d| d.pointer_mut("/spec/template/spec/containers")?.as_array_mut());
    list.into_iter().flatten()
}

#[tokio::test]
async fn the_server_takes_every_golden_object_and_gives_it_back_as_equal() -> anyhow::Result<()> {
    let rig = Rig::without_operator("corpus").await?;
    let same_zone = !Kubernetes::of_environment()?.lacks("trafficDistribution: PreferSameZone", 34);
    let mut objects = 0;
    for (number, (file, subject, facts)) in inputs().into_iter().enumerate() {
        // Many inputs share a name: each gets a namespace's worth of room by a prefix of its own.
        let name = format!("c{number}-{}", subject.name);
        let name = name.chars().take(50).collect::<String>().trim_end_matches('-').to_owned();
        let uid = "00000000-0000-4000-8000-000000000000".to_owned();
        let mut subject = subject;
        // The main container is called as the service: an override that names it still means it.
        for container in containers(&mut subject.spec.overrides) {
            if container["name"] == json!(subject.name) {
                container["name"] = json!(name);
            }
        }
        let subject = Subject { name, namespace: rig.namespace.clone(), uid, ..subject };
        let Ok(rendered) = render(&subject, &facts) else { continue };
        for mut child in rendered.children {
            if !same_zone && child.body["spec"]["trafficDistribution"] == "PreferSameZone" {
                child.body["spec"]["trafficDistribution"] = json!("PreferClose");
            }
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
