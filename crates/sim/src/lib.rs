//! Surroundings to prove the centre in: a world of callers and agents for the engines, a PBX on the wire, and call detail records.

pub mod asterisk;
pub mod cdr;
pub mod world;
