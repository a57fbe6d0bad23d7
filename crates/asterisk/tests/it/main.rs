//! Tests of the crate as its users see it.

#![allow(clippy::unwrap_used)]

mod agi_recordings;
mod agi_session;
mod ami_client;
mod ami_codec;
mod ami_echo;
mod ami_real;
mod ami_recordings;
mod ami_session;
mod ami_sockets;
mod ari_real;
mod pbx;
mod releases;
