//! Secrets at rest: sealed with AES-256-GCM under a key that lives beside the data, readable by its owner only.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
    sync::Arc,
};

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use ring::{
    aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    hmac,
    rand::{SecureRandom as _, SystemRandom},
};
use subtle::ConstantTimeEq as _;

const KEY_LEN: usize = 32;

/// Seals and opens the secrets of this installation.
#[derive(Clone)]
pub struct Vault {
    key: Arc<LessSafeKey>,
    /// Makes secrets that need not be kept.
    maker: hmac::Key,
}

/// Why a secret could not be kept or read.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    #[error("cannot read or make the key file {path}: {source}")]
    KeyFile { path: String, source: io::Error },
    #[error("the key file {path} has {found} bytes instead of {KEY_LEN}; restore it from a backup")]
    KeyLength { path: String, found: usize },
    #[error("a sealed secret cannot be opened: it was sealed under another key; enter it again")]
    WrongKey,
    #[error("the system gave no random bytes")]
    NoRandom,
}

impl Vault {
    /// Opens the key file, making it (mode 0600) on the first start.
    pub fn open_or_make(path: &Path) -> Result<Self, VaultError> {
        let key_file = |source| VaultError::KeyFile {
            path: path.display().to_string(),
            source,
        };
        let bytes = match fs::read(path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                make_key(path).map_err(key_file)?
            }
            Err(error) => return Err(key_file(error)),
        };
        let key = UnboundKey::new(&AES_256_GCM, &bytes).map_err(|_| VaultError::KeyLength {
            path: path.display().to_string(),
            found: bytes.len(),
        })?;
        Ok(Self {
            key: Arc::new(LessSafeKey::new(key)),
            maker: hmac::Key::new(hmac::HMAC_SHA256, &bytes),
        })
    }

    /// A secret of this installation for one purpose: always the same, and 256 bits that nobody can guess.
    pub fn token(&self, purpose: &str) -> String {
        let tag = hmac::sign(&self.maker, format!("token\0{purpose}").as_bytes());
        URL_SAFE_NO_PAD.encode(tag)
    }

    /// Seals a secret as text.
    pub fn seal(&self, secret: &str) -> Result<String, VaultError> {
        let mut nonce = [0; NONCE_LEN];
        SystemRandom::new()
            .fill(&mut nonce)
            .map_err(|_| VaultError::NoRandom)?;
        let mut sealed = secret.as_bytes().to_vec();
        self.key
            .seal_in_place_append_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::empty(),
                &mut sealed,
            )
            .map_err(|_| VaultError::NoRandom)?;
        Ok(STANDARD.encode([&nonce[..], &sealed].concat()))
    }

    /// Opens what [`Self::seal`] made.
    pub fn open(&self, sealed: &str) -> Result<String, VaultError> {
        let bytes = STANDARD.decode(sealed).map_err(|_| VaultError::WrongKey)?;
        let (nonce, body) = bytes
            .split_at_checked(NONCE_LEN)
            .ok_or(VaultError::WrongKey)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| VaultError::WrongKey)?;
        let mut body = body.to_vec();
        let plain = self
            .key
            .open_in_place(nonce, Aad::empty(), &mut body)
            .map_err(|_| VaultError::WrongKey)?;
        String::from_utf8(plain.to_vec()).map_err(|_| VaultError::WrongKey)
    }
}

/// Compared without telling by the time it takes how much of it is right.
pub(crate) fn same_secret(given: &str, right: &str) -> bool {
    given.as_bytes().ct_eq(right.as_bytes()).into()
}

fn make_key(path: &Path) -> io::Result<Vec<u8>> {
    let mut key = vec![0; KEY_LEN];
    SystemRandom::new()
        .fill(&mut key)
        .map_err(|_| io::Error::other("no random bytes"))?;
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?
        .write_all(&key)?;
    Ok(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_survives_a_restart_and_no_other_key_opens_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret.key");
        let sealed = Vault::open_or_make(&path).unwrap().seal("s3cret").unwrap();
        assert!(!sealed.contains("s3cret"));
        let again = Vault::open_or_make(&path).unwrap();
        assert_eq!(again.open(&sealed).unwrap(), "s3cret");

        let other = Vault::open_or_make(&folder.path().join("other.key")).unwrap();
        assert!(matches!(other.open(&sealed), Err(VaultError::WrongKey)));
        assert!(matches!(again.open("AAAA"), Err(VaultError::WrongKey)));
    }

    #[test]
    fn a_damaged_key_file_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret.key");
        fs::write(&path, b"short").unwrap();
        let error = Vault::open_or_make(&path).err().unwrap().to_string();
        assert!(
            error.contains("secret.key") && error.contains('5'),
            "{error}"
        );
    }
}
