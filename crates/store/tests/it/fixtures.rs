//! Values to store. Ids grow with their number, so that their order is known.

use model::{
    Agent, AgentId, AgentState, AgentStatus, AmiAccess, ApiKey, ApiKeyId, Cadence, CallId, Caller,
    CallerId, CallerIdImport, CallerIdImportId, CallerIdKey, Choice, Codec, Delivery,
    DeliveryEvent, DeliveryId, DeliveryState, DialplanAction, DialplanContext, DialplanContextId,
    DialplanRule, Did, DidId, DidTarget, E164, Event, EventBody, Extension, ExtensionId, OfferId,
    OfferResult, ProvisionedBy, Queue, QueueId, Recipient, RecipientId, ReportFormat,
    ReportOptions, ReportPeriod, ReportSchedule, ReportScheduleId, ReservationId, Role, Server,
    ServerId, SessionId, SipTransport, Target, Timestamp, Trunk, TrunkId, User, UserId,
};
use store::{
    ConflictKind, Digests, KeptContext, KeptExtension, KeptSchedule, KeptTrunk, PlannedDelivery,
    Session, StoreError,
};
use uuid::Uuid;

pub(crate) fn at(micros: i64) -> Timestamp {
    // 2026-01-02, with microseconds that no lesser precision keeps.
    Timestamp::from_micros(1_767_312_000_123_457 + micros)
}

pub(crate) fn id(kind: u128, number: u128) -> Uuid {
    Uuid::from_u128((0x0190_0000_0000_7000_8000 << 48) | (number << 8) | kind)
}

pub(crate) fn queue_id(number: u128) -> QueueId {
    QueueId(id(1, number))
}

pub(crate) fn agent_id(number: u128) -> AgentId {
    AgentId(id(2, number))
}

pub(crate) fn call_id(number: u128) -> CallId {
    CallId(id(3, number))
}

pub(crate) fn offer_id(number: u128) -> OfferId {
    OfferId(id(4, number))
}

pub(crate) fn server_id(number: u128) -> ServerId {
    ServerId(id(5, number))
}

pub(crate) fn user_id(number: u128) -> UserId {
    UserId(id(6, number))
}

pub(crate) fn did_id(number: u128) -> DidId {
    DidId(id(7, number))
}

pub(crate) fn queue(number: u128) -> Queue {
    Queue::new(queue_id(number), &format!("queue-{number:03}"))
}

pub(crate) fn kept_extension(number: u128) -> KeptExtension {
    KeptExtension {
        extension: Extension {
            id: ExtensionId(id(8, number)),
            number: format!("{}", 1_000 + number),
            name: format!("Žofia \"{number}\""),
            server: Some(server_id(1)),
            transport: SipTransport::Webrtc,
            codecs: vec![Codec::Opus, Codec::Alaw],
            context: "agents".to_owned(),
            mailbox: Some(format!("{number}@default")),
            nat: number % 2 == 1,
            qualify_seconds: 3_600,
            active: number != 2,
        },
        digests: Digests {
            md5: format!("{number:032x}"),
            sha256: format!("{number:064x}"),
        },
    }
}

pub(crate) fn kept_trunk(number: u128) -> KeptTrunk {
    KeptTrunk {
        trunk: Trunk {
            id: TrunkId(id(9, number)),
            name: format!("trunk-{number}"),
            server: (number == 1).then(|| server_id(1)),
            host: "[2001:db8::1]".to_owned(),
            port: u16::MAX,
            transport: SipTransport::Tls,
            username: Some("4215550100".to_owned()),
            registers: number == 1,
            addresses: vec!["192.0.2.0/24".to_owned()],
            context: format!("from-{number}"),
            codecs: vec![Codec::Alaw],
            from_domain: (number == 1).then(|| "centre.example.org".to_owned()),
            qualify_seconds: 60,
            active: number == 1,
            outbound: Some(model::TrunkOutbound::default()),
        },
        sealed: Some("sealed".to_owned()),
    }
}

pub(crate) fn kept_context(number: u16) -> KeptContext {
    let rule = |pattern: &str, action| DialplanRule {
        pattern: pattern.parse().unwrap(),
        action,
        note: "n".to_owned(),
    };
    let out = DialplanAction::Out {
        strip: 1,
        prepend: "+421".to_owned(),
        present: Some("+4215550100".to_owned()),
    };
    let queue = DialplanAction::Queue { queue: queue_id(1) };
    KeptContext {
        context: DialplanContext {
            id: DialplanContextId(id(11, number.into())),
            name: format!("context-{number}"),
            note: "calls of agents".to_owned(),
            rules: vec![rule("_0Z.", out), rule("500", queue)],
        },
        slot: number,
    }
}

