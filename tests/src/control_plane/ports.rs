//! Free ports on loopback.

use std::{
    collections::BTreeSet,
    net::{Ipv4Addr, TcpListener},
    sync::Mutex,
    time::{SystemTime, UNIX_EPOCH},
};

use anyhow::{Result, bail};

/// Below the range that the kernel takes for outgoing connections, so that none of those can take the port between
/// our look and the server's start.
const RANGE: std::ops::Range<u16> = 20_000..32_000;

/// Ports that this process has already given away: their server may not have started yet.
static GIVEN: Mutex<BTreeSet<u16>> = Mutex::new(BTreeSet::new());

/// A port that nobody listens on. Another process may still be faster; the start is then tried again.
pub(crate) fn free() -> Result<u16> {
    let mut given = GIVEN.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    let span = u32::from(RANGE.end - RANGE.start);
    // Processes that start together must not walk the same row of ports.
    let nanos = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.subsec_nanos());
    let first = std::process::id().wrapping_mul(7919).wrapping_add(nanos / 1000) % span;
    for step in 0..span {
        let Ok(offset) = u16::try_from((first + step) % span) else {
            continue;
        };
        let port = RANGE.start + offset;
        if !given.contains(&port) && TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            given.insert(port);
            return Ok(port);
        }
    }
    bail!("no free port on loopback between {} and {}", RANGE.start, RANGE.end)
}
