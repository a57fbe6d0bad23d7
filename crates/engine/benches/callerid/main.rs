//! What one caller ID costs the allocator, and how that grows with the pool.
//!
//! `cargo bench -p cordboard-engine --bench callerid` prints the table; with `-- --plot DIR` it also draws it there, with
//! `-- --quick` it measures a tenth, and with `-- --numbers N` one size, for a profiler. An allocation is timed with the end of an
//! earlier call before it, as in a centre under steady load: a tenth of the pool is always in use. How much memory a number
//! takes is exact only where one size alone is measured.
#![allow(clippy::disallowed_methods, reason = "a bench reads the clock")]

#[path = "../plot/mod.rs"]
mod curves;

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use cordboard_engine::callerid::{Allocator, Asked, Command, Input, Limits, Outcome, Release};
use curves::{Curve, Plot};
use model::{
    CallerId, CallerIdKey, Country, Digits, E164, Now, Place, ReservationId, Timestamp,
    Verification,
};

/// Allocations timed per row, after a tenth of them to warm up.
const ALLOCATIONS: u32 = 1_000_000;
const SIZES: [u32; 5] = [100, 1_000, 10_000, 100_000, 1_000_000];
const AREA_CODES: u64 = 300;
const START: i64 = 1_772_445_630_000_000;

/// As in the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let (mut folder, mut allocations, mut sizes) = (None, ALLOCATIONS, SIZES.to_vec());
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--plot" => folder = arguments.next(),
            "--quick" => allocations /= 10,
            "--numbers" => sizes = vec![number_after(arguments.next())],
            _ => {}
        }
    }
    println!("| numbers | traffic | allocations/s | mean µs | p50 µs | p99 µs | bytes a number |");
    println!("|---:|---|---:|---:|---:|---:|---:|");
    let mut curves = Vec::new();
    for (name, near) in [("the area code is ours", true), ("nothing is near", false)] {
        let mut points = Vec::new();
        for &numbers in &sizes {
            points.push(measure(name, numbers, near, allocations));
        }
        curves.push(Curve { name, points });
    }
    if let Some(folder) = folder {
        let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../..")).join(folder);
        write(&folder, curves);
    }
}

fn number_after(argument: Option<String>) -> u32 {
    let number = argument.and_then(|argument| argument.parse().ok());
    number.expect("--numbers takes a number")
}

fn write(folder: &Path, curves: Vec<Curve<'_>>) {
    let plot = Plot {
        title: "Cost of one caller ID against the size of the pool",
        sizes: &["100", "1,000", "10,000", "100,000", "1,000,000 numbers"],
        curves,
    };
    std::fs::create_dir_all(folder).expect("the folder can be made");
    std::fs::write(folder.join("callerid.svg"), plot.svg()).expect("the folder can be written to");
}

/// A centre as it is after some days, with the limits as they come: as many agents as calls, each of whom asks once a second, and
/// all persons that can be remembered.
struct Centre {
    allocator: Allocator,
    now: Now,
    /// Between two questions.
    step: Duration,
    near: bool,
    campaign: Arc<str>,
    agents: Vec<Arc<str>>,
    asked: u64,
    talking: VecDeque<ReservationId>,
    refused: u32,
}

impl Centre {
    fn new(numbers: u32, near: bool) -> Self {
        let mut allocator = Allocator::new(Limits::default(), 1);
        let now = Now {
            mono: model::Instant(1),
            utc: Timestamp::from_micros(START),
        };
        for index in 0..numbers {
            allocator.handle(now, Input::NumberSet(Box::new(number(index.into()))));
        }
        let agents = numbers / 10;
        Self {
            allocator,
            now,
            step: Duration::from_secs(1) / agents,
            near,
            campaign: "sales".into(),
            agents: (0..agents)
                .map(|agent| format!("agent{agent}").into())
                .collect(),
            asked: 0,
            talking: VecDeque::new(),
            refused: 0,
        }
    }

    /// Persons whom nobody calls again.
    fn remember_persons(&mut self) {
        let number = self.allocator.e164(number(0).id).expect("a number");
        for person in 0..Limits::default().persons as u64 {
            let input = Input::PersonRestored {
                to: E164::from_digits(490_000_000_000 + person).expect("twelve digits"),
                number,
                at: self.now.utc,
            };
            self.allocator.handle(self.now, input);
        }
    }