pub(crate) fn agent(number: u128) -> Agent {
    Agent {
        id: agent_id(number),
        name: format!("Agent {number}"),
        extension: format!("{}", 1_000 + number),
        user: None,
        skills: [("en".to_owned(), 7), ("sk".to_owned(), 10)].into(),
        active: true,
    }
}

pub(crate) fn user(number: u128) -> User {
    User {
        id: user_id(number),
        name: format!("user-{number:03}"),
        role: Role::Supervisor,
        agent: None,
        active: true,
        created_at: at(1),
    }
}

pub(crate) fn session(number: u128, user: UserId) -> Session {
    Session {
        id: SessionId(id(8, number)),
        user,
        created_at: at(0),
        last_seen_at: at(0),
        expires_at: at(1_000),
        revoked_at: None,
    }
}

pub(crate) fn api_key(number: u128) -> ApiKey {
    ApiKey {
        id: ApiKeyId(id(9, number)),
        name: format!("key-{number:03}"),
        role: Role::Service,
        created_at: at(2),
        last_used_at: None,
        revoked_at: None,
    }
}

pub(crate) fn server(number: u128) -> Server {
    Server {
        id: server_id(number),
        name: format!("pbx-{number:03}"),
        ari_url: "http://127.0.0.1:8088/ari".to_owned(),
        ari_user: "cordboard".to_owned(),
        application: "cordboard".to_owned(),
        active: true,
        dial_out: (number % 2 == 1).then(|| "PJSIP/{number}@trunk".parse().unwrap()),
        ami: (number % 2 == 1).then(|| AmiAccess {
            address: "[::1]:5039".to_owned(),
            user: "cordboard".to_owned(),
            tls: true,
        }),
        provisioned_by: match number % 3 {
            0 => ProvisionedBy::Http,
            1 => ProvisionedBy::Database,
            _ => ProvisionedBy::Files,
        },
    }
}

pub(crate) fn did(number: u128, queue: QueueId) -> Did {
    Did {
        id: did_id(number),
        number: format!("+155501{number:02}"),
        to: DidTarget::Queue { queue },
        return_wait_seconds: model::return_wait(),
        note: String::new(),
    }
}

pub(crate) fn caller_id_key(number: u128) -> CallerIdKey {
    CallerIdKey(id(10, number))
}

pub(crate) fn reservation_id(number: u128) -> ReservationId {
    ReservationId(id(11, number))
}

pub(crate) fn import_id(number: u128) -> CallerIdImportId {
    CallerIdImportId(id(12, number))
}

pub(crate) fn recipient_id(number: u128) -> RecipientId {
    RecipientId(id(13, number))
}

pub(crate) fn delivery_id(number: u128) -> DeliveryId {
    DeliveryId(id(14, number))
}

pub(crate) fn schedule_id(number: u128) -> ReportScheduleId {
    ReportScheduleId(id(15, number))
}

pub(crate) fn recipient(number: u128) -> Recipient {
    Recipient {
        id: recipient_id(number),
        name: format!("Recipient {number:03}"),
        target: Target::Mail {
            address: "ops@example.com".to_owned(),
        },
        alarms: false,
    }
}

/// One that has not been tried.
pub(crate) fn delivery(number: u128, recipient: u128, due_at: i64) -> Delivery {
    Delivery {
        id: delivery_id(number),
        event: DeliveryEvent::Test,
        schedule: None,
        recipient: recipient_id(recipient),
        recipient_name: format!("Recipient {recipient:03}"),
        due_at: at(due_at),
        late: false,
        state: DeliveryState::Waiting,
        attempts: 0,
        next_attempt_at: Some(at(due_at)),
        error: None,
        created_at: at(1),
        finished_at: None,
    }
}

pub(crate) fn planned(number: u128, recipient: u128, due_at: i64) -> PlannedDelivery {
    PlannedDelivery {
        source: "source".to_owned(),
        content: format!("{{\"number\":{number}}}"),
        delivery: delivery(number, recipient, due_at),
    }
}

