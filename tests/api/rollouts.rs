//! Rollouts, disruptions and the end of a pod.

use crate::server::{self, Accepted, Refused};

pub const REFUSED: [Refused; 11] = [
    ("recreate with surge", "rollout: {strategy: Recreate, maxSurge: 1}", "strategy Recreate ends all old pods first"),
    ("no way forward", "rollout: {maxSurge: 0, maxUnavailable: 0%}", "must not both be 0"),
    (
        "a deadline before readiness",
        "rollout: {minReadySeconds: 60, progressDeadlineSeconds: 60}",
        "rollout.progressDeadlineSeconds must be greater",
    ),
    ("a surge without percent", "rollout: {maxSurge: '25'}", "write a number of pods from 0 on, or a percentage as in"),
    ("a negative surge", "rollout: {maxSurge: -1}", "write a number of pods from 0 on, or a percentage as in"),
    ("more than all", "rollout: {maxUnavailable: 101%}", "or a percentage up to \"100%\""),
    (
        "both kinds of budget",
        "disruptionBudget: {maxUnavailable: 1, minAvailable: 1}",
        "a disruption budget has maxUnavailable or minAvailable",
    ),
    (
        "a budget off and said",
        "disruptionBudget: {enabled: false, maxUnavailable: 1}",
        "disruptionBudget.enabled is false",
    ),
    (
        "an unknown eviction policy",
        "disruptionBudget: {unhealthyPodEvictionPolicy: Always}",
        "supported values: \"AlwaysAllow\", \"IfHealthyBudget\"",
    ),
    (
        "two ways to drain",
        "drainSeconds: 3\nlifecycle: {preStop: {sleep: {seconds: 3}}}",
        "drainSeconds and lifecycle.preStop both say",
    ),
    (
        "a drain as long as grace",
        "drainSeconds: 45\nterminationGracePeriodSeconds: 45",
        "must be less than terminationGracePeriodSeconds",
    ),
];

const ACCEPTED: [Accepted; 11] = [
    (
        "recreate",
        "rollout: {strategy: Recreate, minReadySeconds: 5, progressDeadlineSeconds: 6, revisionHistoryLimit: 0}",
    ),
    ("percents", "rollout: {maxSurge: 200%, maxUnavailable: 100%}"),
    ("no surge", "rollout: {maxSurge: 0, maxUnavailable: 1}"),
    ("no surge, and the rest as it follows", "rollout: {maxSurge: 0}"),
    ("a short grace", "ports: [{name: http, port: 80}]\nterminationGracePeriodSeconds: 5"),
    ("no budget", "disruptionBudget: {enabled: false}"),
    ("a budget", "disruptionBudget: {minAvailable: 50%, unhealthyPodEvictionPolicy: IfHealthyBudget}"),
    ("a long drain", "drainSeconds: 60\nterminationGracePeriodSeconds: 90"),
    ("no drain", "ports: [{name: http, port: 80}]\ndrainSeconds: 0\nterminationGracePeriodSeconds: 0"),
    ("a worker without grace", "terminationGracePeriodSeconds: 0"),
    (
        "a hook of one's own",
        "ports: [{name: http, port: 80}]\nterminationGracePeriodSeconds: 3\nlifecycle: {preStop: {exec: {command: [/stop]}}}",
    ),
];

#[tokio::test]
async fn refused() {
    server::assert_refused(&REFUSED).await;
}

#[tokio::test]
async fn accepted() {
    server::assert_accepted(&ACCEPTED).await;
}
