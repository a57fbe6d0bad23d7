//! Asterisk's realtime over HTTP (`res_config_curl`): what is set up here is there in Asterisk at its next question.
//!
//! Every row that may be asked for is in memory, ready to be sent, so that no database is asked while a phone waits. It only
//! answers: registrations stay with Asterisk, in its own database, and outlast us.

mod conditions;
mod dialplan;
mod lines;
mod phone;
mod row;
mod secret;
mod table;
#[cfg(test)]
mod tests;
mod trunk;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, PoisonError, RwLock},
};

use engine::dialplan::Dialplan;
use model::{
    DialplanContextId, Did, DidId, ExtensionId, Invalid, Queue, QueueId, ServerId, Trunk, TrunkId,
};
use store::{
    AsteriskRow, ExtensionChange, KeptContext, KeptExtension, MAX_PAGE, Store, StoreError,
};

use conditions::Conditions;
use dialplan::LiveDialplan;
pub use dialplan::{
    MAX_CONTEXTS, context_of,
    simulation::{
        Origin, OriginKind, Question, SimulatedEnd, SimulatedRule, SimulatedStep, SimulatedTrunk,
        Simulation,
    },
};
pub(crate) use lines::Lines;
use phone::Phone;
pub(crate) use secret::PhoneSecret;
use table::Table;
use trunk::TrunkRows;

use crate::{
    numbers::Numbers,
    secrets::{Vault, same_secret},
    ways::Ways,
};

/// The table of dialplan steps.
const EXTENSIONS: &str = "extensions";

/// Answers Asterisk's questions. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Realtime(Arc<RwLock<Tables>>);

#[derive(Debug, Default)]
struct Tables {
    /// Those that may ask.
    servers: BTreeSet<ServerId>,
    /// By id, the number under which each stands in the tables.
    numbers: BTreeMap<ExtensionId, String>,
    /// The same of trunks.
    names: BTreeMap<TrunkId, String>,
    endpoints: Table,
    auths: Table,
    aors: Table,
    identifies: Table,
    registrations: Table,
    dialplan: LiveDialplan,
}

/// What Asterisk wants done, the last part of the address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verb {
    Single,
    Multi,
    /// Are there these columns? Always: what we do not have is left out of our rows.
    Require,
    /// It would change something; there is nothing here that Asterisk may change.
    Change,
}

impl Verb {
    pub(crate) fn read(text: &str) -> Option<Self> {
        Some(match text {
            "single" => Self::Single,
            "multi" => Self::Multi,
            "require" => Self::Require,
            "store" | "update" | "update2" | "destroy" => Self::Change,
            _ => return None,
        })
    }
}

impl Realtime {
    /// Reads everything.
    pub async fn load(
        store: &Store,
        vault: &Vault,
        numbers: Numbers,
        ways: Ways,
    ) -> Result<Self, StoreError> {
        let realtime = Self::default();
        let dialplan = LiveDialplan::new(numbers, ways);
        realtime.write(|tables| tables.dialplan = dialplan);
        // Where phones and trunks begin follows from what contexts there are.
        for kept in store.dialplan_contexts().list(None, MAX_PAGE).await? {
            realtime.write(|tables| tables.dialplan.set(&kept));
        }
        let mut after: Option<String> = None;
        loop {
            let page = store.queues().list(after.as_deref(), MAX_PAGE).await?;
            let Some(last) = page.last() else { break };
            after = Some(last.name.clone());
            for queue in &page {
                realtime.set_queue(queue);
            }
        }
        let mut after: Option<String> = None;
        loop {
            let page = store.dids().list(after.as_deref(), MAX_PAGE).await?;
            let Some(last) = page.last() else { break };
            after = Some(last.number.clone());
            for did in &page {
                realtime.set_did(did);
            }
        }
        realtime.set_lines(&Lines::read(store, vault).await?);
        Ok(realtime)
    }

    /// From now on these phones and trunks are so.
    pub(crate) fn set_lines(&self, lines: &Lines) {
        self.write(|tables| {
            lines.phones.iter().for_each(|kept| tables.set(kept));
            for (trunk, password) in &lines.trunks {
                tables.set_trunk(trunk, password.as_deref());
            }
        });
    }

    /// From now on this server may ask, with the password of [`Self::password`].
    /// It hands calls to us under the word `application`.
    pub fn admit(&self, server: ServerId, application: &str) {
        self.write(|tables| {
            tables.servers.insert(server);
            tables.dialplan.set_server(server, application);
        });
    }

