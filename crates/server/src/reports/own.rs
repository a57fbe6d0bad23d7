//! Reports over our own log: callers in queues, agents at work.

use std::collections::{BTreeMap, BTreeSet};

use engine::stats::{QueueCounts, TooMany, Visits};
use model::{AgentId, AgentState, CallId, Event, EventBody, OfferResult, QueueId, Timestamp};
use store::{AgentInterval, CallCursor, CallFilter, Store, StoreError};

use super::{
    MAX_ROWS, Unmade,
    facts::{Facts, Figures, Place},
    question::Asked,
    records::columns,
    report::{Cell, Column},
};

/// The most events, offers or stretches that are read at once.
const STEP: u32 = store::MAX_PAGE;
/// How long callers are in line at most, in seconds: who waits longer and overflows then is taken for one who did not.
const IN_LINE: i64 = 86_400;
/// Wrap-up is looked for until so long after the period, in seconds.
const WRAP_UP_UNTIL: i64 = 86_400;

/// Columns of figures of queues, and their formulas.
const QUEUE_FIGURES: [(&str, &str); 26] = [
    ("entered", "N"),
    ("answered", "A"),
    ("abandoned", "B"),
    ("left", "R"),
    ("waiting", "WAITING"),
    ("left_max_wait", "R-WAIT"),
    ("left_full", "R-FULL"),
    ("left_no_agents", "R-AGENTS"),
    ("left_key_pressed", "R-KEY"),
    ("left_other", "R-OTHER"),
    ("blocked", "BLOCKED"),
    ("sl1", "SL-1"),
    ("sl2", "SL-2"),
    ("sl3", "SL-3"),
    ("sl4", "SL-4"),
    ("sl5", "SL-5"),
    ("asa_ms", "ASA"),
    ("wait_ms", "AWT"),
    ("abandon_rate", "ABR"),
    ("abandon_rate_without_short", "ABR-S"),
    ("time_to_abandon_ms", "ATA"),
    ("longest_wait_ms", "LWT"),
    ("answer_rate", "QAR"),
    ("talk_ms", "TT"),
    ("wrap_up_ms", "WT"),
    ("aht_ms", "AHT"),
];

/// In the order of [`QUEUE_FIGURES`].
fn queue_cells(of: &QueueCounts) -> Vec<Cell> {
    let (a, b) = (of.answered, of.abandoned);
    let (in_time, gave_up, short) = (
        of.answered_in_time,
        of.abandoned_in_time,
        of.abandoned_short,
    );
    let waits = of.answered_wait_ms + of.abandoned_wait_ms + of.left_wait_ms;
    vec![
        Cell::Count(of.entered),
        Cell::Count(a),
        Cell::Count(b),
        Cell::Count(of.left),
        Cell::Count(of.waiting),
        Cell::Count(of.left_for.max_wait),
        Cell::Count(of.left_for.full),
        Cell::Count(of.left_for.no_agents),
        Cell::Count(of.left_for.key_pressed),
        Cell::Count(of.left_for.other),
        Cell::Count(of.blocked),
        Cell::ratio(in_time, a + b),
        Cell::ratio(in_time + gave_up, a + b),
        Cell::ratio(in_time, a),
        Cell::ratio(in_time, a + b - gave_up),
        Cell::ratio(in_time, a + b - short),
        Cell::quotient(of.answered_wait_ms, a),
        Cell::quotient(waits, a + b + of.left),
        Cell::ratio(b, a + b),
        Cell::ratio(b - short, a + b - short),
        Cell::quotient(of.abandoned_wait_ms, b),
        Cell::Count(of.longest_wait_ms),
        Cell::ratio(a, of.entered + of.blocked),
        Cell::Count(of.talk_ms),
        Cell::Count(of.wrap_up_ms),
        Cell::quotient(of.talk_ms + of.wrap_up_ms, a),
    ]
}

