//! A phone or a trunk as Asterisk has it: the answer to `PJSIPShowEndpoint`.

use std::borrow::Cow;

use asterisk::ami::{Event, List};
use model::visible;
use serde::Serialize;
use utoipa::ToSchema;

use super::Wanted;

/// The longest text of Asterisk's that is shown.
const MAX_SHOWN: usize = 200;
/// More contacts than any phone here has are not looked at.
const MAX_CONTACTS: usize = 10;

/// Where a phone has registered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Contact {
    pub uri: String,
    pub state: ContactState,
    /// How long its last answer took, in microseconds, where it is asked.
    pub round_trip_micros: Option<u64>,
    /// What it says it is.
    pub user_agent: String,
}

/// Whether a phone is there, as Asterisk knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ContactState {
    /// It answers when it is asked.
    Reachable,
    /// It does not answer.
    Unreachable,
    /// It is registered, and not asked.
    Registered,
}

/// What Asterisk says of one of them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Found {
    endpoint: Option<Endpoint>,
    md5: Option<String>,
    pub(super) contacts: Vec<Contact>,
    pub(super) registration: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Endpoint {
    context: String,
    /// Such as `(ulaw|alaw)`.
    allow: String,
}

impl Found {
    /// Asterisk has no such thing.
    pub(super) fn nothing() -> Self {
        Self::default()
    }

    pub(super) fn read(list: &List) -> Self {
        let mut found = Self::default();
        for event in &list.events {
            match event.name().as_ref() {
                "EndpointDetail" => found.endpoint = Some(Endpoint::read(event)),
                "AuthDetail" => found.md5 = Some(text(event, "Md5Cred")),
                "ContactStatusDetail" if found.contacts.len() < MAX_CONTACTS => {
                    found.contacts.push(Contact::read(event));
                }
                _ => {}
            }
        }
        found
    }

    /// What of it is not as it was set up.
    /// `unknown` is why Asterisk may not know it.
    pub(super) fn drift(&self, wanted: &Wanted, unknown: &str) -> Option<String> {
        let Some(endpoint) = &self.endpoint else {
            return wanted.active.then(|| unknown.to_owned());
        };
        if !wanted.active {
            return Some("Asterisk has it, and it is switched off here".to_owned());
        }
        let codecs: Vec<_> = wanted.codecs.iter().map(|codec| codec.as_str()).collect();
        let codecs = format!("({})", codecs.join("|"));
        let differs = |what: &str, has: &str, wanted: &str| {
            let has = visible(has, MAX_SHOWN);
            (has != wanted).then(|| format!("{what} is {has:?} in Asterisk, and {wanted:?} here"))
        };
        // Hashes are not shown.
        let secret = wanted.md5.is_some() && self.md5 != wanted.md5;
        differs("context", &endpoint.context, &wanted.context)
            .or_else(|| differs("allow", &endpoint.allow, &codecs))
            .or_else(|| {
                let unregistered = wanted.registers && self.registration.is_none();
                unregistered.then(|| "Asterisk does not register there".to_owned())
            })
            .or_else(|| secret.then(|| "the secret is another one in Asterisk".to_owned()))
    }
}

impl Endpoint {
    fn read(event: &Event) -> Self {
        Self {
            context: text(event, "Context"),
            allow: text(event, "Allow"),
        }
    }
}

impl Contact {
    fn read(event: &Event) -> Self {
        Self {
            uri: text(event, "URI"),
            state: match text(event, "Status").as_str() {
                "Reachable" => ContactState::Reachable,
                "Unreachable" => ContactState::Unreachable,
                _ => ContactState::Registered,
            },
            round_trip_micros: text(event, "RoundtripUsec").parse().ok(),
            user_agent: text(event, "UserAgent"),
        }
    }
}

pub(super) fn text(event: &Event, key: &str) -> String {
    let value = event.get_str(key).unwrap_or(Cow::Borrowed(""));
    visible(&value, MAX_SHOWN)
}
