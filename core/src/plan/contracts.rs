//! What versions of APIs mean for a service, by its class.

use microservice_crds::ContractMode;

use super::{ContractsPlan, draft::Draft};
use crate::graph::{self, Node};

/// Seconds after which a template that waits is told as stuck, unless the class says so.
const HOLD_TIMEOUT: i32 = 3600;

pub(super) fn resolve(draft: &Draft<'_>, node: &Node) -> ContractsPlan {
    let said = draft.class.and_then(|class| class.spec.contracts.as_ref());
    let mode = said.map(|contracts| contracts.mode).unwrap_or_default();
    let around = &draft.facts.neighbourhood;
    let looks = mode != ContractMode::Off;
    ContractsPlan {
        mode,
        hold_timeout_seconds: said.and_then(|contracts| contracts.hold_timeout_seconds).unwrap_or(HOLD_TIMEOUT),
        concerned: looks && (!node.offer.exposes.is_empty() || node.uses.iter().any(|used| used.version.is_some())),
        unmet: if looks { graph::unmet(node, around) } else { Vec::new() },
        unmet_by: if looks { graph::unmet_by(node, around) } else { Vec::new() },
        endings: if looks { graph::endings(node, around) } else { Vec::new() },
        hold: draft.facts.hold.clone(),
    }
}
