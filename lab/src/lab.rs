//! One lab: an Asterisk, its phones and its trunk. Everything stops when it is dropped.

use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::Path,
    sync::{Arc, Mutex, PoisonError, atomic::AtomicU16},
    time::{Duration, Instant},
};

use crate::{
    asterisk::{
        ADDRESS, Addresses, AriClient, AsteriskProcess, Channel, Endpoint, Release, TRUNK_ADDRESS,
    },
    error::{LabError, Result},
    folders::{random_secret, write_private},
    ports::PortBlock,
    requirements::{is_required, requirements},
    sip::{Call, Phone, TrunkCaller, Wiring},
};

/// Phones 101 to 110.
const PHONES: u16 = 10;
/// Phones of the largest lab.
const MOST_PHONES: u16 = 899;
/// How long [`Lab::wait_no_channels`] and [`Lab::wait_endpoint`] wait.
const STATE_LIMIT: Duration = Duration::from_secs(10);
const STATE_POLL: Duration = Duration::from_millis(50);

const ARI_USER: &str = "cordboard";

/// Brings up a lab with ten phones. The first time on a machine, this makes Asterisk's root file system.
pub async fn up(release: Release) -> Result<Lab> {
    LabBuilder::new(release).up().await
}

/// The same, or `None` with a printed reason where a lab is impossible; panics where it is required (in CI).
///
/// # Panics
/// When `CI` or `CORDBOARD_REQUIRE_LAB` is set and the machine lacks something, and always when the lab fails
/// for any other reason than a lack.
pub async fn up_or_skip(release: Release) -> Option<Lab> {
    match up(release).await {
        Ok(lab) => Some(lab),
        Err(LabError::Missing(why)) if !is_required() => {
            println!("SKIPPED lab test: {why}");
            None
        }
        Err(error) => panic!("the lab with Asterisk {release} did not come up: {error}"),
    }
}

/// A lab before it is up.
#[derive(Debug, Clone)]
pub struct LabBuilder {
    release: Release,
    phones: u16,
    configs: Vec<(String, String)>,
}

impl LabBuilder {
    pub fn new(release: Release) -> Self {
        Self {
            release,
            phones: PHONES,
            configs: Vec::new(),
        }
    }

    /// How many phones Asterisk knows, from 101 on.
    #[must_use]
    pub fn phones(mut self, count: u16) -> Self {
        self.phones = count.min(MOST_PHONES);
        self
    }

    /// Writes one more of Asterisk's files before it starts, in place of the lab's own if it has that name. Files that the
    /// lab's own include where they exist: `modules_more.conf`, `pjsip_more.conf`, `extensions_more.conf`,
    /// `extensions_from_trunk.conf`, `extensions_from_phone.conf`, `extensions_globals.conf`, `queues_more.conf`.
    #[must_use]
    pub fn config(mut self, name: &str, text: &str) -> Self {
        self.configs.push((name.to_owned(), text.to_owned()));
        self
    }

    pub async fn up(self) -> Result<Lab> {
        requirements()?;
        let Self {
            release,
            phones,
            configs,
        } = self;
        let ports = PortBlock::reserve(Addresses::FIXED + Addresses::RTP)?;
        let addresses = Addresses::of(&ports);
        let secret = random_secret()?;
        let ari = AriClient::new(loopback(addresses.http()), ARI_USER, &secret);
        let asterisk =
            AsteriskProcess::start_new(release, addresses, &secret, phones, ari.clone(), &configs)
                .await?;
        let scenarios = asterisk.folder().join("sipp");
        let wiring = Wiring::new(ports, loopback(addresses.sip()), secret.clone(), scenarios);
        let wiring = Arc::new(wiring);
        let far_end = SocketAddr::new(trunk_address(), addresses.trunk());
        let far_end = Phone::new(wiring.clone(), None, far_end);
        let devices = Mutex::default();
        let callers = AtomicU16::new(0);
        Ok(Lab {
            release,
            addresses,
            phones,
            secret,
            ari,
            devices,
            far_end,
            callers,
            wiring,
            asterisk,
        })
    }
}

/// Which of Asterisk's AMI users. All have the lab's secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AmiUser {
    /// `cordboard`: may do everything.
    Full,
    /// `callonly`: class `call` only, both ways.
    CallOnly,
    /// `watcher`: reads `call,cdr,agent`, writes nothing.
    Watcher,
}

impl AmiUser {
    pub fn name(self) -> &'static str {
        match self {
            Self::Full => "cordboard",
            Self::CallOnly => "callonly",
            Self::Watcher => "watcher",
        }
    }
}

/// A running lab.
#[derive(Debug)]
pub struct Lab {
    release: Release,
    addresses: Addresses,
    phones: u16,
    secret: String,
    ari: AriClient,
    // Devices before Asterisk: they end first.
    devices: Mutex<BTreeMap<u16, Phone>>,
    far_end: Phone,
    callers: AtomicU16,
    wiring: Arc<Wiring>,
    asterisk: AsteriskProcess,
}

impl Lab {
    pub fn release(&self) -> Release {
        self.release
    }

    /// `http://127.0.0.1:PORT`, below which `/ari` and `/ws` lie.
    pub fn http_url(&self) -> String {
        format!("http://{ADDRESS}:{}", self.addresses.http())
    }

    /// `http://127.0.0.1:PORT/ari`.
    pub fn ari_url(&self) -> String {
        format!("{}/ari", self.http_url())
    }

