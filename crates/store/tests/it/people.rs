//! Users, their log-ins and keys, and the agents they are.

use crate::contract;
use crate::fixtures::{agent, agent_id, api_key, assert_conflict, at, session, user, user_id};
use model::Role;
use store::{ConflictKind, Store, StoreError};

contract!(
    users_are_kept,
    users_page_by_name,
    users_and_agents_belong_together,
    sessions_count_until_they_end,
    sessions_of_a_user_end_together,
    api_keys_are_kept,
    agents_are_kept,
    two_agents_change_places,
);

async fn users_are_kept(store: &Store) {
    let users = store.users();
    assert_eq!(users.count().await, Ok(0));
    let mut ada = user(1);
    users.create(&ada, "$argon2id$one").await.unwrap();
    assert_eq!(users.count().await, Ok(1));
    assert_eq!(users.get(ada.id).await, Ok(Some(ada.clone())));
    assert_eq!(users.by_name("user-001").await, Ok(Some(ada.clone())));
    assert_eq!(users.by_name("USER-001").await, Ok(None));
    assert_eq!(users.by_name("user-001 ").await, Ok(None));
    assert_eq!(users.get(user_id(9)).await, Ok(None));

    let hash = users.password_hash("user-001").await.unwrap();
    assert_eq!(hash, Some((ada.clone(), "$argon2id$one".to_owned())));
    assert_eq!(users.password_hash("nobody").await, Ok(None));
    users.set_password(ada.id, "$argon2id$two").await.unwrap();
    let (_, hash) = users.password_hash("user-001").await.unwrap().unwrap();
    assert_eq!(hash, "$argon2id$two");

    "ada".clone_into(&mut ada.name);
    ada.role = Role::Administrator;
    ada.active = false;
    users.update(&ada).await.unwrap();
    assert_eq!(users.get(ada.id).await, Ok(Some(ada.clone())));
    let (_, hash) = users.password_hash("ada").await.unwrap().unwrap();
    assert_eq!(hash, "$argon2id$two");

    let mut other = user(2);
    "ada".clone_into(&mut other.name);
    assert_conflict(users.create(&other, "").await, "name", ConflictKind::Taken);
    other.name.push('2');
    users.create(&other, "").await.unwrap();
    let mut same_id = other.clone();
    same_id.name.push('3');
    assert_conflict(users.create(&same_id, "").await, "id", ConflictKind::Taken);
    "ada".clone_into(&mut other.name);
    assert_conflict(users.update(&other).await, "name", ConflictKind::Taken);

    users.delete(ada.id).await.unwrap();
    let gone = Err(StoreError::NotFound { table: "users" });
    assert_eq!(users.delete(ada.id).await, gone);
    assert_eq!(users.update(&ada).await, gone);
    assert_eq!(users.set_password(ada.id, "").await, gone);
}

async fn users_page_by_name(store: &Store) {
    let users = store.users();
    for number in [3, 1, 5, 2, 4] {
        users.create(&user(number), "").await.unwrap();
    }
    let names = |page: Vec<model::User>| -> Vec<String> {
        page.into_iter().map(|user| user.name).collect()
    };
    let first = names(users.list(None, 2).await.unwrap());
    assert_eq!(first, ["user-001", "user-002"]);
    let rest = names(users.list(Some("user-002"), 500).await.unwrap());
    assert_eq!(rest, ["user-003", "user-004", "user-005"]);
    assert_eq!(users.list(Some("user-005"), 1).await, Ok(vec![]));
    for limit in [0, 501] {
        let refused = users.list(None, limit).await.unwrap_err();
        assert!(matches!(refused, StoreError::Refused { field, .. } if field == "limit"));
    }
}

