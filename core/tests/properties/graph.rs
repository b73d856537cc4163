//! What must hold for every graph of services: what lint and impact say is what a slower and plainer way finds.

use std::collections::BTreeSet;

use jiff::civil::date;
use microservice_core::{
    graph::{
        Id, Scope, Survey, Target, cycles, impact,
        lint::{Code, Finding, RETRIES_MAX, lint},
    },
    offline::Manifests,
};
use proptest::{collection::vec, option, prelude::*};
use serde_json::{Value, json};

use crate::config;

const SERVICES: usize = 9;

/// A use of one service by another.
#[derive(Clone, Debug)]
struct Edge {
    to: usize,
    optional: bool,
    /// In seconds.
    timeout: Option<u64>,
    attempts: u64,
    /// Which of the forms of a use it is.
    form: u8,
}

/// The uses of each service. One service in ten is named and not there.
type Edges = Vec<Vec<Edge>>;

fn edges() -> impl Strategy<Value = Edges> {
    let edge = (0..=SERVICES, any::<bool>(), option::of(1..6_u64), 1..5_u64, 0..5_u8);
    let edge = edge.prop_map(|(to, optional, timeout, attempts, form)| Edge { to, optional, timeout, attempts, form });
    vec(vec(edge, 0..4), SERVICES)
}

fn id(number: usize) -> Id {
    Id::new(if number.is_multiple_of(4) { "edge" } else { "shop" }, format!("s{number}"))
}

/// The services of these edges, each used once at most: a service does not use itself.
fn manifests(edges: &Edges) -> Manifests {
    let mut manifests = Manifests::default();
    for (from, uses) in edges.iter().enumerate() {
        let uses: Vec<Value> = uses.iter().map(written).collect();
        let spec = json!({
            "image": "a:1",
            "ports": [{"name": "http", "port": 80, "protocol": "http"}],
            "exposes": [{"name": "http", "version": "1.2", "deprecated": from % 3 == 0}],
            "routes": if from % 2 == 0 { json!([{"hostnames": ["a.io"], "gateway": {"name": "g"}}]) } else { json!([]) },
            "uses": uses,
        });
        let Id { namespace, name } = id(from);
        let metadata = json!({"name": name, "namespace": namespace});
        manifests.add(json!({"kind": "Microservice", "apiVersion": "v1", "metadata": metadata, "spec": spec})).unwrap();
    }
    manifests
}

fn written(edge: &Edge) -> Value {
    let Id { namespace, name } = id(edge.to);
    let form = match edge.form {
        0 => json!({"port": 80}),
        1 => json!({"port": "http"}),
        2 => json!({"api": "http", "version": "^1"}),
        3 => json!({"api": "none", "version": "^2"}),
        _ => json!({}),
    };
    let mut used =
        json!({"service": name, "namespace": namespace, "optional": edge.optional, "attempts": edge.attempts});
    used.as_object_mut().unwrap().extend(form.as_object().unwrap().clone());
    if let Some(seconds) = edge.timeout {
        used["timeout"] = format!("{seconds}s").into();
    }
    used
}

/// The edges between services that are there.
fn real(edges: &Edges) -> Vec<(usize, &Edge)> {
    let all = edges.iter().enumerate().flat_map(|(from, uses)| uses.iter().map(move |edge| (from, edge)));
    all.filter(|(from, edge)| edge.to < SERVICES && edge.to != *from).collect()
}

/// Who reaches whom by one call or more.
fn reach(edges: &Edges, by: impl Fn(&Edge) -> bool) -> Vec<Vec<bool>> {
    let mut reach = vec![vec![false; SERVICES]; SERVICES];
    for (from, edge) in real(edges).into_iter().filter(|(_, edge)| by(edge)) {
        reach[from][edge.to] = true;
    }
    for middle in 0..SERVICES {
        for from in 0..SERVICES {
            for to in 0..SERVICES {
                reach[from][to] |= reach[from][middle] && reach[middle][to];
            }
        }
    }
    reach
}

fn linted(manifests: &Manifests) -> Vec<Finding> {
    lint(&Survey::of(manifests, "shop", Scope::All), date(2027, 6, 1))
}

