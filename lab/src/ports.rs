//! Loopback ports that no other lab on this machine uses.
//!
//! A port is ours while we hold the lock on its file and, when chosen, could bind it. The ranges lie below
//! the kernel's ephemeral ports, so that no outgoing connection takes one between choice and use.

use std::{
    fs::{self, File},
    net::{Ipv4Addr, TcpListener, UdpSocket},
    ops::Range,
    sync::{
        Arc,
        atomic::{AtomicU16, Ordering},
    },
};

use crate::{
    error::{Doing, LabError, Result},
    folders,
};

/// Ports of database servers, one at a time.
const SINGLE_PORTS: Range<u16> = 19_000..20_000;
/// Ports of labs, one block each: 24 labs at once.
const LAB_PORTS: Range<u16> = 20_000..32_000;
/// Ports in one lab's block.
pub(crate) const BLOCK: u16 = 500;

/// One TCP port, ours until dropped.
#[derive(Debug)]
pub struct Port {
    number: u16,
    _lock: File,
}

impl Port {
    /// One that nobody has now, and that nobody gets by chance while it is not listened on.
    pub fn reserve() -> Result<Self> {
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

    pub fn number(&self) -> u16 {
        self.number
    }
}

/// A lab's block of ports, ours until the last clone is dropped.
#[derive(Debug, Clone)]
pub(crate) struct PortBlock {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    base: u16,
    next: AtomicU16,
    _lock: File,
}

impl PortBlock {
    /// Reserves a block whose first `head` ports (the servers' fixed ones) can be bound now.
    pub(crate) fn reserve(head: u16) -> Result<Self> {
        for base in LAB_PORTS.step_by(usize::from(BLOCK)) {
            let Some(lock) = lock(base)? else { continue };
            if (base..base + head).all(is_free) {
                let next = AtomicU16::new(head);
                return Ok(Self {
                    inner: Arc::new(Inner {
                        base,
                        next,
                        _lock: lock,
                    }),
                });
            }
        }
        Err(LabError::Missing(format!(
            "no free block of loopback ports in {LAB_PORTS:?}: too many labs"
        )))
    }

    pub(crate) fn base(&self) -> u16 {
        self.inner.base
    }

    /// The next port of the block that can be bound, going round when the end is reached.
    pub(crate) fn next(&self, head: u16) -> Result<u16> {
        for _ in head..BLOCK {
            let step = self
                .inner
                .next
                .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |at| {
                    Some(if at + 1 >= BLOCK { head } else { at + 1 })
                });
            let number = self.inner.base + step.unwrap_or(head);
            if is_free(number) {
                return Ok(number);
            }
        }
        Err(LabError::Missing(
            "every port of this lab's block is in use".into(),
        ))
    }
}

fn is_free(number: u16) -> bool {
    let any = Ipv4Addr::UNSPECIFIED;
    TcpListener::bind((any, number)).is_ok() && UdpSocket::bind((any, number)).is_ok()
}

fn lock(number: u16) -> Result<Option<File>> {
    let folder = folders::runtime()?.join("ports");
    fs::create_dir_all(&folder).doing(|| format!("make {}", folder.display()))?;
    let file = folders::open_lock(&folder.join(number.to_string()))?;
    Ok(file.try_lock().is_ok().then_some(file))
}
