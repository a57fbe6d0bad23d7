//! Servers, queues, members, DIDs and settings.

use crate::contract;
use crate::fixtures::{
    agent, agent_id, assert_conflict, did, did_id, kept_context, kept_extension, kept_trunk, queue,
    queue_id, server, server_id,
};
use model::{
    AnswerOn, Codec, DialplanTarget, DidTarget, Member, NoAgents, Overflow, SkillRequirement,
    Strategy,
};
use store::{ConflictKind, ServerSecrets, Store, StoreError};

contract!(
    servers_are_kept,
    extensions_are_kept,
    trunks_are_kept,
    dialplan_contexts_are_kept,
    queues_are_kept,
    queues_page_by_name,
    a_queue_that_others_lead_to_stays,
    members_are_kept,
    members_go_with_their_queue_or_agent,
    dids_are_kept,
    settings_are_kept,
    pings,
);

async fn servers_are_kept(store: &Store) {
    let servers = store.servers();
    let (mut first, second) = (server(1), server(2));
    servers.create(&first, &sealed("one")).await.unwrap();
    servers
        .create(&second, &ServerSecrets::default())
        .await
        .unwrap();
    assert_eq!(servers.get(first.id).await, Ok(Some(first.clone())));
    assert_eq!(servers.by_name("pbx-002").await, Ok(Some(second.clone())));
    assert_eq!(servers.by_name("pbx").await, Ok(None));
    let all = servers.list(None, 9).await;
    assert_eq!(all, Ok(vec![first.clone(), second.clone()]));
    let rest = servers.list(Some("pbx-001"), 9).await;
    assert_eq!(rest, Ok(vec![second.clone()]));

    let secrets = servers.secrets(first.id).await;
    assert_eq!(secrets, Ok(Some(sealed("one"))));
    assert_eq!(servers.secrets(server_id(9)).await, Ok(None));
    first.active = false;
    first.ami = None;
    "https://[::1]:8089/ari".clone_into(&mut first.ari_url);
    servers.update(&first, &sealed("two")).await.unwrap();
    assert_eq!(servers.get(first.id).await, Ok(Some(first.clone())));
    let secrets = servers.secrets(first.id).await;
    assert_eq!(secrets, Ok(Some(sealed("two"))));

    let none = ServerSecrets::default();
    second.name.clone_into(&mut first.name);
    let taken = servers.update(&first, &none).await;
    assert_conflict(taken, "name", ConflictKind::Taken);
    first.id = server_id(3);
    let taken = servers.create(&first, &none).await;
    assert_conflict(taken, "name", ConflictKind::Taken);
    servers.delete(second.id).await.unwrap();
    let gone = Err(StoreError::NotFound { table: "servers" });
    assert_eq!(servers.delete(second.id).await, gone);
    assert_eq!(servers.update(&second, &none).await, gone);
}

fn sealed(which: &str) -> ServerSecrets {
    ServerSecrets {
        ari: format!("sealed {which}"),
        ami: Some(format!("sealed {which} for ami")),
    }
}

async fn extensions_are_kept(store: &Store) {
    let extensions = store.extensions();
    store
        .servers()
        .create(&server(1), &ServerSecrets::default())
        .await
        .unwrap();
    let (mut first, second) = (kept_extension(1), kept_extension(2));
    let both = [first.clone(), second.clone()];
    extensions.create(&both).await.unwrap();
    let found = extensions.get(first.extension.id).await;
    assert_eq!(found, Ok(Some(first.clone())));
    let rest = extensions.list(Some("1001"), 9).await;
    assert_eq!(rest, Ok(vec![second.extension.clone()]));

    first.extension.codecs = vec![Codec::G722];
    first.extension.mailbox = None;
    first.extension.server = None;
    "another".clone_into(&mut first.digests.md5);
    extensions.update(&first).await.unwrap();
    let mut loaded = Vec::new();
    extensions.load(|page| loaded.extend(page)).await.unwrap();
    assert_eq!(loaded, [first.clone(), second.clone()]);

    // All or none.
    let mut stray = kept_extension(3);
    stray.extension.server = Some(server_id(9));
    let missing = extensions.create(&[kept_extension(4), stray]).await;
    assert_conflict(missing, "server", ConflictKind::Missing);
    let taken = extensions
        .create(&[kept_extension(4), kept_extension(2)])
        .await;
    assert!(taken.is_err());
    let list = extensions.list(None, 9).await.unwrap();
    assert_eq!(list.len(), 2, "{list:?}");
    second
        .extension
        .number
        .clone_into(&mut first.extension.number);
    let taken = extensions.update(&first).await;
    assert_conflict(taken, "number", ConflictKind::Taken);
    // A server that phones are set up for stays.
    assert!(store.servers().delete(server_id(1)).await.is_err());
    assert_eq!(extensions.any_in("agents").await, Ok(true));
    assert_eq!(extensions.any_in("agent").await, Ok(false));
    extensions.delete(second.extension.id).await.unwrap();
    let gone = Err(StoreError::NotFound {
        table: "extensions",
    });
    assert_eq!(extensions.delete(second.extension.id).await, gone);
    assert_eq!(extensions.update(&second).await, gone);
}

