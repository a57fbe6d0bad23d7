//! Redis, in memory only.

use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
};

use super::{
    Database, Dsn, need_program,
    server::{Kind, Place, Server},
};
use crate::{
    error::{Doing, LabError, Result},
    folders::{random_secret, write_private},
    leash::Leashed,
};

/// Databases of one server. The first counts those given out.
const DATABASES: u32 = 1024;

const KIND: Kind = Kind {
    name: "redis",
    command,
    answers: |place| Box::pin(answers(place)),
    stop_signal: "TERM",
    kill_signal: "KILL",
};

pub(super) async fn server() -> Result<Server> {
    Server::start_new(KIND, None, None, random_secret()?, |place| {
        format!(
            "redis://default:{}@127.0.0.1:{}/0",
            place.password, place.port
        )
    })
    .await
}

fn command(place: &Place) -> Result<Leashed> {
    let config = place.data.join("redis.conf");
    let (port, data, password) = (place.port, place.data.display(), &place.password);
    write_private(
        &config,
        &format!(
            "bind 127.0.0.1\nport {port}\ndir {data}\nrequirepass {password}\ndatabases {DATABASES}\n\
             save \"\"\nappendonly no\nenable-debug-command local\n"
        ),
    )?;
    Ok(Leashed::new(need_program("redis-server")?).arg(config))
}

async fn answers(place: &Place) -> bool {
    let server = Dsn {
        scheme: "redis".into(),
        user: "default".into(),
        password: place.password.clone(),
        host: "127.0.0.1".into(),
        port: place.port,
    };
    ask(&server, &["PING"]).await.is_ok()
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

/// Logs in, sends inline commands whose answers are one line each, and returns those lines.
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
        let mut line = String::new();
        stream.read_line(&mut line).await.doing(doing)?;
        if line.is_empty() || line.starts_with('-') {
            return Err(LabError::Unexpected(format!("Redis answered {line:?}")));
        }
        answers.push(line.trim().to_owned());
    }
    Ok(answers)
}
