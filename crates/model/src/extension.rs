//! The phones that we set up in Asterisk.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{ExtensionId, Invalid, ServerId, check::bounded, checked_label};

/// A phone: what is dialled to reach it, and how it speaks to Asterisk. Its secret is kept apart, as digests.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Extension {
    pub id: ExtensionId,
    /// What is dialled, and what the phone logs in as: 2 to 10 digits.
    pub number: String,
    /// Who is shown to those whom it calls.
    pub name: String,
    /// The only server that knows it; nothing: all of them.
    pub server: Option<ServerId>,
    pub transport: SipTransport,
    /// In the order of preference.
    pub codecs: Vec<Codec>,
    /// The dialplan's context in which its calls begin.
    pub context: String,
    /// Such as `101@default`: new messages there light the lamp.
    pub mailbox: Option<String>,
    /// It is behind an address translation: answered where its packets come from, whatever they say.
    pub nat: bool,
    /// How often it is asked whether it is still there, in seconds; 0: never.
    pub qualify_seconds: u16,
    /// The only one that may register, and be called.
    pub active: bool,
}

/// How a phone speaks to Asterisk.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum SipTransport {
    Udp,
    Tcp,
    /// SIP over TLS, and media by SRTP with keys in the SDP.
    Tls,
    /// A browser: SIP over a WebSocket, media by DTLS-SRTP with ICE.
    Webrtc,
}

impl SipTransport {
    pub const ALL: [Self; 4] = [Self::Udp, Self::Tcp, Self::Tls, Self::Webrtc];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Udp => "udp",
            Self::Tcp => "tcp",
            Self::Tls => "tls",
            Self::Webrtc => "webrtc",
        }
    }
}

/// A codec, as Asterisk names it.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Codec {
    Opus,
    G722,
    Ulaw,
    Alaw,
    G729,
    Gsm,
    Ilbc,
    Speex,
}

impl Codec {
    pub const ALL: [Self; 8] = [
        Self::Opus,
        Self::G722,
        Self::Ulaw,
        Self::Alaw,
        Self::G729,
        Self::Gsm,
        Self::Ilbc,
        Self::Speex,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Opus => "opus",
            Self::G722 => "g722",
            Self::Ulaw => "ulaw",
            Self::Alaw => "alaw",
            Self::G729 => "g729",
            Self::Gsm => "gsm",
            Self::Ilbc => "ilbc",
            Self::Speex => "speex",
        }
    }
}

const MIN_NUMBER: usize = 2;
const MAX_NUMBER: usize = 10;
/// The width of Asterisk's column `ps_endpoints.context`.
const MAX_CONTEXT: usize = 40;
/// How the contexts in Asterisk begin that ask for ours.
/// The one in which calls go where the list of our numbers sends them.
pub const DID_CONTEXT: &str = "cordboard-0";
pub const OWN_CONTEXTS: &str = "cordboard-";
/// The width of Asterisk's column `ps_endpoints.mailboxes`.
const MAX_MAILBOX: usize = 40;
const MAX_CODECS: usize = 8;
const MAX_QUALIFY: u16 = 3_600;

/// The dialplan's context in which calls of phones begin unless it is said otherwise.
pub const USUAL_CONTEXT: &str = "agents";
/// The codecs of a phone of which nothing else is said.
pub const USUAL_CODECS: [Codec; 4] = [Codec::Opus, Codec::G722, Codec::Alaw, Codec::Ulaw];
/// How often a phone is asked whether it is still there, in seconds, unless it is said otherwise.
pub const USUAL_QUALIFY: u16 = 60;

impl Extension {
    /// One of which only the number is known.
    pub fn usual(id: ExtensionId, number: &str) -> Self {
        Self {
            id,
            number: number.to_owned(),
            name: number.to_owned(),
            server: None,
            transport: SipTransport::Udp,
            codecs: USUAL_CODECS.to_vec(),
            context: USUAL_CONTEXT.to_owned(),
            mailbox: None,
            nat: true,
            qualify_seconds: USUAL_QUALIFY,
            active: true,
        }
    }

    /// Checks every field's bounds.
    pub fn check(&self) -> Result<(), Invalid> {
        checked_number("number", &self.number)?;
        checked_label("name", &self.name)?;
        checked_context("context", &self.context)?;
        if let Some(mailbox) = &self.mailbox {
            checked_mailbox(mailbox)?;
        }
        checked_codecs(&self.codecs)?;
        if self.qualify_seconds > MAX_QUALIFY {
            let problem = format!("must be at most {MAX_QUALIFY}");
            return Err(Invalid::new("qualify_seconds", problem));
        }
        Ok(())
    }
}

