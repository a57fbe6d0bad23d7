//! Every text comes back as it was, or is refused by the name of its field. Every instant comes back exactly.

use crate::contract;
use crate::fixtures::{agent, api_key, at, did, queue, server, user};
use model::Timestamp;
use store::{ServerSecrets, Store, StoreError};

contract!(
    texts_come_back_as_they_were,
    texts_compare_by_their_bytes,
    texts_that_are_too_long_are_refused,
    a_nul_is_refused,
    instants_are_exact,
);

const TEXTS: [&str; 10] = [
    "",
    " padded ",
    "O'Brien \"?\" $1 %s \\ {id}",
    "line\r\nbreak\ttab",
    "\u{1F468}\u{200D}\u{1F469}\u{200D}\u{1F467} \u{1F4DE}",
    "\u{5E9}\u{5DC}\u{5D5}\u{5DD} \u{202B}\u{645}\u{631}\u{62D}\u{628}\u{627}\u{202C}",
    "e\u{301} is not \u{e9}",
    "\u{10FFFF}\u{FFFD}\u{E000}",
    "\u{0001}\u{007F}\u{0085}",
    "NULL",
];

async fn texts_come_back_as_they_were(store: &Store) {
    store.queues().create(&queue(1)).await.unwrap();
    let mut one = did(1, queue(1).id);
    store.dids().create(&one).await.unwrap();
    for text in TEXTS {
        text.clone_into(&mut one.note);
        store.dids().update(&one).await.unwrap();
        assert_eq!(store.dids().get(one.id).await, Ok(Some(one.clone())));
        store.settings().set("any", text).await.unwrap();
        let kept = store.settings().get("any").await.unwrap();
        assert_eq!(kept.as_deref(), Some(text));
    }
    let long = "\u{1F4DE}".repeat(10_000);
    store.settings().set("any", &long).await.unwrap();
    assert_eq!(store.settings().get("any").await, Ok(Some(long)));
    one.note = "\u{1F4DE}".repeat(500);
    store.dids().update(&one).await.unwrap();
    assert_eq!(store.dids().get(one.id).await, Ok(Some(one)));
}

async fn texts_compare_by_their_bytes(store: &Store) {
    let names = ["A", "Z", "a", "a ", "b", "\u{e9}", "\u{1F4DE}"];
    for (number, name) in (1..).zip(names) {
        let mut queue = queue(number);
        name.clone_into(&mut queue.name);
        store.queues().create(&queue).await.unwrap();
    }
    let kept = store.queues().list(None, 9).await.unwrap();
    let kept: Vec<&str> = kept.iter().map(|queue| queue.name.as_str()).collect();
    assert_eq!(kept, names);
}

#[track_caller]
fn assert_refused(result: Result<(), StoreError>, expected: &str) {
    match result {
        Err(StoreError::Refused { field, .. }) => assert_eq!(field, expected),
        other => panic!("expected {expected} to be refused, got {other:?}"),
    }
}

async fn texts_that_are_too_long_are_refused(store: &Store) {
    let long = "x".repeat(10_000);
    let mut one = queue(1);
    store.queues().create(&one).await.unwrap();
    one.display_name = "\u{1F4DE}".repeat(100);
    store.queues().update(&one).await.unwrap();
    one.display_name.push('x');
    assert_refused(store.queues().update(&one).await, "display_name");
    let mut one = user(1);
    one.name.clone_from(&long);
    assert_refused(store.users().create(&one, "").await, "name");
    let hash = store.users().create(&user(1), &long).await;
    assert_refused(hash, "password_hash");
    let mut one = agent(1);
    one.extension.clone_from(&long);
    assert_refused(store.agents().create(&one).await, "extension");
    let mut one = server(1);
    one.ari_url.clone_from(&long);
    let mut secrets = ServerSecrets::default();
    let refused = store.servers().create(&one, &secrets).await;
    assert_refused(refused, "ari_url");
    secrets.ari.clone_from(&long);
    let sealed = store.servers().create(&server(1), &secrets).await;
    assert_refused(sealed, "sealed_secret");
    let mut one = api_key(1);
    one.name.clone_from(&long);
    assert_refused(store.api_keys().create(&one, "").await, "name");
    let mut one = did(1, queue(1).id);
    one.note.clone_from(&long);
    assert_refused(store.dids().create(&one).await, "note");
    assert_refused(store.settings().set(&long, "").await, "name");
    assert_eq!(store.users().by_name(&long).await, Ok(None));
}

async fn a_nul_is_refused(store: &Store) {
    let mut one = queue(1);
    store.queues().create(&one).await.unwrap();
    "a\0b".clone_into(&mut one.display_name);
    assert_refused(store.queues().update(&one).await, "display_name");
    one.id = queue(2).id;
    assert_refused(store.queues().create(&one).await, "display_name");
    assert_refused(store.settings().set("any", "\0").await, "value");
    let looked_up = store.queues().by_name("a\0b").await.map(drop);
    assert_refused(looked_up, "value");
}

async fn instants_are_exact(store: &Store) {
    let micros = [0, -1, 1, 999_999, 1_767_312_000_123_457, i64::MAX, i64::MIN];
    for (number, micros) in (1..).zip(micros) {
        let mut one = user(number);
        one.created_at = Timestamp::from_micros(micros);
        store.users().create(&one, "").await.unwrap();
        assert_eq!(store.users().get(one.id).await, Ok(Some(one)));
    }
    assert_eq!(at(0).as_micros() % 1_000, 457);
}
