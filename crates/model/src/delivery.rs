//! Who is told of reports and alarms, and each attempt to tell them.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{DeliveryId, Invalid, RecipientId, ReportScheduleId, Timestamp, checked_label};

/// The longest mail address (RFC 5321: a path of 256 with its brackets).
const MAX_ADDRESS: usize = 254;
/// The longest address of a webhook.
const MAX_URL: usize = 500;

/// Where a delivery goes.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case", tag = "kind", deny_unknown_fields)]
pub enum Target {
    /// One mail address.
    Mail { address: String },
    /// A program that takes POST requests, over `http` or `https`. Who knows the whole address can often write there, so only
    /// administrators see more of it than the host.
    Webhook { url: String },
}

impl Target {
    /// Of a webhook, no more than scheme and host.
    #[must_use]
    pub fn without_path(&self) -> Self {
        let Self::Webhook { url } = self else {
            return self.clone();
        };
        let host = url.find("://").map_or(0, |scheme| scheme + 3);
        let end = url[host..].find(['/', '\\', '?', '#']);
        let end = end.map_or(url.len(), |length| host + length);
        Self::Webhook {
            url: url[..end].to_owned(),
        }
    }
}

impl std::fmt::Debug for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.without_path() {
            Self::Mail { address } => f.debug_tuple("Mail").field(&address).finish(),
            Self::Webhook { url } => f.debug_tuple("Webhook").field(&url).finish(),
        }
    }
}

/// Somebody who is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Recipient {
    pub id: RecipientId,
    pub name: String,
    pub target: Target,
    /// Whether alarms are told, too.
    pub alarms: bool,
}

impl Recipient {
    /// Checks every field's bounds.
    pub fn check(&self) -> Result<(), Invalid> {
        checked_label("name", &self.name)?;
        match &self.target {
            Target::Mail { address } => checked_address(address),
            Target::Webhook { url } => checked_url(url),
        }
    }
}

/// Letters of ASCII only: not every mail server takes others, and one that does not would tell only when it is too late.
fn checked_address(address: &str) -> Result<(), Invalid> {
    let refused = |problem: &str| Err(Invalid::new("target.address", problem));
    let Some((local, domain)) = address.rsplit_once('@') else {
        return refused("is no mail address such as ops@example.com");
    };
    if address.len() > MAX_ADDRESS {
        return refused("is longer than 254 characters");
    }
    let local_letter = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+/=?^_`{|}~.-".contains(c);
    let domain_letter = |c: char| c.is_ascii_alphanumeric() || c == '-';
    let has_local = !local.is_empty() && local.chars().all(local_letter);
    let has_domain = domain
        .split('.')
        .all(|label| !label.is_empty() && label.chars().all(domain_letter));
    if has_local && has_domain {
        Ok(())
    } else {
        refused("is no mail address such as ops@example.com")
    }
}

/// What can be told without reading it.
fn checked_url(url: &str) -> Result<(), Invalid> {
    let refused = |problem: &str| Err(Invalid::new("target.url", problem));
    if url.chars().count() > MAX_URL {
        return refused("is longer than 500 characters");
    }
    if url.chars().any(|c| c.is_control() || c.is_whitespace()) {
        return refused("has a space or a control character");
    }
    Ok(())
}

/// What a delivery tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryEvent {
    /// A report of a schedule.
    Report,
    /// Alarms that were raised, or are over.
    Alarms,
    /// That deliveries arrive.
    Test,
}

impl DeliveryEvent {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Report => "report",
            Self::Alarms => "alarms",
            Self::Test => "test",
        }
    }
}

/// How a delivery stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryState {
    /// Not yet sent, or to be tried again.
    Waiting,
    /// The receiver has taken it.
    Sent,
    /// Given up.
    Failed,
}

/// One message to one recipient, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Delivery {
    /// The same at every attempt: receivers tell a repetition by it.
    pub id: DeliveryId,
    pub event: DeliveryEvent,
    pub schedule: Option<ReportScheduleId>,
    pub recipient: RecipientId,
    /// As it was when the delivery was planned.
    pub recipient_name: String,
    /// For when it was planned.
    pub due_at: Timestamp,
    /// It was planned more than five minutes after its time: we, or the database, were not running then.
    pub late: bool,
    pub state: DeliveryState,
    /// How often it was tried.
    pub attempts: u32,
    /// When it is tried next, at the earliest; `null` when it is over.
    pub next_attempt_at: Option<Timestamp>,
    /// Why the last attempt failed.
    pub error: Option<String>,
    pub created_at: Timestamp,
    /// When it was sent, or given up.
    pub finished_at: Option<Timestamp>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_plain_and_nothing_is_smuggled_in() {
        for good in ["ops@example.com", "a.b+c@mail.example.co.uk", "root@pbx"] {
            assert_eq!(checked_address(good), Ok(()), "{good}");
        }
        let long = format!("{}@example.com", "x".repeat(250));
        for bad in [
            "",
            "ops",
            "@example.com",
            "ops@",
            "ops@example..com",
            "ops@example.com\r\nBcc: eve@example.com",
            "ops@example.com, eve@example.com",
            "<ops@example.com>",
            "ops @example.com",
            "\u{f6}ps@example.com",
            &long,
        ] {
            assert!(checked_address(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn what_may_be_a_credential_is_not_shown() {
        for url in [
            "https://example.com:8443/services/T0/B0/secret",
            "https://example.com:8443?key=secret",
            "https://example.com:8443#secret",
            "https://example.com:8443\\secret",
            "https://example.com:8443",
        ] {
            let target = Target::Webhook {
                url: url.to_owned(),
            };
            let shown = "Webhook(\"https://example.com:8443\")";
            assert_eq!(format!("{target:?}"), shown);
        }
    }

    #[test]
    fn an_address_is_one_word_of_some_length() {
        assert_eq!(checked_url("https://example.com/hook?a=b"), Ok(()));
        let long = format!("https://example.com/{}", "x".repeat(500));
        for bad in ["https://a b", "http://a\r\nX: y", &long] {
            assert!(checked_url(bad).is_err(), "{bad:?}");
        }
    }
}
