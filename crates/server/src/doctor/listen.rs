//! The address to listen on: is it free, or is the server there already?

use std::time::Duration;

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    time::timeout,
};

use super::Finding;
use crate::config::Config;

const SUBJECT: &str = "address";

/// How long whoever is there may take to answer.
const PATIENCE: Duration = Duration::from_secs(3);

/// How much of an answer is read.
const MAX_ANSWER: u64 = 64 << 10;

pub(super) async fn examine(config: &Config) -> Finding {
    let address = config.server.listen;
    match TcpListener::bind(address).await {
        Ok(_) => Finding::ok(SUBJECT, format!("{address} is free")),
        Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => {
            let health = timeout(PATIENCE, health(address)).await;
            match health.ok().flatten() {
                Some(200) => Finding::ok(SUBJECT, format!("the server runs at {address}, and is well")),
                Some(503) => Finding::warning(SUBJECT, format!("the server runs at {address}, and is degraded"))
                    .remedy(format!("see http://{address}/health")),
                _ => Finding::problem(SUBJECT, format!("{address} is taken by another program"))
                    .because(error)
                    .remedy("stop it, or listen elsewhere: `--listen` or `server.listen`"),
            }
        }
        Err(error) => Finding::problem(SUBJECT, format!("cannot listen on {address}"))
            .because(error)
            .remedy("name an address of this machine by `--listen` or `server.listen`; ports below 1024 need rights"),
    }
}

/// Whether the server is at this address.
pub(super) async fn runs(address: std::net::SocketAddr) -> bool {
    let health = timeout(PATIENCE, health(address)).await;
    health.ok().flatten().is_some()
}

/// The status of `/health`, if whoever is there calls itself Cordboard by answering with our fields.
async fn health(address: std::net::SocketAddr) -> Option<u16> {
    let mut stream = TcpStream::connect(address).await.ok()?;
    let request = "GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    stream.write_all(request.as_bytes()).await.ok()?;
    let mut answer = Vec::new();
    stream
        .take(MAX_ANSWER)
        .read_to_end(&mut answer)
        .await
        .ok()?;
    let answer = String::from_utf8_lossy(&answer);
    let status = answer.split(' ').nth(1)?.parse().ok()?;
    answer.contains("\"dependencies\"").then_some(status)
}
