//! `/v1/reports/calls`: call detail records and our own calls that somebody looks for.

use std::{collections::BTreeMap, sync::Arc};

use axum::{extract::State, http::HeaderMap, response::Response};
use engine::stats::{By, Disposition, Filter, Spot};
use model::{AgentId, Call, Outcome, QueueId, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

pub(super) use crate::reports::Search;

use super::{
    Api, Params, found_calls_file,
    page::{checked_cursor, checked_limit, no_cursor},
};
use crate::{
    cdr::Record,
    config::OWN_LOG,
    exports::{self, Answer},
    numbers::Destination,
    problem::Problem,
    reports::{Hit, OwnFilter, Question, ReportKind, zone_named},
};

/// The longest text that is looked for.
const MAX_TEXT: usize = 200;

/// Which calls; all that is given must hold.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct CallsQuery {
    /// A day such as `2026-11-21`, `week` or `month`; all that is kept without it.
    date: Option<String>,
    /// Began then or later: a day, a local time or RFC 3339.
    from: Option<String>,
    /// Began before.
    to: Option<String>,
    /// An IANA name; that of `[statistics]` unless told.
    time_zone: Option<String>,
    /// Who called, was called or was dialled, in any notation; or an extension.
    #[param(max_length = 200)]
    number: Option<String>,
    #[param(max_length = 200)]
    extension: Option<String>,
    /// Their extension's records, and the calls that they answered.
    agent: Option<AgentId>,
    /// The queue that a call of our own was in last.
    queue: Option<QueueId>,
    disposition: Option<DispositionWord>,
    /// How a call of our own ended.
    outcome: Option<Outcome>,
    /// The hangup cause (Q.850) of a call of our own.
    cause: Option<u16>,
    /// What this report counts: `extension`, `country`, …
    report: Option<String>,
    /// In the report's row of this name.
    #[param(max_length = 200)]
    only: Option<String>,
    min_duration_seconds: Option<u32>,
    max_duration_seconds: Option<u32>,
    min_talk_seconds: Option<u32>,
    max_talk_seconds: Option<u32>,
    /// Whether there is a recording.
    recorded: Option<bool>,
    /// The name of a `[[cdr_source]]`, or `cordboard` for our own log.
    source: Option<String>,
    /// The most items to answer with, 1 to 250; 100 unless told.
    #[param(minimum = 1, maximum = 250)]
    limit: Option<u32>,
    /// `next` of the page before.
    cursor: Option<String>,
    /// A file of all of them instead of a page, at most 50,000; `Accept` says it as well.
    #[param(inline)]
    format: Option<Answer>,
}

/// What became of a record's call.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum DispositionWord {
    Answered,
    NoAnswer,
    Busy,
    Failed,
    Congestion,
    Other,
}

/// Calls, the newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FoundCalls {
    items: Vec<FoundCall>,
    /// Give it as `cursor` to read on; `null` when all has been looked at. A page may be short, or empty, before that.
    next: Option<String>,
    /// By source: why its part is not whole.
    errors: BTreeMap<String, String>,
}

/// A row of a source, or a call of our own log. What it does not say is `null`.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(super) struct FoundCall {
    pub(super) source: String,
    pub(super) began_at: Timestamp,
    /// `uniqueid`, or the id of a call of ours.
    pub(super) id: String,
    /// The same for all rows of a conversation.
    pub(super) linked_id: Option<String>,
    pub(super) extension: Option<String>,
    pub(super) name: Option<String>,
    pub(super) caller: String,
    pub(super) destination: String,
    pub(super) country: Option<String>,
    pub(super) did: Option<String>,
    /// Technology and peer of the channel that called.
    pub(super) from_trunk: Option<String>,
    /// Of the channel that was called.
    pub(super) trunk: Option<String>,
    pub(super) application: Option<String>,
    pub(super) campaign: Option<String>,
    pub(super) disposition: Option<DispositionWord>,
    pub(super) outcome: Option<Outcome>,
    pub(super) cause: Option<u16>,
    pub(super) queue: Option<QueueId>,
    pub(super) agent: Option<AgentId>,
    pub(super) duration_seconds: Option<u64>,
    pub(super) talk_seconds: u64,
    pub(super) recorded: Option<bool>,
}

