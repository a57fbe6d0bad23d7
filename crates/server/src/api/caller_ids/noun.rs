//! `/v1/caller-ids`: make, find, change and remove numbers.

use axum::{Json, extract::State, http::StatusCode};
use model::{CallerIdKey, E164};
use serde::Deserialize;
use store::CallerIdFilter;
use utoipa::IntoParams;

use super::{
    super::{
        Api, JsonBody, Page, Params, Segments, created,
        created::Created,
        page::{checked_cursor, checked_limit, no_cursor},
    },
    CallerIdFields, add,
    view::{CallerIdView, views},
};
use crate::problem::{Problem, ProblemBody};

/// Which numbers; all that is given must hold.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct CallerIdQuery {
    /// How the number begins, as E.164: `+1202`.
    #[param(max_length = 16)]
    number: Option<String>,
    /// ISO 3166-1 alpha-2.
    #[param(max_length = 2)]
    country: Option<String>,
    #[param(max_length = 8)]
    area_code: Option<String>,
    /// How the carrier's name begins.
    #[param(max_length = 100)]
    carrier: Option<String>,
    /// In this pool.
    #[param(max_length = 100)]
    label: Option<String>,
    active: Option<bool>,
    /// The most items to answer with, 1 to 250; 100 unless told.
    #[param(minimum = 1, maximum = 250)]
    limit: Option<u32>,
    /// `next` of the page before.
    cursor: Option<String>,
}

impl CallerIdQuery {
    fn filter(self) -> Result<CallerIdFilter, Problem> {
        checked_filter(CallerIdFilter {
            number: self.number,
            country: self.country,
            area_code: self.area_code,
            carrier: self.carrier,
            label: self.label,
            active: self.active,
        })
    }
}

/// The filter, if its texts are ones that a number can have.
pub(super) fn checked_filter(filter: CallerIdFilter) -> Result<CallerIdFilter, Problem> {
    for (field, text, most) in [
        ("number", &filter.number, 16),
        ("country", &filter.country, 2),
        ("area_code", &filter.area_code, 8),
        ("carrier", &filter.carrier, 100),
        ("label", &filter.label, 100),
    ] {
        let wrong = |text: &str| text.chars().count() > most || text.contains('\0');
        if text.as_deref().is_some_and(wrong) {
            let detail = format!("{field} is not 0 to {most} characters.");
            return Err(Problem::field(field, detail));
        }
    }
    Ok(filter)
}

/// Numbers in their order, each with what it is doing.
#[utoipa::path(
    get,
    path = "/v1/caller-ids",
    operation_id = "caller_ids_list",
    tag = "caller ids",
    params(CallerIdQuery),
    responses((status = 200, description = "A page of caller IDs", body = Page<CallerIdView>))
)]
pub(crate) async fn list(
    State(api): State<Api>,
    Params(query): Params<CallerIdQuery>,
) -> Result<Json<Page<CallerIdView>>, Problem> {
    let limit = checked_limit(query.limit)?;
    let after = checked_cursor(query.cursor.as_deref())?;
    let after: Option<E164> = after.map(str::parse).transpose().map_err(|_| no_cursor())?;
    let filter = query.filter()?;
    let found = api
        .app
        .store
        .caller_ids()
        .list(&filter, after, limit + 1)
        .await?;
    let page = Page::of(found, limit, |one| one.e164.to_string());
    Ok(Json(Page {
        items: views(&api, page.items).await?,
        next: page.next,
    }))
}

/// Add a number of ours. It is presented from now on.
#[utoipa::path(
    post,
    path = "/v1/caller-ids",
    operation_id = "caller_ids_create",
    tag = "caller ids",
    request_body = CallerIdFields,
    responses(
        (status = 201, description = "Made", body = CallerIdView, headers(("Location" = String))),
        (status = 409, description = "The number is there, perhaps written otherwise", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn create(
    State(api): State<Api>,
    JsonBody(fields): JsonBody<CallerIdFields>,
) -> Result<Created<CallerIdView>, Problem> {
    let (at, random) = api.app.clock.id();
    let id = CallerIdKey::new(at, random);
    let caller_id = fields.into_caller_id(&api, id, at).await?;
    add(&api, &caller_id).await?;
    let location = format!("/v1/caller-ids/{id}");
    Ok(created(location, one(&api, id).await?))
}

/// One number, and what it is doing.
#[utoipa::path(
    get,
    path = "/v1/caller-ids/{id}",
    operation_id = "caller_ids_show",
    tag = "caller ids",
    params(("id" = CallerIdKey, Path)),
    responses((status = 200, description = "The caller ID", body = CallerIdView))
)]
pub(crate) async fn show(
    State(api): State<Api>,
    Segments(id): Segments<CallerIdKey>,
) -> Result<Json<CallerIdView>, Problem> {
    one(&api, id).await.map(Json)
}

/// Replace what is said of a number. It keeps its uses, caps reached and reservations.
#[utoipa::path(
    put,
    path = "/v1/caller-ids/{id}",
    operation_id = "caller_ids_replace",
    tag = "caller ids",
    params(("id" = CallerIdKey, Path)),
    request_body = CallerIdFields,
    responses((status = 200, description = "Replaced", body = CallerIdView))
)]
pub(crate) async fn replace(
    State(api): State<Api>,
    Segments(id): Segments<CallerIdKey>,
    JsonBody(fields): JsonBody<CallerIdFields>,
) -> Result<Json<CallerIdView>, Problem> {
    {
        let _turn = api.set_up.lock().await;
        let caller_ids = api.app.store.caller_ids();
        let known = caller_ids.get(id).await?.ok_or_else(not_found)?;
        let caller_id = fields.into_caller_id(&api, id, known.created_at).await?;
        if caller_id.e164 != known.e164 {
            let detail = format!(
                "number is {}: another number is another caller ID.",
                known.e164
            );
            return Err(Problem::field("number", detail));
        }
        caller_ids.update(&caller_id).await?;
        api.app.caller_ids.set_numbers(vec![caller_id]).await;
    }
    one(&api, id).await.map(Json)
}

/// Remove a number. Its reservations end; what it did stays in the log of uses.
#[utoipa::path(
    delete,
    path = "/v1/caller-ids/{id}",
    operation_id = "caller_ids_delete",
    tag = "caller ids",
    params(("id" = CallerIdKey, Path)),
    responses((status = 204, description = "Removed"))
)]
pub(crate) async fn delete(
    State(api): State<Api>,
    Segments(id): Segments<CallerIdKey>,
) -> Result<StatusCode, Problem> {
    let _turn = api.set_up.lock().await;
    api.app.store.caller_ids().delete(id).await?;
    api.app.caller_ids.remove_numbers(vec![id]).await;
    Ok(StatusCode::NO_CONTENT)
}

async fn one(api: &Api, id: CallerIdKey) -> Result<CallerIdView, Problem> {
    let found = api.app.store.caller_ids().get(id).await?;
    let found = found.ok_or_else(not_found)?;
    views(api, vec![found]).await?.pop().ok_or_else(not_found)
}

fn not_found() -> Problem {
    Problem::not_found("caller ID")
}
