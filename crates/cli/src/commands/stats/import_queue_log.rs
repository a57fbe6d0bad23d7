//! `cordboard stats import-queue-log FILE…`

use std::fmt::Write as _;
use std::fs::File;
use std::io::{BufReader, Read as _};
use std::path::PathBuf;

use clap::Args;
use jiff::tz::TimeZone;
use model::{Outcome, ServerId, Timestamp};
use server::{
    clock::Clock,
    config::Config,
    numbers::Numbers,
    queue_log::{Import, ImportError, Report, Source, Task, unpacked},
};
use store::Store;

use crate::{
    commands::{progress, remote::unreadable},
    failure::{self, Code, Failure},
    output::{Output, shown, table},
    setting::{Global, alone, open_existing_store},
};

/// How much of a file is read at once; its first line is in the first piece.
const PIECE: usize = 64 * 1024;
/// Refused lines, and made queues or agents, that are shown to people.
const SHOWN: usize = 20;
const DAY: std::time::Duration = std::time::Duration::from_hours(24);
const ALONE: &str = "stop the server for as long as the import takes: it would not hear of it";

#[derive(Debug, Args)]
pub(in crate::commands) struct Arguments {
    #[doc = "Asterisk's queue_log, or a CSV dump of its table with a header, each plain or packed with gzip; \
             rotated files together, the oldest first"]
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Only say what would become of them
    #[arg(long)]
    dry_run: bool,
    /// Take the calls of these files out of the log again
    #[arg(long, conflicts_with = "dry_run")]
    undo: bool,
    /// Which Asterisk wrote them, by its name here; needed where there are several
    #[arg(long, value_name = "NAME")]
    server: Option<String>,
    /// Where the clock of the dumped table stands [default: `statistics.time_zone`]
    #[arg(long, value_name = "ZONE")]
    time_zone: Option<String>,
}

pub(super) async fn run(
    arguments: &Arguments,
    global: &Global,
    output: &Output,
) -> anyhow::Result<()> {
    let config = global.load(Vec::new())?;
    // A trial changes nothing, so it may run beside a server.
    let _alone = if arguments.dry_run {
        None
    } else {
        Some(alone(&config, ALONE)?)
    };
    let store = open_existing_store(&config).await?;
    let done = take_in(arguments, &config, &store, output).await;
    store.close().await;
    let report = done?;
    output.answer(&report, || text(&report, arguments))?;
    let taken = report.added + report.unchanged + report.removed;
    if report.refused > 0 && taken == 0 {
        return Err(Failure::told(Code::Failed).into());
    }
    Ok(())
}

async fn take_in(
    arguments: &Arguments,
    config: &Config,
    store: &Store,
    output: &Output,
) -> anyhow::Result<Report> {
    let clock = Clock::start();
    let source = source(arguments, config, store, &clock).await?;
    let failed = |error| failed(error, config);
    let import = Import::new(store.clone(), clock, source).await;
    let mut import = import.map_err(failed)?;
    for path in &arguments.files {
        let file = File::open(path).map_err(|error| unreadable(path, error))?;
        let bar = progress::bar(file.metadata().map_or(0, |file| file.len()), output);
        let file = unpacked(BufReader::new(bar.wrap_read(file)));
        let mut file = file.map_err(|error| unreadable(path, error))?;
        let name = path.file_name().unwrap_or(path.as_os_str());
        import.file(&name.to_string_lossy());
        let mut piece = Vec::with_capacity(PIECE);
        loop {
            piece.clear();
            let read = file.by_ref().take(PIECE as u64).read_to_end(&mut piece);
            if read.map_err(|error| unreadable(path, error))? == 0 {
                break;
            }
            import.take(&piece).await.map_err(failed)?;
            bar.set_message(format!("{} lines", import.lines()));
        }
        import.end_file().await.map_err(failed)?;
        bar.finish_and_clear();
    }
    Ok(import.finish().await.map_err(failed)?)
}

async fn source(
    arguments: &Arguments,
    config: &Config,
    store: &Store,
    clock: &Clock,
) -> anyhow::Result<Source> {
    let zone = arguments.time_zone.as_deref();
    let zone = zone.unwrap_or(&config.statistics.time_zone);
    let zone = TimeZone::get(zone).map_err(|_| {
        Failure::new(Code::Failed, format!("{zone:?} is no IANA time zone"))
            .remedy("name one such as `--time-zone Europe/Bratislava`")
    })?;
    let country = config.acd.country.as_deref();
    let keep = config.retention.days;
    Ok(Source {
        server: server(arguments, config, store).await?,
        zone,
        numbers: country.and_then(Numbers::new).unwrap_or_default(),
        keep_since: keep.map(|days| clock.now().utc.before(DAY * days)),
        task: match arguments {
            Arguments { undo: true, .. } => Task::TakeBack,
            Arguments { dry_run: true, .. } => Task::Try,
            _ => Task::Add,
        },
    })
}

