//! Routes: host names and paths on a Gateway that lead to one port.

use microservice_crds::{
    Route,
    gateway::{BackendRef, HttpPathMatch, HttpRouteMatch, HttpRouteRule, PathMatchType},
};

use super::{ParentPlan, PortPlan, RoutePlan, RouteRules, check, draft::Draft, ports};
use crate::gateway::ParentId;

/// The route that is called as the Microservice.
const MAIN: &str = "main";

/// What one HTTPRoute may have.
const HOSTNAMES_MAX: usize = 16;
const MATCHES_MAX: usize = 64;

pub(super) fn resolve(draft: &mut Draft<'_>, ports: &[PortPlan]) -> Vec<RoutePlan> {
    let spec = draft.spec;
    if let Some(name) = check::duplicate(spec.routes.iter().map(|r| r.name.as_str())) {
        draft.refuse(format!("routes[{name}].name"), "two routes have this name; rename one");
    }
    spec.routes.iter().filter_map(|r| route(draft, r, ports)).collect()
}

fn route(draft: &mut Draft<'_>, route: &Route, ports: &[PortPlan]) -> Option<RoutePlan> {
    let field = format!("routes[{}]", route.name);
    let name = name(draft, &field, route);
    hostnames(draft, &field, route);
    let matches = matches(draft, &field, route);
    let port = port(draft, &field, route, ports);
    let Some(gateway) = route.gateway.clone() else {
        draft.refuse(
            format!("{field}.gateway"),
            "no Gateway is said and there is no class to take it from; write gateway: {name: ...}",
        );
        return None;
    };
    if gateway.name.is_empty() {
        draft.refuse(format!("{field}.gateway.name"), "the name is empty; write the name of a Gateway");
    }
    timeouts(draft, &field, route);
    let timeouts = route.timeouts.clone().filter(|t| t.request.is_some() || t.backend_request.is_some());
    let namespace = gateway.namespace.unwrap_or_else(|| draft.subject.namespace.clone());
    let id = ParentId { kind: gateway.kind, namespace, name: gateway.name };
    let backend = BackendRef {
        group: String::new(),
        kind: "Service".to_owned(),
        name: draft.subject.name.clone(),
        port: port?,
        weight: 1,
    };
    let rule = HttpRouteRule { matches, backend_refs: vec![backend], timeouts, ..HttpRouteRule::default() };
    Some(RoutePlan {
        route: route.name.clone(),
        name,
        parents: vec![ParentPlan { id, section_name: gateway.section_name }],
        hostnames: route.hostnames.clone(),
        rules: RouteRules::Http(vec![rule]),
    })
}

fn name(draft: &mut Draft<'_>, field: &str, route: &Route) -> String {
    let own = &draft.subject.name;
    if route.name == MAIN {
        return own.clone();
    }
    let name = format!("{own}--{}", route.name);
    let room = 63_usize.saturating_sub(own.len() + 2);
    let verdict = check::rfc1123_label(&route.name).and_then(|()| {
        if route.name.contains("--") {
            Err(format!("{:?} contains '--', which joins names of children; write a single '-'", route.name))
        } else if name.len() > 63 {
            Err(format!("the HTTPRoute {name:?} would be longer than 63 characters; write at most {room} here"))
        } else {
            Ok(())
        }
    });
    draft.problems.check(format!("{field}.name"), verdict);
    name
}

fn hostnames(draft: &mut Draft<'_>, field: &str, route: &Route) {
    let field = format!("{field}.hostnames");
    for host in &route.hostnames {
        draft.problems.check(&field, check::hostname(host));
    }
    if route.hostnames.len() > HOSTNAMES_MAX {
        draft.refuse(
            &field,
            format!(
                "{} are too many; write at most {HOSTNAMES_MAX} and put the rest into another route",
                route.hostnames.len()
            ),
        );
    }
    if let Some(host) = check::duplicate(route.hostnames.iter().map(String::as_str)) {
        draft.refuse(field, format!("{host:?} stands there twice; keep one"));
    }
}

/// Each match says its path, as the server would fill it in.
fn matches(draft: &mut Draft<'_>, field: &str, route: &Route) -> Vec<HttpRouteMatch> {
    if !route.paths.is_empty() && !route.matches.is_empty() {
        draft.refuse(format!("{field}.paths"), "matches are there too; keep one of the two");
    }
    let prefix = |path: &String| HttpRouteMatch {
        path: Some(HttpPathMatch { type_: PathMatchType::PathPrefix, value: path.clone() }),
        ..HttpRouteMatch::default()
    };
    let mut matches: Vec<HttpRouteMatch> = route.paths.iter().map(prefix).collect();
    matches.extend(route.matches.iter().cloned());
    if matches.is_empty() {
        matches.push(HttpRouteMatch::default());
    }
    if matches.len() > MATCHES_MAX {
        draft.refuse(
            format!("{field}.matches"),
            format!("{} are too many; write at most {MATCHES_MAX} and put the rest into another route", matches.len()),
        );
    }
    for item in &mut matches {
        let path = item.path.get_or_insert_default();
        if path.type_ != PathMatchType::RegularExpression && (!path.value.starts_with('/') || path.value.contains("//"))
        {
            draft.refuse(
                format!("{field}.paths"),
                format!("{:?} is not a path; write one that starts with '/', without '//'", path.value),
            );
        }
    }
    matches
}

