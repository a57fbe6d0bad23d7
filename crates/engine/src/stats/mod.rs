//! Call detail records, counted exactly.
//!
//! Rows come in as their source has them ([`Row`]) and are kept by source and day ([`Pack`]). A [`Roll`] is a day counted by
//! the site's [`Rules`]; rolls add up ([`Total`]) to what counting all rows at once would give, the number of different people
//! included. A [`Counting`] counts the rows themselves, by anything and in any intervals; [`kpi`] says what its figures mean.
//! Nothing here reads a clock or a database, and nothing is estimated.

mod call_key;
mod count;
mod countries;
mod destinations;
mod id_set;
pub mod kpi;
mod pack;
mod plan;
mod roll;
mod rules;

pub use call_key::CallKey;
pub use count::{Ask, By, Class, Counted, Counting, Counts, Group, TooMany};
pub use countries::Countries;
pub use destinations::{Destination, DestinationId, Destinations, Place};
pub use pack::{Disposition, Pack, Packing, Row, Stored};
pub use plan::{Dialled, Form, NotAPattern, NumberPlan, Pattern};
pub use roll::{Roll, Span, Sums, Tally, Total};
pub use rules::{Reading, Rules};

#[cfg(test)]
mod tests;
