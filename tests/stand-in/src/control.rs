//! How it behaves, set by its environment at the start and by `PUT /control` at any time.

use std::{
    process::exit,
    str::FromStr,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use anyhow::{Result, anyhow, ensure};
use serde::{Deserialize, Serialize};

/// What is in force; the answer of `/control`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Behaviour {
    /// Whether `/_healthz` and the gRPC health service say yes. All else is answered as ever.
    pub ready: bool,
    /// How long every answer takes, but those about health and control.
    pub latency_millis: u64,
    /// How many of 100 answers are an error (500, or gRPC INTERNAL), spread evenly; not those about health and control.
    pub error_percent: u8,
    /// Memory that is held, in use and resident.
    #[serde(rename = "memoryMiB")]
    pub memory_mib: usize,
}

/// What `PUT /control` takes: what is not named stays.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Change {
    /// See [`Behaviour::ready`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ready: Option<bool>,
    /// See [`Behaviour::latency_millis`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latency_millis: Option<u64>,
    /// See [`Behaviour::error_percent`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_percent: Option<u8>,
    /// See [`Behaviour::memory_mib`].
    #[serde(rename = "memoryMiB", skip_serializing_if = "Option::is_none")]
    pub memory_mib: Option<usize>,
    /// Ends the program with this status, at once and without an answer, as a crash would.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exit: Option<i32>,
}

impl Change {
    /// What the environment says.
    pub(crate) fn read(env: impl Fn(&str) -> Option<String>) -> Result<Self> {
        Ok(Self {
            ready: read(&env, "STAND_IN_READY")?,
            latency_millis: read(&env, "STAND_IN_LATENCY_MILLIS")?,
            error_percent: read(&env, "STAND_IN_ERROR_PERCENT")?,
            memory_mib: read(&env, "STAND_IN_MEMORY_MIB")?,
            exit: read(&env, "STAND_IN_EXIT")?,
        })
    }
}

fn read<T: FromStr>(env: impl Fn(&str) -> Option<String>, name: &str) -> Result<Option<T>> {
    let value = env(name).filter(|value| !value.is_empty());
    value.map(|value| value.parse().map_err(|_| anyhow!("{name}: {value:?} is not understood"))).transpose()
}

/// The behaviour, and what it needs to be kept up.
#[derive(Debug)]
pub(crate) struct Control {
    behaviour: Mutex<Behaviour>,
    memory: Mutex<Vec<u8>>,
    /// The part of an error that is due, in percent.
    due: Mutex<u8>,
}

impl Control {
    pub(crate) fn new() -> Self {
        let behaviour = Behaviour { ready: true, latency_millis: 0, error_percent: 0, memory_mib: 0 };
        Self { behaviour: Mutex::new(behaviour), memory: Mutex::default(), due: Mutex::default() }
    }

    pub(crate) fn behaviour(&self) -> Behaviour {
        lock(&self.behaviour).clone()
    }

    pub(crate) fn change(&self, change: &Change) -> Result<Behaviour> {
        if let Some(status) = change.exit {
            exit(status);
        }
        ensure!(change.error_percent.is_none_or(|percent| percent <= 100), "errorPercent is 0 to 100");
        if let Some(mebibytes) = change.memory_mib {
            let mut memory = lock(&self.memory);
            // What was held goes first; and a page is resident only once something other than 0 is in it.
            *memory = Vec::new();
            *memory = vec![1; mebibytes << 20];
        }
        let mut behaviour = lock(&self.behaviour);
        let old = behaviour.clone();
        *behaviour = Behaviour {
            ready: change.ready.unwrap_or(old.ready),
            latency_millis: change.latency_millis.unwrap_or(old.latency_millis),
            error_percent: change.error_percent.unwrap_or(old.error_percent),
            memory_mib: change.memory_mib.unwrap_or(old.memory_mib),
        };
        Ok(behaviour.clone())
    }

    /// Takes the time that an answer is to take, and says whether it is to be an error.
    pub(crate) async fn serve(&self) -> bool {
        let behaviour = self.behaviour();
        if behaviour.latency_millis > 0 {
            tokio::time::sleep(Duration::from_millis(behaviour.latency_millis)).await;
        }
        let mut due = lock(&self.due);
        *due += behaviour.error_percent;
        let fails = *due >= 100;
        *due -= if fails { 100 } else { 0 };
        fails
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn errors_come_as_often_as_they_are_asked_for() {
        let control = Control::new();
        for percent in [0, 30, 100] {
            control.change(&Change { error_percent: Some(percent), ..Change::default() }).unwrap();
            let mut failed = 0;
            for _ in 0..100 {
                failed += u8::from(control.serve().await);
            }
            assert_eq!(failed, percent);
        }
    }

    #[test]
    fn what_is_not_named_stays() {
        let control = Control::new();
        control.change(&Change { ready: Some(false), ..Change::default() }).unwrap();
        let behaviour = control.change(&Change { memory_mib: Some(1), ..Change::default() }).unwrap();
        assert!(!behaviour.ready && behaviour.memory_mib == 1);
        assert!(control.change(&Change { error_percent: Some(101), ..Change::default() }).is_err());
    }

    #[test]
    fn a_slip_in_the_environment_is_told() {
        let env = |name: &str| (name == "STAND_IN_READY").then(|| "no".to_owned());
        assert_eq!(Change::read(env).unwrap_err().to_string(), "STAND_IN_READY: \"no\" is not understood");
    }
}