fn port(draft: &mut Draft<'_>, field: &str, route: &Route, ports: &[PortPlan]) -> Option<i32> {
    let field = format!("{field}.port");
    match &route.port {
        Some(wanted) => {
            let found = ports::of_service(ports, wanted).filter(|p| p.transport() == "TCP");
            if found.is_none() {
                let wanted = serde_json::to_string(wanted).unwrap_or_default();
                let names = ports::names(ports);
                draft.refuse(&field, format!("there is no TCP port {wanted} (there are: {names}); name one of them"));
            }
            found.map(|p| p.port)
        }
        None => {
            let found = ports.iter().find(|p| p.speaks_http());
            match found {
                Some(p) => draft.ledger.record(&field, &p.name, super::Source::Derived),
                None => draft.refuse(
                    &field,
                    "no port speaks HTTP; write protocol: http (or https, h2c, grpc, ws) at the port, or name the port here",
                ),
            }
            found.map(|p| p.port)
        }
    }
}

fn timeouts(draft: &mut Draft<'_>, field: &str, route: &Route) {
    let Some(timeouts) = &route.timeouts else { return };
    let mut read = |name: &str, text: Option<&String>| {
        let millis = text.map(|text| duration(text));
        if millis == Some(None) {
            draft.refuse(format!("{field}.timeouts.{name}"), "not a duration; write one like 500ms, 10s or 1h30m");
        }
        millis.flatten()
    };
    let request = read("request", timeouts.request.as_ref());
    let backend = read("backendRequest", timeouts.backend_request.as_ref());
    if let (Some(request), Some(backend)) = (request, backend)
        && request > 0
        && backend > request
    {
        draft.refuse(format!("{field}.timeouts.backendRequest"), "longer than request; lower it");
    }
}

/// A duration of the Gateway API (GEP-2257) in milliseconds: up to four times one to five digits and a unit.
fn duration(text: &str) -> Option<u64> {
    let (mut rest, mut total, mut parts) = (text, 0_u64, 0);
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let (number, tail) = rest.split_at_checked(digits)?;
        let units: &[(&str, u64)] = &[("ms", 1), ("h", 3_600_000), ("m", 60_000), ("s", 1000)];
        let (unit, scale) = units.iter().find(|(unit, _)| tail.starts_with(unit))?;
        if number.is_empty() || number.len() > 5 {
            return None;
        }
        total = total.checked_add(number.parse::<u64>().ok()?.checked_mul(*scale)?)?;
        rest = tail.strip_prefix(unit)?;
        parts += 1;
    }
    (1..=4).contains(&parts).then_some(total)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::tests::{planned, refused};

    const WEB: &str = "image: a:1, ports: [{name: raw, port: 9}, {name: http, port: 80, protocol: http}]";

    #[test]
    fn names_ports_and_paths_follow() {
        let plan = planned(&format!(
            "{{{WEB}, routes: [{{gateway: {{name: g}}, hostnames: ['*.b.io', a.b.io], paths: [/x]}}, {{name: api, gateway: {{name: g}}, port: raw}}]}}"
        ));
        let rule = |route: &RoutePlan| match &route.rules {
            RouteRules::Http(rules) => rules[0].clone(),
            RouteRules::Grpc(_) => panic!("{route:?}"),
        };
        let routes: Vec<_> = plan.routes.iter().map(|r| (r.name.as_str(), rule(r).backend_refs[0].port)).collect();
        assert_eq!(routes, [("web", 80), ("web--api", 9)]);
        assert_eq!(plan.url().as_deref(), Some("http://a.b.io/x"));
        assert_eq!(rule(&plan.routes[1]).matches[0].path, Some(HttpPathMatch::default()));
    }

    #[test]
    fn what_leads_nowhere_is_refused() {
        for (route, field) in [
            ("name: main", "routes[main].gateway"),
            ("name: a--b, gateway: {name: g}", "routes[a--b].name"),
            ("gateway: {name: g}, port: grpc", "routes[main].port"),
            ("gateway: {name: g}, hostnames: [192.0.2.1]", "routes[main].hostnames"),
            ("gateway: {name: g}, paths: [x]", "routes[main].paths"),
            ("gateway: {name: g}, timeouts: {request: 1x}", "routes[main].timeouts.request"),
            ("gateway: {name: g}, timeouts: {request: 1s, backendRequest: 2s}", "routes[main].timeouts.backendRequest"),
        ] {
            assert_eq!(refused(&format!("{{{WEB}, routes: [{{{route}}}]}}")), [field], "{route}");
        }
        let hosts: Vec<_> = (0..17).map(|i| format!("h{i}.example.com")).collect();
        let route = format!("gateway: {{name: g}}, hostnames: [{}]", hosts.join(", "));
        assert_eq!(refused(&format!("{{{WEB}, routes: [{{{route}}}]}}")), ["routes[main].hostnames"]);
        assert_eq!(
            refused(&format!("{{{WEB}, routes: [{{gateway: {{name: g}}}}, {{gateway: {{name: g}}}}]}}")),
            ["routes[main].name"]
        );
    }

    #[test]
    fn durations() {
        assert_eq!(duration("1h30m"), Some(5_400_000));
        assert_eq!(duration("500ms"), Some(500));
        for bad in ["", "1", "s", "1d", "123456s", "1s2s3s4s5s", "1.5s", "-1s"] {
            assert_eq!(duration(bad), None, "{bad}");
        }
    }
}
