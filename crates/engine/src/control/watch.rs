//! Supervisors on a call: their phone is rung, and then they hear it.

use std::time::Duration;

use model::{AgentId, CallId, EventBody, Instant, ServerId, Watch, WatchId, WatchMode, WatchState};

use super::{Command, Control, Failure, Refusal, Ticket, Timer, VERB_TIMEOUT, WatchWish};

/// How long a watcher's phone rings.
pub const WATCHER_RING: Duration = Duration::from_secs(30);
/// How long after that we wait for Asterisk to say so.
const RING_GRACE: Duration = Duration::from_secs(2);
/// The most who watch one call.
pub const MAX_WATCHERS: usize = 5;

/// One watcher.
pub(super) struct Watching {
    pub(super) watch: Watch,
    phase: Phase,
    /// Who waits for the present step.
    ticket: Option<Ticket>,
    until: Option<Instant>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Ringing,
    /// In this way, whichever way it was before.
    Joining(WatchMode),
    Watching,
}

impl Control {
    /// Who watches a call, in the order in which they came.
    pub fn watchers(&self, call: CallId) -> impl Iterator<Item = &Watch> {
        let talk = self.talks.get(&call);
        let watchers = talk.into_iter().flat_map(|talk| talk.watchers.values());
        watchers.map(|watching| &watching.watch)
    }

    pub(super) fn watchers_of(&self, call: CallId) -> Vec<WatchId> {
        self.watchers(call).map(|watch| watch.id).collect()
    }

    pub(super) fn watch_asked(&mut self, wish: WatchWish) {
        let ticket = wish.ticket;
        if let Err(why) = self.watch_checked(wish) {
            self.answer(ticket, Err(why));
        }
    }

    fn watch_checked(&mut self, wish: WatchWish) -> Result<(), Refusal> {
        let talk = self.talks.get_mut(&wish.call).ok_or(Refusal::NotTalking)?;
        if self.lost.contains(&talk.server) {
            return Err(Refusal::ServerLost);
        }
        if talk.agent == wish.watcher {
            return Err(Refusal::OwnCall);
        }
        let mut watchers = talk.watchers.values_mut();
        let known = watchers.find(|one| one.watch.watcher == wish.watcher);
        if let Some(known) = known {
            let watch = known.watch.id;
            return self.change_mode(watch, &wish);
        }
        if !wish.free {
            return Err(Refusal::WatcherBusy);
        }
        if talk.watchers.len() >= MAX_WATCHERS {
            return Err(Refusal::TooManyWatchers);
        }
        self.ring_watcher(wish);
        Ok(())
    }

    fn ring_watcher(&mut self, wish: WatchWish) {
        let (id, call, watcher) = (wish.id, wish.call, wish.watcher);
        let Some(talk) = self.talks.get_mut(&call) else {
            return;
        };
        let watch = Watch {
            id,
            call,
            watcher,
            mode: wish.mode,
            state: WatchState::Ringing,
            by: wish.by,
            since: self.now.utc,
        };
        let ring = Command::RingWatcher {
            server: talk.server,
            watch: id,
            extension: wish.extension,
            title: wish.title,
            timeout: WATCHER_RING,
        };
        let watching = Watching {
            watch,
            phase: Phase::Ringing,
            ticket: None,
            until: None,
        };
        talk.watchers.insert(id, watching);
        self.watches.insert(id, call);
        self.begin(id, Phase::Ringing, Some(WATCHER_RING + RING_GRACE));
        self.tell_watch(id);
        self.commands.push_back(Command::Engage { watcher, call });
        self.commands.push_back(ring);
        self.answer(wish.ticket, Ok(()));
    }

    fn change_mode(&mut self, watch: WatchId, wish: &WatchWish) -> Result<(), Refusal> {
        let Some(watching) = self.watching(watch) else {
            return Err(Refusal::NoWatcher);
        };
        match watching.phase {
            Phase::Joining(_) => return Err(Refusal::Busy),
            _ if watching.watch.mode == wish.mode => self.answer(wish.ticket, Ok(())),
            Phase::Ringing => {
                watching.watch.mode = wish.mode;
                self.tell_watch(watch);
                self.answer(wish.ticket, Ok(()));
            }
            Phase::Watching => {
                watching.ticket = Some(wish.ticket);
                self.join(watch, wish.mode);
            }
        }
        Ok(())
    }

    pub(super) fn unwatch_asked(
        &mut self,
        call: CallId,
        ticket: Ticket,
        watcher: AgentId,
        by: String,
    ) {
        let mut watchers = self.watchers(call);
        let known = watchers.find(|watch| watch.watcher == watcher);
        let known = known.map(|watch| watch.id);
        drop(watchers);
        if let Some(watch) = known {
            if let Some(watching) = self.watching(watch) {
                watching.watch.by = by;
            }
            self.end_watch(watch, Refusal::NoWatcher);
        }
        let result = known.map(drop).ok_or(Refusal::NoWatcher);
        self.answer(ticket, result);
    }

