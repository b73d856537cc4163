//! Redirects that lead back to where they start.

use microservice_crds::ParentKind;

use super::{planned_with, refused_with, with_class};
use crate::{
    gateway::{AllowedNamespaces, Listener, Parent, ParentId, Seen},
    plan::Facts,
};

fn redirect(redirect: &str) -> String {
    format!("filters: [{{type: RequestRedirect, requestRedirect: {redirect}}}]")
}

/// Facts where tlsRedirect can be had.
fn tls() -> Facts {
    with_class("{gateways: [{name: g, listeners: {http: web, https: websecure}}]}")
}

/// The message of the only refusal, which is that of the filter; none where it is taken.
fn refusal(routes: &str, facts: &Facts) -> Option<String> {
    let Err(problems) = crate::plan::plan(&crate::plan::tests::subject(&super::spec(routes)), facts) else {
        return None;
    };
    let [problem] = problems.as_slice() else { panic!("{routes}: {problems:?}") };
    assert_eq!(problem.field, "routes[main].filters[0].requestRedirect", "{routes}");
    Some(problem.message.clone())
}

#[test]
fn what_goes_in_circles_everywhere_is_refused() {
    for (route, word) in [
        (redirect("{}"), "write scheme"),
        (redirect("{statusCode: 301}"), "write scheme"),
        (format!("hostnames: [a.io, b.io], {}", redirect("{hostname: b.io}")), "\"b.io\" is one of hostnames"),
        (format!("hostnames: ['*.a.io'], {}", redirect("{hostname: b.a.io}")), "is one of \"*.a.io\""),
        (format!("hostnames: ['*.a.io'], {}", redirect("{hostname: c.b.a.io}")), "is one of \"*.a.io\""),
        (format!("tlsRedirect: true, {}", redirect("{scheme: https}")), "tlsRedirect: false"),
        (format!("tlsRedirect: true, {}", redirect("{scheme: http}")), "tlsRedirect: false"),
        (format!("tlsRedirect: true, {}", redirect("{scheme: https, port: 443}")), "tlsRedirect: false"),
        (format!("tlsRedirect: true, {}", redirect("{port: 443}")), "tlsRedirect: false"),
        (
            format!("tlsRedirect: true, hostnames: [a.io], {}", redirect("{hostname: a.io, scheme: https}")),
            "another hostname",
        ),
        (
            format!(
                "tlsRedirect: true, hostnames: ['*.a.io'], {}",
                redirect("{hostname: b.a.io, scheme: https, port: 443}")
            ),
            "another hostname",
        ),
    ] {
        let routes = format!("{{gateway: {{name: g}}, {route}}}");
        let message = refusal(&routes, &tls()).unwrap_or_else(|| panic!("taken: {routes}"));
        assert!(message.contains(word), "{routes}: {message}");
    }
}

#[test]
fn what_leads_elsewhere_is_taken() {
    for route in [
        format!("hostnames: [a.io], {}", redirect("{hostname: b.io}")),
        format!("hostnames: ['*.a.io'], {}", redirect("{hostname: a.io}")),
        format!("hostnames: [a.io], {}", redirect("{scheme: https}")),
        format!("hostnames: [a.io], {}", redirect("{port: 8443}")),
        redirect("{hostname: b.io}"),
        redirect("{path: {type: ReplaceFullPath, replaceFullPath: /x}}"),
        format!("tlsRedirect: true, {}", redirect("{scheme: https, port: 8443}")),
        format!("tlsRedirect: true, hostnames: [a.io], {}", redirect("{scheme: https, hostname: b.io}")),
    ] {
        let routes = format!("{{gateway: {{name: g}}, {route}}}");
        assert_eq!(refusal(&routes, &tls()), None, "{routes}");
    }
    // A route of its own has that host, and goes before a wildcard.
    let routes = format!(
        "{{gateway: {{name: g}}, hostnames: ['*.a.io'], {}}}, {{name: www, gateway: {{name: g}}, hostnames: [www.a.io]}}",
        redirect("{hostname: www.a.io}")
    );
    assert_eq!(planned_with(&routes, &Facts::default()).routes.len(), 2);
    assert!(refused_with(&routes.replace("[www.a.io]", "[w3.a.io]"), &Facts::default()).len() == 1);
}

/// A Gateway with these listeners: name, protocol, port and host.
fn gateway(listeners: &[(&str, &str, i32, &str)]) -> Facts {
    let listener = |(name, protocol, port, host): &(&str, &str, i32, &str)| Listener {
        name: (*name).into(),
        protocol: (*protocol).into(),
        port: *port,
        hostname: (!host.is_empty()).then(|| (*host).into()),
        namespaces: AllowedNamespaces::All,
        ..Listener::default()
    };
    let mut facts = Facts::default();
    let id = ParentId { kind: ParentKind::Gateway, namespace: "shop".into(), name: "g".into() };
    let parent = Parent { listeners: listeners.iter().map(listener).collect(), ..Parent::default() };
    facts.gateways.parents.insert(id, Seen::Present(parent));
    facts
}

#[test]
fn what_goes_in_circles_on_a_listener_is_withheld() {
    let both = [("web", "HTTP", 80, ""), ("websecure", "HTTPS", 443, "")];
    let mapped = [("web", "HTTP", 8000, ""), ("websecure", "HTTPS", 8443, "")];
    let named = [("web", "HTTP", 80, "a.io"), ("other", "HTTP", 80, "b.io")];
    for (listeners, section, route, withheld) in [
        (&both, "", redirect("{scheme: https}"), true),
        (&both, "", redirect("{scheme: http}"), true),
        (&both, "websecure", redirect("{scheme: https}"), true),
        (&both, "web", redirect("{scheme: https}"), false),
        (&both, "web", redirect("{scheme: https, port: 8443}"), false),
        (&both, "", redirect("{scheme: https, port: 8443}"), false),
        (&both, "web", redirect("{port: 80}"), true),
        (&mapped, "", redirect("{scheme: https}"), true),
        (&mapped, "", redirect("{scheme: https, port: 8443}"), true),
        (&mapped, "web", redirect("{scheme: https}"), false),
        (&both, "", redirect("{hostname: b.io}"), true),
        (&named, "web", redirect("{hostname: b.io}"), false),
        (&named, "", redirect("{hostname: b.io}"), true),
        (&named, "", redirect("{hostname: c.io}"), false),
        (&both, "", format!("hostnames: [a.io], {}", redirect("{hostname: a.io, scheme: https}")), true),
        (&both, "", format!("hostnames: [a.io], {}", redirect("{hostname: b.io, scheme: https}")), false),
    ] {
        let section = if section.is_empty() { String::new() } else { format!(", sectionName: {section}") };
        let routes = format!("{{gateway: {{name: g{section}}}, {route}}}");
        let plan = planned_with(&routes, &gateway(listeners));
        assert_eq!(plan.withheld.len(), usize::from(withheld), "{listeners:?} {routes} {:?}", plan.withheld);
        if let Some(circle) = plan.withheld.first() {
            assert_eq!((circle.reason, circle.keep), ("RedirectLoop", true));
            for part in ["routes[main].filters[0].requestRedirect", "Gateway shop/g", "for ever"] {
                assert!(circle.message.contains(part), "{part}: {}", circle.message);
            }
        }
    }
    // An https listener alone, in front of which nobody speaks http.
    let plain = gateway(&[("web", "HTTP", 80, "")]);
    assert!(
        planned_with(&format!("{{gateway: {{name: g}}, {}}}", redirect("{scheme: https}")), &plain).withheld.is_empty()
    );
}
