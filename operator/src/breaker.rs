//! One breaker for all requests: when the API server answers with 429 or 5xx or not at all, the whole operator slows
//! down, not only the object that happened to ask.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::{sync::Notify, time::Instant};

use crate::backoff;

const FIRST: Duration = Duration::from_millis(500);
const MOST: Duration = Duration::from_secs(10);
/// Faults in a row that open the breaker: a single one may concern a single object.
const PATIENCE: u32 = 5;

/// The state of the API server, as the last requests found it.
#[derive(Default)]
pub struct Breaker {
    state: Mutex<State>,
    closed: Notify,
}

#[derive(Default)]
struct State {
    faults: u32,
    open_until: Option<Instant>,
}

/// What a request says of the API server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sign {
    /// It answers.
    Well,
    /// It is overloaded, broken or gone. With the time that it asks to be left alone, if it does.
    Ill(Option<Duration>),
}

impl Breaker {
    /// Waits until a request may be sent. While the breaker is open one request at a time finds out.
    pub async fn pass(&self) {
        loop {
            let closed = self.closed.notified();
            let until = {
                let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
                match state.open_until {
                    Some(until) if until > Instant::now() => until,
                    Some(_) => {
                        // This caller is the probe; the others wait for what it finds.
                        state.open_until = Some(Instant::now() + MOST);
                        return;
                    }
                    None => return,
                }
            };
            let _ = tokio::time::timeout_at(until, closed).await;
        }
    }

    /// Whether requests wait.
    pub fn is_open(&self) -> bool {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).open_until.is_some()
    }

    /// Notes what a request found. Answers true when the API server is back after the breaker was open.
    pub fn note(&self, sign: Sign) -> bool {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        match sign {
            Sign::Well => {
                state.faults = 0;
                let closes = state.open_until.take().is_some();
                if closes {
                    self.closed.notify_waiters();
                }
                closes
            }
            Sign::Ill(wait) => {
                state.faults += 1;
                if state.faults >= PATIENCE {
                    let delay = backoff::delay(state.faults - PATIENCE + 1, FIRST, MOST);
                    state.open_until = Some(Instant::now() + wait.unwrap_or_default().max(delay));
                }
                false
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn opens_after_some_faults_and_closes_with_one_success() {
        let breaker = Breaker::default();
        let start = Instant::now();
        for _ in 0..PATIENCE - 1 {
            breaker.note(Sign::Ill(None));
        }
        breaker.pass().await;
        assert_eq!(start.elapsed(), Duration::ZERO);
        breaker.note(Sign::Ill(Some(Duration::from_secs(7))));
        breaker.pass().await;
        assert_eq!(start.elapsed().as_secs(), 7);
        assert!(breaker.note(Sign::Well));
        breaker.pass().await;
        assert!(!breaker.note(Sign::Well));
        assert_eq!(start.elapsed().as_secs(), 7);
    }

    #[tokio::test(start_paused = true)]
    async fn those_who_wait_go_on_when_the_probe_has_found_it_well() {
        let breaker = Breaker::default();
        for _ in 0..PATIENCE {
            breaker.note(Sign::Ill(None));
        }
        breaker.pass().await;
        let start = Instant::now();
        let probe = async {
            tokio::time::sleep(Duration::from_millis(100)).await;
            breaker.note(Sign::Well)
        };
        let ((), closed) = tokio::join!(breaker.pass(), probe);
        assert!(closed);
        assert_eq!(start.elapsed().as_millis(), 100);
    }
}
