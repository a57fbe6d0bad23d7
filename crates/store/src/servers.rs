//! The Asterisk servers. The password comes and goes sealed: this module cannot read it.

use model::{Server, ServerId};

use crate::StoreError;
use crate::database::Database;
use crate::row::Row;
use crate::sql::{self, Sql, Value};

const TABLE: &str = "servers";
const COLUMNS: &[&str] = &[
    "id",
    "name",
    "ari_url",
    "ari_user",
    "application",
    "active",
    "dial_out",
];
const WITH_SECRET: &[&str] = &[
    "id",
    "name",
    "ari_url",
    "ari_user",
    "application",
    "active",
    "dial_out",
    "sealed_secret",
];

pub struct Servers<'a> {
    pub(crate) database: &'a Database,
}

impl Servers<'_> {
    /// `sealed` is the sealed password, at most 4,000 characters, kept as it is.
    pub async fn create(&self, server: &Server, sealed: &str) -> Result<(), StoreError> {
        let mut all = values(server);
        all.push(sealed.into());
        let sql = Sql::insert(TABLE, WITH_SECRET, all);
        self.database.execute(sql).await.map(drop)
    }

    pub async fn get(&self, id: ServerId) -> Result<Option<Server>, StoreError> {
        self.first(Sql::select(TABLE, COLUMNS, "WHERE id = ?").bind(id))
            .await
    }

    pub async fn by_name(&self, name: &str) -> Result<Option<Server>, StoreError> {
        self.first(Sql::select(TABLE, COLUMNS, "WHERE name = ?").bind(name))
            .await
    }

    /// In the order of their names, after the name `after`.
    pub async fn list(&self, after: Option<&str>, limit: u32) -> Result<Vec<Server>, StoreError> {
        let sql = Sql::select(TABLE, COLUMNS, "WHERE name > ? ORDER BY name LIMIT ?")
            .bind(after.unwrap_or_default())
            .bind(sql::page(limit)?);
        self.database.fetch(sql).await?.iter().map(server).collect()
    }

    /// Changes everything but the password.
    pub async fn update(&self, server: &Server) -> Result<(), StoreError> {
        let sql = Sql::update(TABLE, COLUMNS, values(server));
        self.database.execute_on_one(sql).await
    }

    /// Removes it. The calls it had stay in the log.
    pub async fn delete(&self, id: ServerId) -> Result<(), StoreError> {
        let sql = Sql::delete(TABLE, "id").bind(id);
        self.database.execute_on_one(sql).await
    }

    /// The sealed password.
    pub async fn secret(&self, id: ServerId) -> Result<Option<String>, StoreError> {
        let sql = Sql::select(TABLE, &["id", "sealed_secret"], "WHERE id = ?").bind(id);
        let row = self.database.fetch_first(sql).await?;
        row.map(|row| row.text("sealed_secret")).transpose()
    }

    pub async fn set_secret(&self, id: ServerId, sealed: &str) -> Result<(), StoreError> {
        let values = vec![id.into(), sealed.into()];
        let sql = Sql::update(TABLE, &["id", "sealed_secret"], values);
        self.database.execute_on_one(sql).await
    }

    async fn first(&self, sql: Sql) -> Result<Option<Server>, StoreError> {
        let row = self.database.fetch_first(sql).await?;
        row.as_ref().map(server).transpose()
    }
}

fn values(server: &Server) -> Vec<Value> {
    vec![
        server.id.into(),
        (&server.name).into(),
        (&server.ari_url).into(),
        (&server.ari_user).into(),
        (&server.application).into(),
        server.active.into(),
        server
            .dial_out
            .as_ref()
            .map(|dial_out| dial_out.as_str().to_owned())
            .into(),
    ]
}

fn server(row: &Row) -> Result<Server, StoreError> {
    Ok(Server {
        id: ServerId(row.uuid("id")?),
        name: row.text("name")?,
        ari_url: row.text("ari_url")?,
        ari_user: row.text("ari_user")?,
        application: row.text("application")?,
        active: row.bool("active")?,
        dial_out: row.opt_word("dial_out")?,
    })
}
