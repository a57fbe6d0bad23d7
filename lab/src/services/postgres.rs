//! PostgreSQL: an `initdb` folder made once per version and copied for every server.

use std::{fs, path::PathBuf};

use super::{
    Database, Dsn, fresh_name, need_program,
    server::{Kind, Owner, Place, Server, copy},
};
use crate::{
    error::{Doing, LabError, Result},
    folders::{self, RunFolder, build_once, random_secret, write_private},
    leash::{self, Leashed},
};

/// The version that everything is tested on; another one serves where this is not packaged.
const WANTED: u32 = 15;
const USER: &str = "cordboard";

const KIND: Kind = Kind {
    name: "postgres",
    command,
    answers: |place| Box::pin(answers(place)),
    stop_signal: "INT",
    kill_signal: "QUIT",
};

/// Nothing is synced, and enough connections for many test processes at once.
const SETTINGS: &[&str] = &[
    "listen_addresses=127.0.0.1",
    "unix_socket_directories=",
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "max_connections=300",
    "shared_buffers=64MB",
    "jit=off",
    "timezone=UTC",
    "log_timezone=UTC",
];

pub(super) async fn server() -> Result<Server> {
    let template = template().await?;
    let secret = template.join("password");
    let password = fs::read_to_string(&secret).doing(|| format!("read {}", secret.display()))?;
    let owner = Owner::find("postgres")?;
    Server::start_new(
        KIND,
        Some(&template.join("data")),
        owner,
        password,
        |place| {
            format!(
                "postgres://{USER}:{}@127.0.0.1:{}/postgres",
                place.password, place.port
            )
        },
    )
    .await
}

/// The folder of the server's programs, which Debian keeps off the path.
fn programs() -> Result<(u32, PathBuf)> {
    let installed = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let version = entry.file_name().to_str()?.parse().ok()?;
            let folder = entry.path().join("bin");
            folder.join("initdb").is_file().then_some((version, folder))
        });
    installed
        .max_by_key(|(version, _)| (*version == WANTED, *version))
        .ok_or_else(|| {
            LabError::Missing("the PostgreSQL server is missing: run scripts/setup as root".into())
        })
}

async fn template() -> Result<PathBuf> {
    let (version, folder) = programs()?;
    build_once(&format!("postgres-{version}"), async |building| {
        // initdb runs as another user, who may not pass through our home; so it works in the runtime folder.
        let work = RunFolder::make(&folders::runtime()?, "initdb")?;
        let (data, secret) = (work.path().join("data"), work.path().join("password"));
        let password = random_secret()?;
        write_private(&secret, &password)?;
        fs::create_dir(&data).doing(|| format!("make {}", data.display()))?;
        let owner = Owner::find("postgres")?;
        if let Some(owner) = owner {
            owner.give(&data).await?;
            owner.give(&secret).await?;
        }
        let mut initdb = Owner::run(owner, &folder.join("initdb"));
        initdb
            .arg("--pgdata")
            .arg(&data)
            .arg("--pwfile")
            .arg(&secret);
        initdb.args([
            "--username",
            USER,
            "--auth",
            "scram-sha-256",
            "--encoding",
            "UTF8",
            "--locale",
            "C.UTF-8",
        ]);
        initdb.args(["--wal-segsize", "1", "--no-sync"]);
        leash::run(&mut initdb).await?;
        copy(&data, &building.join("data")).await?;
        write_private(&building.join("password"), &password)
    })
    .await
}

fn command(place: &Place) -> Result<Leashed> {
    let (_, folder) = programs()?;
    let mut command = Owner::command(Owner::find("postgres")?, &folder.join("postgres"));
    command = command
        .arg("-D")
        .arg(&place.data)
        .arg("-p")
        .arg(place.port.to_string());
    for setting in SETTINGS {
        command = command.arg("-c").arg(setting);
    }
    Ok(command)
}

async fn answers(place: &Place) -> bool {
    let Ok(program) = need_program("pg_isready") else {
        return false;
    };
    let mut command = tokio::process::Command::new(program);
    command
        .args(["-q", "-h", "127.0.0.1", "-p"])
        .arg(place.port.to_string());
    leash::run(&mut command).await.is_ok()
}

pub(super) async fn fresh_database(server: &Dsn) -> Result<Database> {
    let name = fresh_name()?;
    let psql = need_program("psql")?;
    let sql = |text: String| {
        let mut command = std::process::Command::new(&psql);
        command
            .env("PGPASSWORD", &server.password)
            .env("PGOPTIONS", "-c client_min_messages=error");
        command.args([
            "-X",
            "-q",
            "-h",
            &server.host,
            "-p",
            &server.port.to_string(),
            "-U",
            &server.user,
        ]);
        command.args(["-d", "postgres", "-c", &text]);
        command
    };
    leash::run(&mut sql(format!("CREATE DATABASE {name} TEMPLATE template0")).into()).await?;
    Ok(Database {
        dsn: server.with_database(&name),
        cleanup: Some(sql(format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"))),
        server: None,
    })
}
