//! `[caller_id]`: the numbers that outbound calls present.

use std::net::SocketAddr;

use cluster::{Address, ClusterError};

use super::{Key, MIN_TOKEN, Section, SectionReader, key};
use crate::{
    auth::Networks,
    config::{Secret, value::words},
};

words! {
    /// When an answer may leave.
    CallerIdDurability {
        /// When the operating system has it.
        Bounded = "bounded",
        /// When the disk has it.
        Strict = "strict",
    }
    expected "\"bounded\" or \"strict\""
}

words! {
    /// What is answered while Redis is gone.
    CallerIdFail {
        Local = "local",
        DefaultNumber = "default-number",
        Refuse = "503",
    }
    expected "\"local\", \"default-number\" or \"503\""
}

/// The numbers that outbound calls present.
#[derive(Debug, Clone)]
pub struct CallerIdConfig {
    pub durability: CallerIdDurability,
    pub reserved_for_seconds: u32,
    pub rate_limit_per_agent: u32,
    pub rotation_floor_hours: u32,
    pub present_unverified: bool,
    pub watch_calls: bool,
    pub or_trunk_number: bool,
    pub agi_listen: Option<SocketAddr>,
    pub networks: Networks,
    pub admin_token: Option<Secret>,
    pub redis: Option<Secret>,
    pub redis_ca: Option<Secret>,
    pub fail: CallerIdFail,
    pub default_number: Option<String>,
}

impl Default for CallerIdConfig {
    fn default() -> Self {
        Self {
            durability: CallerIdDurability::Bounded,
            reserved_for_seconds: 300,
            rate_limit_per_agent: 100,
            rotation_floor_hours: 24,
            present_unverified: false,
            watch_calls: true,
            or_trunk_number: false,
            agi_listen: None,
            networks: Networks::loopback(),
            admin_token: None,
            redis: None,
            redis_ca: None,
            fail: CallerIdFail::Refuse,
            default_number: None,
        }
    }
}

/// A reservation longer than a day is a number lost.
const MAX_RESERVED: u32 = 86_400;

impl CallerIdConfig {
    /// Where the shared pool is.
    pub fn redis_address(&self) -> Option<Result<Address, ClusterError>> {
        let address = Address::parse(self.redis.as_ref()?.expose());
        Some(match &self.redis_ca {
            Some(ca) => address.map(|address| address.signed_by(ca.expose().into())),
            None => address,
        })
    }
}

