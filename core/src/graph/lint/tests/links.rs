//! Uses that lead nowhere, consent, versions, and APIs that nobody uses.

use super::{all, found, manifests};
use crate::graph::{
    Scope, Survey,
    lint::{Code, lint},
};

const CART: &str = "ports: [{name: grpc, port: 7070, protocol: grpc}, {name: admin, port: 9090}],
    exposes: [{name: cart, version: 1.4.0, port: grpc}]";

#[test]
fn a_use_of_nobody_is_told_where_the_namespace_is_known() {
    let uses = |used: &str| found(Code::NoSuchService, &[("shop/web", &format!("uses: [{used}]"))], "");
    assert_eq!(
        uses("{service: cart}"),
        ["Warning web uses[cart]: shop/web uses shop/cart, and there is no such Microservice."]
    );
    assert!(uses("{service: cart, optional: true}")[0].starts_with("Info "));
    assert!(uses("{service: cart, namespace: elsewhere}").is_empty(), "nobody there is known");
    assert!(uses("{service: redis, port: 6379}").is_empty(), "a number may be anybody's");
    // In a whole cluster every namespace is known.
    let manifests = manifests(&[("shop/web", "uses: [{service: cart, namespace: elsewhere}]")], "");
    let lint = |scope| lint(&Survey::of(&manifests, "shop", scope), "2027-06-01".parse().unwrap());
    assert_eq!(lint(Scope::All).len(), 1);
    assert_eq!(lint(Scope::Namespaces(["elsewhere".to_owned()].into())).len(), 1);
    assert!(lint(Scope::Namespaces(["shop".to_owned()].into())).is_empty());
}

#[test]
fn a_port_or_api_that_the_provider_has_not_is_told_with_what_it_has() {
    let uses = |code, used: &str| {
        let web = format!("uses: [{{service: cart, {used}}}]");
        found(code, &[("shop/web", &web), ("shop/cart", CART)], "")
    };
    let named = uses(Code::NoSuchPort, "port: http");
    assert_eq!(
        named,
        ["Error web+cart uses[cart]: shop/web uses shop/cart, and it has no port \"http\" (it has grpc, admin)."]
    );
    assert!(uses(Code::NoSuchPort, "port: http, optional: true")[0].starts_with("Warning"));
    assert!(uses(Code::NoSuchPort, "port: 7071")[0].contains("no port 7071 (it has grpc 7070, admin 9090)"));
    assert!(uses(Code::NoSuchPort, "port: 7070").is_empty() && uses(Code::NoSuchPort, "port: admin").is_empty());
    assert!(uses(Code::NoSuchApi, "api: basket")[0].contains("exposes no API \"basket\" (it exposes cart 1.4.0)"));
    assert!(uses(Code::NoSuchApi, "api: cart").is_empty());
    // Clients of a headless Service dial the pods.
    let headless = "ports: [{name: db, port: 80, targetPort: 5432}], service: {headless: true}";
    assert!(
        found(Code::NoSuchPort, &[("shop/web", "uses: [{service: db, port: 5432}]"), ("shop/db", headless)], "")
            .is_empty()
    );
}

#[test]
fn a_use_without_consent_is_told_and_an_enforcing_class_makes_it_an_error() {
    let services = |allow: &str| {
        let cart = format!("{CART}, {allow}");
        let services = [("edge/web", "uses: [{service: cart, namespace: shop}]"), ("shop/cart", cart.as_str())];
        let class =
            "{kind: MicroserviceClass, metadata: {name: c, annotations: {microservices.dev/is-default-class: 'true'}},
            spec: {network: {mode: Enforce}}}";
        (found(Code::MissingConsent, &services, ""), found(Code::MissingConsent, &services, class))
    };
    let (open, enforced) = services("allowFrom: [{service: web}]");
    assert!(
        open[0].starts_with("Warning cart+web allowFrom: edge/web uses shop/cart, which does not let it"),
        "{open:?}"
    );
    assert!(enforced[0].starts_with("Error "), "{enforced:?}");
    let (default, _) = services("");
    assert_eq!(default.len(), 1, "by default only the own namespace may");
    assert!(services("allowFrom: [{namespace: edge}]").0.is_empty());
    let remedy = &all(&[("edge/web", "uses: [{service: cart, namespace: shop}]"), ("shop/cart", CART)], "");
    let remedy = remedy.iter().find(|finding| finding.code == Code::MissingConsent).unwrap();
    assert_eq!(
        remedy.remedy,
        "Write allowFrom: [{namespace: shop}, {service: web, namespace: edge}] in shop/cart, or remove uses[cart.shop] from \
         edge/web."
    );
}

