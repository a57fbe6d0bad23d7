//! The figures of one size, as a line, a row of CSV and two points of a curve.

use std::fmt::Write as _;
use std::path::Path;

use crate::centre::Size;
use crate::curves::{Curve, Plot};

pub(crate) struct Row {
    pub(crate) size: Size,
    pub(crate) inputs_per_second: f64,
    pub(crate) mean_nanos: f64,
    pub(crate) p50_nanos: u32,
    pub(crate) p99_nanos: u32,
    pub(crate) p999_nanos: u32,
}

impl Row {
    pub(crate) const HEADER: &'static str = "| agents | queues | waiting | inputs/s | mean µs | p50 µs | p99 µs | p99.9 µs |\n\
         |---|---|---|---|---|---|---|---|";

    pub(crate) fn from(size: Size, timings: &mut [u32]) -> Self {
        timings.sort_unstable();
        let at = |share: usize| timings[(timings.len() - 1) * share / 1000];
        #[allow(clippy::cast_precision_loss, reason = "far below 2^52")]
        let mean = timings.iter().map(|t| f64::from(*t)).sum::<f64>() / timings.len() as f64;
        Self {
            size,
            inputs_per_second: 1e9 / mean,
            mean_nanos: mean,
            p50_nanos: at(500),
            p99_nanos: at(990),
            p999_nanos: at(999),
        }
    }

    fn point(&self) -> (f64, f64, f64) {
        #[allow(clippy::cast_precision_loss, reason = "at most 10^5")]
        let agents = self.size.agents as f64;
        (agents, self.mean_nanos, self.p99_nanos.into())
    }
}

impl std::fmt::Display for Row {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let micros = |nanos: u32| f64::from(nanos) / 1e3;
        write!(
            f,
            "| {} | {} | {} | {:.0} | {:.2} | {:.2} | {:.2} | {:.2} |",
            self.size.agents,
            self.size.queues,
            self.size.waiting,
            self.inputs_per_second,
            self.mean_nanos / 1e3,
            micros(self.p50_nanos),
            micros(self.p99_nanos),
            micros(self.p999_nanos)
        )
    }
}

/// `acd.csv` and `acd.svg` in this folder.
pub(crate) fn write(folder: &Path, plots: &[(&str, Vec<Row>)]) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)?;
    let mut csv =
        "traffic,agents,queues,inputs_per_second,mean_ns,p50_ns,p99_ns,p999_ns\n".to_owned();
    for (name, rows) in plots {
        for row in rows {
            let _ = writeln!(
                csv,
                "{name},{},{},{:.0},{:.0},{},{},{}",
                row.size.agents,
                row.size.queues,
                row.inputs_per_second,
                row.mean_nanos,
                row.p50_nanos,
                row.p99_nanos,
                row.p999_nanos
            );
        }
    }
    std::fs::write(folder.join("acd.csv"), csv)?;
    let curves = plots.iter().map(|(name, rows)| Curve {
        name,
        points: rows.iter().map(Row::point).collect(),
    });
    let plot = Plot {
        title: "Cost of one input against the number of agents",
        sizes: &["100", "1,000", "10,000", "100,000 agents"],
        curves: curves.collect(),
    };
    std::fs::write(folder.join("acd.svg"), plot.svg())
}
