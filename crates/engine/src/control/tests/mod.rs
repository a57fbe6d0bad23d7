//! Dialogues: this happens, and the engine says exactly that.
#![allow(clippy::unwrap_used)]

mod any_order;
mod consulting;
mod watching;

use std::time::Duration;

use model::{
    AgentId, Call, CallId, Deed, EventBody, Instant, Now, OfferId, Recording, ServerId, Timestamp,
};
use uuid::Uuid;

use super::{Command, Control, Failure, Input, Snapshot, Talkers, Verb, Wish};

const PBX: ServerId = ServerId(Uuid::from_u128(0x5e));
const CALL: CallId = CallId(Uuid::from_u128(1));
const ANN: AgentId = AgentId(Uuid::from_u128(0xa));

struct Centre {
    control: Control,
    now: Now,
}

/// What the engine said to one input.
#[must_use]
struct Said(Vec<String>);

impl Said {
    #[track_caller]
    fn says(self, expected: &str) {
        let lines = expected.lines().map(str::trim);
        let expected: Vec<&str> = lines.filter(|line| !line.is_empty()).collect();
        assert_eq!(self.0, expected, "\nsaid:\n{}\n", self.0.join("\n"));
    }
}

fn talking_call() -> Call {
    Call {
        agent: Some(ANN),
        ..Call::new(CALL, PBX, Timestamp::from_micros(0))
    }
}

fn talkers() -> Talkers {
    Talkers::Queued {
        channel: "caller".to_owned(),
        offer: OfferId(Uuid::from_u128(7)),
    }
}

impl Centre {
    /// Ann talks.
    fn talking() -> Self {
        let mut centre = Self {
            control: Control::default(),
            now: Now {
                mono: Instant(1_000_000_000),
                utc: Timestamp::from_micros(1_767_600_000_000_000),
            },
        };
        centre.begins(talking_call()).says("");
        centre
    }

    fn begins(&mut self, call: Call) -> Said {
        self.input(Input::Talking {
            call: Box::new(call),
            talkers: talkers(),
        })
    }

    fn after(&mut self, seconds: u64) -> &mut Self {
        let length = Duration::from_secs(seconds);
        self.now.mono = self.now.mono.after(length);
        self.now.utc = self.now.utc.after(length);
        self
    }

    fn input(&mut self, input: Input) -> Said {
        self.control.handle(self.now, input);
        let mut said = Vec::new();
        while let Some(command) = self.control.next_command() {
            said.push(line(command));
        }
        Said(said)
    }

    fn asks(&mut self, ticket: u64, verb: Verb) -> Said {
        self.input(Input::Asked(Wish {
            call: CALL,
            ticket,
            verb,
            by: "bob".to_owned(),
        }))
    }

    fn done(&mut self, ticket: u64) -> Said {
        self.result(ticket, Ok(()))
    }

    fn result(&mut self, ticket: u64, result: Result<(), Failure>) -> Said {
        let call = CALL;
        self.input(Input::Done {
            call,
            ticket,
            result,
        })
    }

    fn ended(&mut self, number: usize) -> Said {
        let name = Recording::name_of(CALL, number);
        self.input(Input::RecordingEnded { call: CALL, name })
    }

    fn lost(&mut self) -> Said {
        self.input(Input::ServerLost { server: PBX })
    }

    fn found(&mut self, held: bool, watchers: &[u128]) -> Said {
        self.input(Input::ServerResynced {
            server: PBX,
            found: Snapshot {
                held: held.then_some(CALL).into_iter().collect(),
                watchers: watchers
                    .iter()
                    .map(|&id| (watching::id(id), Some(true)))
                    .collect(),
                ..Snapshot::default()
            },
        })
    }

    fn over(&mut self) -> Said {
        self.input(Input::Over { call: CALL })
    }

    fn is_empty(&self) {
        assert!(self.control.talks.is_empty() && self.control.watches.is_empty());
        assert_eq!(self.control.poll_timeout(), None);
    }
}

