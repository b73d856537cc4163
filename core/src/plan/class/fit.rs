//! What of a class's defaults can stand beside what a spec says: where two values contradict each other, the class's
//! gives way, and what makes no sense for a service does not reach it.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use microservice_crds::{
    ClassDefaults, DisruptionBudget, MicroserviceSpec, Probe, Probes, Protocol, Rollout, RolloutStrategy,
};

use super::{super::rollout, Bent, Profile, resources, scaling};

/// Defaults that fit a spec.
pub(super) struct Fitted {
    pub defaults: ClassDefaults,
    pub bent: Bent,
}

pub(super) fn fit(defaults: &ClassDefaults, spec: &MicroserviceSpec, profile: &Profile) -> Fitted {
    let mut fitted = Fitted { defaults: defaults.clone(), bent: Bent::new() };
    let Fitted { defaults: class, bent } = &mut fitted;
    resources::fit(class.resources.as_mut(), spec.resources.as_ref(), bent);
    let least = scaling::fit(&mut class.scaling, spec.scaling.as_ref(), bent);
    class.disruption_budget =
        class.disruption_budget.take().and_then(|given| budget(given, spec, least, profile.disruption_budget_from));
    if let (Some(given), Some(said)) = (&mut class.rollout, &spec.rollout) {
        replacing(given, said);
    }
    ending(class, spec);
    publishing(class, spec);
    class.probes = class.probes.take().and_then(|given| probes(given, spec));
    writing(class, spec);
    fitted
}

/// A class says how a budget looks; that there is one for a single replica too, only by `enabled`.
fn budget(given: DisruptionBudget, spec: &MicroserviceSpec, least: i32, from: i32) -> Option<DisruptionBudget> {
    let Some(said) = &spec.disruption_budget else {
        return (given.enabled.is_some() || least >= from).then_some(given);
    };
    if said.enabled == Some(false) {
        return None;
    }
    let limited = said.max_unavailable.is_some() || said.min_available.is_some();
    let (max_unavailable, min_available) =
        if limited { (None, None) } else { (given.max_unavailable, given.min_available) };
    Some(DisruptionBudget { enabled: None, max_unavailable, min_available, ..given })
}

fn replacing(given: &mut Rollout, said: &Rollout) {
    let rolling = said.max_surge.is_some() || said.max_unavailable.is_some();
    if said.strategy.is_none() && rolling {
        // Only a rolling update has a surge: who speaks of it means one.
        given.strategy = None;
    }
    if said.strategy == Some(RolloutStrategy::Recreate) {
        (given.max_surge, given.max_unavailable) = (None, None);
    }
    let zero = |amount: &Option<IntOrString>| amount.as_ref().is_some_and(rollout::is_zero);
    if zero(&said.max_surge) && zero(&given.max_unavailable) {
        given.max_unavailable = None;
    }
    if zero(&said.max_unavailable) && zero(&given.max_surge) {
        given.max_surge = None;
    }
    let crossed = |ready: Option<i32>, deadline: Option<i32>| ready.zip(deadline).is_some_and(|(r, d)| r >= d);
    if crossed(said.min_ready_seconds, given.progress_deadline_seconds) {
        given.progress_deadline_seconds = None;
    }
    if crossed(given.min_ready_seconds, said.progress_deadline_seconds) {
        given.min_ready_seconds = None;
    }
}

/// The end of a pod: draining is for pods that serve, and leaves time to end.
fn ending(class: &mut ClassDefaults, spec: &MicroserviceSpec) {
    if spec.ports.is_empty() || spec.lifecycle.as_ref().is_some_and(|hooks| hooks.pre_stop.is_some()) {
        class.drain_seconds = None;
    }
    let crossed = |drain: Option<i64>, grace: Option<i64>| drain.zip(grace).is_some_and(|(d, g)| d > 0 && d >= g);
    if crossed(class.drain_seconds, spec.termination_grace_period_seconds) {
        class.drain_seconds = None;
    }
    if crossed(spec.drain_seconds, class.termination_grace_period_seconds) {
        class.termination_grace_period_seconds = None;
    }
}

/// The Service and the ServiceAccount: only where they are made, and never over what the spec says for all children.
fn publishing(class: &mut ClassDefaults, spec: &MicroserviceSpec) {
    let unsaid = |annotations: &mut BTreeMap<String, String>| {
        annotations.retain(|key, _| !spec.annotations.contains_key(key));
    };
    if spec.ports.is_empty() {
        class.service = None;
    }
    if let Some(service) = &mut class.service {
        unsaid(&mut service.annotations);
    }
    let account = spec.service_account.clone().unwrap_or_default();
    if !account.create.unwrap_or(account.name.is_none()) {
        class.service_account = None;
    }
    if let Some(account) = &mut class.service_account {
        unsaid(&mut account.annotations);
    }
}

