//! One day: the clock, what is on its way, and the engine in the middle of it.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, VecDeque};

use engine::acd::{Acd, CallRestored, Command, Input, OfferFailure};
use engine::invariants::{Checker, Totals};
use model::{AgentId, CallId, EventBody, Instant, Now, OfferId, ServerId, Timestamp};
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};

use super::faults::{Faults, LATEST_MICROS};
use super::pbx::Pbx;
use super::people::{Reaction, SECOND};
use super::setup::{Setup, random_start};

/// Arrivals stop after this long; what is open then is played to its end.
pub(super) const DAY: u64 = 600 * SECOND;
/// A day that has not come to rest by then never will.
const DOOMSDAY: u64 = DAY + 7_200 * SECOND;
/// How much of the log a failure shows.
const LOG_LINES: usize = 60;

/// What a day came to.
#[derive(Debug, Clone, Copy, Default)]
pub struct Report {
    pub inputs: u64,
    pub calls: u64,
    pub answered: u64,
    pub abandoned: u64,
    pub offers: u64,
    pub restarts: u64,
}

/// A rule was broken.
#[derive(Debug, Clone)]
pub struct Failure {
    pub seed: u64,
    pub message: String,
    /// The last things that happened, oldest first.
    pub log: Vec<String>,
}

/// What is going to happen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Happening {
    NextCaller,
    GivesUp(CallId),
    TalkEnds(OfferId, bool),
    PhoneReacts(OfferId, Reaction),
    RingsOut(OfferId),
    BridgeBuilt(OfferId),
    /// Reaches the engine, unless it has been restarted since.
    Input(u32, Box<Input>),
    /// An agent thinks about the state to be in.
    Thinks(AgentId),
    Asks(AgentId, model::AgentState),
    Meddles,
    LinkLost(ServerId),
    LinkBack(ServerId, bool),
    Resync(ServerId),
    /// What the journal will have when we are killed a moment later.
    JournalCut,
    Killed,
    Closing,
}

pub(super) struct World {
    pub(super) chance: SmallRng,
    pub(super) faults: Faults,
    pub(super) setup: Setup,
    pub(super) pbx: Pbx,
    pub(super) acd: Acd,
    checker: Checker,
    /// Microseconds since the day began.
    pub(super) at: u64,
    start: Timestamp,
    agenda: BinaryHeap<Reverse<(u64, u64)>>,
    happenings: BTreeMap<u64, Happening>,
    numbers: u64,
    /// Grows with each restart of ours.
    epoch: u32,
    pub(super) down: BTreeSet<ServerId>,
    /// Calls whose end is in the journal.
    pub(super) ended: BTreeSet<CallId>,
    journal: Option<Journal>,
    pub(super) closing: bool,
    report: Report,
    log: VecDeque<String>,
    logging: bool,
    failure: Option<String>,
}

/// What survives a restart of ours.
struct Journal {
    inputs: Vec<Input>,
    ended: BTreeSet<CallId>,
}

/// Plays the day of this seed.
pub fn run_day(seed: u64) -> Result<Report, Box<Failure>> {
    let result = World::new(seed, false).play(seed);
    // The log is written only when it is needed: the day is the same again.
    result.or_else(|_| World::new(seed, true).play(seed))
}

impl World {
    fn new(seed: u64, logging: bool) -> Self {
        let mut chance = SmallRng::seed_from_u64(seed);
        let faults = Faults::random(&mut chance);
        let setup = Setup::random(&mut chance);
        let start = random_start(&mut chance);
        Self {
            acd: Acd::new(chance.random()),
            checker: Checker::default(),
            chance,
            faults,
            setup,
            pbx: Pbx::default(),
            at: 0,
            start,
            agenda: BinaryHeap::new(),
            happenings: BTreeMap::new(),
            numbers: 0,
            epoch: 0,
            down: BTreeSet::new(),
            ended: BTreeSet::new(),
            journal: None,
            closing: false,
            report: Report::default(),
            log: VecDeque::new(),
            logging,
            failure: None,
        }
    }