async fn server(arguments: &Arguments, config: &Config, store: &Store) -> anyhow::Result<ServerId> {
    let failed = |error| failure::database(&error, config.dsn().expose());
    let servers = store.servers().list(None, store::MAX_PAGE).await;
    let servers = servers.map_err(failed)?;
    let found = match (&arguments.server, &servers[..]) {
        (Some(name), servers) => servers.iter().find(|server| server.name == *name),
        (None, [one]) => Some(one),
        (None, _) => None,
    };
    if let Some(server) = found {
        return Ok(server.id);
    }
    let names: Vec<_> = servers.iter().map(|server| server.name.as_str()).collect();
    let failure = Failure::new(Code::Failed, "it is not known which Asterisk wrote this");
    Err(if names.is_empty() {
        failure
            .because("no server is known here yet")
            .remedy("add it to the configuration as [[asterisk]] and start `cordboard serve` once")
    } else {
        failure
            .because(format!("known are: {}", names.join(", ")))
            .remedy("name it by `--server NAME`")
    }
    .into())
}

fn failed(error: ImportError, config: &Config) -> Failure {
    match error {
        ImportError::Store(error) => failure::database(&error, config.dsn().expose()),
        error => Failure::new(Code::Failed, "cannot take in the files").because(error),
    }
}

fn text(report: &Report, arguments: &Arguments) -> String {
    let mut text = format!("{}: {} lines\n", report.files.join(", "), report.lines);
    let calls: u64 = report.outcomes.values().sum();
    let period = |at: Option<Timestamp>| at.map_or("–".to_owned(), shown);
    let of = |outcome| report.outcomes.get(&outcome).copied().unwrap_or_default();
    let _ = writeln!(
        text,
        "{calls} calls from {} to {}: {} answered, {} abandoned, {} overflowed, {} failed",
        period(report.from),
        period(report.to),
        of(Outcome::Answered),
        of(Outcome::Abandoned),
        of(Outcome::Overflowed),
        of(Outcome::Failed),
    );
    text += &done(report, arguments);
    for (count, what) in [
        (
            report.unfinished,
            "calls have no end in these files; give the next file too, or import again later",
        ),
        (
            report.too_old,
            "calls ended before what retention.days keeps, and are passed over",
        ),
        (
            report.offers_left_out,
            "offers are left out: a call keeps its first 200",
        ),
    ] {
        if count > 0 {
            let _ = writeln!(text, "{count} {what}");
        }
    }
    text += &events(report);
    text += &refused(report);
    text += &made("queues", &report.queues_made, report.dry_run);
    text += &made("agents", &report.agents_made, report.dry_run);
    text
}

fn done(report: &Report, arguments: &Arguments) -> String {
    let Report {
        added,
        unchanged,
        removed,
        ..
    } = report;
    match arguments {
        Arguments { undo: true, .. } => format!("{removed} were in the log, and are taken back\n"),
        Arguments { dry_run: true, .. } => format!(
            "{added} would be added, {unchanged} are in the log already\nA trial: nothing was written.\n"
        ),
        _ => format!(
            "{added} added, {unchanged} were in the log already; the same command with `--undo` takes them back\n"
        ),
    }
}

fn events(report: &Report) -> String {
    let rows: Vec<_> = report
        .events
        .iter()
        .map(|(event, kind)| {
            let counts = [kind.taken, kind.ignored, kind.refused];
            let [taken, ignored, refused] = counts.map(|count| count.to_string());
            let why = kind.why.unwrap_or_default().to_owned();
            [event.clone(), taken, ignored, refused, why]
        })
        .collect();
    if rows.is_empty() {
        return String::new();
    }
    let headings = ["EVENT", "TAKEN", "IGNORED", "REFUSED", "WHY IGNORED"];
    format!("\n{}", table(headings, &rows))
}

fn refused(report: &Report) -> String {
    let rows: Vec<_> = report
        .refused_lines
        .iter()
        .take(SHOWN)
        .map(|line| [line.file.clone(), line.line.to_string(), line.why.clone()])
        .collect();
    if rows.is_empty() {
        return String::new();
    }
    let mut text = format!("\n{}", table(["FILE", "LINE", "REFUSED: THE LINE"], &rows));
    let more = report.refused.saturating_sub(rows.len() as u64);
    if more > 0 {
        let _ = writeln!(text, "… and {more} more; `--json` has the first 1,000");
    }
    text
}

fn made(what: &str, names: &[String], dry_run: bool) -> String {
    if names.is_empty() {
        return String::new();
    }
    let shown = names[..names.len().min(SHOWN)].join(", ");
    let more = match names.len().saturating_sub(SHOWN) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let verb = if dry_run {
        "would be made"
    } else {
        "were made"
    };
    format!(
        "\n{} {what} were not known and {verb}, switched off: {shown}{more}\n",
        names.len()
    )
}
