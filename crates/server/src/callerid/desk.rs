//! The task that owns the allocator: questions are taken as many as there are, decided, written down together, answered.

mod foreign;

use std::collections::HashMap;

use cluster::Chosen;
use engine::callerid::{
    Allocation, Allocator, Asked, Command, Explanation, Input, Refusal, Release, Restored, Usage,
};
use model::{CallerIdKey, E164, Now, ReservationId};
use tokio::{
    sync::{mpsc, oneshot, watch},
    task::JoinHandle,
    time::{Duration, MissedTickBehavior},
};

pub(super) use self::foreign::Foreign;
use super::power::Power;
use super::record::{Body, Counts, Record};
use super::{BATCH, Durability, Question, Refused, Shown, Totals};
use crate::{clock::Clock, journal::Journal};

/// How often the ledger is brought to the disk when answers do not wait for it, and tried again where the disk refused it.
const SYNC_EVERY: Duration = Duration::from_millis(100);

/// The most uses of one number that are answered before the disk has to have them.
const UNSYNCED: u32 = 4;
/// The most uses of one number that a loss of power can make us forget: of this sync, and of the one that is running.
pub(super) const AT_RISK: u32 = 2 * UNSYNCED;

/// From here on, as a share of its room, the ledger makes the desk pause, so that the database catches up …
const CROWDED: f64 = 0.5;
/// … for up to so long after each batch of questions, when the ledger is full.
const LONGEST_PAUSE: Duration = Duration::from_millis(20);

/// What the desk is asked to do.
pub(super) enum Ask {
    Next {
        question: Question,
        reply: oneshot::Sender<Result<Box<Allocation>, Refused>>,
    },
    /// Write down what was decided elsewhere.
    Adopt {
        chosen: Chosen,
        reply: oneshot::Sender<Result<Box<Allocation>, Refused>>,
    },
    /// How often these numbers were used here.
    Usages {
        keys: Vec<CallerIdKey>,
        reply: oneshot::Sender<Vec<Usage>>,
    },
    /// How often numbers that stand in other nodes' tables only were used here.
    ForeignUsages(oneshot::Sender<Vec<(E164, Usage)>>),
    /// The digits of those that are known.
    Numbers {
        keys: Vec<CallerIdKey>,
        reply: oneshot::Sender<Vec<E164>>,
    },
    Release {
        reservation: ReservationId,
        why: Release,
        reply: oneshot::Sender<bool>,
    },
    ReleaseNumber {
        number: E164,
        reply: oneshot::Sender<usize>,
    },
    Tell(Vec<Input>),
    Explain {
        question: Question,
        reply: oneshot::Sender<Explanation>,
    },
    Show {
        keys: Vec<CallerIdKey>,
        reply: oneshot::Sender<Vec<Option<Shown>>>,
    },
    Reservations {
        limit: usize,
        reply: oneshot::Sender<Vec<Restored>>,
    },
    Totals(oneshot::Sender<Totals>),
}

impl std::fmt::Debug for Ask {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Ask")
    }
}

/// The allocator and what surrounds it.
pub(super) struct Desk {
    allocator: Allocator,
    clock: Clock,
    ledger: Journal<Record>,
    durability: Durability,
    power: Power,
    /// Whether there is any number at all.
    any: watch::Sender<bool>,
    syncing: Option<JoinHandle<()>>,
    /// By number: uses that no sync has begun to bring to the disk.
    unsynced: HashMap<CallerIdKey, u32>,
    /// Numbers that stand in other nodes' tables only.
    foreign: HashMap<CallerIdKey, Foreign>,
    /// Whether one of them is over [`UNSYNCED`].
    must_sync: bool,
    /// Why the questions at hand are refused, if they are.
    refuses: Option<Refused>,
    /// What the questions at hand brought about, not written yet.
    unwritten: Vec<(CallerIdKey, Option<Counts>, Body)>,
    /// Answers that wait for it.
    answers: Vec<Answer>,
}

/// A question's answer, which may leave once it is written down.
struct Answer {
    reply: oneshot::Sender<Result<Box<Allocation>, Refused>>,
    answer: Result<Box<Allocation>, Refused>,
}

