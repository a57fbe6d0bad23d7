//! Writes call detail records to standard output, with tabs between the columns: `cdr SEED ROWS DAYS`.

use std::io::{self, BufWriter, Write as _};

use model::Timestamp;
use sim::cdr::{Centre, write};

extern crate cordboard_sim as sim;

fn main() -> io::Result<()> {
    let numbers: Vec<u64> = std::env::args()
        .skip(1)
        .filter_map(|text| text.parse().ok())
        .collect();
    let [seed, rows, days] = numbers[..] else {
        eprintln!("usage: cdr SEED ROWS DAYS");
        std::process::exit(2);
    };
    // Until tomorrow, so that today has calls as well.
    let tomorrow = std::time::SystemTime::now() + std::time::Duration::from_hours(24);
    let since = tomorrow
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap_or_default();
    let centre = Centre {
        seed,
        rows,
        days: u32::try_from(days).unwrap_or(u32::MAX),
        end: Timestamp::from_micros(i64::try_from(since.as_micros()).unwrap_or(i64::MAX)),
    };
    let mut out = BufWriter::with_capacity(1 << 20, io::stdout().lock());
    write(&centre, &mut out)?;
    out.flush()
}
