//! Surroundings to prove the centre in: a world of callers and agents for the engines, and a PBX on the wire.

pub mod asterisk;
pub mod world;
