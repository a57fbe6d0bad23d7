//! What is asked for one thing is done in the order in which it was asked, beside what is asked for others.

use std::{collections::HashMap, hash::Hash};

use tokio::task::{AbortHandle, JoinHandle};

/// What is being done, by what it is done for.
pub(super) struct Turns<K>(HashMap<K, JoinHandle<()>>);

impl<K> Default for Turns<K> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<K: Copy + Eq + Hash> Turns<K> {
    /// Does `what` once everything is done that was asked for `whose` before.
    pub(super) fn next(
        &mut self,
        whose: K,
        what: impl Future<Output = ()> + Send + 'static,
    ) -> AbortHandle {
        self.0.retain(|_, last| !last.is_finished());
        let before = self.0.remove(&whose);
        let last = tokio::spawn(async move {
            if let Some(before) = before {
                // However it ended, it is over.
                let _ = before.await;
            }
            what.await;
        });
        let handle = last.abort_handle();
        self.0.insert(whose, last);
        handle
    }
}
