//! What the desk commands and the link makes of it, where no traffic comes by chance.

use std::time::Duration;

use asterisk::ari;
use engine::acd::{Acd as Engine, Command, Input};
use model::{
    Agent, AgentId, AgentState, CallId, Caller, Member, OfferId, Queue, QueueId, Server, ServerId,
    Timestamp,
};
use sim::asterisk::{SimConfig, SimPbx};
use tempfile::TempDir;
use tokio::sync::{mpsc, oneshot};

use super::{
    desk::{Ask, Desk, Finder, MAILBOX, Mailbox},
    link::{Link, Surroundings},
    outbox::{self, Inbox, outbox},
    today::Today,
};
use crate::{
    clock::Clock,
    journal::{Journal, Limits},
    numbers::Numbers,
    stream::Stream,
};

const PATIENCE: Duration = Duration::from_secs(20);
const PBX: ServerId = ServerId(uuid::Uuid::from_u128(1));

/// A desk with the queue `sales` and one available agent at the phone 101.
struct Small {
    desk: mpsc::Sender<Ask>,
    around: Surroundings,
    _folder: TempDir,
}

impl Small {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (journal, _) = <Journal>::open(folder.path(), 0, Limits::default()).unwrap();
        let (asks, inbox) = mpsc::channel(MAILBOX);
        let around = Surroundings {
            acd: Mailbox(asks.clone()),
            clock: Clock::start(),
            journal: journal.status(),
            numbers: Numbers::default(),
            traces: super::trace::Traces::default(),
        };
        let stream = Stream::new(Vec::new(), 0);
        let (clock, today) = (around.clock.clone(), Today::default());
        let mut desk = Desk::new(Engine::new(1), clock, journal, stream, today, None);
        for input in set_up() {
            desk.take(input);
        }
        tokio::spawn(desk.run(inbox));
        Self {
            desk: asks,
            around,
            _folder: folder,
        }
    }

    /// The server's commands come there, at most `limit` of them waiting.
    async fn attach(&self, limit: usize) -> Inbox {
        let (outbox, inbox) = outbox(limit);
        let (reply, known) = oneshot::channel();
        let attach = Ask::Attach {
            server: PBX,
            dial_out: None,
            outbox,
            reply,
        };
        self.desk.send(attach).await.unwrap();
        known.await.unwrap();
        inbox
    }

    async fn tell(&self, input: Input) {
        self.around.acd.tell(input).await;
    }

    async fn caller_arrives(&self) -> CallId {
        let call = CallId(uuid::Uuid::from_u128(2));
        let arrived = Input::CallArrived {
            call,
            server: PBX,
            channel: "caller-1".to_owned(),
            caller: Caller::new("5550177", "Zoe Example"),
            dialled: "5550100".to_owned(),
            argument: Some("sales".to_owned()),
            priority: 0,
            returned: None,
        };
        self.tell(arrived).await;
        call
    }
}

fn set_up() -> [Input; 4] {
    let mut queue = Queue::new(QueueId::new(Timestamp::default(), 1), "sales");
    queue.ring_seconds = 120;
    let agent = Agent {
        id: AgentId::new(Timestamp::default(), 1),
        name: "Ann Example".to_owned(),
        extension: "101".to_owned(),
        user: None,
        skills: std::collections::BTreeMap::new(),
        active: true,
    };
    let member = Member {
        queue: queue.id,
        agent: agent.id,
        penalty: 0,
        paused: false,
    };
    let available = Input::StateAsked {
        agent: agent.id,
        state: AgentState::Available,
        reason: None,
    };
    [
        Input::QueueSet(queue),
        Input::AgentSet(agent),
        Input::MemberSet(member),
        available,
    ]
}

async fn commanded<T>(inbox: &mut Inbox, wanted: impl Fn(&Command) -> Option<T>) -> T {
    let found = async {
        loop {
            let command = inbox.commands.recv().await.unwrap();
            if let outbox::Command::Acd(command) = command
                && let Some(found) = wanted(&command)
            {
                return found;
            }
        }
    };
    let found = tokio::time::timeout(PATIENCE, found).await;
    found.expect("it is commanded")
}

#[tokio::test]
async fn who_answers_while_the_phone_is_silenced_is_let_go_once_more() {
    let small = Small::start();
    let mut inbox = small.attach(100).await;
    let call = small.caller_arrives().await;
    let offered = |command: &Command| match command {
        Command::Offer { offer, .. } => Some(*offer),
        _ => None,
    };
    let offer: OfferId = commanded(&mut inbox, offered).await;
    small.tell(Input::CallerHungUp { call, cause: None }).await;
    let withdrawn = |command: &Command| (*command == Command::Withdraw { offer }).then_some(());
    commanded(&mut inbox, withdrawn).await;
    small.tell(Input::OfferAnswered { offer }).await;
    let let_go = |command: &Command| (*command == Command::Disconnect { offer }).then_some(());
    commanded(&mut inbox, let_go).await;
}

