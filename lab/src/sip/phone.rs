//! A device that is called: an agent's phone, or whoever the trunk reaches. Each reacts by its [`Behaviour`].

use std::{
    collections::BTreeMap,
    net::{IpAddr, SocketAddr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use super::{
    call::Call,
    journal::Step,
    sipp::{Scenario, SippProcess, Wiring},
    trunk::{Caller, place},
};
use crate::{
    asterisk::fill,
    error::{LabError, Result},
    media::{RtpEndpoint, Tone, Voice},
};

const ANSWERER: &str = include_str!("../../sipp/answerer.xml");
const REFUSAL: &str = include_str!("../../sipp/answerer_refusal.xml");
const REGISTER: &str = include_str!("../../sipp/register.xml");

/// How long a registration may take.
const REGISTER_LIMIT: Duration = Duration::from_secs(10);
/// How long [`Phone::rings`] waits.
const RING_LIMIT: Duration = Duration::from_secs(20);
/// Seconds for which a phone registers: longer than any test.
const EXPIRES: u32 = 3_600;

/// The statuses with which a device can refuse; SIPp wants each written out in its scenario.
const REFUSALS: &[(u16, &str)] = &[
    (403, "Forbidden"),
    (404, "Not Found"),
    (408, "Request Timeout"),
    (410, "Gone"),
    (480, "Temporarily Unavailable"),
    (484, "Address Incomplete"),
    (486, "Busy Here"),
    (488, "Not Acceptable Here"),
    (500, "Server Internal Error"),
    (503, "Service Unavailable"),
    (600, "Busy Everywhere"),
    (603, "Decline"),
];

/// What a device does with a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Behaviour {
    /// Rings, answers after this long, talks until somebody hangs up.
    Answer { after: Duration },
    /// The same, but hangs up itself after talking this long.
    AnswerThenHangUp { after: Duration, talk: Duration },
    /// Rings for ever.
    NeverAnswer,
    /// Rings for a while (or not at all) and then refuses, with a SIP status such as 486.
    Refuse { after: Duration, status: u16 },
    /// Plays to the caller before answering (183), for this long.
    EarlyMedia { before: Duration },
}

impl Behaviour {
    pub fn busy() -> Self {
        Self::Refuse {
            after: Duration::ZERO,
            status: 486,
        }
    }

    pub fn declined() -> Self {
        Self::Refuse {
            after: Duration::ZERO,
            status: 603,
        }
    }
}

/// A SIP device. Clones are the same device; it starts and registers when first told what to do.
#[derive(Debug, Clone)]
pub struct Phone {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    wiring: Arc<Wiring>,
    /// The user that registers; nobody where the trunk's far end is meant.
    user: Option<u16>,
    address: IpAddr,
    /// What it logs in with.
    secret: Mutex<String>,
    /// Where it is called; chosen at the first start where it is not given.
    port: Mutex<Option<u16>>,
    running: tokio::sync::Mutex<Option<Running>>,
    reactions: Arc<Mutex<Reactions>>,
}

#[derive(Debug)]
struct Reactions {
    always: Behaviour,
    /// By the number called, before `always`.
    by_number: BTreeMap<String, Behaviour>,
    voice: Voice,
    calls: Vec<Call>,
    /// How many of `calls` [`Phone::rings`] has given out.
    seen: usize,
}

#[derive(Debug)]
struct Running {
    sipp: Arc<SippProcess>,
    driver: tokio::task::JoinHandle<()>,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.driver.abort();
        self.sipp.switch_off();
    }
}

impl Phone {
    pub(crate) fn new(wiring: Arc<Wiring>, user: Option<u16>, address: SocketAddr) -> Self {
        let voice = user.map_or(Tone::phone(160), Tone::phone);
        let reactions = Reactions {
            always: Behaviour::NeverAnswer,
            by_number: BTreeMap::new(),
            voice: Voice::Tone(voice),
            calls: Vec::new(),
            seen: 0,
        };
        let port = Mutex::new(Some(address.port()).filter(|port| *port != 0));
        let reactions = Arc::new(Mutex::new(reactions));
        let running = tokio::sync::Mutex::default();
        Self {
            inner: Arc::new(Inner {
                secret: Mutex::new(wiring.secret.clone()),
                wiring,
                user,
                address: address.ip(),
                port,
                running,
                reactions,
            }),
        }
    }

    /// What this device says, unless it was given another voice.
    pub fn tone(&self) -> Tone {
        self.inner.user.map_or(Tone::phone(160), Tone::phone)
    }

    /// Starts and registers the device, if it is not yet, and says how it will react from now on.
    pub async fn behaves(&self, behaviour: Behaviour) -> Result<&Self> {
        self.reactions().always = behaviour;
        self.start().await?;
        Ok(self)
    }