/// One that tells the first recipient.
pub(crate) fn schedule(number: u128) -> KeptSchedule {
    KeptSchedule {
        schedule: ReportSchedule {
            id: schedule_id(number),
            name: format!("Schedule {number:03}"),
            report: "queue".to_owned(),
            options: ReportOptions::default(),
            period: ReportPeriod::Yesterday,
            format: ReportFormat::Xlsx,
            cadence: Cadence::Day,
            at: "07:30".to_owned(),
            time_zone: "Europe/Bratislava".to_owned(),
            recipients: vec![recipient_id(1)],
            active: true,
        },
        planned_until: at(10),
    }
}

/// One of our numbers.
pub(crate) fn number(number: u64) -> E164 {
    E164::from_digits(12_025_550_100 + number).unwrap()
}

/// Somebody who is called.
pub(crate) fn person(number: u64) -> E164 {
    E164::from_digits(13_105_550_100 + number).unwrap()
}

/// A number of which only the least is said.
pub(crate) fn caller_id(of: u64) -> CallerId {
    let e164 = number(of);
    let id = caller_id_key(u128::from(of));
    CallerId {
        updated_at: at(4),
        ..CallerId::new(id, &e164.to_string(), e164, at(3))
    }
}

pub(crate) fn import(number: u128) -> CallerIdImport {
    let made_at = at(i64::try_from(number).unwrap() * 10);
    CallerIdImport::new(import_id(number), "numbers.csv", "ada", made_at)
}

pub(crate) fn event(seq: u64, body: EventBody) -> Event {
    let at = at(i64::try_from(seq).unwrap() * 1_000);
    Event { seq, at, body }
}

pub(crate) fn arrived(call: u128) -> EventBody {
    EventBody::CallArrived {
        call: call_id(call),
        server: server_id(1),
        channel: format!("1767312000.{call}"),
        caller: Caller {
            number: format!("555{call:04}"),
            e164: Some(format!("+1202555{call:04}")),
            name: "Ada".to_owned(),
        },
        dialled: "5550100".to_owned(),
    }
}

pub(crate) fn queued(call: u128, queue: u128) -> EventBody {
    EventBody::CallQueued {
        call: call_id(call),
        queue: queue_id(queue),
        priority: 3,
        position: 1,
        overflow_reason: None,
        kept_for: None,
    }
}

pub(crate) fn offered(call: u128, offer: u128, agent: u128) -> EventBody {
    EventBody::CallOffered {
        call: call_id(call),
        queue: queue_id(1),
        offer: offer_id(offer),
        agent: agent_id(agent),
        choice: Choice::default(),
    }
}

pub(crate) fn offer_ended(call: u128, offer: u128, agent: u128, result: OfferResult) -> EventBody {
    EventBody::OfferEnded {
        call: call_id(call),
        queue: queue_id(1),
        offer: offer_id(offer),
        agent: agent_id(agent),
        result,
        ring_ms: 1_500,
    }
}

pub(crate) fn answered(call: u128, offer: u128, agent: u128) -> EventBody {
    EventBody::CallAnswered {
        call: call_id(call),
        queue: queue_id(1),
        offer: offer_id(offer),
        agent: agent_id(agent),
        wait_ms: 2_500,
    }
}

pub(crate) fn ended(call: u128, agent: Option<u128>) -> EventBody {
    use model::{EndedBy, Outcome};
    EventBody::CallEnded {
        call: call_id(call),
        queue: Some(queue_id(1)),
        agent: agent.map(agent_id),
        outcome: match agent {
            Some(_) => Outcome::Answered,
            None => Outcome::Abandoned,
        },
        overflow_reason: None,
        ended_by: EndedBy::Caller,
        hangup_cause: Some(16),
        wait_ms: Some(2_500),
        talk_ms: agent.map(|_| 60_000),
    }
}

pub(crate) fn changed(agent: u128, state: AgentState, since: i64) -> EventBody {
    EventBody::AgentChanged {
        agent: agent_id(agent),
        from: AgentState::Offline,
        status: AgentStatus::plain(state, at(since)),
    }
}

/// Numbers events from `first` on.
pub(crate) fn events(first: u64, bodies: Vec<EventBody>) -> Vec<Event> {
    bodies
        .into_iter()
        .zip(first..)
        .map(|(body, seq)| event(seq, body))
        .collect()
}

#[track_caller]
pub(crate) fn assert_conflict<T: std::fmt::Debug>(
    result: Result<T, StoreError>,
    expected_field: &str,
    expected_kind: ConflictKind,
) {
    match result {
        Err(StoreError::Conflict { field, kind, .. }) => {
            assert_eq!((field.as_str(), kind), (expected_field, expected_kind));
        }
        other => panic!("expected a conflict in {expected_field}, got {other:?}"),
    }
}
