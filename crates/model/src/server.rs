//! The Asterisk servers we drive.

use std::str::FromStr;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{Invalid, ServerId, checked_name, checked_text};

/// One Asterisk and how to reach its REST interface. The password is kept apart and never shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Server {
    pub id: ServerId,
    pub name: String,
    /// Such as `http://127.0.0.1:8088/ari`.
    pub ari_url: String,
    pub ari_user: String,
    /// The word in `Stasis(WORD)`.
    pub application: String,
    pub active: bool,
    /// How it reaches the telephone network: where calls that we place go.
    pub dial_out: Option<DialOut>,
    /// Its manager interface: by it Asterisk is told what changed, and asked what it has.
    pub ami: Option<AmiAccess>,
    pub provisioned_by: ProvisionedBy,
}

/// How an Asterisk gets its phones and trunks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ProvisionedBy {
    /// It asks us over HTTP (`res_config_curl`).
    #[default]
    Http,
    /// It reads them, by ODBC, in a database where we write them.
    Database,
    /// It reads files that we write.
    Files,
}

/// How to reach an Asterisk's manager interface. The secret is kept apart and never shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AmiAccess {
    /// A host and its port, such as `127.0.0.1:5038`.
    #[schema(max_length = 300, example = "127.0.0.1:5038")]
    pub address: String,
    /// A user of `manager.conf`.
    #[schema(max_length = 64)]
    pub user: String,
    /// It speaks TLS there (`tlsenable` in `manager.conf`).
    #[serde(default)]
    pub tls: bool,
}

impl AmiAccess {
    /// Checks every field's bounds; `Invalid::field` is `ami`.
    pub fn check(&self) -> Result<(), Invalid> {
        let wrong = |why: &str| Err(Invalid::new("ami", why));
        checked_text("ami", &self.address, 300)?;
        checked_text("ami", &self.user, 64)?;
        let plain = |c: char| c.is_ascii_alphanumeric() || ".-_:[]".contains(c);
        let port = self.address.rsplit_once(':');
        let port = port.and_then(|(host, port)| (!host.is_empty()).then(|| port.parse::<u16>()));
        if !self.address.chars().all(plain) || !matches!(port, Some(Ok(1..))) {
            return wrong("has an address that is no host with a port, such as 127.0.0.1:5038");
        }
        if self.user.is_empty() {
            return wrong("has no user");
        }
        Ok(())
    }
}

/// A dial string with a place for the number: `PJSIP/{number}@trunk`, `PJSIP/+{number}@trunk`, `Local/{number}@outbound`.
///
/// The number is put in as digits with the country code and without `+`, so nothing else can ever be dialled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "String", into = "String")]
#[schema(value_type = String, example = "PJSIP/{number}@trunk", max_length = 200)]
pub struct DialOut(String);

impl DialOut {
    /// What stands for the number.
    pub const NUMBER: &'static str = "{number}";
    const MAX: usize = 200;

    /// The dial string for a number.
    pub fn to(&self, number: crate::E164) -> String {
        self.0.replace(Self::NUMBER, &number.digits().to_string())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for DialOut {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let wrong = |why: &str| Err(Invalid::new("dial_out", why));
        let Some((technology, rest)) = text.split_once('/') else {
            return wrong("is no dial string such as PJSIP/{number}@trunk");
        };
        if text.len() > Self::MAX {
            return wrong("is longer than 200 characters");
        }
        if technology.is_empty() || !technology.bytes().all(|b| b.is_ascii_alphanumeric()) {
            return wrong("does not begin with a technology such as PJSIP/ or Local/");
        }
        if rest.matches(Self::NUMBER).count() != 1 {
            return wrong("has no place for the number, or more than one: write {number} once");
        }
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"@/.:;+*#_-".contains(&b);
        if !rest.replace(Self::NUMBER, "").bytes().all(plain) {
            return wrong("has a character that no dial string needs");
        }
        Ok(Self(text.to_owned()))
    }
}

impl TryFrom<String> for DialOut {
    type Error = Invalid;

    fn try_from(text: String) -> Result<Self, Invalid> {
        text.parse()
    }
}

impl From<DialOut> for String {
    fn from(dial_out: DialOut) -> Self {
        dial_out.0
    }
}

impl Server {
    /// Checks every field's bounds.
    pub fn check(&self) -> Result<(), Invalid> {
        checked_name("name", &self.name)?;
        checked_text("ari_user", &self.ari_user, 64)?;
        checked_name("application", &self.application)?;
        checked_text("ari_url", &self.ari_url, 300)?;
        self.ami.as_ref().map_or(Ok(()), AmiAccess::check)?;
        if self.ari_url.starts_with("http://") || self.ari_url.starts_with("https://") {
            Ok(())
        } else {
            Err(Invalid::new(
                "ari_url",
                "does not start with http:// or https://",
            ))
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_number_is_dialled_in_its_place() {
        let to = "+13105550142".parse().unwrap();
        for (template, dialled) in [
            ("PJSIP/{number}@trunk", "PJSIP/13105550142@trunk"),
            ("PJSIP/+{number}@trunk", "PJSIP/+13105550142@trunk"),
            (
                "PJSIP/trunk/sip:{number}@192.0.2.1:5060",
                "PJSIP/trunk/sip:13105550142@192.0.2.1:5060",
            ),
            (
                "Local/9{number}@outbound/n",
                "Local/913105550142@outbound/n",
            ),
        ] {
            assert_eq!(template.parse::<DialOut>().unwrap().to(to), dialled);
        }
    }

    #[test]
    fn what_could_dial_something_else_is_no_template() {
        for template in [
            "",
            "{number}@trunk",
            "PJSIP/trunk",
            "PJSIP/{number}{number}@trunk",
            "{number}/trunk",
            "PJSIP/{number}@one&PJSIP/{number}@two",
            "PJSIP/{number}@trunk&PJSIP/101",
            "PJSIP/{number}@trunk,30",
            "PJSIP/${EXTEN}{number}@trunk",
            "PJSIP/{number}@trunk\r\nAction: x",
            "PJSIP/{Number}@trunk",
        ] {
            assert!(template.parse::<DialOut>().is_err(), "{template}");
        }
        assert!(
            format!("PJSIP/{{number}}@{}", "t".repeat(200))
                .parse::<DialOut>()
                .is_err()
        );
    }
}