    pub(crate) fn dismiss(&self, server: ServerId) {
        self.write(|tables| {
            tables.servers.remove(&server);
            tables.dialplan.remove_server(server);
        });
    }

    /// From now on these extensions are so.
    pub(crate) fn set(&self, all: &[KeptExtension]) {
        self.write(|tables| all.iter().for_each(|kept| tables.set(kept)));
    }

    /// From now on all of these are so, at once.
    pub(crate) fn apply(&self, changes: &[ExtensionChange]) {
        self.write(|tables| {
            for change in changes {
                match (&change.before, &change.after) {
                    (_, Some(after)) => tables.set(after),
                    (Some(before), None) => tables.remove(before.extension.id),
                    (None, None) => {}
                }
            }
        });
    }

    pub(crate) fn remove(&self, extension: ExtensionId) {
        self.write(|tables| tables.remove(extension));
    }

    /// From now on the trunk is so.
    pub(crate) fn set_trunk(&self, trunk: &Trunk, password: Option<&str>) {
        self.write(|tables| tables.set_trunk(trunk, password));
    }

    pub(crate) fn remove_trunk(&self, trunk: TrunkId) {
        self.write(|tables| tables.remove_trunk(trunk));
    }

    /// The ways out of these trunks.
    pub(crate) fn ways(&self) -> Ways {
        self.read(|tables| tables.dialplan.ways())
    }

    /// The server that alone has this phone; nothing: any may have it.
    pub(crate) fn only_server_of(&self, number: &str) -> Option<ServerId> {
        self.read(|tables| tables.endpoints.server_of(number))
    }

    /// From now on the context is so. Those whose calls begin there are known anew by [`Self::set_lines`].
    pub(crate) fn set_context(&self, kept: &KeptContext) {
        self.write(|tables| tables.dialplan.set(kept));
    }

    pub(crate) fn remove_context(&self, context: DialplanContextId) {
        self.write(|tables| tables.dialplan.remove(context));
    }

    /// From now on the number is so.
    pub(crate) fn set_did(&self, did: &Did) {
        self.write(|tables| tables.dialplan.set_did(did));
    }

    pub(crate) fn remove_did(&self, did: DidId) {
        self.write(|tables| tables.dialplan.remove_did(did));
    }

    pub(crate) fn set_queue(&self, queue: &Queue) {
        self.write(|tables| tables.dialplan.set_queue(queue));
    }

    pub(crate) fn remove_queue(&self, queue: QueueId) {
        self.write(|tables| tables.dialplan.remove_queue(queue));
    }

    /// A look at the rules as they are now.
    pub(crate) fn dialplan<T>(&self, look: impl FnOnce(&Dialplan) -> T) -> T {
        self.read(|tables| look(tables.dialplan.rules()))
    }

    /// A slot for a new context, where one is left. `last` is the one that was given away before: one that was set free lately may
    /// still be in a site's own dialplan, and in Asterisk's memory.
    pub(crate) fn free_slot(&self, last: u16) -> Option<u16> {
        self.read(|tables| tables.dialplan.free_slot(last))
    }

    /// What the context is called in Asterisk.
    pub(crate) fn asterisk_context(&self, context: &str) -> String {
        let ours = self.read(|tables| tables.dialplan.in_asterisk(context));
        ours.unwrap_or_else(|| context.to_owned())
    }

    /// What would become of a call. Refused: `from`, `dialled`.
    pub fn simulate(&self, question: &Question) -> Result<Simulation, Invalid> {
        self.read(|tables| tables.dialplan.simulate(question))
    }

    /// What a server says with each question. It follows from its id, so it need not be kept.
    pub fn password(vault: &Vault, server: ServerId) -> String {
        vault.token(&format!("realtime {server}"))
    }

    /// Whether this is a server of ours.
    pub(crate) fn knows(&self, vault: &Vault, server: ServerId, password: &str) -> bool {
        let is_right = same_secret(password, &Self::password(vault, server));
        is_right && self.read(|tables| tables.servers.contains(&server))
    }

