//! The line of a queue: entering, keeping, leaving a place, and waiting too long.

use std::time::Duration;

use model::{AgentState, CallState, NoAgents, OfferResult, OverflowReason, Timestamp};

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
        self.queues[q].line.insert(place);
        self.make_offerable(c);
        self.arm(c);
    }

    /// Whose turn it is to be offered: to whom it is kept for, else to the members of its queue. Not while it is frozen.
    pub(super) fn make_offerable(&mut self, c: CallSlot) {
        let record = &self.calls[c];
        let (Some(q), Some(place), false) = (record.queue, record.place, record.frozen) else {
            return;
        };
        if let Some(kept) = record.kept {
            self.agents[kept.agent].kept.insert(place);
            self.seekers.push(kept.agent);
        } else {
            self.queues[q].unoffered.insert(place);
            self.dirty.push(q);
        }
    }

    pub(super) fn make_unofferable(&mut self, c: CallSlot) {
        let record = &self.calls[c];
        let (Some(q), Some(place)) = (record.queue, record.place) else {
            return;
        };
        if let Some(kept) = record.kept {
            self.agents[kept.agent].kept.remove(&place);
        } else {
            self.queues[q].unoffered.remove(&place);
        }
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
            _ => self.make_unofferable(c),
        }
        if self.queues[q].removed {
            self.retiring.push(q);
        }
        let record = &mut self.calls[c];
        record.kept = None;
        record.call.state = CallState::Waiting;
    }

    /// One of a call's offers has ended: if it was the last, the call waits again, in its old place or slot.
    pub(super) fn back_to_waiting(&mut self, c: CallSlot) {
        let record = &mut self.calls[c];
        if record.call.state == CallState::Parked && record.offers.is_empty() {
            return self.arm(c);
        }
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
        self.make_offerable(c);
    }

    /// Sets the end of the longest wait, or of being kept if that is before, or of the time in a slot; they stand still while the
    /// call is frozen.
    pub(super) fn arm(&mut self, c: CallSlot) {
        let parked = self.calls[c].call.control.parked;
        let ends = match parked {
            Some(parked) => [Some(parked.until), None],
            None => [self.longest_wait_end(c), self.kept_end(c)],
        };
        let record = &mut self.calls[c];
        let end = ends.into_iter().flatten().min();
        let due = end
            .filter(|_| !record.frozen)
            .map(|end| self.now.instant_of(end));
        self.timers.set(Timer::Call(c), &mut record.deadline, due);
    }

    fn longest_wait_end(&self, c: CallSlot) -> Option<Timestamp> {
        let record = &self.calls[c];
        let seconds = self.queues[record.queue?].queue.max_wait_seconds?;
        Some(record.entered.after(Duration::from_secs(seconds.into())))
    }

    fn kept_end(&self, c: CallSlot) -> Option<Timestamp> {
        self.calls[c].kept.map(|kept| kept.until)
    }

    /// The longest wait is over, or the time for which the call is kept.
    pub(super) fn waited_out(&mut self, c: CallSlot) {
        let record = &mut self.calls[c];
        self.timers.set(Timer::Call(c), &mut record.deadline, None);
        if record.call.state == CallState::Parked {
            return self.parked_long(c);
        }
        let longest = self.longest_wait_end(c);
        let still_kept = self.kept_end(c);
        if still_kept.is_some_and(|until| longest.is_none_or(|longest| until < longest)) {
            self.let_go(c);
        } else {
            self.overflow(c, OverflowReason::MaxWait);
        }
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
            let record = &self.calls[c];
            let served = record.kept.is_some() && reason == OverflowReason::NoAgents;
            if !record.frozen && !served {
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
            let empty = record.line.is_empty() && record.served == 0 && record.parked == 0;
            if record.removed && empty {
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
