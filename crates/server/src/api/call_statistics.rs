//! `/api/v1/{token}/callstat` and `/asrstat`, as call statistics over Asterisk's databases were asked for before.
//!
//! Paths, parameters, shapes and order stand as documented there. Refusals are problems with the member `error`, which those
//! programs read. No log or metric of ours holds a path as it was sent: a
//! token may stand in it.

use std::collections::BTreeMap;

use axum::{Json, extract::State};
use engine::stats::{Reading, Sums};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{Api, Params, Segments};
use crate::{
    cdr::{CountryFigures, Extension},
    period::Period,
    problem::Problem,
};

/// Which period, and how calls are counted.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct StatisticsQuery {
    /// A day such as `2026-11-21`, `week` (the last whole work week) or `month` (the last whole one). Today without it.
    date: Option<String>,
    /// The first day or minute, instead of `date`.
    start: Option<String>,
    /// The last day or minute; all of it counts.
    end: Option<String>,
    /// `exact`: a call is a conversation, its time counts once. `as_before`: a call is a `uniqueid`, every row's time counts.
    profile: Option<String>,
}

/// Calls of each extension.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CallStatistics {
    data: Vec<ExtensionStatistics>,
    /// What was asked for.
    date: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    start: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    end: Option<String>,
    /// By source: why its part is not whole. Not there if all is.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    errors: BTreeMap<String, String>,
    /// By source: what else is to be said of it, such as that it was read just now, for this question.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    notes: BTreeMap<String, String>,
}

#[derive(Debug, Serialize, ToSchema)]
struct ExtensionStatistics {
    cnum: String,
    cnam: String,
    call_count: i64,
    total_call_time_minutes: f64,
    long_calls_count: i64,
    total_long_calls_minutes: f64,
    /// Different destinations.
    unique_calls: u64,
}

/// Answered and tried calls by country, of each source.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AnswerSeizure {
    date: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    start: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    end: Option<String>,
    databases: BTreeMap<String, SourceStatistics>,
}

#[derive(Debug, Serialize, ToSchema)]
struct SourceStatistics {
    /// `success`, or `partial` with `error`.
    status: String,
    data: Vec<CountryStatistics>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    /// Such as that it was read just now, for this question.
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
struct CountryStatistics {
    /// Empty for what is no number of any country.
    country_code: String,
    country: String,
    answered_calls: i64,
    total_calls: i64,
    asr_percentage: f64,
    unique_destinations: u64,
    total_talk_minutes: f64,
}

/// Calls of each extension over a period; who talked most is first.
#[utoipa::path(
    get,
    path = "/api/v1/{token}/callstat",
    operation_id = "callstat",
    tag = "call statistics",
    params(("token" = String, Path, description = "`statistics.api_token`; or any word, with the token, a key or a session in the header"), StatisticsQuery),
    responses((status = 200, description = "Figures", body = CallStatistics))
)]
pub(crate) async fn callstat(
    State(api): State<Api>,
    Segments(_token): Segments<String>,
    Params(query): Params<StatisticsQuery>,
) -> Result<Json<CallStatistics>, Problem> {
    let cdr = &api.app.cdr;
    let (period, reading) = (period(&api, &query)?, reading(&query)?);
    let found = cdr.extensions(&period, reading).await?;
    Ok(Json(CallStatistics {
        data: found.figures.into_iter().map(Into::into).collect(),
        date: period.name,
        start: query.start,
        end: query.end,
        errors: found.errors,
        notes: found.notes,
    }))
}