/// Probes: only of a service with a TCP port, and only those whose port it has.
fn probes(given: Probes, spec: &MicroserviceSpec) -> Option<Probes> {
    let tcp = || spec.ports.iter().filter(|port| port.protocol.unwrap_or_default() != Protocol::Udp);
    tcp().next()?;
    let asks = |probe: &Probe| {
        let ports = [
            probe.http_get.as_ref().and_then(|handler| handler.port.as_ref()),
            probe.tcp_socket.as_ref().and_then(|handler| handler.port.as_ref()),
            probe.grpc.as_ref().and_then(|handler| handler.port.as_ref()),
        ];
        ports.into_iter().flatten().all(|port| match port {
            IntOrString::Int(_) => true,
            IntOrString::String(name) => tcp().any(|port| port.name == *name),
        })
    };
    Some(Probes {
        readiness: given.readiness.filter(asks),
        liveness: given.liveness.filter(asks),
        startup: given.startup.filter(asks),
    })
}

/// Writable directories: where the spec mounts something, that is there instead.
fn writing(class: &mut ClassDefaults, spec: &MicroserviceSpec) {
    let Some(security) = &mut class.security else { return };
    let mounts = spec.volume_mounts.iter().map(|mount| mount.mount_path.as_str());
    let taken: Vec<&str> = mounts.chain(spec.config.iter().map(|config| config.mount_path.as_str())).collect();
    let same = |a: &str, b: &str| a.trim_end_matches('/') == b.trim_end_matches('/');
    security.writable_paths.retain(|path| !taken.iter().any(|mount| same(mount, path)));
}

#[cfg(test)]
mod tests {
    use crate::plan::{
        BudgetLimit, Plan, Source,
        class::tests::{source, with_defaults},
    };

    const PORT: &str = "ports: [{name: http, port: 80, protocol: http}]";

    #[test]
    fn a_budget_is_the_classes_where_there_are_enough_replicas() {
        let class = "disruptionBudget: {minAvailable: 1, unhealthyPodEvictionPolicy: IfHealthyBudget}";
        let budget = |spec: &str| with_defaults(class, spec).disruption_budget;
        assert!(budget("scaling: {replicas: 1}").is_none());
        assert!(matches!(budget("scaling: {replicas: 2}").unwrap().limit, BudgetLimit::MinAvailable(_)));
        let mixed = budget("scaling: {replicas: 1}, disruptionBudget: {maxUnavailable: 50%}").unwrap();
        assert!(matches!(mixed.limit, BudgetLimit::MaxUnavailable(_)));
        assert_eq!(mixed.unhealthy_pod_eviction_policy, "IfHealthyBudget");
        assert!(budget("scaling: {replicas: 2}, disruptionBudget: {enabled: false}").is_none());
        // It may say that there is one always, or never; and the service may say otherwise.
        assert!(with_defaults("disruptionBudget: {enabled: true}", "").disruption_budget.is_some());
        let never = "disruptionBudget: {enabled: false}";
        assert!(with_defaults(never, "scaling: {replicas: 2}").disruption_budget.is_none());
        let plan = with_defaults(never, "disruptionBudget: {maxUnavailable: 1}");
        assert!(plan.disruption_budget.is_some());
        assert_eq!(source(&plan, "disruptionBudget.enabled").unwrap().0, Source::Derived);
    }

    #[test]
    fn a_rollout_keeps_what_fits() {
        let rolling = |class: &str, spec: &str| {
            let plan = with_defaults(&format!("rollout: {{{class}}}"), &format!("rollout: {{{spec}}}"));
            plan.rollout.rolling.map(|r| format!("{:?} {:?}", r.max_surge, r.max_unavailable))
        };
        assert_eq!(rolling("maxSurge: 2", "strategy: Recreate"), None);
        assert_eq!(rolling("strategy: Recreate", ""), None);
        assert_eq!(rolling("strategy: Recreate", "maxSurge: 3").unwrap(), "Int(3) Int(0)");
        assert_eq!(rolling("maxUnavailable: 0", "maxSurge: 0").unwrap(), "Int(0) Int(1)");
        assert_eq!(rolling("maxSurge: 0, maxUnavailable: 1", "maxUnavailable: 0").unwrap(), "String(\"25%\") Int(0)");
        let late = with_defaults("rollout: {progressDeadlineSeconds: 60}", "rollout: {minReadySeconds: 90}").rollout;
        assert_eq!((late.min_ready_seconds, late.progress_deadline_seconds), (Some(90), None));
        let slow = with_defaults("rollout: {minReadySeconds: 90}", "rollout: {progressDeadlineSeconds: 60}").rollout;
        assert_eq!((slow.min_ready_seconds, slow.progress_deadline_seconds), (None, Some(60)));
    }

