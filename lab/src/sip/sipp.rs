//! One SIPp process: started on a scenario, listened to, told what to do.

use std::{
    fs,
    io::{BufRead, BufReader},
    net::{IpAddr, SocketAddr, UdpSocket},
    path::PathBuf,
    process::ExitStatus,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use super::journal::Journal;
use crate::{
    asterisk::{Addresses, fill},
    error::{Doing, LabError, Result},
    leash::{Leash, Leashed},
    media::{RtpEndpoint, Voice},
    ports::PortBlock,
};

/// How long SIPp may take until its port is open.
const START_LIMIT: Duration = Duration::from_secs(10);
const START_POLL: Duration = Duration::from_millis(5);

/// What every SIP device of a lab needs to know.
#[derive(Debug)]
pub(crate) struct Wiring {
    pub(crate) ports: PortBlock,
    pub(crate) asterisk: SocketAddr,
    pub(crate) secret: String,
    /// Where filled-in scenarios go.
    pub(crate) scenarios: PathBuf,
    processes: Mutex<Vec<Weak<SippProcess>>>,
}

impl Wiring {
    pub(crate) fn new(
        ports: PortBlock,
        asterisk: SocketAddr,
        secret: String,
        scenarios: PathBuf,
    ) -> Self {
        Self {
            ports,
            asterisk,
            secret,
            scenarios,
            processes: Mutex::default(),
        }
    }

    /// A port of the lab's block that is free now.
    pub(super) fn port(&self) -> Result<u16> {
        self.ports.next(Addresses::FIXED + Addresses::RTP)
    }

    fn processes(&self) -> MutexGuard<'_, Vec<Weak<SippProcess>>> {
        self.processes
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends every SIPp process of the lab.
    pub(crate) fn switch_all_off(&self) {
        let all = std::mem::take(&mut *self.processes());
        for process in all.iter().filter_map(Weak::upgrade) {
            process.switch_off();
        }
    }

    pub(super) fn open_rtp(&self, address: IpAddr, voice: Voice) -> Result<RtpEndpoint> {
        RtpEndpoint::open(SocketAddr::new(address, self.port()?), voice)
    }
}

/// A scenario, what is filled into it, and where it runs.
#[derive(Debug)]
pub(super) struct Scenario<'a> {
    pub(super) file: &'static str,
    pub(super) text: &'static str,
    pub(super) values: &'a [(&'static str, String)],
    pub(super) address: IpAddr,
    pub(super) port: u16,
    /// One call and an end, instead of waiting for calls.
    pub(super) once: bool,
}

#[derive(Debug)]
pub(super) struct SippProcess {
    pub(super) journal: Arc<Journal>,
    control: UdpSocket,
    port: SocketAddr,
    /// `None` once switched off.
    leash: Mutex<Option<Leash>>,
}

impl SippProcess {
    pub(super) fn start(wiring: &Wiring, scenario: &Scenario<'_>) -> Result<Arc<Self>> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let value = |name: &str| {
            scenario
                .values
                .iter()
                .find(|(key, _)| *key == name)
                .map(|(_, value)| value.clone())
        };
        let text = fill(scenario.file, scenario.text, &value)?;
        fs::create_dir_all(&wiring.scenarios)
            .doing(|| format!("make {}", wiring.scenarios.display()))?;
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let file = wiring.scenarios.join(format!("{count}-{}", scenario.file));
        fs::write(&file, text).doing(|| format!("write {}", file.display()))?;

