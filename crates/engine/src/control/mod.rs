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
mod consult;
mod give;
mod input;
mod resync;
#[cfg(test)]
mod tests;
mod watch;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use model::{
    AgentId, Call, CallId, Caller, Control as State, Deed, EventBody, Instant, MAX_RECORDINGS, Now,
    Recording, RecordingState, ServerId, WatchId,
};

pub use command::{Command, Refusal, Waits};
pub use consult::TARGET_RING;
use consult::{Consulting, Early};
pub use input::{
    Arrangement, Failure, Input, Snapshot, Talkers, Target, TargetAt, Ticket, Verb, WatchWish, Wish,
};
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
    caller: Caller,
    dialled: String,
    talkers: Talkers,
    state: State,
    /// Whether there may be a bridge in which somebody waits.
    has_waited: bool,
    /// Whether something may have been done that we do not know of: then nothing counts as being so already.
    unsure: bool,
    /// Recordings that were asked for: each has a number.
    recorded: usize,
    doing: Option<Doing>,
    /// What was given up last.
    given_up: Option<Ticket>,
    watchers: BTreeMap<WatchId, Watching>,
    /// The third one.
    consult: Option<Consulting>,
    /// How many there have been: each has a number.
    consults: u32,
    /// What was told of the next one before Asterisk said that it rings their phone.
    early: Option<Early>,
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
    Target(CallId),
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
                Timer::Target(call) => self.target_late(call),
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

    /// Whether a third one could be rung for this call now.
    pub fn may_consult(&self, call: CallId) -> bool {
        let talk = self.talks.get(&call);
        talk.is_some_and(|talk| talk.doing.is_none() && talk.consult.is_none())
    }

    /// The number that the next third one of a call has.
    pub fn next_consult(&self, call: CallId) -> u32 {
        self.talks.get(&call).map_or(1, |talk| talk.consults + 1)
    }

    /// Slots that calls are about to be put into.
    pub fn slots_asked_for(&self) -> impl Iterator<Item = u32> {
        let doing = self.talks.values().filter_map(|talk| talk.doing.as_ref());
        doing.filter_map(|doing| match doing.wish.verb {
            Verb::Park(slot) => Some(slot),
            _ => None,
        })
    }

    /// What has been done to a call that talks.
    pub fn state(&self, call: CallId) -> Option<&State> {
        self.talks.get(&call).map(|talk| &talk.state)
    }

    fn take_in(&mut self, input: Input) {
        match input {
            Input::Talking { call, talkers } => self.talking(*call, talkers),
            Input::Over { call } => self.over(call),
            Input::AgentLeft { call } => self.agent_left(call),
            Input::Asked(wish) => self.asked(wish),
            Input::Done {
                call,
                ticket,
                result,
            } => self.done(call, ticket, result),
            Input::RecordingEnded { call, name } => self.recording_ended(call, name),
            Input::TargetAnswered {
                call,
                number,
                server,
            } => self.target_answered(call, number, server),
            Input::TargetGone {
                call,
                number,
                cause,
            } => self.target_gone(call, number, cause),
            Input::Arranged { call, what, result } => self.arranged(call, what, &result),
            Input::WatchAsked(wish) => self.watch_asked(wish),
            Input::UnwatchAsked {
                call,
                ticket,
                watcher,
                by,
            } => self.unwatch_asked(call, ticket, watcher, by),
            Input::WatcherAnswered { watch, server } => self.watcher_answered(watch, server),
            Input::WatcherJoined { watch, result } => self.watcher_joined(watch, result),
            Input::WatcherGone { watch } => self.end_watch(watch, Refusal::NoWatcher),
            Input::ServerLost { server } => self.server_lost(server),
            Input::Given { calls } => {
                for call in calls {
                    self.given(call);
                }
            }
            Input::ServerResynced { server, found } => {
                self.server_resynced(server, &found);
                self.compare_targets(server, &found.targets);
            }
            Input::Tick => {}
        }
    }

    fn talking(&mut self, call: Call, talkers: Talkers) {
        let Some(agent) = call.agent else { return };
        let control = &call.control;
        let has_waited = control.held_since.is_some() || control.hold_ms > 0;
        let known = self.talks.get(&call.id);
        // Another agent has it now, of which a restart may not have known.
        if known.is_some_and(|known| known.talkers == talkers) {
            return;
        }
        self.over(call.id);
        let recorded = control.recordings.len();
        let talk = Talk {
            call: call.id,
            server: call.server,
            agent,
            caller: call.caller,
            dialled: call.dialled,
            talkers,
            state: call.control,
            has_waited,
            unsure: false,
            recorded,
            doing: None,
            given_up: None,
            watchers: BTreeMap::new(),
            consult: None,
            consults: 0,
            early: None,
        };
        self.talks.insert(talk.call, talk);
    }

    fn over(&mut self, call: CallId) {
        if let Some(talk) = self.talks.get_mut(&call) {
            // Nobody is brought back any more.
            talk.early = None;
        }
        self.give_up(call, Refusal::NotTalking);
        for watch in self.watchers_of(call) {
            self.end_watch(watch, Refusal::NotTalking);
        }
        self.drop_target(call);
        let Some(talk) = self.talks.remove(&call) else {
            return;
        };
        if talk.has_waited {
            let server = talk.server;
            self.commands.push_back(Command::CleanUp { call, server });
        }
    }

    fn asked(&mut self, wish: Wish) {
        let (ticket, call) = (wish.ticket, wish.call);
        let checked = self.checked(&wish);
        if let (Verb::ToQueue(queue), Ok(_)) = (&wish.verb, &checked) {
            return self.send_to_queue(call, ticket, wish.by.clone(), queue.clone());
        }
        match checked {
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
                    consult: talk.consult_of(&wish.verb),
                    waits: talk.waits(),
                };
                let until = self.now.mono.after(VERB_TIMEOUT);
                talk.early = None;
                talk.has_waited |=
                    matches!(wish.verb, Verb::Hold | Verb::Consult(_) | Verb::Park(_));
                talk.recorded += usize::from(wish.verb == Verb::StartRecording);
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
        if talk.doing.is_some() || talk.is_arranging() {
            return Err(Refusal::Busy);
        }
        talk.may_consult(&wish.verb)?;
        let (held, state) = (talk.state.held_since.is_some(), &talk.state);
        let unsure = talk.unsure;
        let recording = state.recording();
        let about = || {
            let name = recording.map(|recording| recording.name.clone());
            name.map(Some).ok_or(Refusal::NoRecording)
        };
        let is = |state| recording.is_some_and(|recording| recording.state == state);
        let needed = match &wish.verb {
            Verb::Hold => (!held || unsure).then_some(None),
            Verb::Unhold => (held || unsure).then_some(None),
            Verb::Mute => (!state.muted || unsure).then_some(None),
            Verb::Unmute => (state.muted || unsure).then_some(None),
            Verb::SendDigits(_) if held => return Err(Refusal::Held),
            Verb::StartRecording if recording.is_some() => None,
            Verb::StartRecording if state.recordings.len() >= MAX_RECORDINGS => {
                return Err(Refusal::TooManyRecordings);
            }
            Verb::StartRecording => {
                let number = talk.recorded + 1;
                Some(Some(Recording::name_of(wish.call, number)))
            }
            Verb::PauseRecording if is(RecordingState::Paused) => None,
            Verb::ResumeRecording if is(RecordingState::Recording) => None,
            Verb::PauseRecording | Verb::ResumeRecording => Some(about()?),
            Verb::StopRecording => recording.map(|recording| Some(recording.name.clone())),
            Verb::EndConsult if talk.consult.is_none() => None,
            Verb::Conference if talk.is_conference() => None,
            Verb::SendDigits(_)
            | Verb::Consult(_)
            | Verb::Swap
            | Verb::Conference
            | Verb::Transfer
            | Verb::EndConsult
            | Verb::ToQueue(_)
            | Verb::Park(_) => Some(None),
        };
        Ok(needed)
    }

    fn done(&mut self, call: CallId, ticket: Ticket, result: Result<(), Failure>) {
        let Some(doing) = self.take_doing(call, Some(ticket)) else {
            return self.done_late(call, ticket);
        };
        if let Err(failure) = result {
            self.not_done(call, &doing, failure == Failure::Unknown);
            return self.answer(ticket, Err(Refusal::Failed(failure)));
        }
        if let Verb::Park(slot) = doing.wish.verb {
            self.park(call, slot, doing.wish.by);
            return self.answer(ticket, Ok(()));
        }
        if doing.wish.verb.is_about_third() {
            self.consult_done(call, &doing);
            self.answer(ticket, Ok(()));
            return self.let_given_go(call);
        }
        if let Some(deed) = self.deed(call, &doing) {
            self.publish(call, Some(doing.wish.by), deed);
        }
        self.answer(ticket, Ok(()));
    }

    /// It had been given up: it was done after all, or not.
    fn done_late(&mut self, call: CallId, ticket: Ticket) {
        if let Some(talk) = self.talks.get_mut(&call)
            && talk
                .given_up
                .take_if(|given_up| *given_up == ticket)
                .is_some()
        {
            let server = talk.server;
            self.commands.push_back(Command::Compare { server });
        }
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
            // Told elsewhere: they are more than one deed each.
            Verb::Consult(_)
            | Verb::Swap
            | Verb::Conference
            | Verb::Transfer
            | Verb::EndConsult
            | Verb::ToQueue(_)
            | Verb::Park(_) => None,
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
            if let Some(talk) = self.talks.get_mut(&call) {
                talk.given_up = Some(doing.wish.ticket);
            }
            self.not_done(call, &doing, true);
            self.answer(doing.wish.ticket, Err(why));
        }
    }

    /// `unsure`: nobody knows whether it was.
    fn not_done(&mut self, call: CallId, doing: &Doing, unsure: bool) {
        self.drop_asked(call, doing);
        let Some(talk) = self.talks.get_mut(&call) else {
            return;
        };
        talk.unsure |= unsure;
        if doing.wish.verb == Verb::StartRecording
            && unsure
            && let Some(name) = doing.recording.clone()
        {
            let server = talk.server;
            self.commands
                .push_back(Command::EndRecording { call, server, name });
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
