//! Servers that are lost and found again: what we believed against what is really there.

use model::{CallId, ConsultState, Deed, ServerId};

use super::consult::Consulting;
use super::{Arrangement, Command, Control, Failure, Refusal, Snapshot, TARGET_RING, Talk};

impl Control {
    /// Nothing times out while its server is lost, and nothing is on its way.
    pub(super) fn freeze_target(&mut self, call: CallId) {
        self.wait_for_target(call, None);
    }

    pub(super) fn compare_targets(&mut self, server: ServerId, there: &[(CallId, u32, bool)]) {
        for &(call, number, _) in there {
            let asking = |talk: &Talk| talk.is_asking_for(number);
            if self.talks.get(&call).is_some_and(asking) {
                continue;
            }
            if let Some(talk) = self.talks.get_mut(&call)
                && talk.doing.is_none()
            {
                // The channel of another one must not be taken for the next one's.
                talk.consults = talk.consults.max(number);
            }
            if self.consulting(call, number).is_none() {
                self.commands.push_back(Command::DropTarget {
                    call,
                    server,
                    consult: number,
                });
            }
        }
        for call in self.calls_of(server) {
            self.compare_target(call, there);
        }
    }

    fn compare_target(&mut self, call: CallId, there: &[(CallId, u32, bool)]) {
        let Some(talk) = self.talks.get_mut(&call) else {
            return;
        };
        let Some(consult) = &mut talk.consult else {
            // Before a restart of ours somebody was consulted: nobody knows how far that has come.
            if let Some(consult) = &talk.state.consult {
                let (to, transfer) = (consult.to.clone(), consult.transfer);
                talk.consult = Some(Consulting {
                    number: 0,
                    to,
                    transfer,
                    by: String::new(),
                    agent_left: false,
                    arranging: None,
                    until: None,
                });
                self.bring_back(call, None);
            }
            return;
        };
        // What is on its way tells of itself.
        let arranging = consult.arranging.is_some() && consult.until.is_some();
        if talk.doing.is_some() || arranging {
            return;
        }
        let (number, server) = (consult.number, talk.server);
        let mut there = there.iter();
        let answered = there.find(|(of, one, _)| (*of, *one) == (call, number));
        let answered = answered.map(|(_, _, answered)| *answered);
        match (consult.arranging.take(), answered) {
            (Some(Arrangement::Return), _) => self.arrange(call, Arrangement::Return),
            (Some(what), Some(_)) => self.arrange(call, what),
            (None, Some(answered)) => {
                let rings = self.talks.get(&call).and_then(Talk::consult_state);
                let rings = rings == Some(ConsultState::Ringing);
                self.wait_for_target(call, rings.then_some(TARGET_RING));
                if rings && answered {
                    self.target_answered(call, number, server);
                }
            }
            (_, None) => self.bring_back(call, None),
        }
    }

    pub(super) fn server_lost(&mut self, server: ServerId) {
        self.lost.insert(server);
        for call in self.calls_of(server) {
            self.give_up(call, Refusal::Failed(Failure::Unknown));
            self.freeze_target(call);
            for watch in self.watchers_of(call) {
                self.wait_for_server(watch);
            }
        }
    }

    pub(super) fn server_resynced(&mut self, server: ServerId, found: &Snapshot) {
        self.lost.remove(&server);
        for call in self.calls_of(server) {
            self.compare_hold(call, found.held.contains(&call));
            for watch in self.watchers_of(call) {
                let mut watchers = found.watchers.iter();
                let phone = watchers.find(|(id, _)| *id == watch);
                self.compare_watch(watch, phone.and_then(|(_, phone)| *phone));
            }
        }
        for &(watch, _) in &found.watchers {
            if !self.watches.contains_key(&watch) {
                let drop = Command::DropWatcher { server, watch };
                self.commands.push_back(drop);
            }
        }
        for &call in &found.rooms {
            if !self.talks.contains_key(&call) {
                self.commands.push_back(Command::CleanUp { call, server });
            }
        }
    }

    /// What is on its way tells of itself, and may have been done after one looked.
    fn compare_hold(&mut self, call: CallId, held: bool) {
        let Some(talk) = self.talks.get_mut(&call) else {
            return;
        };
        if talk.doing.is_some() || talk.is_arranging() {
            return;
        }
        talk.has_waited |= held;
        match (talk.state.held_since.is_some(), held) {
            (false, true) => self.publish(call, None, Deed::Held),
            (true, false) => {
                let resumed = self.state(call).map(|state| self.resumed(state));
                if let Some(resumed) = resumed {
                    self.publish(call, None, resumed);
                }
            }
            _ => {}
        }
    }
}
