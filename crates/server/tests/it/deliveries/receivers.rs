//! Who takes deliveries: a web server and a mail server that behave as they are told.

use std::{
    collections::VecDeque,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use base64::prelude::{BASE64_STANDARD, Engine as _};
use tokio::{
    io::{
        AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _,
        BufReader,
    },
    net::{TcpListener, TcpStream},
    task::AbortHandle,
};
use tokio_rustls::TlsAcceptor;

/// How a request is answered.
#[derive(Debug, Clone)]
pub(crate) enum Answer {
    Status(u16),
    /// Not at all.
    Nothing,
    RedirectTo(String),
    /// Success, with more bytes than anybody can read.
    Endless,
}

/// What came to a webhook.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Request {
    pub(crate) fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map_or("", |(_, value)| value)
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

/// A web server.
pub(crate) struct Hook {
    pub(crate) address: SocketAddr,
    got: Arc<Mutex<Vec<Request>>>,
    answers: Arc<Mutex<VecDeque<Answer>>>,
    serving: AbortHandle,
}

impl Drop for Hook {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Hook {
    /// Answers with these in turn, and then always with 204.
    pub(crate) async fn start(answers: impl IntoIterator<Item = Answer>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let got = Arc::new(Mutex::new(Vec::new()));
        let answers = Arc::new(Mutex::new(answers.into_iter().collect::<VecDeque<_>>()));
        let (to, next) = (got.clone(), answers.clone());
        let serving = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (to, next) = (to.clone(), next.clone());
                tokio::spawn(async move {
                    let Some((request, stream)) = read(stream).await else {
                        return;
                    };
                    let answer = next.lock().unwrap().pop_front();
                    to.lock().unwrap().push(request);
                    give(stream, answer.unwrap_or(Answer::Status(204))).await;
                });
            }
        });
        Self {
            address,
            got,
            answers,
            serving: serving.abort_handle(),
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/hook", self.address)
    }

    pub(crate) fn got(&self) -> Vec<Request> {
        self.got.lock().unwrap().clone()
    }

    /// What else it will answer with.
    pub(crate) fn will(&self, answer: Answer) {
        self.answers.lock().unwrap().push_back(answer);
    }

    pub(crate) async fn wait(&self, count: usize) -> Vec<Request> {
        wait_for(&format!("{count} requests"), async || {
            Some(self.got()).filter(|got| got.len() >= count)
        })
        .await
    }
}

async fn read(stream: TcpStream) -> Option<(Request, BufReader<TcpStream>)> {
    let mut stream = BufReader::new(stream);
    let mut headers = Vec::new();
    let mut line = String::new();
    stream.read_line(&mut line).await.ok()?;
    assert!(line.starts_with("POST /hook "), "{line}");
    loop {
        line.clear();
        stream.read_line(&mut line).await.ok()?;
        let Some((name, value)) = line.trim_end().split_once(": ") else {
            break;
        };
        headers.push((name.to_lowercase(), value.to_owned()));
    }
    let request = Request {
        headers,
        body: Vec::new(),
    };
    let mut body = vec![0; request.header("content-length").parse().ok()?];
    stream.read_exact(&mut body).await.ok()?;
    Some((Request { body, ..request }, stream))
}

async fn give(mut stream: BufReader<TcpStream>, answer: Answer) {
    let head = match &answer {
        Answer::Nothing => return std::future::pending().await,
        Answer::Status(status) => format!("HTTP/1.1 {status} X\r\ncontent-length: 0\r\n\r\n"),
        Answer::RedirectTo(url) => {
            format!("HTTP/1.1 302 Found\r\nlocation: {url}\r\ncontent-length: 0\r\n\r\n")
        }
        Answer::Endless => format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", u32::MAX),
    };
    let _ = stream.write_all(head.as_bytes()).await;
    if matches!(answer, Answer::Endless) {
        let piece = vec![b'x'; 64 << 10];
        while stream.write_all(&piece).await.is_ok() {}
    }
}

/// A mail as it came.
#[derive(Debug, Clone)]
pub(crate) struct Mail {
    pub(crate) to: Vec<String>,
    pub(crate) data: String,
    /// Over an encrypted connection.
    pub(crate) encrypted: bool,
    /// From somebody who had logged in.
    pub(crate) logged_in: bool,
}

impl Mail {
    /// Of the head; long ones are put together.
    pub(crate) fn header(&self, name: &str) -> String {
        let head = self.data.split("\r\n\r\n").next().unwrap();
        let head = head.replace("\r\n ", " ");
        let start = format!("{name}: ");
        let mut lines = head.lines();
        let line = lines.find_map(|line| line.strip_prefix(&start));
        line.unwrap_or_default().to_owned()
    }
}

/// A mail server: `nobody@…` is refused for good, `later@…` for now, the first time.
pub(crate) struct MailServer {
    pub(crate) address: SocketAddr,
    desk: Arc<Desk>,
    serving: AbortHandle,
}

/// How a mail server wants to be spoken to.
#[derive(Clone, Default)]
pub(crate) struct Manners {
    /// With it, connections can be encrypted.
    pub(crate) tls: Option<TlsAcceptor>,
    /// They are encrypted from the first byte.
    pub(crate) wraps: bool,
    /// Who may send, as `user` and password; anybody without it.
    pub(crate) log_in: Option<(&'static str, &'static str)>,
    /// So many are told that they are not whom they say they are.
    pub(crate) mistrusts: u32,
}