impl Section for CallerIdConfig {
    const NAME: &'static str = "caller_id";
    const ABOUT: &'static str = "The numbers that outbound calls present.";
    const KEYS: &'static [Key] = &[
        key(
            "durability",
            "When an answer leaves: `bounded`, when no death of this process can lose it; `strict`, when no loss of power can.",
            "\"bounded\"",
        ),
        key(
            "reserved_for_seconds",
            "How long a number stays reserved when nobody tells that the call is over: 1 to 86400.",
            "300",
        ),
        key(
            "rate_limit_per_agent",
            "How often one agent may ask in any minute.",
            "100",
        ),
        key(
            "rotation_floor_hours",
            "For so long a person sees the same number again, if it may be used at all. At least 1.",
            "24",
        ),
        key(
            "present_unverified",
            "Whether numbers are presented that nobody vouches for.",
            "false",
        ),
        key(
            "watch_calls",
            "Whether the end of a call, seen on its Asterisk, ends its reservation. Needs a second connection to each, once there are numbers.",
            "true",
        ),
        key(
            "or_trunk_number",
            "Whether calls that Cordboard places go out with the trunk's own number when none can be presented. Otherwise they are refused.",
            "false",
        ),
        key(
            "agi_listen",
            "Where dialplans ask by FastAGI, from `networks` only: `agi://127.0.0.1:4573/next-cid`. Not set: nowhere.",
            "\"127.0.0.1:4573\"",
        ),
        key(
            "networks",
            "Who may ask `/next-cid` without a key. Nobody there can be told apart, so list telephone servers only.",
            "[\"127.0.0.0/8\", \"::1/128\"]",
        ),
        key(
            "admin_token",
            "A key of an administrator that was in use before Cordboard: `Authorization: Bearer …`. At least 16 characters.",
            "\"…\"",
        ),
        key(
            "admin_token_file",
            "A file with that key.",
            "\"admin-token\"",
        ),
        key(
            "redis",
            "Several nodes share their caller IDs in this Redis or Redis Cluster (some of its nodes: `host:port,host:port`); `rediss://` is TLS. Without it each node keeps its own.",
            "\"redis://:PASSWORD@127.0.0.1:6379\"",
        ),
        key(
            "redis_file",
            "A file with that address.",
            "\"redis-address\"",
        ),
        key(
            "redis_ca",
            "Who must have signed its certificate, where this machine does not trust the signer anyway: certificates in PEM.",
            "\"-----BEGIN CERTIFICATE-----…\"",
        ),
        key(
            "redis_ca_file",
            "A file with those certificates.",
            "\"redis-ca.pem\"",
        ),
        key(
            "fail",
            "While Redis is gone: `503`, no number; `default-number`, always that one; `local`, what this node alone has used (caps are each node's own then).",
            "\"503\"",
        ),
        key(
            "default_number",
            "The number of `fail = \"default-number\"`, with `+` and country code.",
            "\"+12025550100\"",
        ),
    ];

    fn read(from: &mut SectionReader<'_>) -> Self {
        let default = Self::default();
        Self {
            durability: from.value("durability", default.durability),
            reserved_for_seconds: from.value("reserved_for_seconds", default.reserved_for_seconds),
            rate_limit_per_agent: from.value("rate_limit_per_agent", default.rate_limit_per_agent),
            rotation_floor_hours: from.value("rotation_floor_hours", default.rotation_floor_hours),
            present_unverified: from.value("present_unverified", default.present_unverified),
            agi_listen: from.optional("agi_listen"),
            watch_calls: from.value("watch_calls", default.watch_calls),
            or_trunk_number: from.value("or_trunk_number", default.or_trunk_number),
            networks: from.value("networks", default.networks),
            admin_token: from.secret("admin_token", "admin_token_file"),
            redis: from.secret("redis", "redis_file"),
            redis_ca: from.secret("redis_ca", "redis_ca_file"),
            fail: from.value("fail", default.fail),
            default_number: from.optional("default_number"),
        }
    }

    fn check(&self) -> Result<(), (&'static str, String)> {
        if !(1..=MAX_RESERVED).contains(&self.reserved_for_seconds) {
            let problem = format!("is not in 1 to {MAX_RESERVED}");
            return Err(("reserved_for_seconds", problem));
        }
        if self.rate_limit_per_agent == 0 {
            let problem = "is 0: nobody could ask".to_owned();
            return Err(("rate_limit_per_agent", problem));
        }
        let token = self.admin_token.as_ref().map(Secret::expose);
        if token.is_some_and(|token| token.len() < MIN_TOKEN) {
            let problem = format!("is shorter than {MIN_TOKEN} characters: it could be guessed");
            return Err(("admin_token", problem));
        }
        if let Some(Err(error)) = self.redis_address() {
            return Err(("redis", format!("cannot be used: {error}")));
        }
        let number = self.default_number.as_deref();
        if number.is_some_and(|number| number.parse::<model::E164>().is_err()) {
            return Err(("default_number", model::NotE164.to_string()));
        }
        if self.fail == CallerIdFail::DefaultNumber && number.is_none() {
            let problem = "is \"default-number\", but there is no `default_number`".to_owned();
            return Err(("fail", problem));
        }
        if self.rotation_floor_hours == 0 {
            let problem = "is 0: a person who blocks a number would be called from another at once";
            return Err(("rotation_floor_hours", problem.to_owned()));
        }
        Ok(())
    }
}
