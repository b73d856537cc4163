//! Creating all services, and changing the image of all: the operator against the raw client.

use std::{
    collections::HashMap,
    fmt,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};
use jiff::Timestamp;
use k8s_openapi::api::apps::v1::Deployment;
use microservice_crds::Microservice;
use microservice_tests::control_plane::{Mark, Request, Requests};

use crate::{
    field::Field,
    memory,
    ours::{Ours, count},
    services::{self, CHILDREN},
    table::{Must, Table, Unit},
};

const RAW: &str = "bench-raw";

/// One of the two scenarios, once.
pub struct Run {
    /// From the first request to the arrival of the last write of a child.
    children: Duration,
    /// From the first request until all are Ready.
    ready: Duration,
    /// Processor time of the whole control plane until then: what other programs do meanwhile does not change it.
    processor: Duration,
    requests: Requests,
}

/// Both scenarios of one contender.
pub struct Lap {
    create: Run,
    image: Run,
}

impl fmt::Display for Lap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [children, created, changed] =
            [self.create.children, self.create.ready, self.image.ready].map(|d| d.as_secs_f64());
        write!(f, "created after {children:.1} s, Ready after {created:.1} s; new image Ready after {changed:.1} s")
    }
}

/// The start of a run.
struct Start {
    mark: Mark,
    at: Instant,
    clock: Timestamp,
    processor: f64,
}

impl Start {
    async fn now(field: &Field) -> Result<Self> {
        let mark = field.cluster.audit().mark().await?;
        let processor = memory::processor_seconds(field.cluster.folder());
        Ok(Self { mark, at: Instant::now(), clock: Timestamp::now(), processor })
    }

    /// Processor time since.
    fn processor(&self, field: &Field) -> Duration {
        let seconds = memory::processor_seconds(field.cluster.folder()) - self.processor;
        Duration::from_secs_f64(seconds.max(0.0))
    }

    fn run(&self, ready: Instant, processor: Duration, requests: Requests) -> Result<Run> {
        let last = requests.0.iter().filter(|request| writes_child(request)).filter_map(|r| r.timestamp).max();
        let last = last.context("no child was written")?;
        let children = Duration::try_from(last.duration_since(self.clock)).unwrap_or_default();
        Ok(Run { children, ready: ready - self.at, processor, requests })
    }
}

fn writes_child(request: &Request) -> bool {
    request.is_write() && !matches!(request.resource.as_str(), "microservices" | "events")
}

/// One lap of the raw client.
pub async fn raw(field: &Field) -> Result<Lap> {
    let namespace = field.cluster.namespace("raw").await?;
    let client = field.cluster.client_named(RAW)?;
    let first = services::rendered(field.services, 1, &namespace)?;
    let second = services::of_kind(services::rendered(field.services, 2, &namespace)?, "Deployment");
    let mut runs = Vec::new();
    for (version, documents) in [(1, first), (2, second)] {
        let image = services::image(version);
        let start = Start::now(field).await?;
        let ready = field.all(&namespace, |deployment: &Deployment| rolled_out(deployment, &image));
        let (_, ready) = tokio::try_join!(services::apply(&client, &namespace, &documents), ready)?;
        let processor = start.processor(field);
        runs.push(start.run(ready, processor, field.cluster.audit().since(start.mark).await?.agent(RAW))?);
    }
    field.clean(&namespace).await?;
    lap(runs)
}

/// One lap of the operator, which goes on running.
pub async fn ours(field: &Field) -> Result<(Lap, Ours)> {
    let operator = Ours::start(field).await?;
    let mut runs = Vec::new();
    for version in [1, 2] {
        let image = services::image(version);
        let documents = services::microservices(field.services, version, field.routes);
        let start = Start::now(field).await?;
        let ready = field.all(&operator.namespace, |service: &Microservice| is_ready(service, &image));
        let apply = services::apply(&field.user, &operator.namespace, &documents);
        let (_, ready) = tokio::try_join!(apply, ready)?;
        let processor = start.processor(field);
        // What it still writes when all are Ready counts as well.
        runs.push(start.run(ready, processor, operator.all_since(field, start.mark).await?)?);
    }
    Ok((lap(runs)?, operator))
}

fn lap(runs: Vec<Run>) -> Result<Lap> {
    let mut runs = runs.into_iter();
    let (create, image) = runs.next().zip(runs.next()).context("a lap has two runs")?;
    Ok(Lap { create, image })
}

fn rolled_out(deployment: &Deployment, image: &str) -> bool {
    let (Some(spec), Some(status)) = (&deployment.spec, &deployment.status) else { return false };
    let images = spec.template.spec.iter().flat_map(|pod| &pod.containers).map(|c| c.image.as_deref());
    let wanted = spec.replicas.unwrap_or(1);
    let counts = [status.replicas, status.updated_replicas, status.available_replicas];
    images.eq([Some(image)])
        && status.observed_generation == deployment.metadata.generation
        && counts.iter().all(|count| count.unwrap_or(0) == wanted)
}

