//! The program as people and scripts meet it.
#![allow(clippy::unwrap_used)]

mod centre;
mod commands;
