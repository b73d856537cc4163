//! What a process uses, from `/proc`.

use std::{
    fs,
    path::Path,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};

/// Memory in MB.
#[derive(Clone, Copy, Debug)]
pub struct Memory {
    /// Resident now.
    pub resident: f64,
    /// Most that was ever resident.
    pub peak: f64,
}

/// Memory of a process.
pub fn memory(process: u32) -> Result<Memory> {
    let text = fs::read_to_string(format!("/proc/{process}/status")).context("the process is gone")?;
    let read = |field: &str| -> Result<f64> {
        let line = text.lines().find(|line| line.starts_with(field)).with_context(|| format!("no {field}"))?;
        let kib: f64 = line.split_whitespace().nth(1).unwrap_or_default().parse()?;
        Ok(kib * 1024.0 / 1e6)
    };
    Ok(Memory { resident: read("VmRSS:")?, peak: read("VmHWM:")? })
}

/// Processor time that a process has used, in ticks of 10 ms.
pub fn ticks(process: u32) -> Result<u64> {
    let text = fs::read_to_string(format!("/proc/{process}/stat")).context("the process is gone")?;
    // The name before the last bracket may contain anything. User time and system time are fields 14 and 15.
    let rest = text.rsplit_once(')').map(|(_, rest)| rest).unwrap_or_default();
    let fields = rest.split_whitespace().skip(11).take(2);
    Ok(fields.map(str::parse::<u64>).sum::<Result<u64, _>>()?)
}

/// Seconds of processor time that all processes have used whose command line names a folder.
pub fn processor_seconds(folder: &Path) -> f64 {
    let folder = folder.to_string_lossy();
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let numbers = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let ours = numbers.filter(|number| {
        fs::read(format!("/proc/{number}/cmdline")).is_ok_and(|line| String::from_utf8_lossy(&line).contains(&*folder))
    });
    ours.filter_map(|number| ticks(number).ok()).map(|ticks| f64::from(u32::try_from(ticks).unwrap_or(0)) / 100.0).sum()
}

/// Waits until a process has done nothing for a second; answers when it last worked. A tick that stands alone is no
/// work: it may have been filled by the little that goes on at rest.
pub async fn idle(process: u32, patience: Duration) -> Result<Instant> {
    const QUIET: Duration = Duration::from_secs(1);
    const ALONE: Duration = Duration::from_millis(100);
    let start = Instant::now();
    let (mut worked, mut known) = (start, ticks(process)?);
    loop {
        tokio::time::sleep(Duration::from_millis(10)).await;
        let now = ticks(process)?;
        if now > known + 1 || (now > known && worked.elapsed() < ALONE) {
            (worked, known) = (Instant::now(), now);
        }
        if worked.elapsed() >= QUIET {
            return Ok(worked);
        }
        if start.elapsed() > patience {
            bail!("the operator does not come to rest");
        }
    }
}
