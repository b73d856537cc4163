use microservice_crds::DependencyStatus;

use crate::{
    graph::tests::node,
    plan::{DependencyState, Facts, Plan, plan, tests::subject},
};

fn with(providers: &[(&str, &str)], spec: &str) -> Result<Plan, Vec<String>> {
    let mut facts = Facts::default();
    facts.neighbourhood.providers = providers
        .iter()
        .map(|(id, spec)| match *spec {
            "absent" => (node(id, "{}").id, None),
            spec => (node(id, spec).id, Some(node(id, spec).into())),
        })
        .collect();
    plan(&subject(&format!("{{image: 'a:1', {spec}}}")), &facts)
        .map_err(|problems| problems.into_iter().map(|problem| problem.to_string()).collect())
}

fn env(providers: &[(&str, &str)], spec: &str) -> Vec<String> {
    let plan = with(providers, spec).unwrap();
    let env = &plan.pod.containers.main().unwrap().env;
    env.iter().map(|v| format!("{}={}", v.name, v.value.as_deref().unwrap_or_default())).collect()
}

const CART: (&str, &str) = ("shop/cart", "ports: [{name: grpc, port: 7070, targetPort: 9000, protocol: grpc}]");

#[test]
fn an_address_has_the_form_that_is_asked_for() {
    let spec = "uses: [{service: cart, env: {A: HostPort, B: Host, C: Port, D: URL}}]";
    assert_eq!(
        env(&[CART], spec),
        ["A=cart.shop.svc:7070", "B=cart.shop.svc", "C=7070", "D=http://cart.shop.svc:7070"]
    );
    let other = ("edge/cart", "ports: [{name: a, port: 443, protocol: https}], allowFrom: [{namespace: shop}]");
    assert_eq!(
        env(&[other], "uses: [{service: cart, namespace: edge, env: {D: URL}}]"),
        ["D=https://cart.edge.svc:443"]
    );
}

#[test]
fn addresses_come_before_the_variables_that_may_name_them() {
    let spec = "uses: [{service: cart, env: {Z: Host}}], env: [{name: A, value: $(Z)}]";
    assert_eq!(env(&[CART], spec), ["Z=cart.shop.svc", "A=$(Z)"]);
}

#[test]
fn a_headless_service_is_dialed_at_its_pods_port() {
    let cart = ("shop/cart", "ports: [{name: grpc, port: 7070, targetPort: 9000}], service: {headless: true}");
    assert_eq!(env(&[cart], "uses: [{service: cart, env: {A: HostPort}}]"), ["A=cart.shop.svc:9000"]);
}

#[test]
fn a_number_needs_nobody() {
    assert_eq!(env(&[], "uses: [{service: redis, port: 6379, env: {A: HostPort}}]"), ["A=redis.shop.svc:6379"]);
}

#[test]
fn an_address_that_is_not_known_is_left_out_and_one_that_was_known_stays() {
    let spec = "uses: [{service: cart, env: {A: HostPort, D: URL}}]";
    for providers in
        [&[("shop/cart", "absent")][..], &[], &[("shop/cart", "ports: [{name: a, port: 1}, {name: b, port: 2}]")]]
    {
        assert!(env(providers, spec).is_empty(), "{providers:?}");
    }
    let mut facts = Facts::default();
    facts.neighbourhood.providers = [(node("shop/cart", "{}").id, None)].into();
    facts.neighbourhood.before = vec![DependencyStatus {
        service: "cart".into(),
        state: "Resolved".into(),
        address: Some("cart.shop.svc:7070".into()),
        scheme: Some("https".into()),
        ..DependencyStatus::default()
    }];
    let plan = plan(&subject(&format!("{{image: 'a:1', {spec}}}")), &facts).unwrap();
    let env = &plan.pod.containers.main().unwrap().env;
    assert_eq!(env[0].value.as_deref(), Some("cart.shop.svc:7070"));
    assert_eq!(env[1].value.as_deref(), Some("https://cart.shop.svc:7070"));
    assert_eq!(plan.dependencies[0].state, DependencyState::NotFound);
    assert!(!plan.dependencies[0].is_awaited(), "it was there before");
}

#[test]
fn only_what_is_needed_and_absent_is_awaited() {
    let awaited = |providers: &[(&str, &str)], used: &str| {
        with(providers, &format!("uses: [{{service: cart, {used}}}]")).unwrap().dependencies[0].is_awaited()
    };
    let absent: &[(&str, &str)] = &[("shop/cart", "absent")];
    assert!(awaited(absent, ""));
    assert!(!awaited(absent, "optional: true"));
    assert!(!awaited(absent, "port: 1"));
    assert!(!awaited(&[], ""), "who cannot be seen would be waited for in vain");
    assert!(!awaited(&[CART], ""));
}

#[test]
fn consent_is_missed_and_the_address_is_given_all_the_same() {
    let closed = ("shop/cart", "ports: [{name: a, port: 1}], allowFrom: []");
    let plan = with(&[closed], "uses: [{service: cart, env: {A: HostPort}}]").unwrap();
    assert_eq!(plan.dependencies[0].state, DependencyState::NoConsent);
    assert_eq!(plan.pod.containers.main().unwrap().env.len(), 1);
}

#[test]
fn who_uses_without_consent_is_named() {
    let mut facts = Facts::default();
    let uses = "uses: [{service: web, namespace: shop}]";
    facts.neighbourhood.consumers = vec![node("edge/a", uses).into(), node("shop/b", uses).into()];
    let plan = plan(&subject("image: a:1"), &facts).unwrap();
    assert_eq!(plan.uninvited.iter().map(ToString::to_string).collect::<Vec<_>>(), ["edge/a"]);
}

#[test]
fn mistakes_are_told_by_their_field() {
    for (spec, field) in [
        ("uses: [{service: web}]", "uses[web]: a service does not use itself"),
        ("uses: [{service: a}, {service: a, namespace: shop}]", "uses[a.shop]: the same service"),
        ("uses: [{service: a, port: 1, env: {X: Host}}], env: [{name: X, value: y}]", "uses[a].env.X: X stands in env"),
        (
            "uses: [{service: a, port: 1, env: {X: Host}}, {service: b, port: 1, env: {X: Host}}]",
            "uses[b].env.X: uses[a].env.X",
        ),
        // Also where neither address is known.
        ("uses: [{service: a, env: {X: Host}}, {service: b, env: {X: Host}}]", "uses[b].env.X: uses[a].env.X"),
        ("uses: [{service: a, timeout: soon}]", "uses[a].timeout: not a duration"),
        ("uses: [{service: a, attempts: 0}]", "uses[a].attempts: 0 is too few"),
        ("uses: [{service: a, version: wrong}]", "uses[a].version: \"wrong\""),
        ("uses: [{service: a, api: x, port: http}]", "uses[a/x].port: api says"),
        ("uses: [{service: a, targetPort: 1}]", "uses[a].targetPort: it belongs"),
        ("exposes: [{name: a, version: '1', port: x}]", "exposes[a 1].port: there is no port"),
        ("exposes: [{name: a, version: one}]", "exposes[a one].version: \"one\""),
        ("exposes: [{name: a, version: '1', sunset: 2027-02-30}]", "exposes[a 1].sunset:"),
        ("exposes: [{name: a, version: '1'}, {name: a, version: '1'}]", "exposes[a 1]: this version"),
    ] {
        let problems = with(&[], spec).expect_err(spec);
        assert!(problems.iter().any(|problem| problem.starts_with(field)), "{spec}: {problems:?}");
    }
}
