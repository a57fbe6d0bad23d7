//! Caller IDs that several nodes share: this node's way to the pool in Redis, and what it does while there is none.
//!
//! Every use that Redis decides is told to the own desk as well, which writes it down. So the own allocator knows what this
//! node did: it stands in when Redis is gone, if it is told to, and Redis gets it back from there when it has forgotten. What happens
//! meanwhile is kept, within a limit, and told when Redis is back. It must never answer from Redis before all of that is told.

mod look;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use cluster::{Address, ClusterError, SharedNumber, SharedPool};
use engine::callerid::{Allocation, Asked, Limits, Outcome, Restored};
use model::{CallerId, CallerIdKey, CallerIdRule, E164, ReservationId, Tier, Timestamp};
use store::Store;
use tokio::sync::Notify;
use uuid::Uuid;

use super::desk::asked;
use super::{CallerIds, Question, Refused};
use crate::{clock::Clock, data_folder};

/// How often Redis is asked whether it is there, and tried again.
const TICK: Duration = Duration::from_secs(1);
/// Ticks between two writings of the days to come.
const ZONES_EVERY: u32 = 3600;
/// The most that may wait to be told. When it is full, nothing more is presented without Redis.
pub const MAX_UNTOLD: usize = 100_000;

/// Where the shared pool is, and what to do without it.
#[derive(Debug, Clone)]
pub struct SharedSettings {
    pub address: Address,
    pub fail: Fail,
    /// The file with this node's name among those that share the pool; made when it is not there, and never changed.
    pub node_file: PathBuf,
}

/// What is answered while Redis is gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fail {
    /// What this node's own numbers and its own uses allow. Nodes may break a cap together.
    Local,
    /// Always this number.
    DefaultNumber(E164),
    /// Nothing.
    Refuse,
}

impl Fail {
    /// As it stands in the configuration.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Local => "local",
            Self::DefaultNumber(_) => "default-number",
            Self::Refuse => "503",
        }
    }
}

/// Something that Redis has not been told.
enum Untold {
    Made(Restored),
    Released(ReservationId, Option<Outcome>),
    NumberReleased(E164),
    CallEnded(E164, E164, Option<Outcome>),
    Removed(Vec<E164>),
}

enum State {
    Up(SharedPool),
    Down(String),
}

struct Inside {
    state: State,
    untold: Vec<Untold>,
    /// Whether numbers have changed while Redis was not there to be told.
    changed: bool,
}

/// This node's way to the shared pool. Cheap to clone.
#[derive(Clone)]
pub(super) struct Shared {
    inside: Arc<Mutex<Inside>>,
    rules: Arc<RwLock<BTreeMap<String, CallerIdRule>>>,
    lost: Arc<Notify>,
    settings: Arc<SharedSettings>,
    node: Arc<str>,
    limits: Limits,
    clock: Clock,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Shared")
    }
}

impl Shared {
    pub(super) fn new(
        settings: SharedSettings,
        limits: Limits,
        clock: Clock,
        rules: Vec<CallerIdRule>,
    ) -> std::io::Result<Self> {
        let (_, random) = clock.id();
        let node = data_folder::node(&settings.node_file, random)?;
        let rules = rules.into_iter().map(|rule| (rule.campaign.clone(), rule));
        Ok(Self {
            node: node.into(),
            inside: Arc::new(Mutex::new(Inside {
                state: State::Down("not connected yet".into()),
                untold: Vec::new(),
                changed: false,
            })),
            rules: Arc::new(RwLock::new(rules.collect())),
            lost: Arc::new(Notify::new()),
            settings: Arc::new(settings),
            limits,
            clock,
        })
    }

    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn up(&self) -> Result<SharedPool, String> {
        match &self.inside().state {
            State::Up(pool) => Ok(pool.clone()),
            State::Down(why) => Err(why.clone()),
        }
    }

