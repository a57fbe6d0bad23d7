//! Call control: holding, muting, keys, recordings, and supervisors who take part.
//!
//! One [`Control`] knows every conversation, whoever brought the two together. It answers each wish exactly once, and with what
//! Asterisk did: that it was accepted says nothing. What it decides about agents goes out as a [`Command`]; the engines that
//! own the calls are not known here.
//!
//! Rules that are ours and not obvious:
//! - One thing is done to a call at a time; whoever comes meanwhile is told so, not queued: a wish is about what one sees.
//! - What is so already is answered without asking Asterisk, so that a request may come twice.
//! - After a lost connection the snapshot says who is on hold. Asterisk does not show who is muted: we believe what we did.

mod command;
mod input;
#[cfg(test)]
mod tests;
mod watch;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use model::{
    AgentId, Call, CallId, Control as State, Deed, EventBody, Instant, MAX_RECORDINGS, Now,
    Recording, RecordingState, ServerId, WatchId,
};

pub use command::{Command, Refusal};
pub use input::{Failure, Input, Talkers, Ticket, Verb, WatchWish, Wish};
use watch::Watching;
pub use watch::{MAX_WATCHERS, WATCHER_RING};

/// How long Asterisk may take to do something.
pub const VERB_TIMEOUT: Duration = Duration::from_secs(10);

/// The engine of call control.
#[derive(Default)]
pub struct Control {
    now: Now,
    talks: BTreeMap<CallId, Talk>,
    /// Whose call each watcher is on.
    watches: BTreeMap<WatchId, CallId>,
    lost: BTreeSet<ServerId>,
    timers: BTreeSet<(Instant, Timer)>,
    commands: VecDeque<Command>,
}

/// One conversation.
struct Talk {
    call: CallId,
    server: ServerId,
    agent: AgentId,
    talkers: Talkers,
    state: State,
    doing: Option<Doing>,
    watchers: BTreeMap<WatchId, Watching>,
}

/// What is being done to it.
struct Doing {
    wish: Wish,
    recording: Option<String>,
    until: Instant,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Timer {
    Verb(CallId),
    Watch(WatchId),
}

impl Control {
    /// Takes in one thing that happened. What follows from it waits in [`next_command`](Self::next_command).
    pub fn handle(&mut self, now: Now, input: Input) {
        self.now = now;
        self.take_in(input);
        while let Some(&(at, timer)) = self.timers.first()
            && at <= now.mono
        {
            self.timers.remove(&(at, timer));
            match timer {
                Timer::Verb(call) => self.give_up(call, Refusal::Failed(Failure::Unknown)),
                Timer::Watch(watch) => self.end_watch(watch, Refusal::Failed(Failure::Unknown)),
            }
        }
    }

    /// The next thing to do, in order; `None` when all is said.
    pub fn next_command(&mut self) -> Option<Command> {
        self.commands.pop_front()
    }

    /// When to call [`handle`](Self::handle) with an [`Input::Tick`] if nothing happens before.
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.timers.first().map(|(at, _)| *at)
    }

    /// What has been done to a call that talks.
    pub fn state(&self, call: CallId) -> Option<&State> {
        self.talks.get(&call).map(|talk| &talk.state)
    }

    fn take_in(&mut self, input: Input) {
        match input {
            Input::Talking { call, talkers } => self.talking(*call, talkers),
            Input::Over { call } => self.over(call),
            Input::Asked(wish) => self.asked(wish),
            Input::Done {
                call,
                ticket,
                result,
            } => self.done(call, ticket, result),
            Input::RecordingEnded { call, name } => self.recording_ended(call, name),
            Input::WatchAsked(wish) => self.watch_asked(wish),
            Input::UnwatchAsked {
                call,
                ticket,
                watcher,
            } => self.unwatch_asked(call, ticket, watcher),
            Input::WatcherAnswered { watch, server } => self.watcher_answered(watch, server),
            Input::WatcherJoined { watch, result } => self.watcher_joined(watch, result),
            Input::WatcherGone { watch } => self.end_watch(watch, Refusal::NoWatcher),
            Input::ServerLost { server } => self.server_lost(server),
            Input::ServerResynced {
                server,
                held,
                watchers,
            } => self.server_resynced(server, &held, &watchers),
            Input::Tick => {}
        }
    }