    pub(super) fn watcher_answered(&mut self, watch: WatchId, server: ServerId) {
        match self.watching(watch) {
            Some(watching) if watching.phase == Phase::Ringing => {
                let mode = watching.watch.mode;
                self.join(watch, mode);
            }
            Some(_) => {}
            // Somebody who came too late.
            None => {
                let drop = Command::DropWatcher { server, watch };
                self.commands.push_back(drop);
            }
        }
    }

    fn join(&mut self, watch: WatchId, mode: WatchMode) {
        self.begin(watch, Phase::Joining(mode), Some(VERB_TIMEOUT));
        let call = self.watches.get(&watch);
        let Some(talk) = call.and_then(|call| self.talks.get(call)) else {
            return;
        };
        self.commands.push_back(Command::JoinWatcher {
            call: talk.call,
            server: talk.server,
            talkers: talk.talkers.clone(),
            watch,
            mode,
        });
    }

    pub(super) fn watcher_joined(&mut self, watch: WatchId, result: Result<WatchMode, Failure>) {
        let Some(watching) = self.watching(watch) else {
            return;
        };
        let Phase::Joining(wanted) = watching.phase else {
            return;
        };
        match result {
            Ok(mode) if mode == wanted => {
                watching.watch.mode = mode;
                watching.watch.state = WatchState::Watching;
                let ticket = watching.ticket.take();
                self.begin(watch, Phase::Watching, None);
                self.tell_watch(watch);
                if let Some(ticket) = ticket {
                    self.answer(ticket, Ok(()));
                }
            }
            Ok(_) => {}
            // Nobody may be heard, or not heard, in another way than was asked for.
            Err(failure) => self.end_watch(watch, Refusal::Failed(failure)),
        }
    }

    /// `why`: for whoever waits for something else.
    pub(super) fn end_watch(&mut self, watch: WatchId, why: Refusal) {
        self.begin(watch, Phase::Watching, None);
        let Some(call) = self.watches.remove(&watch) else {
            return;
        };
        let Some(talk) = self.talks.get_mut(&call) else {
            return;
        };
        let (server, agent) = (talk.server, talk.agent);
        let Some(watching) = talk.watchers.remove(&watch) else {
            return;
        };
        let watch = Watch {
            state: WatchState::Ended,
            ..watching.watch
        };
        let (id, watcher) = (watch.id, watch.watcher);
        let told = EventBody::CallWatched { agent, watch };
        let drop = Command::DropWatcher { server, watch: id };
        self.commands.push_back(Command::Publish(told));
        self.commands.push_back(drop);
        self.commands
            .push_back(Command::Disengage { watcher, call });
        if let Some(ticket) = watching.ticket {
            self.answer(ticket, Err(why));
        }
    }

    /// Nothing times out while its server is lost.
    pub(super) fn wait_for_server(&mut self, watch: WatchId) {
        let Some(watching) = self.watching(watch) else {
            return;
        };
        let (phase, ticket) = (watching.phase, watching.ticket.take());
        self.begin(watch, phase, None);
        if let Some(ticket) = ticket {
            self.answer(ticket, Err(Refusal::Failed(Failure::Unknown)));
        }
    }

    /// `phone`: whether the watcher has answered; nothing: it is not there.
    pub(super) fn compare_watch(&mut self, watch: WatchId, phone: Option<bool>) {
        let Some(watching) = self.watching(watch) else {
            return;
        };
        let mode = watching.watch.mode;
        match (watching.phase, phone) {
            (Phase::Ringing, Some(true)) => self.join(watch, mode),
            // One that was asked for lately may come yet.
            (Phase::Ringing, _) => {
                self.begin(watch, Phase::Ringing, Some(WATCHER_RING + RING_GRACE));
            }
            (Phase::Joining(mode), Some(_)) => self.join(watch, mode),
            (Phase::Watching, Some(_)) => {}
            (Phase::Joining(_) | Phase::Watching, None) => {
                self.end_watch(watch, Refusal::NoWatcher);
            }
        }
    }

    /// The watch is one step further, for as long as this step may take.
    fn begin(&mut self, watch: WatchId, phase: Phase, limit: Option<Duration>) {
        let until = limit.map(|limit| self.now.mono.after(limit));
        let Some(watching) = self.watching(watch) else {
            return;
        };
        watching.phase = phase;
        let before = std::mem::replace(&mut watching.until, until);
        if let Some(before) = before {
            self.timers.remove(&(before, Timer::Watch(watch)));
        }
        self.timers
            .extend(until.map(|until| (until, Timer::Watch(watch))));
    }

    fn watching(&mut self, watch: WatchId) -> Option<&mut Watching> {
        let call = self.watches.get(&watch)?;
        self.talks.get_mut(call)?.watchers.get_mut(&watch)
    }

    fn tell_watch(&mut self, watch: WatchId) {
        let call = self.watches.get(&watch);
        let Some(talk) = call.and_then(|call| self.talks.get(call)) else {
            return;
        };
        let Some(watching) = talk.watchers.get(&watch) else {
            return;
        };
        let body = EventBody::CallWatched {
            agent: talk.agent,
            watch: watching.watch.clone(),
        };
        self.commands.push_back(Command::Publish(body));
    }
}