async fn trunks_are_kept(store: &Store) {
    let trunks = store.trunks();
    let none = ServerSecrets::default();
    store.servers().create(&server(1), &none).await.unwrap();
    let (mut first, second) = (kept_trunk(1), kept_trunk(2));
    trunks.create(&first).await.unwrap();
    trunks.create(&second).await.unwrap();
    let id = first.trunk.id;
    assert_eq!(trunks.get(id).await, Ok(Some(first.clone())));
    let rest = trunks.list(Some("trunk-1"), 9).await;
    assert_eq!(rest, Ok(vec![second.clone()]));
    assert_eq!(trunks.any_in("from-2").await, Ok(true));
    assert_eq!(trunks.any_in("from-").await, Ok(false));

    first.trunk.username = None;
    first.trunk.server = None;
    first.sealed = None;
    trunks.update(&first).await.unwrap();
    assert_eq!(trunks.get(id).await, Ok(Some(first.clone())));
    second.trunk.name.clone_into(&mut first.trunk.name);
    let taken = trunks.update(&first).await;
    assert_conflict(taken, "name", ConflictKind::Taken);
    let mut stray = kept_trunk(3);
    stray.trunk.server = Some(server_id(9));
    let missing = trunks.create(&stray).await;
    assert_conflict(missing, "server", ConflictKind::Missing);
    trunks.delete(id).await.unwrap();
    let gone = Err(StoreError::NotFound { table: "trunks" });
    assert_eq!(trunks.delete(id).await, gone);
    assert_eq!(trunks.update(&first).await, gone);
}

async fn dialplan_contexts_are_kept(store: &Store) {
    let contexts = store.dialplan_contexts();
    let (mut first, second) = (kept_context(1), kept_context(2));
    contexts.create(&first).await.unwrap();
    contexts.create(&second).await.unwrap();
    let id = first.context.id;
    assert_eq!(contexts.get(id).await, Ok(Some(first.clone())));
    let rest = contexts.list(Some("context-1"), 9).await;
    assert_eq!(rest, Ok(vec![second.clone()]));

    first.context.rules.truncate(1);
    "Žofia's \"own\"".clone_into(&mut first.context.rules[0].note);
    contexts.update(&first).await.unwrap();
    assert_eq!(contexts.get(id).await, Ok(Some(first.clone())));
    let (mut named, mut placed) = (kept_context(3), kept_context(3));
    second.context.name.clone_into(&mut named.context.name);
    assert_conflict(contexts.create(&named).await, "name", ConflictKind::Taken);
    placed.slot = second.slot;
    assert_conflict(contexts.create(&placed).await, "slot", ConflictKind::Taken);
    second.context.name.clone_into(&mut first.context.name);
    assert_conflict(contexts.update(&first).await, "name", ConflictKind::Taken);
    contexts.delete(id).await.unwrap();
    let gone = Err(StoreError::NotFound {
        table: "dialplan_contexts",
    });
    assert_eq!(contexts.delete(id).await, gone);
    assert_eq!(contexts.update(&first).await, gone);
}

async fn queues_are_kept(store: &Store) {
    let queues = store.queues();
    let plain = queue(1);
    queues.create(&plain).await.unwrap();
    assert_eq!(queues.get(plain.id).await, Ok(Some(plain.clone())));
    assert_eq!(queues.by_name("queue-001").await, Ok(Some(plain.clone())));
    assert_eq!(queues.by_name("queue").await, Ok(None));

    let mut rich = queue(2);
    rich.strategy = Strategy::Skills;
    rich.priority = -5;
    rich.no_answer_seconds = None;
    rich.max_wait_seconds = None;
    rich.max_size = Some(u32::MAX);
    rich.no_agents = NoAgents::OverflowAll;
    rich.overflow = Overflow::Dialplan(DialplanTarget {
        context: "after-hours".to_owned(),
        extension: "s".to_owned(),
        priority: 1,
    });
    rich.answer_on = AnswerOn::Agent;
    rich.required_skills = vec![SkillRequirement {
        skill: "sk".to_owned(),
        min_level: 3,
    }];
    rich.active = false;
    queues.create(&rich).await.unwrap();
    assert_eq!(queues.get(rich.id).await, Ok(Some(rich.clone())));

    for no_agents in [NoAgents::Wait, NoAgents::RefuseNew] {
        rich.no_agents = no_agents;
        rich.overflow = Overflow::Queue { queue: plain.id };
        queues.update(&rich).await.unwrap();
        assert_eq!(queues.get(rich.id).await, Ok(Some(rich.clone())));
    }
    for strategy in Strategy::ALL {
        rich.strategy = strategy;
        queues.update(&rich).await.unwrap();
        assert_eq!(queues.get(rich.id).await, Ok(Some(rich.clone())));
    }
    let gone = Err(StoreError::NotFound { table: "queues" });
    assert_eq!(queues.update(&queue(9)).await, gone);
    assert_eq!(queues.delete(queue_id(9)).await, gone);

    let mut twin = queue(3);
    plain.name.clone_into(&mut twin.name);
    assert_conflict(queues.create(&twin).await, "name", ConflictKind::Taken);
    plain.name.clone_into(&mut rich.name);
    assert_conflict(queues.update(&rich).await, "name", ConflictKind::Taken);
    let mut stray = queue(4);
    stray.overflow = Overflow::Queue { queue: queue_id(9) };
    let missing = queues.create(&stray).await;
    assert_conflict(missing, "overflow", ConflictKind::Missing);
    stray.id = plain.id;
    let missing = queues.update(&stray).await;
    assert_conflict(missing, "overflow", ConflictKind::Missing);
}

