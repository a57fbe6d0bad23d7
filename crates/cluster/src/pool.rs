//! The shared pool: every method is one script in one round trip, unless it says otherwise.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use engine::callerid::{
    Asked, CONTROL_EVERY, Counts, HALVED_AT, Limits, MAX_GIVE_WAY, NumberState, Outcome,
    POOL_HALVED_AT, Refusal, Restored, SHORT_SECONDS, Sign, Usage, cells_asked, cells_counted,
};
use model::{CallerIdRule, E164, ReservationId, Tier, Timestamp};
use redis::{Script, ScriptInvocation, Value};

use crate::answer::{self, Chosen, Reader, Verdict};
use crate::connection::Connection;
use crate::scripts::{self, KEYS, Scripts, ZONES};
use crate::setup::{Policy, SharedNumber, put_usage};
use crate::{Address, ClusterError, zones};

/// How often a question gives way to numbers that have to wake up first, a thousand at a time.
pub const MAX_ROUNDS: usize = 2000;
/// Scripts that are sent before the first answer is waited for.
const PIPELINED: usize = 500;

/// The pool, as this node reaches it. Cheap to clone; many may ask at the same time.
#[derive(Clone)]
pub struct SharedPool {
    connection: Connection,
    scripts: Arc<Scripts>,
    limits: Arc<Limits>,
    node: Arc<str>,
    /// The pool that this node has told what it did.
    pool: Arc<Mutex<Arc<str>>>,
}

impl std::fmt::Debug for SharedPool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SharedPool")
            .field("node", &self.node)
            .finish_non_exhaustive()
    }
}

impl SharedPool {
    /// Connects. `node` names this node for as long as it lives, restarts included; two nodes never have the same name.
    pub async fn connect(
        address: &Address,
        node: &str,
        limits: Limits,
    ) -> Result<Self, ClusterError> {
        Self::connect_by(address, node, limits, Scripts::new()).await
    }

    /// The same by a clock that tests set: seconds and microseconds in the hash tag's `test-time`.
    #[doc(hidden)]
    pub async fn connect_by_test_time(
        address: &Address,
        node: &str,
        limits: Limits,
    ) -> Result<Self, ClusterError> {
        Self::connect_by(address, node, limits, Scripts::by_test_time()).await
    }

    async fn connect_by(
        address: &Address,
        node: &str,
        limits: Limits,
        scripts: Scripts,
    ) -> Result<Self, ClusterError> {
        Ok(Self {
            connection: Connection::open(address).await?,
            scripts: Arc::new(scripts),
            limits: Arc::new(limits),
            node: node.into(),
            pool: Arc::new(Mutex::new("".into())),
        })
    }

    /// Finds the pool, or makes it as `fresh` if there is none of this run of the server. What this node did has to be told by
    /// [`set`](Self::set), [`recall`](Self::recall) and [`adopt`](Self::adopt) before it asks.
    pub async fn open(&self, fresh: &str) -> Result<(), ClusterError> {
        let mut call = self.scripts.open.prepare_invoke();
        for key in KEYS {
            call.key(key);
        }
        let mut connection = self.connection.clone();
        let pool: String = call.arg(fresh).invoke_async(&mut connection).await?;
        *self.pool.lock().unwrap_or_else(PoisonError::into_inner) = pool.into();
        Ok(())
    }

    /// What happens to the pool when the server's memory is full.
    pub async fn policy(&self) -> Result<Policy, ClusterError> {
        let mut connection = self.connection.clone();
        let mut call = self.scripts.policy.prepare_invoke();
        let info: String = call.key(KEYS[0]).invoke_async(&mut connection).await?;
        Ok(Policy::of(&info))
    }

    /// Chooses and reserves a number under the reservation's `id`. `rule` is the campaign's.
    ///
    /// One round trip, unless nothing is free and numbers by the thousand have to wake up first.
    pub async fn allocate(
        &self,
        id: ReservationId,
        asked: &Asked,
        rule: Option<&CallerIdRule>,
    ) -> Result<Result<Chosen, Refusal>, ClusterError> {
        let mut per_agent = self.limits.per_agent;
        for _ in 0..MAX_ROUNDS {
            let answer = self.ask(id, asked, rule, per_agent).await?;
            match answer::verdict(&answer, id, asked)? {
                Verdict::Present(chosen) => return Ok(Ok(chosen)),
                Verdict::Refuse(why) => return Ok(Err(why)),
                Verdict::Again => {
                    per_agent = 0;
                    self.tick().await?;
                }
            }
        }
        Err(ClusterError::Behind)
    }

