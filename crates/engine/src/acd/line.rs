//! The line of a queue: entering, keeping, leaving a place, and waiting too long.

use std::time::Duration;

use model::{AgentState, CallState, NoAgents, OfferResult, OverflowReason};

use super::record::{CallSlot, QueueSlot};
use super::timer::Timer;
use super::{Acd, Command};

impl Acd {
    /// Into the line of its queue, offerable unless frozen.
    pub(super) fn join_line(&mut self, c: CallSlot) {
        let record = &mut self.calls[c];
        let (Some(q), Some(place)) = (record.queue, record.place) else {
            return;
        };
        record.call.state = CallState::Waiting;
        let frozen = record.frozen;
        let queue = &mut self.queues[q];
        queue.line.insert(place);
        if !frozen {
            queue.unoffered.insert(place);
            self.dirty.push(q);
        }
        self.arm(c);
    }

    /// Out of the line of its queue: served, sent on, or gone.
    pub(super) fn leave_line(&mut self, c: CallSlot) {
        let record = &mut self.calls[c];
        self.timers.set(Timer::Call(c), &mut record.deadline, None);
        let (Some(q), Some(place)) = (record.queue, record.place) else {
            return;
        };
        let queue = &mut self.queues[q];
        queue.line.remove(&place);
        match record.call.state {
            CallState::Ringing => {
                queue.ringing -= 1;
                if queue.joinable.remove(&place) {
                    // Those who did not join this one may join the next.
                    self.dirty.push(q);
                }
            }
            _ => {
                queue.unoffered.remove(&place);
            }
        }
        if queue.removed {
            self.retiring.push(q);
        }
        record.call.state = CallState::Waiting;
    }

    /// One of a call's offers has ended: if it was the last, the call waits again, in its old place.
    pub(super) fn back_to_waiting(&mut self, c: CallSlot) {
        let record = &mut self.calls[c];
        if record.call.state != CallState::Ringing || !record.offers.is_empty() {
            return;
        }
        record.call.state = CallState::Waiting;
        let (Some(q), Some(place)) = (record.queue, record.place) else {
            return;
        };
        let queue = &mut self.queues[q];
        queue.ringing -= 1;
        queue.joinable.remove(&place);
        if !record.frozen {
            queue.unoffered.insert(place);
            self.dirty.push(q);
        }
    }

    /// Sets the end of the longest wait, which stands still while the call is frozen.
    pub(super) fn arm(&mut self, c: CallSlot) {
        let record = &mut self.calls[c];
        let longest = record
            .queue
            .and_then(|q| self.queues[q].queue.max_wait_seconds)
            .filter(|_| !record.frozen);
        let due = longest.map(|seconds| {
            let end = record.entered.after(Duration::from_secs(seconds.into()));
            self.now.instant_of(end)
        });
        self.timers.set(Timer::Call(c), &mut record.deadline, due);
    }

    /// The longest wait is over.
    pub(super) fn waited_out(&mut self, c: CallSlot) {
        let record = &mut self.calls[c];
        self.timers.set(Timer::Call(c), &mut record.deadline, None);
        self.overflow(c, OverflowReason::MaxWait);
    }

    /// Out of its queue, by the queue's rule.
    pub(super) fn overflow(&mut self, c: CallSlot, reason: OverflowReason) {
        let Some(q) = self.calls[c].queue else {
            return;
        };
        let dropped = self.end_offers(c, OfferResult::CallerGone);
        self.leave_line(c);
        (self.calls[c].queue, self.calls[c].place) = (None, None);
        self.release(dropped);
        let rule = self.queues[q].queue.overflow.clone();
        self.send_on(c, rule, reason);
    }

    /// Everybody in line overflows who may be decided for.
    pub(super) fn overflow_all(&mut self, q: QueueSlot, reason: OverflowReason) {
        let line: Vec<CallSlot> = self.queues[q].line.iter().map(|place| place.3).collect();
        for c in line {
            if !self.calls[c].frozen {
                self.overflow(c, reason);
            }
        }
    }

    /// The last member has gone offline (unless one has come back since).
    pub(super) fn overflow_unstaffed(&mut self, q: QueueSlot) {
        let queue = &self.queues[q];
        if queue.queue.no_agents == NoAgents::OverflowAll && !queue.staffed() {
            self.overflow_all(q, OverflowReason::NoAgents);
        }
    }

    /// Lets the caller hear that he waits.
    pub(super) fn play_music(&mut self, c: CallSlot) {
        let record = &self.calls[c];
        let Some(q) = record.queue else {
            return;
        };
        let (call, class) = (record.call.id, self.queues[q].queue.music_class.clone());
        self.command(Command::PlayMusic { call, class });
    }

    /// Forgets what was removed and is no longer referred to.
    pub(super) fn retire(&mut self) {
        for q in std::mem::take(&mut self.retiring) {
            let Some(record) = self.queues.try_get(q) else {
                continue;
            };
            if record.removed && record.line.is_empty() && record.served == 0 {
                let id = record.queue.id;
                self.queues.remove(id);
            }
        }
        for a in std::mem::take(&mut self.leaving) {
            let Some(record) = self.agents.try_get(a) else {
                continue;
            };
            if record.removed && !record.bound() && record.status.state == AgentState::Offline {
                let id = record.agent.id;
                self.agents.remove(id);
            }
        }
    }
}
