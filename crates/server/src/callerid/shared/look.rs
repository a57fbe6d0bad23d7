//! What the shared pool shows of all nodes. Where Redis cannot be asked there is nothing, and the own allocator's figures stand in.

use cluster::ClusterError;
use engine::callerid::{NumberState, Restored};
use model::E164;

use super::Shared;
use crate::callerid::Totals;

impl Shared {
    /// What these numbers are doing, in the same order.
    pub(in crate::callerid) async fn show(
        &self,
        numbers: &[E164],
    ) -> Option<Vec<Option<NumberState>>> {
        let pool = self.up().ok()?;
        self.seen(pool.show(numbers).await)
    }

    pub(in crate::callerid) async fn totals(&self) -> Option<Totals> {
        let pool = self.up().ok()?;
        let (reservations, numbers) = self.seen(pool.totals().await)?;
        Some(Totals {
            numbers,
            reservations,
        })
    }

    pub(in crate::callerid) async fn reservations(&self, limit: usize) -> Option<Vec<Restored>> {
        let pool = self.up().ok()?;
        self.seen(pool.reservations(limit).await)
    }

    fn seen<T>(&self, seen: Result<T, ClusterError>) -> Option<T> {
        seen.inspect_err(|error| self.lost(error)).ok()
    }
}
