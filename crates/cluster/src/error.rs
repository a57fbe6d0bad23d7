//! Why the shared pool did not answer.

use redis::RedisError;

#[derive(Debug, thiserror::Error)]
pub enum ClusterError {
    /// The address cannot be used.
    #[error("{0} is no address of a Redis; write redis://[user:password@]host:port[/database]")]
    Address(String),
    /// It is gone, slow, full, or refuses.
    #[error("Redis does not answer: {0}")]
    Redis(#[from] RedisError),
    /// Redis has a new, empty pool, or none.
    #[error("Redis has lost the pool; it is being filled again")]
    Lost,
    /// So many numbers have to wake up that a question cannot wait for it.
    #[error("Redis has more numbers to wake up than a question can wait for")]
    Behind,
    /// It answered what the script does not say: another version of it, or another program under our keys.
    #[error(
        "Redis answered what cannot be read ({0}); does another program or version use its keys?"
    )]
    Malformed(String),
}