    /// The body of the answer; `Err`: why there is none, for the log.
    pub(crate) fn answer(
        &self,
        server: ServerId,
        family: &str,
        verb: Verb,
        body: &str,
    ) -> Result<String, String> {
        match verb {
            Verb::Require | Verb::Change => return Ok("0\n".to_owned()),
            Verb::Single | Verb::Multi => {}
        }
        let wanted = Conditions::read(body).map_err(|why| why.to_string())?;
        let single = verb == Verb::Single;
        if family == EXTENSIONS {
            let row = self.read(|tables| tables.dialplan.answer(server, &wanted));
            return Ok(row.unwrap_or_default());
        }
        self.read(|tables| {
            let table = tables.table(family)?;
            Some(table.answer(server, &wanted, single))
        })
        .ok_or_else(|| "there is no such table".to_owned())
    }

    /// The rows of these objects (of all, where nothing is said) that any of `servers` has.
    pub(crate) fn rows(
        &self,
        servers: &BTreeSet<ServerId>,
        ids: Option<&[String]>,
    ) -> Vec<AsteriskRow> {
        self.read(|tables| {
            let families = tables.families().into_iter();
            let rows = families.flat_map(|(family, table)| {
                let rows = table.rows(servers, ids).into_iter();
                rows.map(move |(id, row)| AsteriskRow {
                    table: family,
                    id: id.to_owned(),
                    columns: row.columns().to_vec(),
                })
            });
            rows.collect()
        })
    }

    fn read<T>(&self, read: impl FnOnce(&Tables) -> T) -> T {
        read(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn write(&self, write: impl FnOnce(&mut Tables)) {
        write(&mut self.0.write().unwrap_or_else(PoisonError::into_inner));
    }
}

impl Tables {
    /// The tables of phones and trunks, as Asterisk calls them.
    fn families(&self) -> [(&'static str, &Table); 5] {
        [
            ("ps_endpoints", &self.endpoints),
            ("ps_auths", &self.auths),
            ("ps_aors", &self.aors),
            ("ps_endpoint_id_ips", &self.identifies),
            ("ps_registrations", &self.registrations),
        ]
    }

    fn table(&self, family: &str) -> Option<&Table> {
        let mut families = self.families().into_iter();
        families.find_map(|(name, table)| (name == family).then_some(table))
    }

    fn set(&mut self, kept: &KeptExtension) {
        let extension = &kept.extension;
        self.remove(extension.id);
        if !extension.active {
            return;
        }
        let (number, server) = (&extension.number, extension.server);
        let context = self.dialplan.in_asterisk(&extension.context);
        let phone = Phone::new(kept, context.as_deref());
        self.dialplan.set_phone(extension);
        self.endpoints.put(number, server, phone.endpoint);
        self.auths.put(number, server, phone.auth);
        self.aors.put(number, server, phone.aor);
        self.numbers.insert(extension.id, number.clone());
    }

    fn remove(&mut self, extension: ExtensionId) {
        if let Some(number) = self.numbers.remove(&extension) {
            self.endpoints.remove(&number);
            self.auths.remove(&number);
            self.aors.remove(&number);
            self.dialplan.remove_phone(&number);
        }
    }

    fn set_trunk(&mut self, trunk: &Trunk, password: Option<&str>) {
        self.take_out(trunk.id);
        self.dialplan.set_trunk(trunk);
        if !trunk.active {
            return;
        }
        let (name, server) = (&trunk.name, trunk.server);
        let context = self.dialplan.in_asterisk(&trunk.context);
        let rows = TrunkRows::new(trunk, context.as_deref(), password);
        self.endpoints.put(name, server, rows.endpoint);
        self.aors.put(name, server, rows.aor);
        self.identifies.put(name, server, rows.identify);
        if let Some(auth) = rows.auth {
            self.auths.put(name, server, auth);
        }
        if let Some(registration) = rows.registration {
            self.registrations.put(name, server, registration);
        }
        self.names.insert(trunk.id, name.clone());
    }

    fn remove_trunk(&mut self, trunk: TrunkId) {
        self.take_out(trunk);
        self.dialplan.remove_trunk(trunk);
    }

    /// Asterisk gets no rows of it any more.
    fn take_out(&mut self, trunk: TrunkId) {
        let Some(name) = self.names.remove(&trunk) else {
            return;
        };
        self.dialplan.take_out(&name);
        for table in [
            &mut self.endpoints,
            &mut self.auths,
            &mut self.aors,
            &mut self.identifies,
            &mut self.registrations,
        ] {
            table.remove(&name);
        }
    }
}
