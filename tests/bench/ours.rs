//! The operator: a release build, in a process of its own, as it would run in a cluster.

use std::{
    process::Command,
    sync::atomic::{AtomicUsize, Ordering},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};
use microservice_tests::control_plane::{Mark, Process, Request, Requests};

use crate::{
    field::Field,
    memory::{self, Memory},
    table::{Must, Table, Unit},
};

/// How the user agent of the operator starts.
pub const AGENT: &str = "microservice-operator";
/// No request for so long is silence.
const SILENCE: Duration = Duration::from_secs(3);

/// A running operator and the namespace of its services.
pub struct Ours {
    /// The namespace.
    pub namespace: String,
    /// Memory before there was any service.
    pub empty: Memory,
    process: Process,
}

impl Ours {
    /// Starts an operator and waits until it is at rest.
    pub async fn start(field: &Field) -> Result<Self> {
        let namespace = field.cluster.namespace("ours").await?;
        let process = spawn(field)?;
        says(field, &process, "leads").await?;
        memory::idle(process.id(), field.patience()).await?;
        Ok(Self { namespace, empty: memory::memory(process.id())?, process })
    }

    /// Its memory now.
    pub fn memory(&self) -> Result<Memory> {
        if let Some(how) = self.process.ended() {
            bail!("the operator ended with {how}: {}", self.process.log().display());
        }
        memory::memory(self.process.id())
    }

    /// Seconds of processor time that it has used.
    pub fn processor_seconds(&self) -> Result<f64> {
        Ok(f64::from(u32::try_from(memory::ticks(self.process.id())?)?) / 100.0)
    }

    /// Its process.
    pub fn leader(&self) -> &Process {
        &self.process
    }

    /// Another one has taken over.
    pub fn replace(&mut self, process: Process) {
        self.process = process;
    }

    /// Asks it to end, which gives its lease up, and waits until it has.
    async fn end(&self, field: &Field) -> Result<()> {
        self.process.signal("TERM")?;
        wait(field, "the operator to end", || Ok(self.process.ended())).await.map(drop)
    }

    /// What it has asked since for the sake of services: its lease, which it renews all the time, is none of it.
    pub async fn since(&self, field: &Field, mark: Mark) -> Result<Requests> {
        Ok(self.with_lease_since(field, mark).await?.filter(is_work))
    }

    /// All that it has asked since.
    pub async fn with_lease_since(&self, field: &Field, mark: Mark) -> Result<Requests> {
        Ok(field.cluster.audit().since(mark).await?.agent(AGENT))
    }

    /// What it has asked since, once it asks nothing more.
    pub async fn all_since(&self, field: &Field, mark: Mark) -> Result<Requests> {
        let start = Instant::now();
        let mut last = mark;
        loop {
            let next = field.cluster.audit().mark().await?;
            let news = field.cluster.audit().read(last)?.agent(AGENT);
            let news = news.filter(|request| is_work(request) && request.verb != "watch");
            if last != mark && news.count() == 0 {
                return self.since(field, mark).await;
            }
            if start.elapsed() > field.patience() {
                bail!("the operator does not come to rest: {:?}", news.summary());
            }
            last = next;
            tokio::time::sleep(SILENCE).await;
        }
    }

    /// Ends it and removes its namespace.
    pub async fn leave(self, field: &Field) -> Result<()> {
        self.end(field).await?;
        field.clean(&self.namespace).await
    }

    /// Ends it, starts another, and looks at what that costs. All services stand.
    pub async fn restart(&mut self, field: &Field, table: &mut Table) -> Result<()> {
        let peak = self.memory()?.peak;
        self.end(field).await?;
        let mark = field.cluster.audit().mark().await?;
        let start = Instant::now();
        self.process = spawn(field)?;
        says(field, &self.process, "leads").await?;
        let worked = memory::idle(self.process.id(), field.patience()).await?;
        let sent = self.all_since(field, mark).await?;
        let gets = sent.clone().verb("get").count();
        table.add("restart: writes", Unit::Count, count(sent.clone().writes().count()), Must::Be(0.0));
        table.add("restart: reads of single objects", Unit::Count, count(gets), Must::Be(0.0));
        table.add("restart: lists", Unit::Count, count(sent.verb("list").count()), Must::Show);
        let took = worked.saturating_duration_since(start).as_secs_f64();
        table.add("restart: until it uses no processor time", Unit::Seconds, took, Must::Show);
        table.add("memory: at its peak, until the restart", Unit::Megabytes, peak, Must::Show);
        table.add("memory: after the restart", Unit::Megabytes, self.memory()?.resident, Must::Show);
        Ok(())
    }
}

/// Asks again and again until there is an answer.
pub async fn wait<T>(field: &Field, what: &str, mut ask: impl FnMut() -> Result<Option<T>>) -> Result<T> {
    let start = Instant::now();
    loop {
        if let Some(found) = ask().with_context(|| format!("waiting for {what}"))? {
            return Ok(found);
        }
        if start.elapsed() > field.patience() {
            bail!("timed out waiting for {what}");
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Waits until the log of an operator has these words.
pub async fn says(field: &Field, process: &Process, words: &str) -> Result<()> {
    let ask = || Ok(std::fs::read_to_string(process.log())?.contains(words).then_some(()));
    wait(field, &format!("an operator that {words}"), ask).await
}

/// Starts one as the chart would: it stands for election, and has its pages.
pub fn spawn(field: &Field) -> Result<Process> {
    static NEXT: AtomicUsize = AtomicUsize::new(1);
    let name = &format!("operator-{}", NEXT.fetch_add(1, Ordering::Relaxed));
    let program = std::env::current_exe()?.with_file_name("microservice-operator");
    let mut command = Command::new(program);
    command
        .env("IN_FLIGHT", crate::services::IN_FLIGHT.to_string())
        .env("POD_NAME", name)
        .env("POD_NAMESPACE", "default")
        .args(["--leader-elect", "--health-address", "127.0.0.1:0", "--metrics-address", "127.0.0.1:0"]);
    field.cluster.spawn(name, command).context("run `make bench`, which builds the operator")
}

/// A count as the table wants it.
pub fn count(number: usize) -> f64 {
    u32::try_from(number).map_or(f64::MAX, f64::from)
}

/// Whether a request is for the sake of a service.
fn is_work(request: &Request) -> bool {
    request.resource != "leases"
}
