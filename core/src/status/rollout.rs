//! How far the Deployment is.

use microservice_crds::MicroserviceStatus;

use super::conditions;
use crate::outcome::{ChildOutcome, ChildResult, DeploymentHealth, Health};

/// How far a rollout is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rollout {
    /// Its controller has not looked at the newest spec.
    Waiting,
    /// Pods are being replaced or made.
    Rolling,
    /// The deadline for progress has passed.
    Deadline,
    /// All pods are of the newest template, but there are fewer than wanted: more were asked for, or some were lost.
    Short,
    /// No pods are wanted, and there are none.
    Empty,
    /// All wanted pods are of the newest template and available.
    Complete,
}

/// The Deployment among the children.
pub(super) fn deployment(children: &[ChildOutcome]) -> Option<(&ChildOutcome, Option<&DeploymentHealth>)> {
    children.iter().find(|c| c.kind == "Deployment").map(|child| match &child.health {
        Health::Deployment(health) => (child, Some(health)),
        _ => (child, None),
    })
}

/// Whether no pod of an older template is left.
pub fn rollout_complete(health: &DeploymentHealth) -> bool {
    matches!(state(health), Rollout::Complete | Rollout::Short | Rollout::Empty)
}

/// Reads the health of a Deployment.
pub(super) fn state(health: &DeploymentHealth) -> Rollout {
    if health.observed_generation < health.generation {
        return Rollout::Waiting;
    }
    let reason = health.progressing.as_ref().map(|v| v.reason.as_str());
    if reason == Some("ProgressDeadlineExceeded") {
        return Rollout::Deadline;
    }
    if health.spec_replicas == 0 {
        return if health.replicas == 0 { Rollout::Empty } else { Rollout::Rolling };
    }
    let rolled = match reason {
        // Without a deadline a Deployment has no such condition; a paused one tells nothing else there.
        None | Some("DeploymentPaused") => health.updated == health.replicas && health.updated >= health.spec_replicas,
        Some(reason) => reason == "NewReplicaSetAvailable" && health.updated == health.replicas,
    };
    let enough = match &health.available_verdict {
        Some(verdict) => verdict.is_true(),
        None => health.available >= health.spec_replicas,
    };
    match (rolled, enough && health.updated >= health.spec_replicas) {
        (false, _) => Rollout::Rolling,
        (true, false) if reason.is_none() && health.available < health.updated => Rollout::Rolling,
        (true, false) => Rollout::Short,
        (true, true) => Rollout::Complete,
    }
}

/// Whether a service that was Ready stays so although it has fewer pods than wanted for a moment: an autoscaler asked
/// for more, or a lost pod is being replaced. Some still serve, nothing is wrong with the others, and nothing rolls.
pub(super) fn holds(
    previous: Option<&MicroserviceStatus>,
    generation: i64,
    child: &ChildOutcome,
    health: &DeploymentHealth,
) -> bool {
    let untouched =
        matches!(child.result, ChildResult::Equal | ChildResult::Resisted { .. } | ChildResult::Repaired { .. });
    let settled = health.progressing.as_ref().is_none_or(|v| v.reason == "NewReplicaSetAvailable")
        && health.updated == health.replicas;
    let was_ready = previous.is_some_and(|p| {
        p.observed_generation == generation && conditions::find(p, "Ready").is_some_and(|c| c.status == "True")
    });
    let small = matches!(state(health), Rollout::Short | Rollout::Waiting);
    was_ready && untouched && settled && small && health.available > 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::status::fixtures::{complete, deployment, fresh};

    #[test]
    fn a_rollout_is_complete_only_when_all_of_it_is() {
        const AVAILABLE: &str = "NewReplicaSetAvailable";
        let without_deadline =
            |updated, available| DeploymentHealth { progressing: None, ..deployment(3, updated, available, "") };
        for (health, wanted) in [
            (fresh(3), Rollout::Waiting),
            (DeploymentHealth { generation: 2, ..complete(3) }, Rollout::Waiting),
            (complete(3), Rollout::Complete),
            (complete(0), Rollout::Empty),
            (DeploymentHealth { spec_replicas: 0, ..complete(3) }, Rollout::Rolling),
            (deployment(3, 3, 3, "ReplicaSetUpdated"), Rollout::Rolling),
            (deployment(3, 0, 0, "NewReplicaSetCreated"), Rollout::Rolling),
            // The word is of the template before: the old pods are still there.
            (DeploymentHealth { replicas: 4, ..deployment(3, 1, 3, AVAILABLE) }, Rollout::Rolling),
            (deployment(3, 3, 2, AVAILABLE), Rollout::Short),
            (deployment(5, 3, 3, AVAILABLE), Rollout::Short),
            (deployment(3, 3, 0, "ProgressDeadlineExceeded"), Rollout::Deadline),
            (without_deadline(3, 3), Rollout::Complete),
            (without_deadline(3, 2), Rollout::Rolling),
            (without_deadline(2, 2), Rollout::Rolling),
        ] {
            assert_eq!(state(&health), wanted, "{health:?}");
        }
    }
}
