//! After a (re)connect: what is there is compared with what we believed, and what belongs to nobody is ended.

use std::collections::{BTreeMap, HashSet};

use asterisk::ari::{self, HangupReason};
use engine::{
    acd::{Input, Snapshot},
    control,
    dial::{self, Leg},
};
use model::{CallId, OfferId, Timestamp, WatchId};
use tokio::time::Instant;

use super::{execute::Job, link::Link, names::WatchPart, translate::Arrival};

impl Link {
    pub(super) async fn resync_by_request(&mut self) {
        self.look_at = self.look_at.filter(|at| *at > Instant::now());
        match self.client.snapshot().await {
            Ok(snapshot) => self.resync(snapshot).await,
            Err(error) => {
                self.compare_at = None;
                self.compare_soon();
                tracing::error!(%error, server = self.server.name, "cannot ask Asterisk what is there");
            }
        }
    }

    pub(super) async fn resync(&mut self, found: ari::Snapshot) {
        self.compare_at = None;
        let compared = self.pairs.compare(&self.names, &found);
        let parted: HashSet<String> = compared
            .parted
            .iter()
            .flat_map(|pair| pair.channels.clone())
            .collect();
        for pair in compared.parted {
            self.end_pair(pair);
        }
        // Before their calls' engines hear that they are missing.
        let given = control::Input::Given {
            calls: compared.given,
        };
        self.around.acd.control(given).await;
        let ours = Snapshot {
            calls: self.calls_in(&found),
            offers: self.offers_in(&found),
            bridged: self.bridged_in(&found),
            restarted: self.was_restarted().await,
        };
        for (offer, _) in &ours.offers {
            if !self.offers.contains_key(offer) {
                self.end_stray(*offer);
            }
        }
        self.forget_what_is_gone(&found, &ours);
        for bridge in &found.bridges {
            if let Some(offer) = self.names.offer_of_bridge(&bridge.id)
                && !self.offers.contains_key(&offer)
            {
                self.end_stray(offer);
            }
        }
        self.look_for_unseen(&found);
        let server = self.server.id;
        // Whatever happened to the connection, the engine takes a snapshot for a server that it holds for lost.
        self.around.acd.tell(Input::ServerLost { server }).await;
        self.around
            .acd
            .tell(Input::ServerResynced {
                server,
                snapshot: ours,
            })
            .await;
        let held = self.held_in(&found);
        let (legs, bridges) = (self.legs_in(&found), self.dial_bridges_in(&found, &held));
        self.around
            .acd
            .dial(dial::Input::ServerResynced {
                server,
                legs,
                bridges,
            })
            .await;
        let found_talks = control::Snapshot {
            held,
            rooms: self.rooms_in(&found),
            targets: self.targets_in(&found),
            watchers: self.watchers_in(&found),
        };
        let resynced = control::Input::ServerResynced {
            server,
            found: found_talks,
        };
        self.around.acd.control(resynced).await;
        let application = self.server.application.clone();
        for channel in found.channels {
            let waiting = ari::Snapshot::is_in_application(&channel, &application);
            let own = self.names.offer_of_channel(&channel.id).is_some()
                || self.names.leg_of_channel(&channel.id).is_some()
                || self.names.consult_of_channel(&channel.id).is_some()
                || self.names.is_watch(&channel.id)
                || self.pairs.has(&channel.id)
                || parted.contains(&channel.id);
            if waiting && !own {
                let argument = channel
                    .dialplan
                    .app_data
                    .split(',')
                    .nth(1)
                    .map(str::to_owned);
                self.on_arrival(Arrival::new(channel, argument)).await;
            }
        }
    }

    /// A phone that we know nothing of any more must not stay rung or connected.
    pub(super) fn end_stray(&self, offer: OfferId) {
        tracing::warn!(%offer, "hanging up an agent's phone that belongs to no call");
        self.end_leg_and_bridge(offer);
    }

