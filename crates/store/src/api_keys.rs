//! Keys of programs. Only a hash of each is kept.

use model::{ApiKey, ApiKeyId, Timestamp};

use crate::StoreError;
use crate::database::Database;
use crate::row::Row;
use crate::sql::{self, Sql};

const TABLE: &str = "api_keys";
const COLUMNS: &[&str] = &[
    "id",
    "name",
    "role",
    "created_at",
    "last_used_at",
    "revoked_at",
];
const WITH_HASH: &[&str] = &[
    "id",
    "name",
    "role",
    "created_at",
    "last_used_at",
    "revoked_at",
    "key_hash",
];

pub struct ApiKeys<'a> {
    pub(crate) database: &'a Database,
}

impl ApiKeys<'_> {
    /// `key_hash` is the key's SHA-256 in hex. A name that is taken (by a revoked key too) is a conflict in `name`.
    pub async fn create(&self, key: &ApiKey, key_hash: &str) -> Result<(), StoreError> {
        let values = vec![
            key.id.into(),
            (&key.name).into(),
            key.role.as_str().into(),
            key.created_at.into(),
            key.last_used_at.into(),
            key.revoked_at.into(),
            key_hash.into(),
        ];
        let sql = Sql::insert(TABLE, WITH_HASH, values);
        self.database.execute(sql).await.map(drop)
    }

    pub async fn get(&self, id: ApiKeyId) -> Result<Option<ApiKey>, StoreError> {
        self.first(Sql::select(TABLE, COLUMNS, "WHERE id = ?").bind(id))
            .await
    }

    pub async fn by_name(&self, name: &str) -> Result<Option<ApiKey>, StoreError> {
        self.first(Sql::select(TABLE, COLUMNS, "WHERE name = ?").bind(name))
            .await
    }

    /// The key with that hash, unless it was revoked.
    pub async fn by_hash(&self, key_hash: &str) -> Result<Option<ApiKey>, StoreError> {
        let rest = "WHERE key_hash = ? AND revoked_at IS NULL";
        self.first(Sql::select(TABLE, COLUMNS, rest).bind(key_hash))
            .await
    }

    /// In the order of their names, after the name `after`; the revoked too.
    pub async fn list(&self, after: Option<&str>, limit: u32) -> Result<Vec<ApiKey>, StoreError> {
        let sql = Sql::select(TABLE, COLUMNS, "WHERE name > ? ORDER BY name LIMIT ?")
            .bind(after.unwrap_or_default())
            .bind(sql::page(limit)?);
        self.database
            .fetch(sql)
            .await?
            .iter()
            .map(api_key)
            .collect()
    }

    /// Ends it. The first time counts.
    pub async fn revoke(&self, id: ApiKeyId, at: Timestamp) -> Result<(), StoreError> {
        let text = "UPDATE api_keys SET revoked_at = COALESCE(revoked_at, ?) WHERE id = ?";
        let sql = Sql::new(TABLE, text).bind(at).bind(id);
        self.database.execute_on_one(sql).await
    }

    /// Notes that it was used.
    pub async fn touch(&self, id: ApiKeyId, at: Timestamp) -> Result<(), StoreError> {
        let values = vec![id.into(), at.into()];
        let sql = Sql::update(TABLE, &["id", "last_used_at"], values);
        self.database.execute_on_one(sql).await
    }

    /// Forgets it, and frees its name.
    pub async fn delete(&self, id: ApiKeyId) -> Result<(), StoreError> {
        let sql = Sql::delete(TABLE, "id").bind(id);
        self.database.execute_on_one(sql).await
    }

    async fn first(&self, sql: Sql) -> Result<Option<ApiKey>, StoreError> {
        let row = self.database.fetch_first(sql).await?;
        row.as_ref().map(api_key).transpose()
    }
}

fn api_key(row: &Row) -> Result<ApiKey, StoreError> {
    Ok(ApiKey {
        id: ApiKeyId(row.uuid("id")?),
        name: row.text("name")?,
        role: row.word("role")?,
        created_at: row.instant("created_at")?,
        last_used_at: row.opt_instant("last_used_at")?,
        revoked_at: row.opt_instant("revoked_at")?,
    })
}
