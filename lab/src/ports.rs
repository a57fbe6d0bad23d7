//! Loopback ports that no other lab on this machine uses.
//!
//! A port is ours while we hold the lock on its file and, when chosen, could bind it. The ranges lie below
//! the kernel's ephemeral ports, so that no outgoing connection takes one between choice and use.

use std::{
    fs::{self, File},
    net::{Ipv4Addr, TcpListener},
    ops::Range,
};

use crate::{
    error::{Doing, LabError, Result},
    folders,
};

/// Ports of database servers, one at a time.
const SINGLE_PORTS: Range<u16> = 19_000..20_000;

/// One TCP port, ours until dropped.
#[derive(Debug)]
pub(crate) struct Port {
    number: u16,
    _lock: File,
}

impl Port {
    pub(crate) fn reserve() -> Result<Self> {
        for number in SINGLE_PORTS {
            if let Some(lock) = lock(number)?
                && TcpListener::bind((Ipv4Addr::LOCALHOST, number)).is_ok()
            {
                return Ok(Self {
                    number,
                    _lock: lock,
                });
            }
        }
        Err(LabError::Missing(format!(
            "no free loopback port in {SINGLE_PORTS:?}"
        )))
    }

    pub(crate) fn number(&self) -> u16 {
        self.number
    }
}

fn lock(number: u16) -> Result<Option<File>> {
    let folder = folders::runtime()?.join("ports");
    fs::create_dir_all(&folder).doing(|| format!("make {}", folder.display()))?;
    let file = folders::open_lock(&folder.join(number.to_string()))?;
    Ok(file.try_lock().is_ok().then_some(file))
}
