//! The way in: which queue a call belongs to, whether it lets the call in, and where the call goes if not.

use std::cmp::Reverse;

use model::{
    AnswerOn, Call, CallId, Caller, DID_CONTEXT, DialplanTarget, Did, DidTarget, EndedBy,
    EventBody, KeptFor, Outcome, Overflow, OverflowReason, QueueId, ServerId,
};

use super::end::Ending;
use super::gone::How;
use super::record::{CallRecord, CallSlot, Kept, QueueSlot};
use super::{Acd, Command, Returned};

/// Call, server, channel, caller, number dialled.
type Arrival = (CallId, ServerId, String, Caller, String);

/// Where a call goes.
#[derive(Debug, Clone)]
pub(super) enum Route {
    Queue(QueueId, Option<Kept>),
    /// Somewhere else than into a queue.
    Dialplan(DialplanTarget),
    Nowhere,
}

impl Acd {
    pub(super) fn call_arrived(
        &mut self,
        (id, server, channel, caller, dialled): Arrival,
        route: Route,
        priority: i32,
    ) {
        let early = match self.gone.get(id) {
            Some(How::Ended) => return,
            Some(How::Early(cause)) => Some(cause),
            None => None,
        };
        if self.calls.slot(id).is_some() {
            return;
        }
        self.publish(EventBody::CallArrived {
            call: id,
            server,
            channel: channel.clone(),
            caller: caller.clone(),
            dialled: dialled.clone(),
        });
        let c = self.open((id, server, channel, caller, dialled), priority);
        if let Some(cause) = early {
            let by_caller = Ending::by(Outcome::Abandoned, EndedBy::Caller);
            return self.end_call(c, Ending { cause, ..by_caller });
        }
        match route {
            Route::Queue(queue, kept) => {
                self.calls[c].kept = kept.filter(|_| !self.calls[c].frozen);
                self.enter(c, queue, None);
            }
            Route::Dialplan(target) => self.hand_on(c, target, None),
            Route::Nowhere => self.turn_away(c, Outcome::Unrouted, None),
        }
    }

    /// The record of a new call, not in any line yet.
    fn open(&mut self, (id, server, channel, caller, dialled): Arrival, priority: i32) -> CallSlot {
        let frozen = self.lost.contains(&server);
        let call = Call {
            channel,
            caller,
            dialled,
            priority,
            ..Call::new(id, server, self.now.utc)
        };
        let record = CallRecord {
            call,
            queue: None,
            place: None,
            entered: self.now.utc,
            deadline: None,
            kept: None,
            offers: Vec::new(),
            ring_penalty: 0,
            frozen,
            fresh: frozen,
            answered: false,
            visited: Vec::new(),
        };
        self.calls.insert(id, record)
    }

    /// The Stasis argument if it names a queue, else the number that was dialled, else the default. Only the number dialled sends
    /// a caller on to whom of us he calls back.
    pub(super) fn route(
        &self,
        argument: Option<&str>,
        dialled: &str,
        returned: Option<Returned>,
    ) -> Route {
        if let Some(queue) = self.named_queue(argument) {
            return Route::Queue(queue, None);
        }
        let Some(did) = self.did(dialled) else {
            let queue = self.default_queue.filter(|id| self.known_queue(*id));
            return queue.map_or(Route::Nowhere, |queue| Route::Queue(queue, None));
        };
        match &did.to {
            DidTarget::Queue { queue } => {
                let wait = did.return_wait_seconds;
                let returned = returned.filter(|_| wait > 0).unwrap_or_default();
                let last = returned.queue.filter(|id| self.known_queue(*id));
                let kept = returned.agent.and_then(|agent| self.keeping(agent, wait));
                Route::Queue(last.unwrap_or(*queue), kept)
            }
            DidTarget::Agent {
                agent,
                queue,
                wait_seconds,
            } => Route::Queue(*queue, self.keeping(*agent, *wait_seconds)),
            // There our list of numbers is looked at once more, and says what becomes of the call.
            DidTarget::Phone { .. } | DidTarget::Announce { .. } | DidTarget::Context { .. } => {
                Route::Dialplan(DialplanTarget {
                    context: DID_CONTEXT.to_owned(),
                    extension: did.number.clone(),
                    priority: 1,
                })
            }
        }
    }

    pub(super) fn named_queue(&self, argument: Option<&str>) -> Option<QueueId> {
        argument.and_then(|name| self.queue_names.get(name).copied())
    }

