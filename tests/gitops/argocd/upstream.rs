//! The tests that Argo CD's own repository has for each customization: `health_test.yaml` and `action_test.yaml`.

use std::{collections::BTreeSet, path::Path};

use serde::Deserialize;
use serde_json::{Value, json};

use super::lua;

#[derive(Deserialize)]
struct HealthTests {
    tests: Vec<HealthTest>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct HealthTest {
    input_path: String,
    health_status: HealthStatus,
}

#[derive(Deserialize)]
struct HealthStatus {
    status: String,
    message: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ActionTests {
    discovery_tests: Vec<DiscoveryTest>,
    action_tests: Vec<ActionTest>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct DiscoveryTest {
    input_path: String,
    result: Vec<Action>,
}

#[derive(Deserialize)]
struct Action {
    name: String,
    disabled: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ActionTest {
    action: String,
    input_path: String,
    expected_output_path: String,
}

fn yaml<T: serde::de::DeserializeOwned>(file: &str) -> T {
    serde_saphyr::from_str(&lua::read(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// The files in a folder of the customizations.
fn files(folder: &str) -> BTreeSet<String> {
    let entries = std::fs::read_dir(lua::customizations().join(folder)).unwrap();
    entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect()
}

fn name(path: &str) -> String {
    Path::new(path).file_name().unwrap().to_string_lossy().into_owned()
}

#[test]
fn health_is_what_the_test_data_says() {
    for kind in ["Microservice", "MicroserviceClass", "MicroserviceSystem"] {
        let script = lua::read(&format!("{kind}/health.lua"));
        let HealthTests { tests } = yaml(&format!("{kind}/health_test.yaml"));
        for test in &tests {
            let object: Value = yaml(&format!("{kind}/{}", test.input_path));
            assert_eq!(object["kind"], kind);
            let found = lua::health(&script, &object).unwrap();
            let wanted = (test.health_status.status.clone(), test.health_status.message.clone());
            assert_eq!(found, wanted, "{kind}/{}", test.input_path);
        }
        let named: BTreeSet<String> = tests.iter().map(|test| name(&test.input_path)).collect();
        assert_eq!(named, files(&format!("{kind}/testdata")), "test data of {kind} that no test uses, or none at all");
    }
}

#[test]
fn actions_are_offered_and_do_what_the_test_data_says() {
    let folder = "Microservice/actions";
    let ActionTests { discovery_tests, action_tests } = yaml(&format!("{folder}/action_test.yaml"));
    let discovery = lua::read(&format!("{folder}/discovery.lua"));
    for test in &discovery_tests {
        let object: Value = yaml(&format!("{folder}/{}", test.input_path));
        let mut wanted: Vec<(String, bool)> = test.result.iter().map(|a| (a.name.clone(), a.disabled)).collect();
        wanted.sort();
        assert_eq!(lua::actions(&discovery, &object).unwrap(), wanted, "{}", test.input_path);
    }
    for test in &action_tests {
        let object: Value = yaml(&format!("{folder}/{}", test.input_path));
        let script = lua::read(&format!("{folder}/{}/action.lua", test.action));
        let mut found = lua::act(&script, &object).unwrap();
        // The time of day, which Argo CD's own tests leave out as well.
        if test.action == "restart" {
            let time: jiff::Timestamp = found["spec"]["restartedAt"].as_str().unwrap().parse().unwrap();
            assert!((jiff::Timestamp::now().as_second() - time.as_second()).abs() < 600, "{time} is not now");
            found["spec"]["restartedAt"] = json!("0001-01-01T00:00:00Z");
        }
        let wanted: Value = yaml(&format!("{folder}/{}", test.expected_output_path));
        assert_eq!(found, wanted, "{} of {}", test.action, test.input_path);
    }
    let paths = discovery_tests.iter().map(|test| &test.input_path);
    let paths = paths.chain(action_tests.iter().flat_map(|test| [&test.input_path, &test.expected_output_path]));
    assert_eq!(paths.map(|path| name(path)).collect::<BTreeSet<_>>(), files(&format!("{folder}/testdata")));
}
