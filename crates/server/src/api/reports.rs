//! `/v1/reports/…`: figures over calls, with their formulas.

use axum::{Json, extract::State, http::HeaderMap, response::Response};
use engine::stats::{
    Cause, causes,
    kpi::{Formula, Unit, formulas},
    sip_of,
};
use serde::Serialize;
use utoipa::ToSchema;

use super::{Api, Params, Segments};
use crate::{
    exports,
    problem::Problem,
    reports::{Question, Report, ReportKind},
};

/// A report of a period.
///
/// Each figure names its formula, and a ratio its numerator, its denominator and its bounds; `null` is undefined.
#[utoipa::path(
    get,
    path = "/v1/reports/{report}",
    operation_id = "reports_show",
    tag = "reports",
    params(("report" = inline(ReportKind), Path, description = "By what calls are told apart"), Question),
    responses((status = 200, description = "The report; as a file, `Cordboard-Incomplete` names the sources that it lacks", content(
        (Report = "application/json"),
        (String = "text/csv"),
        (Vec<u8> = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        (Vec<u8> = "application/vnd.apache.parquet"),
    )))
)]
pub(crate) async fn show(
    State(api): State<Api>,
    Segments(report): Segments<String>,
    Params(question): Params<Question>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let kind = ReportKind::read(&report).ok_or_else(|| Problem::not_found("report"))?;
    let report = api.app.reports.make(kind, &question).await?;
    let Some(format) = exports::wanted(question.format, &headers) else {
        return Ok(exports::json(&report));
    };
    let missing = report.errors.keys().cloned().collect();
    exports::file((&report).into(), format, missing).await
}

/// All formulas of reports.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Formulas {
    items: Vec<FormulaView>,
}

/// How a figure comes about.
#[derive(Debug, Serialize, ToSchema)]
struct FormulaView {
    /// Columns name it.
    id: &'static str,
    title: &'static str,
    /// `count`, `seconds`, `milliseconds`, `ratio` (0 to 1) or `erlang`.
    unit: &'static str,
    text: &'static str,
}

impl From<&Formula> for FormulaView {
    fn from(formula: &Formula) -> Self {
        Self {
            id: formula.id,
            title: formula.title,
            unit: match formula.unit {
                Unit::Count => "count",
                Unit::Seconds => "seconds",
                Unit::Milliseconds => "milliseconds",
                Unit::Ratio => "ratio",
                Unit::Erlang => "erlang",
            },
            text: formula.text,
        }
    }
}

/// What the figures of reports mean.
#[utoipa::path(
    get,
    path = "/v1/reports/formulas",
    operation_id = "reports_formulas",
    tag = "reports",
    responses((status = 200, description = "The formulas", body = Formulas))
)]
pub(crate) async fn list_formulas() -> Json<Formulas> {
    let items = formulas().map(Into::into).collect();
    Json(Formulas { items })
}

/// All hangup causes that are known.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Causes {
    items: Vec<CauseView>,
}

/// One of Q.850's.
#[derive(Debug, Serialize, ToSchema)]
struct CauseView {
    code: u16,
    name: &'static str,
    class: &'static str,
    /// The network did its part.
    delivered: bool,
    /// SIP's final answers that Asterisk turns into it.
    sip: Vec<u16>,
}

impl From<&Cause> for CauseView {
    fn from(cause: &Cause) -> Self {
        Self {
            code: cause.code,
            name: cause.name,
            class: cause.class.as_str(),
            delivered: cause.class.is_delivered(),
            sip: sip_of(cause.code).collect(),
        }
    }
}

/// What hangup causes mean.
#[utoipa::path(
    get,
    path = "/v1/reports/causes",
    operation_id = "reports_causes",
    tag = "reports",
    responses((status = 200, description = "The causes", body = Causes))
)]
pub(crate) async fn list_causes() -> Json<Causes> {
    let items = causes().map(Into::into).collect();
    Json(Causes { items })
}
