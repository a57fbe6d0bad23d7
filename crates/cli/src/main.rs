//! `cordboard`: the one program.
//!
//! Parses arguments, calls the crates that do the work, and says in words what came of it. Decides nothing itself.

mod commands;
mod failure;
mod log;
mod output;
mod password;
mod setting;

use std::process::ExitCode;

use clap::Parser as _;

/// Every request makes and drops some forty small things, on one thread and another; glibc's allocator takes a sixth of its time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = commands::Cli::parse();
    let output = output::Output {
        json: cli.global.json,
    };
    match commands::run(cli, &output) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failure::tell(&error, &output),
    }
}
