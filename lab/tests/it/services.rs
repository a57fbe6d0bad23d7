//! Database servers: up, fresh databases, gone and back, nothing left over.

use std::{
    process::{Command, Stdio},
    time::Duration,
};

use cordboard_lab as lab;

/// The parts of a DSN that the client programs want.
fn parts(dsn: &str) -> (String, String, String, String) {
    let rest = dsn.split_once("://").unwrap().1;
    let (login, address) = rest.split_once('@').unwrap();
    let (user, password) = login.split_once(':').unwrap();
    let (host, database) = address.split_once('/').unwrap();
    let port = host.split_once(':').unwrap().1;
    (user.into(), password.into(), port.into(), database.into())
}

fn output(command: &mut Command) -> Option<String> {
    let done = command.output().unwrap();
    done.status
        .success()
        .then(|| String::from_utf8(done.stdout).unwrap().trim().to_owned())
}

fn psql(dsn: &str, sql: &str) -> Option<String> {
    output(Command::new("psql").args(["-X", "-A", "-t", "-c", sql, dsn]))
}

fn mysql(dsn: &str, sql: &str) -> Option<String> {
    let (user, password, port, database) = parts(dsn);
    let mut command = Command::new("mariadb");
    command
        .env("MYSQL_PWD", password)
        .args(["--no-defaults", "--protocol=tcp", "-h", "127.0.0.1"]);
    output(command.args(["-P", &port, "-u", &user, "-N", "-e", sql, &database]))
}

fn redis(dsn: &str, words: &[&str]) -> Option<String> {
    let (_, password, port, database) = parts(dsn);
    let mut command = Command::new("redis-cli");
    command
        .env("REDISCLI_AUTH", password)
        .args(["-e", "-p", &port, "-n", &database]);
    output(command.args(words))
}

#[tokio::test]
async fn postgres_keeps_its_data_over_a_stop() {
    let mut server = lab::postgres().await.unwrap();
    psql(
        server.dsn(),
        "CREATE TABLE kept (n int); INSERT INTO kept VALUES (7)",
    )
    .unwrap();
    server.stop().await.unwrap();
    assert_eq!(psql(server.dsn(), "SELECT 1"), None);
    server.start().await.unwrap();
    assert_eq!(
        psql(server.dsn(), "SELECT n FROM kept").as_deref(),
        Some("7")
    );
}

#[tokio::test]
async fn mariadb_keeps_its_data_over_a_kill() {
    let mut server = lab::mariadb().await.unwrap();
    mysql(server.dsn(), "CREATE TABLE kept (n int) ENGINE=InnoDB").unwrap();
    server.kill().await.unwrap();
    assert_eq!(mysql(server.dsn(), "SELECT 1"), None);
    server.start().await.unwrap();
    assert_eq!(
        mysql(server.dsn(), "SELECT COUNT(*) FROM kept").as_deref(),
        Some("0")
    );
}

#[tokio::test]
async fn redis_wants_its_password() {
    let server = lab::redis().await.unwrap();
    assert_eq!(redis(server.dsn(), &["PING"]).as_deref(), Some("PONG"));
    let (user, _, port, database) = parts(server.dsn());
    assert_eq!(
        redis(
            &format!("redis://{user}:wrong@127.0.0.1:{port}/{database}"),
            &["GET", "x"]
        ),
        None
    );
}

#[tokio::test]
async fn fresh_databases_do_not_see_each_other() {
    let (one, two) = (
        lab::shared_postgres().await.unwrap(),
        lab::shared_postgres().await.unwrap(),
    );
    psql(one.dsn(), "CREATE TABLE only_here (n int)").unwrap();
    assert_eq!(psql(two.dsn(), "SELECT n FROM only_here"), None);
    let database = lab::shared_mariadb().await.unwrap();
    assert_eq!(mysql(database.dsn(), "SHOW TABLES").as_deref(), Some(""));
    let database = lab::shared_redis().await.unwrap();
    assert_eq!(redis(database.dsn(), &["DBSIZE"]).as_deref(), Some("0"));
}

/// Runs `lab services run` around a shell line, with the tests' own servers out of the environment.
fn services_run(line: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lab"));
    for name in ["POSTGRES", "MARIADB", "REDIS"] {
        command.env_remove(format!("CORDBOARD_TEST_{name}"));
    }
    command.args(["services", "run", "--", "sh", "-c", line]);
    command
}

#[test]
fn services_run_passes_addresses_and_the_exit_code() {
    let done = services_run("echo $CORDBOARD_TEST_POSTGRES; echo $CORDBOARD_TEST_REDIS; exit 7")
        .output()
        .unwrap();
    assert_eq!(
        done.status.code(),
        Some(7),
        "{}",
        String::from_utf8_lossy(&done.stderr)
    );
    let printed = String::from_utf8(done.stdout).unwrap();
    let dsns: Vec<&str> = printed.lines().collect();
    assert!(
        dsns[0].starts_with("postgres://") && dsns[1].starts_with("redis://"),
        "{dsns:?}"
    );
    assert_eq!(psql(dsns[0], "SELECT 1"), None, "the server must be gone");
}

#[test]
fn a_killed_owner_takes_its_servers_along() {
    use std::io::{BufRead, BufReader};
    let mut owner = services_run("echo $CORDBOARD_TEST_REDIS; exec cat");
    let mut child = owner
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    // The command itself ends when this is closed.
    let _stdin = child.stdin.take();
    let mut dsn = String::new();
    BufReader::new(child.stdout.take().unwrap())
        .read_line(&mut dsn)
        .unwrap();
    let dsn = dsn.trim();
    assert_eq!(redis(dsn, &["PING"]).as_deref(), Some("PONG"));
    child.kill().unwrap();
    child.wait().unwrap();
    let deadline = std::time::Instant::now() + Duration::from_secs(10);
    while redis(dsn, &["PING"]).is_some() {
        assert!(
            std::time::Instant::now() < deadline,
            "Redis outlived its owner"
        );
        std::thread::sleep(Duration::from_millis(20));
    }
}
