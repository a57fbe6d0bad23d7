//! Passwords: Argon2id, off the async threads, a few at a time.
//!
//! A password is never logged, stored or compared as text. An unknown user costs the same time as a wrong password.

use std::sync::{Arc, LazyLock};

use argon2::{
    Algorithm, Argon2, Params, Version,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};
use model::Invalid;
use tokio::sync::Semaphore;

use crate::problem::{Code, Problem};

/// The shortest password that may be chosen, in characters.
pub const MIN_PASSWORD: usize = 10;
/// The longest password that is read, in characters.
pub const MAX_PASSWORD: usize = 200;

/// How many passwords are hashed at once: each takes 19 MiB and a core.
const MAX_HASHING: usize = 2;
/// How many requests may wait for their turn; beyond it they are told to come back.
const MAX_HASH_QUEUE: usize = 64;
const BUSY_RETRY_SECONDS: u64 = 2;

/// A hash that no password has, to spend the same time on users who do not exist.
static NOBODY: LazyLock<String> =
    LazyLock::new(|| hash_password(&super::token::random_text()).expect("the text is short"));

/// Checks a password's bounds before it is set.
pub fn check_new_password(password: &str) -> Result<(), Invalid> {
    let length = password.chars().count();
    if length < MIN_PASSWORD {
        return Err(Invalid::new(
            "password",
            format!("has {length} characters; the least is {MIN_PASSWORD}"),
        ));
    }
    check_given_password(password)
}

/// Checks a password's bounds before it is compared.
pub(crate) fn check_given_password(password: &str) -> Result<(), Invalid> {
    let length = password.chars().count();
    if length > MAX_PASSWORD {
        return Err(Invalid::new(
            "password",
            format!("has {length} characters; the limit is {MAX_PASSWORD}"),
        ));
    }
    if password.contains('\0') {
        return Err(Invalid::new("password", "has a NUL character"));
    }
    Ok(())
}

/// The hash to store for a password, as a PHC string. Blocks for some 30 ms.
pub fn hash_password(password: &str) -> Result<String, Invalid> {
    check_given_password(password)?;
    argon2id()
        .hash_password(password.as_bytes())
        .map(|hash| hash.to_string())
        .map_err(|error| Invalid::new("password", format!("cannot be hashed: {error}")))
}

/// OWASP's first choice: 19 MiB, two passes, one lane.
fn argon2id() -> Argon2<'static> {
    let params = Params::new(19 * 1024, 2, 1, None).expect("these parameters are within bounds");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

fn matches(password: &str, hash: &str) -> bool {
    PasswordHash::new(hash).is_ok_and(|hash| {
        argon2id()
            .verify_password(password.as_bytes(), &hash)
            .is_ok()
    })
}

/// The turnstile before the hashing threads.
#[derive(Clone)]
pub(crate) struct Hashing {
    turns: Arc<Semaphore>,
    places: Arc<Semaphore>,
}

impl Hashing {
    pub(crate) fn new() -> Self {
        // Made now, or the first unknown user would take twice as long as the second.
        LazyLock::force(&NOBODY);
        Self {
            turns: Arc::new(Semaphore::new(MAX_HASHING)),
            places: Arc::new(Semaphore::new(MAX_HASHING + MAX_HASH_QUEUE)),
        }
    }

    /// Is it this user's password? `None` stands for a user who does not exist, and takes as long.
    pub(crate) async fn verify(
        &self,
        password: String,
        hash: Option<String>,
    ) -> Result<bool, Problem> {
        self.run(move || {
            let known = hash.is_some();
            matches(&password, hash.as_ref().unwrap_or(&NOBODY)) && known
        })
        .await
    }

    /// The hash of a new password.
    pub(crate) async fn hash(&self, password: String) -> Result<String, Problem> {
        self.run(move || hash_password(&password))
            .await?
            .map_err(Problem::from)
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Problem> {
        let Ok(_place) = self.places.try_acquire() else {
            metrics::counter!("cordboard_password_queue_full_total").increment(1);
            return Err(Problem::new(
                Code::Unavailable,
                "Too many people log in at once; try again in a moment.",
            )
            .retry_after(BUSY_RETRY_SECONDS));
        };
        let _turn = self.turns.acquire().await.expect("it is never closed");
        tokio::task::spawn_blocking(work)
            .await
            .map_err(|_| Problem::new(Code::Internal, "The password could not be checked."))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn stores_a_salted_argon2id_hash() {
        let first = hash_password("correct horse battery").unwrap();
        let second = hash_password("correct horse battery").unwrap();
        assert!(
            first.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
            "{first}"
        );
        assert_ne!(first, second);
        assert!(matches("correct horse battery", &first));
        assert!(!matches("correct horse batterz", &first));
        assert!(!matches("anything", "not a hash"));
    }

    #[test]
    fn bounds_a_password() {
        assert!(check_new_password("short").is_err());
        assert!(check_new_password(&"x".repeat(10_000)).is_err());
        assert!(check_new_password("0123456789\0").is_err());
        assert!(check_new_password("0123456789").is_ok());
    }

    #[tokio::test]
    async fn an_unknown_user_has_no_password() {
        let hashing = Hashing::new();
        assert!(!hashing.verify("0123456789".to_owned(), None).await.unwrap());
        let hash = hashing.hash("0123456789".to_owned()).await.unwrap();
        assert!(
            hashing
                .verify("0123456789".to_owned(), Some(hash))
                .await
                .unwrap()
        );
    }
}
