//! What must hold for every Microservice with every class and every override.

use std::{collections::BTreeSet, sync::Arc};

use microservice_core::{
    children::Desired,
    plan::{
        Class, ClassFact, Facts, PROFILES, Source, Subject,
        class::{Effective, effective},
    },
    render::render,
};
use microservice_crds::{MicroserviceSpec, labels};
use proptest::{collection::vec, option, prelude::*, sample::select};
use serde_json::{Map, Value, json};

use crate::{
    answers_the_same, config, restricted,
    specs::{
        self, Json, Taste, amount, env, flag, list, map, number, object, one_of, probe, resources, scaling, security,
    },
};

/// Default values of a class.
fn defaults(taste: Taste) -> Json {
    let keys = || map(taste, &["team", "example.com/a", "example.com/b"], one_of(taste, &["class", "c-1", ""]));
    let spread = object(vec![("topologyKey", one_of(taste, &["rack"])), ("maxSkew", number(taste, 1..3))]);
    let spread = spread.prop_map(|mut spread| {
        spread.as_object_mut().unwrap().entry("topologyKey").or_insert(json!("rack"));
        spread
    });
    let toleration = object(vec![("key", one_of(taste, &["pool"])), ("operator", one_of(taste, &["Exists"]))]);
    object(vec![
        ("imagePullPolicy", select(vec![json!("Always"), json!("Never")]).boxed()),
        ("env", env(taste)),
        ("resources", resources(taste)),
        (
            "probes",
            object(vec![
                (
                    "readiness",
                    if taste.wild { probe(taste) } else { Just(json!({"httpGet": {"port": "http"}})).boxed() },
                ),
                ("liveness", Just(json!({"httpGet": {"path": "/ok"}})).boxed()),
                ("startup", Just(json!({"tcpSocket": {"port": 80}})).boxed()),
            ]),
        ),
        ("scaling", scaling(taste)),
        (
            "rollout",
            object(vec![
                ("strategy", select(vec![json!("Recreate"), json!("RollingUpdate")]).boxed()),
                ("maxSurge", amount(taste)),
                ("maxUnavailable", number(taste, 0..2)),
                ("minReadySeconds", number(taste, 0..9)),
                ("progressDeadlineSeconds", number(taste, 5..20)),
            ]),
        ),
        ("podLabels", keys()),
        ("podAnnotations", keys()),
        ("labels", keys()),
        ("annotations", keys()),
        ("service", object(vec![("annotations", keys()), ("trafficDistribution", one_of(taste, &["PreferSameZone"]))])),
        ("serviceAccount", object(vec![("annotations", keys())])),
        (
            "disruptionBudget",
            prop_oneof![
                object(vec![("maxUnavailable", amount(taste)), ("enabled", flag())]),
                object(vec![("minAvailable", amount(taste))]),
            ]
            .boxed(),
        ),
        ("topologySpread", list(spread.boxed(), 1)),
        ("terminationGracePeriodSeconds", number(taste, 10..60)),
        ("drainSeconds", number(taste, 0..9)),
        ("nodeSelector", keys()),
        ("tolerations", list(toleration, 2)),
        ("priorityClassName", one_of(taste, &["high"])),
        ("automountServiceAccountToken", flag()),
        ("security", security(taste)),
    ])
}

fn class(spec: Json) -> impl Strategy<Value = Class> {
    let decode = |spec: Value| serde_json::from_value(spec).ok().map(|spec| Class { name: "gold".into(), spec });
    spec.prop_filter_map("no class", decode)
}

/// A class that gives, and forbids nothing.
fn giving() -> impl Strategy<Value = Class> {
    class(object(vec![("defaults", defaults(Taste { wild: false }))]))
}