    pub fn ari_user(&self) -> &'static str {
        ARI_USER
    }

    /// The secret of this lab, made for it: ARI users `cordboard` and `viewer` (reads only), all AMI users, all phones.
    pub fn secret(&self) -> &str {
        &self.secret
    }

    pub fn ami_addr(&self) -> SocketAddr {
        loopback(self.addresses.ami())
    }

    pub fn sip_addr(&self) -> SocketAddr {
        loopback(self.addresses.sip())
    }

    /// The lab's folder as this process sees it: `etc/`, `log/full`, `log/cdr-csv/Master.csv`, `spool/recording/` …
    pub fn folder(&self) -> &Path {
        self.asterisk.folder()
    }

    /// The same folder as Asterisk sees it, in its root.
    pub fn folder_inside(&self) -> String {
        self.asterisk.inside()
    }

    /// Phone `number`. It registers when it is first told what to do.
    ///
    /// # Panics
    /// When Asterisk knows no such phone.
    pub fn phone(&self, number: u16) -> Phone {
        self.known_phone(number).unwrap_or_else(|| {
            panic!(
                "this lab has {} phones from 101 on, not {number}",
                self.phones
            )
        })
    }

    /// A phone of which the lab's own files say nothing.
    pub fn strange_phone(&self, number: u16) -> Phone {
        Phone::new(self.wiring.clone(), Some(number), loopback(0))
    }

    pub(crate) fn known_phone(&self, number: u16) -> Option<Phone> {
        if !(101..101 + self.phones).contains(&number) {
            return None;
        }
        let mut devices = self.devices.lock().unwrap_or_else(PoisonError::into_inner);
        let new = || Phone::new(self.wiring.clone(), Some(number), loopback(0));
        Some(devices.entry(number).or_insert_with(new).clone())
    }

    /// Whoever is reached by calling out through the trunk.
    pub fn far_end(&self) -> Phone {
        self.far_end.clone()
    }

    /// Whoever is reached at this address of loopback, by a trunk that leads there.
    pub fn far_end_at(&self, address: SocketAddr) -> Phone {
        Phone::new(self.wiring.clone(), None, address)
    }

    /// Where the far end is called.
    pub fn far_end_addr(&self) -> SocketAddr {
        SocketAddr::new(trunk_address(), self.addresses.trunk())
    }

    /// Somebody new behind the trunk, with a number and a tone of their own.
    pub fn trunk_caller(&self) -> TrunkCaller {
        TrunkCaller::next(self.wiring.clone(), trunk_address(), &self.callers)
    }

    /// Somebody new calls one of our numbers through the trunk. Returns when the INVITE is out.
    pub async fn trunk_calls(&self, did: &str) -> Result<Call> {
        self.trunk_caller().calls(did).await
    }

    /// Every channel that Asterisk has.
    pub async fn channels(&self) -> Result<Vec<Channel>> {
        self.ari.get("/channels").await
    }

    /// The phones and the trunk, with their state.
    pub async fn endpoints(&self) -> Result<Vec<Endpoint>> {
        self.ari.get("/endpoints/PJSIP").await
    }

    /// Waits until no channel is left. An error names those that are.
    pub async fn wait_no_channels(&self) -> Result<()> {
        let started = Instant::now();
        loop {
            let left = self.channels().await?;
            if left.is_empty() {
                return Ok(());
            }
            if started.elapsed() > STATE_LIMIT {
                let names: Vec<String> = left.into_iter().map(|channel| channel.name).collect();
                return Err(LabError::Unexpected(format!(
                    "channels that stayed: {}",
                    names.join(", ")
                )));
            }
            tokio::time::sleep(STATE_POLL).await;
        }
    }

    /// Waits until an endpoint is `online` or `offline`: Asterisk says so a little after it has agreed to a registration.
    pub async fn wait_endpoint(&self, resource: &str, state: &str) -> Result<()> {
        let started = Instant::now();
        loop {
            let endpoints = self.endpoints().await?;
            let found = endpoints
                .iter()
                .find(|endpoint| endpoint.resource == resource);
            let found = found.and_then(|endpoint| endpoint.state.clone());
            if found.as_deref() == Some(state) {
                return Ok(());
            }
            if started.elapsed() > STATE_LIMIT {
                return Err(LabError::Unexpected(format!(
                    "endpoint {resource} is {found:?}, not {state}"
                )));
            }
            tokio::time::sleep(STATE_POLL).await;
        }
    }

    /// Writes one of Asterisk's files. It is read when Asterisk is told to reload what it is about, or restarts.
    pub fn write_config(&self, name: &str, text: &str) -> Result<()> {
        write_private(&self.folder().join("etc").join(name), text)
    }

    /// Runs a command of Asterisk's console, such as `core show channels`.
    pub async fn console(&self, command: &str) -> Result<String> {
        self.asterisk.console(command).await
    }

    /// Stops Asterisk cleanly. Calls that are up are lost; registrations stay.
    pub async fn stop_asterisk(&mut self) -> Result<()> {
        self.asterisk.stop("TERM").await
    }

    /// Kills Asterisk, as a crash does.
    pub async fn kill_asterisk(&mut self) -> Result<()> {
        self.asterisk.stop("KILL").await
    }

    /// Starts Asterisk again, on the same ports; waits until ARI answers.
    pub async fn start_asterisk(&mut self) -> Result<()> {
        self.asterisk.start().await
    }

    pub async fn restart_asterisk(&mut self) -> Result<()> {
        self.stop_asterisk().await?;
        self.start_asterisk().await
    }

    /// The end of Asterisk's log, for a failing test.
    pub fn asterisk_log(&self) -> String {
        self.asterisk.last_words()
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        // Calls and phones that a test still holds must not keep their processes.
        self.wiring.switch_all_off();
    }
}

fn loopback(port: u16) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, port))
}

fn trunk_address() -> IpAddr {
    TRUNK_ADDRESS.parse().expect("it is a constant address")
}
