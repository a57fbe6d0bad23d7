//! Where phones and trunks are written for an Asterisk that does not ask us: the same rows that it would be answered with, brought to
//! what they are at that moment.
//!
//! Whoever writes last writes what holds, in whatever order changes come. It must never touch what another wrote.

mod database;
mod folder;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

use model::{ProvisionedBy, ServerId};

use crate::realtime::Realtime;
use database::SharedDatabase;
use folder::Folder;

/// Where outlets are, as the configuration says.
#[derive(Clone, Default)]
pub struct Settings {
    /// Of the database that Asterisk reads.
    pub dsn: Option<String>,
    /// In which each server has a folder of its name.
    pub folder: Option<PathBuf>,
}

/// What has an id in Asterisk and could not be written, with why.
pub(super) type LeftOut = BTreeMap<String, String>;

/// One place, with the servers that read there.
pub(super) struct Outlet {
    realtime: Realtime,
    servers: Mutex<BTreeSet<ServerId>>,
    place: Place,
}

enum Place {
    Database(SharedDatabase),
    Folder(Folder),
}

impl Outlet {
    /// Brings these objects to what they are now; all, where nothing is said. `Err`: why it cannot, and nothing was changed.
    pub(super) async fn write(&self, ids: Option<&[String]>) -> Result<LeftOut, String> {
        let rows = || self.realtime.rows(&self.servers(), ids);
        match &self.place {
            Place::Database(database) => database.write(ids, rows).await,
            // There is one file for all of them.
            Place::Folder(folder) => {
                folder
                    .write(|| self.realtime.rows(&self.servers(), None))
                    .await
            }
        }
    }

    fn servers(&self) -> BTreeSet<ServerId> {
        self.lock().clone()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeSet<ServerId>> {
        self.servers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// All outlets.
#[derive(Default)]
pub(super) struct Outlets {
    realtime: Realtime,
    settings: Settings,
    /// One for all servers that read there.
    database: Option<Arc<Outlet>>,
}

impl Outlets {
    pub(super) fn new(realtime: Realtime, settings: Settings) -> Self {
        let place = |dsn: &String| Place::Database(SharedDatabase::new(dsn));
        let database = settings.dsn.as_ref().map(place).map(|place| {
            Arc::new(Outlet {
                realtime: realtime.clone(),
                servers: Mutex::default(),
                place,
            })
        });
        Self {
            realtime,
            settings,
            database,
        }
    }

    /// The one of a server; nothing: it asks us. `Err`: it is not configured.
    pub(super) fn of(
        &self,
        server: ServerId,
        name: &str,
        way: ProvisionedBy,
    ) -> Result<Option<Arc<Outlet>>, &'static str> {
        self.join(server, way);
        match way {
            ProvisionedBy::Http => Ok(None),
            ProvisionedBy::Database => Ok(Some(self.database.clone().ok_or(NO_DATABASE)?)),
            ProvisionedBy::Files => {
                let folder = self.settings.folder.as_ref().ok_or(NO_FOLDER)?;
                Ok(Some(Arc::new(Outlet {
                    realtime: self.realtime.clone(),
                    servers: Mutex::new([server].into()),
                    place: Place::Folder(Folder::new(folder, name)),
                })))
            }
        }
    }

    /// Whether there is one of this kind; `Err`: what is missing.
    pub(super) fn can(&self, way: ProvisionedBy) -> Result<(), &'static str> {
        match way {
            ProvisionedBy::Database if self.database.is_none() => Err(NO_DATABASE),
            ProvisionedBy::Files if self.settings.folder.is_none() => Err(NO_FOLDER),
            _ => Ok(()),
        }
    }

    /// From now on the server reads in the database, or, where it has another way, does not any more.
    pub(super) fn join(&self, server: ServerId, way: ProvisionedBy) {
        match (&self.database, way) {
            (Some(outlet), ProvisionedBy::Database) => {
                outlet.lock().insert(server);
            }
            _ => self.leave(server),
        }
    }

    /// The server reads in the database no more.
    pub(super) fn leave(&self, server: ServerId) {
        if let Some(outlet) = &self.database {
            outlet.lock().remove(&server);
        }
    }
}

const NO_DATABASE: &str = "no database is configured for it (`dsn` in [provisioning])";
const NO_FOLDER: &str = "no folder is configured for it (`folder` in [provisioning])";
