//! Asterisk's own tables (`ps_endpoints` …), in a database that Asterisk reads by ODBC.
//!
//! What we made stands in a table of our own, `cordboard_rows`; a row that is not in there is never changed nor removed. No table of
//! Asterisk's is made unless [`AsteriskTables::create`] is called, and none is ever altered.

mod put;
mod shape;

use std::fmt;

use crate::StoreError;
use crate::database::Database;
use crate::dialect::Db;
use crate::sql::Sql;

pub use put::{LeftOut, Put};
use shape::Shape;

/// Which rows are ours, and what we wrote into them. The row with an empty id is the turn that writers wait for.
const OURS: &str = "cordboard_rows";
const OURS_TEXT: &str = "CREATE TABLE IF NOT EXISTS cordboard_rows (
    id {text:255} NOT NULL,
    table_name {text:40} NOT NULL,
    digest {text:64} NOT NULL,
    PRIMARY KEY (id, table_name)
)";
/// Who registered where, if Asterisk writes it there.
const CONTACTS: &str = "ps_contacts";

/// A row of one of Asterisk's tables. Columns that are not named are left empty.
#[derive(Clone, PartialEq, Eq)]
pub struct AsteriskRow {
    pub table: &'static str,
    pub id: String,
    /// With `id` among them.
    pub columns: Vec<(&'static str, String)>,
}

/// What a phone is known by, and a trunk's password, stand in rows.
impl fmt::Debug for AsteriskRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AsteriskRow({} {:?})", self.table, self.id)
    }
}

/// An open database with Asterisk's tables.
pub struct AsteriskTables {
    database: Database,
    shape: Shape,
}

impl AsteriskTables {
    /// Opens `postgres://…` or `mariadb://…` (also `mysql://…`), and looks at what tables there are. Changes nothing.
    pub async fn open(dsn: &str) -> Result<Self, StoreError> {
        let database = Database::open(dsn).await?;
        if database.db() == Db::Sqlite {
            let problem = "Asterisk reads PostgreSQL and MariaDB by ODBC, not SQLite".to_owned();
            return Err(StoreError::Dsn { problem });
        }
        let shape = Shape::read(&database).await?;
        Ok(Self { database, shape })
    }

    /// What is needed of Asterisk's tables and not there, such as `ps_endpoints` or `ps_endpoints.webrtc`, and `cordboard_rows`.
    pub async fn missing(&self) -> Result<Vec<String>, StoreError> {
        let mut missing = self.shape.missing();
        if !self.has_ours().await {
            missing.push(OURS.to_owned());
        }
        Ok(missing)
    }

    /// Makes the tables that are missing; which these are. A table that is there stays as it is, whatever it lacks.
    pub async fn create(&mut self) -> Result<Vec<&'static str>, StoreError> {
        let db = self.database.db();
        let mut tx = self.database.begin().await?;
        let missing = self.shape.missing_tables();
        for table in &missing {
            tx.script(shape::definition(db, table)).await?;
        }
        tx.script(db.migration(OURS_TEXT)).await?;
        let turn = Sql::insert(OURS, put::OUR_COLUMNS, put::turn());
        tx.execute(turn.and(&db.leave_same_key("id"))).await?;
        tx.commit().await?;
        self.shape = Shape::read(&self.database).await?;
        Ok(missing)
    }

    /// Makes the rows of the objects `ids` (of all that are ours, where nothing is said) what `rows` has for them, in one transaction.
    /// An object of which a row cannot be written is left out as a whole.
    pub async fn put(
        &self,
        ids: Option<&[String]>,
        rows: &[AsteriskRow],
    ) -> Result<Put, StoreError> {
        put::put(&self.database, &self.shape, ids, rows).await
    }

    pub async fn close(&self) {
        self.database.close().await;
    }

    async fn has_ours(&self) -> bool {
        let turn = Sql::select(OURS, &["digest"], "WHERE id = ?").bind("");
        matches!(self.database.fetch_first(turn).await, Ok(Some(_)))
    }
}

impl fmt::Debug for AsteriskTables {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AsteriskTables({:?})", self.database.db())
    }
}