async fn queues_page_by_name(store: &Store) {
    for number in [3, 1, 2] {
        store.queues().create(&queue(number)).await.unwrap();
    }
    let page = store.queues().list(None, 2).await;
    assert_eq!(page, Ok(vec![queue(1), queue(2)]));
    let page = store.queues().list(Some("queue-002"), 2).await;
    assert_eq!(page, Ok(vec![queue(3)]));
}

async fn a_queue_that_others_lead_to_stays(store: &Store) {
    let queues = store.queues();
    let (target, mut other) = (queue(1), queue(2));
    queues.create(&target).await.unwrap();
    other.overflow = Overflow::Queue { queue: target.id };
    queues.create(&other).await.unwrap();
    store.dids().create(&did(1, target.id)).await.unwrap();

    let refused = queues.delete(target.id).await;
    let words = refused.clone().unwrap_err().to_string();
    assert_conflict(refused, "id", ConflictKind::StillReferred);
    assert!(
        words.contains("1 DIDs and the overflow of 1 queues"),
        "{words}"
    );
    store.dids().delete(did_id(1)).await.unwrap();
    let refused = queues.delete(target.id).await;
    assert_conflict(refused, "id", ConflictKind::StillReferred);
    other.overflow = Overflow::HangUp;
    queues.update(&other).await.unwrap();

    let settings = store.settings();
    settings.set_default_queue(Some(target.id)).await.unwrap();
    let refused = queues.delete(target.id).await;
    assert_conflict(refused, "id", ConflictKind::StillReferred);
    settings.set_default_queue(None).await.unwrap();
    queues.delete(target.id).await.unwrap();
    assert_eq!(queues.get(target.id).await, Ok(None));
}

fn member(queue: u128, agent: u128) -> Member {
    Member {
        queue: queue_id(queue),
        agent: agent_id(agent),
        penalty: 10,
        paused: false,
    }
}

async fn two_by_two(store: &Store) {
    for number in [1, 2] {
        store.queues().create(&queue(number)).await.unwrap();
        store.agents().create(&agent(number)).await.unwrap();
    }
    for (queue, agent) in [(2, 2), (1, 2), (2, 1), (1, 1)] {
        let member = member(queue, agent);
        store.members().create(&member).await.unwrap();
    }
}

async fn members_are_kept(store: &Store) {
    two_by_two(store).await;
    let members = store.members();
    let (q, a) = (queue_id, agent_id);
    let mut changed = member(1, 2);
    assert_eq!(members.get(q(1), a(2)).await, Ok(Some(changed.clone())));
    changed.penalty = 100;
    changed.paused = true;
    members.update(&changed).await.unwrap();
    assert_eq!(members.get(q(1), a(2)).await, Ok(Some(changed.clone())));

    let page = members.list(None, 3).await.unwrap();
    assert_eq!(page, [member(1, 1), changed.clone(), member(2, 1)]);
    let page = members.list(Some((q(2), a(1))), 3).await.unwrap();
    assert_eq!(page, [member(2, 2)]);
    let page = members.of_queue(q(1), None, 9).await.unwrap();
    assert_eq!(page, [member(1, 1), changed.clone()]);
    let page = members.of_queue(q(1), Some(a(1)), 9).await.unwrap();
    assert_eq!(page, [changed.clone()]);
    let page = members.of_agent(a(2), None, 9).await.unwrap();
    assert_eq!(page, [changed.clone(), member(2, 2)]);
    let page = members.of_agent(a(2), Some(q(1)), 9).await.unwrap();
    assert_eq!(page, [member(2, 2)]);

    let again = members.create(&member(1, 1)).await;
    assert_conflict(again, "agent", ConflictKind::Taken);
    let missing = members.create(&member(1, 9)).await;
    assert_conflict(missing, "agent", ConflictKind::Missing);
    let missing = members.create(&member(9, 1)).await;
    assert_conflict(missing, "queue", ConflictKind::Missing);
    members.delete(q(1), a(1)).await.unwrap();
    let gone = Err(StoreError::NotFound { table: "members" });
    assert_eq!(members.delete(q(1), a(1)).await, gone);
    assert_eq!(members.update(&member(1, 1)).await, gone);
    assert_eq!(members.get(q(1), a(1)).await, Ok(None));
}

