//! Whatever happens in whatever order: each wish is answered once, and nobody stays bound or on the line.

use std::collections::BTreeSet;
use std::time::Duration;

use model::{AgentId, CallId, Instant, Now, Timestamp, WatchId, WatchMode};
use proptest::prelude::*;
use uuid::Uuid;

use super::{PBX, talkers, talking_call};
use crate::control::{
    Arrangement, Command, Control, Failure, Input, Snapshot, Target, TargetAt, Verb, WatchWish,
    Wish,
};

const CALLS: u128 = 2;

#[derive(Debug, Clone)]
enum Happening {
    Talking(u128),
    Over(u128),
    Asked(u128, Verb),
    Done(u128, u64, bool),
    RecordingEnded(u128),
    Watch(u128, u128, WatchMode),
    Unwatch(u128, u128),
    PicksUp(u64),
    Joined(u64, Option<WatchMode>),
    Gone(u64),
    TargetAnswers(u128, u32),
    TargetGoes(u128, u32),
    AgentLeaves(u128),
    Arranged(u128, Arrangement, bool),
    Lost,
    Given(u128),
    /// Who waits, which third persons are there and whether they have answered, and whose phones.
    Found(Vec<u128>, Vec<(u128, u32, bool)>, Vec<(u64, Option<bool>)>),
    Time(u64),
}

fn verb() -> impl Strategy<Value = Verb> {
    prop_oneof![
        Just(Verb::Hold),
        Just(Verb::Unhold),
        Just(Verb::Mute),
        Just(Verb::Unmute),
        Just(Verb::SendDigits("1".into())),
        Just(Verb::StartRecording),
        Just(Verb::PauseRecording),
        Just(Verb::ResumeRecording),
        Just(Verb::StopRecording),
        target(false),
        target(true),
        Just(Verb::Swap),
        Just(Verb::Conference),
        Just(Verb::Transfer),
        Just(Verb::EndConsult),
        Just(Verb::ToQueue("q".into())),
        Just(Verb::Park(701)),
    ]
}

fn target(transfer: bool) -> Just<Verb> {
    Just(Verb::Consult(Target {
        to: "103".into(),
        at: TargetAt::Phone("103".into()),
        endpoint: String::new(),
        shown: None,
        transfer,
    }))
}

fn arrangement() -> impl Strategy<Value = Arrangement> {
    prop_oneof![
        Just(Arrangement::Meet),
        Just(Arrangement::GiveOver),
        Just(Arrangement::Return)
    ]
}

fn mode() -> impl Strategy<Value = WatchMode> + Clone {
    prop_oneof![
        Just(WatchMode::Listen),
        Just(WatchMode::Whisper),
        Just(WatchMode::Barge)
    ]
}

fn happening() -> impl Strategy<Value = Happening> {
    let call = || 1..=CALLS;
    let (watcher, back) = (1..4u128, 1..5u64);
    prop_oneof![
        6 => call().prop_map(Happening::Talking),
        1 => call().prop_map(Happening::Over),
        8 => (call(), verb()).prop_map(|(call, verb)| Happening::Asked(call, verb)),
        8 => (call(), back.clone(), any::<bool>()).prop_map(|(call, back, ok)| Happening::Done(call, back, ok)),
        1 => call().prop_map(Happening::RecordingEnded),
        5 => (call(), watcher.clone(), mode()).prop_map(|(call, who, mode)| Happening::Watch(call, who, mode)),
        1 => (call(), watcher).prop_map(|(call, who)| Happening::Unwatch(call, who)),
        5 => back.clone().prop_map(Happening::PicksUp),
        5 => (back.clone(), prop::option::of(mode())).prop_map(|(back, mode)| Happening::Joined(back, mode)),
        1 => back.clone().prop_map(Happening::Gone),
        6 => (call(), 1..4u32).prop_map(|(call, number)| Happening::TargetAnswers(call, number)),
        2 => (call(), 1..4u32).prop_map(|(call, number)| Happening::TargetGoes(call, number)),
        1 => call().prop_map(Happening::AgentLeaves),
        6 => (call(), arrangement(), any::<bool>())
            .prop_map(|(call, what, ok)| Happening::Arranged(call, what, ok)),
        1 => Just(Happening::Lost),
        1 => call().prop_map(Happening::Given),
        2 => (
            prop::collection::vec(call(), 0..2),
            prop::collection::vec((call(), 1..4u32, any::<bool>()), 0..3),
            prop::collection::vec((back, any::<Option<bool>>()), 0..2),
        )
            .prop_map(|(held, targets, watchers)| Happening::Found(held, targets, watchers)),
        3 => prop_oneof![0u64..8, 10u64..40].prop_map(Happening::Time),
    ]
}

