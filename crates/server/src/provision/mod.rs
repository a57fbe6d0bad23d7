//! What is set up is made live in each Asterisk, and read back from there: told what to forget by its manager interface, it asks
//! anew (`realtime`), or reads anew what is written for it (`outlet`).
//!
//! A phone is *live* where Asterisk has it as it was set up, *pending* where nobody can say, *drifted* where Asterisk has
//! something else. It must never call live what it has not seen.

mod ami;
mod found;
mod one;
mod outlet;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use asterisk::{Tls, TlsError, ami::Config};
use futures_util::future::join_all;
use model::{AmiAccess, Codec, ProvisionedBy, Server, ServerId, Trunk};
use serde::Serialize;
use store::{ExtensionChange, KeptExtension};
use utoipa::ToSchema;

pub use found::{Contact, ContactState};
use one::One;
use outlet::Outlets;
pub use outlet::Settings;

use crate::realtime::Realtime;

/// How long a change waits to be seen in Asterisk.
const PATIENCE: Duration = Duration::from_secs(2);
/// The same of many new phones, whose rows are written elsewhere.
const PATIENCE_WITH_MANY: Duration = Duration::from_secs(10);

/// Whether Asterisk has something as it was set up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Provisioning {
    /// It does, as it says itself.
    Live,
    /// Nobody can say at the moment.
    Pending,
    /// It has something else.
    Drifted,
}

/// A phone or a trunk, as one Asterisk has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Provisioned {
    pub server: ServerId,
    /// The server's name.
    pub name: String,
    pub state: Provisioning,
    /// Why it is not live.
    pub reason: Option<String>,
    /// Where it is reached: where a phone has registered, or where a trunk is.
    pub contacts: Vec<Contact>,
    /// Of a trunk that we register at: what became of it, in Asterisk's own word, such as `Registered`.
    pub registration: Option<String>,
}

/// What Asterisk has to have.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Wanted {
    /// The number of a phone, the name of a trunk.
    pub(crate) id: String,
    /// The only server that is to have it.
    pub(crate) server: Option<ServerId>,
    pub(crate) active: bool,
    context: String,
    codecs: Vec<Codec>,
    /// What a phone's secret is proven by.
    md5: Option<String>,
    /// It is registered at.
    registers: bool,
}

/// What a phone is known by stands in it.
impl std::fmt::Debug for Wanted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Wanted")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

impl Wanted {
    /// `context` is what the phone's is called in Asterisk.
    pub(crate) fn phone(kept: &KeptExtension, context: String) -> Self {
        let extension = &kept.extension;
        Self {
            id: extension.number.clone(),
            server: extension.server,
            active: extension.active,
            context,
            codecs: extension.codecs.clone(),
            md5: Some(kept.digests.md5.clone()),
            registers: false,
        }
    }

    /// `context` is what the trunk's is called in Asterisk.
    pub(crate) fn trunk(trunk: &Trunk, context: String) -> Self {
        Self {
            id: trunk.name.clone(),
            server: trunk.server,
            active: trunk.active,
            context,
            codecs: trunk.codecs.clone(),
            md5: None,
            registers: trunk.registers && trunk.active,
        }
    }
}

/// A change that Asterisk has to hear of.
#[derive(Debug, Clone)]
pub(crate) struct Change {
    /// Under which number or name Asterisk may have it.
    pub(crate) before: Option<String>,
    /// What it has to have from now on; nothing: no such thing.
    pub(crate) after: Option<Wanted>,
    /// It is, or was, a trunk: whom to expect whence, and where to register, may be another.
    pub(crate) is_trunk: bool,
    /// Who registered before may not be called any more.
    pub(crate) forget_contacts: bool,
}

impl Change {
    /// Of a phone; `context` says what a phone's is called in Asterisk.
    pub(crate) fn phone(change: &ExtensionChange, context: impl Fn(&str) -> String) -> Self {
        let (before, after) = (change.before.as_ref(), change.after.as_ref());
        let is_same = |was: &KeptExtension, is: &KeptExtension| {
            let (from, to) = (&was.extension, &is.extension);
            let is_there = from.number == to.number && from.server == to.server && to.active;
            is_there && was.digests == is.digests
        };
        let is_same = before.zip(after).is_some_and(|(was, is)| is_same(was, is));
        Self {
            before: before.map(|kept| kept.extension.number.clone()),
            after: after.map(|kept| Wanted::phone(kept, context(&kept.extension.context))),
            is_trunk: false,
            forget_contacts: !is_same,
        }
    }

    /// All that Asterisk may know it by.
    fn ids(&self) -> Vec<String> {
        let after = self.after.as_ref().map(|wanted| &wanted.id);
        self.before.iter().chain(after).cloned().collect()
    }

    /// The numbers whose registrations are somebody else's.
    fn forgotten(&self) -> impl Iterator<Item = &str> {
        let before = self.before.as_deref().filter(|_| self.forget_contacts);
        // A number that was given out before may have been taken back while Asterisk could not be told.
        let after = self.after.as_ref().map(|wanted| wanted.id.as_str());
        let after = after.filter(|_| self.before.is_none() && !self.is_trunk);
        before.into_iter().chain(after)
    }
}

