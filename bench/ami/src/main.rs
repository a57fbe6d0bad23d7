//! The AMI parser and client beside their peers: MB/s and messages/s on a busy recording, in alternating rounds of one
//! process, medians, ratios.

mod parsers;
mod sockets;

use std::path::PathBuf;
use std::process::ExitCode;

/// What the parser has to reach, as ratios to the peers' medians.
const TARGET_OVER_PANORAMISK: f64 = 30.0;
const TARGET_OVER_BEST_CRATE: f64 = 5.0;

struct Options {
    recording: PathBuf,
    python: Option<PathBuf>,
    rounds: usize,
    check: bool,
}

fn main() -> ExitCode {
    let options = options();
    let bytes = std::fs::read(&options.recording).expect("a readable recording");
    let messages = parsers::ours(&bytes);
    println!(
        "recording {}: {:.1} MB, {messages} messages; {} rounds, alternating; medians\n",
        options.recording.display(),
        megabytes(bytes.len()),
        options.rounds
    );
    let parsers = measure(
        &options,
        &bytes,
        parsers::all(&options.recording, options.python.as_deref()),
    );
    table("parser, processor time", &parsers, &bytes, messages);
    let met = targets(&parsers);
    println!();
    let clients = measure(&options, &bytes, sockets::all());
    table(
        "whole client over a loopback socket",
        &clients,
        &bytes,
        messages,
    );
    if options.check && !met {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    }
}

fn options() -> Options {
    let mut options = Options {
        recording: PathBuf::new(),
        python: None,
        rounds: 5,
        check: false,
    };
    let mut args = std::env::args_os().skip(1);
    while let Some(arg) = args.next() {
        let mut value = || args.next().unwrap_or_else(|| usage());
        match arg.to_str() {
            Some("--recording") => options.recording = value().into(),
            Some("--python") => options.python = Some(value().into()),
            Some("--rounds") => {
                options.rounds = value()
                    .to_str()
                    .and_then(|text| text.parse().ok())
                    .unwrap_or_else(|| usage());
            }
            Some("--check") => options.check = true,
            _ => usage(),
        }
    }
    if options.recording.as_os_str().is_empty() || options.rounds == 0 {
        usage();
    }
    options
}

fn usage() -> ! {
    eprintln!(
        "usage: bench-ami --recording FILE [--python PYTHON_WITH_PANORAMISK] [--rounds N] [--check]"
    );
    std::process::exit(2);
}

/// Something that reads the whole recording once.
struct Subject {
    name: &'static str,
    run: Run,
}

/// Reads all of it: how many seconds it took, and a remark.
type Run = Box<dyn FnMut(&[u8]) -> (f64, String)>;

struct Measured {
    name: &'static str,
    seconds: f64,
    slowest: f64,
    fastest: f64,
    remark: String,
}

fn measure(options: &Options, bytes: &[u8], mut subjects: Vec<Subject>) -> Vec<Measured> {
    let mut seconds = vec![Vec::new(); subjects.len()];
    let mut remarks = vec![String::new(); subjects.len()];
    for _ in 0..options.rounds {
        for (n, subject) in subjects.iter_mut().enumerate() {
            let (taken, remark) = (subject.run)(bytes);
            seconds[n].push(taken);
            remarks[n] = remark;
        }
    }
    let measured =
        subjects
            .iter()
            .zip(seconds)
            .zip(remarks)
            .map(|((subject, mut seconds), remark)| {
                seconds.sort_by(f64::total_cmp);
                Measured {
                    name: subject.name,
                    seconds: seconds[seconds.len() / 2],
                    fastest: seconds[0],
                    slowest: seconds[seconds.len() - 1],
                    remark,
                }
            });
    measured.collect()
}

fn table(title: &str, measured: &[Measured], bytes: &[u8], messages: u64) {
    println!(
        "| {title} | MB/s | (slowest–fastest) | messages/s | ours is | |\n|---|---:|---:|---:|---:|---|"
    );
    for subject in measured {
        let rate = |seconds: f64| megabytes(bytes.len()) / seconds;
        println!(
            "| {} | {:.0} | {:.0}–{:.0} | {:.0} | {:.1} × | {} |",
            subject.name,
            rate(subject.seconds),
            rate(subject.slowest),
            rate(subject.fastest),
            messages as f64 / subject.seconds,
            subject.seconds / measured[0].seconds,
            subject.remark,
        );
    }
}

fn targets(parsers: &[Measured]) -> bool {
    let ours = parsers[0].seconds;
    let ratio = |name: &str| {
        parsers
            .iter()
            .find(|peer| peer.name == name)
            .map(|peer| peer.seconds / ours)
    };
    let crates = [
        ratio(parsers::ASTERISK_AMI),
        ratio(parsers::ASTERISK_MANAGER),
    ];
    let best_crate = crates.into_iter().flatten().reduce(f64::min);
    let mut met = true;
    for (over, ratio, target) in [
        (
            "panoramisk",
            ratio(parsers::PANORAMISK),
            TARGET_OVER_PANORAMISK,
        ),
        ("the best other crate", best_crate, TARGET_OVER_BEST_CRATE),
    ] {
        let Some(ratio) = ratio else {
            println!("target over {over}: not measured");
            continue;
        };
        met &= ratio >= target;
        println!(
            "target over {over}: {target} ×, reached {ratio:.1} ×: {}",
            if ratio >= target { "met" } else { "MISSED" }
        );
    }
    met
}

fn megabytes(bytes: usize) -> f64 {
    bytes as f64 / 1e6
}