    /// What is wrong, and what is done meanwhile; nothing while Redis answers.
    pub(super) fn trouble(&self) -> Option<String> {
        let why = self.up().err()?;
        let fail = self.settings.fail.name();
        let untold = self.inside().untold.len();
        Some(format!(
            "{why}; until it is back: `fail = \"{fail}\"`, {untold} changes wait for it"
        ))
    }

    fn lost(&self, error: &ClusterError) {
        tracing::error!(%error, fail = self.settings.fail.name(), "the shared caller IDs are gone");
        metrics::counter!("cordboard_caller_ids_redis_lost_total").increment(1);
        self.inside().state = State::Down(error.to_string());
        self.lost.notify_one();
    }

    /// Keeps what Redis must hear; `false`: there is no room.
    fn keep(&self, what: Untold) -> bool {
        let mut inside = self.inside();
        if inside.untold.len() >= MAX_UNTOLD {
            metrics::counter!("cordboard_caller_ids_untold_dropped_total").increment(1);
            return false;
        }
        inside.untold.push(what);
        true
    }

    pub(super) fn set_rule(&self, rule: CallerIdRule) {
        let mut rules = self.rules.write().unwrap_or_else(PoisonError::into_inner);
        rules.insert(rule.campaign.clone(), rule);
    }

    pub(super) fn remove_rule(&self, campaign: &str) {
        let mut rules = self.rules.write().unwrap_or_else(PoisonError::into_inner);
        rules.remove(campaign);
    }

    pub(super) async fn next(
        &self,
        own: &CallerIds,
        question: Question,
    ) -> Result<Box<Allocation>, Refused> {
        let pool = match self.up() {
            Ok(pool) => pool,
            Err(why) => return self.without(own, question, why).await,
        };
        // What could not be written down is not asked for: it would be used up all the same.
        if let Some(refused) = own.refuses() {
            return Err(refused);
        }
        let (at, random) = self.clock.id();
        let id = ReservationId::new(at, random);
        let asked = asked(question.clone());
        match pool.allocate(id, &asked, self.rule(&asked).as_ref()).await {
            Ok(Ok(chosen)) => {
                let noted = own.adopt(chosen).await;
                if noted.is_err() {
                    self.release(&pool, id, None).await;
                }
                noted
            }
            Ok(Err(why)) => {
                super::desk::count_refusal(&why);
                Err(Refused::Engine(why))
            }
            Err(error) => {
                self.lost(&error);
                // It may have decided all the same, and only the answer is gone.
                self.keep(Untold::Released(id, None));
                self.without(own, question, error.to_string()).await
            }
        }
    }

    fn rule(&self, asked: &Asked) -> Option<CallerIdRule> {
        let rules = self.rules.read().unwrap_or_else(PoisonError::into_inner);
        rules.get(&*asked.campaign).cloned()
    }

    /// The answer while Redis is gone.
    async fn without(
        &self,
        own: &CallerIds,
        question: Question,
        why: String,
    ) -> Result<Box<Allocation>, Refused> {
        match &self.settings.fail {
            Fail::Refuse => Err(Refused::Unshared(why)),
            Fail::DefaultNumber(number) => Ok(Box::new(self.default_number(*number, question))),
            Fail::Local if self.inside().untold.len() >= MAX_UNTOLD => Err(Refused::Unshared(
                format!("{why}, and {MAX_UNTOLD} changes wait for it"),
            )),
            Fail::Local => {
                let allocation = own.own_next(question).await?;
                self.keep(Untold::Made(allocation.reservation.clone()));
                Ok(allocation)
            }
        }
    }

    /// No reservation stands behind it: it is over as it is made.
    fn default_number(&self, number: E164, question: Question) -> Allocation {
        let (at, random) = self.clock.id();
        Allocation {
            ask: 0,
            presented: number.to_string().into(),
            area_code: None,
            carrier: "".into(),
            reservation: Restored {
                id: ReservationId::new(at, random),
                key: CallerIdKey(Uuid::nil()),
                number,
                to: question.to,
                tier: Tier::DefaultPool,
                campaign: question.campaign,
                agent: question.agent,
                made_at: at,
                expires_at: at,
            },
        }
    }

