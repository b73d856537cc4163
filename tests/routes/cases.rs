//! Microservices with routes at random, together with a class.

use std::sync::Arc;

use microservice_core::{
    children::Desired,
    gateway::Channel,
    plan::{self, Class, ClassFact, Facts, Plan, Subject},
    render,
};
use proptest::{
    option, prelude::*, sample::select, strategy::ValueTree, string::string_regex, test_runner::TestRunner,
};
use serde_json::{Value, json};

use crate::{
    parts::{self, REDIRECTS, REWRITES},
    values::{self, Json},
};

/// One service, and what it depends on.
#[derive(Clone, Debug)]
pub struct Case {
    pub subject: Subject,
    pub facts: Facts,
}

impl Case {
    pub fn plan(&self) -> Option<Plan> {
        plan::plan(&self.subject, &self.facts).ok()
    }

    /// The route objects.
    pub fn objects(&self) -> Vec<Desired> {
        let desired = render::render(&self.subject, &self.facts).map(|rendered| rendered.children).unwrap_or_default();
        desired.into_iter().filter(|child| child.entry.kind.ends_with("Route")).collect()
    }

    /// Whether a route asks for what only the experimental channel has.
    pub fn is_experimental(&self) -> bool {
        self.subject.spec.routes.iter().any(|r| r.retry.is_some() || r.session_persistence.is_some())
    }

    /// The same with another channel installed.
    pub fn on(&self, channel: Channel) -> Self {
        let mut case = self.clone();
        case.facts.gateways.definitions = channel.into();
        case
    }
}

/// The same cases in every run; each of them can be planned. Also how many were tried for it.
pub fn planned(count: usize) -> (Vec<Case>, usize) {
    let mut runner = TestRunner::deterministic();
    let strategy = case();
    let mut found = Vec::new();
    let mut tried = 0;
    while found.len() < count {
        tried += 1;
        assert!(tried < count * 10, "only {} of {tried} cases can be planned", found.len());
        let case = strategy.new_tree(&mut runner).expect("a case").current();
        found.extend(case.plan().is_some().then_some(case));
    }
    (found, tried)
}

/// A service; many can be planned.
pub fn case() -> BoxedStrategy<Case> {
    let routes = |count| -> Vec<Json> { (0..count).map(route).collect() };
    let routes = prop_oneof![3 => routes(1), 1 => routes(2), 1 => routes(3)];
    let name = string_regex("[a-z]([a-z0-9]{0,8}[a-z0-9])?").expect("a pattern");
    (routes, option::weighted(0.7, routing()), name)
        .prop_filter_map("the types do not take it", |(mut routes, routing, name)| {
            routes.iter_mut().for_each(|route| suit(route, routing.is_some()));
            let spec = json!({
                "image": "a:1",
                "ports": [
                    {"name": "raw", "port": 9}, {"name": "http", "port": 80, "protocol": "http"},
                    {"name": "grpc", "port": 81, "protocol": "grpc"}, {"name": "h2c", "port": 82, "protocol": "h2c"},
                ],
                "routes": routes,
            });
            let spec = serde_json::from_value(spec).ok()?;
            let subject = Subject {
                name,
                namespace: "shop".into(),
                uid: "00000000-0000-4000-8000-000000000001".into(),
                generation: 1,
                spec,
            };
            let class = routing.map(|routing| {
                let spec = serde_json::from_value(json!({"routing": routing})).expect("a class");
                ClassFact::Found(Arc::new(Class { name: "golden".into(), spec }))
            });
            Some(Case { subject, facts: Facts { class: class.unwrap_or_default(), ..Facts::default() } })
        })
        .boxed()
}

/// Takes away what would mostly be refused: without a class a route says its gateway, and nobody knows listeners; with
/// one, mostly the class's gateways are meant where there is a redirect to https.
fn suit(route: &mut Value, has_class: bool) {
    if !has_class {
        route["tlsRedirect"] = Value::Null;
        if route.get("gateway").is_none() {
            route["gateway"] = json!({"name": "public.x"});
        }
    } else if route.get("gateway").is_some_and(|gateway| gateway["namespace"] != "infra" || gateway["name"] != "g0") {
        route["tlsRedirect"] = json!(false);
    }
}