    async fn ask(
        &self,
        id: ReservationId,
        asked: &Asked,
        rule: Option<&CallerIdRule>,
        per_agent: u32,
    ) -> Result<Vec<Value>, ClusterError> {
        let days = rule.map_or(0, |rule| rule.sticky_days);
        let sticky = Duration::from_hours(24 * u64::from(days)).max(self.limits.floor);
        // Another campaign may want to remember for longer than this one.
        let kept = Duration::from_hours(24 * u64::from(CallerIdRule::MAX_STICKY_DAYS));
        let tiers: Vec<_> = cells_asked(&asked.place, rule).collect();
        let mut call = prepare(&self.scripts.allocate);
        call.key(scripts::person(asked.to))
            .key(scripts::agent(&asked.agent))
            .arg(id.to_string())
            .arg(asked.to.digits())
            .arg(&*asked.campaign)
            .arg(answer::rest(&asked.campaign, &asked.agent))
            .arg(per_agent)
            .arg(micros(self.limits.reserved_for))
            .arg(micros(sticky))
            .arg(kept.max(self.limits.floor).as_secs())
            .arg(CONTROL_EVERY)
            .arg(MAX_GIVE_WAY)
            .arg(tiers.len());
        for (tier, cell) in tiers {
            call.arg(tier as u8).arg(cell.to_string());
        }
        for (sign, cell) in cells_counted(&asked.place, rule) {
            let sign = match sign {
                Sign::Add => 1,
                Sign::Subtract => -1,
            };
            call.arg(sign).arg(cell.to_string());
        }
        self.invoke(&mut call).await
    }

    /// From now on these numbers are so; what happened to them stays. Says which of them took over this node's uses: those that
    /// the pool hears of from this node for the first time.
    ///
    /// As many round trips as there are hundreds of numbers.
    pub async fn set(
        &self,
        numbers: &[SharedNumber],
        now: Timestamp,
    ) -> Result<Vec<bool>, ClusterError> {
        let zones = numbers.iter().map(|number| number.said.time_zone.clone());
        self.write_zones(&zones.collect(), now).await?;
        let mut added = Vec::with_capacity(numbers.len());
        for some in numbers.chunks(PIPELINED) {
            let calls = some.iter().map(|number| {
                let mut call = prepare(&self.scripts.set);
                number.put(&mut call, &self.node, self.limits.present_unverified);
                call
            });
            for answer in self.pipeline(&self.scripts.set, calls).await? {
                added.push(Reader::new(&answer).number()? == 1);
            }
        }
        Ok(added)
    }

    /// These numbers are none of ours any more; their reservations end.
    pub async fn remove(&self, numbers: &[E164]) -> Result<(), ClusterError> {
        for some in numbers.chunks(PIPELINED) {
            let calls = some.iter().map(|number| {
                let mut call = prepare(&self.scripts.remove);
                call.arg(number.digits());
                call
            });
            self.pipeline(&self.scripts.remove, calls).await?;
        }
        Ok(())
    }

    /// Writes the days to come for every time zone in use. To be done every hour.
    pub async fn refresh_zones(&self, now: Timestamp) -> Result<(), ClusterError> {
        let mut connection = self.connection.clone();
        let zones: BTreeSet<String> = redis::cmd("HKEYS")
            .arg(ZONES)
            .query_async(&mut connection)
            .await?;
        self.write_zones(&zones, now).await
    }

    async fn write_zones(
        &self,
        zones: &BTreeSet<String>,
        now: Timestamp,
    ) -> Result<(), ClusterError> {
        if zones.is_empty() {
            return Ok(());
        }
        let mut command = redis::cmd("HSET");
        command.arg(ZONES);
        for zone in zones {
            command.arg(zone).arg(zones::table(zone, now));
        }
        let mut connection = self.connection.clone();
        Ok(command.exec_async(&mut connection).await?)
    }

    /// Ends a reservation, whichever node made it; `false`: none is open with this id. With an outcome the number is judged anew,
    /// in a second round trip.
    pub async fn release(
        &self,
        id: ReservationId,
        outcome: Option<Outcome>,
    ) -> Result<bool, ClusterError> {
        let ended = self.finish("id", &id.to_string(), "", outcome).await?;
        Ok(!ended.is_empty())
    }

    /// Ends every reservation of a number, and says which.
    pub async fn release_number(&self, number: E164) -> Result<Vec<ReservationId>, ClusterError> {
        let digits = number.digits().to_string();
        self.finish("number", &digits, "", None).await
    }

    /// A call that presented `number` to `to` is over: its oldest reservation ends, and the number is judged anew. Two round trips.
    pub async fn call_ended(
        &self,
        number: E164,
        to: E164,
        outcome: Option<Outcome>,
    ) -> Result<Option<ReservationId>, ClusterError> {
        let (number, to) = (number.digits().to_string(), to.digits().to_string());
        let ended = self.finish("call", &number, &to, outcome).await?;
        Ok(ended.first().copied())
    }

    async fn finish(
        &self,
        by: &str,
        what: &str,
        to: &str,
        outcome: Option<Outcome>,
    ) -> Result<Vec<ReservationId>, ClusterError> {
        let answered = outcome.map(|outcome| outcome.answered);
        let short =
            outcome.map(|outcome| outcome.answered && outcome.talk.as_secs() < SHORT_SECONDS);
        let flag = |flag: Option<bool>| flag.map_or("", |flag| if flag { "1" } else { "0" });
        let mut call = prepare(&self.scripts.finish);
        call.arg(by)
            .arg(what)
            .arg(to)
            .arg(flag(answered))
            .arg(flag(short))
            .arg(HALVED_AT)
            .arg(POOL_HALVED_AT);
        let finished = answer::finished(&self.invoke(&mut call).await?)?;
        if let Some((number, health)) = finished.judged {
            let mut call = prepare(&self.scripts.judge);
            call.arg(number)
                .arg(u8::from(health.resting))
                .arg(health.weight);
            self.invoke(&mut call).await?;
        }
        Ok(finished.ended)
    }