fn line(command: Command) -> String {
    match command {
        Command::Publish(EventBody::CallControlled { by, deed, .. }) => {
            format!("{} by {}", told(&deed), by.as_deref().unwrap_or("itself"))
        }
        Command::Publish(EventBody::CallWatched { watch, .. }) => format!(
            "{} {:?} {:?}",
            watching::name(watch.id),
            watch.mode,
            watch.state
        ),
        Command::Answer { ticket, result } => match result {
            Ok(()) => format!("{ticket}: done"),
            Err(why) => format!("{ticket}: {why}"),
        },
        Command::Do {
            verb: Verb::Consult(target),
            consult,
            ..
        } => format!("ring {} as {consult}", target.to),
        Command::Do {
            verb, recording, ..
        } => match recording {
            Some(name) => format!("do {verb:?} of {}", number_of(&name)),
            None => format!("do {verb:?}"),
        },
        Command::CleanUp { .. } => "clean up".to_owned(),
        Command::Arrange { what, consult, .. } => format!("{what:?} {consult}"),
        Command::DropTarget { consult, .. } => format!("drop target {consult}"),
        Command::HandOver { .. } => "hand over".to_owned(),
        Command::Park {
            slot, by, state, ..
        } => format!(
            "park in {slot} by {by}, held: {}",
            state.held_since.is_some()
        ),
        Command::Requeue { queue, .. } => format!("requeue in {queue}"),
        Command::LetEnd { .. } => "let end".to_owned(),
        Command::EndRecording { name, .. } => format!("end recording {}", number_of(&name)),
        Command::Compare { .. } => "compare".to_owned(),
        Command::Engage { watcher, .. } => format!("{} is engaged", watching::agent(watcher)),
        Command::Disengage { watcher, .. } => format!("{} is free", watching::agent(watcher)),
        Command::RingWatcher {
            extension, title, ..
        } => format!("ring {extension}, showing {title}"),
        Command::JoinWatcher { watch, mode, .. } => {
            format!("join {} to {mode:?}", watching::name(watch))
        }
        Command::DropWatcher { watch, .. } => format!("drop {}", watching::name(watch)),
        other @ Command::Publish(_) => panic!("{other:?}"),
    }
}

fn told(deed: &Deed) -> String {
    match deed {
        Deed::RecordingStarted { name } => format!("RecordingStarted of {}", number_of(name)),
        Deed::RecordingPaused { name } => format!("RecordingPaused of {}", number_of(name)),
        Deed::RecordingResumed { name } => format!("RecordingResumed of {}", number_of(name)),
        Deed::RecordingEnded { name } => format!("RecordingEnded of {}", number_of(name)),
        other => format!("{other:?}"),
    }
}

fn number_of(name: &str) -> &str {
    assert_eq!(Recording::call_of(name), Some(CALL));
    name.rsplit('-').next().unwrap()
}

#[test]
fn a_customer_is_held_and_heard_again() {
    let mut c = Centre::talking();
    c.asks(1, Verb::Hold).says("do Hold");
    c.done(1).says("Held by bob\n1: done");
    c.asks(2, Verb::Hold).says("2: done");
    c.asks(3, Verb::SendDigits("1".into()))
        .says("3: the customer is on hold");
    c.after(7).asks(4, Verb::Unhold).says("do Unhold");
    c.done(4).says("Resumed { held_ms: 7000 } by bob\n4: done");
    c.asks(5, Verb::Unhold).says("5: done");
    assert_eq!(c.control.state(CALL).unwrap().hold_ms, 7_000);
    c.over().says("clean up");
    c.is_empty();
}

#[test]
fn one_thing_is_done_at_a_time_and_answered_once() {
    let mut c = Centre::talking();
    c.asks(1, Verb::Mute).says("do Mute");
    c.asks(2, Verb::Hold)
        .says("2: something else is being done to this call");
    c.done(1).says("Muted by bob\n1: done");
    c.done(1).says("");
    c.asks(3, Verb::Unmute).says("do Unmute");
    let no = Failure::Rejected("no such channel".into());
    c.result(3, Err(no))
        .says("3: Asterisk did not do it: no such channel");
    assert!(c.control.state(CALL).unwrap().muted);
    c.over().says("");
    c.done(3).says("");
    c.is_empty();
}

