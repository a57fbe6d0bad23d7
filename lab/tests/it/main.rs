//! The lab's own tests: each server comes up, is usable, and leaves nothing behind.
#![allow(clippy::unwrap_used)]

mod calls;
mod labs;
mod services;
