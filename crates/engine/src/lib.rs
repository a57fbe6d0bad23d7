//! The decisions, pure.
//!
//! An engine is a struct: an input goes in, commands come out, and it says when it wants to be woken. It never fails, never
//! awaits, never reads a clock and never draws a random number that it was not handed, so that a whole day of calls replays
//! from one seed.

pub mod acd;
pub mod alarm;
pub mod callerid;
pub mod control;
pub mod dial;
pub mod dialplan;
pub mod invariants;
mod lookup;
pub mod stats;
pub mod timetable;
pub mod trunk;
pub mod wilson;
mod zone;
