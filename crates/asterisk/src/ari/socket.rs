//! REST over the event WebSocket: requests out, answers matched by `request_id`.
//!
//! Asterisk works through the requests of one WebSocket one after the other. A request whose WebSocket ends gets
//! [`RestError::Unreachable`].

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::{Map, Value, json};
use tokio::sync::{mpsc, oneshot};
use tokio_tungstenite::tungstenite::Message;

use super::fields::Fields;
use super::rest::{Answer, Request, RestError};

/// Frames that may wait for a WebSocket that Asterisk does not read from.
pub(super) const OUTGOING_QUEUE: usize = 256;

type Waiting = HashMap<u64, oneshot::Sender<Result<Answer, RestError>>>;

/// The requesting side of one WebSocket; cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Socket {
    outgoing: mpsc::Sender<Message>,
    waiting: Arc<Mutex<Waiting>>,
    next_id: Arc<AtomicU64>,
}

impl Socket {
    pub(super) fn new(outgoing: mpsc::Sender<Message>) -> Self {
        Self {
            outgoing,
            waiting: Arc::default(),
            next_id: Arc::default(),
        }
    }

    pub(super) async fn answer(&self, request: &Request) -> Result<Answer, RestError> {
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        let (done, answered) = oneshot::channel();
        self.waiting().insert(id, done);
        let _forget = ForgetOnDrop { socket: self, id };
        self.outgoing
            .try_send(Message::text(encode(id, request)))
            .map_err(|error| match error {
                mpsc::error::TrySendError::Full(_) => RestError::Overloaded,
                mpsc::error::TrySendError::Closed(_) => {
                    RestError::Unreachable("the WebSocket is closed".into())
                }
            })?;
        answered.await.unwrap_or_else(|_| {
            Err(RestError::Unreachable(
                "the WebSocket closed before the answer".into(),
            ))
        })
    }

    /// Hands a `RESTResponse` to who waits for it.
    pub(super) fn answered(&self, members: Map<String, Value>) {
        let mut fields = Fields::from(members);
        let id = fields.string("request_id").parse::<u64>().ok();
        let Some(done) = id.and_then(|id| self.waiting().remove(&id)) else {
            return;
        };
        let body = fields.string("message_body").into_bytes();
        let answer = match fields
            .integer("status_code")
            .and_then(|status| u16::try_from(status).ok())
        {
            Some(status) => Answer::from_parts(status, &fields.string("reason_phrase"), body),
            None => Err(RestError::Malformed("an answer without status_code".into())),
        };
        // The one who asked may have timed out at this very moment.
        let _ = done.send(answer);
    }

    /// Fails everything that waits.
    pub(super) fn ended(&self) {
        self.waiting().clear();
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A request that timed out or was dropped leaves nothing behind.
struct ForgetOnDrop<'a> {
    socket: &'a Socket,
    id: u64,
}

impl Drop for ForgetOnDrop<'_> {
    fn drop(&mut self) {
        self.socket.waiting().remove(&self.id);
    }
}

fn encode(id: u64, request: &Request) -> String {
    let id = id.to_string();
    let mut message = json!({
        "type": "RESTRequest",
        "transaction_id": id,
        "request_id": id,
        "method": request.method.as_str(),
        "uri": request.uri,
    });
    if let Some(body) = &request.body {
        message["content_type"] = "application/json".into();
        message["message_body"] = body.to_string().into();
    }
    message.to_string()
}
