//! One connection to a Redis, or to the cluster node that has the pool; many can ask at the same time.

use std::time::Duration;

use redis::aio::{ConnectionLike, MultiplexedConnection};
use redis::cluster::ClusterClientBuilder;
use redis::cluster_async::ClusterConnection;
use redis::cluster_routing::{Route, RoutingInfo, SingleNodeRoutingInfo, SlotAddr};
use redis::{AsyncConnectionConfig, Client, Cmd, ConnectionInfo, Pipeline, RedisFuture, Value};

use crate::{Address, ClusterError, scripts::SLOT};

/// How long a connection may take to come up.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// How long an answer may take, redirections included. A script takes less than a millisecond, unless numbers have to wake up
/// by the thousand.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(1);
/// How often a cluster is asked again within that time: while a slot is moved, or another master takes over.
const RETRIES: u32 = 20;
/// The pause before that, in milliseconds.
const RETRY_AFTER_MS: std::ops::Range<u64> = 10..100;

#[derive(Clone)]
pub(crate) enum Connection {
    One(MultiplexedConnection),
    Cluster(ClusterConnection),
}

impl Connection {
    /// To the first host that answers, and from there to the rest of its cluster, if it has one.
    pub(crate) async fn open(address: &Address) -> Result<Self, ClusterError> {
        let mut refused = None;
        for host in &address.hosts {
            match first(address, host).await {
                Ok((one, false)) => return Ok(Self::One(one)),
                Ok((_, true)) => return cluster(address).await,
                Err(error) => refused = Some(error),
            }
        }
        Err(refused.unwrap_or_else(|| ClusterError::Address(address.to_string())))
    }
}

/// A connection, and whether it is to a node of a cluster.
async fn first(
    address: &Address,
    host: &ConnectionInfo,
) -> Result<(MultiplexedConnection, bool), ClusterError> {
    let client = match &address.certificates {
        Some(certificates) => Client::build_with_tls(host.clone(), certificates.clone())?,
        None => Client::open(host.clone())?,
    };
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
    Ok((one, about.contains("cluster_enabled:1")))
}

async fn cluster(address: &Address) -> Result<Connection, ClusterError> {
    let mut builder = ClusterClientBuilder::new(address.hosts.clone())
        .connection_timeout(CONNECT_TIMEOUT)
        .response_timeout(ANSWER_TIMEOUT)
        .min_retry_wait(RETRY_AFTER_MS.start)
        .max_retry_wait(RETRY_AFTER_MS.end)
        .retries(RETRIES);
    if let Some(certificates) = &address.certificates {
        builder = builder.certs(certificates.clone());
    }
    let cluster = builder.build()?.get_async_connection().await?;
    Ok(Connection::Cluster(cluster))
}

/// Every command goes to the master of the one slot that all keys are in. Left to itself the library would bring scripts to
/// all masters, and fail when one is away that is none of our business.
fn pool() -> SingleNodeRoutingInfo {
    SingleNodeRoutingInfo::SpecificNode(Route::new(SLOT, SlotAddr::Master))
}

impl ConnectionLike for Connection {
    fn req_packed_command<'a>(&'a mut self, cmd: &'a Cmd) -> RedisFuture<'a, Value> {
        match self {
            Self::One(one) => one.req_packed_command(cmd),
            Self::Cluster(cluster) => {
                let route = RoutingInfo::SingleNode(pool());
                Box::pin(cluster.route_command(cmd.clone(), route))
            }
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
            Self::Cluster(cluster) => {
                Box::pin(cluster.route_pipeline(pipeline.clone(), offset, count, pool()))
            }
        }
    }

    fn get_db(&self) -> i64 {
        match self {
            Self::One(one) => one.get_db(),
            Self::Cluster(cluster) => cluster.get_db(),
        }
    }
}
