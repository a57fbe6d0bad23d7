//! A real Asterisk, real SIP phones and a trunk, and database servers: all from Debian's packages, all on
//! loopback, all gone when the handle is dropped.
//!
//! For tests and for trying things by hand (the `lab` program). Never part of the product, and never a place for
//! anything worth keeping.

// PostgreSQL, MariaDB and SIPp are names, not code.
#![allow(clippy::doc_markdown)]

mod asterisk;
mod error;
mod folders;
pub mod held;
mod lab;
mod leash;
mod media;
mod ports;
mod requirements;
pub mod services;
mod sip;

pub use asterisk::{Channel, Endpoint, Release, root};
pub use error::{LabError, Result};
pub use folders::cache;
pub use lab::{AmiUser, Lab, LabBuilder, up, up_or_skip};
pub use media::{Tone, Voice};
pub use ports::Port;
pub use requirements::{is_given, is_required, is_root, requirements};
pub use services::{
    Database, RedisCluster, Server, Services, mariadb, postgres, redis, redis_cluster,
    redis_with_tls, shared_mariadb, shared_postgres, shared_redis,
};
pub use sip::{Behaviour, Call, CallReport, Outcome, Phone, TrunkCaller};
