//! A world for the demo and for soak tests: callers arrive at random, wait as long as they like, talk, hang up.
//!
//! The same seed gives the same callers. It decides about callers and phones only, never about routing.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{sleep, timeout};

use super::{CallHandle, CallProgress, Caller, SimPbx};

/// Callers who are in the PBX at one time; further ones get a busy tone and are not simulated.
pub const MAX_CALLERS: usize = 2_000;

const NAMES: [&str; 12] = [
    "Ada Example",
    "Ben Sample",
    "Cleo Specimen",
    "Dora Placeholder",
    "Emil Instance",
    "Fay Example",
    "Gus Sample",
    "Hana Specimen",
    "Ivo Instance",
    "Jun Example",
    "Kai Sample",
    "Lea Specimen",
];

/// Callers of one number of ours.
#[derive(Debug, Clone)]
pub struct Stream {
    /// The number they dial.
    pub did: String,
    /// The arguments that follow the application in the dialplan's `Stasis()`.
    pub args: Vec<String>,
    /// Arrivals per simulated hour, as a Poisson process.
    pub calls_per_hour: f64,
}

/// How callers and phones behave. Durations are means, in simulated time.
#[derive(Debug, Clone)]
pub struct Rates {
    pub streams: Vec<Stream>,
    /// Exponential: how long a caller waits before giving up.
    pub patience: Duration,
    /// How long a conversation lasts: a fixed third of it and an exponential rest.
    pub talk: Duration,
    /// The phones that agents answer; others are left as they are.
    pub phones: Vec<String>,
    /// How long a phone rings before its agent answers, up to twice this.
    pub ring: Duration,
    /// The share of offers that an agent lets ring.
    pub missed: f64,
}

impl Default for Rates {
    fn default() -> Self {
        Self {
            streams: Vec::new(),
            patience: Duration::from_mins(3),
            talk: Duration::from_secs(150),
            phones: Vec::new(),
            ring: Duration::from_secs(4),
            missed: 0.03,
        }
    }
}

/// Running traffic; it ends when stopped or dropped, and its callers hang up.
#[derive(Debug)]
pub struct Traffic {
    running: JoinHandle<()>,
    counts: Arc<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    calls: AtomicU64,
    served: AtomicU64,
}

impl Traffic {
    /// Callers so far.
    pub fn calls(&self) -> u64 {
        self.counts.calls.load(Ordering::Relaxed)
    }

    /// Those of them who came to talk to somebody.
    pub fn served(&self) -> u64 {
        self.counts.served.load(Ordering::Relaxed)
    }

    /// No more callers; those who are there are gone at once.
    pub fn stop(self) {
        self.running.abort();
    }
}

impl Drop for Traffic {
    fn drop(&mut self) {
        self.running.abort();
    }
}

/// Starts callers and agents' hands.
pub fn traffic(pbx: &Arc<SimPbx>, rates: Rates, seed: u64) -> Traffic {
    let counts = Arc::new(Counts::default());
    let scene = Scene {
        pbx: Arc::clone(pbx),
        rates: Arc::new(rates),
        counts: Arc::clone(&counts),
    };
    Traffic {
        running: tokio::spawn(scene.run(seed)),
        counts,
    }
}

#[derive(Clone)]
struct Scene {
    pbx: Arc<SimPbx>,
    rates: Arc<Rates>,
    counts: Arc<Counts>,
}

impl Scene {
    async fn run(self, seed: u64) {
        let mut tasks = JoinSet::new();
        for index in 0..self.rates.streams.len() {
            let own = seed
                .wrapping_add(index as u64)
                .wrapping_mul(0x9E37_79B9_7F4A_7C15);
            tasks.spawn(self.clone().arrivals(index, SmallRng::seed_from_u64(own)));
        }
        tasks.spawn(self.hands(SmallRng::seed_from_u64(seed ^ 0xA6E7)));
        while tasks.join_next().await.is_some() {}
    }

    /// One stream of callers.
    async fn arrivals(self, index: usize, mut rng: SmallRng) {
        let Self { pbx, rates, counts } = &self;
        let stream = &rates.streams[index];
        if stream.calls_per_hour <= 0.0 {
            return;
        }
        let between = Duration::from_secs_f64(3_600.0 / stream.calls_per_hour);
        let args: Vec<&str> = stream.args.iter().map(String::as_str).collect();
        let mut callers = JoinSet::new();
        loop {
            sleep(pbx.scaled(exponential(&mut rng, between))).await;
            while callers.try_join_next().is_some() {}
            if callers.len() >= MAX_CALLERS {
                continue;
            }
            let name = NAMES[rng.random_range(0..NAMES.len())];
            let caller = Caller::new(name, &number(&mut rng));
            let patience = exponential(&mut rng, rates.patience);
            let talk = rates.talk / 3 + exponential(&mut rng, rates.talk * 2 / 3);
            let call = HangUpOnDrop(pbx.caller_dials(&stream.did, caller, &args));
            counts.calls.fetch_add(1, Ordering::Relaxed);
            callers.spawn(self.clone().one_caller(call, patience, talk));
        }
    }

    /// Waits to be served, talks, hangs up.
    async fn one_caller(self, mut call: HangUpOnDrop, patience: Duration, talk: Duration) {
        let served =
            |progress: &CallProgress| progress.bridged_with.is_some() || progress.has_ended();
        let waiting = timeout(self.pbx.scaled(patience), call.0.wait_until(served));
        let Ok(progress) = waiting.await else { return };
        if progress.has_ended() {
            return;
        }
        self.counts.served.fetch_add(1, Ordering::Relaxed);
        // Being moved to another bridge (a transfer) does not end the conversation.
        let _ = timeout(self.pbx.scaled(talk), call.0.ended()).await;
    }

    /// Agents' reaction times change all the time; every few seconds each phone gets a new one.
    async fn hands(self, mut rng: SmallRng) {
        loop {
            for phone in &self.rates.phones {
                let phone = self.pbx.phone(phone);
                if rng.random_bool(self.rates.missed.clamp(0.0, 1.0)) {
                    phone.never_answers();
                } else {
                    phone.answers_after(self.rates.ring.mul_f64(rng.random_range(0.3..2.0)));
                }
            }
            sleep(self.pbx.scaled(Duration::from_secs(10))).await;
        }
    }
}

/// Whatever ends a caller's part in this, the call is over.
struct HangUpOnDrop(CallHandle);

impl Drop for HangUpOnDrop {
    fn drop(&mut self) {
        self.0.hang_up();
    }
}

fn exponential(rng: &mut SmallRng, mean: Duration) -> Duration {
    let uniform: f64 = rng.random_range(f64::EPSILON..1.0);
    mean.mul_f64(-uniform.ln())
}

/// A made-up number: ten digits with 555-01xx in them, which belongs to nobody.
fn number(rng: &mut SmallRng) -> String {
    format!(
        "{}555{:04}",
        rng.random_range(201..=989),
        rng.random_range(100..=199)
    )
}

impl SimPbx {
    /// A simulated duration as a real one.
    pub fn scaled(&self, duration: Duration) -> Duration {
        self.service.shared.with(|world| world.scaled(duration))
    }
}