fn is_ready(service: &Microservice, image: &str) -> bool {
    let Some(status) = &service.status else { return false };
    Some(status.observed_generation) == service.metadata.generation
        && status.image.as_deref() == Some(image)
        && status.conditions.iter().any(|c| c.type_ == "Ready" && c.status == "True")
}

/// The lines that compare.
pub fn compare(table: &mut Table, ours: &[Lap], raw: &[Lap], services: usize) {
    let each = count(services);
    let per_service = |runs: &[&Run], what: fn(&Request) -> bool| {
        runs.iter().map(|run| count(run.requests.clone().filter(what).count())).sum::<f64>() / count(runs.len()) / each
    };
    // The better of two laps: what else runs on the machine can only add.
    let seconds = |laps: &[Lap], time: fn(&Lap) -> Duration| {
        laps.iter().map(|lap| time(lap).as_secs_f64()).fold(f64::INFINITY, f64::min)
    };
    let (created, created_raw): (Vec<_>, Vec<_>) = (runs(ours, |l| &l.create), runs(raw, |l| &l.create));
    let (changed, changed_raw): (Vec<_>, Vec<_>) = (runs(ours, |l| &l.image), runs(raw, |l| &l.image));
    let children = count(CHILDREN);

    let (a, b) = (per_service(&created, writes_child), per_service(&created_raw, writes_child));
    table.compare("create: writes of children, each service", Unit::EachService, a, b, Must::Be(children));
    let most = most(&created, |request| request.subresource == "status");
    table.add("create: writes of status, most of any service", Unit::Count, most, Must::AtMost(2.0));
    let others = per_service(&created, |request| !writes_child(request) && request.subresource != "status");
    table.add("create: reads and all else, each service", Unit::EachService, others, Must::Be(0.0));
    for (what, time) in [
        ("create: to all children", (|lap: &Lap| lap.create.children) as fn(&Lap) -> Duration),
        ("create: to all Ready", |lap: &Lap| lap.create.ready),
    ] {
        table.compare(what, Unit::Seconds, seconds(ours, time), seconds(raw, time), Must::Ratio(1.5));
    }

    let time = |lap: &Lap| lap.create.processor;
    let what = "create: processor time of the control plane";
    table.compare(what, Unit::Seconds, seconds(ours, time), seconds(raw, time), Must::Show);

    let (a, b) = (per_service(&changed, |_| true), per_service(&changed_raw, |_| true));
    table.compare("new image: requests, each service", Unit::EachService, a, b, Must::AtMost(3.0));
    let most = self::most(&changed, |_| true);
    table.add("new image: requests, most of any service", Unit::Count, most, Must::AtMost(3.0));
    let time = |lap: &Lap| lap.image.ready;
    // Three requests where the raw client sends one, all to a server that shares the processors: 1.5 is for create, where
    // it is 9 for 7.
    table.compare("new image: to all Ready", Unit::Seconds, seconds(ours, time), seconds(raw, time), Must::Ratio(2.0));
    let time = |lap: &Lap| lap.image.processor;
    let what = "new image: processor time of the control plane";
    table.compare(what, Unit::Seconds, seconds(ours, time), seconds(raw, time), Must::Show);
}

/// Services without routes on a cluster without the Gateway API, against the same on a cluster with it.
pub fn compare_bare(table: &mut Table, bare: &[Lap], with: &[Lap], services: usize) {
    for (what, which) in [("create", (|lap| &lap.create) as fn(&Lap) -> &Run), ("new image", |lap| &lap.image)] {
        // Of statuses there may be one or two, as the pods come: what is asked of every service must be the same.
        let requests = |laps: &[Lap]| {
            let each = laps.iter().map(|lap| {
                count(which(lap).requests.clone().filter(|request| request.subresource != "status").count())
            });
            each.fold(0.0, f64::max) / count(services)
        };
        let (a, b) = (requests(bare), requests(with));
        let line = format!("no Gateway API (raw: with it): {what}: requests but for status, each service");
        table.compare(line, Unit::EachService, a, b, Must::Be(b));
        let seconds =
            |laps: &[Lap]| laps.iter().map(|lap| which(lap).ready.as_secs_f64()).fold(f64::INFINITY, f64::min);
        let line = format!("no Gateway API (raw: with it): {what}: to all Ready");
        table.compare(line, Unit::Seconds, seconds(bare), seconds(with), Must::Ratio(1.5));
    }
}

fn runs(laps: &[Lap], which: fn(&Lap) -> &Run) -> Vec<&Run> {
    laps.iter().map(which).collect()
}

/// The most requests that any one service took in any one run.
fn most(runs: &[&Run], what: fn(&Request) -> bool) -> f64 {
    let each = runs.iter().map(|run| {
        let mut counts: HashMap<&str, usize> = HashMap::new();
        for request in run.requests.0.iter().filter(|request| what(request)) {
            // Some children are called as their service, a suffix and something more.
            let service = request.name.split("--").next().unwrap_or_default();
            *counts.entry(service).or_default() += 1;
        }
        counts.into_values().max().unwrap_or_default()
    });
    count(each.max().unwrap_or_default())
}
