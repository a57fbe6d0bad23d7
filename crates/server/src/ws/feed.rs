//! One client's frames, whatever carries them.

use std::time::Duration;

use axum::http::HeaderMap;
use model::Event;
use serde::{Deserialize, Serialize};
use tokio::time::{Interval, MissedTickBehavior};
use tokio_util::sync::WaitForCancellationFutureOwned;
use utoipa::{IntoParams, ToSchema};

use crate::{
    auth::{Principal, identify},
    problem::Problem,
    state::Api,
    stream::Subscription,
};

use crate::visible::{Viewer, visible_to};

/// How long a client may take to accept one frame before it counts as lagged.
pub(crate) const WRITE_TIMEOUT: Duration = Duration::from_secs(10);

/// Where to begin.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct StreamQuery {
    /// The `seq` of the last event the client saw; without it the stream begins now.
    after: Option<u64>,
}

impl StreamQuery {
    /// `after`, or what a browser's `EventSource` sends when it reconnects by itself.
    pub(crate) fn after(&self, headers: &HeaderMap) -> Option<u64> {
        headers
            .get("last-event-id")
            .and_then(|value| value.to_str().ok()?.parse().ok())
            .or(self.after)
    }
}

/// The first frame: where the stream begins.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(tag = "type", rename = "hello", rename_all = "snake_case")]
pub(crate) struct Hello {
    /// The event before the first that follows.
    pub(crate) seq: u64,
    /// Whether the stream goes on exactly after the event asked for. If not, read `/v1/live` anew.
    pub(crate) resumed: bool,
}

/// What a client gets.
#[derive(Debug)]
pub(crate) enum Frame {
    Hello(Hello),
    Event {
        seq: u64,
        json: String,
    },
    /// A sign of life, and how many events cannot be told yet because the disk refuses them.
    Ping {
        untold_events: u64,
    },
    End(End),
}

/// A sign of life as text, because a page cannot see a WebSocket's own ping.
pub(crate) fn ping(untold_events: u64) -> String {
    match untold_events {
        0 => r#"{"type":"ping"}"#.to_owned(),
        _ => format!(r#"{{"type":"ping","untold_events":{untold_events}}}"#),
    }
}

/// Why a stream ends from our side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// The client fell too far behind.
    Lagged,
    /// The session was ended, or the key revoked.
    LoggedOut,
    /// The server stops.
    Stopping,
}

impl End {
    /// The close code of the WebSocket.
    pub(crate) fn code(self) -> u16 {
        match self {
            Self::Lagged => 4008,
            Self::LoggedOut => 4001,
            Self::Stopping => 1001,
        }
    }

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Lagged => "lagged",
            Self::LoggedOut => "logged_out",
            Self::Stopping => "stopping",
        }
    }
}

/// One client's place in the stream and what it may see of it.
pub(crate) struct Feed {
    api: Api,
    principal: Principal,
    viewer: Viewer,
    events: Subscription,
    ping: Interval,
    stop: std::pin::Pin<Box<WaitForCancellationFutureOwned>>,
    hello: Option<Hello>,
    ended: bool,
}

impl Feed {
    /// Begins to follow, after event number `after` where that is still known.
    pub(crate) async fn open(
        api: Api,
        principal: Principal,
        after: Option<u64>,
    ) -> Result<Self, Problem> {
        // Subscribed before the queues are read: what changes meanwhile is seen again, never missed.
        let events = api.app.stream.subscribe(after);
        let viewer = api.viewer(&principal).await?;
        let mut ping = tokio::time::interval(api.auth.stream_check);
        ping.set_missed_tick_behavior(MissedTickBehavior::Delay);
        ping.reset();
        Ok(Self {
            hello: Some(Hello {
                seq: events.seq,
                resumed: events.resumed,
            }),
            stop: Box::pin(api.stop.clone().cancelled_owned()),
            api,
            principal,
            viewer,
            events,
            ping,
            ended: false,
        })
    }

    /// The next frame; `None` after the end. Drive it to its end: a dropped one may skip a look at the session.
    pub(crate) async fn next(&mut self) -> Option<Frame> {
        if self.ended {
            return None;
        }
        if let Some(hello) = self.hello.take() {
            return Some(Frame::Hello(hello));
        }
        loop {
            tokio::select! {
                biased;
                () = &mut self.stop => return Some(self.end(End::Stopping)),
                _ = self.ping.tick() => {
                    return Some(if self.still_welcome().await {
                        let untold_events = self.api.app.journal.get().unwritten;
                        Frame::Ping { untold_events }
                    } else {
                        self.end(End::LoggedOut)
                    });
                }
                next = self.events.next() => match next {
                    Ok(Some(event)) => {
                        if let Some(frame) = self.frame(&event) {
                            return Some(frame);
                        }
                    }
                    Ok(None) => return Some(self.end(End::Stopping)),
                    Err(_) => return Some(self.end(End::Lagged)),
                },
            }
        }
    }

    fn frame(&mut self, event: &Event) -> Option<Frame> {
        self.viewer.learn(event);
        let seen = visible_to(event, &self.viewer)?;
        let json = serde_json::to_string(&seen).expect("an event has only string keys");
        Some(Frame::Event {
            seq: event.seq,
            json,
        })
    }

    pub(crate) fn end(&mut self, end: End) -> Frame {
        self.ended = true;
        metrics::counter!("cordboard_stream_ended_total", "reason" => end.as_str()).increment(1);
        Frame::End(end)
    }

    /// Looks whether the session still holds and which queues the agent is in. A database that is away ends nobody's
    /// stream.
    async fn still_welcome(&mut self) -> bool {
        match identify(&self.api, &self.principal.credential).await {
            Ok(Some(principal)) => self.principal = principal,
            Ok(None) => return false,
            Err(_) => return true,
        }
        if let Ok(now) = self.api.viewer(&self.principal).await {
            self.viewer.become_like(now);
        }
        true
    }
}
