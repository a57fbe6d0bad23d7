//! Redis, in memory only: one server, one that speaks TLS too, or a cluster of three masters.

use std::{fs, path::Path, time::Duration, time::Instant};

use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
};

use super::{
    Database, Dsn, need_program,
    server::{Kind, Place, Server},
};
use crate::{
    error::{Doing, LabError, Result},
    folders::{RunFolder, random_secret, runtime, write_private},
    leash::Leashed,
};

/// Databases of one server. The first counts those given out.
const DATABASES: u32 = 1024;

/// A server's second port, for TLS or for the other nodes of its cluster, lies so far below its first, where nobody
/// else reserves any.
const SECOND_PORT_BELOW: u16 = 1_000;
/// The masters of a cluster.
pub const MASTERS: usize = 3;
const SLOTS: usize = 16_384;
/// After so long a cluster gives a silent node up.
const NODE_TIMEOUT_MS: u32 = 1_000;
/// How long a new cluster may take until all its nodes know each other.
const JOIN_LIMIT: Duration = Duration::from_secs(30);
const JOIN_POLL: Duration = Duration::from_millis(50);

const KIND: Kind = Kind {
    name: "redis",
    command: |place| command(place, ""),
    answers: |place| Box::pin(answers(place)),
    stop_signal: "TERM",
    kill_signal: "KILL",
};

const CLUSTERED: Kind = Kind {
    name: "redis-cluster",
    command: |place| {
        let second = second_port(place);
        let timeout = NODE_TIMEOUT_MS;
        let more =
            format!("cluster-enabled yes\ncluster-port {second}\ncluster-node-timeout {timeout}\n");
        command(place, &more)
    },
    ..KIND
};

const WITH_TLS: Kind = Kind {
    name: "redis-tls",
    command: |place| {
        let (second, data) = (second_port(place), place.data.display());
        let more = format!(
            "tls-port {second}\ntls-cert-file {data}/{CERTIFICATE}\ntls-key-file {data}/{KEY}\n\
             tls-auth-clients no\n"
        );
        command(place, &more)
    },
    ..KIND
};
const CERTIFICATE: &str = "redis.crt";
const KEY: &str = "redis.key";

pub(super) async fn server() -> Result<Server> {
    start(KIND, None, random_secret()?, |place| {
        Dsn::of(place).with_database("0")
    })
    .await
}

/// A server whose address begins with `rediss://`. Certificate and key are in PEM.
pub(super) async fn server_with_tls(certificate: &str, key: &str) -> Result<Server> {
    let folder = RunFolder::make(&runtime()?, "redis-certificate")?;
    let files = folder.path().join("data");
    fs::create_dir(&files).doing(|| format!("make {}", files.display()))?;
    write_private(&files.join(CERTIFICATE), certificate)?;
    write_private(&files.join(KEY), key)?;
    start(WITH_TLS, Some(&files), random_secret()?, |place| {
        let secure = Dsn {
            scheme: "rediss".into(),
            port: second_port(place),
            ..Dsn::of(place)
        };
        secure.with_database("0")
    })
    .await
}

async fn start(
    kind: Kind,
    template: Option<&Path>,
    password: String,
    dsn: impl FnOnce(&Place) -> String,
) -> Result<Server> {
    Server::start_new(kind, template, None, password, dsn).await
}

fn second_port(place: &Place) -> u16 {
    place.port - SECOND_PORT_BELOW
}

fn command(place: &Place, more: &str) -> Result<Leashed> {
    let config = place.data.join("redis.conf");
    let (port, data, password) = (place.port, place.data.display(), &place.password);
    write_private(
        &config,
        &format!(
            "bind 127.0.0.1\nport {port}\ndir {data}\nrequirepass {password}\ndatabases {DATABASES}\n\
             save \"\"\nappendonly no\nenable-debug-command local\n{more}"
        ),
    )?;
    Ok(Leashed::new(need_program("redis-server")?).arg(config))
}

/// Three masters that share the slots evenly, without replicas. Gone, with their data, when dropped.
#[derive(Debug)]
pub struct RedisCluster {
    masters: Vec<Server>,
    dsn: String,
}

