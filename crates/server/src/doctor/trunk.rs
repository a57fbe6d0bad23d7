//! A trunk: does each Asterisk have it, does it answer there, are we registered? And one silent call over it.
//!
//! The call has an ARI application of its own, for as long as it lasts: it meets neither queues nor agents.

use std::time::{Duration, Instant};

use asterisk::ari::{Client, Config, Event, EventKind, Events, HangupReason, Incoming, Originate};
use engine::stats::cause_of;
use model::{Trunk, visible};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Finding;
use crate::provision::{Contact, ContactState, Provisioned, Provisioning};

/// How long the called phone rings.
const RING: Duration = Duration::from_secs(20);
/// How long we stay on the line once it is answered.
const STAY: Duration = Duration::from_secs(1);
/// When Asterisk ends it, in seconds, whatever became of us.
const ABSOLUTE: &str = "40";
/// All of it together.
const PATIENCE: Duration = Duration::from_secs(30);
/// A call over a trunk that takes longer to be heard of is worth a word.
const SLOW_POST_DIAL_DELAY: Duration = Duration::from_secs(5);
/// What answers slower than this is far away, or overloaded.
const SLOW_ANSWER: Duration = Duration::from_millis(300);
/// The longest text of Asterisk's that is shown.
const MAX_SHOWN: usize = 200;

/// What became of a silent call.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub(crate) struct TestCall {
    /// The name of the server that placed it.
    pub(crate) server: String,
    /// The number, as the trunk was given it.
    pub(crate) dialled: String,
    pub(crate) outcome: TestedOutcome,
    /// Its Q.850 cause, where it was not answered.
    pub(crate) cause: Option<u16>,
    /// What went wrong, in words.
    pub(crate) why: Option<String>,
    /// From dialling until it rang, or was answered: the post-dial delay.
    pub(crate) post_dial_delay_ms: Option<u64>,
    /// From dialling until somebody answered.
    pub(crate) answered_after_ms: Option<u64>,
    /// What was spoken, as Asterisk names it.
    pub(crate) codec: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum TestedOutcome {
    Answered,
    /// It rang, and nobody answered within 20 s.
    Rang,
    /// It came no further.
    Failed,
}

impl TestCall {
    /// Whether it came as far as somebody's phone.
    pub(crate) fn rang(&self) -> bool {
        self.outcome != TestedOutcome::Failed
    }
}

/// What each Asterisk says of it.
pub(crate) fn examine_trunk(trunk: &Trunk, provisioned: &[Provisioned]) -> Vec<Finding> {
    if !trunk.active {
        let finding = Finding::warning(&trunk.name, "is not active, so Asterisk does not know it");
        return vec![finding.remedy("set `active`")];
    }
    if provisioned.is_empty() {
        let finding = Finding::problem(&trunk.name, "is on no server");
        return vec![finding.remedy("add a server, or let `server` be one that there is")];
    }
    let at = |seen: &Provisioned| at_server(trunk, seen);
    provisioned.iter().flat_map(at).collect()
}

fn at_server(trunk: &Trunk, seen: &Provisioned) -> Vec<Finding> {
    let subject = format!("{} on {}", trunk.name, seen.name);
    let reason = || seen.reason.clone().unwrap_or_default();
    match seen.state {
        Provisioning::Live => {}
        Provisioning::Pending => {
            let finding = Finding::warning(subject, "nobody can say how Asterisk has it");
            return vec![finding.because(reason())];
        }
        Provisioning::Drifted => {
            let finding = Finding::problem(subject, "Asterisk has something else");
            let remedy = "look for an endpoint of this name in pjsip.conf, or save the trunk again";
            return vec![finding.because(reason()).remedy(remedy)];
        }
    }
    let mut findings = vec![answers(&subject, trunk, seen.contacts.first())];
    if trunk.registers {
        findings.push(registered(&subject, seen.registration.as_deref()));
    }
    findings
}

fn answers(subject: &str, trunk: &Trunk, contact: Option<&Contact>) -> Finding {
    let Some(contact) = contact else {
        return Finding::problem(subject, "Asterisk knows no address of it");
    };
    let took = contact.round_trip_micros.map(Duration::from_micros);
    match (contact.state, took) {
        (ContactState::Unreachable, _) => Finding::problem(subject, "does not answer OPTIONS")
            .remedy(format!(
                "is {} the right address and port, and may our address reach it?",
                contact.uri
            )),
        (ContactState::Registered, _) if trunk.qualify_seconds == 0 => {
            Finding::warning(subject, "is not asked whether it answers")
                .remedy("set `qualify_seconds`, so that calls avoid it while it is away")
        }
        (ContactState::Registered, _) => {
            Finding::warning(subject, "has not been asked yet whether it answers")
        }
        (ContactState::Reachable, Some(took)) if took > SLOW_ANSWER => {
            let what = format!("answers OPTIONS, but only after {} ms", took.as_millis());
            Finding::warning(subject, what)
        }
        (ContactState::Reachable, took) => {
            let took = took.map_or_else(String::new, |took| {
                format!(" within {:.1} ms", took.as_secs_f64() * 1e3)
            });
            Finding::ok(subject, format!("answers OPTIONS{took}"))
        }
    }
}

