//! `lab services run -- COMMAND…`: the three databases around a command.

use std::{
    os::unix::process::ExitStatusExt,
    process::{ExitCode, ExitStatus},
};

use clap::Subcommand;
use cordboard_lab::{LabError, Result, Services};
use tokio::signal::unix::{SignalKind, signal};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Run COMMAND with database servers of its own, their DSNs in its environment; stop them after
    ///
    /// The variables are `CORDBOARD_TEST_POSTGRES`, `CORDBOARD_TEST_MARIADB` and `CORDBOARD_TEST_REDIS`.
    /// The exit code is the command's own.
    Run {
        #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true)]
        command: Vec<String>,
    },
}

pub(super) async fn run(command: Command) -> Result<ExitCode> {
    let Command::Run { command } = command;
    let failed = |source| LabError::Io {
        doing: format!("run {}", command[0]),
        source,
    };
    // Caught so that the servers are stopped; the terminal has sent it to the command as well.
    let mut interrupted = signal(SignalKind::interrupt()).map_err(failed)?;
    let mut ended = signal(SignalKind::terminate()).map_err(failed)?;
    let services = tokio::select! {
        services = Services::up() => services?,
        _ = interrupted.recv() => return Ok(ExitCode::from(130)),
        _ = ended.recv() => return Ok(ExitCode::from(143)),
    };
    let mut child = tokio::process::Command::new(&command[0])
        .args(&command[1..])
        .envs(services.env())
        .kill_on_drop(true)
        .spawn()
        .map_err(failed)?;
    let status = loop {
        tokio::select! {
            status = child.wait() => break status.map_err(failed)?,
            _ = interrupted.recv() => {}
            _ = ended.recv() => child.start_kill().map_err(failed)?,
        }
    };
    services.down().await;
    Ok(exit_code(status))
}

/// A command that a signal ended gets 128 + signal, as in a shell.
fn exit_code(status: ExitStatus) -> ExitCode {
    let number = status
        .code()
        .or_else(|| Some(128 + status.signal()?))
        .unwrap_or(1);
    u8::try_from(number).map_or(ExitCode::FAILURE, ExitCode::from)
}
