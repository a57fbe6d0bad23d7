//! The `lab` program: the same labs as the tests', by hand.

mod commands;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    let outcome = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|source| cordboard_lab::LabError::Io {
            doing: "start".into(),
            source,
        })
        .and_then(|runtime| runtime.block_on(commands::run(commands::Cli::parse())));
    outcome.unwrap_or_else(|error| {
        eprintln!("lab: {error}");
        ExitCode::FAILURE
    })
}