proptest! {
    #![proptest_config(config(256))]

    /// An answer to everything, the same each time, in order, and each finding is whole.
    #[test]
    fn lint_never_panics_and_always_says_the_same(edges in edges()) {
        let manifests = manifests(&edges);
        let found = linted(&manifests);
        prop_assert_eq!(&found, &linted(&manifests));
        prop_assert!(found.is_sorted());
        for finding in found {
            prop_assert!(!finding.objects.is_empty() && !finding.paths.is_empty(), "{finding:?}");
            prop_assert!(finding.message.ends_with('.') && finding.remedy.ends_with('.'), "{finding:?}");
        }
    }

    /// Two services are of one circle when each reaches the other.
    #[test]
    fn circles_are_those_of_mutual_reach(edges in edges()) {
        let reach = reach(&edges, |_| true);
        let mut wanted: BTreeSet<Vec<Id>> = BTreeSet::new();
        for (one, from_one) in reach.iter().enumerate() {
            let mut circle: Vec<Id> = (0..SERVICES).filter(|two| from_one[*two] && reach[*two][one]).map(id).collect();
            circle.sort();
            wanted.extend((circle.len() > 1).then_some(circle));
        }
        let manifests = manifests(&edges);
        prop_assert_eq!(&cycles(&manifests.graph("shop")), &wanted.iter().cloned().collect::<Vec<_>>());
        let told = linted(&manifests).into_iter().filter(|finding| finding.code == Code::DependencyCycle);
        let told: BTreeSet<Vec<Id>> = told.map(|finding| {
            finding.objects.into_iter().map(|object| Id::new(object.namespace, object.name)).collect()
        }).collect();
        prop_assert_eq!(told, wanted);
    }

    /// Consumers are all who reach the service, at their distance, and those fail who reach it without an optional use.
    #[test]
    fn consumers_are_all_who_reach_the_service(edges in edges(), target in 0..SERVICES) {
        let manifests = manifests(&edges);
        let survey = Survey::of(&manifests, "shop", Scope::All);
        let found = impact(&survey, Target::Removal(id(target)));
        let (all, required) = (reach(&edges, |_| true), reach(&edges, |edge| !edge.optional));
        let wanted: BTreeSet<(Id, bool)> = (0..SERVICES)
            .filter(|from| *from != target && all[*from][target])
            .map(|from| (id(from), required[from][target]))
            .collect();
        let consumers: BTreeSet<(Id, bool)> = found.consumers.iter().map(|c| (c.id.clone(), c.fails)).collect();
        prop_assert_eq!(consumers, wanted);
        for consumer in &found.consumers {
            let path = found.path(&consumer.id);
            prop_assert_eq!(path.len(), consumer.distance + 1);
            prop_assert_eq!(path.last().copied(), Some(&id(target)));
            for step in path.windows(2) {
                prop_assert!(real(&edges).iter().any(|(from, edge)| id(*from) == *step[0] && id(edge.to) == *step[1]));
            }
        }
        prop_assert!(found.consumers.is_sorted_by_key(|consumer| consumer.distance));
    }

    /// A call is inverted when it waits less than the longest wait that is reached from its callee over calls that say none.
    #[test]
    fn timeouts_are_inverted_where_a_longer_wait_is_reached(edges in edges()) {
        let silent = reach(&edges, |edge| edge.timeout.is_none());
        let longest = |callee: usize| {
            let said = real(&edges).into_iter().filter(|(from, _)| *from == callee || silent[callee][*from]);
            said.filter_map(|(_, edge)| edge.timeout).max()
        };
        let inverted = real(&edges).into_iter().filter(|(_, edge)| edge.timeout < longest(edge.to) && edge.timeout.is_some());
        let wanted: BTreeSet<(String, String)> = inverted.map(|(from, edge)| (id(from).name, id(edge.to).name)).collect();
        let told = linted(&manifests(&edges)).into_iter().filter(|finding| finding.code == Code::TimeoutInversion);
        let told: BTreeSet<(String, String)> = told.map(|finding| {
            (finding.objects[0].name.clone(), finding.objects[1].name.clone())
        }).collect();
        prop_assert_eq!(told, wanted);
    }

    /// Where nothing goes in circles, tries are told if and only if there is a path on which they multiply to more.
    #[test]
    fn tries_are_told_where_a_path_multiplies_them(edges in edges()) {
        let mut edges = edges;
        for (from, uses) in edges.iter_mut().enumerate() {
            uses.retain(|edge| edge.to > from);
        }
        let mut worst = vec![1; SERVICES];
        for from in (0..SERVICES).rev() {
            let onward = edges[from].iter().filter(|edge| edge.to < SERVICES).map(|edge| edge.attempts * worst[edge.to]);
            worst[from] = onward.max().unwrap_or(1);
        }
        let found = linted(&manifests(&edges)).into_iter().filter(|finding| finding.code == Code::RetryMultiplication);
        let found: Vec<Finding> = found.collect();
        let most = worst.into_iter().max().unwrap_or(1);
        prop_assert_eq!(!found.is_empty(), most > RETRIES_MAX);
        if most > RETRIES_MAX {
            let worst = format!("One request may become {most} ");
            prop_assert!(found.iter().any(|finding| finding.message.starts_with(&worst)), "{worst} {found:?}");
        }
    }
}
