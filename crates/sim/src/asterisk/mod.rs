//! A simulated Asterisk on the wire: ARI (HTTP, WebSocket, REST over it) and a little AMI on loopback ports.
//!
//! What it says, in which order and with which statuses, is held to recordings of a real Asterisk 22.10. It carries
//! no audio. It is a tool for tests and for the demo and must never be reachable from another machine.
//!
//! ```no_run
//! # async fn example() -> std::io::Result<()> {
//! use std::time::Duration;
//! use cordboard_sim::asterisk::{Caller, SimConfig, SimPbx};
//!
//! let pbx = SimPbx::start(SimConfig::default()).await?;
//! pbx.phone("101").answers_after(Duration::from_secs(2));
//! let mut call = pbx.caller_dials("5550100", Caller::new("Zoe Example", "5550177"), &["sales"]);
//! call.wait_until(|progress| progress.bridged_with.is_some()).await;
//! call.hang_up();
//! # Ok(())
//! # }
//! ```

mod ami;
mod apps;
mod bridging;
mod calls;
mod control;
pub mod demo;
mod devices;
mod faults;
mod media;
mod outbound;
mod phones;
mod rest;
mod server;
mod shared;
#[cfg(test)]
mod tests;
mod world;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use asterisk::ari::{Bridge, CallerId, Channel, Version};
use rand::Rng;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

pub use control::{CallHandle, CallProgress, PhoneHandle, Place};
pub use faults::{Boot, EventFaults, Hang};
pub use phones::FarEnd;

use shared::Shared;
use world::World;

/// What kind of Asterisk to be.
#[derive(Debug, Clone)]
pub struct SimConfig {
    /// For the events that faults meet.
    pub seed: u64,
    /// `22.10.0` (REST over the WebSocket) or `16.28.0` (without).
    pub version: String,
    /// Of ARI and AMI alike.
    pub username: String,
    /// A new random one by default: there is no password that everybody knows.
    pub password: String,
    /// The application that the dialplan hands inbound calls to.
    pub application: String,
    /// The dialplan context of inbound calls.
    pub context: String,
    /// Phones that are registered; others can be added by [`SimPbx::phone`].
    pub phones: Vec<String>,
    /// Whether the dialplan answers before `Stasis()`; otherwise the application decides.
    pub answer_before_stasis: bool,
    /// How much faster than a real one: rings, talks and prompts are divided by this. The ring time-out that an
    /// application asks for is not: it keeps its own time.
    pub speed: f64,
    /// How long a prompt lasts.
    pub prompt: Duration,
    /// How long the dialplan keeps a channel that an application let go.
    pub dialplan_holds: Duration,
    pub asterisk_id: String,
    /// 0: any free port.
    pub ari_port: u16,
    pub ami_port: u16,
}

impl Default for SimConfig {
    fn default() -> Self {
        Self {
            seed: 0,
            version: "22.10.0".into(),
            username: "cordboard".into(),
            password: format!("{:032x}", rand::rng().random::<u128>()),
            application: "cordboard".into(),
            context: "from-trunk".into(),
            phones: (101..=110).map(|phone| phone.to_string()).collect(),
            answer_before_stasis: false,
            speed: 1.0,
            prompt: Duration::from_millis(1_500),
            dialplan_holds: Duration::from_secs(20),
            asterisk_id: "02:00:5e:00:53:01".into(),
            ari_port: 0,
            ami_port: 0,
        }
    }
}

impl SimConfig {
    /// Whether what came after Asterisk 16 is not there yet: `protocol_id`, `tech_cause`, the cause of a time-out.
    fn is_old(&self) -> bool {
        Version::parse(&self.version).major < 18
    }
}

/// Who calls.
#[derive(Debug, Clone, Default)]
pub struct Caller {
    pub name: String,
    pub number: String,
}

impl Caller {
    pub fn new(name: &str, number: &str) -> Self {
        Self {
            name: name.to_owned(),
            number: number.to_owned(),
        }
    }
}

/// A running simulated PBX; it ends when dropped.
pub struct SimPbx {
    service: server::Service,
    ari: SocketAddr,
    ami: SocketAddr,
    power: Mutex<CancellationToken>,
    serving: Mutex<Vec<JoinHandle<()>>>,
}