    pub(super) fn end_leg_and_bridge(&self, offer: OfferId) {
        let (client, names) = (self.client.clone(), self.names.clone());
        tokio::spawn(async move {
            let _ = client
                .channels()
                .hang_up(&names.agent_channel(offer), HangupReason::Normal)
                .await;
            let _ = client.bridges().destroy(&names.bridge(offer)).await;
        });
    }

    async fn was_restarted(&mut self) -> bool {
        let Ok(info) = self.client.asterisk().info().await else {
            return false;
        };
        match self.startup.replace(info.startup_time.clone()) {
            Some(before) => before != info.startup_time,
            None => started_since(&info.startup_time, self.last_heard),
        }
    }

    fn calls_in(&self, found: &ari::Snapshot) -> Vec<CallId> {
        let channels = found.channels.iter();
        channels
            .filter(|channel| self.may_be_ours(channel) && !self.pairs.has(&channel.id))
            .filter_map(|channel| self.by_channel.get(&channel.id).copied())
            .collect()
    }

    /// A caller who went on in the dialplan is up, but no longer ours to touch.
    fn may_be_ours(&self, channel: &ari::Channel) -> bool {
        channel.dialplan.app_name.is_empty()
            || ari::Snapshot::is_in_application(channel, &self.server.application)
    }

    /// Of legs asked for lately nobody knows whether the snapshot should have shown them: see once they were asked for.
    fn look_for_unseen(&mut self, found: &ari::Snapshot) {
        let there: HashSet<_> = found.channels.iter().map(|c| c.id.as_str()).collect();
        let unseen: Vec<_> = self
            .offers
            .iter()
            .filter(|(offer, leg)| {
                !leg.seen && !there.contains(self.names.agent_channel(**offer).as_str())
            })
            .map(|(offer, leg)| (*offer, leg.call))
            .collect();
        for (offer, call) in unseen {
            self.give(call, Job::LookFor(offer));
        }
    }

    /// Agents' legs, with those asked for so lately that they cannot be seen yet.
    fn offers_in(&mut self, found: &ari::Snapshot) -> Vec<(OfferId, bool)> {
        let mut offers = Vec::new();
        for channel in &found.channels {
            if let Some(offer) = self.names.offer_of_channel(&channel.id) {
                let up = channel.state == ari::ChannelState::Up;
                if let Some(leg) = self.offers.get_mut(&offer) {
                    leg.seen = true;
                    leg.answered |= up;
                }
                offers.push((offer, up));
            }
        }
        let unseen = self.offers.iter().filter(|(_, leg)| !leg.seen);
        offers.extend(unseen.map(|(offer, _)| (*offer, false)));
        offers
    }

    fn bridged_in(&self, found: &ari::Snapshot) -> Vec<OfferId> {
        let with_both = |bridge: &ari::Bridge| {
            let offer = self.names.offer_of_bridge(&bridge.id)?;
            let task = self.calls.get(&self.offers.get(&offer)?.call)?;
            let both = [task.leg.channel.clone(), self.names.agent_channel(offer)];
            both.iter()
                .all(|channel| bridge.channels.contains(channel))
                .then_some(offer)
        };
        found.bridges.iter().filter_map(with_both).collect()
    }

    /// Of calls that we place: the legs, and whether they are up.
    fn legs_in(&self, found: &ari::Snapshot) -> Vec<(CallId, Leg, bool)> {
        let leg = |channel: &ari::Channel| {
            let (call, leg) = self.names.leg_of_channel(&channel.id)?;
            // Whoever was given away is no leg of ours any more.
            if self.pairs.has(&channel.id) {
                return None;
            }
            Some((call, leg, channel.state == ari::ChannelState::Up))
        };
        found.channels.iter().filter_map(leg).collect()
    }

