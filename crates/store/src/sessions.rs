//! Log-ins of users. Only a hash of each token is kept, so that a stolen database logs nobody in.

use model::{SessionId, Timestamp, User, UserId};

use crate::StoreError;
use crate::database::Database;
use crate::row::Row;
use crate::sql::{self, Sql};
use crate::users::{self, SELECTED, WITH_AGENT};

const TABLE: &str = "sessions";
const COLUMNS: &[&str] = &[
    "id",
    "user_id",
    "created_at",
    "last_seen_at",
    "expires_at",
    "revoked_at",
    "token_hash",
];

/// One log-in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    pub id: SessionId,
    pub user: UserId,
    pub created_at: Timestamp,
    pub last_seen_at: Timestamp,
    pub expires_at: Timestamp,
    pub revoked_at: Option<Timestamp>,
}

pub struct Sessions<'a> {
    pub(crate) database: &'a Database,
}

impl Sessions<'_> {
    /// `token_hash` is the token's SHA-256 in hex. An unknown user is a conflict in `user`.
    pub async fn create(&self, session: &Session, token_hash: &str) -> Result<(), StoreError> {
        let values = vec![
            session.id.into(),
            session.user.into(),
            session.created_at.into(),
            session.last_seen_at.into(),
            session.expires_at.into(),
            session.revoked_at.into(),
            token_hash.into(),
        ];
        match self
            .database
            .execute(Sql::insert(TABLE, COLUMNS, values))
            .await
        {
            Err(error) if error.is_reference() => Err(StoreError::missing("user")),
            other => other.map(drop),
        }
    }

    pub async fn get(&self, id: SessionId) -> Result<Option<Session>, StoreError> {
        let sql = Sql::select(TABLE, COLUMNS, "WHERE id = ?").bind(id);
        let row = self.database.fetch_first(sql).await?;
        row.as_ref().map(session).transpose()
    }

    /// The log-in with that token, if it counts at `now`: not expired, not revoked, and the user still active.
    pub async fn by_token_hash(
        &self,
        token_hash: &str,
        now: Timestamp,
    ) -> Result<Option<(Session, User)>, StoreError> {
        let text = format!(
            "SELECT {SELECTED}, s.id AS session_id, s.user_id, s.created_at AS session_created_at, \
             s.last_seen_at, s.expires_at, s.revoked_at \
             FROM sessions s JOIN users u ON u.id = s.user_id {WITH_AGENT} \
             WHERE s.token_hash = ? AND s.expires_at > ? AND s.revoked_at IS NULL AND u.active = ?"
        );
        let sql = Sql::new(TABLE, text).bind(token_hash).bind(now).bind(true);
        let Some(row) = self.database.fetch_first(sql).await? else {
            return Ok(None);
        };
        let session = Session {
            id: SessionId(row.uuid("session_id")?),
            created_at: row.instant("session_created_at")?,
            ..session(&row)?
        };
        Ok(Some((session, users::user(&row)?)))
    }

    /// The log-ins of one user in the order of their ids, after the id `after`.
    pub async fn of_user(
        &self,
        user: UserId,
        after: Option<SessionId>,
        limit: u32,
    ) -> Result<Vec<Session>, StoreError> {
        let rest = "WHERE user_id = ? AND id > ? ORDER BY id LIMIT ?";
        let sql = Sql::select(TABLE, COLUMNS, rest)
            .bind(user)
            .bind(after.map_or(uuid::Uuid::nil(), |id| id.0))
            .bind(sql::page(limit)?);
        self.database
            .fetch(sql)
            .await?
            .iter()
            .map(session)
            .collect()
    }

    /// Notes that it was used, and until when it counts now.
    pub async fn touch(
        &self,
        id: SessionId,
        at: Timestamp,
        expires_at: Timestamp,
    ) -> Result<(), StoreError> {
        let values = vec![id.into(), at.into(), expires_at.into()];
        let sql = Sql::update(TABLE, &["id", "last_seen_at", "expires_at"], values);
        self.database.execute_on_one(sql).await
    }

    /// Ends it. The first time counts.
    pub async fn revoke(&self, id: SessionId, at: Timestamp) -> Result<(), StoreError> {
        let text = "UPDATE sessions SET revoked_at = COALESCE(revoked_at, ?) WHERE id = ?";
        let sql = Sql::new(TABLE, text).bind(at).bind(id);
        self.database.execute_on_one(sql).await
    }

    /// Ends all log-ins of a user (after a change of password); how many there were.
    pub async fn revoke_of_user(&self, user: UserId, at: Timestamp) -> Result<u64, StoreError> {
        let text = "UPDATE sessions SET revoked_at = ? WHERE user_id = ? AND revoked_at IS NULL";
        let sql = Sql::new(TABLE, text).bind(at).bind(user);
        self.database.execute(sql).await
    }

    /// Forgets those that expired before `before`; how many there were.
    pub async fn delete_expired(&self, before: Timestamp) -> Result<u64, StoreError> {
        let sql = Sql::new(TABLE, "DELETE FROM sessions WHERE expires_at < ?").bind(before);
        self.database.execute(sql).await
    }
}

fn session(row: &Row) -> Result<Session, StoreError> {
    Ok(Session {
        id: SessionId(row.uuid("id")?),
        user: UserId(row.uuid("user_id")?),
        created_at: row.instant("created_at")?,
        last_seen_at: row.instant("last_seen_at")?,
        expires_at: row.instant("expires_at")?,
        revoked_at: row.opt_instant("revoked_at")?,
    })
}