impl Desk {
    pub(super) fn new(
        allocator: Allocator,
        foreign: HashMap<CallerIdKey, Foreign>,
        clock: Clock,
        ledger: Journal<Record>,
        durability: Durability,
        power: Power,
        any: watch::Sender<bool>,
    ) -> Self {
        Self {
            any,
            foreign,
            allocator,
            clock,
            ledger,
            durability,
            power,
            syncing: None,
            unsynced: HashMap::new(),
            must_sync: false,
            refuses: None,
            unwritten: Vec::new(),
            answers: Vec::new(),
        }
    }

    /// Takes what is asked until every asker is gone.
    pub(super) async fn run(mut self, mut asks: mpsc::Receiver<Ask>) {
        let mut sync = tokio::time::interval(SYNC_EVERY);
        sync.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut batch = Vec::with_capacity(BATCH);
        loop {
            self.tell_whether_any();
            let deadline = self.deadline();
            tokio::select! {
                taken = asks.recv_many(&mut batch, BATCH) => {
                    if taken == 0 {
                        break;
                    }
                    gather(&mut asks, &mut batch).await;
                    let now = self.clock.now();
                    self.refuses = self.trouble();
                    for ask in batch.drain(..) {
                        self.take(now, ask);
                    }
                }
                () = deadline => self.handle(self.clock.now(), Input::Tick),
                _ = sync.tick() => self.sync_behind(),
            }
            self.write_down().await;
            self.let_the_database_catch_up().await;
        }
        self.write_down().await;
        self.ledger.flush();
        self.sync_now().await;
        let status = self.ledger.status().get();
        if status.unwritten == 0 && status.sync_error.is_none() {
            self.power.end();
        }
    }

    fn tell_whether_any(&self) {
        let any = self.allocator.counts().total() > 0;
        self.any
            .send_if_modified(|before| std::mem::replace(before, any) != any);
    }

    /// When the allocator wants to be woken.
    fn deadline(&self) -> impl Future<Output = ()> + use<> {
        let at = self.allocator.poll_timeout();
        let at = at.map(|at| self.clock.tokio_instant(at));
        async move {
            match at {
                Some(at) => tokio::time::sleep_until(at).await,
                None => std::future::pending().await,
            }
        }
    }

    fn take(&mut self, now: Now, ask: Ask) {
        match ask {
            Ask::Next { question, reply } => {
                let answer = self.next(now, question);
                self.answers.push(Answer { reply, answer });
            }
            Ask::Adopt { chosen, reply } => self.adopt(now, chosen, reply),
            Ask::Usages { keys, reply } => {
                let usage = |key| self.allocator.usage(key).unwrap_or_default();
                let _ = reply.send(keys.into_iter().map(usage).collect());
            }
            Ask::ForeignUsages(reply) => {
                let _ = reply.send(self.foreign_usages());
            }
            Ask::Numbers { keys, reply } => {
                let number = |key| self.allocator.e164(key);
                let _ = reply.send(keys.into_iter().filter_map(number).collect());
            }
            Ask::Release {
                reservation,
                why,
                reply,
            } => {
                let known = match why {
                    Release::CallEnded(_) => self.allocator.awaits(reservation),
                    _ => self.allocator.reservation(reservation).is_some(),
                };
                self.handle(now, Input::Released { reservation, why });
                let _ = reply.send(known);
            }
            Ask::ReleaseNumber { number, reply } => {
                let open = self.allocator.key(number).map(|key| self.open(key));
                let open = open.unwrap_or_default();
                for what in &open {
                    let reservation = what.id;
                    let why = Release::Deleted;
                    self.handle(now, Input::Released { reservation, why });
                }
                let _ = reply.send(open.len());
            }
            Ask::Tell(inputs) => {
                for input in inputs {
                    match input {
                        Input::NumberSet(said) => self.number_set(now, said),
                        input => self.handle(now, input),
                    }
                }
            }
            Ask::Explain { question, reply } => {
                self.handle(now, Input::Tick);
                let _ = reply.send(self.allocator.explain(&asked(question)));
            }
            Ask::Show { keys, reply } => {
                self.handle(now, Input::Tick);
                let _ = reply.send(keys.into_iter().map(|key| self.shown(key)).collect());
            }
            Ask::Reservations { limit, reply } => {
                self.handle(now, Input::Tick);
                let open = self.allocator.reservations().take(limit);
                let _ = reply.send(open.cloned().collect());
            }
            Ask::Totals(reply) => {
                self.handle(now, Input::Tick);
                let _ = reply.send(Totals {
                    numbers: self.allocator.counts(),
                    reservations: self.allocator.open(),
                });
            }
        }
    }

