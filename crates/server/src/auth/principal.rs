//! From a request's secret to who is asking.

use std::time::Duration;

use axum::http::{HeaderMap, header};
use model::{AgentId, ApiKeyId, Role, SessionId, UserId};
use store::StoreError;
use subtle::ConstantTimeEq as _;

use super::{
    session::{COOKIE, expiry},
    token::{MAX_TOKEN, hash_token},
};
use crate::{problem::Problem, state::Api};

/// How often the last use of a session or key is written down.
const TOUCH_EVERY: Duration = Duration::from_mins(1);

/// A secret that came with a request, as its hash.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Credential {
    Session(String),
    Key(String),
}

/// Who is asking.
#[derive(Debug, Clone)]
pub(crate) struct Principal {
    pub(crate) by: By,
    pub(crate) name: String,
    pub(crate) role: Role,
    /// The agent whose calls this user takes.
    pub(crate) agent: Option<AgentId>,
    /// To look again whether it still holds.
    pub(crate) credential: Credential,
}

/// A person or a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum By {
    User {
        user: UserId,
        session: SessionId,
    },
    Key(ApiKeyId),
    /// The one that the configuration names.
    AdminToken,
}

impl Principal {
    /// Is everything it sees limited to one agent's own?
    pub(crate) fn is_agent(&self) -> bool {
        self.role == Role::Agent
    }
}

/// The secret of a request: a key where there is one, else the session cookie.
pub(crate) fn present(headers: &HeaderMap) -> Option<Credential> {
    let bearer = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| {
            let (scheme, token) = value.split_once(' ')?;
            scheme
                .eq_ignore_ascii_case("bearer")
                .then_some(token.trim())
        });
    if let Some(token) = bearer {
        return acceptable(token).map(Credential::Key);
    }
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(name, _)| *name == COOKIE)
        .and_then(|(_, token)| acceptable(token))
        .map(Credential::Session)
}

fn acceptable(token: &str) -> Option<String> {
    (!token.is_empty() && token.len() <= MAX_TOKEN).then(|| hash_token(token))
}

/// Who has this secret, if it still holds. While the database is away: who had it a moment ago.
pub(crate) async fn identify(
    api: &Api,
    credential: &Credential,
) -> Result<Option<Principal>, Problem> {
    if let Credential::Key(hash) = credential
        && let Some(principal) = by_admin_token(api, hash)
    {
        return Ok(Some(principal));
    }
    let found = match credential {
        Credential::Session(hash) => by_session(api, hash).await,
        Credential::Key(hash) => by_key(api, hash).await,
    };
    let now = api.app.clock.now();
    match &found {
        Ok(Some(principal)) => api.recent.note(principal, now),
        Ok(None) => api.recent.forget(credential),
        Err(StoreError::Unavailable { .. }) => {
            if let Some(principal) = api.recent.recall(credential, now) {
                return Ok(Some(principal));
            }
        }
        Err(_) => {}
    }
    Ok(found?)
}

/// Hashes are compared, and in constant time, so an answer's time tells nothing of the token.
fn by_admin_token(api: &Api, hash: &str) -> Option<Principal> {
    let known = api.auth.admin_token_hash.as_deref()?;
    let same = bool::from(known.as_bytes().ct_eq(hash.as_bytes()));
    same.then(|| Principal {
        by: By::AdminToken,
        name: "caller_id.admin_token".to_owned(),
        role: Role::Administrator,
        agent: None,
        credential: Credential::Key(hash.to_owned()),
    })
}

async fn by_session(api: &Api, hash: &str) -> Result<Option<Principal>, StoreError> {
    let now = api.app.clock.now().utc;
    let sessions = api.app.store.sessions();
    let Some((session, user)) = sessions.by_token_hash(hash, now).await? else {
        return Ok(None);
    };
    if now.since(session.last_seen_at) >= TOUCH_EVERY {
        let expires = expiry(&api.auth, session.created_at, now);
        if let Err(error) = sessions.touch(session.id, now, expires).await {
            tracing::debug!(%error, "the use of a session could not be noted");
        }
    }
    Ok(Some(Principal {
        by: By::User {
            user: user.id,
            session: session.id,
        },
        name: user.name,
        role: user.role,
        agent: user.agent,
        credential: Credential::Session(hash.to_owned()),
    }))
}

async fn by_key(api: &Api, hash: &str) -> Result<Option<Principal>, StoreError> {
    let now = api.app.clock.now().utc;
    let keys = api.app.store.api_keys();
    let Some(key) = keys.by_hash(hash).await? else {
        return Ok(None);
    };
    let used = key.last_used_at;
    if used.is_none_or(|used| now.since(used) >= TOUCH_EVERY)
        && let Err(error) = keys.touch(key.id, now).await
    {
        tracing::debug!(%error, "the use of a key could not be noted");
    }
    Ok(Some(Principal {
        by: By::Key(key.id),
        name: key.name,
        role: key.role,
        agent: None,
        credential: Credential::Key(hash.to_owned()),
    }))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use axum::http::HeaderValue;

    use super::*;

    fn found(pairs: &[(header::HeaderName, &'static str)]) -> Option<Credential> {
        let headers = pairs
            .iter()
            .map(|(name, value)| (name.clone(), HeaderValue::from_static(value)))
            .collect();
        present(&headers)
    }

    #[test]
    fn finds_the_session_among_other_cookies() {
        let session = Some(Credential::Session(hash_token("abc")));
        assert_eq!(
            found(&[(header::COOKIE, "a=1; cordboard_session=abc; b=2")]),
            session
        );
        assert_eq!(found(&[(header::COOKIE, "cordboard_session=")]), None);
        assert_eq!(found(&[(header::COOKIE, "xcordboard_session=abc")]), None);
        assert_eq!(found(&[]), None);
    }

    #[test]
    fn a_key_goes_before_a_cookie() {
        let both = [
            (header::COOKIE, "cordboard_session=abc"),
            (header::AUTHORIZATION, "bearer cb_x_y"),
        ];
        assert_eq!(found(&both), Some(Credential::Key(hash_token("cb_x_y"))));
        assert_eq!(found(&[(header::AUTHORIZATION, "Basic eDp5")]), None);
    }

    #[test]
    fn an_endless_token_is_not_even_hashed() {
        let mut headers = HeaderMap::new();
        let endless = format!("Bearer {}", "x".repeat(10_000));
        headers.insert(header::AUTHORIZATION, endless.parse().unwrap());
        assert_eq!(present(&headers), None);
    }
}