async fn members_go_with_their_queue_or_agent(store: &Store) {
    two_by_two(store).await;
    store.queues().delete(queue_id(1)).await.unwrap();
    store.agents().delete(agent_id(2)).await.unwrap();
    let left = store.members().list(None, 9).await;
    assert_eq!(left, Ok(vec![member(2, 1)]));
}

async fn dids_are_kept(store: &Store) {
    let dids = store.dids();
    for number in [1, 2] {
        store.queues().create(&queue(number)).await.unwrap();
    }
    let (second, mut first) = (did(2, queue_id(1)), did(1, queue_id(2)));
    dids.create(&second).await.unwrap();
    dids.create(&first).await.unwrap();
    assert_eq!(dids.get(first.id).await, Ok(Some(first.clone())));
    let by_number = dids.by_number("+15550102").await;
    assert_eq!(by_number, Ok(Some(second.clone())));
    assert_eq!(dids.by_number("15550102").await, Ok(None));
    let all = dids.list(None, 9).await;
    assert_eq!(all, Ok(vec![first.clone(), second.clone()]));
    let rest = dids.list(Some("+15550101"), 9).await;
    assert_eq!(rest, Ok(vec![second.clone()]));

    "shop".clone_into(&mut first.note);
    first.to = DidTarget::Phone {
        number: "101".to_owned(),
        ring_seconds: 20,
        unanswered: model::Unanswered::Words,
    };
    dids.update(&first).await.unwrap();
    assert_eq!(dids.get(first.id).await, Ok(Some(first.clone())));
    let twin = model::Did {
        id: did_id(3),
        ..second.clone()
    };
    assert_conflict(dids.create(&twin).await, "number", ConflictKind::Taken);
    let stray = did(4, queue_id(9));
    assert_conflict(dids.create(&stray).await, "to", ConflictKind::Missing);
    first.to = DidTarget::Agent {
        agent: agent_id(9),
        queue: queue_id(1),
        wait_seconds: 20,
    };
    assert_conflict(dids.update(&first).await, "to", ConflictKind::Missing);
    dids.delete(first.id).await.unwrap();
    let gone = Err(StoreError::NotFound {
        table: "did_routes",
    });
    assert_eq!(dids.delete(first.id).await, gone);
    assert_eq!(dids.update(&second).await, Ok(()));
}

async fn settings_are_kept(store: &Store) {
    let settings = store.settings();
    assert_eq!(settings.get("theme").await, Ok(None));
    settings.set("theme", "dark").await.unwrap();
    settings.set("theme", "light").await.unwrap();
    settings.set("zoom", "1").await.unwrap();
    assert_eq!(settings.get("theme").await, Ok(Some("light".to_owned())));
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let all = settings.list(Some("m"), 9).await.unwrap();
    assert_eq!(all, [pair("theme", "light"), pair("zoom", "1")]);
    assert_eq!(settings.list(Some("theme"), 9).await.unwrap().len(), 1);
    assert_eq!(settings.delete("theme").await, Ok(true));
    assert_eq!(settings.delete("theme").await, Ok(false));
    for refused in [
        settings.set("journal.applied_seq", "7").await,
        settings.delete("journal.applied_seq").await.map(drop),
    ] {
        assert!(matches!(refused, Err(StoreError::Refused { .. })));
    }

    assert_eq!(settings.default_queue().await, Ok(None));
    let missing = settings.set_default_queue(Some(queue_id(1))).await;
    assert_conflict(missing, "default_queue", ConflictKind::Missing);
    store.queues().create(&queue(1)).await.unwrap();
    settings.set_default_queue(Some(queue_id(1))).await.unwrap();
    assert_eq!(settings.default_queue().await, Ok(Some(queue_id(1))));
    settings.set("default_queue", "nonsense").await.unwrap();
    let corrupt = settings.default_queue().await.unwrap_err();
    assert!(matches!(
        corrupt,
        StoreError::Corrupt {
            table: "settings",
            ..
        }
    ));
}

async fn pings(store: &Store) {
    store.ping().await.unwrap();
    store.clone().close().await;
    let closed = store.ping().await.unwrap_err();
    assert!(matches!(closed, StoreError::Unavailable { .. }), "{closed}");
}
