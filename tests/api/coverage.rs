//! Every rule of the schema has a row that it refuses.

use microservice_crds::schema::rules;

use crate::{
    classes, containers, edges, identity, metadata, networks, overrides, pods, ports, probes, rollouts, routes,
    scaling, server::Refused, systems, volumes,
};

/// What Microservices are refused for.
pub const OF_MICROSERVICES: [&[Refused]; 12] = [
    &identity::REFUSED,
    &containers::REFUSED,
    &volumes::REFUSED,
    &metadata::REFUSED,
    &ports::REFUSED,
    &probes::REFUSED,
    &scaling::REFUSED,
    &rollouts::REFUSED,
    &pods::REFUSED,
    &routes::REFUSED,
    &overrides::REFUSED,
    &edges::REFUSED,
];

fn without_a_row(places: Vec<rules::Place>, expected: &[&str]) -> Vec<String> {
    let messages = places.into_iter().flat_map(|place| place.checks).map(|(_, message)| message);
    messages.filter(|message| !expected.iter().any(|part| message.contains(part))).collect()
}

#[test]
fn every_rule_has_a_row() {
    let mut expected: Vec<&str> =
        OF_MICROSERVICES.iter().flat_map(|table| table.iter().map(|(_, _, message)| *message)).collect();
    expected.extend(identity::NAMES_REFUSED.iter().map(|(_, message)| *message));
    expected.push(volumes::TOO_LARGE);
    let without = without_a_row(rules::of_microservices(), &expected);
    assert!(without.is_empty(), "rules without a row:\n{}", without.join("\n"));
}

#[test]
fn every_rule_of_a_class_has_a_row() {
    let defaults = classes::refused_as_defaults();
    let rows = classes::REFUSED.iter().chain(&networks::REFUSED).map(|(_, _, message)| *message);
    let expected: Vec<&str> = rows.chain(defaults.iter().map(|(_, _, message)| *message)).collect();
    let without = without_a_row(rules::of_classes(), &expected);
    assert!(without.is_empty(), "rules without a row:\n{}", without.join("\n"));
}

#[test]
fn every_rule_of_a_system_has_a_row() {
    let rows = systems::REFUSED.iter().map(|(_, _, message)| *message);
    let expected: Vec<&str> = rows.chain([systems::NAME_TOO_LONG]).collect();
    let without = without_a_row(rules::of_systems(), &expected);
    assert!(without.is_empty(), "rules without a row:\n{}", without.join("\n"));
}
