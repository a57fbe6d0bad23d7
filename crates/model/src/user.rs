//! Who may log in and what they may do.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{AgentId, ApiKeyId, Invalid, Timestamp, UserId};

/// What somebody may do.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Everything.
    Administrator,
    /// Sees all queues and agents, sets agents' states, reads reports.
    Supervisor,
    /// Sees the own calls, sets the own state.
    Agent,
    /// A program: calls and reads by key, has no page.
    Service,
}

impl Role {
    pub const ALL: [Self; 4] = [
        Self::Administrator,
        Self::Supervisor,
        Self::Agent,
        Self::Service,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Administrator => "administrator",
            Self::Supervisor => "supervisor",
            Self::Agent => "agent",
            Self::Service => "service",
        }
    }
}

impl std::fmt::Display for Role {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl std::str::FromStr for Role {
    type Err = Invalid;
    fn from_str(text: &str) -> Result<Self, Invalid> {
        Self::ALL
            .into_iter()
            .find(|role| role.as_str() == text)
            .ok_or_else(|| {
                Invalid::new(
                    "role",
                    format!("{text:?} is none of administrator, supervisor, agent, service"),
                )
            })
    }
}

/// Somebody who logs in with a name and a password.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct User {
    pub id: UserId,
    /// Lower case, unique.
    pub name: String,
    pub role: Role,
    /// The agent whose calls this user takes.
    pub agent: Option<AgentId>,
    pub active: bool,
    pub created_at: Timestamp,
}

/// A key for a program. Only its hash is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ApiKey {
    pub id: ApiKeyId,
    pub name: String,
    pub role: Role,
    pub created_at: Timestamp,
    pub last_used_at: Option<Timestamp>,
    pub revoked_at: Option<Timestamp>,
}