/// Anything that the types can hold.
fn wild() -> impl Strategy<Value = Class> {
    let taste = Taste { wild: true };
    let labels = || map(taste, &["tier"], one_of(taste, &["public"]));
    let part = object(vec![
        ("key", one_of(taste, &["tier"])),
        ("operator", one_of(taste, &["In", "Exists"])),
        ("values", list(one_of(taste, &["public"]), 2)),
    ]);
    let selector = object(vec![("matchLabels", labels()), ("matchExpressions", list(part, 2))]);
    let gateway = object(vec![
        ("name", one_of(taste, &["g"])),
        ("sectionName", one_of(taste, &["web"])),
        ("listeners", Just(json!({"http": "web", "https": "websecure"})).boxed()),
    ]);
    let routing = object(vec![
        ("gateways", list(gateway, 2)),
        ("hostTemplates", list(one_of(taste, &["{name}.example.com", "{route}.{x}"]), 2)),
        ("hosts", list(object(vec![("pattern", one_of(taste, &["*.example.com", "{namespace}.io"]))]), 2)),
        ("tlsRedirect", flag()),
    ]);
    let loosening = select(vec![json!("RunAsUser"), json!("WritableRoot"), json!("Capabilities")]).boxed();
    class(object(vec![
        ("profile", one_of(taste, &["v1"])),
        ("namespaces", selector),
        ("defaults", defaults(taste)),
        ("routing", routing),
        (
            "images",
            object(vec![("allowedPrefixes", list(one_of(taste, &["a", "r.io"]), 2)), ("digestRequired", flag())]),
        ),
        (
            "limits",
            object(vec![("maxReplicas", number(taste, 1..9)), ("requiredRequests", list(one_of(taste, &["cpu"]), 1))]),
        ),
        ("loosenings", list(loosening, 2)),
        ("overrides", select(vec![json!("Allowed"), json!("Forbidden")]).boxed()),
    ]))
}

/// Overrides: anything, and what would change the identity of children or what runs in them.
fn overrides() -> impl Strategy<Value = Vec<(String, Value)>> {
    let kinds =
        ["Deployment", "Service", "ServiceAccount", "ConfigMap", "HorizontalPodAutoscaler", "PodDisruptionBudget"];
    let attack = select(vec![
        json!({"metadata": {"name": "other"}}),
        json!({"metadata": {"namespace": "other"}}),
        json!({"metadata": {"ownerReferences": []}}),
        json!({"metadata": {"labels": {"app.kubernetes.io/name": "other"}}}),
        json!({"metadata": {"labels": {"app.kubernetes.io/managed-by": "other", "x": "y"}}}),
        json!({"metadata": null}),
        json!({"metadata": []}),
        json!({"kind": "Secret", "apiVersion": "v1"}),
        json!({"spec": {"selector": {"matchLabels": {"a": "b"}}}}),
        json!({"spec": {"selector": null}}),
        json!({"spec": null}),
        json!({"spec": {"template": null}}),
        json!({"spec": {"template": {"metadata": {"labels": {"app.kubernetes.io/instance": "other"}}}}}),
        json!({"spec": {"template": {"spec": {"hostNetwork": true}}}}),
        json!({"spec": {"template": {"spec": {"containers": [{"name": "more", "image": "evil"}]}}}}),
        json!({"spec": {"template": {"spec": {"volumes": [{"name": "v", "hostPath": {"path": "/"}}]}}}}),
        json!({"spec": {"scaleTargetRef": {"name": "other"}}}),
    ]);
    let harmless = select(vec![
        json!({}),
        json!({"metadata": {"labels": {"lane": "slow"}, "annotations": {"note": "x"}}}),
        json!({"spec": {"template": {"spec": {"shareProcessNamespace": true}}}}),
        json!({"spec": {"template": {"metadata": {"labels": {"lane": "slow"}}}}}),
    ]);
    let any = (specs::json(), specs::json()).prop_map(|(spec, pod)| json!({"spec": spec, "x": pod}));
    let value = prop_oneof![3 => attack.boxed(), 2 => harmless.boxed(), 1 => any.boxed(), 1 => specs::json()];
    vec((select(kinds.map(str::to_owned).to_vec()), value), 0..3)
}

fn facts(class: &Class) -> Facts {
    Facts { class: ClassFact::Found(Arc::new(class.clone())), ..Facts::default() }
}

