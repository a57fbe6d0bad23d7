//! `/v1/reconciliations`: our own log against the call detail records, by day.

use axum::{Json, extract::State};
use jiff::{ToSpan as _, civil::Date};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use utoipa::{IntoParams, ToSchema};

use super::{
    Api, Page, PageQuery, Params, Segments,
    page::{checked_cursor, checked_limit, no_cursor},
};
use crate::{
    problem::{Code, Problem, ProblemBody},
    reconcile::{CallDifference, DifferenceKind, Reconciliation, Unjudged, number_of},
};

/// Which differences of a day.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct DifferencesQuery {
    /// Of this kind only.
    #[param(inline)]
    difference: Option<DifferenceKind>,
    /// The most items to answer with, 1 to 250; 100 unless told.
    #[param(minimum = 1, maximum = 250)]
    limit: Option<u32>,
    /// `next` of the page before.
    cursor: Option<String>,
}

/// A day, and calls on which both logs do not agree, in the order of time.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ReconciledDay {
    #[serde(flatten)]
    day: Reconciliation,
    items: Vec<CallDifference>,
    /// Give it as `cursor` to read on; `null` on the last page.
    next: Option<String>,
}

/// The days that were compared, the newest first.
#[utoipa::path(
    get,
    path = "/v1/reconciliations",
    operation_id = "reconciliations_list",
    tag = "reports",
    params(PageQuery),
    responses((status = 200, description = "A page of days", body = Page<Reconciliation>))
)]
pub(crate) async fn list(
    State(api): State<Api>,
    Params(query): Params<PageQuery>,
) -> Result<Json<Page<Reconciliation>>, Problem> {
    let limit = query.limit()?;
    let before = query
        .after()?
        .map(|text| read_date(text).ok_or_else(no_cursor));
    let before = before.transpose()?.map(number_of);
    let days = api.app.store.reconciliations();
    let days = days.page(before, limit + 1).await?;
    let days: Vec<Reconciliation> = days
        .iter()
        .map(|day| kept(&day.summary))
        .collect::<Result<_, _>>()?;
    Ok(Json(Page::of(days, limit, |day| day.date.clone())))
}

/// One day, with the calls that differ.
#[utoipa::path(
    get,
    path = "/v1/reconciliations/{date}",
    operation_id = "reconciliations_show",
    tag = "reports",
    params(("date" = String, Path, description = "A day such as `2026-11-21`, or `yesterday`"), DifferencesQuery),
    responses((status = 200, description = "The day, and a page of its differences", body = ReconciledDay))
)]
pub(crate) async fn show(
    State(api): State<Api>,
    Segments(date): Segments<String>,
    Params(query): Params<DifferencesQuery>,
) -> Result<Json<ReconciledDay>, Problem> {
    let day = number_of(date_of(&api, &date)?);
    let limit = checked_limit(query.limit)?;
    let after = checked_cursor(query.cursor.as_deref())?
        .map(|cursor| cursor.parse().map_err(|_| no_cursor()))
        .transpose()?;
    let log = api.app.store.reconciliations();
    let found = log.get(day).await?;
    let found = found.ok_or_else(|| Problem::not_found("comparison of this day"))?;
    let kind = query.difference.map(DifferenceKind::word);
    let differences = log.differences(day, kind, after, limit + 1).await?;
    let page = Page::of(differences, limit, |difference| {
        difference.number.to_string()
    });
    let items = page.items.iter().map(|difference| kept(&difference.body));
    Ok(Json(ReconciledDay {
        day: kept(&found.summary)?,
        items: items.collect::<Result<_, _>>()?,
        next: page.next,
    }))
}

/// Compare a day now.
#[utoipa::path(
    post,
    path = "/v1/reconciliations/{date}/run",
    operation_id = "reconciliations_run",
    tag = "reports",
    params(("date" = String, Path, description = "A day such as `2026-11-21`, or `yesterday`")),
    responses(
        (status = 200, description = "What came of it", body = Reconciliation),
        (status = 409, description = "The day cannot be judged", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn run(
    State(api): State<Api>,
    Segments(date): Segments<String>,
) -> Result<Json<Reconciliation>, Problem> {
    let day = date_of(&api, &date)?;
    Ok(Json(api.app.reconciler.compare(day).await?))
}

fn date_of(api: &Api, text: &str) -> Result<Date, Problem> {
    let date = match text {
        "yesterday" => api.app.reconciler.today().checked_sub(1.day()).ok(),
        text => read_date(text),
    };
    date.ok_or_else(|| {
        let detail = "date is neither a day such as 2026-11-21, nor \"yesterday\".";
        Problem::field("date", detail)
    })
}

fn read_date(text: &str) -> Option<Date> {
    text.parse().ok().filter(|_| text.len() == 10)
}

fn kept<T: DeserializeOwned>(text: &str) -> Result<T, Problem> {
    serde_json::from_str(text).map_err(|error| {
        tracing::error!(%error, "what was kept of a reconciliation cannot be read");
        Problem::new(Code::Internal, "It is in the log.")
    })
}

impl From<Unjudged> for Problem {
    fn from(unjudged: Unjudged) -> Self {
        match unjudged {
            Unjudged::Shelf(error) => error.into(),
            Unjudged::Store(error) => error.into(),
            other => {
                let detail = format!("The day cannot be judged: {other}.");
                Self::new(Code::NotJudged, detail)
            }
        }
    }
}
