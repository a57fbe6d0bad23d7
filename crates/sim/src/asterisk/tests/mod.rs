//! The simulator against recordings of a real Asterisk, and over the wire with our own clients.
#![allow(clippy::unwrap_used)]

mod compare;
mod connected;
mod demo;
mod echoes;
mod faults;
mod recorded;
mod wire;
