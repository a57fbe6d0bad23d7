//! What the link does itself for calls that talk: it knows of pairs before they are made, and when they part.

use asterisk::ari::{Event, EventKind};
use engine::control::{Arrangement, Command, Talkers, Verb};
use engine::dial::Leg;
use model::CallId;

use super::pairs::{self, Pair};
use crate::telephony::link::Link;

impl Link {
    pub(in crate::telephony) fn control(&mut self, command: Command) {
        match &command {
            Command::Do {
                call,
                talkers,
                verb: Verb::Transfer,
                consult,
                ..
            }
            | Command::Arrange {
                call,
                talkers,
                what: Arrangement::GiveOver,
                consult,
                ..
            } => {
                let channels = vec![
                    self.customer(*call, talkers),
                    self.names.consult(*call, *consult),
                ];
                let call = *call;
                self.pairs.begin(Pair { call, channels });
            }
            Command::Compare { .. } => return self.compare_soon(),
            _ => {}
        }
        self.controls.carry_out(command);
    }

    pub(in crate::telephony) fn paired(&mut self, call: CallId, done: bool) {
        if !done {
            self.pairs.forget(call);
        } else if let Some(parted) = self.pairs.done(call) {
            self.end_pair(parted);
        }
    }

    fn customer(&self, call: CallId, talkers: &Talkers) -> String {
        match talkers {
            Talkers::Queued { channel, .. } => channel.clone(),
            Talkers::Placed => self.names.leg(call, Leg::Customer),
        }
    }

    /// One of two has gone.
    pub(in crate::telephony) fn part(&mut self, event: &Event) {
        let (EventKind::StasisEnd { channel } | EventKind::ChannelDestroyed { channel, .. }) =
            &event.kind
        else {
            return;
        };
        if let Some(pair) = self.pairs.part(&channel.id) {
            self.end_pair(pair);
        }
    }

    pub(in crate::telephony) fn end_pair(&self, pair: Pair) {
        let (client, names) = (self.client.clone(), self.names.clone());
        let desk = self.around.acd.clone();
        tokio::spawn(async move {
            desk.parted(pair.call).await;
            pairs::end(client, names, pair).await;
        });
    }
}
