use std::time::Duration;

use super::Networks;

/// How log-ins behave.
#[derive(Debug, Clone)]
pub struct AuthConfig {
    /// A session ends after this long without a request.
    pub session_idle: Duration,
    /// A session ends after this long in any case.
    pub session_max: Duration,
    /// How often an open event stream is checked against its session, and says that it lives.
    pub stream_check: Duration,
    /// Believe `X-Forwarded-For`, `-Proto` and `-Host`: only behind a proxy that sets them.
    pub behind_proxy: bool,
    /// Whose programs may ask for caller IDs without a key.
    pub networks: Networks,
    /// The hash of a key of an administrator that was in use before.
    pub admin_token_hash: Option<String>,
    /// The hash of the token that call statistics are asked for by.
    pub statistics_token_hash: Option<String>,
}

impl Default for AuthConfig {
    fn default() -> Self {
        Self {
            session_idle: Duration::from_hours(12),
            session_max: Duration::from_hours(7 * 24),
            stream_check: Duration::from_secs(10),
            behind_proxy: false,
            networks: Networks::loopback(),
            admin_token_hash: None,
            statistics_token_hash: None,
        }
    }
}
