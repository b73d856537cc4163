//! Circles, and what adds up along paths of calls.

use super::{all, found};
use crate::graph::lint::Code;

#[test]
fn a_circle_is_told_once_with_one_way_around() {
    let services = [
        ("shop/a", "uses: [{service: b, port: 1}, {service: d, port: 1}]"),
        ("shop/b", "uses: [{service: c, port: 1}]"),
        ("shop/c", "uses: [{service: a, port: 1}]"),
        ("shop/d", "uses: [{service: a, port: 1}]"),
        ("shop/e", "uses: [{service: a, port: 1}]"),
    ];
    assert_eq!(
        found(Code::DependencyCycle, &services, ""),
        [
            "Warning a+b+c+d uses[d]: Services call each other in a circle: shop/a → shop/d → shop/a; in circles with each other \
          are shop/a, shop/b, shop/c, shop/d."
        ]
    );
    assert!(found(Code::DependencyCycle, &services[1..3], "").is_empty());
}

#[test]
fn a_caller_that_gives_up_first_is_told_with_the_path() {
    let chain = |web: &str, cart: &str, store: &str| {
        let services = [
            ("shop/web", &*format!("uses: [{{service: cart, port: 1, timeout: {web}}}]")),
            ("shop/cart", &*format!("uses: [{{service: store, port: 1{cart}}}]")),
            ("shop/store", &*format!("uses: [{{service: redis, port: 1, timeout: {store}}}]")),
            ("shop/redis", ""),
        ];
        found(Code::TimeoutInversion, &services, "")
    };
    assert_eq!(
        chain("1s", "", "2500ms"),
        [
            "Warning web+cart+store+redis uses[cart].timeout: shop/web waits 1s for shop/cart, which calls shop/store, which may \
          wait 2500ms for shop/redis."
        ]
    );
    assert!(chain("2500ms", "", "2500ms").is_empty(), "as long is long enough");
    assert!(chain("0s", "", "2500ms").is_empty(), "no end at all");
    // What cart says itself bounds what web may wait for; cart gives up before store.
    let bounded = chain("1s", ", timeout: 1s", "3s");
    assert_eq!(bounded.len(), 1);
    assert!(bounded[0].starts_with("Warning cart+store+redis uses[store].timeout: shop/cart waits 1s"), "{bounded:?}");
}

#[test]
fn a_gateway_that_gives_up_first_is_told() {
    let services = |timeouts: &str| {
        let web = format!(
            "ports: [{{name: http, port: 80, protocol: http}}], routes: [{{gateway: {{name: g}}, timeouts: {timeouts}}}],
             uses: [{{service: cart, port: 1, timeout: 4s}}]"
        );
        found(Code::TimeoutInversion, &[("shop/web", &web), ("shop/cart", "")], "")
    };
    let found = services("{request: 3s}");
    assert!(
        found[0].starts_with(
            "Warning web+cart routes[main].timeouts.request: Route \"main\" of shop/web waits 3s for shop/web"
        ),
        "{found:?}"
    );
    assert!(services("{request: 5s, backendRequest: 2s}")[0].contains("routes[main].timeouts.backendRequest"));
    assert!(services("{request: 5s}").is_empty() && services("{request: 0s}").is_empty());
}

#[test]
fn tries_multiply_and_the_worst_path_is_told_from_its_start() {
    let services = |first: i32| {
        all(
            &[
                ("shop/a", "uses: [{service: b, port: 1}]"),
                ("shop/b", &format!("uses: [{{service: c, port: 1, attempts: {first}}}]")),
                ("shop/c", "uses: [{service: d, port: 1, attempts: 2}, {service: e, port: 1, attempts: 3}]"),
                ("shop/d", ""),
                ("shop/e", "uses: [{service: f, port: 1, attempts: 2}]"),
                ("shop/f", ""),
            ],
            "",
        )
    };
    let found = services(3);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(
        found[0].message,
        "One request may become 18 at the end of the path shop/b → shop/c → shop/e → shop/f: tries multiply (3 × 3 × 2)."
    );
    assert_eq!(found[0].paths, ["uses[c].attempts"]);
    assert!(services(1).is_empty(), "6 is not too many");
}

#[test]
fn tries_of_a_gateway_count_and_a_circle_does_not_go_on_for_ever() {
    let web = "ports: [{name: http, port: 80, protocol: http}],
        routes: [{gateway: {name: g}, retry: {attempts: 3}}], uses: [{service: a, port: 1, attempts: 3}]";
    let services = [
        ("shop/web", web),
        ("shop/a", "uses: [{service: b, port: 1, attempts: 5}]"),
        ("shop/b", "uses: [{service: a, port: 1, attempts: 5}, {service: c, port: 1, attempts: 2}]"),
        ("shop/c", ""),
    ];
    let found = found(Code::RetryMultiplication, &services, "");
    assert_eq!(
        found,
        [
            "Warning web+a+b+c routes[main].retry.attempts: One request may become 24 at the end of the path route \"main\" of \
          shop/web → shop/web → shop/a → shop/b → shop/c: tries multiply (4 × 3 × 2)."
        ]
    );
}