    fn play(mut self, seed: u64) -> Result<Report, Box<Failure>> {
        self.dawn();
        while self.failure.is_none() {
            let due = self.agenda.peek().map(|Reverse((at, _))| *at);
            let timer = self.acd.poll_timeout().map(|Instant(at)| at - MONO_START);
            match (due, timer) {
                (None, None) => break,
                (Some(due), timer) if timer.is_none_or(|timer| due <= timer) => {
                    self.at = self.at.max(due);
                    self.next_happening();
                }
                (_, Some(timer)) => {
                    self.at = self.at.max(timer);
                    self.handle(Input::Tick);
                }
                (Some(_), None) => {}
            }
            if self.at > DOOMSDAY {
                self.fail("the day does not end".to_owned());
            }
        }
        if self.failure.is_none() {
            self.dusk();
        }
        match self.failure {
            None => Ok(self.report),
            Some(message) => Err(Box::new(Failure {
                seed,
                message,
                log: self.log.into(),
            })),
        }
    }

    /// The engine is set up and the day's happenings are put on the agenda.
    fn dawn(&mut self) {
        for input in self.setup.inputs() {
            self.handle(input);
        }
        self.schedule(0, Happening::NextCaller);
        let agents: Vec<AgentId> = self.setup.agents.keys().copied().collect();
        for agent in agents {
            let at = self.chance.random_range(0..60 * SECOND);
            self.schedule(at, Happening::Thinks(agent));
        }
        for _ in 0..self.faults.changes {
            let at = self.chance.random_range(0..DAY);
            self.schedule(at, Happening::Meddles);
        }
        for _ in 0..self.faults.outages {
            let at = self.chance.random_range(0..DAY);
            let which = self.chance.random_range(0..self.setup.servers.len());
            self.schedule(at, Happening::LinkLost(self.setup.servers[which]));
        }
        for _ in 0..self.faults.crashes {
            let at = self.chance.random_range(0..DAY);
            let lag = self.chance.random_range(0..2 * SECOND);
            self.schedule(at, Happening::JournalCut);
            self.schedule(at + lag, Happening::Killed);
        }
        self.schedule(DAY, Happening::Closing);
    }

    /// Nothing may be left over.
    fn dusk(&mut self) {
        self.checker.compare(&self.acd);
        self.collect();
        let open = self.acd.open_calls();
        let callers = self.pbx.callers.len();
        let legs = self.pbx.legs.len();
        if self.failure.is_none() && (open, callers, legs) != (0, 0, 0) {
            self.fail(format!(
                "left over: {open} calls, {callers} callers, {legs} legs"
            ));
        }
        self.add_totals();
    }

    fn add_totals(&mut self) {
        let Totals {
            answered,
            abandoned,
            offers,
            refused,
            ..
        } = self.checker.totals();
        self.report.calls += answered + abandoned + refused;
        self.report.answered += answered;
        self.report.abandoned += abandoned;
        self.report.offers += offers;
    }

    pub(super) fn schedule(&mut self, at: u64, happening: Happening) {
        self.numbers += 1;
        self.agenda.push(Reverse((at, self.numbers)));
        self.happenings.insert(self.numbers, happening);
    }

    pub(super) fn soon(&mut self, delay: u64, happening: Happening) {
        self.schedule(self.at + delay, happening);
    }

    fn next_happening(&mut self) {
        let Some(Reverse((_, number))) = self.agenda.pop() else {
            return;
        };
        let Some(happening) = self.happenings.remove(&number) else {
            return;
        };
        if self.logging {
            self.note(&format!("{happening:?}"));
        }
        match happening {
            Happening::Input(epoch, input) => {
                if epoch == self.epoch {
                    self.handle(*input);
                }
            }
            Happening::JournalCut => {
                self.journal = Some(Journal {
                    inputs: self.restore_inputs(),
                    ended: self.ended.clone(),
                });
            }
            Happening::Killed => self.killed(),
            Happening::Closing => self.close(),
            other => self.happens(&other),
        }
    }

    /// No more callers, no more faults; every server is seen again until all has come to rest.
    fn close(&mut self) {
        self.closing = true;
        self.faults = Faults::none();
        let servers = self.setup.servers.clone();
        for server in servers {
            for round in 1..=3 {
                self.soon(
                    round * 2 * LATEST_MICROS,
                    Happening::LinkBack(server, false),
                );
            }
        }
    }

