//! Where everything that must outlive the process is kept: SQLite, PostgreSQL or MariaDB, one SQL text for all.
//!
//! One file per noun; `dialect.rs` alone knows what differs between the databases. The journal writes what happened,
//! the other nouns hold what the centre is made of. Never decides anything, never reads a clock for a row's contents,
//! and never shows a password hash or a sealed secret in a model value.

mod agent_states;
mod agents;
mod alarms;
mod api_keys;
mod asterisk_tables;
mod call_events;
mod caller_id_imports;
mod caller_id_rules;
mod caller_id_uses;
mod caller_ids;
mod calls;
mod cdr_packs;
mod centre_changes;
mod database;
mod deliveries;
mod dialect;
mod dialplan_contexts;
mod dids;
mod error;
mod extension_imports;
mod extensions;
mod fold;
mod journal;
mod ledger;
mod line;
mod members;
mod migrate;
mod offers;
mod queues;
mod recipients;
mod reconciliations;
mod report_schedules;
mod row;
mod servers;
mod sessions;
mod settings;
mod sql;
mod trunks;
mod users;

use std::sync::Arc;

pub use agent_states::{AgentInterval, AgentStates};
pub use agents::Agents;
pub use alarms::Alarms;
pub use api_keys::ApiKeys;
pub use asterisk_tables::{AsteriskRow, AsteriskTables, LeftOut, Put};
pub use call_events::Events;
pub use caller_id_imports::{CallerIdImports, MAX_IMPORT_BATCH, Undone, Upserted};
pub use caller_id_rules::CallerIdRules;
pub use caller_id_uses::{CallerIdUses, LastSeen, UseCursor, UseFilter};
pub use caller_ids::{CallerIdFilter, CallerIds, MAX_NUMBERS};
pub use calls::{CallCursor, CallFilter, Calls, MAX_PAST, OpenCall, PastCall};
pub use cdr_packs::{CdrPacks, DestinationChunk, KnownExtension, PackBatch, PackedDay, PackedRoll};
pub use centre_changes::{CentreChanges, KeptCentreChange, MAX_CENTRE_CHANGES};
pub use deliveries::{Deliveries, DeliveryFilter, Lease, Outlook, PlannedDelivery, TakenDelivery};
pub use dialect::Db;
pub use dialplan_contexts::{DialplanContexts, KeptContext};
pub use dids::Dids;
pub use error::{ConflictKind, StoreError};
pub use extension_imports::{
    ExtensionChange, ExtensionImports, ExtensionsUndone, MAX_EXTENSION_IMPORTS,
    MAX_IMPORTED_EXTENSIONS,
};
pub use extensions::{Digests, Extensions, KeptExtension, MAX_EXTENSIONS_AT_ONCE};
pub use journal::{Applied, Journal, MAX_BATCH};
pub use ledger::{Ledger, LedgerEntry, UseFact};
pub use members::Members;
pub use migrate::Migrated;
pub use offers::{Offer, Offers};
pub use queues::Queues;
pub use recipients::{MAX_RECIPIENTS, Recipients};
pub use reconciliations::{KeptDifference, MAX_DIFFERENCES, ReconciledDay, Reconciliations};
pub use report_schedules::{KeptSchedule, MAX_SCHEDULES, ReportSchedules};
pub use servers::{ServerSecrets, Servers};
pub use sessions::{Session, Sessions};
pub use settings::Settings;
pub use trunks::{KeptTrunk, KeptTrunkCheck, MAX_TRUNK_CHECKS, Trunks};
pub use users::Users;

use database::Database;

/// The longest page of any list.
pub const MAX_PAGE: u32 = 500;

/// An open database. Cheap to clone; all clones share the connections.
#[derive(Clone)]
pub struct Store {
    database: Arc<Database>,
}

