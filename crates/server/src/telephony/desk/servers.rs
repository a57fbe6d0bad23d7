//! The desk's view of servers: which calls each has, and what becomes of them when one goes or is compared.

use std::collections::{BTreeMap, BTreeSet};

use engine::{
    acd::{Command, Input, Snapshot},
    dial,
};
use model::{CallId, OfferId, ServerId};

use super::Desk;
use crate::telephony::{link::Known, outbox};

impl Desk {
    /// The calls of a server that have not ended, with the agents' legs that they have.
    pub(super) fn known(&self, server: ServerId) -> Vec<Known> {
        let calls = self.acd.calls().filter(|call| call.server == server);
        let mut known: BTreeMap<CallId, Known> = calls
            .map(|call| {
                let known = Known {
                    call: call.id,
                    channel: call.channel.clone(),
                    caller: call.caller.clone(),
                    offers: Vec::new(),
                    last_heard: call
                        .answered_at
                        .or(call.queued_at)
                        .unwrap_or(call.arrived_at),
                };
                (call.id, known)
            })
            .collect();
        for (offer, call, _) in self.acd.offers() {
            if let Some(known) = known.get_mut(&call) {
                known.offers.push(offer);
            }
        }
        known.into_values().collect()
    }

    pub(super) fn forget(&mut self, server: ServerId) {
        self.servers.remove(&server);
        self.dial(dial::Input::ServerResynced {
            server,
            legs: Vec::new(),
            bridges: Vec::new(),
        });
        if self.acd.calls().any(|call| call.server == server) {
            let snapshot = Snapshot::default();
            self.input(Input::ServerLost { server });
            self.input(Input::ServerResynced { server, snapshot });
        }
    }

    /// Ends of calls that no server is there for: it was removed while we were not running.
    pub(in crate::telephony) fn forget_all_but(&mut self, servers: &BTreeSet<ServerId>) {
        let calls = self.acd.calls().chain(self.dials.calls());
        let gone: BTreeSet<ServerId> = calls.map(|call| call.server).collect();
        for server in gone.difference(servers) {
            self.forget(*server);
        }
    }

    /// Agents' legs that the engine is done with have to go, and what is gone need not be found any more.
    pub(super) fn after_resync(&mut self, server: ServerId, legs: &BTreeSet<OfferId>) {
        for &offer in legs {
            if self.acd.offer(offer).is_none() {
                self.send(server, outbox::Command::Acd(Command::Disconnect { offer }));
            }
        }
        let acd = &self.acd;
        self.call_server
            .retain(|call, at| *at != server || acd.call(*call).is_some());
        self.offer_server
            .retain(|offer, at| *at != server || legs.contains(offer));
    }
}
