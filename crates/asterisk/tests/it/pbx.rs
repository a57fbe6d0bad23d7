//! A manager server in memory, for tests of the client.

use std::time::Duration;

use cordboard_asterisk::ami::{
    Client, Config, Connect, Connecting, Events, Item, Login, Reply, ServerSession, State, Stream,
};
use tokio::io::DuplexStream;
use tokio::sync::{Mutex, mpsc};

pub(crate) const SECRET: &str = "s3cret";

/// Hands out the streams that the test made.
pub(crate) struct Wire(Mutex<mpsc::UnboundedReceiver<DuplexStream>>);

impl Connect for Wire {
    fn connect(&self) -> Connecting<'_> {
        Box::pin(async {
            let stream = self.0.lock().await.recv().await;
            let stream = stream
                .ok_or_else(|| std::io::Error::from(std::io::ErrorKind::ConnectionRefused))?;
            Ok(Box::new(stream) as Box<dyn Stream>)
        })
    }
}

/// Asterisk's side.
pub(crate) struct Pbx(mpsc::UnboundedSender<DuplexStream>);

pub(crate) type Session = ServerSession<DuplexStream>;

pub(crate) fn pbx() -> (Wire, Pbx) {
    let (offer, streams) = mpsc::unbounded_channel();
    (Wire(Mutex::new(streams)), Pbx(offer))
}

impl Pbx {
    /// Accepts the client's next connection as a bare stream.
    pub(crate) fn accept(&self) -> DuplexStream {
        let (ours, theirs) = tokio::io::duplex(64 * 1024);
        self.0.send(theirs).expect("the client lives");
        ours
    }

    /// Accepts the client's next connection and lets it log in.
    pub(crate) async fn logged_in(&self) -> (Session, Login) {
        let mut session = ServerSession::greet(self.accept()).await.unwrap();
        let login = session
            .login("591775979", secret_of)
            .await
            .unwrap()
            .expect("the right secret");
        (session, login)
    }
}

pub(crate) fn secret_of(user: &str) -> Option<String> {
    (user == "cordboard").then(|| SECRET.to_owned())
}

/// Without event echoes, so that a test sees its own actions only.
pub(crate) fn config() -> Config {
    let mut config = Config::new("in-memory:5038", "cordboard", SECRET);
    config.timeouts.echo_after = Duration::MAX;
    config
}

/// A client with its first session open.
pub(crate) async fn connected(config: Config) -> (Client, Events, Pbx, Session) {
    let (wire, pbx) = pbx();
    let (client, mut events) = Client::start_with(config, wire);
    let (session, _) = pbx.logged_in().await;
    client.connected().await.unwrap();
    assert_eq!(events.recv().await, Some(Item::Connected { session: 1 }));
    (client, events, pbx, session)
}

pub(crate) async fn wait_for(client: &Client, wanted: impl Fn(&State) -> bool) -> State {
    client.state().wait_for(wanted).await.unwrap().clone()
}

/// Answers the next action with `Response: Success`, checking its name.
pub(crate) async fn accept_action(session: &mut Session, name: &str) {
    let action = session.next_action().await.unwrap().expect("an action");
    assert_eq!(action.action(), name);
    session
        .send(&action.answer(Reply::success()))
        .await
        .unwrap();
}
