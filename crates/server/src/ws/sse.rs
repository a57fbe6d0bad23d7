//! `GET /v1/events`: the event stream as server-sent events.

use std::convert::Infallible;

use axum::{
    extract::State,
    http::HeaderMap,
    response::{Sse, sse},
};
use futures_util::{Stream, stream};
use model::Event;

use crate::{
    auth::Principal,
    extract::Params,
    problem::{Problem, ProblemBody},
    state::Api,
};

use super::{
    Feed, StreamQuery,
    feed::{Frame, ping},
};

/// Follow what happens, as server-sent events.
///
/// The first message is `{"type":"hello","seq":N,"resumed":bool}`, then one event a message, its `seq` as the message's
/// id: an `EventSource` resumes by itself. A comment comes every 10 seconds, or
/// `{"type":"ping","untold_events":N}` if the disk refuses to take so many events, which are told when it takes them. The last message is
/// `{"type":"end","reason":"lagged|logged_out|stopping"}`.
#[utoipa::path(
    get,
    path = "/v1/events",
    operation_id = "events_follow",
    tag = "events",
    params(StreamQuery),
    responses(
        (status = 200, description = "Events, one a message", body = Event, content_type = "text/event-stream"),
        (status = 400, description = "after is no number", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn follow(
    State(api): State<Api>,
    principal: Principal,
    Params(query): Params<StreamQuery>,
    headers: HeaderMap,
) -> Result<Sse<impl Stream<Item = Result<sse::Event, Infallible>>>, Problem> {
    let feed = Feed::open(api, principal, query.after(&headers)).await?;
    let messages = stream::unfold(feed, async |mut feed| {
        let message = match feed.next().await? {
            Frame::Hello(hello) => sse::Event::default()
                .id(hello.seq.to_string())
                .data(serde_json::to_string(&hello).expect("it has only string keys")),
            Frame::Event { seq, json } => sse::Event::default().id(seq.to_string()).data(json),
            Frame::Ping { untold_events: 0 } => sse::Event::default().comment("ping"),
            Frame::Ping { untold_events } => sse::Event::default().data(ping(untold_events)),
            Frame::End(end) => sse::Event::default()
                .data(format!(r#"{{"type":"end","reason":"{}"}}"#, end.as_str())),
        };
        Some((Ok(message), feed))
    });
    Ok(Sse::new(messages))
}
