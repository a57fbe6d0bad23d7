//! A report as a table for files.

use jiff::tz::TimeZone;
use model::Timestamp;

use super::report::{Cell, Kind, Report, Row};
use crate::exports::{self, Table, Value};

impl From<&Report> for Table {
    fn from(report: &Report) -> Self {
        let zone = TimeZone::get(&report.time_zone).unwrap_or(TimeZone::UTC);
        let columns: Vec<_> = report.columns.iter().map(column).collect();
        let values = |row: &Row| -> Vec<Value> {
            let cells = row.cells.iter().zip(&columns);
            cells
                .map(|(cell, column)| value(cell, column.kind))
                .collect()
        };
        let total = report.total.as_ref().map(|row| {
            let mut values = values(row);
            let heads = values.iter_mut().zip(&columns);
            let mut heads = heads.filter(|(_, column)| column.kind == exports::Kind::Text);
            if let Some((head, _)) = heads.next() {
                *head = Value::Text("Total".to_owned());
            }
            values
        });
        let day = shown(report.period.from, &zone);
        Self {
            name: format!("{}-{}", report.id.replace('_', "-"), &day[..10]),
            title: report.title.clone(),
            rows: report.rows.iter().map(values).collect(),
            about: about(report, &zone),
            total,
            columns,
            zone,
        }
    }
}

fn column(column: &super::report::Column) -> exports::Column {
    exports::Column {
        key: column.key.clone(),
        title: column.title.clone(),
        kind: match column.kind {
            Kind::Text => exports::Kind::Text,
            Kind::Count => exports::Kind::Whole,
            Kind::Seconds | Kind::Milliseconds | Kind::Erlang => exports::Kind::Number,
            Kind::Ratio => exports::Kind::Ratio,
            Kind::Instant => exports::Kind::Instant,
        },
    }
}

fn value(cell: &Cell, kind: exports::Kind) -> Value {
    match cell {
        Cell::Text(text) => Value::Text(text.clone()),
        #[expect(
            clippy::cast_precision_loss,
            reason = "seconds of a report are far below 2^53"
        )]
        Cell::Count(count) if kind == exports::Kind::Number => Value::Number(*count as f64),
        Cell::Count(count) => Value::Whole(*count),
        Cell::Instant(at) => Value::Instant(*at),
        Cell::Quotient(share) => share.value.map_or(Value::None, Value::Number),
        Cell::Undefined => Value::None,
    }
}

fn about(report: &Report, zone: &TimeZone) -> Vec<(String, String)> {
    let line = |name: &str, text: String| (name.to_owned(), text);
    let period = |window: &super::report::Window| {
        let (from, until) = (shown(window.from, zone), shown(window.until, zone));
        format!("{from} to before {until}")
    };
    let mut about = vec![
        line("Period", period(&report.period)),
        line("Time zone", report.time_zone.clone()),
        line("Interval", report.interval.clone()),
    ];
    let before = report.before.iter();
    about.extend(before.map(|window| line("Period before", period(window))));
    about.extend(report.notes.iter().map(|note| line("Note", note.clone())));
    let errors = report.errors.iter();
    about.extend(errors.map(|(source, why)| line("Missing", format!("{source}: {why}"))));
    about
}

/// By the report's clock.
fn shown(at: Timestamp, zone: &TimeZone) -> String {
    let shown = at.to_jiff().to_zoned(zone.clone());
    shown.strftime("%Y-%m-%d %H:%M:%S").to_string()
}
