//! What became of the uses of a service, and of those that use it.

use microservice_crds::DependencyStatus;

use super::{conditions::Wanted, text};
use crate::plan::{Dependency, DependencyState, Plan};

/// What nothing is wrong with.
const RESOLVED: &str = "Resolved";

/// Whether everything that a service uses was found and lets it; none where it uses nothing.
pub(super) fn dependencies(plan: &Plan) -> Option<Wanted> {
    let all = &plan.dependencies;
    let first = all.first()?;
    let wrong: Vec<&Dependency> = all.iter().filter(|dependency| is_wrong(dependency)).collect();
    let Some(worst) = wrong.iter().map(|dependency| dependency.state).max() else {
        let without: Vec<&Dependency> = all.iter().filter(|d| d.used.optional && d.absent).collect();
        if !without.is_empty() {
            let who = text::listed(without.iter().map(|d| d.provider.to_string()), without.len(), ", ");
            let message =
                format!("All that it needs is found. There is no Microservice {who}, which it can do without.");
            return Some(Wanted::new("True", "OptionalNotFound", message));
        }
        let message = match all.len() {
            1 => format!("{} is found and lets this service use it.", first.provider),
            count => format!("All {count} services that it uses are found and let it."),
        };
        return Some(Wanted::new("True", RESOLVED, message));
    };
    let status = if wrong.iter().all(|d| d.state == DependencyState::Unseen) { "Unknown" } else { "False" };
    let stories = wrong.iter().map(|dependency| story(dependency));
    Some(Wanted::new(status, reason(worst), text::listed(stories, wrong.len(), " ")))
}

/// Who does without it is in no trouble when it is not there.
fn is_wrong(dependency: &Dependency) -> bool {
    let missing = matches!(dependency.state, DependencyState::NotFound | DependencyState::Unseen);
    !(dependency.state.is_well() || dependency.used.optional && missing)
}

fn reason(state: DependencyState) -> &'static str {
    match state {
        DependencyState::Resolved | DependencyState::AsWritten => RESOLVED,
        DependencyState::NotFound => "ServiceNotFound",
        DependencyState::Unseen => "ServiceUnseen",
        DependencyState::NoPort => "PortNotFound",
        DependencyState::NoApi => "ApiNotFound",
        DependencyState::NoConsent => "NoConsent",
    }
}

/// Who and what, and what to do.
fn story(dependency: &Dependency) -> String {
    let Dependency { provider, field, why, .. } = dependency;
    let kept = match &dependency.address {
        Some(address) => format!(" The address {} that was found before stays.", address.host_port()),
        None if dependency.used.env.is_empty() => String::new(),
        None => " Its variables are left out until then.".to_owned(),
    };
    match dependency.state {
        DependencyState::Resolved | DependencyState::AsWritten => String::new(),
        DependencyState::NotFound => format!(
            "spec.{field}: there is no Microservice {provider}. Apply it, correct the name, or write a port number if it is something else.{kept}"
        ),
        DependencyState::Unseen => format!(
            "spec.{field}: the operator does not see namespace {}. Write a port number, or let it see that namespace.{kept}",
            provider.namespace
        ),
        DependencyState::NoPort | DependencyState::NoApi => {
            format!("spec.{field}: of Microservice {provider} {why}.{kept}")
        }
        DependencyState::NoConsent => {
            format!(
                "spec.{field}: Microservice {provider} does not let this service use it. Let its owner add it to spec.allowFrom."
            )
        }
    }
}

/// Who uses a service without its consent; none where there is nobody. However many they are, what they can write here is
/// bounded.
pub(super) fn consent(plan: &Plan) -> Option<Wanted> {
    let all = &plan.uninvited;
    if all.is_empty() {
        return None;
    }
    let who = text::listed(all.iter().map(ToString::to_string), all.len(), ", ");
    let message = format!(
        "{} that spec.allowFrom does not name: {who}. Add them there if they may; they are not let in.",
        if all.len() == 1 {
            "A service says that it uses this one".to_owned()
        } else {
            format!("{} services say that they use this one", all.len())
        }
    );
    Some(Wanted::new("False", "UninvitedConsumers", message))
}