pub(crate) fn checked_codecs(codecs: &[Codec]) -> Result<(), Invalid> {
    if codecs.is_empty() || codecs.len() > MAX_CODECS {
        return Err(Invalid::new("codecs", "must name 1 to 8 codecs"));
    }
    let twice = |at: usize| codecs[..at].contains(&codecs[at]);
    if let Some(at) = (0..codecs.len()).find(|at| twice(*at)) {
        let problem = format!("names {} twice", codecs[at].as_str());
        return Err(Invalid::new("codecs", problem));
    }
    Ok(())
}

/// The number of a phone.
pub fn checked_number(field: &'static str, number: &str) -> Result<(), Invalid> {
    bounded(field, number, MIN_NUMBER, MAX_NUMBER)
        .map_err(|_| Invalid::new(field, "must have 2 to 10 digits"))?;
    match number.chars().find(|c| !c.is_ascii_digit()) {
        Some(bad) => {
            let problem = format!("has {bad:?}; an extension is 2 to 10 digits");
            Err(Invalid::new(field, problem))
        }
        None => Ok(()),
    }
}

/// The name of a dialplan context: letters, digits, `-` and `_`, 1 to 40 characters. Not one of those in Asterisk that ask for ours: whoever
/// named one would be past what is refused by name.
pub fn checked_context(field: &'static str, text: &str) -> Result<(), Invalid> {
    bounded(field, text, 1, MAX_CONTEXT)?;
    refuse_own_context(field, text)?;
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    match text.chars().find(|c| !plain(*c)) {
        Some(bad) => Err(Invalid::new(
            field,
            format!("has {bad:?}; use letters, digits, '-' and '_'"),
        )),
        None => Ok(()),
    }
}

/// The contexts in Asterisk that ask for ours are reached by the names of ours alone.
pub(crate) fn refuse_own_context(field: &'static str, text: &str) -> Result<(), Invalid> {
    let start = text.get(..OWN_CONTEXTS.len());
    if start.is_some_and(|start| start.eq_ignore_ascii_case(OWN_CONTEXTS)) {
        let problem = format!("begins with {OWN_CONTEXTS}, as those in Asterisk that ask for ours");
        return Err(Invalid::new(field, problem));
    }
    Ok(())
}

fn checked_mailbox(text: &str) -> Result<(), Invalid> {
    bounded("mailbox", text, 1, MAX_MAILBOX)?;
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    let is_word = |word: &str| !word.is_empty() && word.chars().all(plain);
    match text.split_once('@') {
        Some((number, context)) if is_word(number) && is_word(context) => Ok(()),
        _ => Err(Invalid::new(
            "mailbox",
            "is no mailbox with its context, such as 101@default",
        )),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::Timestamp;

    fn extension() -> Extension {
        Extension {
            id: ExtensionId::new(Timestamp::default(), 1),
            number: "101".to_owned(),
            name: "Nora Example".to_owned(),
            server: None,
            transport: SipTransport::Udp,
            codecs: vec![Codec::Opus, Codec::Alaw],
            context: "agents".to_owned(),
            mailbox: Some("101@default".to_owned()),
            nat: true,
            qualify_seconds: 60,
            active: true,
        }
    }

    /// The field that is refused when this is changed.
    fn refused(change: impl FnOnce(&mut Extension)) -> &'static str {
        let mut extension = extension();
        change(&mut extension);
        extension.check().unwrap_err().field
    }

    #[test]
    fn what_has_a_meaning_in_asterisks_files_is_refused() {
        assert_eq!(extension().check(), Ok(()));
        for number in [
            "",
            "1",
            "12345678901",
            "101; DROP",
            "101\n",
            "10a",
            "+101",
            "١٠١",
            "*97",
        ] {
            assert_eq!(refused(|it| it.number = number.into()), "number");
        }
        for context in [
            "",
            "a,b",
            "a\nb",
            "a b",
            "a;b",
            "[a]",
            "cordboard-1",
            &"x".repeat(41),
        ] {
            assert_eq!(refused(|it| it.context = context.into()), "context");
        }
        for mailbox in ["", "101", "101@", "@default", "1,2@x", "1@x\n", "1@x@y"] {
            assert_eq!(refused(|it| it.mailbox = Some(mailbox.into())), "mailbox");
        }
        for name in ["", "a\r\nb", &"x".repeat(101)] {
            assert_eq!(refused(|it| it.name = name.into()), "name");
        }
    }

    #[test]
    fn codecs_are_named_once_and_at_all() {
        assert_eq!(refused(|it| it.codecs.clear()), "codecs");
        assert_eq!(refused(|it| it.codecs.push(Codec::Opus)), "codecs");
        assert_eq!(refused(|it| it.qualify_seconds = 3_601), "qualify_seconds");
    }
}
