//! The Redis that several nodes share their caller IDs in: is it there, and does it keep what it is given?

use cluster::{ClusterError, SharedPool};
use engine::callerid::Limits;

use super::Finding;
use crate::config::Config;

const SUBJECT: &str = "redis";

/// What was seen; nothing where none is configured. Looking changes nothing in it.
pub(super) async fn examine(config: &Config) -> Option<Finding> {
    let address = config.caller_id.redis_address()?;
    let shown = address.as_ref().map(ToString::to_string);
    let shown = shown.unwrap_or_else(|_| "`caller_id.redis`".to_owned());
    let seen = async {
        let pool = SharedPool::connect(&address?, "doctor", Limits::default()).await?;
        pool.policy().await
    };
    let policy = match seen.await {
        Ok(policy) => policy,
        Err(error) => {
            let what = format!("{shown} cannot be used");
            let remedy = match &error {
                ClusterError::Untrusted(_) => {
                    "put the authority's certificate into a file and name it in `caller_id.redis_ca_file`; \
                     write the host in `caller_id.redis` as it stands in the certificate"
                }
                _ => "start it, or correct `caller_id.redis` (address, password)",
            };
            return Some(
                Finding::problem(SUBJECT, what)
                    .because(error)
                    .remedy(remedy),
            );
        }
    };
    let name = policy.name();
    let finding = if policy.evicts_the_pool() {
        Finding::problem(SUBJECT, format!("{shown} has maxmemory-policy {name}"))
            .because("when its memory is full it throws away numbers and their caps; the server does not use it")
            .remedy("set `maxmemory-policy noeviction` in redis.conf, or `CONFIG SET maxmemory-policy noeviction`")
    } else if policy.evicts_what_expires() {
        Finding::warning(SUBJECT, format!("{shown} has maxmemory-policy {name}"))
            .because("when its memory is full it forgets which number a person saw last, and how often an agent asked")
            .remedy("set `maxmemory-policy noeviction`")
    } else {
        Finding::ok(
            SUBJECT,
            format!("{shown} answers, with maxmemory-policy {name}"),
        )
    };
    Some(finding)
}
