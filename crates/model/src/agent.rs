//! Agents and the states they are in.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    AgentId, CallId, Invalid, OfferId, Timestamp, UserId, checked_dialable, checked_label,
    checked_name,
};

/// The name of something an agent can do: a language, a product.
pub type Skill = String;

/// The most skills one agent may have.
pub(crate) const MAX_SKILLS: usize = 64;

/// Somebody who takes calls on a phone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Agent {
    pub id: AgentId,
    pub name: String,
    /// The extension of the phone that rings: `101` is dialled as `PJSIP/101`.
    pub extension: String,
    /// Who logs in as this agent.
    pub user: Option<UserId>,
    /// Skill to level, 1 (some) to 10 (best).
    #[serde(default)]
    pub skills: BTreeMap<Skill, u8>,
    pub active: bool,
}

impl Agent {
    /// Checks every field's bounds.
    pub fn check(&self) -> Result<(), Invalid> {
        checked_label("name", &self.name)?;
        checked_dialable("extension", &self.extension)?;
        check_skills(&self.skills)
    }
}

fn check_skills(skills: &BTreeMap<Skill, u8>) -> Result<(), Invalid> {
    if skills.len() > MAX_SKILLS {
        return Err(Invalid::new("skills", "has more than 64 skills"));
    }
    for (skill, level) in skills {
        checked_name("skills", skill)?;
        if !(1..=10).contains(level) {
            return Err(Invalid::new(
                "skills",
                format!("level {level} of {skill} is not in 1 to 10"),
            ));
        }
    }
    Ok(())
}

/// What an agent is doing, as the engine knows it.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum AgentState {
    /// Not logged in.
    Offline,
    /// Ready for a call.
    Available,
    /// Logged in, not taking calls.
    Break,
    /// The phone rings with an offer.
    Ringing,
    /// Talking, or about to: the phone was answered and the bridge is being built.
    Busy,
    /// After a call, with notes to write.
    WrapUp,
    /// Missed an offer; gets no call until the pause is over or the agent says so.
    NoAnswer,
}

impl AgentState {
    pub const ALL: [Self; 7] = [
        Self::Offline,
        Self::Available,
        Self::Break,
        Self::Ringing,
        Self::Busy,
        Self::WrapUp,
        Self::NoAnswer,
    ];

    /// The word on the wire and in the store.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Offline => "offline",
            Self::Available => "available",
            Self::Break => "break",
            Self::Ringing => "ringing",
            Self::Busy => "busy",
            Self::WrapUp => "wrap_up",
            Self::NoAnswer => "no_answer",
        }
    }

    /// May an agent (or a supervisor) ask for it? The others follow from calls.
    pub fn can_be_asked_for(self) -> bool {
        matches!(self, Self::Offline | Self::Available | Self::Break)
    }
}

impl std::str::FromStr for AgentState {
    type Err = Invalid;
    fn from_str(text: &str) -> Result<Self, Invalid> {
        Self::ALL
            .into_iter()
            .find(|state| state.as_str() == text)
            .ok_or_else(|| Invalid::new("state", format!("{text:?} is no agent state")))
    }
}

/// An agent's state with what belongs to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AgentStatus {
    pub state: AgentState,
    /// Why: the kind of break, or what made the agent miss the offer.
    pub reason: Option<String>,
    pub since: Timestamp,
    /// When the state ends by itself (wrap-up, no answer).
    pub until: Option<Timestamp>,
    /// The call that rings, is talked, or is being wrapped up.
    pub call: Option<CallId>,
    pub offer: Option<OfferId>,
    /// The state asked for during a call; it starts when the call ends.
    pub next: Option<AgentState>,
    pub next_reason: Option<String>,
}

impl AgentStatus {
    /// A state that began at `since`, with nothing else to say.
    pub fn plain(state: AgentState, since: Timestamp) -> Self {
        Self {
            state,
            reason: None,
            since,
            until: None,
            call: None,
            offer: None,
            next: None,
            next_reason: None,
        }
    }
}