#[derive(Default)]
struct Desk {
    manners: Manners,
    got: Mutex<Vec<Mail>>,
    /// How often something was asked that is refused at first.
    later: Mutex<u32>,
    log_ins: Mutex<u32>,
}

trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

impl Drop for MailServer {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl MailServer {
    pub(crate) async fn start() -> Self {
        Self::start_with(Manners::default()).await
    }

    pub(crate) async fn start_with(manners: Manners) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let desk = Arc::new(Desk {
            manners,
            ..Desk::default()
        });
        let at = desk.clone();
        let serving = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let desk = at.clone();
                tokio::spawn(async move {
                    let tls = desk.manners.tls.as_ref().filter(|_| desk.manners.wraps);
                    let stream: Box<dyn Stream> = match tls {
                        Some(tls) => Box::new(tls.accept(stream).await.ok()?),
                        None => Box::new(stream),
                    };
                    session(stream, &desk).await
                });
            }
        });
        Self {
            address,
            desk,
            serving: serving.abort_handle(),
        }
    }

    pub(crate) fn got(&self) -> Vec<Mail> {
        self.desk.got.lock().unwrap().clone()
    }

    /// How many said the right password.
    pub(crate) fn log_ins(&self) -> u32 {
        *self.desk.log_ins.lock().unwrap()
    }

    pub(crate) async fn wait(&self, count: usize) -> Vec<Mail> {
        wait_for(&format!("{count} mails"), async || {
            Some(self.got()).filter(|got| got.len() >= count)
        })
        .await
    }
}

/// As much of RFC 5321 as one client needs.
async fn session(stream: Box<dyn Stream>, desk: &Desk) -> Option<()> {
    let manners = &desk.manners;
    let mut stream = BufReader::new(stream);
    let (mut encrypted, mut logged_in, mut to) = (manners.wraps, false, Vec::new());
    stream.write_all(b"220 test\r\n").await.ok()?;
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await.ok()? == 0 {
            return None;
        }
        let word = line.get(..4).unwrap_or_default().to_uppercase();
        let answer = match word.as_str() {
            "EHLO" => {
                let offers_tls = manners.tls.is_some() && !encrypted;
                let tls = if offers_tls { "250-STARTTLS\r\n" } else { "" };
                let wants = manners.log_in.is_some();
                let log_in = if wants { "250-AUTH PLAIN\r\n" } else { "" };
                &format!("250-test\r\n{tls}{log_in}250 8BITMIME")
            }
            "STAR" => {
                stream.write_all(b"220 go on\r\n").await.ok()?;
                let tls = manners.tls.as_ref()?.accept(stream.into_inner()).await;
                stream = BufReader::new(Box::new(tls.ok()?));
                encrypted = true;
                continue;
            }
            "AUTH" => {
                logged_in = is_known(&line, manners) && counted(&desk.log_ins) > manners.mistrusts;
                if logged_in {
                    "235 welcome"
                } else {
                    "535 who are you"
                }
            }
            "MAIL" if manners.log_in.is_some() && !logged_in => "530 log in",
            "RCPT" if line.contains("<nobody@") => "550 no such user",
            "RCPT" if line.contains("<later@") && counted(&desk.later) == 1 => "450 later",
            "RCPT" => {
                to.push(line.split(['<', '>']).nth(1)?.to_owned());
                "250 ok"
            }
            "DATA" => {
                stream.write_all(b"354 go on\r\n").await.ok()?;
                let mail = Mail {
                    to: std::mem::take(&mut to),
                    data: data(&mut stream).await?,
                    encrypted,
                    logged_in,
                };
                desk.got.lock().unwrap().push(mail);
                "250 taken"
            }
            "QUIT" => "221 bye",
            _ => "250 ok",
        };
        let answer = format!("{answer}\r\n");
        stream.write_all(answer.as_bytes()).await.ok()?;
    }
}

/// The `PLAIN` of RFC 4616.
fn is_known(line: &str, manners: &Manners) -> bool {
    let Some((user, password)) = manners.log_in else {
        return false;
    };
    let expected = BASE64_STANDARD.encode(format!("\0{user}\0{password}"));
    line.trim_end() == format!("AUTH PLAIN {expected}")
}

fn counted(count: &Mutex<u32>) -> u32 {
    let mut count = count.lock().unwrap();
    *count += 1;
    *count
}

async fn data(stream: &mut BufReader<Box<dyn Stream>>) -> Option<String> {
    let mut data = String::new();
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await.ok()? == 0 {
            return None;
        }
        if line == ".\r\n" {
            return Some(data);
        }
        data.push_str(line.strip_prefix('.').unwrap_or(&line));
    }
}

/// Asks until there is something.
pub(crate) async fn wait_for<T>(what: &str, found: impl AsyncFn() -> Option<T>) -> T {
    let began = std::time::Instant::now();
    loop {
        if let Some(found) = found().await {
            return found;
        }
        assert!(
            began.elapsed() < Duration::from_secs(30),
            "waited for {what}"
        );
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
