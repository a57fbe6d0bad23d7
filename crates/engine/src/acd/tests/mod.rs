//! Dialogues: this happens, and the engine says exactly that.
#![allow(clippy::unwrap_used, clippy::format_push_string)]

mod centre;
mod config;
mod connect;
mod day;
mod engaged;
mod entry;
mod explain;
mod figures;
mod lines;
mod park;
mod path;
mod returned;
mod servers;
mod states;
mod strategy;