    fn talking(&mut self, call: Call, talkers: Talkers) {
        let Some(agent) = call.agent else { return };
        self.talks.entry(call.id).or_insert_with(|| Talk {
            call: call.id,
            server: call.server,
            agent,
            talkers,
            state: call.control,
            doing: None,
            watchers: BTreeMap::new(),
        });
    }

    fn over(&mut self, call: CallId) {
        self.give_up(call, Refusal::NotTalking);
        for watch in self.watchers_of(call) {
            self.end_watch(watch, Refusal::NotTalking);
        }
        let Some(talk) = self.talks.remove(&call) else {
            return;
        };
        // The bridge in which a customer waits is left for good once it was needed.
        if talk.state.held_since.is_some() || talk.state.hold_ms > 0 {
            let server = talk.server;
            self.commands.push_back(Command::CleanUp { call, server });
        }
    }

    fn asked(&mut self, wish: Wish) {
        let (ticket, call) = (wish.ticket, wish.call);
        match self.checked(&wish) {
            Ok(None) => self.answer(ticket, Ok(())),
            Ok(Some(recording)) => {
                let Some(talk) = self.talks.get_mut(&call) else {
                    return;
                };
                let command = Command::Do {
                    call,
                    server: talk.server,
                    talkers: talk.talkers.clone(),
                    ticket,
                    verb: wish.verb.clone(),
                    recording: recording.clone(),
                };
                let until = self.now.mono.after(VERB_TIMEOUT);
                talk.doing = Some(Doing {
                    wish,
                    recording,
                    until,
                });
                self.timers.insert((until, Timer::Verb(call)));
                self.commands.push_back(command);
            }
            Err(why) => self.answer(ticket, Err(why)),
        }
    }

    /// Outer `None`: it is so already. Inner: the recording that it is about.
    #[expect(clippy::option_option, reason = "both absences mean something")]
    fn checked(&self, wish: &Wish) -> Result<Option<Option<String>>, Refusal> {
        let talk = self.talks.get(&wish.call).ok_or(Refusal::NotTalking)?;
        if self.lost.contains(&talk.server) {
            return Err(Refusal::ServerLost);
        }
        if talk.doing.is_some() {
            return Err(Refusal::Busy);
        }
        let (held, state) = (talk.state.held_since.is_some(), &talk.state);
        let recording = state.recording();
        let about = || {
            let name = recording.map(|recording| recording.name.clone());
            name.map(Some).ok_or(Refusal::NoRecording)
        };
        let is = |state| recording.is_some_and(|recording| recording.state == state);
        let needed = match &wish.verb {
            Verb::Hold => (!held).then_some(None),
            Verb::Unhold => held.then_some(None),
            Verb::Mute => (!state.muted).then_some(None),
            Verb::Unmute => state.muted.then_some(None),
            Verb::SendDigits(_) if held => return Err(Refusal::Held),
            Verb::SendDigits(_) => Some(None),
            Verb::StartRecording if recording.is_some() => None,
            Verb::StartRecording if state.recordings.len() >= MAX_RECORDINGS => {
                return Err(Refusal::TooManyRecordings);
            }
            Verb::StartRecording => {
                let number = state.recordings.len() + 1;
                Some(Some(Recording::name_of(wish.call, number)))
            }
            Verb::PauseRecording if is(RecordingState::Paused) => None,
            Verb::ResumeRecording if is(RecordingState::Recording) => None,
            Verb::PauseRecording | Verb::ResumeRecording => Some(about()?),
            Verb::StopRecording => recording.map(|recording| Some(recording.name.clone())),
        };
        Ok(needed)
    }

    fn done(&mut self, call: CallId, ticket: Ticket, result: Result<(), Failure>) {
        let Some(doing) = self.take_doing(call, Some(ticket)) else {
            return;
        };
        if let Err(failure) = result {
            return self.answer(ticket, Err(Refusal::Failed(failure)));
        }
        if let Some(deed) = self.deed(call, &doing) {
            self.publish(call, Some(doing.wish.by), deed);
        }
        self.answer(ticket, Ok(()));
    }