/// Columns of figures of agents, and their formulas.
const AGENT_FIGURES: [(&str, &str); 16] = [
    ("offers", "OFFERS"),
    ("handled", "HANDLED"),
    ("missed", "MISSED"),
    ("declined", "DECLINED"),
    ("offer_answer_rate", "OAR"),
    ("staffed_ms", "STAFFED"),
    ("talk_ms", "A-TT"),
    ("ring_ms", "A-RT"),
    ("wrap_up_ms", "A-WT"),
    ("idle_ms", "A-IT"),
    ("pause_ms", "A-PT"),
    ("aht_ms", "A-AHT"),
    ("att_ms", "A-ATT"),
    ("occupancy", "OCC"),
    ("utilisation", "UTIL"),
    ("availability", "AVAIL"),
];

/// Of one agent. Times in milliseconds.
#[derive(Debug, Clone, Copy, Default)]
struct AgentCounts {
    offers: i64,
    handled: i64,
    missed: i64,
    declined: i64,
    talk: i64,
    ring: i64,
    wrap_up: i64,
    idle: i64,
    pause: i64,
}

impl AgentCounts {
    fn spent(&mut self, state: AgentState, ms: i64) {
        match state {
            AgentState::Offline => {}
            AgentState::Available => self.idle += ms,
            AgentState::Break | AgentState::NoAnswer => self.pause += ms,
            AgentState::Ringing => self.ring += ms,
            AgentState::Busy => self.talk += ms,
            AgentState::WrapUp => self.wrap_up += ms,
        }
    }

    fn offered(&mut self, result: Option<OfferResult>) {
        self.offers += 1;
        match result {
            Some(OfferResult::Answered) => self.handled += 1,
            Some(OfferResult::Missed) => self.missed += 1,
            Some(OfferResult::Declined) => self.declined += 1,
            _ => {}
        }
    }

    fn add(&mut self, other: &Self) {
        self.offers += other.offers;
        self.handled += other.handled;
        self.missed += other.missed;
        self.declined += other.declined;
        self.talk += other.talk;
        self.ring += other.ring;
        self.wrap_up += other.wrap_up;
        self.idle += other.idle;
        self.pause += other.pause;
    }

    /// In the order of [`AGENT_FIGURES`].
    fn cells(&self) -> Vec<Cell> {
        let busy = self.talk + self.wrap_up;
        let staffed = busy + self.ring + self.idle + self.pause;
        let on_duty = busy + self.ring + self.idle;
        vec![
            Cell::Count(self.offers),
            Cell::Count(self.handled),
            Cell::Count(self.missed),
            Cell::Count(self.declined),
            Cell::ratio(self.handled, self.offers),
            Cell::Count(staffed),
            Cell::Count(self.talk),
            Cell::Count(self.ring),
            Cell::Count(self.wrap_up),
            Cell::Count(self.idle),
            Cell::Count(self.pause),
            Cell::quotient(busy, self.handled),
            Cell::quotient(self.talk, self.handled),
            Cell::quotient(busy + self.ring, on_duty),
            Cell::quotient(busy, staffed),
            Cell::quotient(self.idle, staffed),
        ]
    }
}

/// A report by queue.
pub(super) async fn queues(store: &Store, asked: &Asked, borders: &[i64]) -> Result<Facts, Unmade> {
    let thresholds = asked.thresholds;
    let mut visits = Visits::new(
        borders
            .iter()
            .copied()
            .map(Timestamp::from_second)
            .collect(),
        thresholds,
    );
    let (from, until) = (borders[0], borders[borders.len() - 1]);
    read_calls(store, &mut visits, (from, until)).await?;
    read_wrap_up(store, &mut visits, (from, until)).await?;
    let names = queue_names(store).await?;
    let counted = visits.finish();
    let mut facts = Facts {
        keys: vec![Column::text("queue", "Queue")],
        labels: vec![Column::text("name", "Name")],
        figures: columns(&QUEUE_FIGURES),
        nothing: queue_cells(&QueueCounts::default()),
        notes: vec![
            "Hold time is not told from talk time.".to_owned(),
            format!(
                "Answered within {} s is in time, abandoned within {} s is short.",
                thresholds.service_level_seconds, thresholds.short_abandon_seconds
            ),
        ],
        ..Facts::default()
    };
    let mut total = QueueCounts::default();
    for ((queue, interval), counts) in counted {
        let key = vec![queue.to_string()];
        if !asked.wants(&key, names.get(&queue)) {
            continue;
        }
        total += counts;
        let name = names.get(&queue).cloned().unwrap_or_default();
        facts.names.insert(key.clone(), vec![name]);
        let figures = Figures {
            weight: counts.entered,
            cells: queue_cells(&counts),
        };
        facts.rows.insert(Place { interval, key }, figures);
    }
    facts.total = queue_cells(&total);
    bounded(facts)
}

