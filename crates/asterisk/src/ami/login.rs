//! The proof of the secret in a log-in by challenge.

use std::fmt::Write;

use md5::{Digest, Md5};

/// The `Key:` that answers a challenge: MD5 over the challenge followed by the secret, in lower-case hexadecimal.
pub fn challenge_key(challenge: &str, secret: &str) -> String {
    let digest = Md5::new()
        .chain_update(challenge)
        .chain_update(secret)
        .finalize();
    digest
        .iter()
        .fold(String::with_capacity(32), |mut key, byte| {
            let _ = write!(key, "{byte:02x}");
            key
        })
}
