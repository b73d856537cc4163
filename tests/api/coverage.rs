//! Every rule of the schema has a row that it refuses.

use microservice_crds::schema::rules;

use crate::{containers, identity, metadata, pods, ports, probes, rollouts, routes, scaling, server::Refused, volumes};

#[test]
fn every_rule_has_a_row() {
    let tables: [&[Refused]; 10] = [
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
    ];
    let mut expected: Vec<&str> =
        tables.iter().flat_map(|table| table.iter().map(|(_, _, message)| *message)).collect();
    expected.extend(identity::NAMES_REFUSED.iter().map(|(_, message)| *message));
    expected.push(volumes::TOO_LARGE);
    let without: Vec<String> = rules::of_microservices()
        .into_iter()
        .flat_map(|place| place.checks)
        .map(|(_, message)| message)
        .filter(|message| !expected.iter().any(|part| message.contains(part)))
        .collect();
    assert!(without.is_empty(), "rules without a row:\n{}", without.join("\n"));
}
