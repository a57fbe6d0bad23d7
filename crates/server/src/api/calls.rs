//! The call log, one call's story, and ending a call.

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::Response,
};
use model::{
    AgentId, Call, CallId, CallState, Choice, Event, EventBody, OfferId, OfferResult, Outcome,
    QueueId, Timestamp,
};
use serde::{Deserialize, Serialize};
use store::{CallCursor, CallFilter};
use utoipa::{IntoParams, ToSchema};

use super::{
    Api, Page, Params, Segments, call_file,
    page::{checked_cursor, checked_limit, no_cursor},
};
use crate::{
    auth::Principal,
    exports::{self, Answer},
    problem::{Code, Problem, ProblemBody},
    telephony::Refused,
    visible::{Viewer, visible_to},
};

/// Which calls.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct CallQuery {
    /// The most items to answer with, 1 to 250; 100 unless told.
    #[param(minimum = 1, maximum = 250)]
    limit: Option<u32>,
    /// `next` of the page before.
    cursor: Option<String>,
    /// The queue they were in last.
    queue: Option<QueueId>,
    /// Who answered, or for whom it was placed.
    agent: Option<AgentId>,
    outcome: Option<Outcome>,
    /// Arrived then or later.
    from: Option<Timestamp>,
    /// Arrived before.
    to: Option<Timestamp>,
    /// A file of all of them instead of a page, at most 50,000; `Accept` says it as well.
    #[param(inline)]
    format: Option<Answer>,
}

/// The call log, newest first.
///
/// A user with the role agent gets the calls that the own agent answered or placed.
#[utoipa::path(
    get,
    path = "/v1/calls",
    operation_id = "calls_list",
    tag = "calls",
    params(CallQuery),
    responses((status = 200, description = "A page of calls, or a file of all", content(
        (Page<Call> = "application/json"),
        (String = "text/csv"),
        (Vec<u8> = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        (Vec<u8> = "application/vnd.apache.parquet"),
    )))
)]
pub(crate) async fn list(
    State(api): State<Api>,
    principal: Principal,
    Params(query): Params<CallQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let limit = checked_limit(query.limit)?;
    let after = checked_cursor(query.cursor.as_deref())?
        .map(read_cursor)
        .transpose()?;
    let filter = whose(&principal, query.agent)?.map(|agent| CallFilter {
        from: query.from,
        to: query.to,
        queue: query.queue,
        agent,
        outcome: query.outcome,
        ..CallFilter::default()
    });
    if let Some(format) = exports::wanted(query.format, &headers) {
        let zone = api.app.cdr.home().clone();
        let table = call_file::table(&api.app.store, filter.as_ref(), zone).await?;
        return exports::file(table, format, Vec::new()).await;
    }
    let log = api.app.store.calls();
    let calls = match &filter {
        Some(filter) => log.page(filter, after, limit + 1).await?,
        None => Vec::new(),
    };
    Ok(exports::json(&Page::of(calls, limit, cursor)))
}

/// Whose calls may be listed: outer `None`, nobody's; inner `None`, everybody's.
#[expect(clippy::option_option, reason = "both absences mean something")]
fn whose(
    principal: &Principal,
    asked: Option<AgentId>,
) -> Result<Option<Option<AgentId>>, Problem> {
    if !principal.is_agent() {
        return Ok(Some(asked));
    }
    match (principal.agent, asked) {
        (own, Some(asked)) if own != Some(asked) => {
            Err(Problem::new(Code::Forbidden, "An agent lists the own calls only.").about("agent"))
        }
        (own, _) => Ok(own.map(Some)),
    }
}

fn cursor(call: &Call) -> String {
    format!("{}.{}", call.arrived_at.as_micros(), call.id)
}

fn read_cursor(text: &str) -> Result<CallCursor, Problem> {
    text.split_once('.')
        .and_then(|(micros, id)| {
            Some(CallCursor {
                arrived_at: Timestamp::from_micros(micros.parse().ok()?),
                id: id.parse().ok()?,
            })
        })
        .ok_or_else(no_cursor)
}

/// One call.
///
/// A user with the role agent sees the calls offered to the own agent whole, others of the own queues without the
/// caller's number, and no more.
#[utoipa::path(
    get,
    path = "/v1/calls/{id}",
    operation_id = "calls_show",
    tag = "calls",
    params(("id" = CallId, Path)),
    responses((status = 200, description = "The call", body = Call))
)]
pub(crate) async fn show(
    State(api): State<Api>,
    principal: Principal,
    Segments(id): Segments<CallId>,
) -> Result<Json<Call>, Problem> {
    let (call, _) = find(&api, &principal, id).await?;
    Ok(Json(call))
}

/// The call, if this principal may do something to it: an agent to the own one.
pub(super) async fn own(api: &Api, principal: &Principal, id: CallId) -> Result<Call, Problem> {
    let (call, _) = find(api, principal, id).await?;
    if principal.is_agent() && (principal.agent.is_none() || call.agent != principal.agent) {
        let detail = "An agent does something to the own call only.";
        return Err(Problem::new(Code::Forbidden, detail));
    }
    Ok(call)
}

