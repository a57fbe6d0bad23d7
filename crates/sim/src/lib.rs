//! Surroundings to prove the centre in: a world of callers and agents for the engines.

pub mod world;
