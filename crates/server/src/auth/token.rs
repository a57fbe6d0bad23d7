//! Random secrets for sessions and keys, and the hashes that stand for them in the store.
//!
//! A secret has 256 random bits, so a plain SHA-256 is a safe stand-in and its lookup gives nothing away: whoever can
//! steer the hash knows the secret.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use rand::{TryRngCore as _, rngs::OsRng};
use sha2::{Digest as _, Sha256};

/// Begins every API key, so that a leaked one is recognised by scanners.
pub(crate) const KEY_SCHEME: &str = "cb_";
/// The random letters after the scheme by which a key is looked up and named in logs.
const PREFIX_BYTES: usize = 6;
/// The longest token that is looked at.
pub(crate) const MAX_TOKEN: usize = 128;

/// 256 random bits as text.
pub(crate) fn random_text() -> String {
    URL_SAFE_NO_PAD.encode(random::<32>())
}

fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    OsRng
        .try_fill_bytes(&mut bytes)
        .expect("the operating system has randomness");
    bytes
}

/// What the store keeps of a secret: SHA-256, 64 hexadecimal digits.
pub fn hash_token(token: &str) -> String {
    use std::fmt::Write as _;
    Sha256::digest(token.as_bytes())
        .iter()
        .fold(String::with_capacity(64), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
}

/// A new API key.
pub struct NewKey {
    /// To be shown once: `cb_<prefix>_<random>`.
    pub secret: String,
    /// The part that may be shown again.
    pub prefix: String,
    /// To be stored.
    pub hash: String,
}

/// Makes an API key. Only [`NewKey::hash`] may be kept.
pub fn new_api_key() -> NewKey {
    let prefix = letters::<PREFIX_BYTES>();
    let secret = format!("{KEY_SCHEME}{prefix}_{}", random_text());
    let hash = hash_token(&secret);
    NewKey {
        secret,
        prefix,
        hash,
    }
}

/// A password of 100 random bits that can be read out and typed: `a1b2c-d3e4f-g5h6i-j7k8m`.
pub fn random_password() -> String {
    [(); 4].map(|()| letters::<5>()).join("-")
}

/// Lower-case letters and digits, without those that look alike.
fn letters<const N: usize>() -> String {
    random::<N>()
        .iter()
        .map(|byte| char::from(b"0123456789abcdefghijkmnpqrstuvwx"[usize::from(byte & 31)]))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_as_sha256() {
        assert_eq!(
            hash_token("abc"),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }

    #[test]
    fn makes_a_key_that_is_recognised_and_never_the_same() {
        let (first, second) = (new_api_key(), new_api_key());
        assert!(first.secret.starts_with(&format!("cb_{}_", first.prefix)));
        assert_eq!(first.hash, hash_token(&first.secret));
        assert_ne!(first.secret, second.secret);
        assert!(first.secret.len() < MAX_TOKEN);
    }
}