fn bounded(facts: Facts) -> Result<Facts, Unmade> {
    if facts.rows.len() > MAX_ROWS {
        return Err(Unmade::Count(TooMany(MAX_ROWS).into()));
    }
    Ok(facts)
}

/// Takes in all calls that were in a queue from `from` until before `until`.
async fn read_calls(
    store: &Store,
    visits: &mut Visits,
    (from, until): (i64, i64),
) -> Result<(), StoreError> {
    let wandered = wandered(store, (from, until)).await?;
    for call in &wandered {
        visits.take_story(&story(store, *call).await?);
    }
    let calls = store.calls();
    let filter = CallFilter {
        from: Some(Timestamp::from_second(from - IN_LINE)),
        to: Some(Timestamp::from_second(until)),
        ..CallFilter::default()
    };
    let mut after: Option<CallCursor> = None;
    loop {
        let page = calls.page(&filter, after, STEP).await?;
        after = page.last().map(CallCursor::from);
        for call in page.iter().filter(|call| !wandered.contains(&call.id)) {
            visits.take(call);
        }
        if page.len() < STEP as usize {
            return Ok(());
        }
    }
}

/// Calls that overflowed into another queue around that time: the log has only their last one, their events have all.
async fn wandered(
    store: &Store,
    (from, until): (i64, i64),
) -> Result<BTreeSet<CallId>, StoreError> {
    let events = store.events();
    let mut last = events
        .last_before(Timestamp::from_second(from - IN_LINE))
        .await?;
    let end = events
        .last_before(Timestamp::from_second(until + IN_LINE))
        .await?;
    let mut wandered = BTreeSet::new();
    while last < end {
        let page = events.of_kind("call_queued", (last, end), STEP).await?;
        for event in &page {
            if let EventBody::CallQueued {
                call,
                overflow_reason: Some(_),
                ..
            } = event.body
            {
                wandered.insert(call);
            }
        }
        match page.last() {
            Some(event) if page.len() == STEP as usize => last = event.seq,
            _ => break,
        }
    }
    Ok(wandered)
}

async fn story(store: &Store, call: CallId) -> Result<Vec<Event>, StoreError> {
    let events = store.events();
    let mut story: Vec<Event> = Vec::new();
    loop {
        let last = story.last().map_or(0, |event| event.seq);
        let page = events.of_call(call, last, STEP).await?;
        let is_last = page.len() < STEP as usize;
        story.extend(page);
        if is_last {
            return Ok(story);
        }
    }
}

async fn read_wrap_up(
    store: &Store,
    visits: &mut Visits,
    (from, until): (i64, i64),
) -> Result<(), StoreError> {
    let until = until + WRAP_UP_UNTIL;
    for agent in agents(store).await?.keys() {
        each_stretch(
            store,
            *agent,
            (Timestamp::from_second(from), Timestamp::from_second(until)),
            |stretch| {
                if let (AgentState::WrapUp, Some(call), Some(ended_at)) =
                    (stretch.state, stretch.call, stretch.ended_at)
                {
                    visits.wrapped_up(call, ms(stretch.started_at, ended_at));
                }
            },
        )
        .await?;
    }
    Ok(())
}

