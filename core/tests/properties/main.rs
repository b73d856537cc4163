//! What must hold for every Microservice, tried on generated ones.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod classes;
mod graph;
mod networks;
mod reach;
mod rendered;
mod restricted;
mod specs;
mod systems;

use std::collections::BTreeSet;

use microservice_core::{
    children::{self, Desired},
    compare,
    plan::{Facts, Subject},
    render::{Rendered, render},
};
use proptest::{prelude::*, test_runner::RngSeed};
use serde_json::Value;

fn config(cases: u32) -> ProptestConfig {
    let plain = ProptestConfig::default();
    // The same cases each time, so that what fails is the change; PROPTEST_RNG_SEED says other ones.
    let rng_seed = match plain.rng_seed {
        RngSeed::Random => RngSeed::Fixed(1),
        said @ RngSeed::Fixed(_) => said,
    };
    ProptestConfig { cases, failure_persistence: None, max_global_rejects: 100_000, rng_seed, ..plain }
}

/// What a subject that can be built is rendered into; others are not what the property is about.
fn rendered(subject: &Subject) -> Result<Rendered, TestCaseError> {
    render(subject, &Facts::default()).map_err(|e| TestCaseError::reject(format!("{}", e[0])))
}

fn names(children: &[Desired]) -> BTreeSet<(&'static str, String)> {
    children.iter().map(|c| (c.entry.kind, c.name.clone())).collect()
}

/// An answer, the same each time: objects without any null, or reasons with a field and words.
fn answers_the_same(subject: &Subject, facts: &Facts) -> Result<(), TestCaseError> {
    match (render(subject, facts), render(subject, facts)) {
        (Err(invalid), again) => {
            prop_assert!(!invalid.is_empty());
            prop_assert_eq!(Some(invalid.clone()), again.err());
            for reason in invalid {
                prop_assert!(!reason.field.is_empty() && !reason.message.is_empty());
            }
        }
        (Ok(one), two) => {
            let two = two.map_err(|e| TestCaseError::fail(format!("{e:?}")))?;
            prop_assert_eq!(&one.plan, &two.plan);
            prop_assert_eq!(one.children.len(), two.children.len());
            for (a, b) in one.children.iter().zip(&two.children) {
                prop_assert_eq!(a.body.to_string(), b.body.to_string());
                prop_assert!(!has_null(&a.body), "{}", a.body);
            }
            let _ = (one.plan.selector(), one.plan.image());
        }
    }
    Ok(())
}

/// A DNS label that starts with a letter.
fn is_rfc1035(name: &str) -> bool {
    name.len() <= 63
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.ends_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

fn has_null(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(list) => list.iter().any(has_null),
        Value::Object(map) => map.values().any(has_null),
        _ => false,
    }
}

fn all_distinct<'a>(names: impl Iterator<Item = Option<&'a Value>>) -> bool {
    let mut seen = BTreeSet::new();
    names.flatten().all(|name| seen.insert(name.to_string()))
}

