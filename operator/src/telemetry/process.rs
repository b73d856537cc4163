//! What the kernel says of this process, under the names that Prometheus' own clients use.

use std::fs;

use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric},
    metrics::{counter::ConstCounter, gauge::ConstGauge},
    registry::Unit,
};

/// Clock ticks in a second and bytes in a page: Linux on all platforms that the image is made for.
const TICKS: f64 = 100.0;
const PAGE: f64 = 4096.0;

/// Reads `/proc` at each scrape.
#[derive(Debug)]
pub(super) struct Process;

/// What `/proc/self/stat` tells.
#[derive(Debug, PartialEq)]
struct Stat {
    cpu_seconds: f64,
    /// Seconds after the machine's start.
    started: f64,
    resident: f64,
}

impl Stat {
    fn parse(text: &str) -> Option<Self> {
        // The name of the program may hold anything, but ends with the last parenthesis.
        let (_, rest) = text.rsplit_once(')')?;
        let fields: Vec<f64> = rest.split_whitespace().map(|field| field.parse().unwrap_or_default()).collect();
        // Counted from the state, which is field 3 in proc(5).
        let field = |number: usize| fields.get(number - 3).copied();
        Some(Self {
            cpu_seconds: (field(14)? + field(15)?) / TICKS,
            started: field(22)? / TICKS,
            resident: field(24)? * PAGE,
        })
    }
}

fn boot_time() -> Option<f64> {
    let text = fs::read_to_string("/proc/stat").ok()?;
    text.lines().find_map(|line| line.strip_prefix("btime "))?.trim().parse().ok()
}

impl Collector for Process {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), std::fmt::Error> {
        let Some(stat) = fs::read_to_string("/proc/self/stat").ok().and_then(|text| Stat::parse(&text)) else {
            return Ok(());
        };
        let mut gauge = |name: &str, help: &str, unit: Option<Unit>, value: f64| {
            let gauge = ConstGauge::new(value);
            let metric = encoder.encode_descriptor(name, help, unit.as_ref(), gauge.metric_type())?;
            gauge.encode(metric)
        };
        gauge("process_resident_memory", "Resident memory", Some(Unit::Bytes), stat.resident)?;
        if let Some(boot) = boot_time() {
            let start = boot + stat.started;
            gauge("process_start_time", "Start of the process since the epoch", Some(Unit::Seconds), start)?;
        }
        if let Ok(open) = fs::read_dir("/proc/self/fd") {
            let count = u32::try_from(open.count()).unwrap_or(u32::MAX);
            gauge("process_open_fds", "Open file descriptors", None, count.into())?;
        }
        let cpu = ConstCounter::new(stat.cpu_seconds);
        let metric = encoder.encode_descriptor(
            "process_cpu",
            "Processor time, user and system",
            Some(&Unit::Seconds),
            cpu.metric_type(),
        )?;
        cpu.encode(metric)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_spaces_and_parentheses_does_not_shift_the_fields() {
        let mut fields = vec!["S"; 50];
        (fields[11], fields[12], fields[19], fields[21]) = ("150", "50", "1000", "3");
        let text = format!("7 (a b) c) {}", fields.join(" "));
        assert_eq!(Stat::parse(&text), Some(Stat { cpu_seconds: 2.0, started: 10.0, resident: 3.0 * PAGE }));
    }
}
