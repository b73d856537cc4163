//! A graph of 10,000 services and 50,000 edges: what it takes to look at all of it, and at one service that changed.
//!
//! `cargo bench -p microservice-core --bench graph`

#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::indexing_slicing, missing_docs)]

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use criterion::{Criterion, criterion_group, criterion_main};
use jiff::civil::{Date, date};
use microservice_core::{
    graph::{Graph, Id, Neighbourhood, Node, Provider, Scope, Survey, Target, cycles, impact, lint::lint, resolve},
    offline::Manifests,
};
use serde_json::{Value, json};

const SERVICES: usize = 10_000;
const NAMESPACES: usize = 100;
const EDGES_EACH: usize = 5;
const TODAY: Date = date(2027, 6, 1);

const CLASS: &str = "
apiVersion: microservices.dev/v1alpha1
kind: MicroserviceClass
metadata: {name: standard, annotations: {microservices.dev/is-default-class: 'true'}}
spec:
  defaults: {resources: {requests: {cpu: 100m, memory: 64Mi}}}
  routing: {gateways: [{name: public, namespace: infra}], hostTemplates: ['{name}.{namespace}.example.com']}
  network: {mode: Enforce}
";

fn id(number: usize) -> Id {
    Id::new(format!("team-{:02}", number % NAMESPACES), format!("service-{number:05}"))
}

/// Numbers that look random and are the same each time.
fn mixed(number: usize) -> usize {
    let number = (number as u64).wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let number = (number ^ (number >> 31)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    usize::try_from((number ^ (number >> 29)) >> 16).unwrap()
}

/// The numbers of the services that one uses: always later ones, but for a circle of two in every thousand. The first five
/// use twice as many, and the last five nobody.
fn used(number: usize) -> Vec<usize> {
    if number % 1000 == 501 {
        return (0..EDGES_EACH).map(|edge| if edge == 0 { number - 1 } else { number + edge }).collect();
    }
    let edges = if number < EDGES_EACH { 2 * EDGES_EACH } else { EDGES_EACH };
    let far = 2_000.min((SERVICES - 1 - number) / edges * edges) / edges;
    let at = |edge: usize| number + 1 + edge * far + mixed(number * edges + edge) % far.max(1);
    let first = if number % 1000 == 500 { Some(number + 1) } else { None };
    if far == 0 { Vec::new() } else { (0..edges).map(|edge| first.filter(|_| edge == 0).unwrap_or(at(edge))).collect() }
}

/// Services that wait the less the later they are, as they should, but for one use in a hundred; as many are tried twice.
fn service(number: usize) -> Value {
    let uses = used(number).into_iter().enumerate().map(|(edge, to)| {
        let Id { namespace, name } = id(to);
        let odd = mixed(number * 31 + edge) % 100;
        let seconds = if odd == 0 { 1 } else { 1 + (SERVICES - number) / 1000 };
        let mut used = json!({"service": name, "namespace": namespace, "timeout": format!("{seconds}s")});
        let api = if edge == 0 { json!({"api": "main", "version": "^1"}) } else { json!({"port": "grpc"}) };
        used.as_object_mut().unwrap().extend(api.as_object().unwrap().clone());
        used["attempts"] = if odd == 1 { 2 } else { 1 }.into();
        used["env"][format!("ADDRESS_{edge}")] = "HostPort".into();
        used
    });
    let uses: Vec<Value> = uses.collect();
    let routes =
        if number.is_multiple_of(10) { json!([{"port": "http", "timeouts": {"request": "10s"}}]) } else { json!([]) };
    let Id { namespace, name } = id(number);
    json!({
        "apiVersion": "microservices.dev/v1alpha1",
        "kind": "Microservice",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {
            "image": format!("registry.example/{name}:v1"),
            "ports": [{"name": "grpc", "port": 7070, "protocol": "grpc"}, {"name": "http", "port": 80, "protocol": "http"}],
            "scaling": {"minReplicas": 2, "maxReplicas": 4},
            "exposes": [{"name": "main", "version": "1.4.0", "port": "grpc"}],
            "allowFrom": [{"namespaces": {}}],
            "external": [{"name": "db", "hosts": [format!("{name}.db.example.com")], "ports": [{"port": 5432}], "owned": true}],
            "routes": routes,
            "uses": uses,
        },
    })
}

fn manifests() -> Manifests {
    let mut manifests = Manifests::default();
    manifests.add(serde_saphyr::from_str(CLASS).unwrap()).unwrap();
    for namespace in 0..NAMESPACES {
        let metadata = json!({"name": "all", "namespace": format!("team-{namespace:02}")});
        let hard = json!({"requests.cpu": if namespace == 0 { "30" } else { "60" }, "pods": "1000"});
        manifests.add(json!({"kind": "ResourceQuota", "metadata": metadata, "spec": {"hard": hard}})).unwrap();
    }
    (0..SERVICES).for_each(|number| manifests.add(service(number)).unwrap());
    manifests
}

/// Peak of the resident memory of this process so far, in megabytes.
fn peak() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().strip_suffix(" kB")?.parse::<u64>().ok()? / 1000)
}

