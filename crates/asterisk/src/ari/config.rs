//! Where an Asterisk is, who we are to it, and how patient we are.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// Which way requests travel.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Transport {
    /// The event WebSocket where this Asterisk serves REST on it, HTTP elsewhere, and HTTP for those requests that
    /// wait until a channel has nothing else to do: Asterisk serves the requests of one WebSocket one after the
    /// other, and even its pings behind them.
    #[default]
    Auto,
    Http,
    /// The WebSocket for everything but downloads, whatever the version. One `addChannel` during a long prompt holds
    /// everything up until the connection counts as lost. Without a connection: HTTP.
    WebSocket,
}

/// How long things may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timing {
    /// TCP, TLS and WebSocket handshake together.
    pub connect_timeout: Duration,
    /// From the call of a method to its result, waiting in line included.
    pub request_timeout: Duration,
    /// Silence after which a ping is sent.
    pub ping_interval: Duration,
    /// Silence after which the connection counts as lost.
    pub ping_timeout: Duration,
    /// Time without an event after which one of our own is asked for, which proves that events still arrive;
    /// [`Duration::MAX`]: never.
    pub echo_after: Duration,
    /// How long that event may take, from Asterisk's answer on. Then the connection counts as lost. As long as an
    /// answer may take: on an overloaded Asterisk, events are late together.
    pub echo_timeout: Duration,
    /// Between attempts once the password was refused.
    pub unauthorized_retry: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(5),
            request_timeout: Duration::from_secs(10),
            ping_interval: Duration::from_secs(5),
            ping_timeout: Duration::from_secs(15),
            echo_after: Duration::from_secs(5),
            echo_timeout: Duration::from_secs(10),
            unauthorized_retry: Duration::from_secs(15),
        }
    }
}

/// What [`Client::connect`](super::Client::connect) needs.
#[derive(Clone)]
pub struct Config {
    /// `http://127.0.0.1:8088/ari` or `https://…`; without a path, `/ari` is meant.
    pub base_url: String,
    /// A user of `ari.conf`.
    pub username: String,
    pub password: String,
    /// The Stasis application to be.
    pub application: String,
    /// Events of everything in Asterisk instead of what the application has to do with.
    pub subscribe_all: bool,
    /// `None`: the system's root certificates.
    pub tls: Option<Arc<rustls::ClientConfig>>,
    pub transport: Transport,
    pub timing: Timing,
    /// How many events may wait for the consumer; see [`super::EVENT_QUEUE`].
    pub event_queue: usize,
}

impl fmt::Debug for Config {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Config")
            .field("base_url", &self.base_url)
            .field("username", &self.username)
            .field("application", &self.application)
            .field("subscribe_all", &self.subscribe_all)
            .field("transport", &self.transport)
            .field("timing", &self.timing)
            .finish_non_exhaustive()
    }
}

/// What is wrong with a [`Config`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    #[error("the ARI address {url:?} is not usable: {why}")]
    BaseUrl { url: String, why: String },
    #[error(
        "the ARI application name {0:?} is empty or has a comma, space or control character in it"
    )]
    Application(String),
    #[error("the ARI user name {0:?} is empty or has a colon or control character in it")]
    Username(String),
    #[error("TLS cannot be set up: {0}")]
    Tls(String),
}

impl Config {
    /// A configuration with everything else at its default.
    pub fn new(
        base_url: impl Into<String>,
        username: impl Into<String>,
        password: impl Into<String>,
        application: impl Into<String>,
    ) -> Self {
        Self {
            base_url: base_url.into(),
            username: username.into(),
            password: password.into(),
            application: application.into(),
            subscribe_all: false,
            tls: None,
            transport: Transport::Auto,
            timing: Timing::default(),
            event_queue: super::EVENT_QUEUE,
        }
    }