impl SimPbx {
    /// Opens its ports on the loopback interface. Time is tokio's, divided by the speed.
    pub async fn start(config: SimConfig) -> io::Result<Self> {
        let (ari, ami) = (bind(config.ari_port).await?, bind(config.ami_port).await?);
        let (ari_address, ami_address) = (ari.local_addr()?, ami.local_addr()?);
        let shared = Shared::new(World::new(config));
        let pbx = Self {
            service: server::Service {
                shared,
                sockets: Arc::default(),
            },
            ari: ari_address,
            ami: ami_address,
            power: Mutex::default(),
            serving: Mutex::default(),
        };
        pbx.plug_in(ari, ami);
        Ok(pbx)
    }

    fn plug_in(&self, ari: TcpListener, ami: TcpListener) {
        let power = CancellationToken::new();
        *self.power() = power.clone();
        *self
            .service
            .sockets
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = CancellationToken::new();
        let manager = ami::serve(Arc::clone(&self.service.shared), ami, power.clone());
        let ari = server::serve(self.service.clone(), ari, power);
        *self.serving() = vec![tokio::spawn(manager), tokio::spawn(ari)];
    }

    fn serving(&self) -> MutexGuard<'_, Vec<JoinHandle<()>>> {
        self.serving.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn power(&self) -> MutexGuard<'_, CancellationToken> {
        self.power.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// `http://127.0.0.1:PORT/ari`.
    pub fn ari_url(&self) -> String {
        format!("http://{}/ari", self.ari)
    }

    pub fn ami_address(&self) -> SocketAddr {
        self.ami
    }

    pub fn username(&self) -> String {
        self.service
            .shared
            .with(|world| world.config.username.clone())
    }

    pub fn password(&self) -> String {
        self.service
            .shared
            .with(|world| world.config.password.clone())
    }

    /// From now on only this password is right; what is connected stays connected.
    pub fn change_password(&self, password: &str) {
        self.service
            .shared
            .with(|world| password.clone_into(&mut world.config.password));
    }

    /// A call from the trunk to one of our numbers. `args` follow the application's name in `Stasis()`.
    pub fn caller_dials(&self, did: &str, caller: Caller, args: &[&str]) -> CallHandle {
        let args: Vec<String> = args.iter().map(|arg| (*arg).to_owned()).collect();
        let caller = CallerId {
            name: caller.name,
            number: caller.number,
        };
        let (id, progress) = self
            .service
            .shared
            .with(|world| world.arrive(did, caller, &args));
        CallHandle {
            shared: Arc::clone(&self.service.shared),
            id,
            progress,
        }
    }

    /// The phone of this extension; a new one is registered.
    pub fn phone(&self, extension: &str) -> PhoneHandle {
        self.service
            .shared
            .with(|world| world.phone(extension).is_registered());
        PhoneHandle {
            shared: Arc::clone(&self.service.shared),
            key: extension.to_owned(),
        }
    }

    /// A number behind the trunk.
    pub fn number(&self, number: &str) -> PhoneHandle {
        self.phone(&format!("{number}@trunk"))
    }

    /// The channels that are up, as ARI shows them.
    pub fn channels(&self) -> Vec<Channel> {
        self.service
            .shared
            .with(|world| world.legs.values().map(|leg| leg.view.clone()).collect())
    }

    pub fn bridges(&self) -> Vec<Bridge> {
        self.service.shared.with(|world| {
            world
                .bridges
                .values()
                .map(|bridge| bridge.view.clone())
                .collect()
        })
    }

    /// The names of the recordings on its disk.
    pub fn recordings(&self) -> Vec<String> {
        self.service
            .shared
            .with(|world| world.stored.keys().cloned().collect())
    }

    /// A channel's variable, as the application set it.
    pub fn variable(&self, channel: &str, name: &str) -> Option<String> {
        self.service
            .shared
            .with(|world| world.legs.get(channel)?.variables.get(name).cloned())
    }

    /// Whether somebody listens as this application.
    pub fn is_listening(&self, application: &str) -> bool {
        self.service.shared.with(|world| {
            world
                .apps
                .get(application)
                .is_some_and(apps::App::is_listening)
        })
    }

