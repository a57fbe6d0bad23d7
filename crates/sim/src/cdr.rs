//! Call detail records of a centre that never was: for trying statistics on, in any amount.
//!
//! The same seed gives the same records. They have what makes counting hard: working hours, people who are called again and
//! again, in several ways of writing, a hundred countries, trunks that fail and are followed by another, ring groups, transfers
//! that share a `linkedid`, calls over midnight, names that change, and calls in the house.

use std::io::{self, Write};

use model::Timestamp;
use rand::rngs::SmallRng;
use rand::{Rng as _, SeedableRng as _};

/// The columns of a row, in their order.
pub const COLUMNS: &str = "calldate,clid,src,dst,dcontext,channel,dstchannel,lastapp,duration,billsec,disposition,uniqueid,did,recordingfile,cnum,cnam,linkedid,sequence";

const DAY: i64 = 86_400;
/// Extensions 2000 to 2199.
const EXTENSIONS: u32 = 200;
/// How busy each hour of a day is.
const HOURS: [u32; 24] = [
    1, 1, 1, 1, 1, 2, 6, 20, 60, 90, 100, 95, 70, 80, 95, 90, 75, 50, 25, 15, 10, 6, 3, 2,
];
/// Calling codes, the most called first.
const CODES: [u16; 100] = [
    421, 420, 43, 49, 1, 44, 36, 48, 33, 39, 34, 31, 32, 41, 45, 46, 47, 358, 351, 353, 30, 40,
    359, 385, 386, 381, 387, 389, 355, 370, 371, 372, 373, 374, 375, 380, 7, 90, 972, 971, 966,
    965, 968, 973, 974, 961, 962, 963, 964, 98, 91, 92, 93, 94, 95, 60, 61, 62, 63, 64, 65, 66, 81,
    82, 84, 86, 852, 853, 855, 856, 880, 886, 20, 27, 211, 212, 213, 216, 218, 220, 221, 233, 234,
    237, 244, 249, 251, 254, 255, 256, 260, 263, 51, 52, 54, 55, 56, 57, 58, 593,
];

/// What is made.
#[derive(Debug, Clone, Copy)]
pub struct Centre {
    pub seed: u64,
    /// At least so many rows; a call is never cut.
    pub rows: u64,
    pub days: u32,
    /// The last day ends here.
    pub end: Timestamp,
}

/// Writes the rows, the oldest first, with tabs between the columns; how many.
pub fn write(centre: &Centre, out: &mut impl Write) -> io::Result<u64> {
    let end = centre.end.as_micros().div_euclid(1_000_000).div_euclid(DAY) * DAY;
    let mut making = Making {
        random: SmallRng::seed_from_u64(centre.seed),
        people: centre.rows / 5 + 1,
        count: 0,
        rows: 0,
    };
    let days = i64::from(centre.days);
    // Weekends are a tenth of a working day.
    let weights: Vec<u64> = (0..days)
        .map(|day| {
            if is_weekend(end / DAY - days + day) {
                1
            } else {
                10
            }
        })
        .collect();
    let all: u64 = weights.iter().sum();
    let mut due = 0;
    for (day, weight) in (0..).zip(weights) {
        due += centre.rows * weight;
        let begin = end - (days - day) * DAY;
        let calls = (due / all).saturating_sub(making.rows) * 10 / 13;
        let mut times: Vec<i64> = (0..calls).map(|_| begin + making.second_of_day()).collect();
        times.sort_unstable();
        for at in times {
            making.call(at, out)?;
        }
    }
    Ok(making.rows)
}

/// Days since a Thursday.
fn is_weekend(day: i64) -> bool {
    matches!((day + 3).rem_euclid(7), 5 | 6)
}

struct Making {
    random: SmallRng,
    people: u64,
    count: u64,
    rows: u64,
}

/// One row of a call.
struct Row<'a> {
    at: i64,
    extension: u32,
    dst: &'a str,
    channel: &'a str,
    trunk: u32,
    application: &'a str,
    disposition: &'a str,
    duration: i64,
    billed: i64,
    unique: &'a str,
    linked: &'a str,
}

impl Making {
    fn second_of_day(&mut self) -> i64 {
        let all: u32 = HOURS.iter().sum();
        let mut left = self.random.random_range(0..all);
        let mut hour = 0;
        for (at, weight) in (0..).zip(HOURS) {
            if left < weight {
                hour = at;
                break;
            }
            left -= weight;
        }
        hour * 3_600 + self.random.random_range(0..3_600)
    }

    fn call(&mut self, at: i64, out: &mut impl Write) -> io::Result<()> {
        self.count += 1;
        let unique = format!("{at}.{}", self.count);
        let extension = 2_000 + self.random.random_range(0..EXTENSIONS);
        match self.random.random_range(0..100) {
            0..70 => self.outbound(at, extension, &unique, out),
            70..80 => self.internal(at, extension, &unique, out),
            _ => self.ring_group(at, extension, &unique, out),
        }
    }

    /// To somebody outside; a trunk that fails is followed by another, and some calls are passed on.
    fn outbound(
        &mut self,
        at: i64,
        extension: u32,
        unique: &str,
        out: &mut impl Write,
    ) -> io::Result<()> {
        let dst = self.person();
        let mut row = Row {
            at,
            extension,
            dst: &dst,
            channel: "PJSIP/phone",
            trunk: 1,
            application: "Dial",
            disposition: "FAILED",
            duration: 1,
            billed: 0,
            unique,
            linked: unique,
        };
        if self.random.random_bool(0.08) {
            self.row(&row, out)?;
            row.trunk = 2;
        }
        (row.disposition, row.duration, row.billed) = self.outcome();
        self.row(&row, out)?;
        if row.billed > 30 && self.random.random_bool(0.05) {
            self.count += 1;
            let unique = format!("{}.{}", at + 20, self.count);
            row.at = at + 20;
            row.extension = 2_000 + self.random.random_range(0..EXTENSIONS);
            row.unique = &unique;
            self.row(&row, out)?;
        }
        Ok(())
    }