/// Calls that are looked for, over all sources and our own log, the newest first.
///
/// A page looks at a bounded part of what is kept: go on with `next` until it is `null`.
#[utoipa::path(
    get,
    path = "/v1/reports/calls",
    operation_id = "reports_calls",
    tag = "reports",
    params(CallsQuery),
    responses((status = 200, description = "A page of calls, or a file of all", content(
        (FoundCalls = "application/json"),
        (String = "text/csv"),
        (Vec<u8> = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        (Vec<u8> = "application/vnd.apache.parquet"),
    )))
)]
pub(crate) async fn list(
    State(api): State<Api>,
    Params(query): Params<CallsQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let format = exports::wanted(query.format, &headers);
    let limit = checked_limit(query.limit)?;
    let after = checked_cursor(query.cursor.as_deref())?
        .map(read_cursor)
        .transpose()?;
    let zone = query.time_zone.as_deref().map(zone_named).transpose()?;
    let search = search(&api, query).await?;
    let errors = if search.records {
        api.app.cdr.errors(&search.filter.range)
    } else {
        BTreeMap::new()
    };
    if let Some(format) = format {
        let zone = zone.unwrap_or_else(|| api.app.cdr.home().clone());
        let table = found_calls_file::table(&api, &search, zone).await?;
        return exports::file(table, format, errors.into_keys().collect()).await;
    }
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let found = api.app.reports.search(&search, after, limit).await?;
    Ok(exports::json(&FoundCalls {
        items: found.hits.into_iter().map(Into::into).collect(),
        next: found.next.map(|(at, number)| format!("{at}~{number:x}")),
        errors,
    }))
}

fn read_cursor(text: &str) -> Result<Spot, Problem> {
    let spot = || {
        let (at, number) = text.split_once('~')?;
        Some((at.parse().ok()?, u64::from_str_radix(number, 16).ok()?))
    };
    spot().ok_or_else(no_cursor)
}

async fn search(api: &Api, query: CallsQuery) -> Result<Search, Problem> {
    let (from_records, from_own) = match query.source.as_deref() {
        None => (true, true),
        Some(OWN_LOG) => (false, true),
        Some(source) if api.app.cdr.knows(source) => (true, false),
        Some(_) => {
            let detail = "source is neither a [[cdr_source]] nor \"cordboard\".";
            return Err(Problem::field("source", detail));
        }
    };
    let question = Question {
        date: query.date,
        from: query.from,
        to: query.to,
        time_zone: query.time_zone,
        ..Question::default()
    };
    let range = api.app.reports.range(&question)?.unwrap_or(EVER);
    let number = text("number", query.number)?;
    let extension = text("extension", query.extension)?;
    let group = group(query.report.as_deref(), text("only", query.only)?)?;
    let (agent, extension) = people(api, query.agent, extension).await?;
    // What only one of both knows is asked there.
    let own_alone = query.queue.is_some() || query.outcome.is_some() || query.cause.is_some();
    let records_alone = group.is_some() || query.disposition.is_some() || query.recorded.is_some();
    let is_nobody = extension.is_some() && agent.is_none();
    let own = OwnFilter {
        queue: query.queue,
        agent,
        outcome: query.outcome,
        cause: query.cause,
        number: number.as_deref().and_then(|number| e164(api, number)),
    };
    let (most, least) = (u32::MAX, 0);
    let filter = Filter {
        range,
        number: number.map(Into::into),
        extension: extension.map(Into::into),
        group,
        disposition: query.disposition.map(Into::into),
        duration_seconds: query.min_duration_seconds.unwrap_or(least)
            ..=query.max_duration_seconds.unwrap_or(most),
        talk_seconds: query.min_talk_seconds.unwrap_or(least)
            ..=query.max_talk_seconds.unwrap_or(most),
        recorded: query.recorded,
    };
    Ok(Search {
        filter: Arc::new(filter),
        records: from_records && !own_alone,
        own: (from_own && !records_alone && !is_nobody).then_some(own),
        source: query.source,
    })
}

/// Until the year 2200.
const EVER: std::ops::Range<i64> = 0..7_258_118_400;

fn text(field: &'static str, text: Option<String>) -> Result<Option<String>, Problem> {
    match text {
        Some(text) if text.chars().count() > MAX_TEXT => {
            let detail = format!("{field} has more than {MAX_TEXT} characters.");
            Err(Problem::field(field, detail))
        }
        text => Ok(text),
    }
}

