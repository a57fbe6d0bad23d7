//! The customer is given away: to the third one, to a queue, or into a slot; and the agent goes, asked or not.

use model::{CallId, ConsultState, Deed};

use super::{Arrangement, Command, Control, Refusal, Ticket};

impl Control {
    /// Shall the third one have the customer, should the agent hang up? Whoever is talked with, and whoever is being given them.
    pub fn may_be_left(&self, call: CallId) -> bool {
        let talk = self.talks.get(&call);
        let Some(talk) = talk.filter(|talk| !self.lost.contains(&talk.server)) else {
            return false;
        };
        let Some(consult) = &talk.consult else {
            return false;
        };
        let rings = talk.consult_state() == Some(ConsultState::Ringing);
        match consult.arranging {
            Some(Arrangement::Return) => false,
            Some(Arrangement::Meet | Arrangement::GiveOver) => true,
            None => (!rings || consult.transfer) && !talk.is_letting_go(consult.number),
        }
    }

    pub(super) fn agent_left(&mut self, call: CallId) {
        if !self.may_be_left(call) {
            return self.commands.push_back(Command::LetEnd { call });
        }
        let Some(talk) = self.talks.get_mut(&call) else {
            return;
        };
        let rings = talk.consult_state() == Some(ConsultState::Ringing);
        let giving = talk.is_giving();
        if let Some(consult) = &mut talk.consult {
            consult.agent_left = true;
        }
        // What is on its way comes to that, or to nothing.
        if rings || giving || talk.is_arranging() {
            return;
        }
        self.give_up(call, Refusal::NotTalking);
        self.arrange(call, Arrangement::GiveOver);
    }

    /// The two are together in Asterisk, whatever became of the answer.
    pub(super) fn given(&mut self, call: CallId) {
        let Some(talk) = self.talks.get_mut(&call) else {
            return;
        };
        let before = talk
            .state
            .consult
            .as_ref()
            .map(|consult| consult.to.clone());
        let Some(to) = self.forget_target(call).or(before) else {
            return;
        };
        let doing = self.take_doing(call, None);
        let by = doing.as_ref().map(|doing| doing.wish.by.clone());
        self.publish(call, by, Deed::Transferred { to });
        if let Some(doing) = doing {
            self.answer(doing.wish.ticket, Ok(()));
        }
        self.let_given_go(call);
    }

    /// Needs nothing of Asterisk that could fail.
    pub(super) fn send_to_queue(
        &mut self,
        call: CallId,
        ticket: Ticket,
        by: String,
        queue: String,
    ) {
        let Some(talk) = self.talks.get(&call) else {
            return;
        };
        let requeue = Command::Requeue {
            call,
            server: talk.server,
            talkers: talk.talkers.clone(),
            caller: talk.caller.clone(),
            dialled: talk.dialled.clone(),
            queue: queue.clone(),
        };
        self.publish(call, Some(by), Deed::Transferred { to: queue });
        self.answer(ticket, Ok(()));
        self.commands.push_back(Command::HandOver { call });
        self.commands.push_back(requeue);
    }

    pub(super) fn give(&mut self, call: CallId, by: Option<String>) {
        if let Some(to) = self.forget_target(call) {
            self.publish(call, by, Deed::Transferred { to });
        }
    }

    /// The customer is on hold: from now on it is no talk, and where they wait is not ours to take down.
    pub(super) fn park(&mut self, call: CallId, slot: u32, by: String) {
        for watch in self.watchers_of(call) {
            self.end_watch(watch, Refusal::NotTalking);
        }
        if let Some(talk) = self.talks.remove(&call) {
            self.commands.push_back(Command::Park {
                call,
                slot,
                by,
                state: talk.state,
            });
        }
    }

    /// Last of all, as the call ends with it.
    pub(super) fn let_given_go(&mut self, call: CallId) {
        let state = self.state(call);
        if state.is_some_and(|state| state.transferred_to.is_some()) {
            self.commands.push_back(Command::HandOver { call });
        }
    }
}
