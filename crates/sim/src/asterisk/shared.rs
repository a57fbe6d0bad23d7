//! The lock around the simulated world, and its clockwork.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::runtime::Handle;
use tokio::time::sleep;

use super::world::World;

/// One simulated PBX. Whoever holds it changes the world under one lock, so events leave in the order of causes.
pub(super) struct Shared {
    world: Mutex<World>,
    runtime: Handle,
}

impl Shared {
    /// Must be called within a tokio runtime, whose clock the world then follows.
    pub(super) fn new(world: World) -> Arc<Self> {
        Arc::new(Self {
            world: Mutex::new(world),
            runtime: Handle::current(),
        })
    }

    /// Acts on the world, then starts the timers that this asked for. They end with the PBX.
    pub(super) fn with<R>(self: &Arc<Self>, act: impl FnOnce(&mut World) -> R) -> R {
        let mut world = self.world.lock().unwrap_or_else(PoisonError::into_inner);
        let result = act(&mut world);
        let later = std::mem::take(&mut world.later);
        drop(world);
        for (delay, act) in later {
            let shared = Arc::downgrade(self);
            self.runtime.spawn(async move {
                sleep(delay).await;
                if let Some(shared) = shared.upgrade() {
                    shared.with(act);
                }
            });
        }
        result
    }
}
