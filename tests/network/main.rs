//! Who reaches whom, as our own reading of NetworkPolicies says and as Cyclonus says. Neither needs a cluster.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod boutique;
mod known;
// The property tests of the core try the same clusters and systems.
#[path = "../../core/tests/properties/networks.rs"]
mod networks;
mod random;
#[path = "../../core/tests/properties/rendered.rs"]
mod rendered;
#[path = "../../core/tests/properties/systems.rs"]
mod systems;
mod two;
