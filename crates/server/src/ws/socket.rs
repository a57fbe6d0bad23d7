//! `GET /ws`: the event stream as a WebSocket.

use axum::{
    extract::{
        State, WebSocketUpgrade,
        ws::{CloseFrame, Message, WebSocket, rejection::WebSocketUpgradeRejection},
    },
    http::HeaderMap,
    response::{IntoResponse as _, Response},
};

use crate::{
    auth::{Principal, is_same_site},
    extract::Params,
    problem::{Code, Problem, ProblemBody},
    state::Api,
};

use super::{
    Feed, StreamQuery,
    feed::{End, Frame, Hello, WRITE_TIMEOUT, ping},
};

/// Clients have nothing to say here; more than this from one is an error.
const MAX_CLIENT_MESSAGE: usize = 4 * 1024;
/// What may wait for the client in its own buffer before writing to it blocks.
const MAX_UNSENT: usize = 256 * 1024;

/// Follow what happens, as a WebSocket.
///
/// Text frames. The first is `{"type":"hello","seq":N,"resumed":bool}`, then one event a frame. `{"type":"ping"}`
/// comes every 10 seconds; with `untold_events`, if the disk refuses to take so many events, which are told when it takes
/// them. Closed with 4008 when the client is too slow, with 4001 when its session ends, with 1001 when the server stops.
#[utoipa::path(
    get,
    path = "/ws",
    operation_id = "events_connect",
    tag = "events",
    params(StreamQuery),
    responses(
        (status = 101, description = "The stream begins", body = Hello),
        (status = 400, description = "No WebSocket request", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn connect(
    State(api): State<Api>,
    principal: Principal,
    Params(query): Params<StreamQuery>,
    headers: HeaderMap,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, Problem> {
    if !is_same_site(&headers, &api.auth) {
        return Err(Problem::new(
            Code::CrossSite,
            "The WebSocket was opened by a page of another site.",
        ));
    }
    let upgrade = upgrade.map_err(|_| {
        Problem::field(
            "Upgrade",
            "This path is a WebSocket; /v1/events is the same over plain HTTP.",
        )
    })?;
    let feed = Feed::open(api, principal, query.after(&headers)).await?;
    Ok(upgrade
        .max_message_size(MAX_CLIENT_MESSAGE)
        .max_write_buffer_size(MAX_UNSENT)
        .on_upgrade(|socket| run(socket, feed))
        .into_response())
}

async fn run(mut socket: WebSocket, mut feed: Feed) {
    while let Some(Some(frame)) = hear_and_wait(&mut socket, feed.next()).await {
        let message = match frame {
            Frame::Hello(hello) => text(&hello),
            Frame::Event { json, .. } => Message::text(json),
            Frame::Ping { untold_events } => Message::text(ping(untold_events)),
            Frame::End(end) => close(end),
        };
        match tokio::time::timeout(WRITE_TIMEOUT, socket.send(message)).await {
            Ok(Ok(())) => {}
            Ok(Err(_)) => return,
            Err(_) => {
                // Its buffers are full, so a close frame would not reach it either.
                feed.end(End::Lagged);
                return;
            }
        }
    }
}

/// What `next` gives; what the client says meanwhile is heard and forgotten, and never delays it. `None`: the client left.
async fn hear_and_wait<T>(socket: &mut WebSocket, next: impl Future<Output = T>) -> Option<T> {
    let mut next = std::pin::pin!(next);
    loop {
        tokio::select! {
            next = &mut next => return Some(next),
            received = socket.recv() => match received {
                Some(Ok(Message::Close(_)) | Err(_)) | None => return None,
                Some(Ok(_)) => {}
            },
        }
    }
}

fn text(hello: &Hello) -> Message {
    Message::text(serde_json::to_string(hello).expect("it has only string keys"))
}

fn close(end: End) -> Message {
    Message::Close(Some(CloseFrame {
        code: end.code(),
        reason: end.as_str().into(),
    }))
}
