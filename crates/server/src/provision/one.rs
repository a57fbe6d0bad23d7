//! One Asterisk: how a change gets there, and what it has then.

use std::{sync::Arc, time::Duration};

use model::{ProvisionedBy, Server, ServerId};
use tokio::sync::Notify;
use tokio_util::task::AbortOnDropHandle;

use super::{
    Change, Provisioned, Provisioning, Wanted,
    ami::{AmiLink, Owed, Refresh},
    config,
    outlet::{LeftOut, Outlet, Outlets},
};

/// How long to wait before what could not be written is written again.
const RETRY: Duration = Duration::from_secs(5);

pub(super) struct One {
    id: ServerId,
    name: String,
    way: ProvisionedBy,
    /// Nothing: nobody said how to log in there.
    ami: Option<Arc<AmiLink>>,
    /// Nothing: it asks us. `Err`: it is to read what is written nowhere.
    outlet: Result<Option<Kept>, &'static str>,
}

/// Where its phones are written, and who sees to it that they are.
struct Kept {
    outlet: Arc<Outlet>,
    stale: Arc<Notify>,
    _keeper: AbortOnDropHandle<()>,
}

impl One {
    /// `owed` is what an earlier connection to the same server could not tell it.
    pub(super) fn start(
        server: &Server,
        (secret, owed): (Option<&str>, Owed),
        outlets: &Outlets,
    ) -> Self {
        let refresh = match server.provisioned_by {
            ProvisionedBy::Http | ProvisionedBy::Database => Refresh::Expire,
            ProvisionedBy::Files => Refresh::Reload,
        };
        let login = server.ami.as_ref().zip(secret);
        let ami = match login.map(|(ami, secret)| config(ami, secret)).transpose() {
            Ok(login) => login.map(|login| {
                let link = AmiLink::start(&server.name, login, refresh, owed);
                Arc::new(link)
            }),
            Err(error) => {
                tracing::error!(server = server.name, %error, "the manager interface cannot be reached by TLS");
                None
            }
        };
        let outlet = outlets.of(server.id, &server.name, server.provisioned_by);
        let outlet = outlet.map(|outlet| Some(Kept::start(&server.name, outlet?, ami.clone())));
        Self {
            id: server.id,
            name: server.name.clone(),
            way: server.provisioned_by,
            ami,
            outlet,
        }
    }

    /// What could not be told.
    pub(super) fn owed(&self) -> Owed {
        let owed = self.ami.as_ref().map(|link| link.owed());
        owed.unwrap_or_default()
    }

    /// Makes a change live; how it is then.
    pub(super) async fn apply(&self, change: &Change) -> Provisioned {
        let left_out = match self.write(&change.ids()).await {
            Ok(left_out) => left_out,
            Err(why) => return self.pending(&why),
        };
        let Some(link) = &self.ami else {
            return self.pending(NO_LOGIN);
        };
        if let Err(error) = link.apply(change).await {
            return self.pending(&error.to_string());
        }
        match &change.after {
            Some(wanted) if wanted.server.is_none_or(|only| only == self.id) => {
                let seen = self.look(wanted).await;
                match left_out.get(&wanted.id) {
                    Some(why) => self.state(Provisioning::Drifted, Some(why.clone())),
                    None => seen,
                }
            }
            _ => self.state(Provisioning::Live, None),
        }
    }

    /// Makes many changes live.
    pub(super) async fn apply_all(&self, changes: &[Change]) {
        let ids: Vec<_> = changes.iter().flat_map(Change::ids).collect();
        if self.write(&ids).await.is_err() {
            return;
        }
        if let Some(link) = &self.ami {
            let _ = link.apply_all(changes).await;
        }
    }

    /// Writes new phones, if they are written at all.
    pub(super) async fn add(&self, ids: &[String]) {
        if self.write(ids).await.is_ok()
            && let Some(link) = &self.ami
        {
            let _ = link.reload().await;
        }
    }

    /// Brings it anew to all that there is, as soon as can be.
    pub(super) fn bring_all(&self) {
        match (&self.outlet, &self.ami) {
            (Ok(Some(kept)), _) => kept.stale.notify_one(),
            (_, Some(link)) => link.forget_all(),
            _ => {}
        }
    }

    /// How it has it.
    pub(super) async fn look(&self, wanted: &Wanted) -> Provisioned {
        let Some(link) = &self.ami else {
            return self.pending(NO_LOGIN);
        };
        match link.look(wanted).await {
            Err(error) => self.pending(&error.to_string()),
            Ok(found) => {
                let drift = found.drift(wanted, self.unknown());
                let state = match drift {
                    None => Provisioning::Live,
                    Some(_) => Provisioning::Drifted,
                };
                Provisioned {
                    contacts: found.contacts,
                    registration: found.registration,
                    ..self.state(state, drift)
                }
            }
        }
    }

    pub(super) fn pending(&self, why: &str) -> Provisioned {
        self.state(Provisioning::Pending, Some(why.to_owned()))
    }

    /// What cannot be written is tried again until it is.
    async fn write(&self, ids: &[String]) -> Result<LeftOut, String> {
        let Some(kept) = self.outlet.as_ref().map_err(|why| (*why).to_owned())? else {
            return Ok(LeftOut::new());
        };
        let written = kept.outlet.write(Some(ids)).await;
        if written.is_err() {
            kept.stale.notify_one();
        }
        written
    }

    fn state(&self, state: Provisioning, reason: Option<String>) -> Provisioned {
        Provisioned {
            server: self.id,
            name: self.name.clone(),
            state,
            reason,
            contacts: Vec::new(),
            registration: None,
        }
    }

    /// Why Asterisk may not know a phone.
    fn unknown(&self) -> &'static str {
        match self.way {
            ProvisionedBy::Http => {
                "Asterisk does not know it: does it ask Cordboard (extconfig.conf, sorcery.conf)?"
            }
            ProvisionedBy::Database => {
                "Asterisk does not know it: does it read the shared database (extconfig.conf, sorcery.conf, res_odbc.conf)?"
            }
            ProvisionedBy::Files => {
                "Asterisk does not know it: is pjsip_cordboard.conf included in its pjsip.conf?"
            }
        }
    }
}

impl Kept {
    fn start(server: &str, outlet: Arc<Outlet>, ami: Option<Arc<AmiLink>>) -> Self {
        let stale = Arc::new(Notify::new());
        let keeping = keep(server.to_owned(), outlet.clone(), ami, stale.clone());
        Self {
            outlet,
            stale,
            _keeper: AbortOnDropHandle::new(tokio::spawn(keeping)),
        }
    }
}

/// Writes everything at the start, and whenever something could not be written or all may be another.
async fn keep(server: String, outlet: Arc<Outlet>, ami: Option<Arc<AmiLink>>, stale: Arc<Notify>) {
    loop {
        match outlet.write(None).await {
            Ok(left_out) => {
                for (id, why) in left_out {
                    tracing::warn!(server, id, why, "it cannot be written for Asterisk");
                }
                if let Some(link) = &ami {
                    link.forget_all();
                }
                stale.notified().await;
            }
            Err(why) => {
                tracing::warn!(
                    server,
                    why,
                    "phones and trunks cannot be written; it is tried again"
                );
                tokio::time::sleep(RETRY).await;
            }
        }
    }
}

const NO_LOGIN: &str = "it cannot be asked: no manager log-in is set for this server (`ami`)";
