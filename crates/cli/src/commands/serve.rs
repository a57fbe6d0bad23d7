//! `cordboard serve`

use std::{fmt::Write as _, net::SocketAddr};

use clap::Args;
use model::Role;
use serde_json::json;
use server::config::{Config, Flag};
use tokio::signal::unix::{SignalKind, signal};

use super::user;
use crate::{
    failure, log,
    output::Output,
    password,
    setting::{Global, address, open_store},
};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Address and port; port 0: any free one [default: 127.0.0.1:8080, or as configured]
    #[arg(long, value_name = "ADDR", value_parser = address)]
    listen: Option<SocketAddr>,
}

/// The administrator that the first start makes.
const FIRST_NAME: &str = "admin";

struct First {
    name: String,
    password: String,
}

pub(super) fn run(arguments: &Arguments, global: &Global, output: &Output) -> anyhow::Result<()> {
    let listen = arguments.listen.map(|address| Flag {
        flag: "--listen",
        key: "server.listen",
        value: address.to_string(),
    });
    let config = global.load(listen.into_iter().collect())?;
    log::as_configured(&config.log)?;
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(config.server.threads())
        .enable_all()
        .build()?
        .block_on(serve(config, output))
}

async fn serve(config: Config, output: &Output) -> anyhow::Result<()> {
    // Before anything is announced: whoever stops us right after must be heard.
    let mut terminated = signal(SignalKind::terminate())?;
    let mut interrupted = signal(SignalKind::interrupt())?;

    let first = first_administrator(&config).await?;
    let running = match server::start(&config).await {
        Ok(running) => running,
        Err(error) => {
            // Or its password would be lost: the next start finds that there is an administrator.
            if first.is_some() {
                announce(None, None, first.as_ref(), output)?;
            }
            return Err(failure::start(&error).into());
        }
    };
    let agi = running.agi_addr();
    announce(Some(running.local_addr()), agi, first.as_ref(), output)?;

    tokio::select! {
        _ = terminated.recv() => {}
        _ = interrupted.recv() => {}
    }
    tracing::info!("stopping; calls stay up");
    tokio::select! {
        () = running.stop() => tracing::info!("stopped"),
        _ = terminated.recv() => tracing::warn!("stopped at once, by a second signal"),
        _ = interrupted.recv() => tracing::warn!("stopped at once, by a second signal"),
    }
    Ok(())
}

/// Makes an administrator with a random password, if there is none that is active.
async fn first_administrator(config: &Config) -> anyhow::Result<Option<First>> {
    let store = open_store(config).await?;
    let users = user::all(&store).await?;
    let is_there = users
        .iter()
        .any(|user| user.active && user.role == Role::Administrator);
    let first = if is_there {
        None
    } else {
        let is_taken = |name: &str| users.iter().any(|user| user.name == name);
        let names = (1..).map(|number| match number {
            1 => FIRST_NAME.to_owned(),
            _ => format!("{FIRST_NAME}{number}"),
        });
        let name = names
            .into_iter()
            .find(|name| !is_taken(name))
            .unwrap_or_default();
        let password = password::random()?;
        user::create(&store, &name, Role::Administrator, &password).await?;
        Some(First { name, password })
    };
    store.close().await;
    Ok(first)
}

/// Says where the server is (unless it could not start), and who may log in after a first start.
fn announce(
    address: Option<SocketAddr>,
    agi: Option<SocketAddr>,
    first: Option<&First>,
    output: &Output,
) -> anyhow::Result<()> {
    let url = address.map(|address| format!("http://{address}/"));
    let administrator =
        first.map(|first| json!({ "name": first.name, "password": first.password }));
    output.answer(
        &json!({ "url": url, "address": address, "agi": agi, "administrator": administrator }),
        || {
            let mut text = String::new();
            if let Some(url) = &url {
                let _ = writeln!(text, "Cordboard {} is at {url}", env!("CARGO_PKG_VERSION"));
            }
            if let Some(agi) = agi {
                let _ = writeln!(text, "Dialplans ask by FastAGI at agi://{agi}/next-cid");
            }
            if let Some(First { name, password }) = first {
                let _ = writeln!(
                    text,
                    "First start: log in as {name} with the password {password}\n\
                     It is shown only now; `cordboard user set-password {name}` sets another."
                );
            }
            text
        },
    )
}