/// The class's part: it knows the gateways that routes name.
fn routing() -> Json {
    let listeners = json!({"http": "web", "https": "websecure"});
    let gateways = vec![
        json!({"name": "g0", "namespace": "infra", "listeners": listeners}),
        json!({"name": "g1", "listeners": listeners, "sectionName": "web"}),
        json!({"kind": "ListenerSet", "name": "g0", "namespace": "infra", "listeners": listeners}),
        json!({"name": "g0", "namespace": "infra", "sectionName": "other", "listeners": {"http": "a", "https": "b"}}),
    ];
    let gateways = proptest::sample::subsequence(gateways, 1..=4).prop_map(Value::Array);
    let templates =
        select(vec![json!(["{route}.{name}.{namespace}.example.com"]), json!(["{route}.io", "{name}.{route}.io"])]);
    let hosts = select(vec![
        Value::Null,
        json!([{"pattern": "*.example.com"}, {"pattern": "r0"}, {"pattern": "r1"}, {"pattern": "r2"}]),
    ]);
    (gateways, templates, hosts, any::<bool>())
        .prop_map(|(gateways, templates, hosts, tls)| {
            json!({"gateways": gateways, "hostTemplates": templates, "hosts": hosts, "tlsRedirect": tls})
        })
        .boxed()
}

fn gateway() -> Json {
    parts::with(
        vec![("name", select(vec![json!("g0"), json!("g1"), json!("public.x")]).boxed())],
        vec![
            ("namespace", select(vec![json!("infra"), json!("shop")]).boxed()),
            ("kind", select(vec![json!("Gateway"), json!("ListenerSet")]).boxed()),
            ("sectionName", select(vec![json!("websecure"), json!("https.1")]).boxed()),
        ],
    )
}

/// The route with this number.
fn route(index: usize) -> Json {
    let name = ["main", "api", "b-2"][index];
    let shape = prop_oneof![5 => http().boxed(), 2 => grpc().boxed()];
    let common = parts::with(
        vec![("name", Just(json!(name)).boxed())],
        vec![
            ("hostnames", values::hostnames(index)),
            ("gateway", gateway()),
            ("tlsRedirect", any::<bool>().prop_map(Value::from).boxed()),
            ("sessionPersistence", sometimes(parts::session())),
        ],
    );
    (common, shape).prop_map(|(common, shape)| join(common, shape)).boxed()
}

/// A field that is mostly null.
fn sometimes(value: Json) -> Json {
    prop_oneof![3 => Just(Value::Null), 1 => value].boxed()
}

fn join(mut one: Value, two: Value) -> Value {
    if let (Value::Object(one), Value::Object(two)) = (&mut one, two) {
        one.extend(two);
    }
    one
}

/// An HTTPRoute: plain, rewriting or redirecting, of whole paths or of prefixes.
fn http() -> impl Strategy<Value = Value> {
    let shape = |turn: u8, prefixes: bool| {
        let port = select(vec![json!("raw"), json!("http"), json!(80), json!("h2c")]).boxed();
        let matching = prop_oneof![
            2 => Just(json!({})),
            2 => parts::paths().prop_map(|paths| json!({"paths": paths})),
            3 => parts::http_matches(prefixes).prop_map(|matches| json!({"matches": matches})),
        ];
        let mut rest = vec![
            ("port", port),
            ("filters", parts::filters(true, turn, prefixes)),
            ("timeouts", parts::timeouts()),
            ("retry", sometimes(parts::retry())),
        ];
        if turn != REDIRECTS {
            rest.push(("backends", parts::backends("http")));
        }
        (matching, parts::with(vec![], rest)).prop_map(|(matching, rest)| join(matching, rest))
    };
    prop_oneof![
        2 => shape(0, false),
        1 => shape(REWRITES, false),
        1 => shape(REWRITES, true),
        1 => shape(REDIRECTS, false),
        1 => shape(REDIRECTS, true),
    ]
}

fn grpc() -> impl Strategy<Value = Value> {
    parts::with(
        vec![("port", select(vec![json!("grpc"), json!(81)]).boxed())],
        vec![
            ("grpcMatches", parts::grpc_matches()),
            ("filters", parts::filters(false, 0, false)),
            ("backends", parts::backends("grpc")),
        ],
    )
}
