//! One call, seen from one of its ends.

use std::{
    collections::BTreeMap,
    net::{IpAddr, SocketAddr},
    sync::{Arc, OnceLock},
    time::{Duration, Instant, SystemTime},
};

use super::{
    journal::{Entry, Step},
    sipp::SippProcess,
};
use crate::{
    error::{LabError, Result},
    media::{RtpEndpoint, Tone},
};

/// How long a step of a call is waited for, unless told otherwise.
const STEP_LIMIT: Duration = Duration::from_secs(20);
/// Longer than what makes a tone heard.
const SILENT_FOR: Duration = Duration::from_millis(500);
const HEARING_POLL: Duration = Duration::from_millis(20);

/// How a call ended, from this end's view.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    HungUpByUs,
    HungUpByThem,
    /// Given up before the answer: by the caller, or by whoever stopped offering it.
    Cancelled,
    /// With a SIP status such as 486.
    Refused(u16),
    /// SIPp gave up on it: the far end did something that its scenario does not know.
    Aborted,
}

/// What became of a call.
#[derive(Debug, Clone)]
pub struct CallReport {
    pub outcome: Outcome,
    pub began_at: SystemTime,
    pub ringing_at: Option<SystemTime>,
    pub answered_at: Option<SystemTime>,
    pub ended_at: SystemTime,
    /// For how long each known tone was received, in the last minute of the call.
    pub heard: BTreeMap<Tone, Duration>,
}

/// One end of a call. Clones are the same call.
#[derive(Debug, Clone)]
pub struct Call {
    pub(super) sipp: Arc<SippProcess>,
    pub(super) id: String,
    /// Who called whom, as the SIP says.
    pub(super) from: String,
    pub(super) to: String,
    pub(super) address: IpAddr,
    pub(super) asterisk: SocketAddr,
    /// Opened at once by a caller, and at the answer by a callee.
    pub(super) rtp: Arc<OnceLock<RtpEndpoint>>,
    pub(super) limit: Duration,
}

impl Call {
    pub(super) fn new(
        sipp: Arc<SippProcess>,
        id: String,
        (from, to): (String, String),
        address: IpAddr,
        asterisk: SocketAddr,
    ) -> Self {
        Self {
            sipp,
            id,
            from,
            to,
            address,
            asterisk,
            rtp: Arc::default(),
            limit: STEP_LIMIT,
        }
    }

    /// SIP's Call-ID.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The caller's number as it was presented.
    pub fn from(&self) -> &str {
        &self.from
    }

    /// The number that was called.
    pub fn to(&self) -> &str {
        &self.to
    }

