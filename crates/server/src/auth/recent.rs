//! Who was let in lately: so that people go on working while the database is away for a moment.
//!
//! Asked only when the database does not answer. Nobody can be locked out or let in while it is away, so what was true
//! a moment ago is the best truth there is. Bounded, and forgotten after [`HOLDS`].

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use model::{Instant, Now};

use super::{Credential, Principal};

/// How long somebody counts as let in without the database.
const HOLDS: Duration = Duration::from_mins(15);
/// The most who are remembered; the one seen longest ago is forgotten first.
const MAX_REMEMBERED: usize = 10_000;

#[derive(Default)]
pub(crate) struct Recent {
    seen: Mutex<HashMap<Credential, (Instant, Principal)>>,
}

impl Recent {
    /// The database just said who this is.
    pub(crate) fn note(&self, principal: &Principal, now: Now) {
        let mut seen = self.lock();
        if seen.len() >= MAX_REMEMBERED && !seen.contains_key(&principal.credential) {
            let oldest = seen.iter().min_by_key(|(_, (at, _))| *at);
            if let Some(oldest) = oldest.map(|(credential, _)| credential.clone()) {
                seen.remove(&oldest);
            }
        }
        seen.insert(principal.credential.clone(), (now.mono, principal.clone()));
    }

    /// The database just said that this is nobody.
    pub(crate) fn forget(&self, credential: &Credential) {
        self.lock().remove(credential);
    }

    /// Who this was, a moment ago.
    pub(crate) fn recall(&self, credential: &Credential, now: Now) -> Option<Principal> {
        let seen = self.lock();
        let (at, principal) = seen.get(credential)?;
        (now.mono.since(*at) < HOLDS).then(|| principal.clone())
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Credential, (Instant, Principal)>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use model::{ApiKeyId, Role, Timestamp};

    use super::*;
    use crate::auth::By;

    fn principal(n: usize) -> Principal {
        Principal {
            by: By::Key(ApiKeyId::new(Timestamp::default(), 0)),
            name: n.to_string(),
            role: Role::Service,
            agent: None,
            credential: Credential::Key(n.to_string()),
        }
    }

    #[test]
    fn remembers_for_a_while_and_not_more_than_it_may() {
        let recent = Recent::default();
        let at = |seconds| Now::default().after(Duration::from_secs(seconds));
        recent.note(&principal(0), at(0));
        let first = principal(0).credential;
        assert!(recent.recall(&first, at(899)).is_some());
        assert!(recent.recall(&first, at(900)).is_none());
        for n in 1..=MAX_REMEMBERED {
            recent.note(&principal(n), at(1));
        }
        assert!(recent.recall(&first, at(1)).is_none(), "the oldest went");
        assert_eq!(recent.lock().len(), MAX_REMEMBERED);
        let second = principal(1).credential;
        recent.forget(&second);
        assert!(recent.recall(&second, at(1)).is_none());
    }
}