impl RedisCluster {
    pub(super) async fn up() -> Result<Self> {
        let password = random_secret()?;
        let mut masters = Vec::with_capacity(MASTERS);
        for _ in 0..MASTERS {
            let dsn = |place: &Place| Dsn::of(place).with_database("0");
            masters.push(start(CLUSTERED, None, password.clone(), dsn).await?);
        }
        let nodes: Vec<Dsn> = masters
            .iter()
            .map(|master| Dsn::parse(master.dsn()))
            .collect::<Result<_>>()?;
        for (index, node) in nodes.iter().enumerate() {
            let (from, to) = (SLOTS * index / MASTERS, SLOTS * (index + 1) / MASTERS - 1);
            let epoch = format!("CLUSTER SET-CONFIG-EPOCH {}", index + 1);
            let slots = format!("CLUSTER ADDSLOTSRANGE {from} {to}");
            ask(node, &[&epoch, &slots]).await?;
            let (port, bus) = (nodes[0].port, nodes[0].port - SECOND_PORT_BELOW);
            ask(node, &[&format!("CLUSTER MEET 127.0.0.1 {port} {bus}")]).await?;
        }
        let hosts: Vec<String> = nodes
            .iter()
            .map(|node| format!("{}:{}", node.host, node.port))
            .collect();
        let cluster = Self {
            dsn: format!("redis://default:{password}@{}", hosts.join(",")),
            masters,
        };
        cluster.until_whole().await?;
        Ok(cluster)
    }

    /// `redis://user:password@host:port,host:port,host:port`.
    pub fn dsn(&self) -> &str {
        &self.dsn
    }

    /// One address for each master.
    pub fn masters(&self) -> impl Iterator<Item = &str> {
        self.masters.iter().map(Server::dsn)
    }

    /// One of the masters, to stop and start.
    pub fn master(&mut self, index: usize) -> &mut Server {
        &mut self.masters[index]
    }

    /// Waits until every master knows every other, and that every slot has one.
    pub async fn until_whole(&self) -> Result<()> {
        let began = Instant::now();
        for master in self.masters() {
            let node = Dsn::parse(master)?;
            loop {
                let answers = ask(&node, &["CLUSTER INFO"]).await?;
                let info = answers.last().map_or("", String::as_str);
                let known = format!("cluster_known_nodes:{MASTERS}\r");
                if info.contains("cluster_state:ok") && info.contains(&known) {
                    break;
                }
                if began.elapsed() > JOIN_LIMIT {
                    return Err(LabError::Timeout {
                        what: "three masters that know each other".into(),
                        waited: JOIN_LIMIT,
                        detail: format!(": {info}"),
                    });
                }
                tokio::time::sleep(JOIN_POLL).await;
            }
        }
        Ok(())
    }
}

async fn answers(place: &Place) -> bool {
    ask(&Dsn::of(place), &["PING"]).await.is_ok()
}

pub(super) async fn fresh_database(server: &Dsn) -> Result<Database> {
    let answers = ask(server, &["INCR databases_given_out"]).await?;
    let given: u32 = answers
        .last()
        .and_then(|line| line.strip_prefix(':')?.parse().ok())
        .unwrap_or(1);
    let number = 1 + (given - 1) % (DATABASES - 1);
    ask(server, &[&format!("SELECT {number}"), "FLUSHDB"]).await?;
    Ok(Database {
        dsn: server.with_database(&number.to_string()),
        cleanup: None,
        server: None,
    })
}

/// Logs in, sends inline commands, and returns their answers: a line, or a text of several.
async fn ask(server: &Dsn, commands: &[&str]) -> Result<Vec<String>> {
    let doing = || format!("talk to Redis on port {}", server.port);
    let stream = TcpStream::connect((server.host.as_str(), server.port))
        .await
        .doing(doing)?;
    let mut stream = BufReader::new(stream);
    let mut answers = Vec::new();
    let login = format!("AUTH {}", server.password);
    for command in std::iter::once(login.as_str()).chain(commands.iter().copied()) {
        stream
            .write_all(format!("{command}\r\n").as_bytes())
            .await
            .doing(doing)?;
        let mut answer = String::new();
        stream.read_line(&mut answer).await.doing(doing)?;
        if answer.is_empty() || answer.starts_with('-') {
            return Err(LabError::Unexpected(format!("Redis answered {answer:?}")));
        }
        if let Some(length) = answer.strip_prefix('$') {
            let length: usize = length.trim().parse().unwrap_or(0);
            let mut text = vec![0; length + 2];
            stream.read_exact(&mut text).await.doing(doing)?;
            answer = String::from_utf8_lossy(&text).into_owned();
        }
        answers.push(answer.trim().to_owned());
    }
    Ok(answers)
}
