//! Whether this operator may write: always where it works alone, and only while its lease surely holds where several
//! stand side by side. Asked before each write, so that an operator that was stopped, or cut off, and comes back late
//! sends nothing more.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use tokio::time::Instant;

/// The time until which writes are allowed, by the clock that no administrator can move.
pub struct Fence {
    origin: Instant,
    /// Milliseconds since the origin.
    until: AtomicU64,
}

const ALWAYS: u64 = u64::MAX;

impl Fence {
    /// For an operator that works alone.
    pub fn open() -> Self {
        Self { origin: Instant::now(), until: AtomicU64::new(ALWAYS) }
    }

    /// For one that must win an election first.
    pub fn shut() -> Self {
        Self { origin: Instant::now(), until: AtomicU64::new(0) }
    }

    /// Allows writes for so long from `start` on.
    pub fn allow(&self, start: Instant, time: Duration) {
        let until = (start + time).saturating_duration_since(self.origin).as_millis();
        self.until.store(u64::try_from(until).unwrap_or(ALWAYS), Ordering::SeqCst);
    }

    /// Allows nothing more.
    pub fn close(&self) {
        self.until.store(0, Ordering::SeqCst);
    }

    /// Whether a write may be sent now.
    pub fn permits(&self) -> bool {
        let until = self.until.load(Ordering::SeqCst);
        until == ALWAYS || self.origin.elapsed() < Duration::from_millis(until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn time_alone_closes_it() {
        let fence = Fence::shut();
        assert!(!fence.permits());
        fence.allow(Instant::now(), Duration::from_secs(7));
        tokio::time::advance(Duration::from_millis(6_999)).await;
        assert!(fence.permits());
        tokio::time::advance(Duration::from_millis(1)).await;
        assert!(!fence.permits());
        // What was asked for long ago, and answered late, is over before it begins.
        fence.allow(Instant::now() - Duration::from_secs(7), Duration::from_secs(7));
        assert!(!fence.permits());
        fence.allow(Instant::now(), Duration::from_secs(7));
        fence.close();
        assert!(!fence.permits());
    }

    #[tokio::test(start_paused = true)]
    async fn alone_it_is_always_open() {
        let fence = Fence::open();
        tokio::time::advance(Duration::from_secs(1_000_000)).await;
        assert!(fence.permits());
    }
}
