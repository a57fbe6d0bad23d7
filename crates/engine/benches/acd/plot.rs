//! The figures of one size, as a line, a row of CSV and two points of a curve.

use std::fmt::Write as _;
use std::path::Path;

use crate::centre::Size;

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
    std::fs::write(folder.join("acd.svg"), svg(plots))
}

const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 360.0;
const MARGIN: f64 = 60.0;
/// The plot shows 10² to 10⁵ agents and 0.1 to 100 µs, both logarithmic.
const DECADES: f64 = 3.0;

fn x(agents: f64) -> f64 {
    MARGIN + (agents.log10() - 2.0) / DECADES * (WIDTH - 2.0 * MARGIN)
}

fn y(nanos: f64) -> f64 {
    HEIGHT - MARGIN - (nanos.log10() - 2.0) / DECADES * (HEIGHT - 2.0 * MARGIN)
}

fn svg(plots: &[(&str, Vec<Row>)]) -> String {
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" font-family=\"sans-serif\" font-size=\"11\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n\
         <text x=\"{MARGIN}\" y=\"24\" font-size=\"14\">Cost of one input against the number of agents</text>\n"
    );
    for (power, label) in ["100", "1,000", "10,000", "100,000 agents"]
        .iter()
        .enumerate()
    {
        let at = x(10f64.powf(power_of(power)));
        let (top, bottom) = (MARGIN, HEIGHT - MARGIN);
        let _ = writeln!(
            text,
            "<path d=\"M{at} {top}V{bottom}\" stroke=\"#ddd\"/><text x=\"{at}\" y=\"{}\" text-anchor=\"middle\">{label}</text>",
            bottom + 18.0
        );
    }
    for (power, label) in ["0.1 µs", "1 µs", "10 µs", "100 µs"].iter().enumerate() {
        let at = y(10f64.powf(power_of(power)));
        let _ = writeln!(
            text,
            "<path d=\"M{MARGIN} {at}H{}\" stroke=\"#ddd\"/><text x=\"{}\" y=\"{}\" text-anchor=\"end\">{label}</text>",
            WIDTH - MARGIN,
            MARGIN - 6.0,
            at + 4.0
        );
    }
    let mut legend = MARGIN + 18.0;
    for ((name, rows), colour) in plots.iter().zip(["#c33", "#36c", "#393"]) {
        let _ = writeln!(
            text,
            "<text x=\"{}\" y=\"{legend}\" fill=\"{colour}\">{name}: mean, and p99 dashed</text>",
            MARGIN + 10.0
        );
        legend += 16.0;
        for (figure, dashes) in [("mean", ""), ("p99", "5 4")] {
            let points: Vec<String> = rows
                .iter()
                .map(|row| {
                    let nanos = if figure == "mean" {
                        row.mean_nanos
                    } else {
                        row.p99_nanos.into()
                    };
                    #[allow(clippy::cast_precision_loss, reason = "at most 10^5")]
                    let agents = row.size.agents as f64;
                    format!("{:.1},{:.1}", x(agents), y(nanos))
                })
                .collect();
            let _ = writeln!(
                text,
                "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\" stroke-dasharray=\"{dashes}\"/>",
                points.join(" ")
            );
        }
    }
    text + "</svg>\n"
}

fn power_of(index: usize) -> f64 {
    2.0 + f64::from(u32::try_from(index).unwrap_or(0))
}
