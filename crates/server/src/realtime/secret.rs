//! A phone's secret: made here, shown once, kept as what proves it.

use std::fmt::Write as _;

use md5::Md5;
use model::Invalid;
use sha2::{Digest, Sha256};
use store::Digests;

use super::phone::REALM;
use crate::auth::random_password;

const MIN: usize = 8;
/// The width of Asterisk's column `ps_auths.password`.
const MAX: usize = 80;

/// In clear text: for the answer that shows it, and nothing else.
pub(crate) struct PhoneSecret(String);

impl PhoneSecret {
    /// 100 random bits, such as people can type into a phone.
    pub(crate) fn random() -> Self {
        Self(random_password())
    }

    /// One that a phone has already.
    pub(crate) fn given(text: String) -> Result<Self, Invalid> {
        let length = text.chars().count();
        if !(MIN..=MAX).contains(&length) {
            let problem = format!("has {length} characters, not {MIN} to {MAX}");
            return Err(Invalid::new("secret", problem));
        }
        if text.chars().any(char::is_control) {
            return Err(Invalid::new("secret", "has a control character"));
        }
        Ok(Self(text))
    }

    /// What proves it, for the phone `number`.
    pub(crate) fn digests(&self, number: &str) -> Digests {
        let text = format!("{number}:{REALM}:{}", self.0);
        Digests {
            md5: hex(&Md5::digest(&text)),
            sha256: hex(&Sha256::digest(&text)),
        }
    }

    pub(crate) fn show(self) -> String {
        self.0
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_is_that_of_rfc_2617() {
        // printf '101:asterisk:s3cret"; and more' | md5sum
        let secret = PhoneSecret::given("s3cret\"; and more".to_owned()).unwrap();
        let digests = secret.digests("101");
        assert_eq!(digests.md5, "385754479d55a509d8b2fdf2047ae2b0");
        assert_eq!(
            digests.sha256,
            "0d66ae99eb444bc98f4ef9b2d2ac572e11b5ecaf3ee7b45fbfaa4446a7ff7d34"
        );
        assert_eq!(format!("{digests:?}"), "Digests");
    }

    #[test]
    fn a_short_a_long_and_a_broken_one_are_refused() {
        for bad in ["", "short", "eight\nlines", &"x".repeat(81)] {
            assert!(PhoneSecret::given(bad.to_owned()).is_err(), "{bad:?}");
        }
        assert_ne!(PhoneSecret::random().show(), PhoneSecret::random().show());
    }
}