#[test]
fn an_api_is_unused_when_all_who_may_use_it_are_known_and_none_does() {
    let unused = |cart: &str, web: &str| {
        let found = found(Code::UnusedApi, &[("shop/cart", cart), ("shop/web", web)], "");
        found.iter().map(|text| text.split(':').next().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(unused(CART, ""), ["Info cart exposes[cart 1.4.0]"]);
    for used in ["api: cart", "port: grpc", "port: 7070", "version: ^1"] {
        assert!(unused(CART, &format!("uses: [{{service: cart, {used}}}]")).is_empty(), "{used}");
    }
    assert_eq!(unused(CART, "uses: [{service: cart, port: admin}]").len(), 1);
    let open = format!("{CART}, allowFrom: [{{namespace: elsewhere}}]");
    assert!(unused(&open, "").is_empty(), "somebody elsewhere may");
    let routed = "ports: [{name: http, port: 80, protocol: http}], exposes: [{name: web, version: '1'}],
        routes: [{gateway: {name: g}}]";
    assert!(unused(routed, "").is_empty(), "it is used from outside");
    let two = "ports: [{name: a, port: 1}], exposes: [{name: cart, version: '1'}, {name: cart, version: '2'}]";
    assert_eq!(unused(two, "uses: [{service: cart, version: ^1}]"), ["Info cart exposes[cart 2]"]);
    assert_eq!(unused(two, "uses: [{service: cart, api: cart}]"), ["Info cart exposes[cart 1]"]);
}

#[test]
fn versions_must_fit_and_those_that_end_are_told_by_the_day() {
    let cart = |exposes: &str| format!("ports: [{{name: grpc, port: 7070}}], exposes: [{exposes}]");
    let of = |code, exposes: &str, web: &str| {
        found(code, &[("shop/web", &format!("uses: [{{service: cart, {web}}}]")), ("shop/cart", &cart(exposes))], "")
    };
    let two = "{name: cart, version: 1.4.0, deprecated: true}, {name: cart, version: 2.0.0}";
    assert_eq!(
        of(Code::VersionMismatch, two, "api: cart, version: ^3"),
        [
            "Warning web+cart uses[cart/cart].version: shop/web needs API cart ^3 of shop/cart, which exposes 1.4.0, 2.0.0."
        ]
    );
    assert!(of(Code::VersionMismatch, two, "version: ^2").is_empty());
    assert_eq!(
        of(Code::DeprecatedApi, two, "api: cart, version: ^1"),
        ["Warning web+cart uses[cart/cart]: shop/web uses API cart 1.4.0 of shop/cart, which is deprecated."]
    );
    // Who can work with both is served by the newer.
    assert!(
        of(Code::DeprecatedApi, two, "version: '>=1'").is_empty()
            && of(Code::DeprecatedApi, two, "api: cart").is_empty()
    );
    for (day, code, words) in [
        ("2027-06-02", Code::DeprecatedApi, "Warning"),
        ("2027-06-01", Code::SunsetApi, "Error"),
        ("2026-01-01", Code::SunsetApi, "Error"),
    ] {
        let found = of(code, &format!("{{name: cart, version: 1.4.0, sunset: '{day}'}}"), "api: cart");
        assert!(found[0].starts_with(words) && found[0].contains(day), "{day} {found:?}");
    }
    let class = |mode: &str| {
        format!(
            "{{kind: MicroserviceClass, metadata: {{name: c, annotations: {{microservices.dev/is-default-class: 'true'}}}},
            spec: {{contracts: {{mode: {mode}}}}}}}"
        )
    };
    let cart = cart(two);
    let services = [("shop/web", "uses: [{service: cart, version: ^3}]"), ("shop/cart", cart.as_str())];
    assert!(found(Code::VersionMismatch, &services, &class("Enforce"))[0].starts_with("Error"));
    assert!(found(Code::VersionMismatch, &services, &class("'Off'")).is_empty());
}
