//! How a command fails: an exit code, what happened, why, and what to do.

use std::{fmt, process::ExitCode};

use serde_json::json;
use server::{
    app::StartError, callerid::CallerIdsError, config::ConfigError, deliveries::DeliveriesError,
};
use store::StoreError;

use crate::output::Output;

/// What the exit code says. Documented in docs/OPERATIONS.md.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Code {
    /// A check found a problem, or the command could not do what was asked. Clap has 2, for wrong usage.
    Failed = 1,
    /// The database cannot be reached or used.
    Database = 3,
    /// The configuration is wrong.
    Config = 4,
    /// The address to listen on cannot be had.
    Address = 5,
    /// What was compared differs; `plan` found something to do.
    Differences = 6,
}

/// Why a command ends without success.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) code: Code,
    /// What happened, in a sentence without a full stop.
    pub(crate) what: String,
    pub(crate) why: Option<String>,
    pub(crate) remedy: Option<String>,
    /// It has been told already; only the code remains.
    pub(crate) is_told: bool,
    /// Nobody knows whether it was done.
    pub(crate) is_open: bool,
}

impl Failure {
    pub(crate) fn new(code: Code, what: impl Into<String>) -> Self {
        Self {
            code,
            what: what.into(),
            why: None,
            remedy: None,
            is_told: false,
            is_open: false,
        }
    }

    /// For a command whose output already says what is wrong.
    pub(crate) fn told(code: Code) -> Self {
        let mut failure = Self::new(code, "a check failed");
        failure.is_told = true;
        failure
    }

    pub(crate) fn because(mut self, why: impl fmt::Display) -> Self {
        self.why = Some(why.to_string());
        self
    }

    pub(crate) fn remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = Some(remedy.into());
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)?;
        let more = [("why", &self.why), ("do", &self.remedy)];
        for (label, text) in more {
            if let Some(text) = text {
                write!(f, "\n  {label}: {}", text.replace('\n', "\n       "))?;
            }
        }
        Ok(())
    }
}

impl std::error::Error for Failure {}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Self::new(Code::Config, "the configuration is wrong")
            .because(error)
            .remedy("put this right; all keys stand in docs/OPERATIONS.md and in `cordboard config example`")
    }
}

/// A store that cannot be opened or used.
pub(crate) fn database(error: &StoreError, dsn: &str) -> Failure {
    let shown = server::config::redacted_dsn(dsn);
    let failure = Failure::new(Code::Database, format!("cannot use the database {shown}"));
    match error {
        StoreError::Unavailable { .. } => failure.because(error).remedy(
            "start the database, or correct `database.dsn` (address, user, password, rights of the file)",
        ),
        StoreError::Dsn { .. } => failure.because(error).remedy("correct `database.dsn`"),
        StoreError::NewerSchema { .. } | StoreError::ChangedMigration { .. } => failure
            .because(error)
            .remedy("use the program that made this database, or a newer one"),
        _ => failure
            .because(error)
            .remedy("run `cordboard doctor`; it looks at the database more closely"),
    }
}

/// Says it on standard error, and gives the exit code.
pub(crate) fn tell(error: &anyhow::Error, output: &Output) -> ExitCode {
    let unexpected;
    let failure = if let Some(failure) = error.downcast_ref::<Failure>() {
        failure
    } else {
        let why: Vec<String> = error.chain().skip(1).map(ToString::to_string).collect();
        let plain = Failure::new(Code::Failed, error.to_string());
        unexpected = if why.is_empty() {
            plain
        } else {
            plain.because(why.join(": "))
        };
        &unexpected
    };
    if failure.is_told {
        // Nothing to add.
    } else if output.json {
        let told = json!({ "error": {
            "what": failure.what, "why": failure.why, "remedy": failure.remedy, "exit_code": failure.code as u8,
        }});
        eprintln!("{told}");
    } else {
        eprintln!("error: {failure}");
    }
    ExitCode::from(failure.code as u8)
}

/// A server that does not start.
pub(crate) fn start(error: &StartError) -> Failure {
    let failed = |code, what: &str| Failure::new(code, what.to_owned()).because(error);
    match error {
        StartError::Listen { address, .. } => failed(
            Code::Address,
            &format!("cannot listen on {address}"),
        )
        .remedy(
            "stop the program that has the address, or name another: `--listen`, `server.listen` or `caller_id.agi_listen`",
        ),
        StartError::Store(_)
        | StartError::Cdr(_)
        | StartError::CatchUp(_)
        | StartError::Deliveries(DeliveriesError::Store(_))
        | StartError::CallerIds(CallerIdsError::Store(_) | CallerIdsError::CatchUp(_)) => {
            failed(Code::Database, "the database cannot be used")
                .remedy("run `cordboard doctor`; it looks at the database more closely")
        }
        StartError::Server { .. } => failed(
            Code::Config,
            "an Asterisk of the configuration cannot be used",
        )
        .remedy("correct that [[asterisk]]"),
        StartError::DefaultQueue(_) => failed(Code::Config, "`acd.default_queue` cannot be used")
            .remedy("add that queue in the API, or remove the key"),
        StartError::Deliveries(DeliveriesError::Mail(_) | DeliveriesError::Webhook(_)) => failed(
            Code::Config,
            "reports and alarms cannot be sent",
        )
        .remedy("correct [mail]; without it no mail is sent"),
        StartError::Tenancy { .. } => failed(Code::Failed, "the data folder is in use").remedy(
            "stop the other server, or wait for the import; each server has a folder of its own (`--data`)",
        ),
        StartError::DataFolder { .. }
        | StartError::Vault(_)
        | StartError::Journal(_)
        | StartError::Deliveries(DeliveriesError::Node(_))
        | StartError::CallerIds(CallerIdsError::Ledger(_) | CallerIdsError::Folder(_)) => {
            failed(Code::Failed, "the data folder cannot be used")
                .remedy("run `cordboard doctor`; restore the folder from a backup if it is damaged")
        }
    }
}