    pub(super) fn now(&self) -> Now {
        Now {
            mono: Instant(MONO_START + self.at),
            utc: self.start.after(std::time::Duration::from_micros(self.at)),
        }
    }

    /// One step of the engine, watched.
    pub(super) fn handle(&mut self, input: Input) {
        let now = self.now();
        self.report.inputs += 1;
        if self.logging {
            self.note(&format!("→ {input:?}"));
        }
        self.checker.input(now, &input);
        self.acd.handle(now, input);
        while let Some(command) = self.acd.next_command() {
            if self.logging {
                self.note(&format!("  ← {command:?}"));
            }
            self.checker.command(&command);
            if let Command::Publish(EventBody::CallEnded { call, .. }) = &command {
                self.ended.insert(*call);
            }
            self.execute(&command);
        }
        if self.report.inputs.is_multiple_of(64) {
            self.checker.compare(&self.acd);
        }
        self.collect();
    }

    fn collect(&mut self) {
        let found = self.checker.settled();
        if let Some(first) = found.first() {
            let more = found.len() - 1;
            self.fail(format!("{first} (and {more} more)"));
        }
    }

    fn fail(&mut self, message: String) {
        self.failure.get_or_insert(message);
    }

    fn note(&mut self, line: &str) {
        if self.log.len() == LOG_LINES {
            self.log.pop_front();
        }
        self.log.push_back(format!("{:>13} {line}", self.at));
    }

    /// What the journal would give a new engine now.
    fn restore_inputs(&self) -> Vec<Input> {
        let mut offers: BTreeMap<CallId, Vec<(OfferId, AgentId)>> = BTreeMap::new();
        for (offer, call, agent) in self.acd.offers() {
            offers.entry(call).or_default().push((offer, agent));
        }
        let calls = self.acd.calls().map(|call| {
            Input::CallRestored(Box::new(CallRestored {
                call: call.clone(),
                offers: offers.remove(&call.id).unwrap_or_default(),
                entered_at: self.acd.entered_at(call.id),
            }))
        });
        let mut inputs: Vec<Input> = calls.collect();
        let agents = self.acd.agents().map(|view| Input::AgentRestored {
            agent: view.agent.id,
            status: view.status.clone(),
            calls_today: view.calls_today,
        });
        inputs.extend(agents);
        inputs
    }

    /// Our process dies and starts again with what the journal had.
    fn killed(&mut self) {
        let Some(journal) = self.journal.take() else {
            return;
        };
        self.add_totals();
        self.report.restarts += 1;
        self.epoch += 1;
        self.ended = journal.ended;
        self.acd = Acd::new(self.chance.random());
        self.checker = Checker::default();
        for input in self.setup.inputs().into_iter().chain(journal.inputs) {
            self.handle(input);
        }
        for server in self.setup.servers.clone() {
            self.down.insert(server);
            self.handle(Input::ServerLost { server });
            let back = self.chance.random_range(SECOND..5 * SECOND);
            self.soon(back, Happening::LinkBack(server, false));
        }
    }

    /// Something the engine is to be told, by way of a wire that may do anything to it.
    pub(super) fn tell(&mut self, server: Option<ServerId>, input: Input) {
        if let Some(server) = server {
            if self.down.contains(&server) {
                return;
            }
            if self.chance.random_bool(self.faults.lost) {
                // An overflow is noticed: everything is looked at again a little later.
                self.soon(LATEST_MICROS + SECOND, Happening::Resync(server));
                return;
            }
        }
        if self.chance.random_bool(self.faults.doubled) {
            let delay = self.chance.random_range(0..LATEST_MICROS);
            self.soon(delay, Happening::Input(self.epoch, Box::new(input.clone())));
        }
        let delay = if self.chance.random_bool(self.faults.late) {
            self.chance.random_range(0..LATEST_MICROS)
        } else {
            1_000
        };
        self.soon(delay, Happening::Input(self.epoch, Box::new(input)));
    }

    pub(super) fn tell_failed(&mut self, server: ServerId, offer: OfferId, why: OfferFailure) {
        self.tell(Some(server), Input::OfferFailed { offer, why });
    }
}

/// The monotonic clock does not start with the day.
const MONO_START: u64 = 5 * SECOND;
