//! The result: lines of numbers, what must hold, and whether it does.

use std::io::{Write as _, stdout};

use anyhow::Result;
use serde_json::json;

/// How a number is shown.
#[derive(Clone, Copy)]
pub enum Unit {
    /// A plain count.
    Count,
    /// A count for each service.
    EachService,
    /// Seconds.
    Seconds,
    /// Milliseconds.
    Milliseconds,
    /// Megabytes.
    Megabytes,
}

/// What must hold.
#[derive(Clone, Copy)]
pub enum Must {
    /// Nothing: it is only shown.
    Show,
    /// Exactly this.
    Be(f64),
    /// No more than this.
    AtMost(f64),
    /// No more than this many times what the raw client needs.
    Ratio(f64),
}

struct Row {
    what: String,
    unit: Unit,
    ours: f64,
    raw: Option<f64>,
    must: Must,
}

/// All lines.
#[derive(Default)]
pub struct Table {
    rows: Vec<Row>,
}

impl Table {
    /// A line about the operator alone.
    pub fn add(&mut self, what: impl Into<String>, unit: Unit, ours: f64, must: Must) {
        self.rows.push(Row { what: what.into(), unit, ours, raw: None, must });
    }

    /// A line that compares.
    pub fn compare(&mut self, what: impl Into<String>, unit: Unit, ours: f64, raw: f64, must: Must) {
        self.rows.push(Row { what: what.into(), unit, ours, raw: Some(raw), must });
    }

    /// The lines of another table, after these.
    pub fn append(&mut self, mut other: Self) {
        self.rows.append(&mut other.rows);
    }

    /// Prints the table, writes the file, and answers whether everything holds that must.
    pub fn finish(&self, services: usize) -> Result<bool> {
        let mut cells = vec![["what", "ours", "raw", "ratio", "must hold"].map(str::to_owned)];
        cells.extend(self.rows.iter().map(Row::cells));
        let width = |column: usize| cells.iter().filter_map(|row| row.get(column)).map(|c| c.chars().count()).max();
        let [what, ours, raw, ratio] = [0, 1, 2, 3].map(|column| width(column).unwrap_or_default());
        for [a, b, c, d, e] in &cells {
            let line = format!("{a:<what$}  {b:>ours$}  {c:>raw$}  {d:>ratio$}  {e}");
            writeln!(stdout(), "{}", line.trim_end())?;
        }

        let held = self.rows.iter().all(|row| row.holds() != Some(false));
        let cores = std::thread::available_parallelism().map_or(0, usize::from);
        let document = json!({
            "services": services, "cores": cores, "holds": held,
            "rows": self.rows.iter().map(Row::json).collect::<Vec<_>>(),
        });
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/bench.json");
        std::fs::write(&path, serde_json::to_string_pretty(&document)? + "\n")?;
        let verdict = if held { "Everything that must hold does." } else { "Something that must hold does NOT." };
        writeln!(stdout(), "\n{verdict} The same as JSON: target/bench.json")?;
        Ok(held)
    }
}

impl Row {
    fn ratio(&self) -> Option<f64> {
        self.raw.map(|raw| self.ours / raw)
    }

    /// Whether what must hold does; nothing where nothing must.
    fn holds(&self) -> Option<bool> {
        match self.must {
            Must::Show => None,
            Must::Be(value) => Some((self.ours - value).abs() < 1e-9),
            Must::AtMost(most) => Some(self.ours <= most),
            Must::Ratio(most) => Some(self.ratio().is_some_and(|ratio| ratio <= most)),
        }
    }

    fn must(&self) -> String {
        match self.must {
            Must::Show => String::new(),
            Must::Be(value) => self.unit.show(value),
            Must::AtMost(most) => format!("<= {}", self.unit.show(most)),
            Must::Ratio(most) => format!("<= {most} x raw"),
        }
    }

    fn cells(&self) -> [String; 5] {
        let must = match self.holds() {
            Some(false) => format!("{}  BROKEN", self.must()),
            _ => self.must(),
        };
        let show = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), |value| self.unit.show(value));
        let ratio = self.ratio().map_or_else(|| "-".to_owned(), |ratio| format!("{ratio:.2}"));
        [self.what.clone(), self.unit.show(self.ours), show(self.raw), ratio, must]
    }

    fn json(&self) -> serde_json::Value {
        json!({
            "what": self.what, "unit": self.unit.name(), "ours": self.ours, "raw": self.raw, "ratio": self.ratio(),
            "must": self.must(), "holds": self.holds(),
        })
    }
}

impl Unit {
    fn show(self, value: f64) -> String {
        match self {
            Self::Count => format!("{value:.0}"),
            Self::EachService => format!("{value:.2}"),
            Self::Seconds => format!("{value:.1} s"),
            Self::Milliseconds => format!("{value:.0} ms"),
            Self::Megabytes => format!("{value:.1} MB"),
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Count => "count",
            Self::EachService => "count for each service",
            Self::Seconds => "s",
            Self::Milliseconds => "ms",
            Self::Megabytes => "MB",
        }
    }
}