    pub async fn answers_after(&self, after: Duration) -> Result<&Self> {
        self.behaves(Behaviour::Answer { after }).await
    }

    pub async fn answers_then_hangs_up(&self, after: Duration, talk: Duration) -> Result<&Self> {
        self.behaves(Behaviour::AnswerThenHangUp { after, talk })
            .await
    }

    pub async fn never_answers(&self) -> Result<&Self> {
        self.behaves(Behaviour::NeverAnswer).await
    }

    pub async fn is_busy(&self) -> Result<&Self> {
        self.behaves(Behaviour::busy()).await
    }

    pub async fn declines(&self) -> Result<&Self> {
        self.behaves(Behaviour::declined()).await
    }

    /// Refuses at once with a SIP status such as 404.
    pub async fn refuses(&self, status: u16) -> Result<&Self> {
        self.behaves(Behaviour::Refuse {
            after: Duration::ZERO,
            status,
        })
        .await
    }

    /// Reacts otherwise when this number is called: the trunk's far end is many people.
    pub fn when_called(&self, number: &str, behaviour: Behaviour) -> &Self {
        self.reactions().by_number.insert(number.into(), behaviour);
        self
    }

    /// Says something else on the calls that are answered from now on.
    pub fn speaks(&self, voice: Voice) -> &Self {
        self.reactions().voice = voice;
        self
    }

    /// Waits for the next call that was not given out yet.
    pub async fn rings(&self) -> Result<Call> {
        let journal = {
            let running = self.inner.running.lock().await;
            let running = running
                .as_ref()
                .ok_or_else(|| LabError::Unexpected("the phone is off".into()))?;
            running.sipp.journal.clone()
        };
        let what = format!(
            "a call to {}",
            self.inner
                .user
                .map_or("the far end".into(), |user| user.to_string())
        );
        let next = journal.wait(&what, RING_LIMIT, |_| {
            let mut reactions = self.reactions();
            let call = reactions.calls.get(reactions.seen).cloned()?;
            reactions.seen += 1;
            Some(call)
        });
        next.await
    }

    /// All calls that came so far, oldest first.
    pub fn calls_received(&self) -> Vec<Call> {
        self.reactions().calls.clone()
    }

    /// Calls a number from this phone. The same phone may be called meanwhile.
    pub async fn calls(&self, number: &str) -> Result<Call> {
        let user = self
            .inner
            .user
            .ok_or_else(|| LabError::Unexpected("the far end has no phone to call from".into()))?;
        let caller = Caller {
            from: user.to_string(),
            name: format!("Phone {user}"),
            domain: self.inner.wiring.asterisk.ip().to_string(),
            secret: self.secret().clone(),
            address: self.inner.address,
            voice: self.reactions().voice.clone(),
        };
        place(&self.inner.wiring, &caller, number).await
    }

    /// Logs in with another secret from now on.
    pub fn logs_in_with(&self, secret: &str) -> &Self {
        secret.clone_into(&mut self.secret());
        self
    }

    /// Registers, or registers again after [`unregister`](Self::unregister).
    pub async fn register(&self) -> Result<()> {
        self.start().await?;
        self.send_register(EXPIRES).await
    }

    /// Takes the registration back; the device stays on.
    pub async fn unregister(&self) -> Result<()> {
        self.send_register(0).await
    }

    /// Goes dark without a word, as in a power cut: still registered, answering nothing.
    pub async fn vanishes(&self) {
        self.inner.running.lock().await.take();
    }

    fn reactions(&self) -> MutexGuard<'_, Reactions> {
        self.inner
            .reactions
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn secret(&self) -> MutexGuard<'_, String> {
        let secret = self.inner.secret.lock();
        secret.unwrap_or_else(PoisonError::into_inner)
    }

    fn port(&self) -> Result<u16> {
        let mut port = self
            .inner
            .port
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(port) = *port {
            return Ok(port);
        }
        let chosen = self.inner.wiring.port()?;
        *port = Some(chosen);
        Ok(chosen)
    }

    async fn start(&self) -> Result<()> {
        let mut running = self.inner.running.lock().await;
        if running.is_some() {
            return Ok(());
        }
        let line = |code| {
            format!("<recv request=\"REFUSE{code}\" optional=\"true\" next=\"refuse{code}\" />")
        };
        let refusals = REFUSALS
            .iter()
            .map(|(code, _)| line(code))
            .collect::<Vec<_>>()
            .join("\n");
        let scenario = Scenario {
            file: "answerer.xml",
            text: ANSWERER,
            values: &[
                ("address", self.inner.address.to_string()),
                ("refusals", refusals),
                ("refusal_answers", refusal_answers()?),
            ],
            address: self.inner.address,
            port: self.port()?,
            once: false,
        };
        let sipp = SippProcess::start(&self.inner.wiring, &scenario)?;
        sipp.wait_open().await?;
        let (wiring, reactions) = (self.inner.wiring.clone(), self.inner.reactions.clone());
        let driver = tokio::spawn(drive(wiring, sipp.clone(), reactions, self.inner.address));
        *running = Some(Running { sipp, driver });
        drop(running);
        if self.inner.user.is_some() {
            self.send_register(EXPIRES).await
        } else {
            Ok(())
        }
    }

    async fn send_register(&self, expires: u32) -> Result<()> {
        let wiring = &self.inner.wiring;
        let user = self
            .inner
            .user
            .ok_or_else(|| LabError::Unexpected("the far end does not register".into()))?;
        let scenario = Scenario {
            file: "register.xml",
            text: REGISTER,
            values: &[
                ("user", user.to_string()),
                ("secret", self.secret().clone()),
                ("address", self.inner.address.to_string()),
                ("port", self.port()?.to_string()),
                ("expires", expires.to_string()),
            ],
            address: self.inner.address,
            port: wiring.port()?,
            once: true,
        };
        SippProcess::start(wiring, &scenario)?
            .wait_end(REGISTER_LIMIT)
            .await
    }
}

