//! Queues, their rules and their members.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    AgentId, Invalid, QueueId, agent::Skill, checked_dialable, checked_label, checked_name,
    checked_text, extension::refuse_own_context,
};

/// How the next agent is chosen among those of the lowest penalty.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Strategy {
    /// The one who has been ready longest since the last call (or log-in).
    LongestIdle,
    /// Each in turn.
    RoundRobin,
    /// The one with the fewest calls answered today, by the queue's local midnight.
    LeastCalls,
    /// Any, by seeded chance.
    Random,
    /// All at once; the first to answer wins.
    RingAll,
    /// Only those with the required skills; the best level first, then the longest idle.
    Skills,
}

impl Strategy {
    pub const ALL: [Self; 6] = [
        Self::LongestIdle,
        Self::RoundRobin,
        Self::LeastCalls,
        Self::Random,
        Self::RingAll,
        Self::Skills,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::LongestIdle => "longest_idle",
            Self::RoundRobin => "round_robin",
            Self::LeastCalls => "least_calls",
            Self::Random => "random",
            Self::RingAll => "ring_all",
            Self::Skills => "skills",
        }
    }
}

/// When the caller's channel is answered. Answering starts billing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AnswerOn {
    /// On entering the queue: the caller hears music.
    Queue,
    /// When an agent answers: the caller hears ringing until then.
    Agent,
}

/// What happens to a caller when nobody is there to take calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum NoAgents {
    /// Wait as if somebody were.
    Wait,
    /// Do not let new callers in when every member is offline; those already waiting stay.
    RefuseNew,
    /// As `refuse_new`, and when the last member goes offline those waiting overflow too.
    OverflowAll,
}

/// Where a caller goes who cannot be served here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case", tag = "action", from = "OverflowFields")]
pub enum Overflow {
    HangUp,
    /// Into another queue, keeping the time of arrival.
    Queue {
        queue: QueueId,
    },
    /// Back into Asterisk's dialplan.
    Dialplan(DialplanTarget),
}

/// How an [`Overflow`] is read: serde looks for unknown fields in struct variants only.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case", tag = "action", deny_unknown_fields)]
enum OverflowFields {
    HangUp {},
    Queue {
        queue: QueueId,
    },
    Dialplan {
        context: String,
        extension: String,
        priority: u32,
    },
}

impl From<OverflowFields> for Overflow {
    fn from(fields: OverflowFields) -> Self {
        match fields {
            OverflowFields::HangUp {} => Self::HangUp,
            OverflowFields::Queue { queue } => Self::Queue { queue },
            OverflowFields::Dialplan {
                context,
                extension,
                priority,
            } => Self::Dialplan(DialplanTarget {
                context,
                extension,
                priority,
            }),
        }
    }
}

/// A place in the dialplan: of a context of ours, or else of Asterisk's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DialplanTarget {
    pub context: String,
    pub extension: String,
    pub priority: u32,
}

/// The least level of a skill that an agent must have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SkillRequirement {
    pub skill: Skill,
    /// 1 to 10.
    pub min_level: u8,
}

/// A line of waiting callers and the rules by which they are served.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Queue {
    pub id: QueueId,
    /// The word in `Stasis(cordboard,NAME)`.
    pub name: String,
    pub display_name: String,
    pub strategy: Strategy,
    /// Queues of higher priority are served first when an agent belongs to several.
    pub priority: i32,
    /// How long one offer rings.
    pub ring_seconds: u32,
    /// Time for notes after a call; 0 means none.
    pub wrap_up_seconds: u32,
    /// How long an agent who missed an offer gets no other; `None`: until the agent says so.
    pub no_answer_seconds: Option<u32>,
    /// `None`: no limit.
    pub max_wait_seconds: Option<u32>,
    /// The most callers that may wait; `None`: no limit.
    pub max_size: Option<u32>,
    pub no_agents: NoAgents,
    pub overflow: Overflow,
    pub answer_on: AnswerOn,
    /// A class of `musiconhold.conf`.
    pub music_class: String,
    /// IANA name; "today" of the queue's figures.
    pub time_zone: String,
    #[serde(default)]
    pub required_skills: Vec<SkillRequirement>,
    /// The wait that still counts as good service.
    pub service_level_seconds: u32,
    /// Whether members may pick calls out of the line that ring nobody's phone yet.
    #[serde(default)]
    pub pick_up_waiting: bool,
    pub active: bool,
}