/// Time on a processor of this thread: what others do on the machine does not count. Elsewhere than on Linux it does.
struct Clock(Instant, Option<u64>);

impl Clock {
    fn start() -> Self {
        Self(Instant::now(), Self::nanos())
    }

    fn nanos() -> Option<u64> {
        std::fs::read_to_string("/proc/thread-self/schedstat").ok()?.split(' ').next()?.parse().ok()
    }

    fn elapsed(&self) -> Duration {
        self.1.zip(Self::nanos()).map_or_else(|| self.0.elapsed(), |(from, to)| Duration::from_nanos(to - from))
    }
}

/// Runs something so many times.
fn timed<T>(times: u64, mut run: impl FnMut() -> T) -> Duration {
    let clock = Clock::start();
    (0..times).for_each(|_| drop(black_box(run())));
    clock.elapsed()
}

fn main_figures(manifests: &Manifests) {
    let before = peak();
    let clock = Clock::start();
    let survey = Survey::of(manifests, "default", Scope::All);
    let surveyed = clock.elapsed();
    let findings = lint(&survey, TODAY);
    let all = clock.elapsed();
    let edges: usize = survey.graph().nodes().map(|node| node.uses.len()).sum();
    println!("{} services, {edges} edges, {} findings", survey.graph().len(), findings.len());
    println!("once: survey {surveyed:?}, lint {:?}, together {all:?}", all - surveyed);
    if let (Some(before), Some(after)) = (before, peak()) {
        println!("peak memory: {before} MB with all specs read, {after} MB after the analysis");
        assert!(after <= 200, "more than 200 MB");
    }
}

/// Whatever a change of one service concerns: what is known around it, and around those at the other ends of its edges.
fn follow(graph: &mut Graph, node: Node) -> usize {
    let concerned = graph.set(node.clone());
    let around = |id: &Id| graph.get(id).map(|node| Neighbourhood::of(graph, node, |_| true));
    concerned.iter().chain([&node.id]).filter_map(around).map(|around| around.providers.len()).sum()
}

fn graph(criterion: &mut Criterion) {
    let manifests = manifests();
    main_figures(&manifests);
    let mut group = criterion.benchmark_group("10,000 services, 50,000 edges");
    group.sample_size(10);
    group.bench_function("full analysis", |b| {
        b.iter_custom(|n| timed(n, || lint(black_box(&Survey::of(&manifests, "default", Scope::All)), TODAY).len()));
    });
    group.bench_function("build the graph", |b| b.iter_custom(|n| timed(n, || manifests.graph("default").len())));
    let survey = Survey::of(&manifests, "default", Scope::All);
    group.bench_function("resolve all edges", |b| {
        let all = |graph: &Graph| {
            let edges = graph.nodes().flat_map(|node| node.uses.iter().map(move |used| (node, used)));
            edges
                .filter(|(node, used)| {
                    let provider = graph.get(&node.provider(used)).unwrap();
                    matches!(
                        resolve(used, Provider::Known(&provider.offer)),
                        microservice_core::graph::Resolution::Port(_)
                    )
                })
                .count()
        };
        b.iter_custom(|n| timed(n, || all(black_box(survey.graph()))));
    });
    group.bench_function("circles", |b| b.iter_custom(|n| timed(n, || cycles(black_box(survey.graph())).len())));
    group.bench_function("lint", |b| b.iter_custom(|n| timed(n, || lint(black_box(&survey), TODAY).len())));
    group.bench_function("impact of a removal", |b| {
        b.iter_custom(|n| timed(n, || impact(black_box(&survey), Target::Removal(id(SERVICES / 2))).consumers.len()));
    });
    let mut graph = survey.graph().clone();
    let mut changed = Node::clone(graph.get(&id(SERVICES / 2)).unwrap());
    group.bench_function("one changed service", |b| {
        b.iter_custom(|n| {
            timed(n, || {
                changed.offer.ports[0].port ^= 1;
                follow(&mut graph, black_box(changed.clone()))
            })
        });
    });
    group.finish();
}

criterion_group!(benches, graph);
criterion_main!(benches);
