//! The Asterisk servers. Passwords come and go sealed: this module cannot read them.

use model::{AmiAccess, Server, ServerId};

use crate::StoreError;
use crate::database::Database;
use crate::row::Row;
use crate::sql::{self, Sql, Value, word};

const TABLE: &str = "servers";
const COLUMNS: &[&str] = &[
    "id",
    "name",
    "ari_url",
    "ari_user",
    "application",
    "active",
    "dial_out",
    "ami_address",
    "ami_user",
    "ami_tls",
    "provisioned_by",
];
const WITH_SECRETS: &[&str] = &[
    "id",
    "name",
    "ari_url",
    "ari_user",
    "application",
    "active",
    "dial_out",
    "ami_address",
    "ami_user",
    "ami_tls",
    "provisioned_by",
    "sealed_secret",
    "sealed_ami_secret",
];
const SECRETS: &[&str] = &["id", "sealed_secret", "sealed_ami_secret"];

/// A server's passwords, sealed: at most 4,000 characters each, kept as they are.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ServerSecrets {
    /// Of the ARI user.
    pub ari: String,
    /// Of the AMI user.
    pub ami: Option<String>,
}

pub struct Servers<'a> {
    pub(crate) database: &'a Database,
}

impl Servers<'_> {
    pub async fn create(&self, server: &Server, secrets: &ServerSecrets) -> Result<(), StoreError> {
        let mut all = values(server);
        all.push((&secrets.ari).into());
        all.push(secrets.ami.clone().into());
        let sql = Sql::insert(TABLE, WITH_SECRETS, all);
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

    pub async fn update(&self, server: &Server, secrets: &ServerSecrets) -> Result<(), StoreError> {
        let mut all = values(server);
        all.push((&secrets.ari).into());
        all.push(secrets.ami.clone().into());
        let sql = Sql::update(TABLE, WITH_SECRETS, all);
        self.database.execute_on_one(sql).await
    }

    /// Removes it. The calls it had stay in the log. Refused while phones or trunks are set up for it alone.
    pub async fn delete(&self, id: ServerId) -> Result<(), StoreError> {
        let sql = Sql::delete(TABLE, "id").bind(id);
        match self.database.execute_on_one(sql).await {
            Err(error) if error.is_reference() => Err(StoreError::still_referred(
                "phones or trunks are set up for it alone",
            )),
            other => other,
        }
    }

    pub async fn secrets(&self, id: ServerId) -> Result<Option<ServerSecrets>, StoreError> {
        let sql = Sql::select(TABLE, SECRETS, "WHERE id = ?").bind(id);
        let row = self.database.fetch_first(sql).await?;
        let read = |row: Row| {
            Ok(ServerSecrets {
                ari: row.text("sealed_secret")?,
                ami: row.opt_text("sealed_ami_secret")?,
            })
        };
        row.map(read).transpose()
    }

    async fn first(&self, sql: Sql) -> Result<Option<Server>, StoreError> {
        let row = self.database.fetch_first(sql).await?;
        row.as_ref().map(server).transpose()
    }
}

fn values(server: &Server) -> Vec<Value> {
    let ami = server.ami.as_ref();
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
        ami.map(|ami| ami.address.clone()).into(),
        ami.map(|ami| ami.user.clone()).into(),
        ami.map(|ami| ami.tls).into(),
        word(server.provisioned_by),
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
        ami: ami(row)?,
        provisioned_by: row.opt_word("provisioned_by")?.unwrap_or_default(),
    })
}

fn ami(row: &Row) -> Result<Option<AmiAccess>, StoreError> {
    let Some(address) = row.opt_text("ami_address")? else {
        return Ok(None);
    };
    Ok(Some(AmiAccess {
        address,
        user: row.text("ami_user")?,
        tls: row.bool("ami_tls")?,
    }))
}