    /// A call ends, and another one begins.
    fn step(&mut self) {
        self.now = self.now.after(self.step);
        if self.talking.len() >= self.agents.len()
            && let Some(reservation) = self.talking.pop_front()
        {
            let outcome = Outcome {
                answered: scattered(self.asked).is_multiple_of(5),
                talk: Duration::from_mins(1),
            };
            let why = Release::CallEnded(Some(outcome));
            self.allocator
                .handle(self.now, Input::Released { reservation, why });
        }
        let asked = self.question();
        self.allocator.handle(self.now, Input::Asked(asked));
        while let Some(command) = self.allocator.next_command() {
            match command {
                Command::Present(allocation) => self.talking.push_back(allocation.reservation.id),
                Command::Refuse { .. } => self.refused += 1,
                Command::End(_) | Command::Outlasted(_) => {}
            }
        }
    }

    fn question(&mut self) -> Asked {
        self.asked += 1;
        let code = if self.near {
            200 + self.asked % AREA_CODES
        } else {
            900 + self.asked % 50
        };
        let line = self.asked.wrapping_mul(7_919) % 10_000_000;
        let national = national(code * 10_000_000 + line);
        let agent = usize::try_from(self.asked).expect("small") % self.agents.len();
        Asked {
            ask: self.asked,
            to: E164::from_digits(10_000_000_000 + code * 10_000_000 + line)
                .expect("eleven digits"),
            place: Place {
                country: Country::new(if self.near { "US" } else { "JM" }),
                region: None,
                area_code: Some(national.first(3)),
                national,
            },
            campaign: Arc::clone(&self.campaign),
            agent: Arc::clone(&self.agents[agent]),
        }
    }
}

/// Ten digits; formatting them would cost a tenth of an answer.
fn national(mut number: u64) -> Digits {
    let mut digits = [0; 10];
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + u8::try_from(number % 10).expect("a digit");
        number /= 10;
    }
    let digits = std::str::from_utf8(&digits).expect("digits");
    Digits::new(digits).expect("ten digits")
}

/// So that who answers has nothing to do with the area code.
fn scattered(count: u64) -> u64 {
    count.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40
}

fn number(index: u64) -> CallerId {
    let code = 200 + index % AREA_CODES;
    let line = index / AREA_CODES;
    let number = format!("{code}{line:07}");
    let id = CallerIdKey::new(Timestamp::from_micros(START), u128::from(index) << 64);
    let e164 = format!("+1{number}").parse().expect("a number");
    CallerId {
        country: Some("US".into()),
        calling_code: Some(1),
        region: Some(format!("state {}", code % 50)),
        area_code: Some(code.to_string()),
        carrier: "AT&T".into(),
        hourly_limit: 1_000_000,
        daily_limit: 1_000_000,
        time_zone: "America/New_York".into(),
        verified: Some(Verification::Administrator),
        ..CallerId::new(id, &number, e164, Timestamp::from_micros(START))
    }
}

/// Size, mean and p99 in nanoseconds.
fn measure(name: &str, numbers: u32, near: bool, allocations: u32) -> (f64, f64, f64) {
    let before = resident();
    let mut centre = Centre::new(numbers, near);
    let bytes = (resident() - before) / f64::from(numbers);
    centre.remember_persons();
    for _ in 0..allocations / 10 + numbers / 10 {
        centre.step();
    }
    let began = Instant::now();
    (0..allocations).for_each(|_| centre.step());
    let mean = began.elapsed().as_secs_f64() * 1e9 / f64::from(allocations);
    let mut timings: Vec<u32> = (0..allocations / 4)
        .map(|_| {
            let began = Instant::now();
            centre.step();
            u32::try_from(began.elapsed().as_nanos()).unwrap_or(u32::MAX)
        })
        .collect();
    assert_eq!(centre.refused, 0, "a number was always free");
    timings.sort_unstable();
    let at = |share: usize| f64::from(timings[(timings.len() - 1) * share / 100]);
    println!(
        "| {numbers} | {name} | {:.0} | {:.2} | {:.2} | {:.2} | {bytes:.0} |",
        1e9 / mean,
        mean / 1e3,
        at(50) / 1e3,
        at(99) / 1e3
    );
    (f64::from(numbers), mean, at(99))
}

/// Bytes of memory that this process holds.
fn resident() -> f64 {
    let pages = std::fs::read_to_string("/proc/self/statm")
        .ok()
        .and_then(|text| text.split(' ').nth(1)?.parse::<f64>().ok());
    pages.unwrap_or(0.0) * 4096.0
}
