//! MariaDB: a data folder installed once and copied for every server.

use std::{fs, path::PathBuf};

use super::{
    Database, Dsn, fresh_name, need_program,
    server::{Kind, Owner, Place, Server, copy},
};
use crate::{
    error::{Doing, Result},
    folders::{self, RunFolder, build_once, random_secret, write_private},
    leash::{self, Leashed},
};

const USER: &str = "cordboard";

const KIND: Kind = Kind {
    name: "mariadb",
    command,
    answers: |place| Box::pin(answers(place)),
    stop_signal: "TERM",
    kill_signal: "KILL",
};

/// Nothing is synced, and enough connections for many test processes at once.
const SETTINGS: &[&str] = &[
    "--bind-address=127.0.0.1",
    "--skip-name-resolve",
    "--skip-log-bin",
    "--innodb-flush-log-at-trx-commit=0",
    "--innodb-flush-method=fsync",
    "--debug-no-sync",
    "--innodb-buffer-pool-size=64M",
    "--innodb-log-file-size=16M",
    "--innodb-fast-shutdown=2",
    "--performance-schema=OFF",
    "--max-connections=300",
    "--character-set-server=utf8mb4",
    "--collation-server=utf8mb4_unicode_ci",
    "--default-time-zone=+00:00",
];

pub(super) async fn server() -> Result<Server> {
    let template = template().await?;
    let owner = Owner::find("mysql")?;
    Server::start_new(KIND, Some(&template), owner, random_secret()?, |place| {
        format!(
            "mysql://{USER}:{}@127.0.0.1:{}/test",
            place.password, place.port
        )
    })
    .await
}

async fn template() -> Result<PathBuf> {
    let install = need_program("mariadb-install-db")?;
    build_once("mariadb", async |building| {
        let work = RunFolder::make(&folders::runtime()?, "mariadb-install")?;
        let data = work.path().join("data");
        fs::create_dir(&data).doing(|| format!("make {}", data.display()))?;
        let owner = Owner::find("mysql")?;
        if let Some(owner) = owner {
            owner.give(&data).await?;
        }
        let mut command = Owner::run(owner, &install);
        command
            .arg("--no-defaults")
            .arg(format!("--datadir={}", data.display()));
        command.args([
            "--auth-root-authentication-method=socket",
            "--skip-test-db",
            "--innodb-log-file-size=16M",
        ]);
        leash::run(&mut command).await?;
        // Only the contents: the folder itself was made by build_once.
        copy(&data.join("."), building).await
    })
    .await
}

fn command(place: &Place) -> Result<Leashed> {
    let owner = Owner::find("mysql")?;
    let password = &place.password;
    let init = place.data.join("cordboard-init.sql");
    write_private(
        &init,
        &format!(
            "CREATE DATABASE IF NOT EXISTS test;\n\
             CREATE OR REPLACE USER '{USER}'@'127.0.0.1' IDENTIFIED BY '{password}';\n\
             GRANT ALL PRIVILEGES ON *.* TO '{USER}'@'127.0.0.1' WITH GRANT OPTION;\n"
        ),
    )?;
    if let Some(owner) = owner {
        owner.give_file(&init)?;
    }
    let data = place.data.display();
    Ok(Owner::command(owner, &need_program("mariadbd")?)
        .arg("--no-defaults")
        .arg(format!("--datadir={data}"))
        .arg(format!("--socket={data}/sock"))
        .arg(format!("--pid-file={data}/pid"))
        .arg(format!("--init-file={}", init.display()))
        .arg(format!("--port={}", place.port))
        .args(SETTINGS))
}

fn client(
    host: &str,
    port: u16,
    user: &str,
    password: &str,
    sql: &str,
) -> Result<std::process::Command> {
    let mut command = std::process::Command::new(need_program("mariadb")?);
    command
        .env("MYSQL_PWD", password)
        .arg("--no-defaults")
        .arg("--protocol=tcp");
    command.args(["-h", host, "-P", &port.to_string(), "-u", user, "-e", sql]);
    Ok(command)
}

async fn answers(place: &Place) -> bool {
    match client("127.0.0.1", place.port, USER, &place.password, "SELECT 1") {
        Ok(command) => leash::run(&mut command.into()).await.is_ok(),
        Err(_) => false,
    }
}

pub(super) async fn fresh_database(server: &Dsn) -> Result<Database> {
    let name = fresh_name()?;
    let sql = |text: &str| {
        client(
            &server.host,
            server.port,
            &server.user,
            &server.password,
            text,
        )
    };
    leash::run(&mut sql(&format!("CREATE DATABASE {name}"))?.into()).await?;
    Ok(Database {
        dsn: server.with_database(&name),
        cleanup: Some(sql(&format!("DROP DATABASE IF EXISTS {name}"))?),
        server: None,
    })
}