    pub(super) fn addresses(&self) -> Result<Addresses, ConfigError> {
        let bad_name = |mark: char| mark == ',' || mark.is_whitespace() || mark.is_control();
        if self.application.is_empty() || self.application.contains(bad_name) {
            return Err(ConfigError::Application(self.application.clone()));
        }
        let bad_user = |mark: char| mark == ':' || mark.is_control();
        if self.username.is_empty() || self.username.contains(bad_user) {
            return Err(ConfigError::Username(self.username.clone()));
        }
        let refuse = |why: &str| ConfigError::BaseUrl {
            url: self.base_url.clone(),
            why: why.to_owned(),
        };
        let mut url =
            reqwest::Url::parse(&self.base_url).map_err(|error| refuse(&error.to_string()))?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(refuse("user and password have their own settings"));
        }
        if url.query().is_some() || url.fragment().is_some() || url.host_str().is_none() {
            return Err(refuse("expected http://host:port/ari"));
        }
        let socket_scheme = match url.scheme() {
            "http" => "ws",
            "https" => "wss",
            _ => return Err(refuse("expected http or https")),
        };
        let path = url.path().trim_end_matches('/').to_owned();
        let prefix = if path.is_empty() { "/ari" } else { &path };
        url.set_path(&format!("{prefix}/"));
        let rest = url.to_string();
        let (_, without_scheme) = rest.split_once(':').expect("a parsed URL has a scheme");
        let app = super::rest::encoded(&self.application);
        let all = if self.subscribe_all { "true" } else { "false" };
        let events = format!("{socket_scheme}:{without_scheme}events?app={app}&subscribeAll={all}");
        let login = STANDARD.encode(format!("{}:{}", self.username, self.password));
        Ok(Addresses {
            rest,
            events,
            authorization: format!("Basic {login}"),
        })
    }

    /// The TLS settings to use; for plain HTTP, ones that are never used.
    pub(super) fn tls(&self) -> Result<Arc<rustls::ClientConfig>, ConfigError> {
        if let Some(tls) = &self.tls {
            return Ok(Arc::clone(tls));
        }
        let mut roots = rustls::RootCertStore::empty();
        if self.base_url.starts_with("https:") {
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| ConfigError::Tls(error.to_string()))?;
        Ok(Arc::new(
            builder.with_root_certificates(roots).with_no_client_auth(),
        ))
    }
}

/// What follows from a [`Config`].
#[derive(Clone)]
pub(super) struct Addresses {
    /// Ends with a slash.
    pub(super) rest: String,
    pub(super) events: String,
    pub(super) authorization: String,
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn addresses_follow_from_the_base() {
        let mut config = Config::new("https://pbx.example/", "u", "p", "acd");
        config.subscribe_all = true;
        let addresses = config.addresses().unwrap();
        assert_eq!(addresses.rest, "https://pbx.example/ari/");
        assert_eq!(
            addresses.events,
            "wss://pbx.example/ari/events?app=acd&subscribeAll=true"
        );
        assert_eq!(addresses.authorization, "Basic dTpw");
        config.base_url = "http://[::1]:8088/pbx/ari".into();
        assert_eq!(
            config.addresses().unwrap().rest,
            "http://[::1]:8088/pbx/ari/"
        );
    }

    #[test]
    fn unusable_settings_are_refused_and_the_password_is_not_shown() {
        let refused = |base: &str, user: &str, app: &str| {
            Config::new(base, user, "p", app).addresses().is_err()
        };
        assert!(refused("pbx:8088", "u", "a"));
        assert!(refused("http://u:p@pbx/ari", "u", "a"));
        assert!(refused("ftp://pbx/ari", "u", "a"));
        assert!(refused("http://pbx/ari", "u:x", "a"));
        assert!(refused("http://pbx/ari", "u", "a,b"));
        let shown = format!("{:?}", Config::new("http://pbx/ari", "u", "hidden", "a"));
        assert!(!shown.contains("hidden"));
    }
}
