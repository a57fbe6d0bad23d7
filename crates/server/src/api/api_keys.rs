//! Keys for programs. A key is shown once, when it is made.

use axum::{Json, extract::State, http::StatusCode};
use model::{ApiKey, ApiKeyId, Role, checked_label};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Api, JsonBody, Page, PageQuery, Params, Segments, created, created::Created};
use crate::{
    auth::new_api_key,
    problem::{Problem, ProblemBody},
};

/// A key to make.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewApiKey {
    /// Which program it is for.
    #[schema(max_length = 100)]
    name: String,
    /// What the program may do: `service` as a rule. Not `agent`.
    role: Role,
}

/// A key that was just made.
#[derive(Serialize, ToSchema)]
pub(crate) struct MadeApiKey {
    key: ApiKey,
    /// Send it as `Authorization: Bearer`. It is not shown again.
    secret: String,
}

/// Keys by name, the revoked ones too.
#[utoipa::path(
    get,
    path = "/v1/api-keys",
    operation_id = "api_keys_list",
    tag = "api-keys",
    params(PageQuery),
    responses((status = 200, description = "A page of keys", body = Page<ApiKey>))
)]
pub(crate) async fn list(
    State(api): State<Api>,
    Params(page): Params<PageQuery>,
) -> Result<Json<Page<ApiKey>>, Problem> {
    let limit = page.limit()?;
    let keys = api.app.store.api_keys();
    let keys = keys.list(page.after()?, limit + 1).await?;
    Ok(Json(Page::of(keys, limit, |key| key.name.clone())))
}

/// Make a key.
#[utoipa::path(
    post,
    path = "/v1/api-keys",
    operation_id = "api_keys_create",
    tag = "api-keys",
    request_body = NewApiKey,
    responses(
        (status = 201, description = "Made; the secret is shown this once", body = MadeApiKey, headers(("Location" = String))),
        (status = 409, description = "The name is taken", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn create(
    State(api): State<Api>,
    JsonBody(new): JsonBody<NewApiKey>,
) -> Result<Created<MadeApiKey>, Problem> {
    checked_label("name", &new.name)?;
    if new.role == Role::Agent {
        return Err(Problem::field(
            "role",
            "role agent is for people; a key is for an administrator, a supervisor or a service.",
        ));
    }
    let made = new_api_key();
    let (created_at, random) = api.app.clock.id();
    let key = ApiKey {
        id: ApiKeyId::new(created_at, random),
        name: new.name,
        role: new.role,
        created_at,
        last_used_at: None,
        revoked_at: None,
    };
    api.app.store.api_keys().create(&key, &made.hash).await?;
    let location = format!("/v1/api-keys/{}", key.id);
    let secret = made.secret;
    Ok(created(location, MadeApiKey { key, secret }))
}

/// One key, without its secret.
#[utoipa::path(
    get,
    path = "/v1/api-keys/{id}",
    operation_id = "api_keys_show",
    tag = "api-keys",
    params(("id" = ApiKeyId, Path)),
    responses((status = 200, description = "The key", body = ApiKey))
)]
pub(crate) async fn show(
    State(api): State<Api>,
    Segments(id): Segments<ApiKeyId>,
) -> Result<Json<ApiKey>, Problem> {
    let key = api.app.store.api_keys().get(id).await?;
    key.map(Json).ok_or_else(|| Problem::not_found("key"))
}

/// Revoke a key. It stays in the list.
#[utoipa::path(
    delete,
    path = "/v1/api-keys/{id}",
    operation_id = "api_keys_revoke",
    tag = "api-keys",
    params(("id" = ApiKeyId, Path)),
    responses((status = 204, description = "Revoked"))
)]
pub(crate) async fn revoke(
    State(api): State<Api>,
    Segments(id): Segments<ApiKeyId>,
) -> Result<StatusCode, Problem> {
    let now = api.app.clock.now().utc;
    api.app.store.api_keys().revoke(id, now).await?;
    Ok(StatusCode::NO_CONTENT)
}