/// What the status keeps of each use.
pub(super) fn records(plan: &Plan) -> Vec<DependencyStatus> {
    let record = |dependency: &Dependency| DependencyStatus {
        service: dependency.used.service.clone(),
        namespace: dependency.used.namespace.clone(),
        api: dependency.used.api.clone(),
        state: match dependency.state {
            DependencyState::NotFound if dependency.used.optional => "OptionalNotFound",
            state => state.as_str(),
        }
        .to_owned(),
        address: dependency.address.as_ref().map(|address| address.host_port()),
        scheme: dependency.address.as_ref().map(|address| address.scheme.clone()),
    };
    plan.dependencies.iter().map(record).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        graph::tests::node,
        plan::{Facts, plan, tests::subject},
    };

    fn planned(spec: &str, providers: &[(&str, Option<&str>)], consumers: usize) -> Plan {
        let mut facts = Facts::default();
        let known = |(id, spec): &(&str, Option<&str>)| {
            let node = node(id, spec.unwrap_or("{}"));
            (node.id.clone(), spec.map(|_| node.into()))
        };
        facts.neighbourhood.providers = providers.iter().map(known).collect();
        facts.neighbourhood.consumers = (0..consumers)
            .map(|n| node(&format!("tenant/c{n:03}"), "uses: [{service: web, namespace: shop}]").into())
            .collect();
        plan(&subject(&format!("{{image: 'a:1', {spec}}}")), &facts).unwrap()
    }

    fn told(spec: &str, providers: &[(&str, Option<&str>)]) -> (String, String) {
        let wanted = dependencies(&planned(spec, providers, 0)).unwrap();
        (format!("{} {}", wanted.status, wanted.say.reason), wanted.say.message)
    }

    const ONE: &str = "ports: [{name: a, port: 1}]";

    #[test]
    fn who_and_what_is_told_for_each() {
        assert!(dependencies(&planned("", &[], 0)).is_none());
        assert_eq!(told("uses: [{service: api}]", &[("shop/api", Some(ONE))]).0, "True Resolved");
        let (short, message) = told("uses: [{service: api, env: {A: Host}}]", &[("shop/api", None)]);
        assert_eq!(short, "False ServiceNotFound");
        assert!(message.starts_with("spec.uses[api]: there is no Microservice shop/api. Apply it"), "{message}");
        assert!(message.ends_with("left out until then."), "{message}");
        for used in ["{service: api, optional: true}", "{service: api, optional: true, port: 80}"] {
            let (short, message) = told(&format!("uses: [{used}]"), &[("shop/api", None)]);
            assert_eq!(short, "True OptionalNotFound");
            assert!(message.contains("no Microservice shop/api, which it can do without"), "{message}");
        }
        assert_eq!(told("uses: [{service: api, port: 80}]", &[("shop/api", None)]).0, "True Resolved");
        assert_eq!(told("uses: [{service: api}]", &[]).0, "Unknown ServiceUnseen");
        let (short, message) = told("uses: [{service: api, port: x}]", &[("shop/api", Some(ONE))]);
        assert_eq!(short, "False PortNotFound");
        assert!(message.contains("of Microservice shop/api it has no port \"x\" (it has a)."), "{message}");
        let closed = format!("{ONE}, allowFrom: []");
        let (short, message) = told("uses: [{service: api}]", &[("shop/api", Some(&closed))]);
        assert_eq!(short, "False NoConsent");
        assert!(message.contains("spec.allowFrom"), "{message}");
    }

    #[test]
    fn the_worst_gives_the_word_and_all_are_told() {
        let closed = format!("{ONE}, allowFrom: []");
        let (short, message) =
            told("uses: [{service: a}, {service: b}]", &[("shop/a", None), ("shop/b", Some(&closed))]);
        assert_eq!(short, "False NoConsent");
        assert!(message.contains("shop/a") && message.contains("shop/b"), "{message}");
    }

    #[test]
    fn what_uninvited_consumers_can_write_is_bounded() {
        assert!(consent(&planned(ONE, &[], 0)).is_none());
        let message = consent(&planned(ONE, &[], 500)).unwrap().say.message;
        assert!(message.starts_with("500 services say"), "{message}");
        assert!(message.contains("tenant/c009 and 490 more.") && !message.contains("c010"), "{message}");
        assert!(message.len() < 400, "{message}");
    }

    #[test]
    fn an_address_is_kept_for_the_day_when_its_service_is_gone() {
        let plan = planned("uses: [{service: api}, {service: redis, port: 6379}]", &[("shop/api", Some(ONE))], 0);
        let kept: Vec<_> = records(&plan).into_iter().map(|r| (r.state, r.address.unwrap())).collect();
        assert_eq!(
            kept,
            [("Resolved".into(), "api.shop.svc:1".into()), ("AsWritten".into(), "redis.shop.svc:6379".into())]
        );
    }
}
