//! The set-up as one file: what was applied, and whether a file's things would be taken. Carrying it out goes by the nouns' own routes.

use axum::{Json, extract::State, http::StatusCode};
use model::{CentreChange, CentreChangeId, CentreChangeKind};
use serde::{Deserialize, Serialize};
use store::KeptCentreChange;
use utoipa::ToSchema;

use super::{Api, JsonBody, Page, PageQuery, Params, Segments, created, created::Created};
use crate::{
    auth::Principal,
    centre::{Document, MAX_CENTRE_FILE, Schema},
    problem::{Code, Problem},
};

/// The largest body with two centre files in it, whose quotes and line ends take two bytes each.
const MAX_CHANGE: usize = 3 * MAX_CENTRE_FILE;

/// A centre file that is going to be applied.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CentreChangeFields {
    kind: CentreChangeKind,
    /// The centre file (TOML), at most 4 MiB. Secrets do not stand in it, only where they are.
    document: String,
    /// A centre file of the same sections that puts back what is there now, at most 4 MiB.
    before: String,
}

/// A centre file that was applied, and the one that puts back what was before.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CentreChangeView {
    #[serde(flatten)]
    change: CentreChange,
    document: String,
    before: String,
}

/// Centre files that were applied, the newest first; 20 are kept.
#[utoipa::path(
    get,
    path = "/v1/centre/changes",
    operation_id = "centre_changes_list",
    tag = "centre",
    params(PageQuery),
    responses((status = 200, description = "A page of them, without their texts", body = Page<CentreChange>))
)]
pub(crate) async fn list(
    State(api): State<Api>,
    Params(page): Params<PageQuery>,
) -> Result<Json<Page<CentreChange>>, Problem> {
    let limit = page.limit()?;
    let changes = api.app.store.centre_changes();
    let changes = changes.page(page.after_id()?, limit + 1).await?;
    Ok(Json(Page::of(changes, limit, |one| one.id.to_string())))
}

/// One of them, with its texts.
#[utoipa::path(
    get,
    path = "/v1/centre/changes/{id}",
    operation_id = "centre_changes_show",
    tag = "centre",
    params(("id" = CentreChangeId, Path)),
    responses((status = 200, description = "The change", body = CentreChangeView))
)]
pub(crate) async fn show(
    State(api): State<Api>,
    Segments(id): Segments<CentreChangeId>,
) -> Result<Json<CentreChangeView>, Problem> {
    let kept = api.app.store.centre_changes().get(id).await?;
    let KeptCentreChange {
        change,
        document,
        before,
    } = kept.ok_or_else(not_found)?;
    Ok(Json(CentreChangeView {
        change,
        document,
        before,
    }))
}

/// Keep a centre file before it is applied, with what puts it back.
///
/// One that did not come to its end and is begun again is the same change: what was before it stays what was before the first try.
#[utoipa::path(
    post,
    path = "/v1/centre/changes",
    operation_id = "centre_changes_create",
    tag = "centre",
    request_body = CentreChangeFields,
    responses((status = 201, description = "Kept", body = CentreChange, headers(("Location" = String))))
)]
pub(crate) async fn create(
    State(api): State<Api>,
    by: Principal,
    JsonBody(fields): JsonBody<CentreChangeFields, MAX_CHANGE>,
) -> Result<Created<CentreChange>, Problem> {
    let fields = checked(&api, fields).await?;
    let _turn = api.set_up.lock().await;
    let changes = api.app.store.centre_changes();
    let newest = changes.newest().await?;
    let same = newest.filter(|it| {
        let is_open = it.change.finished_at.is_none();
        is_open && it.change.kind == fields.kind && it.document == fields.document
    });
    let change = if let Some(same) = same {
        same.change
    } else {
        let (made_at, random) = api.app.clock.id();
        let change = CentreChange {
            id: CentreChangeId::new(made_at, random),
            kind: fields.kind,
            made_at,
            made_by: by.name,
            finished_at: None,
        };
        let kept = KeptCentreChange {
            change,
            document: fields.document,
            before: fields.before,
        };
        changes.create(&kept).await?;
        kept.change
    };
    Ok(created(format!("/v1/centre/changes/{}", change.id), change))
}

/// Both texts, if they are centre files, and hold no secret.
async fn checked(api: &Api, fields: CentreChangeFields) -> Result<CentreChangeFields, Problem> {
    let api = api.clone();
    // Megabytes of text take their time.
    let looked = tokio::task::spawn_blocking(move || {
        let description = serde_json::to_value(&api.document).unwrap_or_default();
        let schema = Schema::new(description);
        for (field, text) in [("document", &fields.document), ("before", &fields.before)] {
            if let Some(flaw) = Document::read(text, &schema).1.first() {
                return Err(Problem::field(field, format!("{field} has in {flaw}.")));
            }
        }
        Ok(fields)
    });
    let broken = |_| Problem::new(Code::Internal, "It is in the log.");
    looked.await.map_err(broken)?
}

/// Note that all of it was done.
#[utoipa::path(
    post,
    path = "/v1/centre/changes/{id}/finish",
    operation_id = "centre_changes_finish",
    tag = "centre",
    params(("id" = CentreChangeId, Path)),
    responses((status = 204, description = "Noted"))
)]
pub(crate) async fn finish(
    State(api): State<Api>,
    Segments(id): Segments<CentreChangeId>,
) -> Result<StatusCode, Problem> {
    let at = api.app.clock.now().utc;
    api.app.store.centre_changes().finish(id, at).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn not_found() -> Problem {
    Problem::not_found("change")
}