/// One day: no time limit of a queue is longer.
const MAX_SECONDS: u32 = 86_400;

impl Queue {
    /// A queue with the usual rules.
    pub fn new(id: QueueId, name: &str) -> Self {
        Self {
            id,
            name: name.to_owned(),
            display_name: name.to_owned(),
            strategy: Strategy::LongestIdle,
            priority: 0,
            ring_seconds: 20,
            wrap_up_seconds: 30,
            no_answer_seconds: Some(60),
            max_wait_seconds: Some(300),
            max_size: Some(50),
            no_agents: NoAgents::Wait,
            overflow: Overflow::HangUp,
            answer_on: AnswerOn::Queue,
            music_class: "default".to_owned(),
            time_zone: "UTC".to_owned(),
            required_skills: Vec::new(),
            service_level_seconds: 20,
            pick_up_waiting: false,
            active: true,
        }
    }

    /// Checks every field's bounds.
    pub fn check(&self) -> Result<(), Invalid> {
        checked_name("name", &self.name)?;
        checked_label("display_name", &self.display_name)?;
        checked_name("music_class", &self.music_class)?;
        within("ring_seconds", self.ring_seconds, 1, 600)?;
        within("wrap_up_seconds", self.wrap_up_seconds, 0, MAX_SECONDS)?;
        within(
            "service_level_seconds",
            self.service_level_seconds,
            1,
            MAX_SECONDS,
        )?;
        within(
            "no_answer_seconds",
            self.no_answer_seconds.unwrap_or(1),
            0,
            MAX_SECONDS,
        )?;
        within(
            "max_wait_seconds",
            self.max_wait_seconds.unwrap_or(1),
            1,
            MAX_SECONDS,
        )?;
        within("max_size", self.max_size.unwrap_or(1), 1, 1_000_000)?;
        if jiff::tz::TimeZone::get(&self.time_zone).is_err() {
            return Err(Invalid::new(
                "time_zone",
                format!(
                    "{:?} is no IANA time zone, such as Europe/Bratislava",
                    self.time_zone
                ),
            ));
        }
        if self.required_skills.len() > crate::agent::MAX_SKILLS {
            return Err(Invalid::new("required_skills", "has more than 64 skills"));
        }
        for requirement in &self.required_skills {
            checked_name("required_skills", &requirement.skill)?;
            within("required_skills", u32::from(requirement.min_level), 1, 10)?;
        }
        self.overflow.check(self.id)
    }
}

impl Overflow {
    fn check(&self, own: QueueId) -> Result<(), Invalid> {
        match self {
            Self::Queue { queue } if *queue == own => {
                Err(Invalid::new("overflow", "leads back to the same queue"))
            }
            Self::HangUp | Self::Queue { .. } => Ok(()),
            Self::Dialplan(target) => {
                checked_text("overflow.context", &target.context, 80)?;
                if target.context.is_empty() {
                    return Err(Invalid::new("overflow.context", "is empty"));
                }
                refuse_own_context("overflow.context", &target.context)?;
                if target.extension != "s" {
                    checked_dialable("overflow.extension", &target.extension)?;
                }
                within("overflow.priority", target.priority, 1, 10_000)
            }
        }
    }
}

fn within(field: &'static str, value: u32, min: u32, max: u32) -> Result<(), Invalid> {
    if (min..=max).contains(&value) {
        Ok(())
    } else {
        Err(Invalid::new(
            field,
            format!("is {value}, not in {min} to {max}"),
        ))
    }
}

/// An agent's place in a queue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Member {
    pub queue: QueueId,
    pub agent: AgentId,
    /// Lower is asked first; a higher one only when no lower one is available. 0 to 100.
    pub penalty: u8,
    /// A paused member gets no calls of this queue.
    pub paused: bool,
}

impl Member {
    /// Checks every field's bounds.
    pub fn check(&self) -> Result<(), Invalid> {
        within("penalty", u32::from(self.penalty), 0, 100)
    }
}
