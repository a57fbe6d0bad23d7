//! Everything that exists in the simulated Asterisk at one moment.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use asterisk::ari::{Bridge, Channel, LiveRecording, Playback, timestamp};
use rand::SeedableRng;
use rand::rngs::SmallRng;
use tokio::sync::{oneshot, watch};

use super::SimConfig;
use super::apps::App;
use super::control::{CallProgress, Place};
use super::faults::Faults;
use super::phones::Phone;

pub(super) type Later = Box<dyn FnOnce(&mut World) + Send>;

/// How long SIP takes to answer on loopback; not a human's time, so not scaled by the speed.
pub(super) const SIGNALLING: Duration = Duration::from_millis(1);

pub(super) struct World {
    pub(super) config: SimConfig,
    pub(super) rng: SmallRng,
    pub(super) legs: BTreeMap<String, Leg>,
    pub(super) bridges: BTreeMap<String, SimBridge>,
    pub(super) playbacks: BTreeMap<String, Playback>,
    pub(super) live: BTreeMap<String, SimRecording>,
    /// Name to format.
    pub(super) stored: BTreeMap<String, String>,
    pub(super) apps: BTreeMap<String, App>,
    pub(super) phones: BTreeMap<String, Phone>,
    pub(super) device_states: BTreeMap<String, String>,
    pub(super) globals: BTreeMap<String, String>,
    pub(super) faults: Faults,
    pub(super) manager: super::ami::Listeners,
    /// What has to happen after a while; started when the lock is released.
    pub(super) later: Vec<(Duration, Later)>,
    started_at: SystemTime,
    next_serial: u64,
}

/// One channel and what is behind it.
pub(super) struct Leg {
    /// Unlike the id, never used again: what timers know a channel by.
    pub(super) serial: u64,
    pub(super) view: Channel,
    pub(super) inbound: bool,
    /// Made by `create`, dialled later.
    pub(super) created: bool,
    /// The application it is in.
    pub(super) app: Option<String>,
    /// Where it goes when it is answered.
    pub(super) on_answer: OnAnswer,
    /// The key of the phone or number behind an outbound channel.
    pub(super) phone: Option<String>,
    pub(super) bridge: Option<String>,
    pub(super) variables: BTreeMap<String, String>,
    pub(super) playbacks: VecDeque<String>,
    pub(super) recordings: VecDeque<String>,
    /// Requests that wait until nothing plays.
    pub(super) idle: Vec<oneshot::Sender<()>>,
    pub(super) progress: watch::Sender<CallProgress>,
}

#[derive(Debug, Clone, Default)]
pub(super) enum OnAnswer {
    #[default]
    Nothing,
    Stasis {
        app: String,
        args: String,
    },
    Dialplan(Place),
}

pub(super) struct SimBridge {
    pub(super) view: Bridge,
    pub(super) music: Option<String>,
}

pub(super) struct SimRecording {
    pub(super) view: LiveRecording,
    pub(super) started_at: Option<tokio::time::Instant>,
}

impl World {
    pub(super) fn new(config: SimConfig) -> Self {
        let phones = config
            .phones
            .iter()
            .map(|name| (name.clone(), Phone::named(name)))
            .collect();
        Self {
            rng: SmallRng::seed_from_u64(config.seed),
            legs: BTreeMap::new(),
            bridges: BTreeMap::new(),
            playbacks: BTreeMap::new(),
            live: BTreeMap::new(),
            stored: BTreeMap::new(),
            apps: BTreeMap::new(),
            phones,
            device_states: BTreeMap::new(),
            globals: BTreeMap::new(),
            faults: Faults::default(),
            manager: super::ami::Listeners::default(),
            later: Vec::new(),
            started_at: SystemTime::now(),
            next_serial: 0,
            config,
        }
    }

    /// A restart: every call is gone, and so are the applications; phones and files stay.
    pub(super) fn forget_calls(&mut self) {
        for (_, leg) in std::mem::take(&mut self.legs) {
            leg.progress
                .send_modify(|progress| progress.place = Place::Ended { cause: 0 });
        }
        self.bridges.clear();
        self.playbacks.clear();
        self.live.clear();
        self.apps.clear();
        self.device_states.clear();
        self.started_at = SystemTime::now();
    }

    /// Lets something happen after `delay` of simulated time.
    pub(super) fn after(&mut self, delay: Duration, act: impl FnOnce(&mut World) + Send + 'static) {
        let delay = self.scaled(delay);
        self.later.push((delay, Box::new(act)));
    }

    /// The same for one channel, unless it has ended by then.
    pub(super) fn after_for(
        &mut self,
        delay: Duration,
        id: &str,
        act: impl FnOnce(&mut World, &str) + Send + 'static,
    ) {
        let Some(serial) = self.legs.get(id).map(|leg| leg.serial) else {
            return;
        };
        let id = id.to_owned();
        self.after(delay, move |world| {
            if world.legs.get(&id).is_some_and(|leg| leg.serial == serial) {
                act(world, &id);
            }
        });
    }

    pub(super) fn scaled(&self, delay: Duration) -> Duration {
        if delay <= SIGNALLING {
            delay
        } else {
            delay.div_f64(self.config.speed.max(0.001))
        }
    }

    pub(super) fn serial(&mut self) -> u64 {
        self.next_serial += 1;
        self.next_serial
    }

    /// `1795222036.7`, as Asterisk makes them when nobody chooses.
    pub(super) fn unique_id(&mut self) -> String {
        let seconds = self
            .started_at
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default()
            .as_secs();
        format!("{seconds}.{}", self.serial())
    }

    pub(super) fn started_at(&self) -> String {
        text_of(self.started_at)
    }

    /// Drops a requester's wait for a channel whose playbacks have ended.
    pub(super) fn wait_until_idle(&mut self, ids: &[String]) -> Option<oneshot::Receiver<()>> {
        for id in ids {
            if let Some(leg) = self.legs.get_mut(id)
                && !leg.playbacks.is_empty()
            {
                let (idle, waiting) = oneshot::channel();
                leg.idle.push(idle);
                return Some(waiting);
            }
        }
        None
    }
}

/// Now, as Asterisk writes it.
pub(super) fn now() -> String {
    text_of(SystemTime::now())
}

fn text_of(instant: SystemTime) -> String {
    let millis = instant
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_millis();
    timestamp::from_unix_millis(i64::try_from(millis).unwrap_or_default())
}
