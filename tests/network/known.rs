//! Where Cyclonus is wrong by the text of Kubernetes, which is why random clusters do without. Each is shown: when a later
//! Cyclonus is right, the test fails and says so, and the clusters can have it.

use microservice_core::graph::reach::{Pod, Port, Protocol};
use microservice_tests::cyclonus::{Cyclonus, Verdict};

use crate::two::Stage;

/// Whether `a/web`, which has no label but `app`, may call `a/cart` under a policy for all of the namespace with this one
/// rule for ingress: what we say, and what Cyclonus says.
fn web_calls_cart(rule: &str) -> (bool, bool) {
    let spec = format!("{{podSelector: {{}}, policyTypes: [Ingress], ingress: [{rule}]}}");
    let yaml = format!("{{metadata: {{name: only, namespace: a}}, spec: {spec}}}");
    let pod = |name: &str| Pod {
        namespace: "a".into(),
        name: name.into(),
        labels: [("app".to_owned(), name.to_owned())].into(),
        ..Pod::default()
    };
    let policies = [serde_saphyr::from_str(&yaml).unwrap()];
    let name = ("kubernetes.io/metadata.name".to_owned(), "a".to_owned());
    let namespaces = [("a".to_owned(), [name].into())].into();
    let stage = Stage { policies: &policies, namespaces: &namespaces, pods: &[pod("web"), pod("cart")], outside: &[] };
    let answers = stage.ask(&Cyclonus::prepare().unwrap(), &[Port { number: 80, protocol: Protocol::Tcp }]).unwrap();
    let first: Verdict = answers[0].theirs;
    (answers[0].ours.allowed(), first.allowed())
}

#[test]
fn without_an_odd_case_both_say_the_same() {
    let web = "from: [{podSelector: {matchLabels: {app: web}}}]";
    assert_eq!(web_calls_cart(&format!("{{{web}}}")), (true, true));
    assert_eq!(web_calls_cart(&format!("{{{web}, ports: [{{port: 81}}]}}")), (false, false));
}

/// `tier notin (…)` takes "all resources with no labels with the `tier` key", too, says the page on labels and selectors,
/// and so does the API server.
#[test]
fn not_in_takes_what_has_no_such_label() {
    let yaml = "{from: [{podSelector: {matchExpressions: [{key: tier, operator: NotIn, values: [back]}]}}]}";
    assert_eq!(web_calls_cart(yaml), (true, false), "(ours, Cyclonus')");
}

/// A label that must be empty must be there. To Cyclonus one that is not there is empty.
#[test]
fn an_empty_value_is_not_the_absence_of_a_label() {
    let yaml = "{from: [{podSelector: {matchLabels: {tier: ''}}}]}";
    assert_eq!(web_calls_cart(yaml), (false, true), "(ours, Cyclonus')");
}