#[test]
fn what_takes_too_long_is_told_as_unknown() {
    let mut c = Centre::talking();
    c.asks(1, Verb::Hold).says("do Hold");
    c.after(9).input(Input::Tick).says("");
    c.after(1)
        .input(Input::Tick)
        .says("1: Asterisk did not do it: it gave no answer in time");
    // It was done after all: nobody believes otherwise once Asterisk was looked at.
    c.done(1).says("compare");
    c.found(true, &[]).says("Held by itself");
    c.found(true, &[]).says("");
    c.after(2)
        .found(false, &[])
        .says("Resumed { held_ms: 2000 } by itself");
    c.over().says("clean up");
}

#[test]
fn digits_are_counted_and_not_told() {
    let mut c = Centre::talking();
    c.asks(1, Verb::SendDigits("4929#".into()))
        .says("do SendDigits(\"4929#\")");
    c.done(1).says("DigitsSent { count: 5 } by bob\n1: done");
}

#[test]
fn a_recording_goes_its_way() {
    let mut c = Centre::talking();
    c.asks(1, Verb::PauseRecording)
        .says("1: nothing is being recorded");
    c.asks(2, Verb::StopRecording).says("2: done");
    c.asks(3, Verb::StartRecording)
        .says("do StartRecording of 1");
    c.done(3).says("RecordingStarted of 1 by bob\n3: done");
    c.asks(4, Verb::StartRecording).says("4: done");
    c.asks(5, Verb::PauseRecording)
        .says("do PauseRecording of 1");
    c.done(5).says("RecordingPaused of 1 by bob\n5: done");
    c.asks(6, Verb::PauseRecording).says("6: done");
    c.asks(7, Verb::ResumeRecording)
        .says("do ResumeRecording of 1");
    c.done(7).says("RecordingResumed of 1 by bob\n7: done");
    // Asterisk tells of the end before it answers.
    c.asks(8, Verb::StopRecording).says("do StopRecording of 1");
    c.ended(1).says("");
    c.done(8).says("RecordingEnded of 1 by bob\n8: done");
    c.ended(1).says("");
    c.asks(9, Verb::StartRecording)
        .says("do StartRecording of 2");
    c.done(9).says("RecordingStarted of 2 by bob\n9: done");
    c.ended(2).says("RecordingEnded of 2 by itself");
    c.over().says("");
}

#[test]
fn a_call_has_a_bounded_number_of_recordings() {
    let mut c = Centre::talking();
    for n in 1..=20 {
        assert_eq!(c.asks(n, Verb::StartRecording).0.len(), 1);
        assert_eq!(c.done(n).0.len(), 2);
        assert_eq!(c.ended(usize::try_from(n).unwrap()).0.len(), 1);
    }
    c.asks(99, Verb::StartRecording)
        .says("99: the call has as many recordings as it may");
}

#[test]
fn nothing_is_asked_of_a_server_that_is_lost() {
    let mut c = Centre::talking();
    c.asks(1, Verb::Hold).says("do Hold");
    c.lost()
        .says("1: Asterisk did not do it: it gave no answer in time");
    c.asks(2, Verb::Hold)
        .says("2: the connection to the call's Asterisk is lost");
    c.found(true, &[]).says("Held by itself");
    c.asks(3, Verb::Unhold).says("do Unhold");
}

#[test]
fn after_a_restart_it_goes_on_as_it_was() {
    let mut c = Centre::talking();
    c.asks(1, Verb::Hold).says("do Hold");
    c.done(1).says("Held by bob\n1: done");
    let call = Call {
        control: c.control.state(CALL).unwrap().clone(),
        ..talking_call()
    };
    let mut fresh = Centre {
        control: Control::default(),
        now: c.now,
    };
    fresh.begins(call).says("");
    fresh.found(true, &[]).says("");
    fresh.after(3).asks(1, Verb::Unhold).says("do Unhold");
    fresh
        .done(1)
        .says("Resumed { held_ms: 3000 } by bob\n1: done");
}