    /// What has been done; `None`: its end was told before it was.
    fn deed(&self, call: CallId, doing: &Doing) -> Option<Deed> {
        let state = self.state(call)?;
        let name = doing.recording.clone().unwrap_or_default();
        let goes_on = state.recording().is_some_and(|one| one.name == name);
        match &doing.wish.verb {
            Verb::Hold => Some(Deed::Held),
            Verb::Unhold => Some(self.resumed(state)),
            Verb::Mute => Some(Deed::Muted),
            Verb::Unmute => Some(Deed::Unmuted),
            Verb::SendDigits(digits) => Some(Deed::DigitsSent {
                count: u32::try_from(digits.len()).unwrap_or(u32::MAX),
            }),
            Verb::StartRecording => Some(Deed::RecordingStarted { name }),
            Verb::PauseRecording => goes_on.then_some(Deed::RecordingPaused { name }),
            Verb::ResumeRecording => goes_on.then_some(Deed::RecordingResumed { name }),
            Verb::StopRecording => goes_on.then_some(Deed::RecordingEnded { name }),
        }
    }

    fn resumed(&self, state: &State) -> Deed {
        let held = state.held_since.map(|since| self.now.utc.since(since));
        let held_ms = held.map_or(0, |held| {
            u64::try_from(held.as_millis()).unwrap_or(u64::MAX)
        });
        Deed::Resumed { held_ms }
    }

    fn recording_ended(&mut self, call: CallId, name: String) {
        let state = self.state(call);
        // Whoever asked for its end tells of it.
        let stopping = self.talks.get(&call).and_then(|talk| talk.doing.as_ref());
        let stopping = stopping.is_some_and(|doing| doing.wish.verb == Verb::StopRecording);
        let goes_on = state.and_then(State::recording);
        if !stopping && goes_on.is_some_and(|one| one.name == name) {
            self.publish(call, None, Deed::RecordingEnded { name });
        }
    }

    fn give_up(&mut self, call: CallId, why: Refusal) {
        if let Some(doing) = self.take_doing(call, None) {
            self.answer(doing.wish.ticket, Err(why));
        }
    }

    /// What is being done, if it is about this ticket.
    fn take_doing(&mut self, call: CallId, ticket: Option<Ticket>) -> Option<Doing> {
        let talk = self.talks.get_mut(&call)?;
        let same = |doing: &mut Doing| ticket.is_none_or(|ticket| doing.wish.ticket == ticket);
        let doing = talk.doing.take_if(same)?;
        self.timers.remove(&(doing.until, Timer::Verb(call)));
        Some(doing)
    }

    fn server_lost(&mut self, server: ServerId) {
        self.lost.insert(server);
        for call in self.calls_of(server) {
            self.give_up(call, Refusal::Failed(Failure::Unknown));
            for watch in self.watchers_of(call) {
                self.wait_for_server(watch);
            }
        }
    }

    fn server_resynced(&mut self, server: ServerId, held: &[CallId], watchers: &[WatchId]) {
        self.lost.remove(&server);
        for call in self.calls_of(server) {
            let Some(state) = self.state(call) else {
                continue;
            };
            match (state.held_since.is_some(), held.contains(&call)) {
                (false, true) => self.publish(call, None, Deed::Held),
                (true, false) => self.publish(call, None, self.resumed(state)),
                _ => {}
            }
            for watch in self.watchers_of(call) {
                self.compare_watch(watch, watchers.contains(&watch));
            }
        }
        for &watch in watchers {
            if !self.watches.contains_key(&watch) {
                let drop = Command::DropWatcher { server, watch };
                self.commands.push_back(drop);
            }
        }
    }

    fn calls_of(&self, server: ServerId) -> Vec<CallId> {
        let talks = self.talks.values();
        let of = talks.filter(|talk| talk.server == server);
        of.map(|talk| talk.call).collect()
    }

    fn publish(&mut self, call: CallId, by: Option<String>, deed: Deed) {
        let Some(talk) = self.talks.get_mut(&call) else {
            return;
        };
        talk.state.learn(self.now.utc, &deed);
        let body = EventBody::CallControlled {
            call,
            agent: talk.agent,
            by,
            deed,
        };
        self.commands.push_back(Command::Publish(body));
    }

    fn answer(&mut self, ticket: Ticket, result: Result<(), Refusal>) {
        self.commands.push_back(Command::Answer { ticket, result });
    }
}
