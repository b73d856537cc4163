//! The pure heart of microservice-operator: from a Microservice to the objects that it stands for, and from what was
//! seen of them to its status. No client, no async runtime, no clock: the time is an argument, and the same input gives
//! the same bytes in the controller and in the command line tool.
//!
//! ```text
//! Microservice + facts ──plan──> Plan ──children──> objects ──overrides──> desired objects
//!                        └──────────────── render ────────────────┘              │
//!                                     status <──status── Outcome <──(applied by the operator)
//! ```

pub mod children;
pub mod compare;
pub mod gateway;
pub mod graph;
pub mod offline;
pub mod outcome;
pub mod plan;
pub mod render;
pub mod selector;
pub mod status;
