//! Call detail records, counted exactly.
//!
//! Rows come in as their source has them ([`Row`]) and are kept by source and day ([`Pack`]). A [`Roll`] is a day counted by
//! the site's [`Rules`]; rolls add up ([`Total`]) to what counting all rows at once would give, the number of different people
//! included. A [`Counting`] counts the rows themselves, by anything and in any intervals; [`kpi`] says what its figures mean.
//! [`Visits`] does the same for callers in our own queues. Nothing here reads a clock or a database, and nothing is estimated.

mod call_key;
mod cause;
mod count;
mod countries;
mod destinations;
mod find;
mod id_set;
pub mod kpi;
mod load;
mod pack;
mod plan;
mod reconcile;
mod roll;
mod rules;
mod visits;

pub use call_key::CallKey;
pub use cause::{Cause, CauseClass, cause_of, causes, sip_of};
pub use count::{Ask, By, Class, Counted, Counting, Counts, Day, Group, TooMany};
pub use countries::Countries;
pub use destinations::{Destination, DestinationId, Destinations, Place};
pub use find::{Filter, Finder, Spot, spotted};
pub use load::Load;
pub use pack::{Disposition, Pack, Packing, Row, Stored};
pub use plan::{Dialled, Form, NotAPattern, NumberPlan, Pattern};
pub use reconcile::{Difference, Differing, Reconciled, Told, Tolerances, reconcile};
pub use roll::{Roll, Span, Sums, Tally, Total};
pub use rules::{Reading, Rules, STASIS};
pub use visits::{QueueCounts, Thresholds, Visits, Ways};

#[cfg(test)]
mod tests;
