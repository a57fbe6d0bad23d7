//! `cordboard agi`: a script of Asterisk's. It answers within two seconds and never fails: the call goes on in any case.

use std::{
    ffi::OsString,
    fs, io,
    os::{fd::AsFd as _, unix::ffi::OsStringExt as _},
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use clap::{Args, Subcommand};
use server::{
    agi::{OverHttp, SCRIPT_LIMIT, Script},
    config::Secret,
};
use tokio::{
    net::unix::pipe,
    signal::unix::{SignalKind, signal},
};

use crate::setting::{DEFAULT_SERVER, server_url};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Set the caller ID of the call that is about to be placed
    NextCid {
        /// CAMPAIGN, AGENT, NUMBER; what is missing is read from the channel
        words: Vec<OsString>,
        #[command(flatten)]
        place: Place,
    },
    /// Tell that the call is over
    Release {
        /// RESERVATION, 1 or 0 (answered or not; empty: no call was placed), the seconds of TALK
        words: Vec<OsString>,
        #[command(flatten)]
        place: Place,
    },
}

#[derive(Debug, Args)]
pub(super) struct Place {
    /// Where Cordboard is
    #[arg(long, value_name = "URL", default_value = DEFAULT_SERVER, value_parser = server_url)]
    server: String,
    /// A file with a key, where `caller_id.networks` does not list this machine
    #[arg(long, value_name = "FILE")]
    key_file: Option<PathBuf>,
}

pub(super) fn run(command: Command) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let ran = runtime.block_on(async {
        // Asterisk sends it when the caller hangs up; what was reserved must still be told.
        let _hangup = signal(SignalKind::hangup())?;
        let limited = tokio::time::timeout(SCRIPT_LIMIT, script(command)).await;
        limited.unwrap_or_else(|_| Err(anyhow::anyhow!("it took longer than {SCRIPT_LIMIT:?}")))
    });
    if let Err(error) = ran {
        eprintln!("cordboard agi: {error:#}");
    }
    Ok(())
}

async fn script(command: Command) -> anyhow::Result<()> {
    let (script, words, place) = match command {
        Command::NextCid { words, place } => (Script::NextCid, words, place),
        Command::Release { words, place } => (Script::Release, words, place),
    };
    let key = place.key_file.as_deref().map(key).transpose()?;
    let server = OverHttp::new(&place.server, key)?;
    let words = words.into_iter().map(OsString::into_vec).collect();
    let no_pipe = "standard input and output are no pipes: this is for Asterisk's AGI()";
    let reads = io::stdin().as_fd().try_clone_to_owned()?;
    let writes = io::stdout().as_fd().try_clone_to_owned()?;
    let channel = tokio::io::join(
        pipe::Receiver::from_owned_fd(reads).context(no_pipe)?,
        pipe::Sender::from_owned_fd(writes).context(no_pipe)?,
    );
    Ok(server.run(script, words, channel).await?)
}

fn key(file: &Path) -> anyhow::Result<Secret> {
    let text =
        fs::read_to_string(file).with_context(|| format!("the key file {}", file.display()))?;
    Ok(Secret::new(text.trim()))
}
