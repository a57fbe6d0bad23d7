//! Each rule is broken on purpose, and must be noticed.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::time::Duration;

use model::{
    Agent, AgentId, AgentState, CallId, Caller, EventBody, Instant, Member, Now, OfferId, Queue,
    QueueId, ServerId, Timestamp,
};
use uuid::Uuid;

use super::{Checker, Rule};
use crate::acd::{Acd, Command, Input};

const SUPPORT: QueueId = QueueId(Uuid::from_u128(1));
const PBX: ServerId = ServerId(Uuid::from_u128(2));

fn agent(number: u128) -> AgentId {
    AgentId(Uuid::from_u128(0xa0 + number))
}

fn call(number: u128) -> CallId {
    CallId(Uuid::from_u128(0xc0 + number))
}

/// What happened, and what the engine said to it.
struct Step {
    now: Now,
    input: Input,
    commands: Vec<Command>,
}

struct Tape {
    acd: Acd,
    now: Now,
    steps: Vec<Step>,
}

impl Tape {
    fn after(&mut self, seconds: u64, input: Input) -> &[Command] {
        self.now = self.now.after(Duration::from_secs(seconds));
        self.acd.handle(self.now, input.clone());
        let commands = std::iter::from_fn(|| self.acd.next_command()).collect();
        self.steps.push(Step {
            now: self.now,
            input,
            commands,
        });
        &self.steps.last().unwrap().commands
    }

    fn arrives(&mut self, number: u128) -> Option<OfferId> {
        let input = Input::CallArrived {
            call: call(number),
            server: PBX,
            channel: String::new(),
            caller: Caller::default(),
            dialled: String::new(),
            argument: Some("support".to_owned()),
            priority: 0,
            returned: None,
        };
        self.after(1, input)
            .iter()
            .find_map(|command| match command {
                Command::Offer { offer, .. } => Some(*offer),
                _ => None,
            })
    }

    fn asks(&mut self, number: u128, state: AgentState) {
        let (agent, reason) = (agent(number), None);
        self.after(
            1,
            Input::StateAsked {
                agent,
                state,
                reason,
            },
        );
    }
}

/// Agents 1 and 2, agent 3 of a higher penalty, agent 4 of no queue. Calls 1 and 2 are offered to agents 1 and 2, call 1
/// is answered and ends, call 2 loses its agent and gives up; 3 and 4 wait, and 3 is offered to agent 1.
fn tape() -> Tape {
    let mut tape = Tape {
        acd: Acd::new(1),
        now: Now {
            mono: Instant(0),
            utc: Timestamp::from_micros(1_767_600_000_000_000),
        },
        steps: Vec::new(),
    };
    let mut queue = Queue::new(SUPPORT, "support");
    queue.wrap_up_seconds = 0;
    tape.after(0, Input::QueueSet(queue));
    for number in 1..=4 {
        tape.after(
            0,
            Input::AgentSet(Agent {
                id: agent(number),
                name: format!("agent {number}"),
                extension: format!("10{number}"),
                user: None,
                skills: BTreeMap::new(),
                active: true,
            }),
        );
        if number < 4 {
            tape.after(
                0,
                Input::MemberSet(Member {
                    queue: SUPPORT,
                    agent: agent(number),
                    penalty: u8::from(number == 3),
                    paused: false,
                }),
            );
        }
    }
    tape.asks(1, AgentState::Available);
    tape.asks(2, AgentState::Available);
    let offer = tape.arrives(1).unwrap();
    tape.arrives(2).unwrap();
    tape.asks(3, AgentState::Available);
    tape.asks(3, AgentState::Break);
    tape.after(1, Input::OfferAnswered { offer });
    tape.after(1, Input::Connected { offer });
    tape.asks(2, AgentState::Break);
    tape.after(
        1,
        Input::CallerHungUp {
            call: call(2),
            cause: None,
        },
    );
    tape.arrives(3);
    tape.arrives(4);
    tape.after(
        5,
        Input::CallerHungUp {
            call: call(1),
            cause: None,
        },
    );
    tape
}

fn found(steps: &[Step]) -> Vec<Rule> {
    let mut checker = Checker::default();
    let mut rules = Vec::new();
    for step in steps {
        checker.input(step.now, &step.input);
        for command in &step.commands {
            checker.command(command);
        }
        rules.extend(
            checker
                .settled()
                .into_iter()
                .map(|violation| violation.rule),
        );
    }
    rules.sort_unstable();
    rules.dedup();
    rules
}