    #[test]
    fn a_drain_fits_into_the_grace_and_is_for_pods_that_serve() {
        let drain = |plan: &Plan| {
            let hook = plan.pod.containers.main().unwrap().lifecycle.clone().and_then(|l| l.pre_stop);
            hook.and_then(|h| h.sleep).map(|s| s.seconds)
        };
        assert_eq!(drain(&with_defaults("drainSeconds: 9", PORT)), Some(9));
        assert_eq!(drain(&with_defaults("drainSeconds: 9", "")), None);
        assert_eq!(
            drain(&with_defaults("drainSeconds: 20", &format!("{PORT}, terminationGracePeriodSeconds: 10"))),
            Some(5)
        );
        let hook = format!("{PORT}, lifecycle: {{preStop: {{exec: {{command: [bye]}}}}}}");
        assert_eq!(drain(&with_defaults("drainSeconds: 9", &hook)), None);
        let long = with_defaults("terminationGracePeriodSeconds: 10", &format!("{PORT}, drainSeconds: 20"));
        assert_eq!((drain(&long), long.pod.termination_grace_period_seconds), (Some(20), 30));
    }

    #[test]
    fn annotations_reach_only_what_is_made() {
        let class = "service: {annotations: {a: class, b: class}, trafficDistribution: PreferSameZone}, \
                     serviceAccount: {annotations: {a: class, b: class}}";
        let plan = with_defaults(class, &format!("{PORT}, annotations: {{b: mine}}"));
        let service = plan.service.as_ref().unwrap();
        assert_eq!(service.annotations.keys().collect::<Vec<_>>(), ["a"], "b stands there by spec.annotations");
        assert_eq!(service.traffic_distribution.as_deref(), Some("PreferSameZone"));
        assert_eq!(plan.service_account.annotations.keys().collect::<Vec<_>>(), ["a"]);
        let worker = with_defaults(class, "serviceAccount: {name: other}");
        assert!(worker.service.is_none() && worker.service_account.annotations.is_empty());
        assert_eq!(source(&worker, "service.trafficDistribution"), None);
    }

    #[test]
    fn probes_need_their_port() {
        let class = "probes: {readiness: {httpGet: {path: /ok, port: http}}, liveness: {httpGet: {path: /live}, periodSeconds: 7}}";
        let main = |spec: &str| with_defaults(class, spec).pod.containers.main.remove(0);
        let both = main(PORT);
        assert!(both.readiness.unwrap().http_get.is_some() && both.liveness.unwrap().http_get.is_some());
        let other = main("ports: [{name: grpc, port: 80}]");
        assert!(other.readiness.unwrap().tcp_socket.is_some(), "the profile's");
        assert!(other.liveness.unwrap().http_get.is_some());
        let worker = main("ports: [{name: http, port: 80, protocol: udp}]");
        assert!(worker.readiness.is_none() && worker.liveness.is_none());
        // With or without a handler, the service's own replaces the class's as a whole.
        let own = main(&format!("{PORT}, probes: {{liveness: {{failureThreshold: 9}}}}")).liveness.unwrap();
        assert!(own.tcp_socket.is_some() && own.period_seconds.is_none());
        assert!(main(&format!("{PORT}, probes: {{liveness: {{disabled: true}}}}")).liveness.is_none());
    }

    #[test]
    fn a_mount_of_the_service_goes_before_a_writable_path() {
        let spec = "volumes: [{name: v, emptyDir: {}}], volumeMounts: [{name: v, mountPath: /var/a/}], \
                    config: {mountPath: /etc/app, files: {a: x}}";
        let plan = with_defaults("security: {writablePaths: [/var/a, /var/b, /etc/app]}", spec);
        let mounts = plan.pod.containers.main().unwrap().mounts.iter().map(|m| m.mount_path.as_str());
        assert_eq!(mounts.collect::<Vec<_>>(), ["/var/a/", "/etc/app", "/var/b", "/tmp"]);
    }
}
