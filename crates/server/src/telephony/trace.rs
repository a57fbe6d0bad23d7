//! What is asked of Asterisk for each call, kept until the call is over and written down then.
//!
//! It is bounded: a call's first requests, of so many calls. Must never wait, nor keep anything of a call that is over.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use asterisk::ari::{Client, Exchange, Watcher};
use model::{Asked, CallId};

use super::link::Surroundings;
use crate::clock::Clock;

/// Requests that are kept of one call: what follows has been seen often enough.
const MAX_ASKED: usize = 200;
/// Calls of which they are kept at the same time.
const MAX_CALLS: usize = 16_384;
/// A longer request is cut.
const MAX_LENGTH: usize = 400;
/// What stands before the keys that are pressed for a customer.
const KEYS: &str = "dtmf=";

/// Those of all calls that are open. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub(super) struct Traces(Arc<Mutex<BTreeMap<CallId, Trace>>>);

/// Those of one call.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Trace {
    pub asked: Vec<Asked>,
    pub left_out: u32,
}

impl Traces {
    /// From now on it is kept what is asked for this call.
    pub(super) fn open(&self, call: CallId) {
        let mut calls = self.lock();
        if calls.len() < MAX_CALLS {
            calls.entry(call).or_default();
        }
    }

    /// The call is over.
    pub(super) fn take(&self, call: CallId) -> Option<Trace> {
        self.lock().remove(&call)
    }

    pub(super) fn of(&self, call: CallId) -> Option<Trace> {
        self.lock().get(&call).cloned()
    }

    fn add(&self, call: CallId, asked: Asked) {
        let mut calls = self.lock();
        let Some(trace) = calls.get_mut(&call) else {
            return;
        };
        if trace.asked.len() < MAX_ASKED {
            trace.asked.push(asked);
        } else {
            trace.left_out = trace.left_out.saturating_add(1);
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<CallId, Trace>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Surroundings {
    /// A handle on the same Asterisk; what is asked by it is asked for this call.
    pub(super) fn watch(&self, client: &Client, call: CallId) -> Client {
        client.watched_by(Arc::new(OneCall {
            traces: self.traces.clone(),
            clock: self.clock.clone(),
            call,
        }))
    }
}

struct OneCall {
    traces: Traces,
    clock: Clock,
    call: CallId,
}

impl Watcher for OneCall {
    fn exchanged(&self, exchange: Exchange<'_>) {
        let asked = Asked {
            at: self.clock.now().utc.before(exchange.took),
            request: request(exchange.method, exchange.uri),
            refused: exchange.error.map(ToString::to_string),
            took_us: u64::try_from(exchange.took.as_micros()).unwrap_or(u64::MAX),
        };
        self.traces.add(self.call, asked);
    }
}

/// As it is written down: without keys that were pressed for somebody to hear.
fn request(method: &str, uri: &str) -> String {
    let shown = match uri.split_once(KEYS) {
        Some((before, keys)) => {
            let after = keys.find('&').map_or("", |end| &keys[end..]);
            format!("{method} {before}{KEYS}…{after}")
        }
        None => format!("{method} {uri}"),
    };
    model::visible(&shown, MAX_LENGTH)
}

#[cfg(test)]
mod tests {
    use model::Timestamp;
    use uuid::Uuid;

    use super::*;

    fn asked(number: u64) -> Asked {
        Asked {
            at: Timestamp::default(),
            request: String::new(),
            refused: None,
            took_us: number,
        }
    }

    #[test]
    fn only_open_calls_are_kept_and_not_for_ever() {
        let (call, other) = (CallId(Uuid::from_u128(1)), CallId(Uuid::from_u128(2)));
        let traces = Traces::default();
        traces.open(call);
        for number in 0..205 {
            traces.add(call, asked(number));
            traces.add(other, asked(number));
        }
        let trace = traces.take(call).unwrap_or_default();
        assert_eq!((trace.asked.len(), trace.left_out), (200, 5));
        assert_eq!(trace.asked[199].took_us, 199);
        // What is asked once it is over is not.
        traces.add(call, asked(0));
        assert_eq!((traces.of(call), traces.of(other)), (None, None));
    }

    #[test]
    fn keys_are_not_written_down() {
        let shown = request("POST", "channels/1.1/dtmf?dtmf=4929%23&between=100");
        assert_eq!(shown, "POST channels/1.1/dtmf?dtmf=…&between=100");
        assert_eq!(
            request("POST", "channels/1.1/dtmf?dtmf=42"),
            "POST channels/1.1/dtmf?dtmf=…"
        );
        assert_eq!(request("GET", "bridges"), "GET bridges");
        assert_eq!(request("GET", &"ä".repeat(500)).chars().count(), 400);
    }
}