    /// This node presented numbers by itself while it could not ask. `true` beside a reservation: its use has not been told yet.
    pub async fn adopt(&self, made: &[(Restored, bool)]) -> Result<(), ClusterError> {
        for some in made.chunks(PIPELINED) {
            let calls = some.iter().map(|(made, uncharged)| {
                let mut call = prepare(&self.scripts.adopt);
                call.arg(made.id.to_string())
                    .arg(made.number.digits())
                    .arg(made.to.digits())
                    .arg(made.tier as u8)
                    .arg(made.made_at.as_micros())
                    .arg(made.expires_at.as_micros())
                    .arg(answer::rest(&made.campaign, &made.agent))
                    .arg(u8::from(*uncharged));
                call
            });
            self.pipeline(&self.scripts.adopt, calls).await?;
        }
        Ok(())
    }

    /// Tells what this node did with numbers that others [`set`](Self::set). A pool that has heard it from this node counts it no
    /// second time; a number that nobody has set yet finds it when somebody does.
    pub async fn recall(&self, uses: &[(E164, Usage)]) -> Result<(), ClusterError> {
        let mut rest = uses;
        loop {
            let (some, more) = rest.split_at(rest.len().min(PIPELINED));
            let mut call = prepare(&self.scripts.recall);
            call.arg(&*self.node).arg(u8::from(more.is_empty()));
            for (number, usage) in some {
                put_usage(usage, call.arg(number.digits()));
            }
            self.invoke(&mut call).await?;
            if more.is_empty() {
                return Ok(());
            }
            rest = more;
        }
    }

    /// Ends and wakes what no question has come across, and shows that Redis is there. `true`: there is more to do.
    pub async fn tick(&self) -> Result<bool, ClusterError> {
        let mut call = prepare(&self.scripts.tick);
        let answer = self.invoke(&mut call).await?;
        Ok(Reader::new(&answer).number()? == 1)
    }

    /// What these numbers are doing, in the same order; nothing for unknown ones.
    pub async fn show(&self, numbers: &[E164]) -> Result<Vec<Option<NumberState>>, ClusterError> {
        let mut shown = Vec::with_capacity(numbers.len());
        for some in numbers.chunks(PIPELINED) {
            let mut call = prepare(&self.scripts.show);
            for number in some {
                call.arg(number.digits());
            }
            for value in self.invoke(&mut call).await? {
                shown.push(answer::shown(&value)?);
            }
        }
        Ok(shown)
    }

    /// How many reservations are open, and how many numbers are doing what, on all nodes together.
    pub async fn totals(&self) -> Result<(usize, Counts), ClusterError> {
        answer::totals(&self.invoke(&mut prepare(&self.scripts.totals)).await?)
    }

    /// Open reservations of all nodes, those first that expire first, at most `limit`.
    pub async fn reservations(&self, limit: usize) -> Result<Vec<Restored>, ClusterError> {
        let mut call = prepare(&self.scripts.reservations);
        let answer = self.invoke(call.arg(limit)).await?;
        let read = answer.iter().map(answer::reservation);
        read.filter_map(Result::transpose).collect()
    }

    fn pool(&self) -> Arc<str> {
        Arc::clone(&self.pool.lock().unwrap_or_else(PoisonError::into_inner))
    }

    async fn invoke(&self, call: &mut ScriptInvocation<'_>) -> Result<Vec<Value>, ClusterError> {
        let mut connection = self.connection.clone();
        call.arg(&*self.pool());
        let answer: Value = call.invoke_async(&mut connection).await?;
        answer::array(answer)
    }

    /// Several calls of one script. The script is brought along first, since a pipeline cannot bring it when it is missing.
    async fn pipeline<'a>(
        &self,
        script: &'a Script,
        calls: impl Iterator<Item = ScriptInvocation<'a>>,
    ) -> Result<Vec<Vec<Value>>, ClusterError> {
        let mut connection = self.connection.clone();
        let pool = self.pool();
        let mut pipeline = redis::pipe();
        for mut call in calls {
            call.arg(&*pool);
            pipeline.invoke_script(&call);
        }
        let loaded = script.prepare_invoke().load_async(&mut connection).await;
        loaded?;
        let answers: Vec<Value> = pipeline.query_async(&mut connection).await?;
        answers.into_iter().map(answer::array).collect()
    }
}

/// A call of a script, with the keys that all of them have.
fn prepare(script: &Script) -> ScriptInvocation<'_> {
    let mut call = script.prepare_invoke();
    for key in KEYS {
        call.key(key);
    }
    call
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

/// Tiers are numbers for the script.
pub(crate) fn tier(number: i64) -> Option<Tier> {
    Tier::ALL.get(usize::try_from(number).ok()?).copied()
}