/// Whether the class gives what can be built at all: a worker and a server that say nothing have nothing against it.
fn is_sound(class: &Class) -> bool {
    let ports = json!([{"name": "http", "port": 80, "protocol": "http"}]);
    [json!({"image": "a"}), json!({"image": "a", "ports": ports})].into_iter().all(|spec| {
        let spec = serde_json::from_value(spec).unwrap();
        let subject = Subject { name: "plain".into(), namespace: "shop".into(), uid: "1".into(), generation: 1, spec };
        render(&subject, &facts(class)).is_ok()
    })
}

fn identity(child: &Desired) -> Value {
    let at = |path: &str| child.body.pointer(path).cloned();
    let label = |key: &str| at(&format!("/metadata/labels/{}", key.replace('/', "~1")));
    let of_pods = |key: &str| at(&format!("/spec/template/metadata/labels/{}", key.replace('/', "~1")));
    json!([
        child.entry.kind,
        child.name,
        [
            at("/apiVersion"),
            at("/kind"),
            at("/metadata/name"),
            at("/metadata/namespace"),
            at("/metadata/ownerReferences")
        ],
        [label(labels::NAME), label(labels::INSTANCE), label(labels::MANAGED_BY)],
        [of_pods(labels::NAME), of_pods(labels::INSTANCE), at("/spec/selector"), at("/spec/scaleTargetRef")],
        child.body["metadata"].as_object().map(|m| m.keys().cloned().collect::<BTreeSet<_>>()),
    ])
}

fn identities(children: &[Desired]) -> Vec<Value> {
    children.iter().map(identity).collect()
}

/// Every value that is written in `spec` stands in `effective`: maps by key, `env` by name, other lists as a whole.
fn assert_kept(path: &str, spec: &Value, effective: &Value) -> Result<(), TestCaseError> {
    match (spec, effective) {
        (Value::Object(spec), Value::Object(effective)) if !path.starts_with(".probes.") => {
            let none = Value::Null;
            for (key, value) in spec {
                assert_kept(&format!("{path}.{key}"), value, effective.get(key).unwrap_or(&none))?;
            }
        }
        (Value::Array(spec), Value::Array(effective)) if path == ".env" => {
            prop_assert!(effective.ends_with(spec), "{path}");
            let names: BTreeSet<_> = effective.iter().map(|v| v["name"].to_string()).collect();
            prop_assert_eq!(names.len(), effective.len(), "each name once");
        }
        _ => prop_assert_eq!(spec, effective, "{}", path),
    }
    Ok(())
}

fn pod(children: &[Desired]) -> Value {
    let deployment = children.iter().find(|c| c.entry.kind == "Deployment").unwrap();
    deployment.body["spec"]["template"]["spec"].clone()
}

fn merged<'a>(subject: &'a Subject, class: &Class) -> Result<Effective<'a>, TestCaseError> {
    effective(&subject.spec, Some(class), &PROFILES[0]).map_err(|e| TestCaseError::fail(e.to_string()))
}