    /// How events travel from now on.
    pub fn set_event_faults(&self, faults: EventFaults) {
        self.service
            .shared
            .with(|world| world.faults.events = faults);
    }

    /// Every connection that is open, of ARI and AMI, stays so and has its requests answered, but is told of no event
    /// any more, as by a dispatcher that is stuck. New connections hear everything.
    pub fn mute_connections(&self) {
        self.service.shared.with(World::mute_listeners);
    }

    /// While stalled, no request is answered; events still come.
    pub fn stall(&self, stalled: bool) {
        self.service
            .shared
            .with(|world| world.faults.stalled = stalled);
    }

    /// Answers come this much later than their effects, so that events overtake them.
    pub fn answer_late(&self, by: Duration) {
        self.service
            .shared
            .with(|world| world.faults.late_answers = by);
    }

    /// Refuses the next request of this method whose path begins so (`channels`, `bridges/b1/addChannel`).
    pub fn refuse_next(&self, method: &str, path: &str, status: u16, message: &str) {
        let refusal = faults::Refusal {
            of: faults::Wanted {
                method: method.to_owned(),
                path: path.to_owned(),
            },
            status,
            message: message.to_owned(),
        };
        self.service
            .shared
            .with(|world| world.faults.refusals.push_back(refusal));
    }

    /// The next request of this method whose path begins so hangs until [`Self::let_go`]. Others overtake it, but for
    /// those that come over the same WebSocket.
    pub fn hang_next(&self, method: &str, path: &str, hang: Hang) {
        let wanted = faults::Wanted {
            method: method.to_owned(),
            path: path.to_owned(),
        };
        self.service
            .shared
            .with(|world| world.faults.hangs.push_back((wanted, hang)));
    }

    /// How many requests hang.
    pub fn hanging(&self) -> usize {
        self.service.shared.with(|world| world.faults.hanging)
    }

    /// Goes on with every request that hangs, whether or not somebody still waits for its answer. Afterwards all of them
    /// have had their effect.
    pub async fn let_go(&self) {
        let shared = &self.service.shared;
        shared.with(|world| world.faults.let_go += 1);
        while self.hanging() > 0 {
            tokio::time::sleep(rest::STALL_POLL).await;
        }
    }

    /// Breaks the event connections without a close frame; calls stay up, and reconnecting works.
    pub fn cut_websockets(&self) {
        let mut sockets = self
            .service
            .sockets
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        sockets.cancel();
        *sockets = CancellationToken::new();
    }

    /// Breaks everything and refuses connections until [`Self::come_back`]; calls stay up, as behind a cut cable.
    pub fn go_away(&self) {
        self.power().cancel();
        self.service
            .sockets
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .cancel();
    }

    /// Opens the same ports again.
    pub async fn come_back(&self) -> io::Result<()> {
        self.go_away();
        let serving = std::mem::take(&mut *self.serving());
        for task in serving {
            // The ports are free when the tasks are over, however they end.
            let _ = task.await;
        }
        let (ari, ami) = (bind(self.ari.port()).await?, bind(self.ami.port()).await?);
        self.plug_in(ari, ami);
        Ok(())
    }

    /// The stage of booting that requests meet.
    pub fn set_boot(&self, boot: Boot) {
        self.service.shared.with(|world| world.faults.boot = boot);
    }

    /// `core restart now`: calls are lost, connections break, and for `boot` each of 404 and 503 is what ARI says.
    pub async fn restart(&self, boot: Duration) -> io::Result<()> {
        self.go_away();
        let wait = self.service.shared.with(|world| {
            world.forget_calls();
            world.faults.boot = Boot::NotLoaded;
            world.scaled(boot)
        });
        self.come_back().await?;
        tokio::time::sleep(wait).await;
        self.set_boot(Boot::NotBooted);
        tokio::time::sleep(wait).await;
        self.set_boot(Boot::Ready);
        Ok(())
    }
}

impl Drop for SimPbx {
    fn drop(&mut self) {
        self.go_away();
    }
}

async fn bind(port: u16) -> io::Result<TcpListener> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await
}
