//! `caller_id.agi_listen`: do dialplans find somebody there, and may they ask?
//!
//! Whoever is there is asked for a script that there is not, so nothing is reserved.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    time::timeout,
};

use super::{Finding, listen};
use crate::{auth::Networks, config::Config};

const SUBJECT: &str = "FastAGI";
/// How long whoever is there may take to answer.
const PATIENCE: Duration = Duration::from_secs(3);
/// How much of an answer is read.
const MAX_ANSWER: u64 = 4 << 10;
const ENVIRONMENT: &str =
    "agi_network: yes\nagi_network_script: doctor\nagi_request: agi://127.0.0.1/doctor\n\n";

/// Nothing where FastAGI is not asked for.
pub(super) async fn examine(config: &Config) -> Vec<Finding> {
    let Some(address) = config.caller_id.agi_listen else {
        return Vec::new();
    };
    let networks = &config.caller_id.networks;
    let mut findings = vec![somebody(config, address).await];
    findings.extend(admitted(address, networks));
    findings
}

/// Whether the port is as it should be.
async fn somebody(config: &Config, address: SocketAddr) -> Finding {
    match TcpListener::bind(address).await {
        Ok(_) if listen::runs(config.server.listen).await => {
            Finding::problem(SUBJECT, format!("nobody listens on {address}, though the server runs"))
                .because("it was started before `caller_id.agi_listen` was set so; dialplans that ask there keep the caller ID that they have")
                .remedy("start the server anew")
        }
        Ok(_) => Finding::ok(SUBJECT, format!("{address} is free")),
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => taken(config, address, &error).await,
        Err(error) => Finding::problem(SUBJECT, format!("cannot listen on {address}"))
            .because(error)
            .remedy("name an address of this machine by `caller_id.agi_listen`"),
    }
}

async fn taken(config: &Config, address: SocketAddr, error: &io::Error) -> Finding {
    let asked = asked_at(address);
    let heard = timeout(PATIENCE, ask(asked)).await;
    let heard = heard.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()));
    let hung_up = match heard {
        Ok(answer) if answer.contains("cordboard:") => {
            let what = format!("the server answers dialplans at {address}");
            return Finding::ok(SUBJECT, what);
        }
        Ok(answer) => answer.is_empty(),
        // It left before it had read all.
        Err(error) => error.kind() == io::ErrorKind::ConnectionReset,
    };
    if hung_up && !config.caller_id.networks.contains(asked.ip()) {
        let what = format!("somebody listens on {address}, and does not speak with this machine");
        return Finding::ok(SUBJECT, what).because("`caller_id.networks` does not list it");
    }
    Finding::problem(SUBJECT, format!("{address} is taken by another program"))
        .because(error)
        .remedy(
            "stop it, or listen elsewhere: `caller_id.agi_listen`; 4573 is every AGI server's port",
        )
}

/// Whether the telephone servers that could reach the port may ask there.
fn admitted(address: SocketAddr, networks: &Networks) -> Option<Finding> {
    if address.ip().to_canonical().is_loopback() {
        return None;
    }
    let everybody = networks.iter().find(|network| network.prefix_len() == 0);
    if let Some(everybody) = everybody {
        let what = format!("{address} answers everybody: `caller_id.networks` lists {everybody}");
        return Some(
            Finding::warning(SUBJECT, what)
                .because("FastAGI knows no password; whoever reaches the port uses up numbers")
                .remedy("list the telephone servers only"),
        );
    }
    let is_here = |ip: IpAddr| ip.to_canonical().is_loopback();
    let only_here = networks
        .iter()
        .all(|network| is_here(network.network()) && is_here(network.broadcast()));
    let what = format!("{address} can be reached from elsewhere, but nobody there is answered");
    only_here.then(|| {
        Finding::warning(SUBJECT, what)
            .because("`caller_id.networks` lists no network but this machine; other machines' calls keep the caller ID that they have")
            .remedy("list the telephone servers in `caller_id.networks`, or listen on 127.0.0.1")
    })
}

/// From this machine, the unspecified address is reached by loopback.
fn asked_at(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}

/// The first thing that whoever is there says to a script that there is not; empty if it hangs up.
async fn ask(address: SocketAddr) -> io::Result<String> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(ENVIRONMENT.as_bytes()).await?;
    let mut bytes = Vec::new();
    let mut stream = stream.take(MAX_ANSWER);
    // A line is enough: the server waits for an answer to it.
    while stream.read_buf(&mut bytes).await? > 0 && !bytes.contains(&b'\n') {}
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