async fn users_and_agents_belong_together(store: &Store) {
    let (users, agents) = (store.users(), store.agents());
    for number in [1, 2] {
        agents.create(&agent(number)).await.unwrap();
    }
    let mut ada = user(1);
    ada.agent = Some(agent_id(1));
    users.create(&ada, "").await.unwrap();
    assert_eq!(users.get(ada.id).await, Ok(Some(ada.clone())));
    let first = agents.get(agent_id(1)).await.unwrap().unwrap();
    assert_eq!(first.user, Some(ada.id));
    assert_eq!(agents.by_user(ada.id).await, Ok(Some(first)));
    users.update(&ada).await.unwrap();

    ada.agent = Some(agent_id(2));
    users.update(&ada).await.unwrap();
    assert_eq!(users.list(None, 9).await, Ok(vec![ada.clone()]));
    assert_eq!(agents.get(agent_id(1)).await.unwrap().unwrap().user, None);

    let mut bob = user(2);
    bob.agent = Some(agent_id(2));
    assert_conflict(users.create(&bob, "").await, "agent", ConflictKind::Taken);
    bob.agent = Some(agent_id(9));
    assert_conflict(users.create(&bob, "").await, "agent", ConflictKind::Missing);
    assert_eq!(users.get(bob.id).await, Ok(None), "nothing half done");

    let mut first = agents.get(agent_id(1)).await.unwrap().unwrap();
    first.user = Some(ada.id);
    assert_conflict(agents.update(&first).await, "user", ConflictKind::Taken);
    first.user = Some(bob.id);
    assert_conflict(agents.update(&first).await, "user", ConflictKind::Missing);
    let mut third = agent(3);
    third.user = Some(bob.id);
    assert_conflict(agents.create(&third).await, "user", ConflictKind::Missing);

    users.delete(ada.id).await.unwrap();
    assert_eq!(agents.get(agent_id(2)).await.unwrap().unwrap().user, None);
    bob.agent = Some(agent_id(2));
    users.create(&bob, "").await.unwrap();
    agents.delete(agent_id(2)).await.unwrap();
    assert_eq!(users.get(bob.id).await.unwrap().unwrap().agent, None);
}

async fn two_agents_change_places(store: &Store) {
    let agents = store.agents();
    for number in [1, 2, 3] {
        agents.create(&agent(number)).await.unwrap();
    }
    let extensions = async || {
        let all = agents.list(None, 9).await.unwrap();
        all.into_iter()
            .map(|agent| agent.extension)
            .collect::<Vec<_>>()
    };
    let moved = agents
        .sit_at(agent(1), Some(agent(2)), "1002")
        .await
        .unwrap();
    assert_eq!(extensions().await, ["1002", "1001", "1003"]);
    let (first, second) = moved;
    assert_eq!(
        (first.extension.as_str(), &second.unwrap().extension),
        ("1002", &"1001".to_owned())
    );
    let stale = agents.sit_at(agent(1), None, "105").await;
    assert_eq!(stale, Err(StoreError::NotFound { table: "agents" }));
    agents.sit_at(first, None, "105").await.unwrap();
    assert_eq!(extensions().await, ["105", "1001", "1003"]);
}

async fn sessions_count_until_they_end(store: &Store) {
    let (users, sessions) = (store.users(), store.sessions());
    agents_user(store).await;
    let ada = users.get(user_id(1)).await.unwrap().unwrap();
    let mut first = session(1, ada.id);
    sessions.create(&first, "aa").await.unwrap();
    let found = sessions.by_token_hash("aa", at(999)).await;
    assert_eq!(found, Ok(Some((first.clone(), ada.clone()))));
    assert_eq!(sessions.by_token_hash("aa", at(1_000)).await, Ok(None));
    assert_eq!(sessions.by_token_hash("bb", at(0)).await, Ok(None));
    assert_eq!(sessions.get(first.id).await, Ok(Some(first.clone())));

    sessions.touch(first.id, at(500), at(1_500)).await.unwrap();
    first.last_seen_at = at(500);
    first.expires_at = at(1_500);
    let found = sessions.by_token_hash("aa", at(1_000)).await;
    assert_eq!(found, Ok(Some((first.clone(), ada.clone()))));

    let mut sleeping = ada.clone();
    sleeping.active = false;
    users.update(&sleeping).await.unwrap();
    assert_eq!(sessions.by_token_hash("aa", at(1)).await, Ok(None));
    users.update(&ada).await.unwrap();

    sessions.revoke(first.id, at(600)).await.unwrap();
    sessions.revoke(first.id, at(700)).await.unwrap();
    assert_eq!(sessions.by_token_hash("aa", at(601)).await, Ok(None));
    first.revoked_at = Some(at(600));
    assert_eq!(sessions.get(first.id).await, Ok(Some(first.clone())));

    let twin = session(2, ada.id);
    let taken = sessions.create(&twin, "aa").await;
    assert_conflict(taken, "token_hash", ConflictKind::Taken);
    let stray = session(3, user_id(9));
    let missing = sessions.create(&stray, "cc").await;
    assert_conflict(missing, "user", ConflictKind::Missing);
    let gone = Err(StoreError::NotFound { table: "sessions" });
    assert_eq!(sessions.touch(twin.id, at(0), at(1)).await, gone);
    assert_eq!(sessions.revoke(twin.id, at(0)).await, gone);
}

/// A user who is an agent.
async fn agents_user(store: &Store) {
    store.agents().create(&agent(1)).await.unwrap();
    let mut ada = user(1);
    ada.agent = Some(agent_id(1));
    store.users().create(&ada, "").await.unwrap();
}

