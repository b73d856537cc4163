//! Scaling.

use crate::server::{self, Accepted, Refused};

pub const REFUSED: [Refused; 11] = [
    (
        "replicas beside a range",
        "scaling: {replicas: 2, minReplicas: 2, maxReplicas: 3}",
        "scaling.replicas cannot stand beside scaling.minReplicas/maxReplicas: change those, or remove them",
    ),
    ("replicas beside max", "scaling: {replicas: 2, maxReplicas: 3}", "scaling.replicas cannot stand beside"),
    ("min above max", "scaling: {minReplicas: 4, maxReplicas: 3}", "must not be greater than scaling.maxReplicas"),
    (
        "cpu beside replicas",
        "scaling: {replicas: 4, cpu: 80}",
        "and scaling.replicas is a fixed count: remove it, or them",
    ),
    ("min of zero", "scaling: {minReplicas: 0, maxReplicas: 3}", "only with a metric of type Object or External"),
    (
        "cpu twice",
        "scaling: {maxReplicas: 3, cpu: 50, metrics: [{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 50}}}]}",
        "scaling.metrics names a resource that scaling.cpu or scaling.memory names as well",
    ),
    (
        "a metric whose type is not its field",
        "scaling: {maxReplicas: 3, metrics: [{type: Pods, resource: {name: cpu, target: {type: Utilization, averageUtilization: 50}}}]}",
        "has the field resource, containerResource, pods, object or external",
    ),
    (
        "a target whose type is not its field",
        "scaling: {maxReplicas: 3, metrics: [{type: Resource, resource: {name: cpu, target: {type: Value, averageUtilization: 50}}}]}",
        "has the field averageUtilization, value or averageValue",
    ),
    ("negative replicas", "scaling: {replicas: -1}", "should be greater than or equal to 0"),
    ("max of zero", "scaling: {maxReplicas: 0}", "should be greater than or equal to 1"),
    ("cpu of zero", "scaling: {maxReplicas: 3, cpu: 0}", "should be greater than or equal to 1"),
];

const ACCEPTED: [Accepted; 9] = [
    ("nothing", "scaling: {}"),
    ("a count", "scaling: {replicas: 3}"),
    ("stopped", "scaling: {replicas: 0}"),
    ("max alone", "scaling: {maxReplicas: 3}"),
    ("min alone: the rest may come from the class", "scaling: {minReplicas: 4}"),
    ("a target alone: the rest may come from the class", "scaling: {cpu: 60}"),
    ("a range", "scaling: {minReplicas: 2, maxReplicas: 10, cpu: 80, memory: 120}"),
    (
        "scale to zero",
        "scaling: {minReplicas: 0, maxReplicas: 10, metrics: [{type: External, external: {metric: {name: queue}, target: {type: AverageValue, averageValue: 30}}}]}",
    ),
    (
        "behaviour",
        "scaling: {maxReplicas: 10, behavior: {scaleDown: {stabilizationWindowSeconds: 60, policies: [{type: Percent, value: 10, periodSeconds: 60}]}}}",
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