        let address = scenario.address.to_string();
        let (media, control) = (wiring.port()?.to_string(), wiring.port()?.to_string());
        // SIPp takes a third one unasked, two above the first, for video: nobody else may be given it.
        wiring.port()?;
        let mut sipp =
            Leashed::new("sipp").args(["-i", &address, "-p", &scenario.port.to_string()]);
        // The sound is ours; SIPp opens its own ports for it all the same, and must not take anybody else's.
        sipp = sipp
            .args([
                "-mi", &address, "-mp", &media, "-ci", &address, "-cp", &control,
            ])
            .arg("-sf")
            .arg(&file);
        // One message at a time: two that arrive together must not catch the scenario between two steps.
        sipp = sipp.args(["-max_recv_loops", "1"]);
        sipp = sipp.args(["-nostdin", "-trace_logs", "-log_file", "/dev/stderr"]);
        if scenario.once {
            sipp = sipp.args(["-m", "1"]);
        }
        let mut leash = sipp
            .arg(wiring.asterisk.to_string())
            .end_signal("KILL")
            .pipe_errors()
            .spawn()?;
        let journal = Arc::new(Journal::default());
        listen(&mut leash, &journal)?;
        let control =
            UdpSocket::bind((scenario.address, 0)).doing(|| "open a control port".into())?;
        let port = SocketAddr::new(scenario.address, scenario.port);
        let leash = Mutex::new(Some(leash));
        let process = Arc::new(Self {
            journal,
            control,
            port,
            leash,
        });
        wiring.processes().push(Arc::downgrade(&process));
        Ok(process)
    }

    /// Waits until the SIP port is open: what is sent to it from now on is read.
    pub(super) async fn wait_open(&self) -> Result<()> {
        let IpAddr::V4(address) = self.port.ip() else {
            return Err(LabError::Unexpected("the lab's addresses are IPv4".into()));
        };
        let wanted = format!(
            "{:08X}:{:04X}",
            u32::from_le_bytes(address.octets()),
            self.port.port()
        );
        let started = Instant::now();
        loop {
            let table =
                fs::read_to_string("/proc/net/udp").doing(|| "read /proc/net/udp".into())?;
            if table
                .lines()
                .any(|line| line.split_whitespace().nth(1) == Some(&wanted))
            {
                return Ok(());
            }
            if started.elapsed() > START_LIMIT || self.exited().is_some() {
                let detail = self.journal.story();
                return Err(LabError::Timeout {
                    what: "SIPp's start".into(),
                    waited: started.elapsed(),
                    detail,
                });
            }
            tokio::time::sleep(START_POLL).await;
        }
    }

    /// Waits for the end of a scenario that runs once.
    pub(super) async fn wait_end(&self, limit: Duration) -> Result<()> {
        let started = Instant::now();
        loop {
            let output = || self.journal.story();
            match self.exited() {
                Some(status) if status.success() => return Ok(()),
                Some(status) => {
                    let status = status.to_string();
                    return Err(LabError::Program {
                        program: "sipp".into(),
                        status,
                        output: output(),
                    });
                }
                None if started.elapsed() > limit => {
                    return Err(LabError::Timeout {
                        what: "SIPp's end".into(),
                        waited: limit,
                        detail: output(),
                    });
                }
                None => tokio::time::sleep(START_POLL).await,
            }
        }
    }

    fn leash(&self) -> MutexGuard<'_, Option<Leash>> {
        self.leash.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn exited(&self) -> Option<ExitStatus> {
        self.leash().as_mut().and_then(Leash::exited)
    }

    /// Ends the process now, without a word to anybody, and waits until it is gone.
    pub(super) fn switch_off(&self) {
        self.leash().take();
    }

    /// Sends a request that the scenario knows, within a call.
    pub(super) fn tell(&self, call: &str, what: &str, header: Option<(&str, &str)>) -> Result<()> {
        let header = header
            .map(|(name, value)| format!("{name}: {value}\r\n"))
            .unwrap_or_default();
        let request = format!(
            "{what} sip:lab@{0} SIP/2.0\r\nVia: SIP/2.0/UDP {0};branch=z9hG4bK{what}\r\nFrom: <sip:lab@{0}>;tag=1\r\n\
             To: <sip:lab@{0}>\r\nCall-ID: {call}\r\nCSeq: 1 {what}\r\n{header}Content-Length: 0\r\n\r\n",
            self.port
        );
        self.control
            .send_to(request.as_bytes(), self.port)
            .doing(|| format!("tell SIPp to {what}"))?;
        Ok(())
    }
}

/// Reads what SIPp logs, until it ends.
fn listen(leash: &mut Leash, journal: &Arc<Journal>) -> Result<()> {
    let errors = leash
        .take_errors()
        .ok_or_else(|| LabError::Unexpected("SIPp's log is not piped".into()))?;
    let journal = journal.clone();
    let read = move || {
        for line in BufReader::new(errors)
            .lines()
            .map_while(std::result::Result::ok)
        {
            journal.take_line(&line);
        }
        journal.close();
    };
    std::thread::Builder::new()
        .name("sipp-log".into())
        .spawn(read)
        .doing(|| "start a thread".into())?;
    Ok(())
}
