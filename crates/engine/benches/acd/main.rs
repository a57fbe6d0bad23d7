//! What one input costs the queue engine, and how that grows with the centre.
//!
//! `cargo bench -p cordboard-engine --bench acd` prints the tables; with `-- --plot DIR` it also writes them there as
//! CSV and SVG, and with `-- --quick` it plays a tenth.
//!
//! Each input is timed by itself, its commands drained: what is shown includes the two readings of the clock, and
//! whatever else the machine does meanwhile. Where others work on it, run it under `chrt --fifo 1`.
#![allow(clippy::disallowed_methods, reason = "a bench reads the clock")]

mod centre;
#[path = "../plot/mod.rs"]
mod curves;
mod plot;

use std::path::PathBuf;

use centre::{Centre, Size, Traffic};
use plot::Row;

/// Inputs timed per row, after as many as there are callers to warm up.
const INPUTS: usize = 1_000_000;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let mut folder = None;
    let mut inputs = INPUTS;
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--plot" => folder = arguments.next().map(|folder| from_root(&folder)),
            "--quick" => inputs /= 10,
            _ => {}
        }
    }

    println!("The target: 5,000 agents on 500 queues, 20,000 callers waiting, all six strategies");
    println!("{}", Row::HEADER);
    let target = measure(Size::of(5_000), Traffic::Busy { ring_all: true }, inputs);
    println!("{target}");
    let fast = target.inputs_per_second >= 500_000.0;
    let even = target.p99_nanos < 20_000;
    println!(
        "at least 500,000 inputs/s: {}; p99 under 20 µs: {}\n",
        verdict(fast),
        verdict(even)
    );

    let sizes = [100, 300, 1_000, 3_000, 10_000, 30_000, 100_000];
    let mut plots = Vec::new();
    for (name, traffic, queues) in [
        ("callers wait", Traffic::Busy { ring_all: false }, None),
        ("agents wait", Traffic::Calm, None),
        ("one queue", Traffic::Busy { ring_all: false }, Some(1)),
    ] {
        println!("Growth, {name}:");
        println!("{}", Row::HEADER);
        let mut rows = Vec::new();
        for agents in sizes {
            let mut size = Size::of(agents);
            size.queues = queues.unwrap_or(size.queues);
            if traffic == Traffic::Calm {
                size.waiting = 0;
            }
            rows.push(measure(size, traffic, inputs));
            println!("{}", rows[rows.len() - 1]);
        }
        println!();
        plots.push((name, rows));
    }
    if let Some(folder) = folder {
        plot::write(&folder, &plots).expect("the folder can be written to");
    }
}

/// Paths are meant from the root of the workspace; cargo starts a bench in its package.
fn from_root(path: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../..")).join(path)
}

fn verdict(reached: bool) -> &'static str {
    if reached { "yes" } else { "NO" }
}

fn measure(size: Size, traffic: Traffic, inputs: usize) -> Row {
    let mut centre = Centre::new(size, traffic);
    centre.fill();
    centre.play(inputs / 5);
    centre.timings.clear();
    centre.play(inputs);
    Row::from(size, &mut centre.timings)
}