    fn internal(
        &mut self,
        at: i64,
        extension: u32,
        unique: &str,
        out: &mut impl Write,
    ) -> io::Result<()> {
        let dst = (2_000 + self.random.random_range(0..EXTENSIONS)).to_string();
        let (disposition, duration, billed) = self.outcome();
        let row = Row {
            at,
            extension,
            dst: &dst,
            channel: "PJSIP/phone",
            trunk: 0,
            application: "Dial",
            disposition,
            duration,
            billed,
            unique,
            linked: unique,
        };
        self.row(&row, out)
    }

    /// From outside to three phones, of which one answers at most.
    fn ring_group(
        &mut self,
        at: i64,
        extension: u32,
        unique: &str,
        out: &mut impl Write,
    ) -> io::Result<()> {
        let (disposition, duration, billed) = self.outcome();
        let winner = self.random.random_range(0..3);
        for phone in 0..3 {
            let wins = phone == winner;
            let row = Row {
                at,
                extension: 0,
                dst: "s",
                channel: "PJSIP/trunk",
                trunk: extension + phone,
                application: if wins { "Dial" } else { "Queue" },
                disposition: if wins { disposition } else { "NO ANSWER" },
                duration: if wins { duration } else { 5 },
                billed: if wins { billed } else { 0 },
                unique,
                linked: unique,
            };
            self.row(&row, out)?;
        }
        Ok(())
    }

    fn outcome(&mut self) -> (&'static str, i64, i64) {
        let ring = self.random.random_range(3..40);
        // Most conversations are short, some are very long.
        let long: f64 = self.random.random();
        #[expect(clippy::cast_possible_truncation, reason = "some thousand seconds")]
        let talk = (5.0 - 120.0 * (1.0 - long).ln()) as i64;
        match self.random.random_range(0..100) {
            0..58 => ("ANSWERED", ring + talk, talk),
            58..80 => ("NO ANSWER", ring, 0),
            80..92 => ("BUSY", ring.min(8), 0),
            _ => ("FAILED", 1, 0),
        }
    }

    /// Somebody, some far more often than others, dialled in one of two ways.
    fn person(&mut self) -> String {
        let skewed = self.random.random::<f64>().powi(3);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "a place among some million people"
        )]
        let person = (skewed * self.people as f64) as u64;
        let mut own = SmallRng::seed_from_u64(person);
        let favoured = own.random::<f64>().powi(3);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a place among a hundred codes"
        )]
        let code = CODES[((favoured * 100.0) as usize).min(CODES.len() - 1)];
        let national = own.random_range(200_000_000_u64..1_000_000_000);
        match code {
            // The numbers for stories.
            1 => format!("001202555{:04}", national % 10_000),
            _ if self.random.random_bool(0.1) => format!("+{code}{national}"),
            _ => format!("00{code}{national}"),
        }
    }

    fn row(&mut self, row: &Row<'_>, out: &mut impl Write) -> io::Result<()> {
        self.rows += 1;
        let at = Timestamp::from_micros(row.at * 1_000_000).to_jiff();
        let at = at.strftime("%Y-%m-%d %H:%M:%S");
        let (src, name) = match row.extension {
            0 => ("5550177".to_owned(), String::new()),
            // Half of them have another name in the second month.
            who if who % 2 == 0 && row.at / DAY % 60 > 30 => {
                (who.to_string(), format!("Agent {who} Example"))
            }
            who => (who.to_string(), format!("Agent {who}")),
        };
        let recorded = if row.billed > 0 { "call.wav" } else { "" };
        writeln!(
            out,
            "{at}\t\"{name}\" <{src}>\t{src}\t{dst}\tfrom-internal\t{channel}-{count:08x}\tPJSIP/trunk{trunk}-{count:08x}\t{app}\t{duration}\t{billed}\t{disposition}\t{unique}\t\t{recorded}\t{cnum}\t{name}\t{linked}\t{sequence}",
            dst = row.dst,
            channel = row.channel,
            count = self.count,
            trunk = row.trunk,
            app = row.application,
            duration = row.duration,
            billed = row.billed,
            disposition = row.disposition,
            unique = row.unique,
            cnum = if row.extension == 0 { "" } else { &src },
            linked = row.linked,
            sequence = self.rows,
        )
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_records() {
        let centre = Centre {
            seed: 1,
            rows: 5_000,
            days: 14,
            end: Timestamp::from_micros(1_795_219_200_000_000),
        };
        let (mut one, mut two) = (Vec::new(), Vec::new());
        let rows = write(&centre, &mut one).unwrap();
        assert_eq!(write(&centre, &mut two).unwrap(), rows);
        assert!(one == two && (4_000..6_500).contains(&rows), "{rows}");
        let text = String::from_utf8(one).unwrap();
        assert_eq!(text.lines().count() as u64, rows);
        let columns = COLUMNS.split(',').count();
        assert!(text.lines().all(|line| line.split('\t').count() == columns));
        let other = Centre { seed: 2, ..centre };
        let mut three = Vec::new();
        write(&other, &mut three).unwrap();
        assert!(two != three);
    }
}
