//! Budget, spread, and whom the pods run as.

use microservice_crds::WhenUnsatisfiable;

use super::{BudgetLimit, BudgetPlan, ServiceAccountPlan, Source, SpreadPlan, check, draft::Draft, metadata, rollout};

/// The PodDisruptionBudget: as written, else from two replicas on, else none.
pub(super) fn disruption_budget(draft: &mut Draft<'_>, least: Option<i32>) -> Option<BudgetPlan> {
    let said = draft.spec.disruption_budget.as_ref();
    let (wanted, source) = match said.map(|budget| budget.enabled) {
        Some(Some(enabled)) => (enabled, Source::Spec),
        // Who says how it looks wants one.
        Some(None) => (true, Source::Derived),
        None => (least.is_some_and(|count| count >= draft.profile.disruption_budget_from), Source::Profile),
    };
    draft.ledger.record("disruptionBudget.enabled", &wanted, source);
    if !wanted {
        return None;
    }
    let budget = said.cloned().unwrap_or_default();
    for (field, value) in [
        ("disruptionBudget.maxUnavailable", &budget.max_unavailable),
        ("disruptionBudget.minAvailable", &budget.min_available),
    ] {
        draft.problems.check(field, value.as_ref().map_or(Ok(()), rollout::check_amount));
    }
    if budget.max_unavailable.is_some() && budget.min_available.is_some() {
        draft.refuse("disruptionBudget.minAvailable", "maxUnavailable is there too; keep one of the two");
    }
    let limit = match budget.min_available {
        Some(min) => BudgetLimit::MinAvailable(min),
        None => BudgetLimit::MaxUnavailable(draft.ledger.pick(
            "disruptionBudget.maxUnavailable",
            budget.max_unavailable,
            rollout::amount(draft.profile.disruption_max_unavailable),
        )),
    };
    let policy = draft.ledger.pick(
        "disruptionBudget.unhealthyPodEvictionPolicy",
        budget.unhealthy_pod_eviction_policy,
        draft.profile.unhealthy_pod_eviction_policy.to_owned(),
    );
    if !matches!(policy.as_str(), "AlwaysAllow" | "IfHealthyBudget") {
        draft.refuse(
            "disruptionBudget.unhealthyPodEvictionPolicy",
            format!("{policy:?} is no policy; write AlwaysAllow or IfHealthyBudget"),
        );
    }
    Some(BudgetPlan { limit, unhealthy_pod_eviction_policy: policy })
}

/// How pods spread: as written (an empty list: not at all), else as the profile says.
pub(super) fn topology_spread(draft: &mut Draft<'_>) -> Vec<SpreadPlan> {
    let said = draft.spec.topology_spread.as_ref();
    let source = if said.is_some() { Source::Spec } else { Source::Profile };
    let plans: Vec<SpreadPlan> = match said {
        Some(list) => list
            .iter()
            .map(|spread| SpreadPlan {
                topology_key: spread.topology_key.clone(),
                max_skew: spread.max_skew.unwrap_or(1),
                when_unsatisfiable: spread.when_unsatisfiable,
                min_domains: spread.min_domains,
            })
            .collect(),
        None => {
            let soft = |key: &&str| SpreadPlan {
                topology_key: (*key).to_owned(),
                max_skew: 1,
                when_unsatisfiable: WhenUnsatisfiable::ScheduleAnyway,
                min_domains: None,
            };
            draft.profile.spread_over.iter().map(soft).collect()
        }
    };
    let keys: Vec<&str> = plans.iter().map(|p| p.topology_key.as_str()).collect();
    draft.ledger.record("topologySpread", &keys, source);
    for (index, plan) in plans.iter().enumerate() {
        let field = format!("topologySpread[{}]", plan.topology_key);
        draft.problems.check(&field, check::metadata_key(&plan.topology_key));
        if plan.max_skew < 1 {
            draft.refuse(format!("{field}.maxSkew"), format!("{} is too small; write 1 or more", plan.max_skew));
        }
        match plan.min_domains {
            Some(_) if plan.when_unsatisfiable != WhenUnsatisfiable::DoNotSchedule => {
                draft.refuse(format!("{field}.minDomains"), "needs whenUnsatisfiable: DoNotSchedule; write it too");
            }
            Some(domains) if domains < 1 => {
                draft.refuse(format!("{field}.minDomains"), format!("{domains} is too small; write 1 or more"));
            }
            _ => {}
        }
        let same = |other: &SpreadPlan| {
            other.topology_key == plan.topology_key && other.when_unsatisfiable == plan.when_unsatisfiable
        };
        if plans.iter().take(index).any(same) {
            draft.refuse(field, "two rules for this key and whenUnsatisfiable; keep one");
        }
    }
    plans
}

