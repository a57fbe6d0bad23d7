//! Log-ins of people: a random token in a cookie that no script can read, its hash in the store.

use axum::http::HeaderValue;
use model::{SessionId, Timestamp, UserId};
use store::Session;

use super::{
    AuthConfig,
    token::{hash_token, random_text},
};
use crate::{problem::Problem, state::Api};

/// The cookie's name.
pub(crate) const COOKIE: &str = "cordboard_session";

/// When a session that is used `now` ends, if it is not used again.
pub(crate) fn expiry(config: &AuthConfig, created_at: Timestamp, now: Timestamp) -> Timestamp {
    now.after(config.session_idle)
        .min(created_at.after(config.session_max))
}

/// Begins a log-in; gives the token for the cookie.
pub(crate) async fn open_session(api: &Api, user: UserId) -> Result<String, Problem> {
    let (now, random) = api.app.clock.id();
    let token = random_text();
    let session = Session {
        id: SessionId::new(now, random),
        user,
        created_at: now,
        last_seen_at: now,
        expires_at: expiry(&api.auth, now, now),
        revoked_at: None,
    };
    let sessions = api.app.store.sessions();
    sessions.create(&session, &hash_token(&token)).await?;
    if let Err(error) = sessions.delete_expired(now).await {
        tracing::debug!(%error, "expired sessions could not be removed");
    }
    Ok(token)
}

/// `Set-Cookie` that gives the browser its session.
pub(crate) fn set_cookie(token: &str, config: &AuthConfig, secure: bool) -> HeaderValue {
    cookie(token, config.session_max.as_secs(), secure)
}

/// `Set-Cookie` that takes it away.
pub(crate) fn clear_cookie(secure: bool) -> HeaderValue {
    cookie("", 0, secure)
}

fn cookie(value: &str, max_age: u64, secure: bool) -> HeaderValue {
    let secure = if secure { "; Secure" } else { "" };
    let text =
        format!("{COOKIE}={value}; Path=/; HttpOnly; SameSite=Strict; Max-Age={max_age}{secure}");
    HeaderValue::from_str(&text).expect("a token is base64")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_session_slides_but_not_for_ever() {
        let config = AuthConfig::default();
        let created = Timestamp::default();
        let hour = |n| created.after(Duration::from_hours(n));
        assert_eq!(expiry(&config, created, created), hour(12));
        assert_eq!(expiry(&config, created, hour(100)), hour(112));
        assert_eq!(expiry(&config, created, hour(160)), hour(168));
    }
}
