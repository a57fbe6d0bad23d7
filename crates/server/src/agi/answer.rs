//! What the dialplan is told: the caller ID, and variables that say what came of the question.

use asterisk::agi::{AgiError, Session};
use model::{ReservationId, Tier};
use tokio::io::{AsyncRead, AsyncWrite};

/// What `CORDBOARD_STATUS` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// A number is presented, and reserved.
    Ok,
    /// No number can be presented now.
    None,
    /// The agent asks too often.
    Limit,
    /// A call for help keeps the caller ID that it has.
    Emergency,
    /// The question cannot be read.
    Invalid,
    /// We failed.
    Error,
}

impl Status {
    pub fn name(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::None => "NONE",
            Self::Limit => "LIMIT",
            Self::Emergency => "EMERGENCY",
            Self::Invalid => "INVALID",
            Self::Error => "ERROR",
        }
    }
}

/// A number to present, and the reservation that it is presented under.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Presented {
    /// As the trunk takes it: digits with or without a leading `+`.
    pub caller_id: String,
    pub reservation: ReservationId,
    pub tier: Tier,
}

/// What came of a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    Present(Presented),
    /// Why not, for the variable and for the console.
    Keep(Status, String),
}

impl Answer {
    pub fn status(&self) -> Status {
        match self {
            Self::Present(_) => Status::Ok,
            Self::Keep(status, _) => *status,
        }
    }

    /// Sets the variables, and the caller ID if there is one. After an error the caller ID is as it was.
    pub async fn tell<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        session: &mut Session<S>,
    ) -> Result<(), AgiError> {
        match self {
            Self::Present(presented) => {
                // Two underscores: the channel that is dialled has them too.
                let reservation = presented.reservation.to_string();
                let set = [
                    "__CORDBOARD_RESERVATION",
                    "__CORDBOARD_TIER",
                    "CORDBOARD_STATUS",
                ];
                let values = [&reservation, presented.tier.name(), self.status().name()];
                for (name, value) in set.into_iter().zip(values) {
                    session.set_variable(name, value).await?;
                }
                // Last, so that a number is never presented that is not known to be reserved.
                session
                    .set_variable("CALLERID(num)", &presented.caller_id)
                    .await
            }
            Self::Keep(status, _) => {
                session
                    .set_variable("CORDBOARD_STATUS", status.name())
                    .await
            }
        }
    }

    /// A line for Asterisk's console.
    pub fn line(&self) -> String {
        match self {
            Self::Present(Presented {
                caller_id, tier, ..
            }) => {
                format!("cordboard: caller ID {caller_id} ({})", tier.name())
            }
            Self::Keep(status, why) => {
                let why: String = why.chars().filter(|c| !c.is_control()).take(200).collect();
                format!("cordboard: the caller ID stays, {}: {why}", status.name())
            }
        }
    }
}
