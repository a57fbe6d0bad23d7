//! `cordboard import phones FILE`: by a running server, which Asterisk asks for its phones.

use std::fmt::Write as _;
use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};

use clap::Args;
use model::ExtensionImportId;
use serde_json::Value;
use server::phone_file::{FieldChange, PhoneImportReport, PhoneRow, PhoneRowResult};

use super::by_server::whole;
use crate::{
    commands::{
        progress,
        remote::{self, Remote},
    },
    failure::{Code, Failure},
    output::{Output, print, table},
};

/// Rows that are shown to people; `--json` has them all.
const SHOWN: usize = 100;

#[derive(Debug, Args)]
pub(in crate::commands) struct Arguments {
    #[doc = "CSV with a header: number, and any of name, server, transport, codecs (a b), context, mailbox, nat, \
             qualify_seconds, active, secret"]
    #[arg(required_unless_present_any = ["undo", "list"])]
    file: Option<PathBuf>,
    /// Only say what would become of each row
    #[arg(long)]
    dry_run: bool,
    /// Write the secrets of new phones into this new file, as CSV for its owner alone, and do not print them
    #[arg(long, value_name = "FILE", conflicts_with = "dry_run")]
    secrets_out: Option<PathBuf>,
    /// Take back an import
    #[arg(long, value_name = "ID", conflicts_with_all = ["file", "dry_run", "secrets_out"])]
    undo: Option<ExtensionImportId>,
    /// Say which files were taken in, the newest first
    #[arg(long, conflicts_with_all = ["file", "dry_run", "secrets_out", "undo"])]
    list: bool,
    #[command(flatten)]
    server: remote::Server,
}

pub(super) async fn run(arguments: &Arguments, output: &Output) -> anyhow::Result<()> {
    let remote = arguments.server.needed()?;
    if arguments.list {
        return list(&remote, output).await;
    }
    match (arguments.undo, &arguments.file) {
        (Some(id), _) => undo(&remote, id, output).await,
        (None, Some(file)) => take_in(arguments, &remote, file, output).await,
        (None, None) => Ok(()), // Clap wants one of them.
    }
}

async fn take_in(
    arguments: &Arguments,
    remote: &Remote,
    path: &Path,
    output: &Output,
) -> anyhow::Result<()> {
    let body = whole(path, "split it: a file has at most 20,000 phones")?;
    // Before anything is done: secrets that can be written nowhere would be lost.
    let secrets = arguments.secrets_out.as_deref();
    let secrets = secrets.map(SecretFile::create).transpose()?;
    let name = path.file_name().unwrap_or(path.as_os_str());
    let mut url = remote.at("v1/extensions/import")?;
    url.query_pairs_mut()
        .append_pair("file", &name.to_string_lossy())
        .append_pair("dry_run", &arguments.dry_run.to_string());
    let bar = progress::waiting(output);
    let request = remote.client.post(url).header("content-type", "text/csv");
    let asked = remote.ask(request.body(body)).await;
    bar.finish_and_clear();
    let answer = match asked {
        Ok(Ok(answer)) => answer,
        Ok(Err(refusal)) => {
            discard(secrets);
            if refusal.problem["code"] == "rows_refused" {
                return refused(&refusal.problem, output);
            }
            return Err(remote.refused(&refusal).into());
        }
        Err(failure) => {
            discard(secrets);
            return Err(unanswered(failure).into());
        }
    };
    let mut report: PhoneImportReport = serde_json::from_slice(&answer.body)?;
    if let Some(secrets) = secrets {
        secrets.write(&mut report.rows);
    }
    output.answer(&report, || text(&report))?;
    if report.refused > 0 {
        return Err(Failure::told(Code::Failed).into());
    }
    Ok(())
}

/// The server may have taken it in, with secrets that nobody was shown.
fn unanswered(failure: Failure) -> Failure {
    if !failure.is_open {
        return failure;
    }
    failure.remedy(
        "`cordboard import phones --list` says whether it was taken in; if it was, take it back by `--undo ID`, and import it again: \
         its new phones have secrets that nobody was shown",
    )
}

fn discard(secrets: Option<SecretFile>) {
    if let Some(secrets) = secrets {
        // An empty file is in nobody's way but its next user's.
        let _ = std::fs::remove_file(secrets.path);
    }
}

async fn list(remote: &Remote, output: &Output) -> anyhow::Result<()> {
    let url = remote.at("v1/extensions/imports")?;
    let page = remote.answer(remote.client.get(url)).await?;
    output.answer(&page, || {
        let items = page["items"].as_array().into_iter().flatten();
        let rows: Vec<_> = items.map(import).collect();
        table(
            [
                "ID",
                "FILE",
                "MADE AT",
                "BY",
                "CREATED",
                "CHANGED",
                "UNDONE AT",
            ],
            &rows,
        )
    })
}

fn import(one: &Value) -> [String; 7] {
    let names = [
        "id",
        "file",
        "made_at",
        "made_by",
        "created",
        "changed",
        "undone_at",
    ];
    names.map(|name| match &one[name] {
        Value::String(text) => text.clone(),
        Value::Null => "–".to_owned(),
        other => other.to_string(),
    })
}

