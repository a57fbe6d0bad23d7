//! Who may log in.

use axum::{Json, extract::State, http::StatusCode};
use model::{AgentId, Role, User, UserId, checked_name};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{Api, JsonBody, Page, PageQuery, Params, Segments, created, created::Created};
use crate::{
    auth::check_new_password,
    problem::{Code, Problem, ProblemBody},
};

/// A user to make.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewUser {
    /// Lower-case letters, digits, `-` and `_`.
    #[schema(max_length = 100)]
    name: String,
    #[schema(min_length = 10, max_length = 200, format = Password)]
    password: String,
    role: Role,
    /// The agent whose calls this user takes.
    #[serde(default)]
    agent: Option<AgentId>,
    #[serde(default = "yes")]
    active: bool,
}

/// What may be changed of a user.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct UserFields {
    #[schema(max_length = 100)]
    name: String,
    role: Role,
    #[serde(default)]
    agent: Option<AgentId>,
    #[serde(default = "yes")]
    active: bool,
}

fn yes() -> bool {
    true
}

/// A password to set.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewPassword {
    #[schema(min_length = 10, max_length = 200, format = Password)]
    password: String,
}

/// Users by name.
#[utoipa::path(
    get,
    path = "/v1/users",
    operation_id = "users_list",
    tag = "users",
    params(PageQuery),
    responses((status = 200, description = "A page of users", body = Page<User>))
)]
pub(crate) async fn list(
    State(api): State<Api>,
    Params(page): Params<PageQuery>,
) -> Result<Json<Page<User>>, Problem> {
    let limit = page.limit()?;
    let users = api.app.store.users().list(page.after()?, limit + 1).await?;
    Ok(Json(Page::of(users, limit, |user| user.name.clone())))
}

/// Make a user.
#[utoipa::path(
    post,
    path = "/v1/users",
    operation_id = "users_create",
    tag = "users",
    request_body = NewUser,
    responses(
        (status = 201, description = "Made", body = User, headers(("Location" = String))),
        (status = 409, description = "The name or the agent is taken", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn create(
    State(api): State<Api>,
    JsonBody(new): JsonBody<NewUser>,
) -> Result<Created<User>, Problem> {
    checked_name("name", &new.name)?;
    check_new_password(&new.password)?;
    check_role(new.role)?;
    let hash = api.hashing.hash(new.password).await?;
    let (created_at, random) = api.app.clock.id();
    let user = User {
        id: UserId::new(created_at, random),
        name: new.name,
        role: new.role,
        agent: new.agent,
        active: new.active,
        created_at,
    };
    let _turn = api.set_up.lock().await;
    api.app.store.users().create(&user, &hash).await?;
    retell_agents(&api, [user.agent, None]).await?;
    Ok(created(format!("/v1/users/{}", user.id), user))
}

/// One user.
#[utoipa::path(
    get,
    path = "/v1/users/{id}",
    operation_id = "users_show",
    tag = "users",
    params(("id" = UserId, Path)),
    responses((status = 200, description = "The user", body = User))
)]
pub(crate) async fn show(
    State(api): State<Api>,
    Segments(id): Segments<UserId>,
) -> Result<Json<User>, Problem> {
    Ok(Json(get(&api, id).await?))
}

/// Replace a user, but for the password.
///
/// The last active administrator stays one.
#[utoipa::path(
    put,
    path = "/v1/users/{id}",
    operation_id = "users_replace",
    tag = "users",
    params(("id" = UserId, Path)),
    request_body = UserFields,
    responses((status = 200, description = "Replaced", body = User))
)]
pub(crate) async fn replace(
    State(api): State<Api>,
    Segments(id): Segments<UserId>,
    JsonBody(fields): JsonBody<UserFields>,
) -> Result<Json<User>, Problem> {
    checked_name("name", &fields.name)?;
    check_role(fields.role)?;
    let _turn = api.set_up.lock().await;
    let old = get(&api, id).await?;
    let user = User {
        id,
        name: fields.name,
        role: fields.role,
        agent: fields.agent,
        active: fields.active,
        created_at: old.created_at,
    };
    if !(user.active && user.role == Role::Administrator) {
        keep_an_administrator(&api, &old).await?;
    }
    api.app.store.users().update(&user).await?;
    retell_agents(&api, [old.agent, user.agent]).await?;
    Ok(Json(user))
}

/// Remove a user and end all the user's sessions.
#[utoipa::path(
    delete,
    path = "/v1/users/{id}",
    operation_id = "users_delete",
    tag = "users",
    params(("id" = UserId, Path)),
    responses(
        (status = 204, description = "Removed"),
        (status = 409, description = "It is the last administrator", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn delete(
    State(api): State<Api>,
    Segments(id): Segments<UserId>,
) -> Result<StatusCode, Problem> {
    let _turn = api.set_up.lock().await;
    let old = get(&api, id).await?;
    keep_an_administrator(&api, &old).await?;
    api.app.store.users().delete(id).await?;
    retell_agents(&api, [old.agent, None]).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Set a user's password and end all the user's sessions.
#[utoipa::path(
    put,
    path = "/v1/users/{id}/password",
    operation_id = "users_set_password",
    tag = "users",
    params(("id" = UserId, Path)),
    request_body = NewPassword,
    responses((status = 204, description = "Set"))
)]
pub(crate) async fn set_password(
    State(api): State<Api>,
    Segments(id): Segments<UserId>,
    JsonBody(new): JsonBody<NewPassword>,
) -> Result<StatusCode, Problem> {
    check_new_password(&new.password)?;
    get(&api, id).await?;
    let hash = api.hashing.hash(new.password).await?;
    api.app.store.users().set_password(id, &hash).await?;
    let now = api.app.clock.now().utc;
    api.app.store.sessions().revoke_of_user(id, now).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn get(api: &Api, id: UserId) -> Result<User, Problem> {
    let user = api.app.store.users().get(id).await?;
    user.ok_or_else(|| Problem::not_found("user"))
}

fn check_role(role: Role) -> Result<(), Problem> {
    if role == Role::Service {
        return Err(Problem::field(
            "role",
            "role service is for keys; a user is an administrator, a supervisor or an agent.",
        ));
    }
    Ok(())
}

/// Refuses when `old` is the only one who can still set the centre up.
async fn keep_an_administrator(api: &Api, old: &User) -> Result<(), Problem> {
    if !(old.active && old.role == Role::Administrator) {
        return Ok(());
    }
    let mut after = None;
    loop {
        let page = api
            .app
            .store
            .users()
            .list(after.as_deref(), store::MAX_PAGE)
            .await?;
        let another =
            |user: &User| user.id != old.id && user.active && user.role == Role::Administrator;
        if page.iter().any(another) {
            return Ok(());
        }
        let Some(last) = page.last() else {
            return Err(Problem::new(
                Code::InUse,
                "It is the last active administrator; make another one first.",
            )
            .about("id"));
        };
        after = Some(last.name.clone());
    }
}

/// An agent carries its user: what changed on this side is told for that side.
async fn retell_agents(api: &Api, agents: [Option<AgentId>; 2]) -> Result<(), Problem> {
    for id in agents.into_iter().flatten() {
        if let Some(agent) = api.app.store.agents().get(id).await? {
            api.app.acd.tell(engine::acd::Input::AgentSet(agent)).await;
        }
    }
    Ok(())
}