/// The share of answered calls by country, of each source; most calls are first.
#[utoipa::path(
    get,
    path = "/api/v1/{token}/asrstat",
    operation_id = "asrstat",
    tag = "call statistics",
    params(("token" = String, Path, description = "`statistics.api_token`; or any word, with the token, a key or a session in the header"), StatisticsQuery),
    responses((status = 200, description = "Figures", body = AnswerSeizure))
)]
pub(crate) async fn asrstat(
    State(api): State<Api>,
    Segments(_token): Segments<String>,
    Params(query): Params<StatisticsQuery>,
) -> Result<Json<AnswerSeizure>, Problem> {
    let (period, reading) = (period(&api, &query)?, reading(&query)?);
    let mut found = api.app.cdr.countries(&period, reading).await?;
    let databases = found.figures.into_iter().map(|(source, countries)| {
        let error = found.errors.remove(&source);
        let status = if error.is_none() {
            "success"
        } else {
            "partial"
        };
        let note = found.notes.remove(&source);
        let statistics = SourceStatistics {
            status: status.to_owned(),
            data: countries.into_iter().map(Into::into).collect(),
            error,
            note,
        };
        (source, statistics)
    });
    Ok(Json(AnswerSeizure {
        databases: databases.collect(),
        date: period.name,
        start: query.start,
        end: query.end,
    }))
}

fn period(api: &Api, query: &StatisticsQuery) -> Result<Period, Problem> {
    let cdr = &api.app.cdr;
    let period = if query.start.is_some() || query.end.is_some() {
        cdr.between(query.start.as_deref(), query.end.as_deref())
    } else {
        cdr.period(query.date.as_deref())
            .map_err(|why| ("date", why))
    };
    period.map_err(|(field, why)| {
        let detail = format!("{field} {why}.");
        Problem::field(field, &detail).with("error", detail)
    })
}

fn reading(query: &StatisticsQuery) -> Result<Reading, Problem> {
    match query.profile.as_deref() {
        None | Some("exact") => Ok(Reading::Exact),
        Some("as_before") => Ok(Reading::AsBefore),
        Some(_) => {
            let detail = "profile is neither \"exact\" nor \"as_before\".";
            Err(Problem::field("profile", detail).with("error", detail))
        }
    }
}

impl From<Extension> for ExtensionStatistics {
    fn from(of: Extension) -> Self {
        let Sums {
            calls,
            seconds,
            long_calls,
            long_seconds,
            ..
        } = of.sums;
        Self {
            cnum: of.number,
            cnam: of.name,
            call_count: calls,
            total_call_time_minutes: minutes(seconds),
            long_calls_count: long_calls,
            total_long_calls_minutes: minutes(long_seconds),
            unique_calls: of.destinations,
        }
    }
}

impl From<CountryFigures> for CountryStatistics {
    fn from(of: CountryFigures) -> Self {
        let (country_code, country) = match of.country {
            Some(place) => (place.code.into(), place.name.into()),
            None => (String::new(), "Unknown".to_owned()),
        };
        Self {
            country_code,
            country,
            answered_calls: of.sums.answered,
            total_calls: of.sums.calls,
            asr_percentage: hundredths(of.sums.answered * 100, of.sums.calls),
            unique_destinations: of.destinations,
            total_talk_minutes: minutes(of.sums.seconds),
        }
    }
}

fn minutes(seconds: i64) -> f64 {
    hundredths(seconds, 60)
}

/// A quotient with two decimals, half away from zero, as a database rounds; 0 where there is nothing to divide by.
#[expect(
    clippy::cast_precision_loss,
    reason = "figures of calls are far below 2^53"
)]
fn hundredths(number: i64, by: i64) -> f64 {
    if by == 0 {
        return 0.0;
    }
    let hundredths = (2 * 100 * number + by) / (2 * by);
    hundredths as f64 / 100.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounds_as_databases_do() {
        let shown = [
            (0, 0.0),
            (1, 0.02),
            (3, 0.05),
            (90, 1.5),
            (2_730, 45.5),
            (100, 1.67),
        ];
        for (seconds, expected) in shown {
            assert_eq!(minutes(seconds).to_string(), f64::to_string(&expected));
        }
        assert_eq!(hundredths(12_000, 200).to_string(), "60");
        assert_eq!(hundredths(1, 0).to_string(), "0");
    }
}
