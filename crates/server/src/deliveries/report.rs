//! A report as a message: a short table in the mail, the whole of it in a file.

use bytes::Bytes;
use engine::timetable::Timetable;
use jiff::tz::TimeZone;
use model::{ReportFormat, ReportOptions, ReportSchedule, ReportScheduleId, Timestamp, visible};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{
    Message,
    message::{File, JSON, escaped, page, paragraphs},
    worker::Undelivered,
};
use crate::{
    cdr::CountError,
    exports::{Column, Format, Kind, Table, Value},
    reports::{Question, Report, ReportKind, Reports, Unmade},
};

/// What of a report stands in the mail itself.
const MAX_ROWS: usize = 20;
const MAX_COLUMNS: usize = 10;
/// The longest text of a cell there, in characters.
const MAX_CELL: usize = 40;
/// The largest file: many mail servers take no more.
const MAX_FILE: usize = 15 << 20;

/// Which report is told: all that is needed to make it, as the schedule was when it was due.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ReportContent {
    schedule: ReportScheduleId,
    name: String,
    report: ReportKind,
    question: Question,
    format: ReportFormat,
}

impl ReportContent {
    /// Of the period that the schedule means at `due`; nothing, where there is no such report or period.
    pub(crate) fn of(schedule: &ReportSchedule, table: &Timetable, due: Timestamp) -> Option<Self> {
        Some(Self {
            schedule: schedule.id,
            name: schedule.name.clone(),
            report: ReportKind::read(&schedule.report)?,
            question: question(schedule, table, due)?,
            format: schedule.format,
        })
    }

    /// Makes the report, as it is now known; `late` is said in it.
    pub(super) async fn message(
        &self,
        reports: &Reports,
        late: bool,
    ) -> Result<Message, Undelivered> {
        let made = reports.make(self.report, &self.question).await;
        let (report, content) = (made.map_err(|unmade| failed(&unmade))?, self.clone());
        let laying = tokio::task::spawn_blocking(move || content.laid(&report, late));
        let laid = laying.await;
        laid.unwrap_or_else(|error| Err(Undelivered::for_now(error.to_string())))
    }

    fn laid(self, report: &Report, late: bool) -> Result<Message, Undelivered> {
        let table = Table::from(report);
        let (text, html) = words(&self.name, report, &table, late);
        let mut subject = format!("{}: {}", self.name, shown_period(report, &table.zone));
        if late {
            subject.push_str(" (late)");
        }
        if !report.errors.is_empty() {
            subject.push_str(" (incomplete)");
        }
        Ok(Message {
            subject,
            text,
            html,
            file: Some(file(report, &table, self.format)?),
            json: json!({"schedule": {"id": self.schedule, "name": self.name}}),
        })
    }
}

/// What the question asks of us stays the same; what fails in reading may pass.
fn failed(unmade: &Unmade) -> Undelivered {
    let why = format!("the report cannot be made: {unmade}");
    match unmade {
        Unmade::Question { .. } | Unmade::Count(CountError::TooMany(_)) => {
            Undelivered::for_good(why)
        }
        Unmade::Count(CountError::Shelf(_)) | Unmade::Store(_) => Undelivered::for_now(why),
    }
}

/// What the schedule asks at `due`.
pub(crate) fn question(
    schedule: &ReportSchedule,
    table: &Timetable,
    due: Timestamp,
) -> Option<Question> {
    let (from, to) = table.period(due, schedule.period)?;
    let ReportOptions {
        interval,
        compare,
        short_call_seconds,
        service_level_seconds,
        short_abandon_seconds,
        only,
    } = schedule.options.clone();
    Some(Question {
        date: None,
        from: Some(from.to_jiff().to_string()),
        to: Some(to.to_jiff().to_string()),
        time_zone: Some(schedule.time_zone.clone()),
        format: None,
        interval,
        compare,
        short_call_seconds,
        service_level_seconds,
        short_abandon_seconds,
        only,
    })
}

fn file(report: &Report, table: &Table, format: ReportFormat) -> Result<File, Undelivered> {
    let encoded = |format: Format| -> Result<_, String> {
        let bytes = table.encode(format).map_err(|error| error.to_string())?;
        Ok((table.file_name(format), format.media_type(), bytes))
    };
    let made = match format {
        ReportFormat::Csv => encoded(Format::Csv),
        ReportFormat::Xlsx => encoded(Format::Xlsx),
        ReportFormat::Parquet => encoded(Format::Parquet),
        ReportFormat::Json => serde_json::to_vec(report)
            .map(|bytes| (format!("{}.json", table.name), JSON, bytes))
            .map_err(|error| error.to_string()),
    };
    let (name, media_type, bytes) = made.map_err(Undelivered::for_now)?;
    Ok(File {
        name,
        media_type,
        bytes: bounded(bytes)?,
        missing: report.errors.keys().cloned().collect(),
    })
}

fn bounded(file: Vec<u8>) -> Result<Bytes, Undelivered> {
    let bytes = file.len();
    if bytes <= MAX_FILE {
        return Ok(file.into());
    }
    Err(Undelivered::for_good(format!(
        "the file has {bytes} bytes, more than {MAX_FILE}: ask for longer intervals or one row"
    )))
}