async fn undo(remote: &Remote, id: ExtensionImportId, output: &Output) -> anyhow::Result<()> {
    let url = remote.at(&format!("v1/extensions/imports/{id}/undo"))?;
    let undone = match remote.ask(remote.client.post(url)).await? {
        Ok(answer) => serde_json::from_slice::<Value>(&answer.body)?,
        Err(refusal) => {
            let mut failure = remote.refused(&refusal);
            if let Some(phones) = refusal.problem["phones"].as_array() {
                let phones: Vec<_> = phones.iter().filter_map(Value::as_str).collect();
                failure = failure.remedy(format!(
                    "change these phones themselves, or import a file that does: {}",
                    phones.join(", ")
                ));
            }
            return Err(failure.into());
        }
    };
    output.answer(&undone, || {
        format!(
            "{} phones were removed, {} are what they were before.\n",
            undone["removed"], undone["restored"]
        )
    })
}

/// Rows for which nothing was written.
fn refused(problem: &Value, output: &Output) -> anyhow::Result<()> {
    if output.json {
        print(&format!("{problem}\n"))?;
    } else {
        let rows: Vec<PhoneRow> = serde_json::from_value(problem["rows"].clone())?;
        let all = problem["refused"].as_u64().unwrap_or_default();
        let mut text = format!("Nothing was written: {all} rows are refused.\n\n");
        text += &rows_table(&rows, all);
        print(&text)?;
    }
    Err(Failure::told(Code::Failed).into())
}

fn text(report: &PhoneImportReport) -> String {
    let PhoneImportReport {
        file,
        created,
        changed,
        unchanged,
        refused,
        ..
    } = report;
    let mut text = format!(
        "{file}: {created} created, {changed} changed, {unchanged} unchanged, {refused} refused\n"
    );
    let told = |row: &&PhoneRow| row.result != PhoneRowResult::Unchanged;
    let rows: Vec<PhoneRow> = report.rows.iter().filter(told).cloned().collect();
    if !rows.is_empty() {
        text += "\n";
        text += &rows_table(&rows, rows.len() as u64);
        text += "\n";
    }
    let secrets: Vec<_> = report.rows.iter().filter_map(secret).collect();
    if !secrets.is_empty() {
        text += &table(["NUMBER", "SECRET, NOT SHOWN AGAIN"], &secrets);
        text += "\n";
    }
    if report.dry_run {
        text += "A dry run: nothing was written.\n";
    } else if let Some(id) = report.id {
        let _ = writeln!(text, "`cordboard import phones --undo {id}` takes it back.");
    }
    text
}

fn secret(row: &PhoneRow) -> Option<[String; 2]> {
    Some([row.number.clone(), row.secret.clone()?])
}

fn rows_table(rows: &[PhoneRow], all: u64) -> String {
    let shown: Vec<_> = rows.iter().take(SHOWN).map(cells).collect();
    let mut text = table(["LINE", "NUMBER", "RESULT", "WHAT"], &shown);
    let more = all.saturating_sub(shown.len() as u64);
    if more > 0 {
        let _ = writeln!(text, "… and {more} more; `--json` has them");
    }
    text
}

fn cells(row: &PhoneRow) -> [String; 4] {
    let result = match row.result {
        PhoneRowResult::Created => "created",
        PhoneRowResult::Changed => "changed",
        PhoneRowResult::Unchanged => "unchanged",
        PhoneRowResult::Refused => "refused",
    };
    let what = if let (Some(field), Some(why)) = (&row.field, &row.why) {
        format!("{field} {why}")
    } else {
        let changes: Vec<_> = row.changes.iter().map(change).collect();
        changes.join("; ")
    };
    [
        row.line.to_string(),
        row.number.clone(),
        result.to_owned(),
        what,
    ]
}

fn change(change: &FieldChange) -> String {
    let FieldChange { field, from, to } = change;
    if field == "secret" {
        return field.clone();
    }
    let shown = |text: &Option<String>| text.clone().unwrap_or_else(|| "–".to_owned());
    format!("{field}: {} → {}", shown(from), shown(to))
}

/// Where secrets go that are shown once.
struct SecretFile {
    file: File,
    path: PathBuf,
}

impl SecretFile {
    /// A new file, so that it is its owner's from the beginning and nothing is written over.
    fn create(path: &Path) -> Result<Self, Failure> {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(path).map_err(|error| {
            Failure::new(Code::Failed, format!("cannot make {}", path.display()))
                .because(error)
                .remedy("name a new file by `--secrets-out`; nothing was imported")
        })?;
        Ok(Self {
            file,
            path: path.to_owned(),
        })
    }

    /// Writes the secrets and takes them out of the rows. Where that fails they stay there, to be printed.
    fn write(self, rows: &mut [PhoneRow]) {
        let mut writer = csv::Writer::from_writer(self.file);
        let mut written = writer.write_record(["number", "secret"]);
        for secret in rows.iter().filter_map(secret) {
            written = written.and_then(|()| writer.write_record(secret));
        }
        let written = written.and_then(|()| writer.flush().map_err(csv::Error::from));
        match written {
            Ok(()) => rows.iter_mut().for_each(|row| row.secret = None),
            Err(error) => eprintln!(
                "warning: cannot write {}: {error}; the secrets follow here",
                self.path.display()
            ),
        }
    }
}