/// The way to every Asterisk's manager interface. Cheap to clone.
#[derive(Clone, Default)]
pub struct Provisioner {
    servers: Arc<Mutex<BTreeMap<ServerId, Arc<One>>>>,
    outlets: Arc<Outlets>,
}

impl Provisioner {
    /// `realtime` is what is to be there.
    pub(crate) fn new(realtime: Realtime, settings: Settings) -> Self {
        Self {
            servers: Arc::default(),
            outlets: Arc::new(Outlets::new(realtime, settings)),
        }
    }

    /// Says who is about to be connected: what is written for several is not to be taken away for those that come last.
    pub(crate) fn expect(&self, servers: &[Server]) {
        let active = servers.iter().filter(|server| server.active);
        active.for_each(|server| self.outlets.join(server.id, server.provisioned_by));
    }

    /// Whether a server can have its phones in this way; `Err`: what is missing.
    pub(crate) fn can(&self, way: ProvisionedBy) -> Result<(), &'static str> {
        self.outlets.can(way)
    }

    /// Connects to a server's manager interface, in place of what is running under its id. Returns at once.
    pub(crate) fn set(&self, server: &Server, secret: Option<&str>) {
        let before = self.lock().remove(&server.id);
        let owed = before.map(|one| one.owed()).unwrap_or_default();
        if !server.active {
            self.outlets.leave(server.id);
            return;
        }
        let one = Arc::new(One::start(server, (secret, owed), &self.outlets));
        self.lock().insert(server.id, one);
    }

    pub(crate) fn remove(&self, server: ServerId) {
        self.outlets.leave(server);
        self.lock().remove(&server);
    }

    pub(crate) fn disconnect_all(&self) {
        self.lock().clear();
    }

    /// Makes a change live; how each server has it then. What takes longer than is waited for goes on behind the answer.
    pub(crate) async fn apply(&self, change: Change) -> Vec<Provisioned> {
        let change = Arc::new(change);
        let all = self.servers(None).into_iter().map(async |one| {
            let (applying, told) = (one.clone(), change.clone());
            let done = tokio::spawn(async move { applying.apply(&told).await });
            match tokio::time::timeout(PATIENCE, done).await {
                Ok(Ok(state)) => state,
                _ => one.pending(LATE),
            }
        });
        let mut states = join_all(all).await;
        // What moved to another server has to be forgotten by the one that it had.
        let only = change.after.as_ref().and_then(|wanted| wanted.server);
        let is_told = |one: &Provisioned| {
            only.is_none_or(|only| only == one.server) || one.state != Provisioning::Live
        };
        states.retain(is_told);
        states
    }

    /// Makes many changes live. How each phone is then is not looked at; what takes longer than is waited for goes on behind the
    /// answer.
    pub(crate) async fn apply_all(&self, changes: Vec<Change>) {
        let changes = Arc::new(changes);
        let told = self.servers(None).into_iter().map(async |one| {
            let changes = changes.clone();
            let telling = tokio::spawn(async move { one.apply_all(&changes).await });
            let _ = tokio::time::timeout(PATIENCE, telling).await;
        });
        join_all(told).await;
    }

    /// Writes new phones where Asterisk reads them without asking. What takes longer than is waited for goes on behind the answer.
    pub(crate) async fn add(&self, ids: Vec<String>) {
        let ids = Arc::new(ids);
        let written = self.servers(None).into_iter().map(async |one| {
            let ids = ids.clone();
            let writing = tokio::spawn(async move { one.add(&ids).await });
            let _ = tokio::time::timeout(PATIENCE_WITH_MANY, writing).await;
        });
        join_all(written).await;
    }

    /// Brings every Asterisk anew to all that there is, as soon as can be.
    pub(crate) fn forget_all(&self) {
        for one in self.servers(None) {
            one.bring_all();
        }
    }

    /// How each server has it.
    pub(crate) async fn look(&self, wanted: &Wanted) -> Vec<Provisioned> {
        let all = self.servers(wanted.server).into_iter();
        let all = all.map(async |one| {
            let seen = tokio::time::timeout(PATIENCE, one.look(wanted)).await;
            seen.unwrap_or_else(|_| one.pending(LATE))
        });
        join_all(all).await
    }

    fn servers(&self, only: Option<ServerId>) -> Vec<Arc<One>> {
        let servers = self.lock();
        let wanted = servers
            .iter()
            .filter(|(id, _)| only.is_none_or(|only| only == **id));
        wanted.map(|(_, one)| one.clone()).collect()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<ServerId, Arc<One>>> {
        self.servers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How to log in there.
pub(crate) fn config(ami: &AmiAccess, secret: &str) -> Result<Config, TlsError> {
    let mut config = Config::new(&ami.address, &ami.user, secret);
    config.tls = ami.tls.then(Tls::native_roots).transpose()?;
    Ok(config)
}

const LATE: &str = "its manager interface did not answer in time";
