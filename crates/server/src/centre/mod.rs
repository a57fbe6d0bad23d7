//! The set-up of a centre as one file that can be read, reviewed and applied.
//!
//! Reads centre files, says what differs between one and what is there, and writes them. What a noun's fields are is read from the
//! interface's own description. No IO, no clock: whoever uses it asks the interface and carries changes out. No secret ever comes in
//! here: a file says where one is to be found.

mod check;
mod document;
mod impact;
mod noun;
mod places;
mod plan;
mod schema;
mod things;
mod united;
mod write;

pub use document::{Document, Entry, Flaw, MAX_CENTRE_FILE, SecretSource};
pub use impact::impact;
pub use noun::{Kept, MEMBERS, NOUNS, Noun, QUEUE_SECTION, sections};
pub use places::Place;
pub use plan::{Action, Change, FieldChange, Plan};
pub use schema::Schema;
pub use things::{Names, Shown, Thing, Things};
pub use united::United;
pub use write::{Sources, to_text};