/// What was said so far, as somebody outside sees it.
#[derive(Default)]
struct Outside {
    control: Control,
    now: Now,
    tickets: u64,
    open: BTreeSet<u64>,
    engaged: BTreeSet<AgentId>,
    rung: BTreeSet<WatchId>,
    /// Third persons whose phone was asked for, and who were not let go.
    targets: BTreeSet<(CallId, u32)>,
    /// The calls for which something is being done.
    doing: BTreeSet<CallId>,
}

fn call(number: u128) -> CallId {
    CallId(Uuid::from_u128(number))
}

fn talking(of: u128) -> Input {
    let call = model::Call {
        id: call(of),
        ..talking_call()
    };
    Input::Talking {
        call: Box::new(call),
        talkers: talkers(),
    }
}

impl Outside {
    fn ticket(&mut self) -> u64 {
        self.tickets += 1;
        self.open.insert(self.tickets);
        self.tickets
    }

    /// The watch of the ticket so many before the last.
    fn watch(&self, back: u64) -> WatchId {
        WatchId(Uuid::from_u128(u128::from(
            self.tickets.saturating_sub(back),
        )))
    }

    fn happens(&mut self, what: Happening) {
        let input = match what {
            Happening::Talking(of) => talking(of),
            Happening::Over(of) => Input::Over { call: call(of) },
            Happening::Asked(of, verb) => Input::Asked(Wish {
                call: call(of),
                ticket: self.ticket(),
                verb,
                by: String::new(),
            }),
            Happening::Done(of, back, ok) => Input::Done {
                call: call(of),
                ticket: self.tickets.saturating_sub(back - 1),
                result: ok.then_some(()).ok_or(Failure::Unknown),
            },
            Happening::RecordingEnded(of) => Input::RecordingEnded {
                call: call(of),
                name: model::Recording::name_of(call(of), 1),
            },
            Happening::Watch(of, who, mode) => {
                let (ticket, watcher) = (self.ticket(), AgentId(Uuid::from_u128(who)));
                Input::WatchAsked(WatchWish {
                    call: call(of),
                    ticket,
                    id: self.watch(0),
                    watcher,
                    extension: String::new(),
                    title: String::new(),
                    free: !self.engaged.contains(&watcher),
                    mode,
                    by: String::new(),
                })
            }
            Happening::Unwatch(of, who) => Input::UnwatchAsked {
                call: call(of),
                ticket: self.ticket(),
                watcher: AgentId(Uuid::from_u128(who)),
                by: String::new(),
            },
            Happening::PicksUp(back) => Input::WatcherAnswered {
                watch: self.watch(back),
                server: PBX,
            },
            Happening::Joined(back, mode) => Input::WatcherJoined {
                watch: self.watch(back),
                result: mode.ok_or(Failure::Unknown),
            },
            Happening::Gone(back) => Input::WatcherGone {
                watch: self.watch(back),
            },
            Happening::TargetAnswers(of, number) => Input::TargetAnswered {
                call: call(of),
                number,
                server: PBX,
            },
            Happening::TargetGoes(of, number) => Input::TargetGone {
                call: call(of),
                number,
                cause: Some(16),
            },
            Happening::AgentLeaves(of) => Input::AgentLeft { call: call(of) },
            Happening::Arranged(of, what, ok) => Input::Arranged {
                call: call(of),
                what,
                result: ok.then_some(()).ok_or(Failure::Unknown),
            },
            Happening::Lost => Input::ServerLost { server: PBX },
            Happening::Given(of) => {
                // Asterisk has put them together: neither is ours to let go.
                self.targets.retain(|(call_of, _)| *call_of != call(of));
                Input::Given {
                    calls: vec![call(of)],
                }
            }
            Happening::Found(held, targets, watchers) => Input::ServerResynced {
                server: PBX,
                found: Snapshot {
                    rooms: held.iter().copied().map(call).collect(),
                    held: held.into_iter().map(call).collect(),
                    targets: targets
                        .into_iter()
                        .map(|(of, number, up)| (call(of), number, up))
                        .collect(),
                    watchers: watchers
                        .into_iter()
                        .map(|(back, up)| (self.watch(back), up))
                        .collect(),
                },
            },
            Happening::Time(seconds) => {
                let length = Duration::from_secs(seconds);
                self.now.mono = self.now.mono.after(length);
                self.now.utc = self.now.utc.after(length);
                Input::Tick
            }
        };
        self.give(input);
    }

