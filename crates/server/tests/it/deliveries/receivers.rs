//! Who takes deliveries: a web server and a mail server that behave as they are told.

use std::{
    collections::VecDeque,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
    task::AbortHandle,
};

/// How a request is answered.
#[derive(Debug, Clone)]
pub(crate) enum Answer {
    Status(u16),
    /// Not at all.
    Nothing,
    RedirectTo(String),
    /// Success, with so many bytes that nobody wants.
    Bytes(usize),
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
        Answer::Bytes(many) => format!("HTTP/1.1 200 OK\r\ncontent-length: {many}\r\n\r\n"),
    };
    let _ = stream.write_all(head.as_bytes()).await;
    if let Answer::Bytes(mut many) = answer {
        let piece = vec![b'x'; 64 << 10];
        while many > 0
            && stream
                .write_all(&piece[..piece.len().min(many)])
                .await
                .is_ok()
        {
            many -= piece.len().min(many);
        }
    }
}

/// A mail as it came.
#[derive(Debug, Clone)]
pub(crate) struct Mail {
    pub(crate) to: Vec<String>,
    pub(crate) data: String,
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
    got: Arc<Mutex<Vec<Mail>>>,
    serving: AbortHandle,
}

impl Drop for MailServer {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl MailServer {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let got = Arc::new(Mutex::new(Vec::new()));
        let (to, asked) = (got.clone(), Arc::new(Mutex::new(0)));
        let serving = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (to, asked) = (to.clone(), asked.clone());
                tokio::spawn(async move { session(stream, &to, &asked).await });
            }
        });
        Self {
            address,
            got,
            serving: serving.abort_handle(),
        }
    }

    pub(crate) fn got(&self) -> Vec<Mail> {
        self.got.lock().unwrap().clone()
    }

    pub(crate) async fn wait(&self, count: usize) -> Vec<Mail> {
        wait_for(&format!("{count} mails"), async || {
            Some(self.got()).filter(|got| got.len() >= count)
        })
        .await
    }
}

/// As much of RFC 5321 as one client needs.
async fn session(stream: TcpStream, got: &Mutex<Vec<Mail>>, asked: &Mutex<u32>) -> Option<()> {
    let mut stream = BufReader::new(stream);
    let mut to = Vec::new();
    stream.write_all(b"220 test\r\n").await.ok()?;
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await.ok()? == 0 {
            return None;
        }
        let word = line.get(..4).unwrap_or_default().to_uppercase();
        let answer = match word.as_str() {
            "EHLO" => "250-test\r\n250 8BITMIME",
            "RCPT" if line.contains("<nobody@") => "550 no such user",
            "RCPT" if line.contains("<later@") && first(asked) => "450 later",
            "RCPT" => {
                to.push(line.split(['<', '>']).nth(1)?.to_owned());
                "250 ok"
            }
            "DATA" => {
                stream.write_all(b"354 go on\r\n").await.ok()?;
                let data = data(&mut stream).await?;
                let to = std::mem::take(&mut to);
                got.lock().unwrap().push(Mail { to, data });
                "250 taken"
            }
            "QUIT" => "221 bye",
            _ => "250 ok",
        };
        let answer = format!("{answer}\r\n");
        stream.write_all(answer.as_bytes()).await.ok()?;
    }
}

fn first(asked: &Mutex<u32>) -> bool {
    let mut asked = asked.lock().unwrap();
    *asked += 1;
    *asked == 1
}

async fn data(stream: &mut BufReader<TcpStream>) -> Option<String> {
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