    pub(super) fn did(&self, number: &str) -> Option<&Did> {
        let mut same_number = self.dids.get(number)?.iter();
        same_number.find(|did| did.to.queue().is_none_or(|it| self.known_queue(it)))
    }

    fn known_queue(&self, id: QueueId) -> bool {
        self.queues.get(id).is_some_and(|queue| !queue.removed)
    }

    /// Into a queue, or on by the rules of those that refuse. `reason`: why it left the queue before.
    pub(super) fn enter(&mut self, c: CallSlot, to: QueueId, mut reason: Option<OverflowReason>) {
        let mut to = to;
        loop {
            if self.calls[c].visited.contains(&to) {
                return self.turn_away(c, Outcome::Rejected, Some(OverflowReason::Loop));
            }
            self.calls[c].visited.push(to);
            self.calls[c].call.queue = Some(to);
            let Some(q) = self.queues.slot(to) else {
                return self.turn_away(c, Outcome::Rejected, Some(OverflowReason::QueueRemoved));
            };
            let Some(refusal) = self.refusal(c, q) else {
                return self.admit(c, q, reason);
            };
            reason = Some(refusal);
            match self.queues[q].queue.overflow.clone() {
                Overflow::Queue { queue } => to = queue,
                other => return self.send_on(c, other, refusal),
            }
        }
    }

    fn refusal(&self, c: CallSlot, q: QueueSlot) -> Option<OverflowReason> {
        let record = &self.queues[q];
        let full = record
            .queue
            .max_size
            .is_some_and(|size| record.line.len() >= size as usize);
        if !record.open() {
            Some(OverflowReason::QueueRemoved)
        } else if full {
            Some(OverflowReason::QueueFull)
        } else if self.calls[c].kept.is_none() && record.refuses_unstaffed() {
            Some(OverflowReason::NoAgents)
        } else {
            None
        }
    }

    fn admit(&mut self, c: CallSlot, q: QueueSlot, reason: Option<OverflowReason>) {
        let record = &mut self.calls[c];
        let queued_at = *record.call.queued_at.get_or_insert(self.now.utc);
        let (id, priority) = (record.call.id, record.call.priority);
        let place = (Reverse(priority), queued_at, id, c);
        record.place = Some(place);
        record.queue = Some(q);
        record.entered = self.now.utc;
        self.join_line(c);
        let kept_for = self.calls[c].kept.map(|kept| KeptFor {
            agent: self.agents[kept.agent].agent.id,
            until: kept.until,
        });
        let queue = &self.queues[q];
        let position = queue.line.rank(&place) + 1;
        let (queue, answer_on) = (queue.queue.id, queue.queue.answer_on);
        self.publish(EventBody::CallQueued {
            call: id,
            queue,
            priority,
            position: u32::try_from(position).unwrap_or(u32::MAX),
            overflow_reason: reason,
            kept_for,
        });
        if answer_on == AnswerOn::Agent && !self.calls[c].answered {
            return self.command(Command::Ring { call: id });
        }
        if !self.calls[c].answered {
            self.calls[c].answered = true;
            self.command(Command::Answer { call: id });
        }
        self.play_music(c);
    }

    /// Follows a queue's overflow rule for a call that is in no line.
    pub(super) fn send_on(&mut self, c: CallSlot, rule: Overflow, reason: OverflowReason) {
        match rule {
            Overflow::HangUp => self.turn_away(c, Outcome::Rejected, Some(reason)),
            Overflow::Queue { queue } => self.enter(c, queue, Some(reason)),
            Overflow::Dialplan(target) => self.hand_on(c, target, Some(reason)),
        }
    }

    /// Gives a call to the dialplan for good.
    fn hand_on(&mut self, c: CallSlot, target: DialplanTarget, reason: Option<OverflowReason>) {
        let call = self.calls[c].call.id;
        let ending = Ending {
            overflow_reason: reason,
            ..Ending::by(Outcome::Overflowed, EndedBy::System)
        };
        self.end_call(c, ending);
        self.command(Command::Continue { call, target });
    }

    /// Ends a call that nobody will serve.
    pub(super) fn turn_away(
        &mut self,
        c: CallSlot,
        outcome: Outcome,
        overflow_reason: Option<OverflowReason>,
    ) {
        let call = self.calls[c].call.id;
        self.end_call(
            c,
            Ending {
                overflow_reason,
                ..Ending::by(outcome, EndedBy::System)
            },
        );
        self.command(Command::HangUp { call });
    }
}