proptest! {
    #![proptest_config(config(512))]

    /// Whatever passes the schema, and much that does not: an answer, the same each time, and never a panic.
    #[test]
    fn never_panics_and_always_answers_the_same(
        subject in specs::wild(),
        scaler in proptest::option::of("[a-z]{1,8}"),
        profile in proptest::option::of("v[0-3]"),
    ) {
        let facts = Facts { foreign_scaler: scaler, sticky_profile: profile, ..Facts::default() };
        answers_the_same(&subject, &facts)?;
    }

    /// Names are valid, and no two children of one object share one.
    #[test]
    fn names_are_valid_and_distinct(subject in specs::sane()) {
        let desired = rendered(&subject)?.children;
        prop_assert_eq!(names(&desired).len(), desired.len());
        for child in &desired {
            prop_assert!(is_rfc1035(&child.name), "{}", child.name);
            let Some(pod) = child.body.pointer("/spec/template/spec") else { continue };
            let containers: Vec<&Value> = ["containers", "initContainers"]
                .iter().filter_map(|k| pod[*k].as_array()).flatten().collect();
            prop_assert!(all_distinct(containers.iter().map(|c| c.get("name"))));
            prop_assert!(all_distinct(pod["volumes"].as_array().into_iter().flatten().map(|v| v.get("name"))));
            for container in containers {
                prop_assert!(is_rfc1035(container["name"].as_str().unwrap()));
                let mounts = || container["volumeMounts"].as_array().into_iter().flatten();
                prop_assert!(all_distinct(mounts().map(|m| m.get("mountPath"))));
                for mount in mounts() {
                    let known = pod["volumes"].as_array().into_iter().flatten().any(|v| v["name"] == mount["name"]);
                    prop_assert!(known, "{mount}");
                }
            }
        }
    }

    /// Two objects of one namespace never want the same child.
    #[test]
    fn no_two_objects_share_a_child(one in specs::sane(), two in specs::sane(), suffix in "api|beta|main|") {
        let mut two = two;
        if !suffix.is_empty() {
            // Names that differ only in an ending are where suffixes could meet.
            two.name = format!("{}-{suffix}", one.name.chars().take(40).collect::<String>().trim_end_matches('-'));
        }
        prop_assume!(one.name != two.name);
        let (one, two) = (rendered(&one)?.children, rendered(&two)?.children);
        let (one, two) = (names(&one), names(&two));
        prop_assert!(one.is_disjoint(&two), "{one:?} {two:?}");
    }

    /// Every pod passes the restricted rules, but for exactly those that a written loosening breaks.
    #[test]
    fn pods_are_restricted(subject in specs::sane()) {
        let desired = rendered(&subject)?.children;
        let deployment = desired.iter().find(|c| c.entry.kind == "Deployment").unwrap();
        let broken = restricted::violations(&deployment.body["spec"]["template"]["spec"]);
        let broken: BTreeSet<String> = broken.into_iter().collect();
        prop_assert_eq!(broken, specs::loosened(&subject.name, &subject.spec).into_iter().collect());
    }

    /// What must not restart pods leaves their template as it is; the selector follows the name alone.
    #[test]
    fn metadata_and_scaling_restart_nothing(subject in specs::sane(), count in 0..9_i32) {
        let template = |subject: &Subject| -> Result<Value, TestCaseError> {
            let desired = rendered(subject)?.children;
            Ok(desired.iter().find(|c| c.entry.kind == "Deployment").unwrap().body["spec"]["template"].clone())
        };
        let mut other = subject.clone();
        other.spec.system = Some("another".into());
        other.spec.labels.insert("team".into(), "another".into());
        other.spec.annotations.insert("note".into(), "another".into());
        other.spec.scaling = Some(microservice_crds::Scaling { replicas: Some(count), ..Default::default() });
        other.generation += 1;
        prop_assert_eq!(template(&subject)?, template(&other)?);
        prop_assert_eq!(rendered(&subject)?.plan.selector_labels().into_values().collect::<BTreeSet<_>>(), [subject.name].into());
    }

    /// An object stands as it was applied, whatever the server adds to its maps; a change of any field is seen.
    #[test]
    fn a_child_equals_itself_and_nothing_else(subject in specs::sane(), pick in any::<prop::sample::Index>()) {
        for child in rendered(&subject)?.children {
            let mut live = child.body.clone();
            live["status"] = serde_json::json!({"observedGeneration": 1});
            live["metadata"]["uid"] = "1".into();
            live["metadata"]["annotations"]["foreign"] = "x".into();
            prop_assert_eq!(compare::difference(&child.body, &live), None);
            prop_assert_eq!(compare::union_siblings(child.entry.kind, &child.body, &live), None);

            let count = leaves(&mut live, &child.body, None);
            leaves(&mut live, &child.body, Some(pick.index(count)));
            prop_assert!(compare::difference(&child.body, &live).is_some());
        }
    }

    /// Who decided is told of every value that the spec says, once.
    #[test]
    fn every_value_of_a_spec_has_one_source(subject in specs::sane()) {
        let plan = rendered(&subject)?.plan;
        let entries: Vec<Vec<String>> = plan.provenance.iter().map(|entry| steps(&entry.path)).collect();
        prop_assert_eq!(entries.iter().collect::<BTreeSet<_>>().len(), entries.len());
        let mut values = Vec::new();
        flatten(&mut Vec::new(), &serde_json::to_value(&subject.spec).unwrap(), &mut values);
        for value in values {
            let above = entries.iter().filter(|entry| value.starts_with(entry));
            prop_assert_eq!(above.count(), 1, "{:?}", value);
        }
    }

    /// Comparing never panics, whatever stands there.
    #[test]
    fn comparing_never_panics(a in specs::json(), b in specs::json()) {
        let (a, b) = (serde_json::json!({"metadata": b, "spec": a}), serde_json::json!({"metadata": a, "spec": b}));
        let _ = (compare::difference(&a, &b), compare::difference(&a, &a));
        let _ = compare::union_siblings("Deployment", &a, &b);
        prop_assert_eq!(compare::digest(&a) == compare::digest(&b), a == b);
        prop_assert_eq!(compare::body_digest(&a), compare::body_digest(&a));
        for entry in children::CHILDREN {
            let _ = (entry.health)(&a);
        }
    }

    /// Quantities: reading never panics, and a value is itself.
    #[test]
    fn quantities_never_panic(text in "[-+0-9.eEmkKMGTPinu]{0,40}|.{0,10}") {
        let _ = compare::quantity::nanos(&text);
        prop_assert!(compare::quantity::same(&text, &text));
    }
}