fn e164(api: &Api, number: &str) -> Option<String> {
    match api.app.numbers.destination(number) {
        Ok(Destination::Number(number)) => Some(number.to_string()),
        _ => None,
    }
}

/// An agent has an extension, and an extension an agent.
async fn people(
    api: &Api,
    agent: Option<AgentId>,
    extension: Option<String>,
) -> Result<(Option<AgentId>, Option<String>), Problem> {
    let agents = api.app.store.agents();
    Ok(match (agent, extension) {
        (Some(agent), None) => {
            let known = agents.get(agent).await?;
            let known = known.ok_or_else(|| Problem::field("agent", "agent is nobody's id."))?;
            (Some(agent), Some(known.extension))
        }
        (None, Some(extension)) => {
            let known = agents.by_extension(&extension).await?;
            (known.map(|agent| agent.id), Some(extension))
        }
        both => both,
    })
}

type Group = (By, Option<Box<str>>);

fn group(report: Option<&str>, only: Option<String>) -> Result<Option<Group>, Problem> {
    let Some(report) = report else {
        let alone = "only is given without report: a row of which one?";
        return only.map_or(Ok(None), |_| Err(Problem::field("only", alone)));
    };
    let by = ReportKind::read(report).and_then(ReportKind::by);
    let by = by.ok_or_else(|| {
        let detail = "report is none over call detail records, such as extension or country.";
        Problem::field("report", detail)
    })?;
    Ok(Some((by, only.map(Into::into))))
}

impl From<DispositionWord> for Disposition {
    fn from(word: DispositionWord) -> Self {
        match word {
            DispositionWord::Answered => Self::Answered,
            DispositionWord::NoAnswer => Self::NoAnswer,
            DispositionWord::Busy => Self::Busy,
            DispositionWord::Failed => Self::Failed,
            DispositionWord::Congestion => Self::Congestion,
            DispositionWord::Other => Self::Other,
        }
    }
}

impl From<Disposition> for DispositionWord {
    fn from(disposition: Disposition) -> Self {
        match disposition {
            Disposition::Answered => Self::Answered,
            Disposition::NoAnswer => Self::NoAnswer,
            Disposition::Busy => Self::Busy,
            Disposition::Failed => Self::Failed,
            Disposition::Congestion => Self::Congestion,
            Disposition::Other => Self::Other,
        }
    }
}

impl From<Hit> for FoundCall {
    fn from(hit: Hit) -> Self {
        match hit {
            Hit::Record(record) => (*record).into(),
            Hit::Own(_, call) => (*call).into(),
        }
    }
}

impl From<Record> for FoundCall {
    fn from(of: Record) -> Self {
        let said = |text: String| Some(text).filter(|text| !text.is_empty());
        Self {
            source: of.source,
            began_at: Timestamp::from_second(of.spot.0),
            id: of.uniqueid,
            linked_id: Some(of.linkedid),
            extension: said(of.extension),
            name: said(of.name),
            caller: of.caller,
            destination: of.destination,
            country: said(of.country),
            did: said(of.did),
            from_trunk: said(of.from_trunk),
            trunk: said(of.trunk),
            application: said(of.application),
            campaign: said(of.campaign),
            disposition: Some(of.disposition.into()),
            duration_seconds: Some(of.duration_seconds.into()),
            talk_seconds: of.talk_seconds.into(),
            recorded: Some(of.recorded),
            ..Self::default()
        }
    }
}

impl From<Call> for FoundCall {
    fn from(of: Call) -> Self {
        let whole = |ms: u64| ms / 1_000;
        let duration = of.ended_at.map(|end| end.since(of.arrived_at).as_secs());
        let customer = of.caller.e164.unwrap_or(of.caller.number);
        let (caller, destination, campaign) = match of.placed {
            None => (customer, of.dialled, None),
            Some(placed) => (
                placed.caller_id.unwrap_or_default(),
                customer,
                Some(placed.campaign).filter(|campaign| !campaign.is_empty()),
            ),
        };
        Self {
            source: OWN_LOG.to_owned(),
            began_at: of.arrived_at,
            id: of.id.to_string(),
            name: Some(of.caller.name).filter(|name| !name.is_empty()),
            caller,
            destination,
            campaign,
            outcome: of.outcome,
            cause: of.hangup_cause,
            queue: of.queue,
            agent: of.agent,
            duration_seconds: duration,
            talk_seconds: of.talk_ms.map_or(0, whole),
            ..Self::default()
        }
    }
}