proptest! {
    #![proptest_config(config(512))]

    /// Any class, any spec, any override: an answer, the same each time, and never a panic.
    #[test]
    fn never_panics_and_always_answers_the_same(
        subject in specs::wild(),
        class in wild(),
        overrides in overrides(),
        namespace in option::of(map(Taste { wild: true }, &["tier"], one_of(Taste { wild: true }, &["public"]))),
    ) {
        let mut subject = subject;
        subject.spec.overrides = overrides.into_iter().collect();
        let mut facts = facts(&class);
        facts.gateways.namespace_labels = namespace.and_then(|labels| serde_json::from_value(labels).ok());
        answers_the_same(&subject, &facts)?;
        facts.class = ClassFact::Missing { name: class.name, known: Vec::new() };
        answers_the_same(&subject, &facts)?;
    }

    /// What the spec says always wins, and what the class gave is told.
    #[test]
    fn values_of_the_spec_win(subject in specs::sane(), class in giving()) {
        let Effective { spec, given } = merged(&subject, &class)?;
        let (own, both) = (json!(subject.spec), json!(*spec));
        assert_kept("", &own, &both)?;
        prop_assert_eq!(given.is_empty(), own == both, "a difference has a source");
        for (path, value) in &given {
            prop_assert!(matches!(value.source, Source::Class | Source::Derived), "{path}");
        }
        // Without what the class gave, it is the spec again.
        let again: MicroserviceSpec = serde_json::from_value(both).unwrap();
        prop_assert_eq!(&again, &*spec);
    }

    /// A spec that is right without a class is right with any class that is right for a service that says nothing.
    #[test]
    fn defaults_make_no_spec_wrong(subject in specs::sane(), class in giving()) {
        prop_assume!(is_sound(&class) && render(&subject, &Facts::default()).is_ok());
        let rendered = render(&subject, &facts(&class));
        prop_assert!(rendered.is_ok(), "{:?}", rendered.err());
        // And every value that it took is in the provenance, once.
        let rendered = rendered.unwrap();
        let Effective { given, .. } = merged(&subject, &class)?;
        for path in given.keys() {
            let entries = rendered.plan.provenance.iter().filter(|entry| entry.path == *path);
            prop_assert_eq!(entries.clone().count(), 1, "{}", path);
            prop_assert!(entries.clone().all(|e| e.source != Source::Spec), "{}", path);
        }
    }

    /// Names, namespaces, owners and selectors of children are what they are, whatever an override says.
    #[test]
    fn no_override_reaches_an_identity(subject in specs::sane(), overrides in overrides()) {
        let plain = render(&subject, &Facts::default());
        prop_assume!(plain.is_ok());
        let mut subject = subject;
        subject.spec.overrides = overrides.into_iter().collect();
        if let Ok(rendered) = render(&subject, &Facts::default()) {
            prop_assert_eq!(identities(&rendered.children), identities(&plain.unwrap().children));
        }
    }

    /// Pods are restricted, but for what the spec and the class loosen.
    #[test]
    fn pods_are_restricted_unless_loosened(subject in specs::sane(), class in giving()) {
        let rendered = render(&subject, &facts(&class));
        prop_assume!(rendered.is_ok());
        let broken: BTreeSet<String> = restricted::violations(&pod(&rendered.unwrap().children)).into_iter().collect();
        let Effective { spec, .. } = merged(&subject, &class)?;
        prop_assert_eq!(broken, specs::loosened(&subject.name, &spec).into_iter().collect());
    }

    /// Where a class says what may be loosened, an override loosens nothing.
    #[test]
    fn no_override_gets_around_the_loosenings(subject in specs::sane(), overrides in overrides()) {
        let class = Class { name: "gold".into(), spec: serde_json::from_value(json!({"loosenings": []})).unwrap() };
        let mut subject = subject;
        subject.spec.security = None;
        for container in subject.spec.sidecars.iter_mut().chain(&mut subject.spec.init_containers) {
            container.run_as_user = None;
        }
        subject.spec.overrides = overrides.into_iter().collect();
        let rendered = render(&subject, &facts(&class));
        prop_assume!(rendered.is_ok());
        let pod = pod(&rendered.unwrap().children);
        prop_assert_eq!(restricted::violations(&pod), Vec::<String>::new());
    }
}

/// The generators must make what the properties are about.
#[test]
fn enough_of_what_is_generated_counts() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let strategy = (specs::sane(), giving(), overrides());
    let (mut sound, mut overridden, mut given) = (0, 0, Map::new());
    for _ in 0..300 {
        let (mut subject, class, overrides) =
            proptest::strategy::ValueTree::current(&strategy.new_tree(&mut runner).unwrap());
        if render(&subject, &Facts::default()).is_err() {
            continue;
        }
        sound += usize::from(is_sound(&class));
        for path in effective(&subject.spec, Some(&class), &PROFILES[0]).unwrap().given.into_keys() {
            given.insert(path, Value::Null);
        }
        subject.spec.overrides = overrides.into_iter().collect();
        let changed = !subject.spec.overrides.is_empty();
        overridden += usize::from(changed && render(&subject, &Facts::default()).is_ok());
    }
    assert!(sound > 60 && overridden > 10 && given.len() > 30, "{sound} {overridden} {}", given.len());
}
