//! The desk's part in traces: they begin with a call, and are written down a little after its end, with the last hang-ups in them.

use std::{collections::VecDeque, time::Duration};

use model::{CallId, Event, EventBody, Instant};

use super::Desk;
use crate::telephony::trace::{Trace, Traces};

/// How long after the end of a call its phones and bridges are let go.
const AFTERWARDS: Duration = Duration::from_secs(3);

/// The traces of open calls, and calls that have just ended.
#[derive(Default)]
pub(super) struct Kept {
    pub(super) traces: Traces,
    ended: VecDeque<(Instant, CallId)>,
}

impl Desk {
    pub(in crate::telephony) fn traces(&self) -> Traces {
        self.kept.traces.clone()
    }

    pub(super) fn follow_traces(&mut self, facts: &[EventBody]) {
        let due = self.clock.now().mono.after(AFTERWARDS);
        for fact in facts {
            match fact {
                EventBody::CallArrived { call, .. } | EventBody::CallPlaced { call, .. } => {
                    self.kept.traces.open(*call);
                }
                EventBody::CallEnded { call, .. } => self.kept.ended.push_back((due, *call)),
                _ => {}
            }
        }
    }

    /// Writes down those of calls that ended so long ago, or of all that have ended.
    pub(super) fn write_traces(&mut self, all: bool) {
        let now = self.clock.now();
        let mut facts = Vec::new();
        while let Some((_, call)) = self
            .kept
            .ended
            .pop_front_if(|(due, _)| all || *due <= now.mono)
        {
            let trace = self.kept.traces.take(call);
            let trace = trace.filter(|trace| !trace.asked.is_empty());
            facts.extend(
                trace.map(|Trace { asked, left_out }| EventBody::CallTraced {
                    call,
                    asked,
                    left_out,
                }),
            );
        }
        if !facts.is_empty() {
            self.publish(now.utc, facts);
        }
    }
}

/// What no client is told is not kept for any.
pub(crate) fn untraced(mut event: Event) -> Event {
    if let EventBody::CallTraced { asked, .. } = &mut event.body {
        *asked = Vec::new();
    }
    event
}
