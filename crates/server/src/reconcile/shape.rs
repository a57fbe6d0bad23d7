//! What a comparison of a day is on the wire, and as it is kept.

use std::collections::BTreeMap;

use engine::stats::{Difference, Disposition};
use model::{AgentId, Call, CallId, Outcome, QueueId, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::cdr::Given;

/// What differs. A call that differs in several ways has the first of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum DifferenceKind {
    /// It stands in our log alone.
    OnlyOurs,
    /// It stands in the call detail records alone.
    OnlyRecorded,
    /// It stands in one of both a second time.
    Twice,
    /// An agent answered by one of both.
    Outcome,
    TalkTime,
    /// When it began.
    Start,
}

impl DifferenceKind {
    /// As it stands on the wire.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::OnlyOurs => "only_ours",
            Self::OnlyRecorded => "only_recorded",
            Self::Twice => "twice",
            Self::Outcome => "outcome",
            Self::TalkTime => "talk_time",
            Self::Start => "start",
        }
    }
}

impl From<Difference> for DifferenceKind {
    fn from(difference: Difference) -> Self {
        match difference {
            Difference::OnlyOurs => Self::OnlyOurs,
            Difference::OnlyRecorded => Self::OnlyRecorded,
            Difference::Twice => Self::Twice,
            Difference::Outcome => Self::Outcome,
            Difference::TalkTime => Self::TalkTime,
            Difference::Start => Self::Start,
        }
    }
}

/// How many calls of a day there are of each kind; always all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
pub(crate) struct DayCounts {
    /// Calls of our log that have ended.
    pub(crate) ours: u64,
    /// Calls that were given to us by the call detail records.
    pub(crate) recorded: u64,
    /// Calls on which both agree.
    pub(crate) alike: u64,
    /// Calls of our log that had not ended: they are not compared.
    pub(crate) still_up: u64,
    pub(crate) only_ours: u64,
    pub(crate) only_recorded: u64,
    pub(crate) twice: u64,
    pub(crate) outcome: u64,
    pub(crate) talk_time: u64,
    pub(crate) start: u64,
}

impl DayCounts {
    pub(crate) fn add(&mut self, kind: DifferenceKind) {
        *match kind {
            DifferenceKind::OnlyOurs => &mut self.only_ours,
            DifferenceKind::OnlyRecorded => &mut self.only_recorded,
            DifferenceKind::Twice => &mut self.twice,
            DifferenceKind::Outcome => &mut self.outcome,
            DifferenceKind::TalkTime => &mut self.talk_time,
            DifferenceKind::Start => &mut self.start,
        } += 1;
    }

    pub(crate) fn differences(&self) -> u64 {
        self.only_ours
            + self.only_recorded
            + self.twice
            + self.outcome
            + self.talk_time
            + self.start
    }
}

/// A day on which our log was compared with the call detail records.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub(crate) struct Reconciliation {
    /// The day, by the clock of `statistics.time_zone`.
    pub(crate) date: String,
    /// When it was compared last.
    pub(crate) made_at: Timestamp,
    /// By Asterisk server: the sources that were compared.
    pub(crate) sources: BTreeMap<String, Vec<String>>,
    /// How many calls differ.
    pub(crate) differences: u64,
    /// How many of them can be listed.
    pub(crate) kept: u64,
    pub(crate) counts: DayCounts,
}

/// A call on which both do not agree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub(crate) struct CallDifference {
    pub(crate) difference: DifferenceKind,
    /// The Asterisk server.
    server: String,
    ours: Option<OursSay>,
    recorded: Option<RecordsSay>,
}

/// What our log says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
struct OursSay {
    call: CallId,
    /// The path of the call.
    href: String,
    channel: String,
    began_at: Timestamp,
    caller: String,
    dialled: String,
    outcome: Option<Outcome>,
    queue: Option<QueueId>,
    agent: Option<AgentId>,
    talk_ms: Option<u64>,
}

/// What the call detail records say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
struct RecordsSay {
    source: String,
    /// The path that lists its rows.
    href: String,
    uniqueid: String,
    linkedid: String,
    began_at: Timestamp,
    caller: String,
    destination: String,
    application: String,
    /// Of its first row, as Asterisk writes it.
    disposition: String,
    duration_seconds: u32,
    /// Whether an agent was bridged with the caller.
    answered: bool,
    /// From the agent's answer on; `null` where there is no row of the agent.
    talk_seconds: Option<i64>,
}

impl CallDifference {
    pub(super) fn new(
        difference: DifferenceKind,
        server: &str,
        own: Option<&Call>,
        record: Option<&Given>,
    ) -> Self {
        Self {
            difference,
            server: server.to_owned(),
            ours: own.map(Into::into),
            recorded: record.map(Into::into),
        }
    }
}

impl From<&Call> for OursSay {
    fn from(call: &Call) -> Self {
        Self {
            call: call.id,
            href: format!("/v1/calls/{}", call.id),
            channel: call.channel.clone(),
            began_at: call.arrived_at,
            caller: call.caller.number.clone(),
            dialled: call.dialled.clone(),
            outcome: call.outcome,
            queue: call.queue,
            agent: call.agent,
            talk_ms: call.talk_ms,
        }
    }
}

impl From<&Given> for RecordsSay {
    fn from(given: &Given) -> Self {
        let instant = Timestamp::from_second;
        let at = given.told.at;
        let query = serde_urlencoded::to_string([
            ("source", given.source.clone()),
            ("from", instant(at).to_string()),
            ("to", instant(at + 1).to_string()),
        ]);
        Self {
            source: given.source.clone(),
            href: format!("/v1/reports/calls?{}", query.unwrap_or_default()),
            uniqueid: given.uniqueid.clone(),
            linkedid: given.linkedid.clone(),
            began_at: instant(at),
            caller: given.caller.clone(),
            destination: given.destination.clone(),
            application: given.application.clone(),
            disposition: word(given.disposition).to_owned(),
            duration_seconds: given.duration_seconds,
            answered: given.told.answered,
            talk_seconds: given.told.talk_seconds,
        }
    }
}

fn word(disposition: Disposition) -> &'static str {
    match disposition {
        Disposition::Answered => "ANSWERED",
        Disposition::NoAnswer => "NO ANSWER",
        Disposition::Busy => "BUSY",
        Disposition::Failed => "FAILED",
        Disposition::Congestion => "CONGESTION",
        Disposition::Other => "",
    }
}