    async fn release(
        &self,
        pool: &SharedPool,
        id: ReservationId,
        outcome: Option<Outcome>,
    ) -> bool {
        match pool.release(id, outcome).await {
            Ok(known) => known,
            Err(error) => {
                self.lost(&error);
                self.keep(Untold::Released(id, outcome));
                false
            }
        }
    }

    /// Ends a reservation; `false`: Redis does not know it, or cannot be asked now.
    pub(super) async fn released(&self, id: ReservationId, outcome: Option<Outcome>) -> bool {
        let Ok(pool) = self.up() else {
            self.keep(Untold::Released(id, outcome));
            return false;
        };
        self.release(&pool, id, outcome).await
    }

    pub(super) async fn number_released(&self, number: E164) -> usize {
        let Ok(pool) = self.up() else {
            self.keep(Untold::NumberReleased(number));
            return 0;
        };
        match pool.release_number(number).await {
            Ok(ended) => ended.len(),
            Err(error) => {
                self.lost(&error);
                self.keep(Untold::NumberReleased(number));
                0
            }
        }
    }

    pub(super) async fn call_ended(&self, number: E164, to: E164, outcome: Option<Outcome>) {
        let Ok(pool) = self.up() else {
            self.keep(Untold::CallEnded(number, to, outcome));
            return;
        };
        if let Err(error) = pool.call_ended(number, to, outcome).await {
            self.lost(&error);
            self.keep(Untold::CallEnded(number, to, outcome));
        }
    }

    pub(super) async fn numbers_set(&self, numbers: &[CallerId]) {
        let Ok(pool) = self.up() else {
            self.inside().changed = true;
            return;
        };
        let numbers: Vec<_> = numbers
            .iter()
            .map(|said| SharedNumber {
                said: said.clone(),
                usage: engine::callerid::Usage::default(),
            })
            .collect();
        if let Err(error) = pool.set(&numbers, self.clock.now().utc).await {
            self.lost(&error);
            self.inside().changed = true;
        }
    }

    pub(super) async fn numbers_removed(&self, numbers: Vec<E164>) {
        let Ok(pool) = self.up() else {
            self.keep(Untold::Removed(numbers));
            return;
        };
        if let Err(error) = pool.remove(&numbers).await {
            self.lost(&error);
            self.keep(Untold::Removed(numbers));
        }
    }

    /// Connects, tells, watches, and begins anew, until it is dropped.
    pub(super) async fn run(self, own: CallerIds, store: Store) {
        loop {
            match self.bring_up(&own, &store).await {
                Ok(pool) => {
                    let error = self.watch(&pool).await;
                    if let Some(error) = error {
                        self.lost(&error);
                    }
                }
                Err(why) => {
                    tracing::warn!(%why, "the shared caller IDs cannot be reached");
                    self.inside().state = State::Down(why);
                }
            }
            tokio::time::sleep(TICK).await;
        }
    }

    /// Returns when the pool is lost: with the reason, unless somebody else has seen it.
    async fn watch(&self, pool: &SharedPool) -> Option<ClusterError> {
        let mut tick = tokio::time::interval(TICK);
        let mut ticks: u32 = 0;
        loop {
            tokio::select! {
                () = self.lost.notified() => {
                    if self.up().is_err() {
                        return None;
                    }
                }
                _ = tick.tick() => {
                    if let Err(error) = pool.tick().await {
                        return Some(error);
                    }
                    // What was decided as Redis came back.
                    if self.tell_rest(pool, &BTreeSet::new()).await.is_err() {
                        continue;
                    }
                    ticks += 1;
                    if ticks.is_multiple_of(ZONES_EVERY)
                        && let Err(error) = pool.refresh_zones(self.clock.now().utc).await
                    {
                        return Some(error);
                    }
                }
            }
        }
    }

