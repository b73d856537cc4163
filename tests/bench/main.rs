//! What the operator costs, against the least that any client could do: a raw client that applies the same rendered
//! objects, with the same number of requests in flight, on the same API server in the same run.
//!
//! `make bench`, or `N=1000 make bench`. Prints a table, writes `target/bench.json`, and fails if something that must
//! hold does not.

mod class;
mod failover;
mod field;
mod hopeless;
mod memory;
mod ours;
mod race;
mod repair;
mod rest;
mod services;
mod table;

use std::{
    io::{Write as _, stdout},
    process::ExitCode,
};

use anyhow::{Context as _, Result};

use crate::{field::Field, ours::Ours, race::Lap, table::Table};

/// Services, unless the variable N says another number.
const SERVICES: usize = 200;

/// Prints a line at once, also into a pipe.
macro_rules! say {
    ($($arg:tt)*) => {{
        writeln!(stdout(), $($arg)*)?;
        stdout().flush()?;
    }};
}

#[tokio::main]
async fn main() -> ExitCode {
    tokio::select! {
        result = bench() => match result {
            Ok(true) => ExitCode::SUCCESS,
            Ok(false) => ExitCode::FAILURE,
            Err(error) => {
                let _ = writeln!(std::io::stderr(), "bench: {error:#}");
                ExitCode::FAILURE
            }
        },
        _ = tokio::signal::ctrl_c() => ExitCode::FAILURE,
    }
}

async fn bench() -> Result<bool> {
    let services = match std::env::var("N") {
        Ok(number) => number.parse().ok().filter(|n| *n > 0).context("N is the number of services, such as 200")?,
        Err(_) => SERVICES,
    };
    let mut field = Field::start(services).await?;
    say!("{}", explanation(services));

    let (mut table, mut single) = (Table::default(), Table::default());
    let first = race::raw(&field).await?;
    say!("raw client, first lap:  {first}");
    let (second, operator) = race::ours(&field).await?;
    say!("operator, first lap:    {second}");
    operator.leave(&field).await?;
    let (third, operator) = race::ours(&field).await?;
    say!("operator, second lap:   {third}");
    alone(&field, operator, &mut single).await?;
    let fourth = race::raw(&field).await?;
    say!("raw client, second lap: {fourth}\n");
    race::compare(&mut table, &[second, third], &[first, fourth], services);

    table.append(single);

    // Who has no route must not notice whether there is a Gateway API.
    field.routes = false;
    let with = plain(&field, "services without routes").await?;
    field.stop();
    let field = Field::bare(services).await?;
    let bare = plain(&field, "the same without the Gateway API").await?;
    race::compare_bare(&mut table, &bare, &with, services);

    let held = table.finish(services)?;
    field.stop();
    Ok(held)
}

/// Two laps of the operator alone.
async fn plain(field: &Field, what: &str) -> Result<[Lap; 2]> {
    let (first, operator) = race::ours(field).await?;
    operator.leave(field).await?;
    let (second, operator) = race::ours(field).await?;
    operator.leave(field).await?;
    say!("operator, {what}: {first}");
    say!("operator, {what}: {second}");
    Ok([first, second])
}

/// What only the operator does.
async fn alone(field: &Field, mut operator: Ours, table: &mut Table) -> Result<()> {
    say!("operator: at rest for {} s", rest::REST.as_secs());
    rest::rest(field, &operator, table).await?;
    say!("operator: a storm of {} status writes by others", rest::STORM);
    rest::storm(field, &operator, table).await?;
    say!("operator: restart");
    operator.restart(field, table).await?;
    say!("operator: a default of the class changes");
    class::changed(field, &operator, table).await?;
    say!("operator: repairs");
    repair::edited(field, &operator, table).await?;
    repair::deleted(field, &operator, table).await?;
    say!("operator: another takes over");
    failover::failover(field, &mut operator, table).await?;
    say!("operator: one service that can never work, for {} s", hopeless::WATCHED.as_secs());
    hopeless::hopeless(field, &operator, table).await?;
    operator.leave(field).await
}

fn explanation(services: usize) -> String {
    format!(
        "{services} services with 7 children each: ServiceAccount, ConfigMap, Deployment (one pod), Service, autoscaler,\n\
         disruption budget and route. A real API server; pods by kwok; no autoscaler controller.\n\
         raw:  a client that applies the rendered children, {} requests in flight. Ready: all Deployments rolled out.\n\
         Services without routes run once more, with and without the Gateway API on the cluster.\n\
         ours: the same number of Microservices applied with as many requests in flight while the operator (a release\n\
         \x20     build, {} in flight, in a process of its own) works, with leader\n\
         \x20     election, pages and metrics. Ready: all Microservices Ready.\n\
         Seconds run from the first request of either, the better of two laps; counts and the time of the last child are\n\
         the audit log's.\n",
        services::IN_FLIGHT,
        services::IN_FLIGHT
    )
}
