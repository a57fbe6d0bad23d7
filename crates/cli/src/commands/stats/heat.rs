//! The hours of a week as shades: who looks sees when the centre is busy.

use std::fmt::Write as _;

use serde_json::Value;

use super::figures::{list, said};

const SHADES: [&str; 5] = ["  ", "░░", "▒▒", "▓▓", "██"];
const DAYS: [&str; 7] = [
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
    "Sunday",
];

pub(super) fn map(report: &Value) -> String {
    let columns = list(&report["columns"]);
    let at = |key: &str| columns.iter().position(|column| column["key"] == key);
    let (Some(day_at), Some(hour_at), Some(calls_at)) = (at("weekday"), at("hour"), at("attempts"))
    else {
        return String::new();
    };
    let mut calls = [[None; 24]; 7];
    for row in list(&report["rows"]) {
        let cells = &row["cells"];
        let day = DAYS.iter().position(|day| *day == said(&cells[day_at]));
        let hour = said(&cells[hour_at]).parse::<usize>().ok();
        if let (Some(day), Some(hour @ 0..24)) = (day, hour) {
            calls[day][hour] = cells[calls_at].as_u64();
        }
    }
    let most = calls.iter().flatten().flatten().copied().max().unwrap_or(0);
    let mut text = format!("{:10}", "");
    for hour in 0..24 {
        let _ = write!(text, "{hour:2} ");
    }
    text.push('\n');
    for (day, hours) in DAYS.iter().zip(&calls) {
        let _ = write!(text, "{day:10}");
        for calls in hours {
            let _ = write!(text, "{} ", calls.map_or(" ·", |calls| shade(calls, most)));
        }
        let sum: u64 = hours.iter().flatten().sum();
        let _ = writeln!(text, " {sum}");
    }
    let _ = writeln!(
        text,
        "\n{:10}██ up to {most} attempts an hour of the week; · is not in the period",
        ""
    );
    text
}

/// Some calls are never shown as none.
fn shade(calls: u64, most: u64) -> &'static str {
    if calls == 0 || most == 0 {
        return SHADES[0];
    }
    let quarter = (calls * 4).div_ceil(most).clamp(1, 4);
    SHADES[usize::try_from(quarter).unwrap_or(4)]
}

#[cfg(test)]
mod tests {
    use super::shade;

    #[test]
    fn the_busiest_hour_is_the_darkest() {
        let shades = [
            (0, 100),
            (1, 100),
            (25, 100),
            (26, 100),
            (75, 100),
            (100, 100),
            (0, 0),
        ];
        let shown = shades.map(|(calls, most)| shade(calls, most));
        assert_eq!(shown, ["  ", "░░", "░░", "▒▒", "▓▓", "██", "  "]);
    }
}
