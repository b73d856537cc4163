//! Profiles: numbered sets of all rendering defaults. A released profile is frozen; a change of a default is a new one.

use super::{Blame, Class, Invalid, Source};

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

/// The profile of a service: what its spec says, else its class, else what it was first rendered with, else the newest.
pub(super) fn choose(
    spec: Option<&str>,
    class: Option<&Class>,
    sticky: Option<&str>,
) -> Result<(&'static Profile, Source), Invalid> {
    let of_class = class.and_then(|class| class.spec.profile.as_deref());
    let (name, source) = match (spec, of_class, sticky) {
        (Some(name), _, _) => (name, Source::Spec),
        (None, Some(name), _) => (name, Source::Class),
        (None, None, Some(name)) => (name, Source::Sticky),
        (None, None, None) => (NEWEST, Source::Profile),
    };
    PROFILES.iter().find(|p| p.name == name).map(|p| (p, source)).ok_or_else(|| {
        let known: Vec<_> = PROFILES.iter().map(|p| p.name).collect();
        let whose = match (source, class) {
            (Source::Sticky, _) => " (the service was first rendered with the other one)".to_owned(),
            (Source::Class, Some(class)) => {
                format!(" into MicroserviceClass {:?}, which has the other one, or here", class.name)
            }
            _ => String::new(),
        };
        let message = format!("this operator has no profile {name:?}; write one of: {}{whose}", known.join(", "));
        let blame = if source == Source::Class { Blame::Class } else { Blame::Spec };
        Invalid { field: "profile".to_owned(), message, blame }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::class::tests::class;

    #[test]
    fn precedence_is_spec_then_class_then_first_rendering_then_newest() {
        let chosen = |spec, class: Option<&Class>, sticky| choose(spec, class, sticky).map(|(p, s)| (p.name, s));
        let (v1, v9) = (class("profile: v1"), class("profile: v9"));
        assert_eq!(chosen(Some("v1"), Some(&v9), Some("v0")), Ok(("v1", Source::Spec)));
        assert_eq!(chosen(None, Some(&v1), Some("v0")), Ok(("v1", Source::Class)));
        assert_eq!(chosen(None, Some(&class("{}")), Some("v1")), Ok(("v1", Source::Sticky)));
        assert_eq!(chosen(None, None, None), Ok((NEWEST, Source::Profile)));
        let sticky = choose(None, None, Some("v0")).unwrap_err();
        assert!(sticky.message.contains("no profile \"v0\"; write one of: v1"));
        let of_class = choose(None, Some(&v9), None).unwrap_err();
        assert_eq!(of_class.blame, Blame::Class);
        assert!(of_class.message.contains("write one of: v1 into MicroserviceClass \"gold\""), "{}", of_class.message);
    }

    #[test]
    fn names_are_distinct_and_the_newest_is_the_last() {
        let names: std::collections::BTreeSet<_> = PROFILES.iter().map(|p| p.name).collect();
        assert_eq!(names.len(), PROFILES.len());
        assert_eq!(PROFILES.last().map(|p| p.name), Some(NEWEST));
    }
}
