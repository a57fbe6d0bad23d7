//! `[server]`: where we listen.

use std::net::{Ipv4Addr, SocketAddr};

use super::{Key, Section, SectionReader, key};

/// Where we listen.
#[derive(Debug, Clone)]
pub struct ServerConfig {
    /// Port 0: any free one; it is printed at the start.
    pub listen: SocketAddr,
    /// Believe `X-Forwarded-For`, `-Proto` and `-Host`.
    pub behind_proxy: bool,
}

impl Default for ServerConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8080)),
            behind_proxy: false,
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
    ];

    fn read(from: &mut SectionReader<'_>) -> Self {
        let default = Self::default();
        Self {
            listen: from.value("listen", default.listen),
            behind_proxy: from.value("behind_proxy", default.behind_proxy),
        }
    }
}
