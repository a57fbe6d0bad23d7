//! Devices that call: customers behind the provider's trunk, and agents who dial.

use std::{
    net::{IpAddr, SocketAddr},
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU16, Ordering},
    },
    time::Duration,
};

use super::{
    call::Call,
    journal::Step,
    sipp::{Scenario, SippProcess, Wiring},
};
use crate::{
    error::Result,
    media::{Tone, Voice},
};

const CALLER: &str = include_str!("../../sipp/caller.xml");

/// How long SIPp may take until the INVITE is out.
const START_LIMIT: Duration = Duration::from_secs(10);

/// A caller behind the provider, before they call.
#[derive(Debug, Clone)]
pub struct TrunkCaller {
    pub(crate) wiring: Arc<Wiring>,
    caller: Caller,
    tone: Tone,
}

#[derive(Debug, Clone)]
pub(super) struct Caller {
    pub(super) from: String,
    pub(super) name: String,
    pub(super) domain: String,
    pub(super) secret: String,
    pub(super) address: IpAddr,
    pub(super) voice: Voice,
}

impl TrunkCaller {
    /// The next caller of a lab: another number and another tone each time.
    pub(crate) fn next(wiring: Arc<Wiring>, address: IpAddr, count: &AtomicU16) -> Self {
        let n = count.fetch_add(1, Ordering::Relaxed);
        let tone = Tone::caller(n);
        let caller = Caller {
            from: format!("+1202555{:04}", 100 + n % 100),
            name: format!("Caller {n}"),
            domain: "trunk.example.net".into(),
            secret: wiring.secret.clone(),
            address,
            voice: Voice::Tone(tone),
        };
        Self {
            wiring,
            caller,
            tone,
        }
    }

    /// What this caller says, unless given another voice.
    pub fn tone(&self) -> Tone {
        self.tone
    }

    pub fn number(&self) -> &str {
        &self.caller.from
    }

    #[must_use]
    pub fn with_number(mut self, number: &str) -> Self {
        self.caller.from = number.into();
        self
    }

    /// Calls from another address than the provider's.
    #[must_use]
    pub fn with_address(mut self, address: IpAddr) -> Self {
        self.caller.address = address;
        self
    }

    #[must_use]
    pub fn with_name(mut self, name: &str) -> Self {
        self.caller.name = name.into();
        self
    }

    #[must_use]
    pub fn speaking(mut self, voice: Voice) -> Self {
        self.caller.voice = voice;
        self
    }

    /// Calls one of our numbers. Returns when the INVITE is out.
    pub async fn calls(&self, did: &str) -> Result<Call> {
        place(&self.wiring, &self.caller, did).await
    }
}

/// Places a call with a SIPp process of its own.
pub(super) async fn place(wiring: &Arc<Wiring>, caller: &Caller, to: &str) -> Result<Call> {
    let rtp = wiring.open_rtp(caller.address, caller.voice.clone())?;
    let scenario = Scenario {
        file: "caller.xml",
        text: CALLER,
        values: &[
            ("from", caller.from.clone()),
            ("name", caller.name.clone()),
            ("domain", caller.domain.clone()),
            ("to", to.to_owned()),
            ("secret", caller.secret.clone()),
            ("address", caller.address.to_string()),
            ("media_port", rtp.port().to_string()),
        ],
        address: caller.address,
        port: wiring.port()?,
        once: true,
    };
    let sipp = SippProcess::start(wiring, &scenario)?;
    let id = sipp.journal.wait("the INVITE", START_LIMIT, |entries| {
        entries
            .iter()
            .find(|entry| entry.step == Step::Calling)
            .map(|entry| entry.call.clone())
    });
    let mut call = Call::new(
        sipp.clone(),
        id.await?,
        (caller.from.clone(), to.to_owned()),
        caller.address,
        wiring.asterisk,
    );
    call.rtp = Arc::new(OnceLock::from(rtp));
    tokio::spawn(speak_when_answered(call.clone(), wiring.asterisk.ip()));
    Ok(call)
}

/// Starts the sound when the far end's port is known. Ends with the call.
async fn speak_when_answered(call: Call, asterisk: IpAddr) {
    let mut read = 0;
    loop {
        let own = |entry: &super::journal::Entry| entry.call == call.id;
        let next = call
            .sipp
            .journal
            .wait("the next step", Duration::MAX, |entries| {
                entries.iter().filter(|entry| own(entry)).nth(read).cloned()
            });
        let Ok(entry) = next.await else { return };
        read += 1;
        match entry.step {
            Step::Early { media } | Step::Answered { media } => {
                if let Some(rtp) = call.rtp.get() {
                    rtp.speak_to(SocketAddr::new(asterisk, media));
                }
            }
            step if step.is_last() => return,
            _ => {}
        }
    }
}
