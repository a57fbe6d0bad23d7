//! `/v1/caller-ids/report` and `/v1/caller-ids/uses`: what a carrier or a regulator asks about our numbers.

use axum::{Json, extract::State};
use model::{CallerIdUse, CampaignUse, E164, Reputation, ReservationId, Timestamp};
use serde::Deserialize;
use store::{UseCursor, UseFilter};
use utoipa::IntoParams;

use super::super::{
    Api, Page, Params,
    page::{checked_cursor, checked_limit, no_cursor},
};
use crate::problem::Problem;

/// Days that a report looks back when nobody says.
const DAYS: u32 = 30;
const MAX_DAYS: u32 = 366;

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ReportQuery {
    /// How far to look back, 1 to 366; 30 unless told.
    #[param(minimum = 1, maximum = 366)]
    days: Option<u32>,
    /// The most items to answer with, 1 to 250; 100 unless told.
    #[param(minimum = 1, maximum = 250)]
    limit: Option<u32>,
    /// `next` of the page before.
    cursor: Option<String>,
}

impl ReportQuery {
    fn since(&self, now: Timestamp) -> Result<Timestamp, Problem> {
        let days = self.days.unwrap_or(DAYS);
        if !(1..=MAX_DAYS).contains(&days) {
            let detail = format!("days is {days}, not in 1 to {MAX_DAYS}.");
            return Err(Problem::field("days", detail));
        }
        let micros = i64::from(days) * 86_400_000_000;
        Ok(Timestamp::from_micros(now.as_micros() - micros))
    }
}

/// What each number did: calls, answers, short calls, persons, and the most of our numbers that one of its persons saw.
#[utoipa::path(
    get,
    path = "/v1/caller-ids/report",
    operation_id = "caller_ids_report",
    tag = "caller ids",
    params(ReportQuery),
    responses((status = 200, description = "A page of numbers", body = Page<Reputation>))
)]
pub(crate) async fn numbers(
    State(api): State<Api>,
    Params(query): Params<ReportQuery>,
) -> Result<Json<Page<Reputation>>, Problem> {
    let limit = checked_limit(query.limit)?;
    let since = query.since(api.app.clock.now().utc)?;
    let after = checked_cursor(query.cursor.as_deref())?;
    let after: Option<E164> = after.map(str::parse).transpose().map_err(|_| no_cursor())?;
    let uses = api.app.store.caller_id_uses();
    let report = uses.report(since, after, limit + 1).await?;
    Ok(Json(Page::of(report, limit, |one| one.number.to_string())))
}

/// What each campaign presented.
#[utoipa::path(
    get,
    path = "/v1/caller-ids/report/campaigns",
    operation_id = "caller_ids_report_campaigns",
    tag = "caller ids",
    params(ReportQuery),
    responses((status = 200, description = "A page of campaigns", body = Page<CampaignUse>))
)]
pub(crate) async fn campaigns(
    State(api): State<Api>,
    Params(query): Params<ReportQuery>,
) -> Result<Json<Page<CampaignUse>>, Problem> {
    let limit = checked_limit(query.limit)?;
    let since = query.since(api.app.clock.now().utc)?;
    let after = checked_cursor(query.cursor.as_deref())?;
    let uses = api.app.store.caller_id_uses();
    let report = uses.campaigns(since, after, limit + 1).await?;
    Ok(Json(Page::of(report, limit, |one| one.campaign.clone())))
}

/// Which uses; all that is given must hold.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct UsesQuery {
    /// Made then or later.
    from: Option<Timestamp>,
    /// Made before.
    to: Option<Timestamp>,
    /// What was presented, as E.164.
    number: Option<E164>,
    /// Who was called, as E.164.
    destination: Option<E164>,
    #[param(max_length = 100)]
    campaign: Option<String>,
    /// The most items to answer with, 1 to 250; 100 unless told.
    #[param(minimum = 1, maximum = 250)]
    limit: Option<u32>,
    /// `next` of the page before.
    cursor: Option<String>,
}

/// Uses of caller IDs, the newest first: who was called, from which number, for which campaign, and how it ended.
#[utoipa::path(
    get,
    path = "/v1/caller-ids/uses",
    operation_id = "caller_ids_uses",
    tag = "caller ids",
    params(UsesQuery),
    responses((status = 200, description = "A page of uses", body = Page<CallerIdUse>))
)]
pub(crate) async fn uses(
    State(api): State<Api>,
    Params(query): Params<UsesQuery>,
) -> Result<Json<Page<CallerIdUse>>, Problem> {
    let limit = checked_limit(query.limit)?;
    let after = checked_cursor(query.cursor.as_deref())?
        .map(cursor)
        .transpose()?;
    let filter = UseFilter {
        from: query.from,
        to: query.to,
        number: query.number,
        destination: query.destination,
        campaign: query.campaign,
    };
    let uses = api.app.store.caller_id_uses();
    let uses = uses.page(&filter, after, limit + 1).await?;
    Ok(Json(Page::of(uses, limit, |one| {
        format!("{}~{}", one.made_at.as_micros(), one.id)
    })))
}

fn cursor(text: &str) -> Result<UseCursor, Problem> {
    let parts = || {
        let (made_at, id) = text.split_once('~')?;
        Some(UseCursor {
            made_at: Timestamp::from_micros(made_at.parse().ok()?),
            id: id.parse::<ReservationId>().ok()?,
        })
    };
    parts().ok_or_else(no_cursor)
}