    fn open(&self, key: CallerIdKey) -> Vec<Restored> {
        self.allocator.reservations_of(key).cloned().collect()
    }

    fn shown(&self, key: CallerIdKey) -> Option<Shown> {
        Some(Shown {
            number: self.allocator.e164(key)?,
            state: self.allocator.number(key)?,
            reservations: self.open(key),
        })
    }

    fn next(&mut self, now: Now, question: Question) -> Result<Box<Allocation>, Refused> {
        if let Some(refused) = &self.refuses {
            return Err(refused.clone());
        }
        self.allocator.handle(now, Input::Asked(asked(question)));
        let mut answer = Err(Refused::Stopping);
        while let Some(command) = self.allocator.next_command() {
            match command {
                Command::Present(allocation) => {
                    let key = allocation.reservation.key;
                    self.note(key, Body::from(&*allocation));
                    let uses = self.unsynced.entry(key).or_default();
                    *uses += 1;
                    self.must_sync |= *uses > UNSYNCED;
                    answer = Ok(allocation);
                }
                Command::Refuse { why, .. } => {
                    count_refusal(&why);
                    answer = Err(Refused::Engine(why));
                }
                over => self.note_end(&over),
            }
        }
        answer
    }

    /// What is decided elsewhere names the number as whoever told of it does.
    fn adopt(
        &mut self,
        now: Now,
        chosen: Chosen,
        reply: oneshot::Sender<Result<Box<Allocation>, Refused>>,
    ) {
        if let Some(refused) = &self.refuses {
            let answer = Err(refused.clone());
            self.answers.push(Answer { reply, answer });
            return;
        }
        let mut allocation = chosen.allocation;
        if let Some(key) = self.known(now, &allocation.reservation, &chosen.time_zone) {
            allocation.reservation.key = key;
            self.handle(now, Input::Adopted(allocation.reservation.clone()));
            self.note(key, Body::from(&*allocation));
        }
        let answer = Ok(allocation);
        self.answers.push(Answer { reply, answer });
    }

    fn handle(&mut self, now: Now, input: Input) {
        self.allocator.handle(now, input);
        while let Some(command) = self.allocator.next_command() {
            self.note_end(&command);
        }
    }

    fn note_end(&mut self, command: &Command) {
        match command {
            Command::End(ended) => self.note(ended.key, Body::ended(ended)),
            Command::Outlasted(ended) => {
                if let Some(body) = Body::outlasted(ended) {
                    self.note(ended.key, body);
                }
            }
            Command::Present(_) | Command::Refuse { .. } => {}
        }
    }

    fn note(&mut self, key: CallerIdKey, body: Body) {
        // A number that was removed has ends, and no counts any more.
        let usage = self.allocator.usage(key).filter(|_| body.counts());
        let counts = usage.map(|usage| {
            let mut counts = Counts::from(usage);
            counts.foreign = self.foreign.get(&key).cloned();
            counts
        });
        self.unwritten.push((key, counts, body));
    }