#[test]
fn who_does_not_talk_is_not_controlled() {
    let mut c = Centre::talking();
    c.over().says("");
    c.asks(1, Verb::Hold).says("1: nobody talks on this call");
    assert_eq!(c.control.state(CALL), None);
}

#[test]
fn what_nobody_knows_is_asked_for_again() {
    let mut c = Centre::talking();
    c.asks(1, Verb::Mute).says("do Mute");
    c.result(1, Err(Failure::Unknown))
        .says("1: Asterisk did not do it: it gave no answer in time");
    // It may be muted.
    c.asks(2, Verb::Unmute).says("do Unmute");
    c.done(2).says("Unmuted by bob\n2: done");
    let mut c = Centre::talking();
    c.asks(1, Verb::StartRecording)
        .says("do StartRecording of 1");
    c.result(1, Err(Failure::Unknown)).says(
        "end recording 1
        1: Asterisk did not do it: it gave no answer in time",
    );
    // The name may be taken.
    c.asks(2, Verb::StartRecording)
        .says("do StartRecording of 2");
}

#[test]
fn a_look_at_what_is_there_disturbs_nothing_that_is_on_its_way() {
    let mut c = Centre::talking();
    c.asks(1, Verb::Hold).says("do Hold");
    c.found(false, &[]).says("");
    c.done(1).says("Held by bob\n1: done");
}

#[test]
fn who_waits_for_nobody_is_not_kept_waiting_alone() {
    let mut c = Centre::talking();
    c.over().says("");
    c.input(Input::ServerResynced {
        server: PBX,
        found: Snapshot {
            rooms: vec![CALL],
            ..Snapshot::default()
        },
    })
    .says("clean up");
}

#[test]
fn another_agents_conversation_is_another() {
    let mut c = Centre::talking();
    c.asks(1, Verb::Mute).says("do Mute");
    c.input(Input::Talking {
        call: Box::new(talking_call()),
        talkers: Talkers::Placed,
    })
    .says("1: nobody talks on this call");
}

#[test]
fn a_customer_is_put_into_a_slot() {
    let mut c = Centre::talking();
    c.asks(1, Verb::Park(701)).says("do Park(701)");
    assert_eq!(c.control.slots_asked_for().collect::<Vec<_>>(), [701]);
    c.asks(2, Verb::Hold)
        .says("2: something else is being done to this call");
    c.done(1).says("park in 701 by bob, held: false\n1: done");
    // Where the customer waits stays.
    c.over().says("");
    c.is_empty();

    let mut c = Centre::talking();
    c.asks(1, Verb::Hold).says("do Hold");
    c.done(1).says("Held by bob\n1: done");
    c.asks(2, Verb::Park(702)).says("do Park(702)");
    c.done(2).says("park in 702 by bob, held: true\n2: done");
}

#[test]
fn who_is_not_put_into_a_slot_talks_on() {
    let mut c = Centre::talking();
    c.asks(1, Verb::Park(701)).says("do Park(701)");
    c.result(1, Err(Failure::Rejected("no such channel".into())))
        .says("1: Asterisk did not do it: no such channel");
    assert_eq!(c.control.slots_asked_for().count(), 0);
    c.asks(2, Verb::Park(701)).says("do Park(701)");
    // It may be on hold, which is seen.
    c.after(10)
        .input(Input::Tick)
        .says("2: Asterisk did not do it: it gave no answer in time");
    c.done(2).says("compare");
    c.found(true, &[]).says("Held by itself");
    c.over().says("clean up");
}

#[test]
fn only_a_call_that_came_in_is_parked() {
    let mut c = Centre::talking();
    c.input(Input::Talking {
        call: Box::new(talking_call()),
        talkers: Talkers::Placed,
    })
    .says("");
    c.asks(1, Verb::Park(701))
        .says("1: only a call that came in can be parked");
}
