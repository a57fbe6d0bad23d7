//! Starting: what the centre is made of, and every call that was open when we stopped, back into the engine.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use engine::{
    acd::{Acd as Engine, CallRestored, Input},
    dial,
};
use model::{
    AgentId, Call, CallId, CallState, Direction, Event, EventBody, QueueId, ServerId, Timestamp,
    Trunk,
};
use store::{MAX_PAGE, Store, StoreError};
use tokio::{sync::mpsc, task::JoinHandle};

use super::{
    Acd,
    desk::{Chooser, Desk, Finder, MAILBOX, Mailbox},
    link::Surroundings,
    servers::Servers,
    today::{Today, midnights},
    witness::Witness,
};
use crate::{
    callerid::CallerIds, clock::Clock, journal::Journal, numbers::Numbers, realtime::Realtime,
    stream::Stream,
};

/// The longest day has 25 hours; what is older counts in no figure of today.
const LONGEST_DAY: Duration = Duration::from_hours(25);

/// Everything that runs once the engine does.
pub struct Started {
    pub acd: Acd,
    pub servers: Servers,
    /// Ends when every [`Acd`] and server is gone.
    pub desk: JoinHandle<()>,
}

/// What calls need that go out.
pub struct Outgoing {
    pub caller_ids: CallerIds,
    /// Whether every server is watched for the ends of calls that present one.
    pub watch: bool,
    /// Whether the calls that we place go out with the trunk's own number where none can be presented.
    pub or_trunk_number: bool,
    /// The phones that are set up, some of them on one server alone.
    pub phones: Realtime,
}

/// Brings the engine to where it was and starts its task. The database must be up to date with the journal.
pub async fn start(
    store: &Store,
    clock: Clock,
    journal: Journal,
    stream: Stream,
    numbers: Numbers,
    outgoing: Outgoing,
    witness: Option<Box<dyn Witness>>,
) -> Result<Started, StoreError> {
    let (asks, inbox) = mpsc::channel(MAILBOX);
    let acd = Mailbox(asks.clone());
    let status = journal.status();
    let (_, seed) = clock.id();
    let engine = Engine::new(u64::try_from(seed >> 64).unwrap_or_default());
    let today = Today::default();
    let mut desk = Desk::new(engine, clock.clone(), journal, stream, today, witness);
    desk.choose_by(Chooser {
        caller_ids: outgoing.caller_ids.clone(),
        or_trunk_number: outgoing.or_trunk_number,
        desk: asks.downgrade(),
    });
    let ways = outgoing.phones.ways();
    desk.go_out_from(outgoing.phones);
    desk.find_by(Finder::new(store.clone(), numbers, asks.downgrade()));
    for input in what_the_centre_is(store).await? {
        desk.take(input);
    }
    let trunks = trunks(store).await?;
    let now = clock.now().utc;
    let past = read_past_day(store, now, &mut desk).await?;
    for input in past.turns() {
        desk.take(input);
    }
    for input in agents(store, &past.tallies).await? {
        desk.take(input);
    }
    let open = store.calls().open().await?;
    let talks = open.iter().map(|open| open.call.clone());
    let talks = talks.filter(|call| call.state == CallState::Talking);
    let talks: Vec<Call> = talks.collect();
    let traces = desk.traces();
    for open in open {
        traces.open(open.call.id);
        if open.call.direction == Direction::Outbound {
            desk.dial(dial::Input::Restored(Box::new(open.call)));
            continue;
        }
        let entered_at = past.entered.get(&open.call.id).copied();
        // Nothing is decided for it before its server shows what is left of it.
        desk.take(Input::CallRestored(Box::new(restored(open, entered_at))));
    }
    for call in talks {
        desk.restore_talk(call);
    }
    desk.forget_all_but(&servers(store).await?);
    // What no call holds any more is set free now, not when something happens to happen.
    desk.take(Input::Tick);
    let around = Surroundings {
        acd,
        clock,
        journal: status,
        numbers,
        traces,
    };
    let caller_ids = outgoing.watch.then_some(outgoing.caller_ids);
    let servers = Servers::new(around, ways, caller_ids);
    let desk = tokio::spawn(desk.run(inbox));
    for trunk in trunks {
        servers.follow_trunk(trunk.id, &trunk.name);
    }
    Ok(Started {
        acd: Acd { asks },
        servers,
        desk,
    })
}

async fn trunks(store: &Store) -> Result<Vec<Trunk>, StoreError> {
    let mut trunks: Vec<Trunk> = Vec::new();
    loop {
        let after = trunks.last().map(|trunk| trunk.name.as_str());
        let page = store.trunks().list(after, MAX_PAGE).await?;
        if page.is_empty() {
            return Ok(trunks);
        }
        trunks.extend(page.into_iter().map(|kept| kept.trunk));
    }
}

