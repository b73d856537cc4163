//! Whether the operator is well: alive while its runtime turns and no watch is deaf, ready while it knows the cluster.

use std::{
    sync::{Mutex, PoisonError, atomic::Ordering},
    time::Duration,
};

use tokio::time::{Instant, interval};

use crate::{
    context::Context,
    store::{Served, resource_of},
};

/// How often the runtime shows that it turns.
const BEAT: Duration = Duration::from_secs(1);
/// A runtime that has not turned for so long is stuck.
const STUCK: Duration = Duration::from_secs(30);

/// The heartbeat of the runtime that reconciles run on.
pub struct Heart {
    last: Mutex<Instant>,
}

impl Default for Heart {
    fn default() -> Self {
        Self { last: Mutex::new(Instant::now()) }
    }
}

impl Heart {
    /// Beats until it is dropped.
    pub async fn beat(ctx: Context) {
        let mut interval = interval(BEAT);
        loop {
            interval.tick().await;
            *ctx.heart.last.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
        }
    }

    fn is_stuck(&self) -> bool {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).elapsed() > STUCK
    }
}

/// Whether the process works at all; why it does not. A restart would help. An API server that is away is no reason: a
/// restart would not bring it back.
///
/// # Errors
/// What is wrong, in words.
pub fn alive(ctx: &Context) -> Result<(), String> {
    if ctx.heart.is_stuck() {
        return Err(format!("nothing has run for {} s", STUCK.as_secs()));
    }
    let served = ctx.store.served();
    let synced = served.iter().enumerate().filter(|(_, served)| **served == Served::Synced);
    match ctx.metrics.pulses.deaf(synced.map(|(kind, _)| resource_of(kind))) {
        Some(resource) if ctx.metrics.pulses.in_touch() => {
            Err(format!("the watch of {resource} is silent, although the API server answers"))
        }
        _ => Ok(()),
    }
}

/// Whether the operator knows the cluster, so that it could lead: a stand-by is as ready as the leader.
///
/// # Errors
/// What is missing, in words.
pub fn ready(ctx: &Context) -> Result<(), String> {
    alive(ctx)?;
    if !ctx.started.load(Ordering::SeqCst) {
        return Err("the first lists are not in yet".to_owned());
    }
    if !ctx.metrics.pulses.in_touch() {
        return Err("the API server does not answer".to_owned());
    }
    Ok(())
}