    fn give(&mut self, input: Input) {
        self.control.handle(self.now, input);
        while let Some(command) = self.control.next_command() {
            self.hear(&command);
        }
        // All that is still asked for waits for Asterisk.
        let doing = self.control.talks.values();
        self.doing = doing
            .filter(|talk| talk.doing.is_some())
            .map(|talk| talk.call)
            .collect();
        assert!(self.open.len() <= self.doing.len() + self.rung.len());
    }

    fn hear(&mut self, command: &Command) {
        match *command {
            Command::Answer { ticket, .. } => {
                assert!(self.open.remove(&ticket), "{ticket} is answered twice");
            }
            Command::Do {
                call,
                ref verb,
                consult,
                ..
            } => {
                assert!(!self.doing.contains(&call), "two at a time");
                if let Verb::Consult(_) = verb {
                    assert!(self.targets.insert((call, consult)), "a number twice");
                }
            }
            Command::Engage { watcher, .. } => assert!(self.engaged.insert(watcher)),
            Command::Disengage { watcher, .. } => assert!(self.engaged.remove(&watcher)),
            Command::RingWatcher { watch, .. } => assert!(self.rung.insert(watch)),
            Command::DropWatcher { watch, .. } => drop(self.rung.remove(&watch)),
            Command::JoinWatcher { watch, .. } => assert!(self.rung.contains(&watch)),
            // Who was given the customer is no third one any more.
            Command::HandOver { call } => self.targets.retain(|(of, _)| *of != call),
            Command::DropTarget { call, consult, .. } => {
                self.targets.remove(&(call, consult));
            }
            Command::Publish(_)
            | Command::CleanUp { .. }
            | Command::Arrange { .. }
            | Command::Requeue { .. }
            | Command::Park { .. }
            | Command::EndRecording { .. }
            | Command::Compare { .. }
            | Command::LetEnd { .. } => {}
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn each_wish_is_answered_once_and_nobody_stays(
        happenings in prop::collection::vec(happening(), 1..60)
    ) {
        let now = Now { mono: Instant(1_000_000_000), utc: Timestamp::from_micros(1_767_600_000_000_000) };
        let mut outside = Outside { now, tickets: 100, ..Outside::default() };
        for happening in happenings {
            outside.happens(happening);
        }
        for of in 1..=CALLS {
            outside.give(Input::Over { call: call(of) });
        }
        prop_assert!(outside.open.is_empty(), "{:?}", outside.open);
        prop_assert!(outside.engaged.is_empty() && outside.rung.is_empty());
        prop_assert!(outside.targets.is_empty(), "{:?}", outside.targets);
        prop_assert_eq!(outside.control.poll_timeout(), None);
        prop_assert!(outside.control.talks.is_empty() && outside.control.watches.is_empty());
    }
}