    /// The same call with another limit on each wait.
    #[must_use]
    pub fn within(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// Waits until the far end rings (180), or has.
    pub async fn wait_ringing(&self) -> Result<()> {
        self.wait("ringing", |step| matches!(step, Step::Ringing))
            .await
            .map(|_| ())
    }

    /// Waits for sound before the answer (183), or the answer.
    pub async fn wait_early(&self) -> Result<()> {
        self.wait("early media", |step| matches!(step, Step::Early { .. }))
            .await
            .map(|_| ())
    }

    /// Waits until the call is answered.
    pub async fn wait_answered(&self) -> Result<()> {
        self.wait("the answer", |step| matches!(step, Step::Answered { .. }))
            .await
            .map(|_| ())
    }

    /// Waits for a step; a call that ends first is an error.
    async fn wait(&self, what: &str, wanted: impl Fn(&Step) -> bool) -> Result<Entry> {
        let what = format!("{what} of the call from {} to {}", self.from, self.to);
        let found = self.sipp.journal.wait(&what, self.limit, |entries| {
            let mut own = entries.iter().filter(|entry| entry.call == self.id);
            own.find(|entry| wanted(&entry.step) || entry.step.is_last())
                .cloned()
        });
        let entry = found.await?;
        if wanted(&entry.step) {
            return Ok(entry);
        }
        Err(LabError::Unexpected(format!(
            "{what} did not come:{}",
            self.sipp.journal.story()
        )))
    }

    pub fn is_answered(&self) -> bool {
        self.steps(|steps| {
            steps
                .iter()
                .any(|entry| matches!(entry.step, Step::Answered { .. }))
        })
    }

    pub fn is_over(&self) -> bool {
        self.steps(|steps| steps.iter().any(|entry| entry.step.is_last()))
    }

    fn steps<T>(&self, ask: impl FnOnce(&[&Entry]) -> T) -> T {
        self.sipp.journal.read(|entries| {
            let own: Vec<&Entry> = entries
                .iter()
                .filter(|entry| entry.call == self.id)
                .collect();
            ask(&own)
        })
    }

    /// Waits until `tone` is heard: from now on, for 300 ms.
    pub async fn hears(&self, tone: Tone) -> Result<()> {
        let since = Instant::now();
        while !self.heard(tone, Some(since)) {
            if since.elapsed() > self.limit || self.is_over() {
                let heard = self.ear_report();
                let over = if self.is_over() {
                    " (the call is over)"
                } else {
                    ""
                };
                return Err(LabError::Timeout {
                    what: format!(
                        "hearing {tone} on the call from {} to {}",
                        self.from, self.to
                    ),
                    waited: since.elapsed(),
                    detail: format!("; heard so far: {heard}{over}"),
                });
            }
            tokio::time::sleep(HEARING_POLL).await;
        }
        Ok(())
    }

    /// Waits until `tone` is not heard any more: for half a second.
    pub async fn stops_hearing(&self, tone: Tone) -> Result<()> {
        let began = Instant::now();
        loop {
            let since = Instant::now();
            tokio::time::sleep(SILENT_FOR).await;
            if !self.heard(tone, Some(since)) {
                return Ok(());
            }
            if began.elapsed() > self.limit {
                return Err(LabError::Timeout {
                    what: format!(
                        "{tone} to end on the call from {} to {}",
                        self.from, self.to
                    ),
                    waited: began.elapsed(),
                    detail: String::new(),
                });
            }
        }
    }

    /// Presses keys on this phone, once it has something to hear.
    pub fn press(&self, keys: &str) {
        if let Some(rtp) = self.rtp.get() {
            rtp.press(keys);
        }
    }

    /// Waits until these keys were pressed at the other end, and no others.
    pub async fn hears_keys(&self, keys: &str) -> Result<()> {
        let began = Instant::now();
        loop {
            let heard = self.rtp.get().map(RtpEndpoint::keys).unwrap_or_default();
            if heard == keys {
                return Ok(());
            }
            if began.elapsed() > self.limit || !keys.starts_with(&heard) {
                return Err(LabError::Timeout {
                    what: format!(
                        "the keys {keys} on the call from {} to {}",
                        self.from, self.to
                    ),
                    waited: began.elapsed(),
                    detail: format!("; pressed so far: {heard:?}"),
                });
            }
            tokio::time::sleep(HEARING_POLL).await;
        }
    }

    /// Whether `tone` was received in the last minute, after `since`.
    pub fn heard(&self, tone: Tone, since: Option<Instant>) -> bool {
        self.rtp
            .get()
            .is_some_and(|rtp| rtp.ear(|ear| ear.heard(tone, since)))
    }

    fn tones(&self) -> BTreeMap<Tone, Duration> {
        self.rtp
            .get()
            .map(|rtp| rtp.ear(crate::media::Ear::tones))
            .unwrap_or_default()
    }

    fn ear_report(&self) -> String {
        let heard: Vec<String> = self
            .tones()
            .iter()
            .map(|(tone, length)| format!("{tone} {length:.1?}"))
            .collect();
        if heard.is_empty() {
            "nothing".into()
        } else {
            heard.join(", ")
        }
    }

    /// Lets time pass; the call must still be up at its end.
    pub async fn talks_for(&self, length: Duration) -> Result<()> {
        tokio::time::sleep(length).await;
        if self.is_over() {
            return Err(LabError::Unexpected(format!(
                "the call ended too early:{}",
                self.sipp.journal.story()
            )));
        }
        Ok(())
    }

    /// Hangs up (BYE), or gives up (CANCEL) where there is no answer yet (as callee: declines); waits until that is done. Fine if it is over.
    pub async fn hang_up(&self) -> Result<()> {
        if !self.is_over() {
            self.sipp.tell(&self.id, "HANGUP", None)?;
        }
        self.last_step().await.map(|_| ())
    }

    /// As callee: rings (180).
    pub fn ring(&self) -> Result<()> {
        self.sipp.tell(&self.id, "RING", None)
    }

    /// As callee: refuses with a SIP status such as 486.
    pub fn refuse(&self, status: u16) -> Result<()> {
        self.sipp.tell(&self.id, &format!("REFUSE{status}"), None)
    }

    /// As callee, while talking: sends the far end to another number (REFER), such as `102`.
    pub fn transfer_to(&self, number: &str) -> Result<()> {
        self.sipp.tell(
            &self.id,
            "TRANSFER",
            Some(("X-To", &format!("sip:{number}@{}", self.asterisk))),
        )
    }

    async fn last_step(&self) -> Result<Entry> {
        self.wait("the end", Step::is_last).await
    }

    /// Waits until the call is over, and says what became of it.
    pub async fn wait_ended(&self) -> Result<CallReport> {
        let last = self.last_step().await?;
        let outcome = match last.step {
            Step::Ended { by_us: true } => Outcome::HungUpByUs,
            Step::Refused { status } => Outcome::Refused(status),
            Step::Cancelled => Outcome::Cancelled,
            Step::Aborted => Outcome::Aborted,
            _ => Outcome::HungUpByThem,
        };
        let (began_at, ringing_at, answered_at) = self.steps(|steps| {
            let find = |wanted: fn(&Step) -> bool| {
                steps
                    .iter()
                    .find(|entry| wanted(&entry.step))
                    .map(|entry| entry.time)
            };
            (
                steps.first().map_or(last.time, |entry| entry.time),
                find(|step| matches!(step, Step::Ringing)),
                find(|step| matches!(step, Step::Answered { .. })),
            )
        });
        Ok(CallReport {
            outcome,
            began_at,
            ringing_at,
            answered_at,
            ended_at: last.time,
            heard: self.tones(),
        })
    }
}