/// The call as this principal may see it, and the eyes that see it.
pub(super) async fn find(
    api: &Api,
    principal: &Principal,
    id: CallId,
) -> Result<(Call, Viewer), Problem> {
    let calls = api.app.store.calls();
    // The journal writes behind: how an open call stands is known to the engine first.
    let known = api.app.acd.call(id).await?;
    let call = match known {
        Some(call) if call.state != CallState::Ended => Some(call),
        known => calls.get(id).await?.or(known),
    };
    let call = call.ok_or_else(|| Problem::not_found("call"))?;
    let mut viewer = api.viewer(principal).await?;
    if let Some(own) = principal.agent.filter(|_| principal.is_agent()) {
        let offers = calls.offers_of(id).await?;
        if offers.iter().any(|offer| offer.agent == own) {
            viewer.owns(id);
        }
    }
    let seen = viewer.call(&call);
    let seen = seen.ok_or_else(|| Problem::not_found("call"))?;
    Ok((seen, viewer))
}

/// Which part of a call's story.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct StoryQuery {
    /// The most items to answer with, 1 to 250; 100 unless told.
    #[param(minimum = 1, maximum = 250)]
    limit: Option<u32>,
    /// `next` of the page before.
    cursor: Option<u64>,
}

/// What happened to a call, in order.
#[utoipa::path(
    get,
    path = "/v1/calls/{id}/events",
    operation_id = "calls_events",
    tag = "calls",
    params(("id" = CallId, Path), StoryQuery),
    responses((status = 200, description = "A page of events", body = Page<Event>))
)]
pub(crate) async fn events(
    State(api): State<Api>,
    principal: Principal,
    Segments(id): Segments<CallId>,
    Params(query): Params<StoryQuery>,
) -> Result<Json<Page<Event>>, Problem> {
    let limit = checked_limit(query.limit)?;
    let (_, viewer) = find(&api, &principal, id).await?;
    let after = query.cursor.unwrap_or(0);
    let events = api.app.store.events();
    let events = events.of_call(id, after, limit + 1).await?;
    let mut page = Page::of(events, limit, |event| event.seq.to_string());
    page.items = page
        .items
        .iter()
        .filter_map(|event| Some(visible_to(event, &viewer)?.into_owned()))
        .collect();
    Ok(Json(page))
}

/// Why a call went where it went.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Explanation {
    /// How it stands now; `null` when the call has ended.
    now: Option<Standing>,
    /// Every offer that was made, with the reasons for its agent and against the others.
    offers: Vec<OfferExplained>,
}

/// Who could take a call and who could not.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Standing {
    /// One sentence on the call itself.
    summary: String,
    /// Every member of its queue, the eligible ones first in the order of choice.
    members: Vec<MemberStanding>,
}

/// Why an agent could be given the call, or not.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MemberStanding {
    agent: AgentId,
    name: String,
    eligible: bool,
    why: String,
}

/// One offer and why it was made.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OfferExplained {
    offer: OfferId,
    queue: QueueId,
    agent: AgentId,
    at: Timestamp,
    choice: Choice,
    /// `null` while it rings.
    result: Option<OfferResult>,
    ring_ms: Option<u64>,
}

/// Why did this agent get the call, and why did I not?
///
/// A user with the role agent reads of the own part only.
#[utoipa::path(
    get,
    path = "/v1/calls/{id}/explanation",
    operation_id = "calls_explain",
    tag = "calls",
    params(("id" = CallId, Path)),
    responses((status = 200, description = "The reasons", body = Explanation))
)]
pub(crate) async fn explain(
    State(api): State<Api>,
    principal: Principal,
    Segments(id): Segments<CallId>,
) -> Result<Json<Explanation>, Problem> {
    let (_, viewer) = find(&api, &principal, id).await?;
    let events = api.app.store.events();
    let events = events.of_call(id, 0, store::MAX_PAGE).await?;
    let seen = events.iter().filter_map(|event| visible_to(event, &viewer));
    let mut offers = Vec::new();
    for event in seen {
        learn_offer(&mut offers, &event);
    }
    let now = api.app.acd.explain(id).await?.map(|now| Standing {
        summary: now.summary,
        members: now
            .members
            .into_iter()
            .filter(|member| viewer.sees_agent(member.agent))
            .map(|member| MemberStanding {
                agent: member.agent,
                name: member.name,
                eligible: member.eligible,
                why: member.why,
            })
            .collect(),
    });
    Ok(Json(Explanation { now, offers }))
}

fn learn_offer(offers: &mut Vec<OfferExplained>, event: &Event) {
    match &event.body {
        EventBody::CallOffered {
            queue,
            offer,
            agent,
            choice,
            ..
        } => offers.push(OfferExplained {
            offer: *offer,
            queue: *queue,
            agent: *agent,
            at: event.at,
            choice: choice.clone(),
            result: None,
            ring_ms: None,
        }),
        EventBody::OfferEnded {
            offer: ended,
            result,
            ring_ms,
            ..
        } => {
            if let Some(known) = offers.iter_mut().find(|known| known.offer == *ended) {
                known.result = Some(*result);
                known.ring_ms = Some(*ring_ms);
            }
        }
        _ => {}
    }
}

/// End a call.
///
/// A user with the role agent ends the call that the own agent talks on.
#[utoipa::path(
    post,
    path = "/v1/calls/{id}/hangup",
    operation_id = "calls_hang_up",
    tag = "calls",
    params(("id" = CallId, Path)),
    responses(
        (status = 202, description = "Asked; the event `call_ended` says when it is done"),
        (status = 409, description = "The call has ended", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn hang_up(
    State(api): State<Api>,
    principal: Principal,
    Segments(id): Segments<CallId>,
) -> Result<StatusCode, Problem> {
    own(&api, &principal, id).await?;
    match api.app.acd.hang_up(id).await {
        Ok(()) => Ok(StatusCode::ACCEPTED),
        Err(Refused::NoSuchCall) => Err(Problem::new(Code::CallEnded, "The call has ended.")),
        Err(other) => Err(other.into()),
    }
}