/// Plays the tape with one thing changed, and expects `rule` to be among those broken.
#[track_caller]
fn breaks(rule: Rule, change: impl FnOnce(&mut Vec<Step>)) {
    let mut steps = tape().steps;
    change(&mut steps);
    let found = found(&steps);
    assert!(found.contains(&rule), "{rule:?} not among {found:?}");
}

/// The steps in which something like this is published, and where.
fn find(steps: &[Step], wanted: impl Fn(&EventBody) -> bool) -> Vec<(usize, usize)> {
    let mut places = Vec::new();
    for (at, step) in steps.iter().enumerate() {
        for (index, command) in step.commands.iter().enumerate() {
            if matches!(command, Command::Publish(body) if wanted(body)) {
                places.push((at, index));
            }
        }
    }
    places
}

fn body(steps: &mut [Step], (at, index): (usize, usize)) -> &mut EventBody {
    match &mut steps[at].commands[index] {
        Command::Publish(body) => body,
        other => panic!("{other:?}"),
    }
}

fn offered(body: &EventBody) -> bool {
    matches!(body, EventBody::CallOffered { .. })
}

fn ended(body: &EventBody) -> bool {
    matches!(body, EventBody::CallEnded { .. })
}

fn offer_ended(body: &EventBody) -> bool {
    matches!(body, EventBody::OfferEnded { .. })
}

/// Gives the first offer to another agent.
fn offer_to(steps: &mut [Step], number: u128) {
    let place = find(steps, offered)[0];
    if let EventBody::CallOffered { agent: to, .. } = body(steps, place) {
        *to = agent(number);
    }
}

#[test]
fn an_unbroken_tape_breaks_nothing() {
    let tape = tape();
    assert_eq!(found(&tape.steps), []);
    assert_eq!(find(&tape.steps, offered).len(), 3, "calls 1, 2 and 3");
    assert_eq!(find(&tape.steps, ended).len(), 2);
}

#[test]
fn arrivals_and_ends() {
    breaks(Rule::ArrivedOnce, |steps| {
        let (at, index) = find(steps, |b| matches!(b, EventBody::CallArrived { .. }))[0];
        let again = steps[at].commands[index].clone();
        steps[at + 1].commands.push(again);
    });
    breaks(Rule::EndedOnce, |steps| {
        let (at, index) = find(steps, ended)[0];
        let again = steps[at].commands[index].clone();
        steps[at].commands.push(again);
    });
    breaks(Rule::NobodyLost, |steps| {
        let (at, index) = find(steps, ended)[0];
        steps[at].commands.remove(index);
    });
    breaks(Rule::TrueFigures, |steps| {
        let place = find(steps, ended)[1];
        if let EventBody::CallEnded { talk_ms, .. } = body(steps, place) {
            *talk_ms = Some(1);
        }
    });
    breaks(Rule::TrueFigures, |steps| {
        let place = find(steps, |b| matches!(b, EventBody::CallQueued { .. }))[1];
        if let EventBody::CallQueued { position, .. } = body(steps, place) {
            *position += 1;
        }
    });
}