#[tokio::test]
async fn a_dropped_command_is_made_up_for_by_a_comparison() {
    let small = Small::start();
    let pbx = SimPbx::start(SimConfig::default()).await.unwrap();
    let phone = pbx.phone("101");
    phone.never_answers();
    let config = ari::Config::new(pbx.ari_url(), pbx.username(), pbx.password(), "cordboard");
    let server = Server {
        id: PBX,
        name: "sim".to_owned(),
        ari_url: config.base_url.clone(),
        ari_user: config.username.clone(),
        application: config.application.clone(),
        active: true,
        dial_out: None,
        ami: None,
        provisioned_by: model::ProvisionedBy::Http,
    };
    let (client, events) = ari::Client::connect(config).unwrap();
    // What follows from an arrival is more than one command.
    let inbox = small.attach(1).await;
    let link = Link::new(server, client.clone(), small.around.clone(), Vec::new());
    let link = tokio::spawn(link.run(events, inbox));
    let mut state = client.watch_connection();
    let up = state.wait_for(|state| matches!(state, ari::ConnectionState::Connected { .. }));
    tokio::time::timeout(PATIENCE, up).await.unwrap().unwrap();

    let caller = sim::asterisk::Caller::new("Zoe Example", "5550177");
    let _call = pbx.caller_dials("5550100", caller, &["sales"]);
    let rings = async {
        while phone.calls().is_empty() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(PATIENCE, rings).await.unwrap();
    link.abort();
}

/// Somebody who may be calling back; nothing has been looked up when this returns.
fn calls_back(desk: &mut Desk) -> CallId {
    let call = CallId(uuid::Uuid::from_u128(3));
    desk.hear(Input::CallArrived {
        call,
        server: PBX,
        channel: "caller-2".to_owned(),
        caller: Numbers::default().caller("+13105550142", ""),
        dialled: "5550120".to_owned(),
        argument: None,
        priority: 0,
        returned: None,
    });
    call
}

/// A desk that is driven by hand, with a database that is, or is not, there.
async fn desk_with(database: bool) -> (Desk, mpsc::Receiver<Ask>, mpsc::Sender<Ask>, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let (journal, _) = <Journal>::open(folder.path(), 0, Limits::default()).unwrap();
    let (asks, inbox) = mpsc::channel(MAILBOX);
    let stream = Stream::new(Vec::new(), 0);
    let (clock, today) = (Clock::start(), Today::default());
    let mut desk = Desk::new(Engine::new(1), clock, journal, stream, today, None);
    let file = folder.path().join("test.sqlite");
    let store = store::Store::open(&format!("sqlite:{}", file.display())).await;
    let store = store.unwrap();
    if database {
        store.migrate().await.unwrap();
    }
    desk.find_by(Finder::new(store, Numbers::default(), asks.downgrade()));
    let [queue, agent, member, available] = set_up();
    let Input::QueueSet(sales) = &queue else {
        unreachable!("it is the first");
    };
    let did = Input::DidSet(model::Did {
        id: model::DidId::new(Timestamp::default(), 1),
        number: "5550120".to_owned(),
        to: model::DidTarget::Queue { queue: sales.id },
        return_wait_seconds: 20,
        note: String::new(),
    });
    for input in [queue, agent, member, available, did] {
        desk.take(input);
    }
    (desk, inbox, asks, folder)
}

async fn looked_up(inbox: &mut mpsc::Receiver<Ask>) -> (CallId, Option<engine::acd::Returned>) {
    match tokio::time::timeout(PATIENCE, inbox.recv()).await {
        Ok(Some(Ask::Found { call, returned })) => (call, returned),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn who_may_be_calling_back_is_served_without_a_database() {
    for database in [true, false] {
        let (mut desk, mut inbox, _asks, _folder) = desk_with(database).await;
        let call = calls_back(&mut desk);
        assert!(desk.known_call(call).is_none(), "it is looked up first");
        let (found, returned) = looked_up(&mut inbox).await;
        assert_eq!((found, returned), (call, None));
        desk.found(found, returned);
        assert!(desk.known_call(call).is_some());
    }
}

#[tokio::test]
async fn what_is_told_of_its_server_comes_after_the_arrival() {
    let lost = Input::ServerLost { server: PBX };
    let alive = Input::ServerResynced {
        server: PBX,
        snapshot: engine::acd::Snapshot {
            calls: vec![CallId(uuid::Uuid::from_u128(3))],
            ..engine::acd::Snapshot::default()
        },
    };
    for told in [lost, alive] {
        let (mut desk, mut inbox, _asks, _folder) = desk_with(true).await;
        let call = calls_back(&mut desk);
        desk.hear(told);
        assert!(
            desk.known_call(call).is_some(),
            "it is not taken for a stray"
        );
        // The answer comes too late, and nothing comes of it.
        let (found, returned) = looked_up(&mut inbox).await;
        desk.found(found, returned);
        assert!(desk.known_call(call).is_some());
    }
}

#[tokio::test]
async fn who_hung_up_meanwhile_is_offered_to_nobody() {
    let (mut desk, mut inbox, _asks, _folder) = desk_with(true).await;
    let call = calls_back(&mut desk);
    desk.hear(Input::CallerHungUp { call, cause: None });
    let (found, returned) = looked_up(&mut inbox).await;
    desk.found(found, returned);
    assert!(desk.known_call(call).is_none());
}
