//! `[server]`: where we listen.

use std::{
    net::{Ipv4Addr, SocketAddr},
    num::NonZero,
    thread::available_parallelism,
};

use super::{Key, Section, SectionReader, key};

/// Where we listen.
#[derive(Debug, Clone)]
pub struct ServerConfig {
    /// Port 0: any free one; it is printed at the start.
    pub listen: SocketAddr,
    /// Believe `X-Forwarded-For`, `-Proto` and `-Host`.
    pub behind_proxy: bool,
    /// Threads that answer.
    pub threads: Option<u32>,
}

/// The most threads that can be asked for.
const MAX_THREADS: u32 = 1024;

impl ServerConfig {
    /// How many threads answer. Unless told, one processor is left to what is written behind the answers, by threads of
    /// their own: where both want the same processor, answers are late.
    pub fn threads(&self) -> usize {
        let processors = available_parallelism().map_or(1, NonZero::get);
        let told = self.threads.and_then(|threads| threads.try_into().ok());
        told.unwrap_or((processors - 1).max(1))
    }
}

impl Default for ServerConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8080)),
            behind_proxy: false,
            threads: None,
        }
    }
}

impl Section for ServerConfig {
    const NAME: &'static str = "server";
    const ABOUT: &'static str = "Where the web page and the API are served.";
    const KEYS: &'static [Key] = &[
        key(
            "listen",
            "Address and port. Loopback unless changed: put a TLS-terminating proxy in front before opening it.",
            "\"127.0.0.1:8080\"",
        ),
        key(
            "behind_proxy",
            "Believe `X-Forwarded-For`, `-Proto` and `-Host`. Only behind a proxy that sets them.",
            "true",
        ),
        key(
            "threads",
            "Threads that answer. Not set: one fewer than there are processors, at least one.",
            "4",
        ),
    ];

    fn read(from: &mut SectionReader<'_>) -> Self {
        let default = Self::default();
        Self {
            listen: from.value("listen", default.listen),
            behind_proxy: from.value("behind_proxy", default.behind_proxy),
            threads: from.optional("threads"),
        }
    }

    fn check(&self) -> Result<(), (&'static str, String)> {
        match self.threads {
            Some(threads) if !(1..=MAX_THREADS).contains(&threads) => {
                Err(("threads", format!("is not in 1 to {MAX_THREADS}")))
            }
            _ => Ok(()),
        }
    }
}
