//! `[[cdr_source]]`: the databases and files in which Asterisks keep their call detail records.

use std::{collections::BTreeSet, path::PathBuf};

use engine::stats::NumberPlan;
use model::checked_text;

use super::{Key, Section, SectionReader, key, statistics::patterns};
use crate::config::{Flaw, Secret, reader::Report, value::words};

words! {
    /// What answers.
    CdrSourceKind {
        /// MySQL or MariaDB.
        MySql = "mysql",
        Postgres = "postgres",
        /// `Master.csv`, as it is or as `.gz`.
        Csv = "csv",
        /// Our own log.
        Own = "own",
    }
    expected "\"mysql\", \"postgres\", \"csv\" or \"own\""
}

/// One database or file, and how its site writes numbers.
#[derive(Debug, Clone)]
pub struct CdrSourceConfig {
    /// Unique; the host where none is given.
    pub name: String,
    pub kind: CdrSourceKind,
    pub host: String,
    pub port: Option<u32>,
    pub user: String,
    pub password: Option<Secret>,
    pub database: String,
    pub table: String,
    pub file: Option<PathBuf>,
    /// The name of the Asterisk server whose calls it has.
    pub server: Option<String>,
    /// In which `calldate` is written.
    pub time_zone: Option<String>,
    pub outside_prefixes: Vec<String>,
    pub international_prefixes: Vec<String>,
    pub national_prefix: Option<String>,
    pub calling_code: Option<u32>,
    pub national_digits: Vec<String>,
    pub internal: Vec<String>,
}

impl Default for CdrSourceConfig {
    fn default() -> Self {
        Self {
            name: String::new(),
            kind: CdrSourceKind::MySql,
            host: String::new(),
            port: None,
            user: String::new(),
            password: None,
            database: "asteriskcdrdb".to_owned(),
            table: "cdr".to_owned(),
            file: None,
            server: None,
            time_zone: None,
            outside_prefixes: Vec::new(),
            international_prefixes: vec!["00".to_owned(), "011".to_owned()],
            national_prefix: None,
            calling_code: None,
            national_digits: Vec::new(),
            internal: vec!["XXXX".to_owned()],
        }
    }
}

impl Section for CdrSourceConfig {
    const NAME: &'static str = "cdr_source";
    const ABOUT: &'static str = "A database or file of call detail records, once for each. It is only ever read. `DB1_HOST` to `DB3_PASSWORD` of the environment, or of a file `.env` beside the program's start, are further ones.";
    const IS_LIST: bool = true;
    const KEYS: &'static [Key] = &[
        key(
            "name",
            "Unique, as it appears in reports. The host if it is not given; `own` for our own log.",
            "\"pbx1\"",
        ),
        key(
            "kind",
            "What answers: `mysql` (MariaDB, too), `postgres`, `csv`, or `own`: our own log, once at most, for a centre without call detail records. Beside those of the same Asterisk, its calls count twice.",
            "\"mysql\"",
        ),
        key("host", "Its host.", "\"127.0.0.1\""),
        key("port", "Its port: 3306 or 5432 if it is not given.", "3306"),
        key(
            "user",
            "A user who may read the table; no more is needed.",
            "\"cordboard\"",
        ),
        key("password", "That user's password.", "\"…\""),
        key(
            "password_file",
            "A file that holds the password.",
            "\"cdr-password\"",
        ),
        key("database", "The database.", "\"asteriskcdrdb\""),
        key("table", "The table, or SCHEMA.TABLE.", "\"cdr\""),
        key(
            "file",
            "The file of `kind = \"csv\"`; `.gz` is unpacked.",
            "\"/var/log/asterisk/cdr-csv/Master.csv\"",
        ),
        key(
            "server",
            "The name of the Asterisk server that writes it, where that gives us its calls: every night our log is compared with it.",
            "\"main\"",
        ),
        key(
            "time_zone",
            "The zone of its `calldate`: an IANA name. That of `[statistics]` if it is not given.",
            "\"UTC\"",
        ),
        key("outside_prefixes", "Digits for an outside line.", "[\"9\"]"),
        key(
            "international_prefixes",
            "What is dialled before a country code; `+` always is.",
            "[\"00\", \"011\"]",
        ),
        key(
            "national_prefix",
            "What is dialled before a number of the own country.",
            "\"0\"",
        ),
        key(
            "calling_code",
            "The own country's calling code; without it, numbers without a country code are read as if they had one.",
            "421",
        ),
        key(
            "national_digits",
            "How many digits a number of the own country has: shortest and longest.",
            "[\"9\", \"9\"]",
        ),
        key(
            "internal",
            "Numbers in the house: ranges or patterns. Calls to them are not counted.",
            "[\"XXXX\"]",
        ),
    ];

    fn read(from: &mut SectionReader<'_>) -> Self {
        let default = Self::default();
        let host = from.value("host", default.host);
        let kind = from.value("kind", default.kind);
        let name = match kind {
            CdrSourceKind::Own => kind.word().to_owned(),
            _ => host.clone(),
        };
        Self {
            name: from.value("name", name),
            host,
            kind,
            port: from.optional("port"),
            user: from.value("user", default.user),
            password: from.secret("password", "password_file"),
            database: from.value("database", default.database),
            table: from.value("table", default.table),
            file: from.optional("file"),
            server: from.optional("server"),
            time_zone: from.optional("time_zone"),
            outside_prefixes: from.value("outside_prefixes", default.outside_prefixes),
            international_prefixes: from
                .value("international_prefixes", default.international_prefixes),
            national_prefix: from.optional("national_prefix"),
            calling_code: from.optional("calling_code"),
            national_digits: from.value("national_digits", default.national_digits),
            internal: from.value("internal", default.internal),
        }
    }

    fn check(&self) -> Result<(), (&'static str, String)> {
        let field = |error: model::Invalid| (error.field, error.problem);
        checked_text("name", &self.name, 100).map_err(field)?;
        if self.name == OWN_LOG {
            return Err(("name", "is what our own log is called".to_owned()));
        }
        match (self.kind, &self.file) {
            (CdrSourceKind::Csv, None) => return Err(("file", "is missing".to_owned())),
            (CdrSourceKind::Csv, Some(_)) => {}
            (_, Some(_)) => return Err(("file", "is only for `kind = \"csv\"`".to_owned())),
            (CdrSourceKind::Own, None) if !self.host.is_empty() => {
                return Err((
                    "host",
                    "is for a database, not for `kind = \"own\"`".to_owned(),
                ));
            }
            (CdrSourceKind::Own, None) => {}
            (_, None) if self.host.is_empty() => return Err(("host", "is missing".to_owned())),
            (_, None) => {}
        }
        if self.name.is_empty() {
            return Err(("name", "is missing, and there is no `host`".to_owned()));
        }
        if self.kind == CdrSourceKind::Own && self.server.is_some() {
            return Err(("server", "is not for our own log".to_owned()));
        }
        if self.port.is_some_and(|port| !(1..=65_535).contains(&port)) {
            return Err(("port", "is not in 1 to 65535".to_owned()));
        }
        let words = self.table.split('.');
        let is_name = |word: &str| {
            let fine = |c: char| c.is_ascii_alphanumeric() || "_$-".contains(c);
            (1..=64).contains(&word.len()) && word.chars().all(fine)
        };
        if self.table.split('.').count() > 2 || !words.clone().all(is_name) {
            let problem = "is no name of a table: letters, digits, '_', '$' and '-', with a schema before a '.' at most";
            return Err(("table", problem.to_owned()));
        }
        if let Some(zone) = &self.time_zone
            && jiff::tz::TimeZone::get(zone).is_err()
        {
            return Err(("time_zone", "is no time zone".to_owned()));
        }
        self.plan().map(drop)
    }
}

