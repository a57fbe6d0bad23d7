//! `cordboard import caller-ids FILE`

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use clap::Args;
use model::CallerIdImportId;
use server::{
    callerid::import::{Import, ImportError, ImportReport, RowReport, Source, Target},
    clock::Clock,
    config::Config,
    numbers::Numbers,
};
use store::{Store, StoreError, Undone};

use super::told;
use crate::{
    commands::{
        progress,
        remote::{self, unreadable},
    },
    failure::{self, Code, Failure},
    output::{Output, shown},
    setting::{Global, alone, open_existing_store},
};

/// How much of the file is read at once.
const PIECE: usize = 64 * 1024;
/// Who answers for the numbers of an import without a server.
const MADE_BY: &str = "command line";
/// What to do while a server runs.
const BY_SERVER: &str =
    "have the server do it: `--api URL --key-file FILE`; it would not hear of it otherwise";

#[derive(Debug, Args)]
pub(in crate::commands) struct Arguments {
    #[doc = "CSV with a header: caller_id, and any of carrier, area_code, hourly_limit, daily_limit, per_minute_limit, \
             max_concurrent, labels, campaigns (a;b), time_zone, active, attestation, note"]
    #[arg(required_unless_present = "undo")]
    file: Option<PathBuf>,
    /// Only say what would become of each row
    #[arg(long)]
    dry_run: bool,
    /// Write what became of each row, as CSV
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// Take back an import
    #[arg(long, value_name = "ID", conflicts_with_all = ["file", "dry_run", "report"])]
    undo: Option<CallerIdImportId>,
    #[command(flatten)]
    server: remote::Server,
}

pub(super) async fn run(
    arguments: &Arguments,
    global: &Global,
    output: &Output,
) -> anyhow::Result<()> {
    if let Some(remote) = arguments.server.remote()? {
        return Box::pin(by_server(arguments, &remote, output)).await;
    }
    let config = global.load(Vec::new())?;
    let store = open_existing_store(&config).await?;
    let done = match (arguments.undo, &arguments.file) {
        (Some(id), _) => Box::pin(undo(id, &config, &store, output)).await,
        (None, Some(file)) => Box::pin(take_in(arguments, file, &config, &store, output)).await,
        (None, None) => Ok(()), // Clap wants one of them.
    };
    store.close().await;
    done
}

async fn by_server(
    arguments: &Arguments,
    remote: &remote::Remote,
    output: &Output,
) -> anyhow::Result<()> {
    if let Some(id) = arguments.undo {
        let (restored, removed) = remote.undo(id).await?;
        return told::undone(id, restored, removed, output);
    }
    let Some(path) = &arguments.file else {
        return Ok(()); // Clap wants one of them.
    };
    let rows = arguments.report.as_deref();
    let rows = rows.map(told::RowFile::create).transpose()?;
    let report = remote.take_in(path, arguments.dry_run, output).await?;
    if let Some(mut rows) = rows {
        report.rows.iter().for_each(|row| rows.write(row));
        rows.close()?;
    }
    told::answer(&report, output)
}

async fn take_in(
    arguments: &Arguments,
    path: &Path,
    config: &Config,
    store: &Store,
    output: &Output,
) -> anyhow::Result<()> {
    // A trial changes nothing, so it may run beside a server.
    let _alone = if arguments.dry_run {
        None
    } else {
        Some(alone(config, BY_SERVER)?)
    };
    let file = File::open(path).map_err(|error| unreadable(path, error))?;
    let mut rows = arguments
        .report
        .as_deref()
        .map(told::RowFile::create)
        .transpose()?;
    let country = config.acd.country.as_deref();
    let target = Target {
        store: store.clone(),
        numbers: country.and_then(Numbers::new).unwrap_or_default(),
        clock: Clock::start(),
        live: None,
    };
    let name = path.file_name().unwrap_or(path.as_os_str());
    let source = Source {
        file: name.to_string_lossy().into_owned(),
        made_by: MADE_BY.to_owned(),
        dry_run: arguments.dry_run,
    };
    let told = |row: &RowReport| {
        if let Some(rows) = &mut rows {
            rows.write(row);
        }
    };
    let report = read(path, file, Import::new(target, &source), told, output).await?;
    if let Some(rows) = rows {
        rows.close()?;
    }
    told::answer(&report, output)
}

async fn read(
    path: &Path,
    mut file: File,
    mut import: Import,
    mut told: impl FnMut(&RowReport),
    output: &Output,
) -> Result<ImportReport, Failure> {
    let bytes = file.metadata().map_or(0, |file| file.len());
    let bar = progress::bar(bytes, output);
    let failed = |error| failed(path, error);
    let mut piece = vec![0; PIECE];
    loop {
        let read = file
            .read(&mut piece)
            .map_err(|error| unreadable(path, error))?;
        if read == 0
            || !import
                .take(&piece[..read], &mut told)
                .await
                .map_err(failed)?
        {
            break;
        }
        bar.inc(read as u64);
        bar.set_message(format!("{} rows", import.seen()));
    }
    let report = import.finish(&mut told).await.map_err(failed)?;
    bar.finish_and_clear();
    Ok(report)
}

async fn undo(
    id: CallerIdImportId,
    config: &Config,
    store: &Store,
    output: &Output,
) -> anyhow::Result<()> {
    let _alone = alone(config, BY_SERVER)?;
    let at = Clock::start().now().utc;
    let kept =
        |why: String| Failure::new(Code::Failed, "this import cannot be undone").because(why);
    match store.caller_id_imports().undo(id, at).await {
        Ok(Undone::Done { restored, removed }) => told::undone(id, restored, removed, output),
        Ok(Undone::Already(at)) => Err(kept(format!("it was undone at {}", shown(at))).into()),
        Ok(Undone::ChangedSince(rows)) => Err(kept(format!(
            "{rows} of its numbers were changed or removed since"
        ))
        .remedy("change the numbers themselves, or import a file that does")
        .into()),
        Err(StoreError::NotFound { .. }) => {
            Err(kept("there is no import with this id".to_owned()).into())
        }
        Err(error) => Err(failure::database(&error, config.dsn().expose()).into()),
    }
}

fn failed(path: &Path, error: ImportError) -> Failure {
    let what = format!("cannot take in {}", path.display());
    match error {
        ImportError::Header(_) => Failure::new(Code::Failed, what).because(error),
        ImportError::Store(_) => Failure::new(Code::Database, what)
            .because(error)
            .remedy("do it again: rows that are in already will be unchanged"),
    }
}
