//! What a manager client has to be told.

use std::fmt;
use std::time::Duration;

use crate::Tls;

/// How the secret is proven.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Auth {
    /// The secret does not travel: a challenge is asked for and answered. Needs nothing on Asterisk's side.
    #[default]
    Md5,
    /// The secret travels as it is. For proxies that know no challenge.
    Plain,
}

/// How long the client waits for what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// For the TCP connection and the TLS handshake together.
    pub connect: Duration,
    /// For the banner, and for each answer of the log-in.
    pub login: Duration,
    /// For the answer to an action, and for a whole list. Originate without `Async: true` takes as long as its own
    /// `Timeout:`; use [`super::Client::with_timeout`] for it.
    pub action: Duration,
    /// How often Ping is sent.
    pub ping_every: Duration,
    /// How long after a Ping silence means a dead connection. Any byte counts as a sign of life.
    pub ping_answer: Duration,
    /// Time without an event after which a `UserEvent` of our own is asked for, which proves that events still
    /// arrive; [`Duration::MAX`]: never. Needs `write=user` and `read=user`; where the first does not come back, only Ping
    /// is watched.
    pub echo_after: Duration,
    /// How long that event may take, from Asterisk's answer on. Then the session counts as dead.
    pub echo_timeout: Duration,
    /// How long to wait after a refused log-in; a wrong secret does not become right by asking often.
    pub refused_retry: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            login: Duration::from_secs(5),
            action: Duration::from_secs(10),
            ping_every: Duration::from_secs(10),
            ping_answer: Duration::from_secs(5),
            echo_after: Duration::from_secs(5),
            echo_timeout: Duration::from_secs(10),
            refused_retry: Duration::from_secs(15),
        }
    }
}

/// Where to connect, as whom, and what to hear.
#[derive(Clone)]
pub struct Config {
    /// `host:port`; the port is 5038 by custom, 5039 with TLS.
    pub address: String,
    /// User name, the section's name in manager.conf.
    pub username: String,
    /// The user's secret. Never shown by `Debug`.
    pub secret: String,
    /// How the secret is proven.
    pub auth: Auth,
    /// TLS, where the port speaks it.
    pub tls: Option<Tls>,
    /// `on`, `off`, or privilege classes such as `call,cdr`. With `user` among them it is seen when events no longer
    /// arrive.
    pub event_mask: String,
    /// Filters as in manager.conf, such as `!Event: VarSet`; they need `write=system`. Where they are refused, all
    /// events of the mask come.
    pub filters: Vec<String>,
    /// Events that may wait for their consumer. What comes on top is counted and told as [`super::Item::Lagged`].
    pub event_buffer: usize,
    /// How long to wait for what.
    pub timeouts: Timeouts,
}

impl Config {
    /// Events that may wait for their consumer, unless told otherwise: some seconds of the busiest Asterisk.
    pub const DEFAULT_EVENT_BUFFER: usize = 65_536;

    /// All events, MD5 log-in, no TLS, and the default times.
    pub fn new(
        address: impl Into<String>,
        username: impl Into<String>,
        secret: impl Into<String>,
    ) -> Self {
        Self {
            address: address.into(),
            username: username.into(),
            secret: secret.into(),
            auth: Auth::default(),
            tls: None,
            event_mask: "on".into(),
            filters: Vec::new(),
            event_buffer: Self::DEFAULT_EVENT_BUFFER,
            timeouts: Timeouts::default(),
        }
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("address", &self.address)
            .field("username", &self.username)
            .field("tls", &self.tls.is_some())
            .field("event_mask", &self.event_mask)
            .finish_non_exhaustive()
    }
}
