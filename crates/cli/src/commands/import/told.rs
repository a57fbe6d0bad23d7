//! What is said of an import: the counts, the refused rows, and a file with every row.

use std::fmt::Write as _;
use std::path::Path;

use model::CallerIdImportId;
use serde_json::json;
use server::callerid::import::{ImportReport, RowReport, RowResult};

use crate::failure::{Code, Failure};
use crate::output::{Output, table};

/// Refused rows that are shown to people; `--report` has them all.
const SHOWN: usize = 20;

/// A CSV file with a row for each row of the import.
pub(super) struct RowFile {
    writer: csv::Writer<std::fs::File>,
    path: String,
    failed: Option<csv::Error>,
}

impl RowFile {
    pub(super) fn create(path: &Path) -> Result<Self, Failure> {
        let shown = path.display().to_string();
        let writer = csv::Writer::from_path(path).map_err(|error| cannot_write(&shown, error))?;
        let mut file = Self {
            writer,
            path: shown,
            failed: None,
        };
        file.record(["line", "number", "result", "field", "why"]);
        Ok(file)
    }

    /// What cannot be written is said by [`Self::close`]: the import goes on.
    pub(super) fn write(&mut self, row: &RowReport) {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        self.record([
            row.line.to_string(),
            row.number.clone(),
            row.result.as_str().to_owned(),
            text(&row.field),
            text(&row.why),
        ]);
    }

    pub(super) fn close(mut self) -> Result<(), Failure> {
        let flushed = self.writer.flush().map_err(csv::Error::from);
        match self.failed.take().or(flushed.err()) {
            Some(error) => Err(cannot_write(&self.path, error)),
            None => Ok(()),
        }
    }

    fn record<T: AsRef<[u8]>>(&mut self, cells: impl IntoIterator<Item = T>) {
        if self.failed.is_none() {
            self.failed = self.writer.write_record(cells).err();
        }
    }
}

fn cannot_write(path: &str, error: csv::Error) -> Failure {
    Failure::new(Code::Failed, format!("cannot write the report {path}"))
        .because(error)
        .remedy("name another file by `--report`")
}

/// Answers with the report; a failure if a row was refused.
pub(super) fn answer(report: &ImportReport, output: &Output) -> anyhow::Result<()> {
    output.answer(report, || text(report))?;
    if report.refused > 0 {
        return Err(Failure::told(Code::Failed).into());
    }
    Ok(())
}

/// Answers what was undone.
pub(super) fn undone(
    id: CallerIdImportId,
    restored: u64,
    removed: u64,
    output: &Output,
) -> anyhow::Result<()> {
    let value = json!({ "id": id, "restored": restored, "removed": removed });
    output.answer(&value, || {
        format!("{removed} numbers were removed, {restored} are what they were before.\n")
    })
}

fn text(report: &ImportReport) -> String {
    let ImportReport {
        file,
        added,
        changed,
        unchanged,
        refused,
        ..
    } = report;
    let mut text = format!(
        "{file}: {added} added, {changed} changed, {unchanged} unchanged, {refused} refused\n"
    );
    let rows: Vec<_> = report
        .rows
        .iter()
        .filter(|row| row.result == RowResult::Refused)
        .collect();
    let shown: Vec<_> = rows.iter().take(SHOWN).map(|row| cells(row)).collect();
    if !shown.is_empty() {
        text += "\n";
        text += &table(["LINE", "NUMBER", "REFUSED"], &shown);
        let more = *refused - shown.len() as u64;
        if more > 0 {
            let _ = writeln!(text, "… and {more} more; `--report FILE` writes them all");
        }
        text += "\n";
    }
    if report.dry_run {
        text += "A trial: nothing was written.\n";
    } else if let Some(id) = report.id.filter(|_| added + changed > 0) {
        let _ = writeln!(
            text,
            "`cordboard import caller-ids --undo {id}` takes it back."
        );
    }
    text
}

fn cells(row: &RowReport) -> [String; 3] {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let why = format!("{} {}", text(&row.field), text(&row.why));
    [row.line.to_string(), row.number.clone(), why]
}
