//! The REST resources, the same for HTTP and for requests over the WebSocket.
//!
//! Statuses and texts of refusals are as recorded from Asterisk 22.10, odd ones included.

mod bridges;
mod channels;
mod others;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value, json};
use tokio::time::sleep;

use super::faults::{Boot, Hang};
use super::shared::Shared;
use super::world::World;

/// How often a stalled or hanging request looks whether it may go on.
pub(super) const STALL_POLL: std::time::Duration = std::time::Duration::from_millis(20);

/// Status and body.
pub(super) type Reply = (u16, Option<Value>);

/// One request, decoded.
#[derive(Debug, Clone, Default)]
pub(super) struct Call {
    pub(super) method: String,
    /// Decoded segments after `/ari/`.
    pub(super) path: Vec<String>,
    pub(super) params: Params,
}

/// Query parameters, and members of a JSON body where the query has none.
#[derive(Debug, Clone, Default)]
pub(super) struct Params {
    query: BTreeMap<String, String>,
    body: Map<String, Value>,
}

impl Params {
    /// `None` when the body is not JSON.
    pub(super) fn new(query: &str, body: &[u8]) -> Option<Self> {
        let query = query
            .split('&')
            .filter(|pair| !pair.is_empty())
            .map(|pair| {
                let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
                (decoded(key), decoded(value))
            });
        let body = match body {
            [] => Map::new(),
            body => match serde_json::from_slice(body).ok()? {
                Value::Object(members) => members,
                _ => Map::new(),
            },
        };
        Some(Self {
            query: query.collect(),
            body,
        })
    }

    fn get(&self, key: &str) -> Option<&str> {
        let given = self.query.get(key).map(String::as_str);
        given
            .or_else(|| self.body.get(key).and_then(Value::as_str))
            .filter(|value| !value.is_empty())
    }

    fn text(&self, key: &str) -> &str {
        self.get(key).unwrap_or_default()
    }

    /// Whole seconds; what is no number counts as missing, as in Asterisk.
    fn seconds(&self, key: &str) -> Option<std::time::Duration> {
        self.get(key)?
            .parse()
            .ok()
            .map(std::time::Duration::from_secs)
    }

    /// Comma separated.
    fn list(&self, key: &str) -> Vec<String> {
        self.text(key)
            .split(',')
            .filter(|one| !one.is_empty())
            .map(str::to_owned)
            .collect()
    }

    fn variables(&self) -> Vec<(String, String)> {
        let Some(variables) = self.body.get("variables").and_then(Value::as_object) else {
            return Vec::new();
        };
        let text = |value: &Value| {
            value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned)
        };
        variables
            .iter()
            .map(|(name, value)| (name.clone(), text(value)))
            .collect()
    }
}

impl Call {
    /// `uri` is the path and query after `/ari/`.
    pub(super) fn new(method: &str, uri: &str, body: &[u8]) -> Option<Self> {
        let (path, query) = uri.split_once('?').unwrap_or((uri, ""));
        let path = path
            .split('/')
            .filter(|segment| !segment.is_empty())
            .map(decoded)
            .collect();
        Some(Self {
            method: method.to_owned(),
            path,
            params: Params::new(query, body)?,
        })
    }

    /// The channels that have to have nothing else to do before this can happen.
    fn waits_for(&self, old: bool) -> Vec<String> {
        let path: Vec<&str> = self.path.iter().map(String::as_str).collect();
        match (self.method.as_str(), path.as_slice()) {
            ("POST", ["bridges", _, "addChannel" | "removeChannel"]) => self.params.list("channel"),
            ("POST", ["channels", id, "answer"]) => vec![(*id).to_owned()],
            ("POST", ["channels", id, "variable"]) if !old => vec![(*id).to_owned()],
            _ => Vec::new(),
        }
    }
}

/// Answers one request, faults and waiting included. It is carried out though nobody waits for the answer any more.
pub(super) async fn answer(shared: &Arc<Shared>, call: Call) -> Reply {
    let shared = Arc::clone(shared);
    let answering = tokio::spawn(async move { carry_out(&shared, &call).await });
    let answered = answering.await;
    answered.unwrap_or_else(|_| refuse(500, "Internal error"))
}

async fn carry_out(shared: &Arc<Shared>, call: &Call) -> Reply {
    while shared.with(|world| world.faults.stalled) {
        sleep(STALL_POLL).await;
    }
    let path = call.path.join("/");
    let Some((hang, until)) = shared.with(|world| world.faults.hang(&call.method, &path)) else {
        return take_effect(shared, call).await;
    };
    let let_go = async {
        while shared.with(|world| world.faults.let_go < until) {
            sleep(STALL_POLL).await;
        }
    };
    let reply = match hang {
        Hang::BeforeItsEffect => {
            let_go.await;
            take_effect(shared, call).await
        }
        Hang::BeforeItsAnswer => {
            let reply = take_effect(shared, call).await;
            let_go.await;
            reply
        }
    };
    shared.with(|world| world.faults.hanging -= 1);
    reply
}

async fn take_effect(shared: &Arc<Shared>, call: &Call) -> Reply {
    let refused = shared.with(|world| match world.faults.boot {
        Boot::NotLoaded => Some(refuse(404, "Resource not found")),
        Boot::NotBooted => Some(refuse(503, "Asterisk not booted")),
        Boot::Ready => world
            .faults
            .refusal(&call.method, &call.path.join("/"))
            .map(|refusal| refuse(refusal.status, &refusal.message)),
    });
    if let Some(refused) = refused {
        return refused;
    }
    let channels = call.waits_for(shared.with(|world| world.config.is_old()));
    while let Some(idle) = shared.with(|world| world.wait_until_idle(&channels)) {
        // Dropping the other half is the signal.
        let _ = idle.await;
    }
    let (reply, late) = shared.with(|world| (route(world, call), world.faults.late_answers));
    if !late.is_zero() {
        sleep(late).await;
    }
    reply
}

fn route(world: &mut World, call: &Call) -> Reply {
    let path: Vec<&str> = call.path.iter().map(String::as_str).collect();
    let method = call.method.as_str();
    if method == "OPTIONS" {
        return done();
    }
    let found = match path.first() {
        Some(&"channels") => channels::route(world, method, &path[1..], &call.params),
        Some(&"bridges") => bridges::route(world, method, &path[1..], &call.params),
        Some(_) => others::route(world, method, &path, &call.params),
        None => None,
    };
    found.unwrap_or_else(|| match path.as_slice() {
        ["channels" | "bridges"] | ["channels" | "bridges", _] => refuse(405, "Invalid method"),
        _ => refuse(404, "Resource not found"),
    })
}

pub(super) fn refuse(status: u16, message: &str) -> Reply {
    (status, Some(json!({ "message": message })))
}

fn done() -> Reply {
    (204, None)
}

fn ok(value: Value) -> Reply {
    (200, Some(value))
}

/// Percent-decoded; `+` stays what it is.
pub(super) fn decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let hex = text
            .get(at + 1..at + 3)
            .and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match (bytes[at], hex) {
            (b'%', Some(byte)) => {
                out.push(byte);
                at += 3;
            }
            (byte, _) => {
                out.push(byte);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}
