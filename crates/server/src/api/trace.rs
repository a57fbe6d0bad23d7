//! One trace of a call: what happened, what was decided, and what was asked of Asterisk, in one order of time.

use axum::{Json, extract::State};
use model::{Asked, Call, CallId, Event, EventBody, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;

use super::{Api, Segments, calls};
use crate::{auth::Principal, problem::Problem, telephony};

/// The most events of one call that a trace has.
const MAX_EVENTS: usize = 2_000;

/// All that is known of a call.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CallTrace {
    call: Call,
    /// By time.
    entries: Vec<Entry>,
    /// How many more requests there were.
    requests_left_out: u32,
}

/// One thing, and when.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Entry {
    at: Timestamp,
    /// Since the call began, in microseconds; a request may be a little earlier.
    offset_us: i64,
    #[serde(flatten)]
    what: What,
}

/// What it was.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub(crate) enum What {
    /// Something happened.
    Event { event: Event },
    /// Something was decided; the event has the reasons.
    Decision { event: Event },
    /// Something was asked of Asterisk.
    Command { asked: Asked },
}

/// The trace of a call.
///
/// Every event and decision with its reasons, and every request to Asterisk for the call with its answer and how long that took:
/// at most 2,000 events and the first 200 requests. Of an open call it is as far as the log has come. Requests that were made before a
/// crash of ours are not in it; those for supervisors who watch the call never are.
#[utoipa::path(
    get,
    path = "/v1/calls/{id}/trace",
    operation_id = "calls_trace",
    tag = "calls",
    params(("id" = CallId, Path)),
    responses((status = 200, description = "In order of time", body = CallTrace))
)]
pub(crate) async fn show(
    State(api): State<Api>,
    principal: Principal,
    Segments(id): Segments<CallId>,
) -> Result<Json<CallTrace>, Problem> {
    let (call, _) = calls::find(&api, &principal, id).await?;
    let log = api.app.store.events();
    let mut events: Vec<Event> = Vec::new();
    let mut complete = false;
    while !complete && events.len() < MAX_EVENTS {
        let after = events.last().map_or(0, |event| event.seq);
        let page = log.of_call(id, after, store::MAX_PAGE).await?;
        complete = page.len() < store::MAX_PAGE as usize;
        events.extend(page);
    }
    let open = api.app.acd.trace(id).await?;
    Ok(Json(trace(call, events, open.unwrap_or_default())))
}

/// `requests`: those that are not in the log yet.
fn trace(call: Call, events: Vec<Event>, mut requests: telephony::Trace) -> CallTrace {
    let mut found: Vec<(Timestamp, What)> = Vec::with_capacity(events.len());
    for event in events {
        let at = event.at;
        match event.body {
            EventBody::CallTraced {
                asked, left_out, ..
            } => {
                requests.asked.extend(asked);
                requests.left_out = requests.left_out.saturating_add(left_out);
            }
            EventBody::CallQueued { .. }
            | EventBody::CallOffered { .. }
            | EventBody::CallPlaced { .. }
            | EventBody::CallRouted { .. }
            | EventBody::CallReturned { .. } => found.push((at, What::Decision { event })),
            _ => found.push((at, What::Event { event })),
        }
    }
    let requests_left_out = requests.left_out;
    let asked = requests.asked.into_iter();
    found.extend(asked.map(|asked| (asked.at, What::Command { asked })));
    found.sort_by_key(|(at, _)| *at);
    let began = call.arrived_at.as_micros();
    let entries = found.into_iter().map(|(at, what)| Entry {
        at,
        offset_us: at.as_micros() - began,
        what,
    });
    CallTrace {
        entries: entries.collect(),
        requests_left_out,
        call,
    }
}
