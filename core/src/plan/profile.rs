//! Profiles: numbered sets of all rendering defaults. A released profile is frozen; a change of a default is a new one.

use super::{Invalid, Source};

/// A set of rendering defaults.
#[derive(Debug, PartialEq, Eq)]
pub struct Profile {
    /// Its name. Example: `v1`.
    pub name: &'static str,
    /// Pods above the count during a rollout.
    pub max_surge: Amount,
    /// Pods below the count during a rollout.
    pub max_unavailable: Amount,
    /// Seconds that a pod has to end.
    pub termination_grace_period_seconds: i64,
    /// Seconds that a stopping pod with a port still serves.
    pub drain_seconds: i64,
    /// Whether a pod with a TCP port gets a readiness probe that connects to it.
    pub tcp_readiness: bool,
    /// CPU use in percent of the request that an autoscaler without any metric aims for.
    pub cpu_target: i32,
    /// Node labels to spread over, each with skew 1 and ScheduleAnyway.
    pub spread_over: &'static [&'static str],
    /// Pods that a drain may take at once.
    pub disruption_max_unavailable: Amount,
    /// Whether pods that are not ready may always be taken.
    pub unhealthy_pod_eviction_policy: &'static str,
    /// Least count of replicas from which there is a budget.
    pub disruption_budget_from: i32,
    /// Whether pods see the token of their ServiceAccount.
    pub automount_service_account_token: bool,
    /// Whether pods get the addresses of all Services as environment variables.
    pub service_links: bool,
    /// The directory that stays writable on a read-only root file system.
    pub scratch_directory: &'static str,
}

/// A number of pods.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Amount {
    /// As a count.
    Pods(i32),
    /// In percent of the replicas.
    Percent(i32),
}

/// All profiles that are alive, oldest first.
pub static PROFILES: &[Profile] = &[Profile {
    name: "v1",
    max_surge: Amount::Percent(25),
    max_unavailable: Amount::Pods(0),
    termination_grace_period_seconds: 30,
    drain_seconds: 5,
    tcp_readiness: true,
    cpu_target: 80,
    spread_over: &["topology.kubernetes.io/zone", "kubernetes.io/hostname"],
    disruption_max_unavailable: Amount::Pods(1),
    unhealthy_pod_eviction_policy: "AlwaysAllow",
    disruption_budget_from: 2,
    automount_service_account_token: false,
    service_links: false,
    scratch_directory: "/tmp",
}];

/// The name of the profile that new services get.
pub const NEWEST: &str = "v1";

/// The profile of a service: what its spec says, else what it was first rendered with, else the newest.
pub(super) fn choose(spec: Option<&str>, sticky: Option<&str>) -> Result<(&'static Profile, Source), Invalid> {
    let (name, source) = match (spec, sticky) {
        (Some(name), _) => (name, Source::Spec),
        (None, Some(name)) => (name, Source::Sticky),
        (None, None) => (NEWEST, Source::Profile),
    };
    PROFILES.iter().find(|p| p.name == name).map(|p| (p, source)).ok_or_else(|| {
        let known: Vec<_> = PROFILES.iter().map(|p| p.name).collect();
        let message = format!(
            "this operator has no profile {name:?}; write one of: {}{}",
            known.join(", "),
            if source == Source::Sticky { " (the service was first rendered with the other one)" } else { "" }
        );
        Invalid::spec("profile", message)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn precedence_is_spec_then_first_rendering_then_newest() {
        assert_eq!(choose(Some("v1"), Some("v0")).map(|(p, s)| (p.name, s)), Ok(("v1", Source::Spec)));
        assert_eq!(choose(None, Some("v1")).map(|(p, s)| (p.name, s)), Ok(("v1", Source::Sticky)));
        assert_eq!(choose(None, None).map(|(p, s)| (p.name, s)), Ok((NEWEST, Source::Profile)));
        assert!(choose(None, Some("v0")).unwrap_err().message.contains("no profile \"v0\"; write one of: v1"));
    }

    #[test]
    fn names_are_distinct_and_the_newest_is_the_last() {
        let names: std::collections::BTreeSet<_> = PROFILES.iter().map(|p| p.name).collect();
        assert_eq!(names.len(), PROFILES.len());
        assert_eq!(PROFILES.last().map(|p| p.name), Some(NEWEST));
    }
}
