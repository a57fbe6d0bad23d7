//! Private database servers from Debian's packages, on a loopback port and in a folder of their own.
//!
//! Ways to get one:
//! * [`postgres`], [`mariadb`], [`redis`]: a server for this test alone, which can be stopped and started.
//! * [`redis_with_tls`], [`redis_cluster`]: the same, in other shapes.
//! * [`shared_postgres`], [`shared_mariadb`], [`shared_redis`]: a fresh, empty database on the server named by the
//!   environment (see [`Services`]), or on a private server where there is none.
//! * [`Services::up`]: all three, for a whole test run.
//!
//! Their data is worth nothing: nothing is synced to disk. Never point these functions at a server that matters.

mod mariadb;
mod postgres;
mod redis;
mod server;

use std::path::PathBuf;

pub use self::redis::{MASTERS, RedisCluster};
pub use server::Server;

use crate::{
    error::{LabError, Result},
    folders::random_secret,
};

pub const POSTGRES_ENV: &str = "CORDBOARD_TEST_POSTGRES";
pub const MARIADB_ENV: &str = "CORDBOARD_TEST_MARIADB";
pub const REDIS_ENV: &str = "CORDBOARD_TEST_REDIS";

/// Starts a PostgreSQL server. Its DSN names a superuser and the database `postgres`.
pub async fn postgres() -> Result<Server> {
    postgres::server().await
}

/// Starts a MariaDB server. Its DSN names a user with all rights and the database `test`.
pub async fn mariadb() -> Result<Server> {
    mariadb::server().await
}

/// Starts a Redis server with a password and 1,024 databases.
pub async fn redis() -> Result<Server> {
    redis::server().await
}

/// Starts a Redis server with this certificate and key (PEM), whose address is `rediss://…`.
pub async fn redis_with_tls(certificate: &str, key: &str) -> Result<Server> {
    redis::server_with_tls(certificate, key).await
}

/// Starts a Redis Cluster of three masters.
pub async fn redis_cluster() -> Result<RedisCluster> {
    RedisCluster::up().await
}

/// A fresh, empty database. It is gone when this is dropped.
#[derive(Debug)]
pub struct Database {
    dsn: String,
    cleanup: Option<std::process::Command>,
    /// Held for as long as its database is in use.
    server: Option<Server>,
}

impl Database {
    /// `postgres://…`, `mysql://…` or `redis://…`, with user and password.
    pub fn dsn(&self) -> &str {
        &self.dsn
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        // Only to keep the shared server small; the server's own end removes it anyway.
        if let Some(command) = &mut self.cleanup {
            let _ = command.stdin(std::process::Stdio::null()).output();
        }
    }
}

/// A fresh PostgreSQL database on the run's shared server.
pub async fn shared_postgres() -> Result<Database> {
    shared(POSTGRES_ENV, postgres::server, postgres::fresh_database).await
}

/// A fresh MariaDB database on the run's shared server.
pub async fn shared_mariadb() -> Result<Database> {
    shared(MARIADB_ENV, mariadb::server, mariadb::fresh_database).await
}

/// A flushed Redis database, by its own number, on the run's shared server.
pub async fn shared_redis() -> Result<Database> {
    shared(REDIS_ENV, redis::server, redis::fresh_database).await
}

async fn shared(
    variable: &str,
    start: impl AsyncFnOnce() -> Result<Server>,
    fresh: impl AsyncFnOnce(&Dsn) -> Result<Database>,
) -> Result<Database> {
    if let Ok(given) = std::env::var(variable) {
        return fresh(&Dsn::parse(&given)?).await;
    }
    let server = start().await?;
    let mut database = fresh(&Dsn::parse(server.dsn())?).await?;
    database.cleanup = None;
    database.server = Some(server);
    Ok(database)
}

/// PostgreSQL, MariaDB and Redis for a whole test run.
#[derive(Debug)]
pub struct Services {
    servers: [Server; 3],
}

impl Services {
    pub async fn up() -> Result<Self> {
        let (postgres, mariadb, redis) = tokio::try_join!(postgres(), mariadb(), redis())?;
        Ok(Self {
            servers: [postgres, mariadb, redis],
        })
    }

    /// The environment variables that the `shared_…` functions read, with their values.
    pub fn env(&self) -> impl Iterator<Item = (&'static str, &str)> {
        [POSTGRES_ENV, MARIADB_ENV, REDIS_ENV]
            .into_iter()
            .zip(self.servers.iter().map(Server::dsn))
    }

    /// Stops the three at once, and waits.
    pub async fn down(self) {
        let [postgres, mariadb, redis] = self.servers;
        let (mut postgres, mut mariadb, mut redis) = (postgres, mariadb, redis);
        // A server that will not stop is killed when it is dropped.
        let _ = tokio::join!(postgres.kill(), mariadb.kill(), redis.kill());
    }
}

/// A server's address as we make it: `scheme://user:password@127.0.0.1:port/database`, nothing percent-encoded.
#[derive(Debug, Clone)]
struct Dsn {
    scheme: String,
    user: String,
    password: String,
    host: String,
    port: u16,
}

impl Dsn {
    fn parse(text: &str) -> Result<Self> {
        let parts = || {
            let (scheme, rest) = text.split_once("://")?;
            let (login, address) = rest.rsplit_once('@')?;
            let (user, password) = login.split_once(':')?;
            let (host, port) = address.split('/').next()?.rsplit_once(':')?;
            Some(Self {
                scheme: scheme.into(),
                user: user.into(),
                password: password.into(),
                host: host.into(),
                port: port.parse().ok()?,
            })
        };
        parts().ok_or_else(|| {
            LabError::Unexpected(
                "a test DSN has the form scheme://user:password@host:port/database".into(),
            )
        })
    }

    /// A Redis that was started here.
    fn of(place: &server::Place) -> Self {
        Self {
            scheme: "redis".into(),
            user: "default".into(),
            password: place.password.clone(),
            host: "127.0.0.1".into(),
            port: place.port,
        }
    }

    fn with_database(&self, name: &str) -> String {
        let Self {
            scheme,
            user,
            password,
            host,
            port,
        } = self;
        format!("{scheme}://{user}:{password}@{host}:{port}/{name}")
    }
}

/// A database name that no other test has.
fn fresh_name() -> Result<String> {
    Ok(format!("test_{}", &random_secret()?[..12]))
}

/// Finds a program on the path, or in the folders where Debian keeps those of administrators.
pub(crate) fn find_program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(["/usr/local/sbin", "/usr/sbin", "/sbin", "/usr/bin", "/bin"].map(PathBuf::from))
        .map(|folder| folder.join(name))
        .find(|file| file.is_file())
}

fn need_program(name: &str) -> Result<PathBuf> {
    find_program(name).ok_or_else(|| {
        LabError::Missing(format!(
            "the program {name} is missing: run scripts/setup as root"
        ))
    })
}