/// Queues, agents, members, numbers: as inputs.
async fn what_the_centre_is(store: &Store) -> Result<Vec<Input>, StoreError> {
    let mut inputs = Vec::new();
    let mut after: Option<String> = None;
    loop {
        let page = store.queues().list(after.as_deref(), MAX_PAGE).await?;
        let Some(last) = page.last() else { break };
        after = Some(last.name.clone());
        inputs.extend(page.into_iter().map(Input::QueueSet));
    }
    let mut after = None;
    loop {
        let page = store.agents().list(after, MAX_PAGE).await?;
        let Some(last) = page.last() else { break };
        after = Some(last.id);
        inputs.extend(page.into_iter().map(Input::AgentSet));
    }
    let mut after = None;
    loop {
        let page = store.members().list(after, MAX_PAGE).await?;
        let Some(last) = page.last() else { break };
        after = Some((last.queue, last.agent));
        inputs.extend(page.into_iter().map(Input::MemberSet));
    }
    let mut after: Option<String> = None;
    loop {
        let page = store.dids().list(after.as_deref(), MAX_PAGE).await?;
        let Some(last) = page.last() else { break };
        after = Some(last.number.clone());
        inputs.extend(page.into_iter().map(Input::DidSet));
    }
    inputs.push(Input::DefaultQueueSet(
        store.settings().default_queue().await?,
    ));
    Ok(inputs)
}

async fn servers(store: &Store) -> Result<BTreeSet<ServerId>, StoreError> {
    let mut servers = BTreeSet::new();
    let mut after: Option<String> = None;
    loop {
        let page = store.servers().list(after.as_deref(), MAX_PAGE).await?;
        let Some(last) = page.last() else {
            return Ok(servers);
        };
        after = Some(last.name.clone());
        servers.extend(page.iter().map(|server| server.id));
    }
}

/// Every agent's state, with today's answered calls.
async fn agents(store: &Store, tallies: &BTreeMap<AgentId, u32>) -> Result<Vec<Input>, StoreError> {
    let mut inputs = Vec::new();
    let mut after = None;
    loop {
        let page = store.agents().statuses(after, MAX_PAGE).await?;
        let Some((last, _)) = page.last() else { break };
        after = Some(*last);
        inputs.extend(
            page.into_iter()
                .map(|(agent, status)| Input::AgentRestored {
                    agent,
                    status,
                    calls_today: tallies.get(&agent).copied().unwrap_or(0),
                }),
        );
    }
    Ok(inputs)
}

/// What the events of the past day tell and no row does.
#[derive(Default)]
struct Past {
    /// Today's answered calls.
    tallies: BTreeMap<AgentId, u32>,
    /// When a call that has not ended entered the queue that it is in.
    entered: BTreeMap<CallId, Timestamp>,
    /// The number of the event by which an agent was last offered a call of a queue.
    offered: BTreeMap<QueueId, BTreeMap<AgentId, u64>>,
}

/// Reads the past day's events again; the desk counts today's figures of the queues by them.
async fn read_past_day(store: &Store, now: Timestamp, desk: &mut Desk) -> Result<Past, StoreError> {
    let from = Timestamp::from_micros(
        now.as_micros() - i64::try_from(LONGEST_DAY.as_micros()).unwrap_or(0),
    );
    let midnights: BTreeMap<QueueId, Timestamp> = desk
        .queues()
        .map(|queue| (queue.id, midnights(&queue.time_zone, now).0))
        .collect();
    let mut past = Past::default();
    let mut after = store.events().first_since(from).await?.saturating_sub(1);
    loop {
        let page = store.events().after(after, MAX_PAGE).await?;
        let Some(last) = page.last() else { break };
        after = last.seq;
        for event in &page {
            desk.learn(event);
            past.learn(event, &midnights);
        }
    }
    Ok(past)
}

impl Past {
    /// Whose turn it is in each queue.
    fn turns(&self) -> impl Iterator<Item = Input> {
        self.offered.iter().map(|(queue, offered)| {
            let mut agents: Vec<AgentId> = offered.keys().copied().collect();
            agents.sort_by_key(|agent| offered[agent]);
            Input::TurnsRestored {
                queue: *queue,
                agents,
            }
        })
    }

    fn learn(&mut self, event: &Event, midnights: &BTreeMap<QueueId, Timestamp>) {
        match &event.body {
            EventBody::CallQueued { call, .. } | EventBody::CallReturned { call, .. } => {
                self.entered.insert(*call, event.at);
            }
            EventBody::CallEnded { call, .. } => {
                self.entered.remove(call);
            }
            EventBody::CallOffered { queue, agent, .. } => {
                let offered = self.offered.entry(*queue).or_default();
                offered.insert(*agent, event.seq);
            }
            EventBody::CallAnswered { agent, queue, .. }
                if midnights.get(queue).is_some_and(|at| event.at >= *at) =>
            {
                *self.tallies.entry(*agent).or_default() += 1;
            }
            _ => {}
        }
    }
}

fn restored(open: store::OpenCall, entered_at: Option<Timestamp>) -> CallRestored {
    // Of a call that was parked since, the offer that was answered is over.
    let parked = open.call.state != CallState::Talking && open.call.answered_at.is_some();
    let offers = open.offers.iter();
    let offers = offers.filter(|offer| !parked || offer.ended_at.is_none());
    CallRestored {
        offers: offers.map(|offer| (offer.id, offer.agent)).collect(),
        call: open.call,
        entered_at,
    }
}