macro_rules! nouns {
    ($($(#[$doc:meta])* $name:ident: $Noun:ident),+ $(,)?) => {
        impl Store {$(
            $(#[$doc])*
            pub fn $name(&self) -> $Noun<'_> {
                $Noun { database: &self.database }
            }
        )+}
    };
}

nouns! {
    /// Who may log in.
    users: Users,
    /// Log-ins of users.
    sessions: Sessions,
    /// Keys of programs.
    api_keys: ApiKeys,
    /// The Asterisk servers.
    servers: Servers,
    /// Who takes calls, and what they are doing.
    agents: Agents,
    /// Lines of waiting callers.
    queues: Queues,
    /// Which agents serve which queues.
    members: Members,
    /// The phones that we set up.
    extensions: Extensions,
    /// Files of them that were taken in.
    extension_imports: ExtensionImports,
    /// The ways to and from the telephone network.
    trunks: Trunks,
    /// The dialplan.
    dialplan_contexts: DialplanContexts,
    /// Our own numbers.
    dids: Dids,
    /// The numbers that we may present.
    caller_ids: CallerIds,
    /// Files of them that were taken in.
    caller_id_imports: CallerIdImports,
    /// How each campaign wants them chosen.
    caller_id_rules: CallerIdRules,
    /// The log of their uses.
    caller_id_uses: CallerIdUses,
    /// Writes down their uses.
    ledger: Ledger,
    /// The call log.
    calls: Calls,
    /// Call detail records of other databases.
    cdr_packs: CdrPacks,
    /// Days on which the call log was compared with call detail records.
    reconciliations: Reconciliations,
    /// All that happened, in order.
    events: Events,
    /// Attempts to give calls to agents.
    offers: Offers,
    /// What each agent was doing, and for how long.
    agent_states: AgentStates,
    /// Single values, by name.
    settings: Settings,
    /// Who is told of reports and alarms.
    recipients: Recipients,
    /// Reports that are sent by the calendar.
    report_schedules: ReportSchedules,
    /// Alarms that are raised.
    alarms: Alarms,
    /// Centre files that were applied.
    centre_changes: CentreChanges,
    /// What is to be told to whom.
    deliveries: Deliveries,
    /// Writes down what happened.
    journal: Journal,
}

impl Store {
    /// Opens `sqlite:PATH`, `sqlite::memory:`, `postgres://…` or `mariadb://…` (also `mysql://…`).
    ///
    /// A missing SQLite file is made, readable by its owner only. One connection is tried, so an unreachable
    /// server is [`StoreError::Unavailable`] with its reason. The schema is left alone: see [`Store::migrate`].
    pub async fn open(dsn: &str) -> Result<Self, StoreError> {
        let database = Arc::new(Database::open(dsn).await?);
        Ok(Self { database })
    }

    /// Brings the schema up to this program's version. Does nothing when it is already there.
    ///
    /// Safe to call from several processes at once. Refuses a schema that a newer program made
    /// ([`StoreError::NewerSchema`]) or whose migrations differ from ours ([`StoreError::ChangedMigration`]).
    pub async fn migrate(&self) -> Result<Migrated, StoreError> {
        migrate::run(&self.database).await
    }

    /// The migrations that [`Store::migrate`] would make, in order, without making any.
    ///
    /// Refuses as it does. [`StoreError::Database`]: no migration of ours was ever made here.
    pub async fn pending_migrations(&self) -> Result<Vec<u32>, StoreError> {
        migrate::pending(&self.database).await
    }

    /// Asks the database whether it is there.
    pub async fn ping(&self) -> Result<(), StoreError> {
        self.database
            .fetch(sql::Sql::new("", "SELECT 1"))
            .await
            .map(drop)
    }

    /// Which kind of database this is.
    pub fn db(&self) -> Db {
        self.database.db()
    }

    /// Closes all connections, after what is under way. Later calls are [`StoreError::Unavailable`].
    pub async fn close(&self) {
        self.database.close().await;
    }
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Store({:?})", self.db())
    }
}
