//! Logging in and out.

use axum::{
    Json,
    extract::State,
    http::{Extensions, HeaderMap, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use model::{AgentId, Role, User, UserId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Api, JsonBody};
use crate::{
    auth::{
        By, Principal, check_given_password, check_new_password, clear_cookie, client_address,
        is_secure, open_session, set_cookie,
    },
    problem::{Code, Problem, ProblemBody},
};

/// The longest name that is looked up.
const MAX_NAME: usize = 100;

/// A name and its password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LogIn {
    #[schema(max_length = 100)]
    name: String,
    #[schema(max_length = 200, format = Password)]
    password: String,
}

/// Who is logged in.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Session {
    user: SessionUser,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SessionUser {
    id: UserId,
    name: String,
    role: Role,
    /// The agent whose calls this user takes.
    agent: Option<AgentId>,
}

impl From<User> for Session {
    fn from(user: User) -> Self {
        Self {
            user: SessionUser {
                id: user.id,
                name: user.name,
                role: user.role,
                agent: user.agent,
            },
        }
    }
}

/// Log in.
///
/// Sets the cookie `cordboard_session`. Every change that is made with the cookie needs the header `X-Cordboard: 1`.
#[utoipa::path(
    post,
    path = "/v1/session",
    operation_id = "session_log_in",
    tag = "session",
    request_body = LogIn,
    responses(
        (status = 200, description = "Logged in; the cookie is set", body = Session),
        (status = 401, description = "Name or password is wrong", body = ProblemBody, content_type = "application/problem+json"),
        (status = 429, description = "Too many wrong passwords", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn log_in(
    State(api): State<Api>,
    headers: HeaderMap,
    extensions: Extensions,
    JsonBody(given): JsonBody<LogIn>,
) -> Result<Response, Problem> {
    check_name(&given.name)?;
    check_given_password(&given.password)?;
    let config = &api.auth;
    let from = client_address(&headers, &extensions, config);
    api.throttle
        .admit(&given.name, from, api.app.clock.now())
        .map_err(|seconds| {
            Problem::new(
                Code::TooManyRequests,
                format!("Too many wrong passwords; try again in {seconds} seconds."),
            )
            .retry_after(seconds)
        })?;
    let known = api.app.store.users().password_hash(&given.name).await?;
    let (user, hash) = known.unzip();
    let right = api.hashing.verify(given.password, hash).await?;
    let Some(user) = user.filter(|user| right && user.active) else {
        tracing::info!(name = given.name, %from, "a log-in failed");
        metrics::counter!("cordboard_logins_total", "result" => "refused").increment(1);
        return Err(Problem::new(
            Code::WrongCredentials,
            "Name or password is wrong.",
        ));
    };
    api.throttle.forget(&given.name, from);
    metrics::counter!("cordboard_logins_total", "result" => "accepted").increment(1);
    let token = open_session(&api, user.id).await?;
    let cookie = set_cookie(&token, config, is_secure(&headers, config));
    Ok(([(header::SET_COOKIE, cookie)], Json(Session::from(user))).into_response())
}

/// Only the length and what the store cannot keep: an impossible name is as unknown as any other.
fn check_name(name: &str) -> Result<(), Problem> {
    let length = name.chars().count();
    if length > MAX_NAME {
        let detail = format!("name has {length} characters; the limit is {MAX_NAME}.");
        return Err(Problem::field("name", detail));
    }
    if name.contains('\0') {
        return Err(Problem::field("name", "name has a NUL character."));
    }
    Ok(())
}

/// Who am I?
#[utoipa::path(
    get,
    path = "/v1/session",
    operation_id = "session_show",
    tag = "session",
    responses((status = 200, description = "Who is logged in", body = Session))
)]
pub(crate) async fn show(principal: Principal) -> Result<Json<Session>, Problem> {
    let (id, _) = person(&principal)?;
    let user = SessionUser {
        id,
        name: principal.name,
        role: principal.role,
        agent: principal.agent,
    };
    Ok(Json(Session { user }))
}

/// Log out.
#[utoipa::path(
    delete,
    path = "/v1/session",
    operation_id = "session_log_out",
    tag = "session",
    responses((status = 204, description = "Logged out; the cookie is gone"))
)]
pub(crate) async fn log_out(
    State(api): State<Api>,
    principal: Principal,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let (_, session) = person(&principal)?;
    let now = api.app.clock.now().utc;
    api.app.store.sessions().revoke(session, now).await?;
    let cookie = clear_cookie(is_secure(&headers, &api.auth));
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, cookie)]).into_response())
}

/// The present password and the one to come.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChangePassword {
    #[schema(max_length = 200, format = Password)]
    current: String,
    #[schema(min_length = 10, max_length = 200, format = Password)]
    password: String,
}

/// Change the own password.
///
/// Ends all the user's sessions and begins a new one.
#[utoipa::path(
    put,
    path = "/v1/session/password",
    operation_id = "session_change_password",
    tag = "session",
    request_body = ChangePassword,
    responses((status = 204, description = "Changed; a new cookie is set"))
)]
pub(crate) async fn change_password(
    State(api): State<Api>,
    principal: Principal,
    headers: HeaderMap,
    extensions: Extensions,
    JsonBody(given): JsonBody<ChangePassword>,
) -> Result<Response, Problem> {
    let (user, _) = person(&principal)?;
    check_new_password(&given.password)?;
    check_given_password(&given.current)
        .map_err(|invalid| Problem::field("current", format!("current {}.", invalid.problem)))?;
    let config = &api.auth;
    let from = client_address(&headers, &extensions, config);
    api.throttle
        .admit(&principal.name, from, api.app.clock.now())
        .map_err(|seconds| {
            Problem::new(Code::TooManyRequests, "Too many wrong passwords.").retry_after(seconds)
        })?;
    let users = api.app.store.users();
    let known = users.password_hash(&principal.name).await?;
    let hash = known.map(|(_, hash)| hash);
    if !api.hashing.verify(given.current, hash).await? {
        return Err(Problem::field("current", "current is not your password."));
    }
    api.throttle.forget(&principal.name, from);
    let hash = api.hashing.hash(given.password).await?;
    users.set_password(user, &hash).await?;
    let now = api.app.clock.now().utc;
    api.app.store.sessions().revoke_of_user(user, now).await?;
    let token = open_session(&api, user).await?;
    let cookie = set_cookie(&token, config, is_secure(&headers, config));
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, cookie)]).into_response())
}

fn person(principal: &Principal) -> Result<(UserId, model::SessionId), Problem> {
    match principal.by {
        By::User { user, session } => Ok((user, session)),
        By::Key(_) | By::AdminToken => Err(Problem::new(Code::Forbidden, "A key has no session.")),
    }
}