fn registered(subject: &str, registration: Option<&str>) -> Finding {
    match registration {
        Some("Registered") => Finding::ok(subject, "we are registered"),
        Some("Rejected") => Finding::problem(subject, "refuses our registration")
            .remedy("compare `username` and the password with what the provider gave you"),
        other => {
            let state = other.map_or_else(|| "unknown".to_owned(), |it| visible(it, MAX_SHOWN));
            Finding::problem(subject, "we are not registered")
                .because(format!("Asterisk says: {state}"))
                .remedy("is the address right, and does it answer?")
        }
    }
}

/// One call on its way.
struct Call {
    channel: String,
    begun: Instant,
    rang: Option<Duration>,
    answered: Option<Duration>,
    codec: Option<String>,
}

/// Calls a number over a trunk, says nothing, and hangs up. `config` logs in as usual.
pub(crate) async fn place_test_call(
    mut config: Config,
    id: &str,
    (server, endpoint, dialled): (String, String, String),
) -> TestCall {
    let failed = |why: String| TestCall {
        server: server.clone(),
        dialled: dialled.clone(),
        outcome: TestedOutcome::Failed,
        cause: None,
        why: Some(why),
        post_dial_delay_ms: None,
        answered_after_ms: None,
        codec: None,
    };
    config.application = format!("cordboard-test-{id}");
    let (client, mut events) = match Client::connect(config) {
        Ok(connected) => connected,
        Err(error) => return failed(error.to_string()),
    };
    let call = Call {
        channel: format!("cordboard-test-{id}"),
        begun: Instant::now(),
        rang: None,
        answered: None,
        codec: None,
    };
    let channel = call.channel.clone();
    let done = tokio::time::timeout(PATIENCE, call.run(&client, &mut events, endpoint)).await;
    let _ = client
        .channels()
        .hang_up(&channel, HangupReason::Normal)
        .await;
    client.close();
    match done {
        Ok(Ok((call, cause))) => call.told(server, dialled, cause),
        Ok(Err(why)) => failed(why),
        Err(_) => failed("Asterisk said nothing more of it".to_owned()),
    }
}

impl Call {
    /// Until it has ended, or was answered for a while; with the cause of its end.
    async fn run(
        mut self,
        client: &Client,
        events: &mut Events,
        endpoint: String,
    ) -> Result<(Self, Option<u16>), String> {
        while let Some(incoming) = events.recv().await {
            match incoming {
                Incoming::Connected { .. } => {
                    self.begun = Instant::now();
                    let originate = Originate {
                        endpoint: endpoint.clone(),
                        channel_id: self.channel.clone(),
                        app: Some(client.application().to_owned()),
                        timeout: Some(RING),
                        // Should nobody be there any more to hang it up.
                        variables: [("TIMEOUT(absolute)".to_owned(), ABSOLUTE.to_owned())].into(),
                        ..Originate::default()
                    };
                    let made = client.channels().originate(&originate).await;
                    made.map_err(|error| visible(&error.to_string(), MAX_SHOWN))?;
                }
                Incoming::Event(event) => {
                    if let Some(cause) = self.hear(client, &event).await {
                        return Ok((self, cause));
                    }
                }
                Incoming::Disconnected { why } => return Err(why),
                Incoming::Replaced | Incoming::Overflowed { .. } => {}
            }
        }
        Err("the connection to Asterisk has ended".to_owned())
    }

    /// The cause, once it is over.
    async fn hear(&mut self, client: &Client, event: &Event) -> Option<Option<u16>> {
        let took = self.begun.elapsed();
        match &event.kind {
            EventKind::Dial {
                peer, dialstatus, ..
            } if peer.id == self.channel => {
                if dialstatus == "RINGING" {
                    self.rang.get_or_insert(took);
                }
                None
            }
            EventKind::StasisStart { channel, .. } if channel.id == self.channel => {
                self.answered = Some(took);
                let codec = client.channels();
                let codec = codec
                    .variable(&self.channel, "CHANNEL(audionativeformat)")
                    .await;
                self.codec = codec.ok().map(|codec| visible(&codec, MAX_SHOWN));
                tokio::time::sleep(STAY).await;
                Some(None)
            }
            EventKind::ChannelDestroyed { channel, cause, .. } if channel.id == self.channel => {
                Some(u16::try_from(*cause).ok())
            }
            _ => None,
        }
    }

    fn told(self, server: String, dialled: String, cause: Option<u16>) -> TestCall {
        let millis = |took: Duration| u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        let outcome = match (self.answered, self.rang) {
            (Some(_), _) => TestedOutcome::Answered,
            (None, Some(_)) => TestedOutcome::Rang,
            (None, None) => TestedOutcome::Failed,
        };
        let cause = cause.filter(|_| self.answered.is_none());
        let slow = self.rang.filter(|rang| *rang > SLOW_POST_DIAL_DELAY);
        let slow = slow.map(|rang| format!("it rang only after {} s", rang.as_secs()));
        TestCall {
            server,
            dialled,
            outcome,
            cause,
            why: cause.map(|cause| cause_of(cause).name.to_owned()).or(slow),
            post_dial_delay_ms: self.rang.or(self.answered).map(millis),
            answered_after_ms: self.answered.map(millis),
            codec: self.codec,
        }
    }
}