/// The ServiceAccount: one of its own, unless another is named.
pub(super) fn service_account(draft: &mut Draft<'_>) -> ServiceAccountPlan {
    let account = draft.spec.service_account.clone().unwrap_or_default();
    let own = draft.subject.name.clone();
    let create = draft.ledger.derive("serviceAccount.create", account.create, || account.name.is_none());
    let name = match (create, account.name) {
        (true, name) => {
            if name.as_ref().is_some_and(|name| *name != own) {
                draft.refuse(
                    "serviceAccount.name",
                    format!("one that is made is called {own:?}; leave the name out, or write create: false"),
                );
            }
            Some(own)
        }
        (false, name) => name,
    };
    metadata::check_annotations(draft, "serviceAccount.annotations", &account.annotations);
    if !create && !account.annotations.is_empty() {
        draft.refuse(
            "serviceAccount.annotations",
            "an existing ServiceAccount is not the operator's to annotate; annotate it yourself, or let one be made",
        );
    }
    ServiceAccountPlan { name, create, annotations: account.annotations }
}

/// The DNS policy, which may ask for resolvers.
pub(super) fn dns_policy(draft: &mut Draft<'_>) -> Option<String> {
    let policy = draft.spec.dns_policy.clone()?;
    let servers = draft.spec.dns_config.as_ref().and_then(|c| c.nameservers.as_ref()).is_some_and(|n| !n.is_empty());
    if !matches!(policy.as_str(), "ClusterFirst" | "Default" | "None") {
        draft.refuse("dnsPolicy", format!("{policy:?} is no policy; write ClusterFirst, Default or None"));
    } else if policy == "None" && !servers {
        draft.refuse("dnsPolicy", "None needs dnsConfig.nameservers; list one at least");
    }
    Some(policy)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::tests::{planned, refused};

    #[test]
    fn a_budget_from_two_replicas_on() {
        let budget = |spec: &str| planned(&format!("{{image: a:1, {spec}}}")).disruption_budget;
        assert!(budget("scaling: {replicas: 2}").is_some());
        assert!(budget("scaling: {minReplicas: 2, maxReplicas: 3}").is_some());
        for none in
            ["scaling: {replicas: 1}", "scaling: {maxReplicas: 9}", "scaling: {}", "disruptionBudget: {enabled: false}"]
        {
            assert!(budget(none).is_none(), "{none}");
        }
        let written = budget("disruptionBudget: {minAvailable: 50%}").unwrap();
        assert!(matches!(written.limit, BudgetLimit::MinAvailable(_)));
    }

    #[test]
    fn the_spread_can_be_turned_off() {
        assert_eq!(planned("{image: a:1}").pod.topology_spread.len(), 2);
        assert!(planned("{image: a:1, topologySpread: []}").pod.topology_spread.is_empty());
    }

    #[test]
    fn a_named_account_is_not_made() {
        let account = |spec: &str| planned(&format!("{{image: a:1, serviceAccount: {spec}}}")).service_account;
        assert_eq!((account("{}").name.as_deref(), account("{}").create), (Some("web"), true));
        assert_eq!((account("{name: x}").name.as_deref(), account("{name: x}").create), (Some("x"), false));
        assert_eq!(account("{create: false}").name, None);
    }

    #[test]
    fn what_contradicts_is_refused() {
        for (spec, field) in [
            ("disruptionBudget: {maxUnavailable: 1, minAvailable: 1}", "disruptionBudget.minAvailable"),
            ("topologySpread: [{topologyKey: a, minDomains: 2}]", "topologySpread[a].minDomains"),
            ("topologySpread: [{topologyKey: a}, {topologyKey: a}]", "topologySpread[a]"),
            ("serviceAccount: {name: x, create: true}", "serviceAccount.name"),
            ("serviceAccount: {name: x, annotations: {a: b}}", "serviceAccount.annotations"),
            ("dnsPolicy: None", "dnsPolicy"),
        ] {
            assert_eq!(refused(&format!("{{image: a:1, {spec}}}")), [field], "{spec}");
        }
    }
}
