//! What the operator does when something goes wrong: every fault at every call, an API server that is gone or refuses
//! everything, a panic, an object that cannot be decoded, a service that can never work, two operators at once.
//!
//! `FAULTS=all` (`make faults`) runs the long lists; without it a choice that is done in a minute.

// A test shows what it measured, and a panic is how it reports a broken assumption.
#![allow(clippy::print_stdout, clippy::indexing_slicing, clippy::panic)]

mod enumeration;
mod hopeless;
mod late;
mod namespace;
mod oracles;
mod outage;
mod panics;
mod rest;
mod rivals;
mod trial;
mod undecodable;

/// Whether the long lists are asked for.
fn all() -> bool {
    std::env::var("FAULTS").is_ok_and(|value| value == "all")
}
