//! The Redis that several nodes share their caller IDs in: is it there, and does it keep what it is given?

use cluster::SharedPool;
use engine::callerid::Limits;

use super::Finding;
use crate::config::{Config, redacted_dsn};

const SUBJECT: &str = "redis";

/// What was seen; nothing where none is configured. Looking changes nothing in it.
pub(super) async fn examine(config: &Config) -> Option<Finding> {
    let url = config.caller_id.redis.as_ref()?.expose();
    let shown = redacted_dsn(url);
    let seen = async {
        let pool = SharedPool::connect(url, "doctor", Limits::default()).await?;
        pool.policy().await
    };
    let policy = match seen.await {
        Ok(policy) => policy,
        Err(error) => {
            let what = format!("{shown} cannot be used");
            let remedy = "start it, or correct `caller_id.redis` (address, password)";
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
