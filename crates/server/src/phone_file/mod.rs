//! Phones as a CSV file: what a file says of each, what would become of them, and all of them as such a file.
//!
//! What is written by [`Names::table`] and read again changes nothing. A secret is read, and never written. It decides nothing
//! by itself: who asks for a [`Plan`] carries it out, or does not.

mod column;
mod plan;
mod reading;
mod report;
mod said;

pub(crate) use column::Names;
pub(crate) use plan::{Known, Plan};
pub(crate) use reading::{FileError, PhoneFile, Read};
pub use report::{FieldChange, PhoneImportReport, PhoneRow, PhoneRowResult};