/// The steps of a path: `a.b[c.d]` has three.
fn steps(path: &str) -> Vec<String> {
    let mut steps = vec![String::new()];
    let mut key = false;
    for c in path.chars() {
        match c {
            '.' if !key => steps.push(String::new()),
            '[' if !key => {
                key = true;
                steps.push(String::new());
            }
            ']' if key => key = false,
            c => steps.last_mut().unwrap().push(c),
        }
    }
    steps
}

/// The steps to every text, number and truth; items of a list go by their names, which are no values then.
fn flatten(at: &mut Vec<String>, value: &Value, all: &mut Vec<Vec<String>>) {
    let children: Vec<(String, &Value)> = match value {
        Value::Null => Vec::new(),
        Value::Object(map) => map.iter().map(|(key, value)| (key.clone(), value)).collect(),
        Value::Array(list) => {
            let name = |(index, item): (usize, &Value)| item["name"].as_str().map_or(index.to_string(), str::to_owned);
            list.iter().enumerate().map(|item| (name(item), item.1)).collect()
        }
        _ => return all.push(at.clone()),
    };
    let named = value.is_object() && at.len() == 2 && at[0].ends_with('s') && value.get("name").is_some();
    for (step, value) in children.into_iter().filter(|(step, _)| !(named && step == "name")) {
        at.push(step);
        flatten(at, value, all);
        at.pop();
    }
}

/// Counts the texts, numbers and truths of the desired object that stand in the live one; changes the one that is asked for. Only
/// fields count: the type of the object is not compared, and keys of lists would make another element.
fn leaves(live: &mut Value, desired: &Value, change: Option<usize>) -> usize {
    fn walk(live: &mut Value, desired: &Value, change: Option<usize>, count: &mut usize) {
        match desired {
            Value::Object(map) => {
                for (key, value) in map.iter().filter(|(key, _)| !matches!(key.as_str(), "apiVersion" | "kind")) {
                    if let Some(inner) = live.get_mut(key) {
                        walk(inner, value, change, count);
                    }
                }
            }
            Value::Array(list) => {
                for (index, value) in list.iter().enumerate() {
                    if let Some(inner) = live.get_mut(index) {
                        walk(inner, value, change, count);
                    }
                }
            }
            Value::Null => {}
            _ => {
                if change == Some(*count) {
                    *live = "changed by somebody".into();
                }
                *count += 1;
            }
        }
    }
    let mut count = 0;
    walk(live, desired, change, &mut count);
    count
}
