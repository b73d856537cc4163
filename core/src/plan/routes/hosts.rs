//! Host names of routes: what the spec says, else what the class makes, and whether the class grants them.

use microservice_crds::HostGrant;

use super::Site;
use crate::{
    plan::{Blame, Class, Facts, Source, Subject, check, draft::Draft},
    selector,
};

/// Host names that one route may have.
const HOSTNAMES_MAX: usize = 64;

/// The host names of a route; none: every host of the listener.
pub(super) fn resolve(draft: &mut Draft<'_>, site: &Site<'_>) -> Vec<String> {
    let class = draft.class;
    let made = class.map(|class| made(draft, site, class)).unwrap_or_default();
    let said = &site.route.hostnames;
    check_list(draft, site, said);
    if said.is_empty() && !made.is_empty() {
        draft.ledger.record(&site.at("hostnames"), &made, Source::Class);
        return made;
    }
    if let Some(class) = class {
        check_grants(draft, site, class, &made);
    }
    said.clone()
}

fn check_list(draft: &mut Draft<'_>, site: &Site<'_>, hosts: &[String]) {
    let field = site.at("hostnames");
    for host in hosts {
        draft.problems.check(&field, check::hostname(host));
    }
    if hosts.len() > HOSTNAMES_MAX {
        let message =
            format!("{} are too many; write at most {HOSTNAMES_MAX} and put the rest into another route", hosts.len());
        draft.refuse(&field, message);
    }
    if let Some(host) = check::duplicate(hosts.iter().map(String::as_str)) {
        draft.refuse(field, format!("{host:?} stands there twice; keep one"));
    }
}

/// The host names that the class's templates make.
fn made(draft: &mut Draft<'_>, site: &Site<'_>, class: &Class) -> Vec<String> {
    let templates = class.spec.routing.iter().flat_map(|routing| &routing.host_templates);
    let mut hosts: Vec<String> = Vec::new();
    for template in templates {
        let host = filled(template, draft.subject).replace("{route}", &site.route.name);
        if check::hostname(&host).is_err() {
            let message = format!(
                "routing.hostTemplates of MicroserviceClass {:?} makes {host:?} of {template:?}, which is not a host name; \
                 correct the class",
                class.name
            );
            draft.problems.blame(Blame::Class, site.at("hostnames"), message);
        } else if !hosts.contains(&host) {
            hosts.push(host);
        }
    }
    hosts
}

fn filled(template: &str, subject: &Subject) -> String {
    template.replace("{name}", &subject.name).replace("{namespace}", &subject.namespace)
}

/// Whether the class lets this namespace claim the host names that the spec says. What its templates make is always
/// granted.
fn check_grants(draft: &mut Draft<'_>, site: &Site<'_>, class: &Class, made: &[String]) {
    let Some(grants) = class.spec.routing.as_ref().and_then(|routing| routing.hosts.as_ref()) else { return };
    let patterns: Vec<String> =
        grants.iter().filter(|g| is_for(g, draft.facts)).map(|g| filled(&g.pattern, draft.subject)).collect();
    let granted = |host: &String| made.contains(host) || patterns.iter().any(|pattern| covers(pattern, host));
    let (class, namespace) = (&class.name, &draft.subject.namespace);
    let terms = if patterns.is_empty() {
        format!("MicroserviceClass {class:?} grants no host name to namespace {namespace:?}")
    } else {
        format!("MicroserviceClass {class:?} grants to namespace {namespace:?} only {}", patterns.join(", "))
    };
    let step = match (made.is_empty(), patterns.is_empty()) {
        (false, _) => "leave hostnames out to get what the class makes, or ask for a grant in routing.hosts",
        (true, false) => "write one that this covers, or ask for a grant in routing.hosts",
        (true, true) => "ask for a grant in routing.hosts",
    };
    let field = site.at("hostnames");
    if site.route.hostnames.is_empty() {
        let message = format!("without a host name the route would take every host, and {terms}; {step}");
        draft.problems.blame(Blame::Rule, &field, message);
    }
    for host in site.route.hostnames.iter().filter(|host| !granted(host)) {
        draft.problems.blame(Blame::Rule, &field, format!("{host:?} is not granted: {terms}; {step}"));
    }
}

/// Whether a grant holds for the namespace of the service. Where its labels are not known, as offline, it does.
fn is_for(grant: &HostGrant, facts: &Facts) -> bool {
    match (&grant.namespaces, &facts.gateways.namespace_labels) {
        (Some(selector), Some(labels)) => selector::matches(selector, labels),
        (None, _) | (_, None) => true,
    }
}

/// Whether a pattern covers a host name, or all that a wildcard covers.
fn covers(pattern: &str, host: &str) -> bool {
    let Some(end) = pattern.strip_prefix("*.") else { return pattern == host };
    let below = |name: &str| name.strip_suffix(end).is_some_and(|rest| rest.len() > 1 && rest.ends_with('.'));
    match host.strip_prefix("*.") {
        Some(rest) => rest == end || below(rest),
        None => below(host),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_covers_names_at_any_depth_and_wildcards_that_take_no_more() {
        for (pattern, host) in [
            ("a.io", "a.io"),
            ("*.a.io", "x.a.io"),
            ("*.a.io", "y.x.a.io"),
            ("*.a.io", "*.a.io"),
            ("*.a.io", "*.x.a.io"),
        ] {
            assert!(covers(pattern, host), "{pattern} {host}");
        }
        for (pattern, host) in [
            ("a.io", "x.a.io"),
            ("a.io", "*.a.io"),
            ("*.a.io", "a.io"),
            ("*.a.io", "xa.io"),
            ("*.a.io", "*.io"),
            ("*.x.a.io", "*.a.io"),
            ("*.a.io", "*.ba.io"),
            ("*.a.io", ".a.io"),
        ] {
            assert!(!covers(pattern, host), "{pattern} {host}");
        }
    }
}
