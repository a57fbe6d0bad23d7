//! One connection to a Redis, or one to each master of a Redis Cluster; many can ask at the same time.

use std::time::Duration;

use redis::aio::{ConnectionLike, MultiplexedConnection};
use redis::cluster::ClusterClientBuilder;
use redis::cluster_async::ClusterConnection;
use redis::{
    AsyncConnectionConfig, Client, Cmd, IntoConnectionInfo as _, Pipeline, RedisFuture, Value,
};

use crate::ClusterError;

/// How long a connection may take to come up.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// How long an answer may take. A script takes less than a millisecond, unless numbers have to wake up by the thousand.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(1);

#[derive(Clone)]
pub(crate) enum Connection {
    One(MultiplexedConnection),
    Cluster(ClusterConnection),
}

impl Connection {
    pub(crate) async fn open(url: &str) -> Result<Self, ClusterError> {
        let address = || ClusterError::Address(without_password(url));
        let info = url.into_connection_info().map_err(|_| address())?;
        let client = Client::open(info.clone()).map_err(|_| address())?;
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(CONNECT_TIMEOUT))
            .set_response_timeout(Some(ANSWER_TIMEOUT));
        let mut one = client
            .get_multiplexed_async_connection_with_config(&config)
            .await?;
        let about: String = redis::cmd("INFO")
            .arg("cluster")
            .query_async(&mut one)
            .await?;
        if !about.contains("cluster_enabled:1") {
            return Ok(Self::One(one));
        }
        let cluster = ClusterClientBuilder::new([info])
            .connection_timeout(CONNECT_TIMEOUT)
            .response_timeout(ANSWER_TIMEOUT)
            .retries(2)
            .build()?;
        Ok(Self::Cluster(cluster.get_async_connection().await?))
    }
}

/// An address as it may be shown.
pub(crate) fn without_password(url: &str) -> String {
    match (url.find("://"), url.rfind('@')) {
        (Some(scheme), Some(at)) if scheme + 3 <= at => {
            format!("{}…{}", &url[..scheme + 3], &url[at..])
        }
        _ => url.to_owned(),
    }
}

impl ConnectionLike for Connection {
    fn req_packed_command<'a>(&'a mut self, cmd: &'a Cmd) -> RedisFuture<'a, Value> {
        match self {
            Self::One(one) => one.req_packed_command(cmd),
            Self::Cluster(cluster) => cluster.req_packed_command(cmd),
        }
    }

    fn req_packed_commands<'a>(
        &'a mut self,
        pipeline: &'a Pipeline,
        offset: usize,
        count: usize,
    ) -> RedisFuture<'a, Vec<Value>> {
        match self {
            Self::One(one) => one.req_packed_commands(pipeline, offset, count),
            Self::Cluster(cluster) => cluster.req_packed_commands(pipeline, offset, count),
        }
    }

    fn get_db(&self) -> i64 {
        match self {
            Self::One(one) => one.get_db(),
            Self::Cluster(cluster) => cluster.get_db(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_never_shown() {
        let shown = without_password("redis://me:p@ss@10.0.0.1:6379/0");
        assert_eq!(shown, "redis://…@10.0.0.1:6379/0");
        assert_eq!(without_password("redis://localhost"), "redis://localhost");
    }
}