/// A report by agent.
pub(super) async fn agents_at_work(
    store: &Store,
    asked: &Asked,
    borders: &[i64],
    now: Timestamp,
) -> Result<Facts, Unmade> {
    let borders: Vec<Timestamp> = borders
        .iter()
        .copied()
        .map(Timestamp::from_second)
        .collect();
    let mut facts = Facts {
        keys: vec![Column::text("agent", "Agent")],
        labels: vec![
            Column::text("name", "Name"),
            Column::text("extension", "Extension"),
        ],
        figures: columns(&AGENT_FIGURES),
        nothing: AgentCounts::default().cells(),
        notes: vec!["Hold time is not told from talk time.".to_owned()],
        ..Facts::default()
    };
    let mut total = AgentCounts::default();
    for (agent, (name, extension)) in agents(store).await? {
        let key = vec![agent.to_string()];
        if !asked.wants(&key, Some(&name)) && !asked.wants(&key, Some(&extension)) {
            continue;
        }
        let counted = agent_counts(store, agent, &borders, now).await?;
        for (interval, counts) in counted {
            total.add(&counts);
            let figures = Figures {
                weight: counts.handled,
                cells: counts.cells(),
            };
            let key = key.clone();
            facts.rows.insert(Place { interval, key }, figures);
        }
        facts.names.insert(key, vec![name, extension]);
        facts = bounded(facts)?;
    }
    facts.total = total.cells();
    Ok(facts)
}

/// What one agent did, by interval. Time is cut at the borders; an offer counts where it was made.
async fn agent_counts(
    store: &Store,
    agent: AgentId,
    borders: &[Timestamp],
    now: Timestamp,
) -> Result<BTreeMap<u32, AgentCounts>, StoreError> {
    let mut counted: BTreeMap<u32, AgentCounts> = BTreeMap::new();
    let range = (borders[0], borders[borders.len() - 1]);
    each_stretch(store, agent, range, |stretch| {
        let (from, until) = (
            stretch.started_at.max(range.0),
            stretch.ended_at.unwrap_or(now).min(range.1),
        );
        let mut at = from;
        while at < until && stretch.state != AgentState::Offline {
            let next = borders.partition_point(|border| *border <= at);
            let end = until.min(borders[next]);
            let interval = u32::try_from(next - 1).unwrap_or(u32::MAX);
            let counts = counted.entry(interval).or_default();
            counts.spent(stretch.state, ms(at, end));
            at = end;
        }
    })
    .await?;
    let offers = store.offers();
    let mut after = None;
    loop {
        let page = offers.of_agent(agent, range, after, STEP).await?;
        for offer in &page {
            let next = borders.partition_point(|border| *border <= offer.made_at);
            let interval = u32::try_from(next - 1).unwrap_or(u32::MAX);
            counted.entry(interval).or_default().offered(offer.result);
        }
        match page.last() {
            Some(last) if page.len() == STEP as usize => after = Some((last.made_at, last.id)),
            _ => return Ok(counted),
        }
    }
}

async fn each_stretch(
    store: &Store,
    agent: AgentId,
    range: (Timestamp, Timestamp),
    mut take: impl FnMut(&AgentInterval),
) -> Result<(), StoreError> {
    let states = store.agent_states();
    let mut after = None;
    loop {
        let page = states.of_agent(agent, range, after, STEP).await?;
        page.iter().for_each(&mut take);
        match page.last() {
            Some(last) if page.len() == STEP as usize => after = Some(last.seq),
            _ => return Ok(()),
        }
    }
}

/// All agents: name and extension.
async fn agents(store: &Store) -> Result<BTreeMap<AgentId, (String, String)>, StoreError> {
    let mut all = BTreeMap::new();
    let mut after = None;
    loop {
        let page = store.agents().list(after, STEP).await?;
        after = page.last().map(|agent| agent.id);
        let is_last = page.len() < STEP as usize;
        all.extend(
            page.into_iter()
                .map(|agent| (agent.id, (agent.name, agent.extension))),
        );
        if is_last {
            return Ok(all);
        }
    }
}

async fn queue_names(store: &Store) -> Result<BTreeMap<QueueId, String>, StoreError> {
    let mut all = BTreeMap::new();
    let mut after: Option<String> = None;
    loop {
        let page = store.queues().list(after.as_deref(), STEP).await?;
        after = page.last().map(|queue| queue.name.clone());
        let is_last = page.len() < STEP as usize;
        all.extend(page.into_iter().map(|queue| (queue.id, queue.name)));
        if is_last {
            return Ok(all);
        }
    }
}

fn ms(from: Timestamp, until: Timestamp) -> i64 {
    i64::try_from(until.since(from).as_millis()).unwrap_or(i64::MAX)
}