    /// Calls whose customer waits on hold.
    fn held_in(&self, found: &ari::Snapshot) -> Vec<CallId> {
        let held = |bridge: &ari::Bridge| {
            let call = self.names.call_of_hold_bridge(&bridge.id)?;
            let queued = self.calls.get(&call).map(|task| task.leg.channel.clone());
            let customer = queued.unwrap_or_else(|| self.names.leg(call, Leg::Customer));
            bridge.channels.contains(&customer).then_some(call)
        };
        found.bridges.iter().filter_map(held).collect()
    }

    /// Bridges to wait in, whoever is in them.
    fn rooms_in(&self, found: &ari::Snapshot) -> Vec<CallId> {
        let bridges = found.bridges.iter();
        let rooms = bridges.filter_map(|bridge| self.names.call_of_hold_bridge(&bridge.id));
        rooms.collect()
    }

    /// Third persons whose channel is there, and who were not given a customer.
    fn targets_in(&self, found: &ari::Snapshot) -> Vec<(CallId, u32, bool)> {
        let target = |channel: &ari::Channel| {
            let (call, number) = self.names.consult_of_channel(&channel.id)?;
            let up = channel.state == ari::ChannelState::Up;
            (!self.pairs.has(&channel.id)).then_some((call, number, up))
        };
        found.channels.iter().filter_map(target).collect()
    }

    /// Supervisors of whom anything is there.
    fn watchers_in(&self, found: &ari::Snapshot) -> Vec<(WatchId, Option<bool>)> {
        let of = |part, id: &str| self.names.watch_of(part, id);
        let mut watchers = BTreeMap::new();
        for channel in &found.channels {
            for part in [WatchPart::Listening, WatchPart::Whispering] {
                if let Some(watch) = of(part, &channel.id) {
                    watchers.entry(watch).or_insert(None);
                }
            }
            if let Some(watch) = of(WatchPart::Phone, &channel.id) {
                let up = channel.state == ari::ChannelState::Up;
                watchers.insert(watch, Some(up));
            }
        }
        for bridge in &found.bridges {
            if let Some(watch) = of(WatchPart::Bridge, &bridge.id) {
                watchers.entry(watch).or_insert(None);
            }
        }
        watchers.into_iter().collect()
    }

    /// Their bridges, and whether both legs are in them. Whoever is on hold has not left.
    fn dial_bridges_in(&self, found: &ari::Snapshot, held: &[CallId]) -> Vec<(CallId, bool)> {
        let with_both = |bridge: &ari::Bridge| {
            let call = self.names.call_of_dial_bridge(&bridge.id)?;
            let legs = [Leg::Agent, Leg::Customer].map(|leg| self.names.leg(call, leg));
            let both = legs.iter().all(|leg| bridge.channels.contains(leg));
            Some((call, both || held.contains(&call)))
        };
        found.bridges.iter().filter_map(with_both).collect()
    }

    fn forget_what_is_gone(&mut self, found: &ari::Snapshot, ours: &Snapshot) {
        let there: HashSet<_> = found
            .channels
            .iter()
            .filter(|channel| self.may_be_ours(channel))
            .map(|channel| channel.id.as_str())
            .collect();
        let alive: HashSet<_> = ours.offers.iter().map(|(offer, _)| *offer).collect();
        self.by_channel
            .retain(|channel, _| there.contains(channel.as_str()));
        let gone: Vec<_> = self
            .offers
            .keys()
            .filter(|offer| !alive.contains(offer))
            .copied()
            .collect();
        for offer in gone {
            self.close_offer(offer);
        }
        let calls: Vec<_> = self.calls.keys().copied().collect();
        for call in calls {
            self.forget_if_done(call);
        }
    }
}

/// By two clocks, of which Asterisk's may be another machine's: one that goes ahead can be wrong about an Asterisk that was
/// started shortly before the call.
fn started_since(startup: &str, last_heard: Option<Timestamp>) -> bool {
    let started = ari::timestamp::unix_millis(startup);
    let known = last_heard.map(|at| at.as_micros() / 1_000);
    started
        .zip(known)
        .is_some_and(|(started, known)| started > known)
}