async fn sessions_of_a_user_end_together(store: &Store) {
    let sessions = store.sessions();
    for number in [1, 2] {
        store.users().create(&user(number), "").await.unwrap();
    }
    for number in 1..=4 {
        let mut session = session(number, user_id(1 + number % 2));
        session.expires_at = at(i64::try_from(number).unwrap() * 10);
        let hash = format!("{number}");
        sessions.create(&session, &hash).await.unwrap();
    }
    let of_second = sessions.of_user(user_id(2), None, 9).await.unwrap();
    assert_eq!(of_second.len(), 2);
    let after = sessions.of_user(user_id(2), Some(of_second[0].id), 9).await;
    assert_eq!(after.unwrap()[..], of_second[1..]);
    assert_eq!(sessions.revoke_of_user(user_id(2), at(5)).await, Ok(2));
    assert_eq!(sessions.revoke_of_user(user_id(2), at(6)).await, Ok(0));
    assert_eq!(sessions.by_token_hash("3", at(5)).await, Ok(None));
    assert!(sessions.by_token_hash("4", at(5)).await.unwrap().is_some());
    assert_eq!(sessions.delete_expired(at(30)).await, Ok(2));
    store.users().delete(user_id(1)).await.unwrap();
    assert_eq!(sessions.of_user(user_id(1), None, 9).await, Ok(vec![]));
}

async fn api_keys_are_kept(store: &Store) {
    let keys = store.api_keys();
    let (mut first, second) = (api_key(1), api_key(2));
    keys.create(&first, "aa").await.unwrap();
    keys.create(&second, "bb").await.unwrap();
    assert_eq!(keys.get(first.id).await, Ok(Some(first.clone())));
    assert_eq!(keys.by_name("key-002").await, Ok(Some(second.clone())));
    assert_eq!(keys.by_hash("aa").await, Ok(Some(first.clone())));
    assert_eq!(keys.by_hash("cc").await, Ok(None));

    keys.touch(first.id, at(50)).await.unwrap();
    first.last_used_at = Some(at(50));
    keys.revoke(first.id, at(60)).await.unwrap();
    keys.revoke(first.id, at(70)).await.unwrap();
    first.revoked_at = Some(at(60));
    assert_eq!(keys.get(first.id).await, Ok(Some(first.clone())));
    assert_eq!(keys.by_hash("aa").await, Ok(None));
    let all = keys.list(None, 9).await;
    assert_eq!(all, Ok(vec![first.clone(), second.clone()]));
    assert_eq!(keys.list(Some("key-001"), 9).await, Ok(vec![second]));

    let mut twin = api_key(3);
    let taken = keys.create(&twin, "bb").await;
    assert_conflict(taken, "key_hash", ConflictKind::Taken);
    first.name.clone_into(&mut twin.name);
    assert_conflict(keys.create(&twin, "c").await, "name", ConflictKind::Taken);
    keys.delete(first.id).await.unwrap();
    keys.create(&twin, "cc").await.unwrap();
    let gone = Err(StoreError::NotFound { table: "api_keys" });
    assert_eq!(keys.delete(first.id).await, gone);
    assert_eq!(keys.touch(first.id, at(0)).await, gone);
    assert_eq!(keys.revoke(first.id, at(0)).await, gone);
}

async fn agents_are_kept(store: &Store) {
    let agents = store.agents();
    for number in [2, 3, 1] {
        agents.create(&agent(number)).await.unwrap();
    }
    let mut second = agent(2);
    assert_eq!(agents.get(second.id).await, Ok(Some(second.clone())));
    let by_extension = agents.by_extension("1002").await;
    assert_eq!(by_extension, Ok(Some(second.clone())));
    assert_eq!(agents.by_extension("1").await, Ok(None));
    assert_eq!(agents.by_user(user_id(1)).await, Ok(None));
    let page = agents.list(None, 2).await;
    assert_eq!(page, Ok(vec![agent(1), agent(2)]));
    let page = agents.list(Some(agent_id(2)), 2).await;
    assert_eq!(page, Ok(vec![agent(3)]));

    second.skills.clear();
    second.active = false;
    agents.update(&second).await.unwrap();
    assert_eq!(agents.get(second.id).await, Ok(Some(second.clone())));
    "1001".clone_into(&mut second.extension);
    let taken = agents.update(&second).await;
    assert_conflict(taken, "extension", ConflictKind::Taken);
    let mut fourth = agent(4);
    "1001".clone_into(&mut fourth.extension);
    let taken = agents.create(&fourth).await;
    assert_conflict(taken, "extension", ConflictKind::Taken);

    agents.delete(second.id).await.unwrap();
    let gone = Err(StoreError::NotFound { table: "agents" });
    assert_eq!(agents.delete(second.id).await, gone);
    assert_eq!(agents.update(&second).await, gone);
    assert_eq!(agents.status(agent_id(1)).await, Ok(None));
}
