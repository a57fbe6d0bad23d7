//! `cordboard asterisk tables`: Asterisk's own tables, where it reads its phones from a database. None is ever altered.

use std::fmt::Write as _;

use clap::Args;
use serde::Serialize;
use store::AsteriskTables;

use crate::{
    failure::{self, Code, Failure},
    output::Output,
    setting::Global,
};

#[derive(Debug, Args)]
pub(in crate::commands) struct Arguments {
    /// Make the tables that are missing. Those that are there stay as they are
    #[arg(long)]
    create: bool,
}

#[derive(Serialize)]
struct Tables {
    created: Vec<&'static str>,
    missing: Vec<String>,
}

pub(super) async fn run(
    arguments: &Arguments,
    global: &Global,
    output: &Output,
) -> anyhow::Result<()> {
    let config = global.load(Vec::new())?;
    let dsn = config.provisioning.dsn.as_ref().ok_or_else(|| {
        Failure::new(Code::Config, "no database of Asterisk's is configured")
            .remedy("set `dsn` or `dsn_file` in [provisioning]")
    })?;
    let failed = |error| failure::database(&error, dsn.expose());
    let mut tables = AsteriskTables::open(dsn.expose()).await.map_err(failed)?;
    let created = if arguments.create {
        tables.create().await.map_err(failed)?
    } else {
        Vec::new()
    };
    let missing = tables.missing().await.map_err(failed)?;
    tables.close().await;
    let found = Tables { created, missing };
    output.answer(&found, || told(&found))?;
    if found.missing.is_empty() {
        Ok(())
    } else {
        Err(Failure::told(Code::Failed).into())
    }
}

fn told(found: &Tables) -> String {
    let mut text = String::new();
    for table in &found.created {
        let _ = writeln!(text, "made     {table}");
    }
    for what in &found.missing {
        let _ = writeln!(text, "missing  {what}");
    }
    text.push_str(if found.missing.is_empty() {
        "Nothing is missing.\n"
    } else if found.missing.iter().any(|what| what.contains('.')) {
        "Asterisk's own migrations (contrib/ast-db-manage) add columns; Cordboard alters no table. Phones that need one are left out.\n"
    } else {
        "`cordboard asterisk tables --create` makes them.\n"
    });
    text
}