#[test]
fn who_is_offered_what() {
    breaks(Rule::OneCallPerAgent, |steps| {
        let place = find(steps, offered)[1];
        if let EventBody::CallOffered { agent: to, .. } = body(steps, place) {
            *to = agent(1);
        }
    });
    breaks(Rule::OneOfferPerCall, |steps| {
        let (at, index) = find(steps, offered)[0];
        let mut second = steps[at].commands[index].clone();
        if let Command::Publish(EventBody::CallOffered {
            offer, agent: to, ..
        }) = &mut second
        {
            *offer = OfferId(Uuid::from_u128(77));
            *to = agent(2);
        }
        steps[at].commands.push(second);
    });
    breaks(Rule::OnlyAvailable, |steps| offer_to(steps, 3));
    breaks(Rule::OnlyMembers, |steps| offer_to(steps, 4));
    breaks(Rule::BestFirst, |steps| {
        // Agent 3 of penalty 1 is there from the start.
        let at = find(steps, offered)[0].0;
        let available = steps.iter().position(
            |step| matches!(&step.input, Input::StateAsked { agent: who, .. } if *who == agent(3)),
        );
        let step = steps.remove(available.unwrap());
        steps.insert(at, step);
        let place = find(steps, offered)[0];
        if let EventBody::CallOffered {
            agent: to, choice, ..
        } = body(steps, place)
        {
            *to = agent(3);
            choice.first[0].agent = agent(3);
        }
    });
    breaks(Rule::BestFirst, |steps| {
        let place = find(steps, offered)[0];
        if let EventBody::CallOffered { choice, .. } = body(steps, place) {
            choice.first.reverse();
        }
    });
    breaks(Rule::InTurn, |steps| {
        let place = *find(steps, offered).last().unwrap();
        if let EventBody::CallOffered { call: which, .. } = body(steps, place) {
            assert_eq!(*which, call(3));
            *which = call(4);
        }
    });
    breaks(Rule::NobodyIdle, |steps| {
        let (at, index) = find(steps, offered)[0];
        steps[at].commands.truncate(index);
    });
    breaks(Rule::FrozenWithServer, |steps| {
        let at = find(steps, offered)[0].0;
        let now = steps[at].now;
        let (input, commands) = (Input::ServerLost { server: PBX }, Vec::new());
        steps.insert(
            at,
            Step {
                now,
                input,
                commands,
            },
        );
    });
}

#[test]
fn how_offers_ring_and_end() {
    breaks(Rule::OfferEndsOnce, |steps| {
        let (at, index) = find(steps, offer_ended)[0];
        let again = steps[at].commands[index].clone();
        steps[at].commands.push(again);
    });
    breaks(Rule::OfferEndsOnce, |steps| {
        let (at, index) = *find(steps, |b| {
            matches!(
                b,
                EventBody::OfferEnded {
                    result: model::OfferResult::AgentLeft,
                    ..
                }
            )
        })
        .first()
        .unwrap();
        steps[at].commands.remove(index);
    });
    breaks(Rule::RingTime, |steps| {
        let offers = steps.iter_mut().flat_map(|step| &mut step.commands);
        for command in offers {
            if let Command::Offer { timeout, .. } = command {
                *timeout += Duration::from_micros(1);
            }
        }
    });
    breaks(Rule::CommandInPlace, |steps| {
        let (at, index) = find(steps, offered)[0];
        let Command::Publish(EventBody::CallOffered { offer, .. }) = steps[at].commands[index]
        else {
            panic!("an offer");
        };
        steps[at].commands.push(Command::Withdraw { offer });
    });
    breaks(Rule::CommandInPlace, |steps| {
        let at = find(steps, offered)[0].0;
        steps[at].commands.pop();
    });
    breaks(Rule::CommandInPlace, |steps| {
        let at = find(steps, offered)[0].0;
        steps[at].commands.push(Command::HangUp { call: call(1) });
    });
}

#[test]
fn what_agents_are_said_to_be() {
    breaks(Rule::AgentInStep, |steps| {
        let place = find(steps, |b| matches!(b, EventBody::AgentChanged { .. }))[2];
        if let EventBody::AgentChanged { from, .. } = body(steps, place) {
            *from = AgentState::WrapUp;
        }
    });
    breaks(Rule::AgentInStep, |steps| {
        // Said to be busy with a call, without the offer.
        let place = find(
            steps,
            |b| matches!(b, EventBody::AgentChanged { status, .. } if status.state == AgentState::Busy),
        )[0];
        if let EventBody::AgentChanged { status, .. } = body(steps, place) {
            status.offer = None;
        }
    });
}

#[test]
fn views_that_differ_from_what_was_said() {
    let tape = tape();
    let mut checker = Checker::default();
    for step in &tape.steps {
        checker.input(step.now, &step.input);
        step.commands
            .iter()
            .for_each(|command| checker.command(command));
    }
    checker.compare(&tape.acd);
    assert_eq!(checker.settled(), []);
    let mut other = Acd::new(1);
    for step in &tape.steps[..tape.steps.len() - 1] {
        other.handle(step.now, step.input.clone());
        while other.next_command().is_some() {}
    }
    checker.compare(&other);
    let rules: Vec<Rule> = checker.settled().into_iter().map(|v| v.rule).collect();
    assert!(rules.contains(&Rule::ViewsInStep), "{rules:?}");
}
