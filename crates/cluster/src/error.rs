//! Why the shared pool did not answer.

use redis::RedisError;

#[derive(Debug, thiserror::Error)]
pub enum ClusterError {
    /// The address cannot be used.
    #[error(
        "{0} is no address of a Redis; write redis://[user:password@]host:port[,host:port…][/database], or rediss:// for TLS"
    )]
    Address(String),
    /// It is gone, slow, full, or refuses.
    #[error("Redis does not answer: {0}")]
    Redis(RedisError),
    /// It is not who it says, as far as we know.
    #[error(
        "Redis' certificate is not trusted: {0}; name the certificate of the authority that signed it, \
         or the host as it stands in the certificate"
    )]
    Untrusted(RedisError),
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

impl From<RedisError> for ClusterError {
    fn from(error: RedisError) -> Self {
        // The library keeps rustls' word and nothing else of it.
        if error.to_string().contains("invalid peer certificate") {
            Self::Untrusted(error)
        } else {
            Self::Redis(error)
        }
    }
}