    /// Writes down what was decided, then lets the answers go.
    async fn write_down(&mut self) {
        if !self.unwritten.is_empty() {
            let at = self.clock.now().utc;
            self.ledger.append(at, self.unwritten.drain(..));
            if self.durability == Durability::Strict || self.must_sync {
                self.sync_now().await;
            }
            if let Some(refused @ Refused::Unwritten(_)) = self.trouble() {
                self.take_back(&refused);
            }
        }
        let (mut presented, mut given_back) = (0, Vec::new());
        for Answer { reply, answer } in self.answers.drain(..) {
            let given = answer.is_ok();
            match reply.send(answer) {
                Ok(()) if given => presented += 1,
                // Who asked is gone: nobody presents it.
                Err(Ok(allocation)) => given_back.push(allocation.reservation.id),
                _ => {}
            }
        }
        if presented > 0 {
            metrics::counter!("cordboard_caller_ids_presented_total").increment(presented);
        }
        for reservation in given_back {
            let (now, why) = (self.clock.now(), Release::Deleted);
            self.handle(now, Input::Released { reservation, why });
        }
    }

    /// Why what is decided now could be forgotten, or would not find room.
    fn trouble(&self) -> Option<Refused> {
        let status = self.ledger.status().get();
        let unsynced = status
            .sync_error
            .filter(|_| self.durability == Durability::Strict || self.must_sync);
        let unwritten = status.write_error.or(unsynced).map(Refused::Unwritten);
        unwritten.or_else(|| (self.ledger.status().fill() >= 1.0).then_some(Refused::Full))
    }

    /// The database works with the time that answers leave. When it falls far behind, answers wait for it a little: the
    /// longer, the nearer the ledger is to its bound, where there are none any more.
    async fn let_the_database_catch_up(&self) {
        let crowded = (self.ledger.status().fill() - CROWDED) / (1.0 - CROWDED);
        if crowded > 0.0 {
            tokio::time::sleep(LONGEST_PAUSE.mul_f64(crowded.min(1.0))).await;
        }
    }

    /// A number that is not written down is not presented: after a crash nobody would know of the call.
    fn take_back(&mut self, refused: &Refused) {
        let now = self.clock.now();
        for index in 0..self.answers.len() {
            if let Ok(allocation) = &self.answers[index].answer {
                let reservation = allocation.reservation.id;
                let why = Release::Deleted;
                self.handle(now, Input::Released { reservation, why });
                self.answers[index].answer = Err(refused.clone());
            }
        }
        self.ledger.append(now.utc, self.unwritten.drain(..));
    }

    /// Brings the ledger to the disk, or tries again where the disk refused it, while others ask.
    fn sync_behind(&mut self) {
        metrics::counter!("cordboard_outlasted_calls_given_up_total")
            .absolute(self.allocator.not_awaited());
        if self.ledger.status().get().write_error.is_some() {
            self.ledger.flush();
        }
        if self
            .syncing
            .as_ref()
            .is_some_and(|task| !task.is_finished())
        {
            return;
        }
        self.synced();
        self.syncing = self.ledger.sync().map(tokio::task::spawn_blocking);
    }

    async fn sync_now(&mut self) {
        if let Some(task) = self.syncing.take() {
            let _ = task.await;
        }
        if let Some(sync) = self.ledger.sync() {
            let _ = tokio::task::spawn_blocking(sync).await;
        }
        self.synced();
    }

    /// What was written up to here is on the disk, or on its way.
    fn synced(&mut self) {
        if self.ledger.status().get().sync_error.is_none() {
            self.unsynced.clear();
            self.must_sync = false;
        }
    }
}

/// Lets all who are ready ask first: a waker runs before its neighbours, so the desk would write for each one alone.
async fn gather(asks: &mut mpsc::Receiver<Ask>, batch: &mut Vec<Ask>) {
    tokio::task::yield_now().await;
    while batch.len() < BATCH
        && let Ok(ask) = asks.try_recv()
    {
        batch.push(ask);
    }
}

pub(super) fn asked(question: Question) -> Asked {
    Asked {
        ask: 0,
        to: question.to,
        place: question.place,
        campaign: question.campaign,
        agent: question.agent,
    }
}

pub(super) fn count_refusal(why: &Refusal) {
    let why = match why {
        Refusal::TooManyQuestions { .. } => "too_many_questions",
        Refusal::Exhausted(_) => "exhausted",
    };
    metrics::counter!("cordboard_caller_ids_refused_total", "why" => why).increment(1);
}