fn refusal_answers() -> Result<String> {
    let answer = |(code, reason): &(u16, &str)| {
        fill("answerer_refusal.xml", REFUSAL, &|name| match name {
            "code" => Some(code.to_string()),
            "reason" => Some((*reason).to_owned()),
            _ => None,
        })
    };
    REFUSALS.iter().map(answer).collect()
}

/// Follows the journal and lets each call be reacted to, until the phone is switched off.
async fn drive(
    wiring: Arc<Wiring>,
    sipp: Arc<SippProcess>,
    reactions: Arc<Mutex<Reactions>>,
    address: IpAddr,
) {
    let mut read = 0;
    let mut reacting = tokio::task::JoinSet::new();
    loop {
        let next = sipp
            .journal
            .wait("the next call", Duration::MAX, |entries| {
                entries.get(read).cloned()
            });
        let Ok(entry) = next.await else { return };
        read += 1;
        let mut reactions = reactions.lock().unwrap_or_else(PoisonError::into_inner);
        match entry.step {
            Step::Offered { from, to, .. } => {
                let behaviour = reactions
                    .by_number
                    .get(&to)
                    .unwrap_or(&reactions.always)
                    .clone();
                let call = Call::new(
                    sipp.clone(),
                    entry.call,
                    (from, to),
                    address,
                    wiring.asterisk,
                );
                reactions.calls.push(call.clone());
                sipp.journal.wake();
                reacting.spawn(react(
                    wiring.clone(),
                    call,
                    behaviour,
                    reactions.voice.clone(),
                ));
            }
            Step::Early { media } | Step::Answered { media } => {
                let call = reactions
                    .calls
                    .iter()
                    .rev()
                    .find(|call| call.id == entry.call);
                if let Some(rtp) = call.and_then(|call| call.rtp.get()) {
                    rtp.speak_to(SocketAddr::new(wiring.asterisk.ip(), media));
                }
            }
            _ => {}
        }
    }
}

async fn react(wiring: Arc<Wiring>, call: Call, behaviour: Behaviour, voice: Voice) {
    // A call that is cancelled meanwhile is not answered; the test sees what happened in the call's report.
    let pause = async |length: Duration| {
        tokio::time::sleep(length).await;
        !call.is_over()
    };
    let with_sound = |what: &str| -> Result<()> {
        if call.rtp.get().is_none() {
            let opened = wiring.open_rtp(call.address, voice.clone())?;
            call.rtp.get_or_init(|| opened);
        }
        let port = call.rtp.get().map_or(0, RtpEndpoint::port).to_string();
        call.sipp.tell(&call.id, what, Some(("X-Media", &port)))
    };
    let outcome = match behaviour {
        Behaviour::NeverAnswer => call.ring(),
        Behaviour::Refuse { after, status } if after.is_zero() => call.refuse(status),
        Behaviour::Refuse { after, status } => match call.ring() {
            Ok(()) if pause(after).await => call.refuse(status),
            other => other,
        },
        Behaviour::EarlyMedia { before } => match with_sound("EARLY") {
            Ok(()) if pause(before).await => with_sound("ANSWER"),
            other => other,
        },
        Behaviour::Answer { after } => match call.ring() {
            Ok(()) if pause(after).await => with_sound("ANSWER"),
            other => other,
        },
        Behaviour::AnswerThenHangUp { after, talk } => match call.ring() {
            Ok(()) if pause(after).await => match with_sound("ANSWER") {
                Ok(()) if call.wait_answered().await.is_ok() && pause(talk).await => {
                    call.hang_up().await
                }
                other => other,
            },
            other => other,
        },
    };
    if let Err(error) = outcome {
        // Seen when somebody waits for this call in vain.
        call.sipp.journal.take_line(&error.to_string());
    }
}