/// As plain text and as HTML.
fn words(name: &str, report: &Report, table: &Table, late: bool) -> (String, String) {
    let mut before = vec![format!(
        "{}, {} ({})",
        table.title,
        shown_period(report, &table.zone),
        report.time_zone
    )];
    if late {
        let late = "This is late: Cordboard or its database was not running when it was due.";
        before.push(late.to_owned());
    }
    let errors = report.errors.iter();
    before.extend(errors.map(|(source, why)| format!("Not all is known of {source}: {why}")));
    let mut after = Vec::new();
    let hidden = table.rows.len().saturating_sub(MAX_ROWS);
    if hidden > 0 {
        after.push(format!("{hidden} more rows are in the file."));
    }
    after.extend(report.notes.iter().cloned());

    let rows = short(table);
    let html = format!(
        "{}{}{}",
        paragraphs(&before),
        html_table(&rows),
        paragraphs(&after)
    );
    let text = [before, vec![text_table(&rows)], after]
        .concat()
        .join("\n\n");
    (text + "\n", page(name, &html))
}

/// So much of a table that a mail can show it: its titles, its first rows, and the total.
fn short(table: &Table) -> Vec<Vec<String>> {
    let columns: Vec<usize> = (0..table.columns.len())
        .filter(|at| !is_of_ids(table, *at))
        .take(MAX_COLUMNS)
        .collect();
    let titles = columns.iter().map(|at| table.columns[*at].title.clone());
    let mut rows: Vec<Vec<String>> = vec![titles.collect()];
    let cells = |row: &Vec<Value>| -> Vec<String> {
        let cell = |at: &usize| shown_cell(&row[*at], &table.columns[*at], &table.zone);
        columns.iter().map(cell).collect()
    };
    rows.extend(table.rows.iter().take(MAX_ROWS).map(cells));
    rows.extend(table.total.as_ref().map(|total| {
        let mut cells = cells(total);
        if let Some(first) = cells.first_mut() {
            "Total".clone_into(first);
        }
        cells
    }));
    rows
}

/// Names tell people more.
fn is_of_ids(table: &Table, at: usize) -> bool {
    let is_id = |row: &Vec<Value>| matches!(&row[at], Value::Text(text) if text.parse::<uuid::Uuid>().is_ok());
    !table.rows.is_empty() && table.rows.iter().all(is_id)
}

fn text_table(rows: &[Vec<String>]) -> String {
    let widths: Vec<usize> = (0..rows[0].len())
        .map(|at| {
            rows.iter()
                .map(|row| row[at].chars().count())
                .max()
                .unwrap_or(0)
        })
        .collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths);
        let line: Vec<String> = cells
            .map(|(cell, width)| format!("{cell:<width$}"))
            .collect();
        line.join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn html_table(rows: &[Vec<String>]) -> String {
    let row = |(index, row): (usize, &Vec<String>)| {
        let tag = if index == 0 { "th" } else { "td" };
        let cells = row.iter().map(|cell| {
            let cell = escaped(cell);
            format!("<{tag} style=\"text-align:left;padding:2px 8px\">{cell}</{tag}>")
        });
        format!("<tr>{}</tr>", cells.collect::<String>())
    };
    let rows: String = rows.iter().enumerate().map(row).collect();
    format!("<table style=\"border-collapse:collapse\">{rows}</table>")
}

fn shown_cell(value: &Value, column: &Column, zone: &TimeZone) -> String {
    match value {
        Value::Text(text) => visible(text, MAX_CELL),
        Value::Whole(number) => number.to_string(),
        Value::Number(share) if column.kind == Kind::Ratio => format!("{:.1} %", share * 100.0),
        Value::Number(number) => format!("{number:.1}"),
        Value::Instant(at) => shown_instant(*at, zone),
        Value::None => "–".to_owned(),
    }
}

fn shown_instant(at: Timestamp, zone: &TimeZone) -> String {
    let shown = at.to_jiff().to_zoned(zone.clone());
    shown.strftime("%Y-%m-%d %H:%M").to_string()
}

/// Days by their dates, other times in full.
fn shown_period(report: &Report, zone: &TimeZone) -> String {
    let (from, until) = (report.period.from, report.period.until);
    let [begin, end] = [from, until].map(|at| at.to_jiff().to_zoned(zone.clone()));
    let is_day = |at: &jiff::Zoned| at.start_of_day().is_ok_and(|midnight| midnight == *at);
    if !is_day(&begin) || !is_day(&end) {
        return format!(
            "{} to {}",
            shown_instant(from, zone),
            shown_instant(until, zone)
        );
    }
    let (first, last) = (begin.date(), end.date().yesterday().unwrap_or(end.date()));
    if first == last {
        first.to_string()
    } else {
        format!("{first} to {last}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_many_mail_servers_would_not_take_is_refused_for_good() {
        assert!(bounded(vec![0; 15 << 20]).is_ok());
        let refused = bounded(vec![0; (15 << 20) + 1]);
        assert!(refused.is_err_and(|refused| refused.for_good));
    }

    #[test]
    fn what_may_pass_is_tried_again() {
        let broken_off = CountError::from(crate::cdr::ShelfError::BrokenOff);
        assert!(!failed(&broken_off.into()).for_good);
        let question = Unmade::Question {
            field: "only",
            why: "is too long".to_owned(),
        };
        assert!(failed(&question).for_good);
    }
}