impl CdrSourceConfig {
    /// How its site writes numbers. The error names the key.
    pub fn plan(&self) -> Result<NumberPlan, (&'static str, String)> {
        let digits = |key, texts: &[String]| {
            let wrong = texts.iter().find(|text| {
                !(1..=8).contains(&text.len()) || !text.bytes().all(|byte| byte.is_ascii_digit())
            });
            match wrong {
                Some(text) => Err((key, format!("has {text:?}, which is not 1 to 8 digits"))),
                None if texts.len() > 10 => Err((key, "has more than 10".to_owned())),
                None => Ok(texts.to_vec()),
            }
        };
        let calling_code = match self.calling_code {
            None => None,
            Some(code) if (1..=999).contains(&code) => u16::try_from(code).ok(),
            Some(_) => return Err(("calling_code", "is not in 1 to 999".to_owned())),
        };
        let national = self.national_prefix.clone().into_iter().collect::<Vec<_>>();
        let default = NumberPlan::default();
        let national_digits = match self.national_digits.as_slice() {
            [] => default.national_digits,
            [shortest, longest] => match (shortest.parse(), longest.parse()) {
                (Ok(shortest), Ok(longest))
                    if 1 <= shortest && shortest <= longest && longest <= 14 =>
                {
                    (shortest, longest)
                }
                _ => {
                    return Err((
                        "national_digits",
                        "are not two numbers in 1 to 14".to_owned(),
                    ));
                }
            },
            _ => {
                return Err((
                    "national_digits",
                    "are not two numbers in 1 to 14".to_owned(),
                ));
            }
        };
        Ok(NumberPlan {
            outside: digits("outside_prefixes", &self.outside_prefixes)?,
            international: digits("international_prefixes", &self.international_prefixes)?,
            national: digits("national_prefix", &national)?.pop(),
            calling_code,
            national_digits,
            internal: patterns("internal", &self.internal)?,
        })
    }
}

/// What `source` is for our own log where calls are looked for.
pub(crate) const OWN_LOG: &str = "cordboard";

/// Names must differ: they are how sources are told apart. Our own log is there once.
pub(in crate::config) fn check_sources(all: &[CdrSourceConfig], report: &mut Report) {
    let mut seen = BTreeSet::new();
    let own = all
        .iter()
        .filter(|source| source.kind == CdrSourceKind::Own);
    if own.count() > 1 {
        let what = "a second [[cdr_source]] is of `kind = \"own\"`; there is one log of our own";
        report.flaws.push(Flaw {
            origin: None,
            what: what.to_owned(),
        });
    }
    for source in all {
        if !source.name.is_empty() && !seen.insert(&source.name) {
            report.flaws.push(Flaw {
                origin: None,
                what: format!(
                    "a second [[cdr_source]] has the name {:?}; give each a `name`",
                    source.name
                ),
            });
        }
    }
}