    /// Connects and tells everything; only then questions go there.
    async fn bring_up(&self, own: &CallerIds, store: &Store) -> Result<SharedPool, String> {
        let settings = &self.settings;
        let limits = self.limits.clone();
        let pool = SharedPool::connect(&settings.address, &self.node, limits).await;
        let pool = pool.map_err(|error| error.to_string())?;
        let policy = pool.policy().await.map_err(|error| error.to_string())?;
        if policy.evicts_the_pool() {
            let policy = policy.name();
            return Err(format!(
                "its maxmemory-policy is {policy}, by which it throws numbers away; set noeviction"
            ));
        }
        let (_, random) = self.clock.id();
        let fresh = Uuid::from_u128(random).to_string();
        pool.open(&fresh).await.map_err(|error| error.to_string())?;
        let mut first = true;
        loop {
            self.inside().changed = false;
            let added = self.tell_numbers(&pool, own, store).await?;
            if first {
                let foreign = own.foreign_usages().await?;
                let told = pool.recall(&foreign).await;
                told.map_err(|error| error.to_string())?;
                let open = own.own_reservations().await?;
                let open: Vec<_> = open.into_iter().map(|made| (made, false)).collect();
                let told = pool.adopt(&open).await;
                told.map_err(|error| error.to_string())?;
                first = false;
            }
            self.tell_rest(&pool, &added).await?;
            let mut inside = self.inside();
            if !inside.changed && inside.untold.is_empty() {
                inside.state = State::Up(pool.clone());
                tracing::info!("caller IDs are shared through Redis");
                return Ok(pool);
            }
        }
    }

    /// Tells all numbers; says which of them took over this node's uses.
    async fn tell_numbers(
        &self,
        pool: &SharedPool,
        own: &CallerIds,
        store: &Store,
    ) -> Result<BTreeSet<E164>, String> {
        let mut numbers = Vec::new();
        let loaded = store.caller_ids().load(|some| numbers.extend(some)).await;
        loaded.map_err(|error| error.to_string())?;
        let mut added = BTreeSet::new();
        for some in numbers.chunks(super::BATCH) {
            let keys = some.iter().map(|number| number.id).collect();
            let usages = own.own_usages(keys).await?;
            let told: Vec<_> = some
                .iter()
                .zip(usages)
                .map(|(said, usage)| SharedNumber {
                    said: said.clone(),
                    usage,
                })
                .collect();
            let now: Timestamp = self.clock.now().utc;
            let took = pool.set(&told, now).await;
            let took = took.map_err(|error| error.to_string())?;
            let took = some.iter().zip(took).filter(|(_, took)| *took);
            added.extend(took.map(|(number, _)| number.e164));
        }
        Ok(added)
    }

    /// Tells what happened meanwhile, in order. What was told twice because this broke off counts twice, which wastes a use.
    async fn tell_rest(&self, pool: &SharedPool, added: &BTreeSet<E164>) -> Result<(), String> {
        let untold = std::mem::take(&mut self.inside().untold);
        let mut rest = untold.into_iter();
        while let Some(what) = rest.next() {
            let told = match &what {
                Untold::Made(made) => {
                    let uncharged = !added.contains(&made.number);
                    pool.adopt(&[(made.clone(), uncharged)]).await
                }
                Untold::Released(id, outcome) => pool.release(*id, *outcome).await.map(drop),
                Untold::NumberReleased(number) => pool.release_number(*number).await.map(drop),
                Untold::CallEnded(number, to, outcome) => {
                    pool.call_ended(*number, *to, *outcome).await.map(drop)
                }
                Untold::Removed(numbers) => pool.remove(numbers).await,
            };
            if let Err(error) = told {
                let mut inside = self.inside();
                let newer = std::mem::take(&mut inside.untold);
                inside.untold = std::iter::once(what).chain(rest).chain(newer).collect();
                return Err(error.to_string());
            }
        }
        Ok(())
    }
}
