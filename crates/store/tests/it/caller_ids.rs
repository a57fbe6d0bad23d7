//! The numbers that we may present, and the campaigns' rules.

use crate::fixtures::{assert_conflict, at, caller_id, caller_id_key, number};
use crate::{TestDb, contract};
use model::{Attestation, CallerId, CallerIdRule, E164, Verification};
use store::{CallerIdFilter, ConflictKind, Store, StoreError};

contract!(
    caller_ids_are_kept,
    a_number_is_there_once,
    caller_ids_page_by_number,
    caller_ids_are_found,
    labels_are_found_as_they_are_now,
    all_are_loaded,
    many_are_found_by_number,
    texts_that_cannot_be_kept_are_refused,
    rules_are_kept,
);

mod meddled {
    use super::a_row_that_we_never_wrote_is_named;
    crate::contract!(bare: a_row_that_we_never_wrote_is_named);
}

fn set(names: &[&str]) -> std::collections::BTreeSet<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}

/// All that can be said of a number.
fn rich(number: u64) -> CallerId {
    CallerId {
        country: Some("US".to_owned()),
        calling_code: Some(1),
        region: Some("D.C. \u{1F4DE}".to_owned()),
        area_code: Some("202".to_owned()),
        carrier: "'; touch /tmp/x; '".to_owned(),
        labels: set(&["sales", "east"]),
        campaigns: set(&["Spring \"26\"", "\u{e9}t\u{e9}, 'b'"]),
        per_minute_limit: Some(0),
        hourly_limit: 0,
        daily_limit: 1_000_000,
        max_concurrent: 1_000,
        active: false,
        verified: Some(Verification::Did),
        attestation: Some(Attestation::B),
        note: "line\r\nbreak\ttab, -1".to_owned(),
        ..caller_id(number)
    }
}

async fn caller_ids_are_kept(store: &Store) {
    let caller_ids = store.caller_ids();
    for mut one in [caller_id(1), rich(2)] {
        caller_ids.create(&one).await.unwrap();
        assert_eq!(caller_ids.get(one.id).await, Ok(Some(one.clone())));
        assert_eq!(caller_ids.by_e164(one.e164).await, Ok(Some(one.clone())));
        one.verified = Some(Verification::Administrator);
        one.attestation = Some(Attestation::A);
        one.per_minute_limit = Some(7);
        one.region = Some(String::new());
        one.updated_at = at(9);
        caller_ids.update(&one).await.unwrap();
        assert_eq!(caller_ids.get(one.id).await, Ok(Some(one.clone())));
        one.verified = None;
        one.attestation = None;
        one.per_minute_limit = None;
        one.region = None;
        caller_ids.update(&one).await.unwrap();
        assert_eq!(caller_ids.get(one.id).await, Ok(Some(one)));
    }
    assert_eq!(caller_ids.get(caller_id_key(9)).await, Ok(None));
    assert_eq!(caller_ids.by_e164(number(9)).await, Ok(None));
    caller_ids.delete(caller_id_key(1)).await.unwrap();
    assert_eq!(caller_ids.get(caller_id_key(1)).await, Ok(None));
    let gone = Err(StoreError::NotFound {
        table: "caller_ids",
    });
    assert_eq!(caller_ids.delete(caller_id_key(1)).await, gone);
    assert_eq!(caller_ids.update(&caller_id(1)).await, gone);
}

async fn a_number_is_there_once(store: &Store) {
    let caller_ids = store.caller_ids();
    caller_ids.create(&rich(1)).await.unwrap();
    caller_ids.create(&caller_id(2)).await.unwrap();
    let twin = CallerId {
        id: caller_id_key(3),
        number: "12025550101".to_owned(),
        ..rich(1)
    };
    assert_conflict(
        caller_ids.create(&twin).await,
        "number",
        ConflictKind::Taken,
    );
    let same_id = CallerId {
        id: caller_id_key(1),
        ..caller_id(3)
    };
    assert_conflict(caller_ids.create(&same_id).await, "id", ConflictKind::Taken);
    let moved = CallerId {
        e164: number(1),
        ..caller_id(2)
    };
    assert_conflict(
        caller_ids.update(&moved).await,
        "number",
        ConflictKind::Taken,
    );
    assert_eq!(caller_ids.get(caller_id_key(1)).await, Ok(Some(rich(1))));
    assert_eq!(
        caller_ids.get(caller_id_key(2)).await,
        Ok(Some(caller_id(2)))
    );
    assert_eq!(count(store, &CallerIdFilter::default()).await, 2);
}

async fn count(store: &Store, filter: &CallerIdFilter) -> u64 {
    store.caller_ids().count(filter).await.unwrap()
}

async fn caller_ids_page_by_number(store: &Store) {
    for number in [3, 1, 2] {
        store.caller_ids().create(&caller_id(number)).await.unwrap();
    }
    let all = CallerIdFilter::default();
    let page = store.caller_ids().list(&all, None, 2).await;
    assert_eq!(page, Ok(vec![caller_id(1), caller_id(2)]));
    let page = store.caller_ids().list(&all, Some(number(2)), 2).await;
    assert_eq!(page, Ok(vec![caller_id(3)]));
    for limit in [0, 501] {
        let refused = store.caller_ids().list(&all, None, limit).await;
        assert!(matches!(refused, Err(StoreError::Refused { .. })));
    }
}

/// The numbers of those that a filter finds, in their order; counted they are as many.
async fn found(store: &Store, filter: CallerIdFilter) -> Vec<u64> {
    let found = store.caller_ids().list(&filter, None, 500).await.unwrap();
    assert_eq!(count(store, &filter).await, found.len() as u64);
    let numbers = found
        .iter()
        .map(|one| one.e164.digits() - number(0).digits());
    numbers.collect()
}

async fn caller_ids_are_found(store: &Store) {
    let place = |country: &str, area_code: &str, carrier: &str, number| CallerId {
        country: Some(country.to_owned()),
        area_code: Some(area_code.to_owned()),
        carrier: carrier.to_owned(),
        active: number != 4,
        ..caller_id(number)
    };
    for one in [
        place("US", "202", "Acme", 1),
        place("US", "212", "Acme West", 2),
        place("CA", "212", "acme", 3),
        place("CA", "613", "Ac%me", 4),
        caller_id(15),
    ] {
        store.caller_ids().create(&one).await.unwrap();
    }
    let text = |text: &str| Some(text.to_owned());
    let all = CallerIdFilter::default;
    let country = |country| CallerIdFilter {
        country: text(country),
        ..all()
    };
    assert_eq!(found(store, country("US")).await, [1, 2]);
    assert_eq!(found(store, country("u")).await, [0; 0]);
    let area_code = text("212");
    let area = CallerIdFilter { area_code, ..all() };
    assert_eq!(found(store, area.clone()).await, [2, 3]);
    let country = text("CA");
    assert_eq!(found(store, CallerIdFilter { country, ..area }).await, [3]);
    for (start, numbers) in [
        ("Acme", vec![1, 2]),
        ("Ac%", vec![4]),
        ("A", vec![1, 2, 4]),
        ("", vec![1, 2, 3, 4, 15]),
        ("West", vec![]),
    ] {
        let carrier = text(start);
        let filter = CallerIdFilter { carrier, ..all() };
        assert_eq!(found(store, filter).await, numbers, "{start}");
    }
    let number = text("+1202555010");
    let active = Some(true);
    let filter = CallerIdFilter { number, ..all() };
    assert_eq!(found(store, filter.clone()).await, [1, 2, 3, 4]);
    let filter = CallerIdFilter { active, ..filter };
    assert_eq!(found(store, filter).await, [1, 2, 3]);
}

async fn labels_are_found_as_they_are_now(store: &Store) {
    let caller_ids = store.caller_ids();
    let labelled = |number, labels: &[&str]| CallerId {
        labels: set(labels),
        ..caller_id(number)
    };
    for one in [
        labelled(1, &["a"]),
        labelled(2, &["a", "b"]),
        labelled(3, &["ab"]),
        labelled(4, &[]),
    ] {
        caller_ids.create(&one).await.unwrap();
    }
    let label = |label: &str| CallerIdFilter {
        label: Some(label.to_owned()),
        ..CallerIdFilter::default()
    };
    assert_eq!(found(store, label("a")).await, [1, 2]);
    assert_eq!(found(store, label("b")).await, [2]);
    assert_eq!(found(store, label("c")).await, [0; 0]);
    let page = caller_ids.list(&label("a"), Some(number(1)), 9).await;
    assert_eq!(page, Ok(vec![labelled(2, &["a", "b"])]));
    let prefix = CallerIdFilter {
        number: Some("+12025550102".to_owned()),
        ..label("a")
    };
    assert_eq!(found(store, prefix).await, [2]);

    caller_ids.update(&labelled(2, &["b", "c"])).await.unwrap();
    assert_eq!(found(store, label("a")).await, [1]);
    assert_eq!(found(store, label("c")).await, [2]);
    let moved = CallerId {
        e164: number(7),
        ..labelled(1, &["a"])
    };
    caller_ids.update(&moved).await.unwrap();
    assert_eq!(found(store, label("a")).await, [7]);
    caller_ids.delete(caller_id_key(2)).await.unwrap();
    caller_ids.create(&caller_id(2)).await.unwrap();
    assert_eq!(found(store, label("b")).await, [0; 0]);
}

async fn load(store: &Store) -> Vec<CallerId> {
    let mut loaded = Vec::new();
    let count = store.caller_ids().load(|page| loaded.extend(page)).await;
    assert_eq!(count, Ok(loaded.len() as u64));
    loaded
}

async fn all_are_loaded(store: &Store) {
    assert_eq!(load(store).await, []);
    let import = crate::fixtures::import(1);
    store.caller_id_imports().create(&import).await.unwrap();
    let mut rows: Vec<_> = (1..=4_001).map(caller_id).collect();
    rows[17] = rich(18);
    let upserted = store
        .caller_id_imports()
        .upsert_many(import.id, &rows)
        .await;
    assert_eq!(upserted.unwrap().len(), rows.len());
    for row in &mut rows {
        (row.created_at, row.updated_at) = (import.made_at, import.made_at);
    }
    assert!(load(store).await == rows);
    store.caller_ids().delete(rows[4_000].id).await.unwrap();
    assert!(load(store).await == rows[..4_000]);
}

async fn many_are_found_by_number(store: &Store) {
    for number in [1, 2, 4] {
        store.caller_ids().create(&caller_id(number)).await.unwrap();
    }
    let numbers: Vec<E164> = (2..200).map(number).collect();
    let mut known = store.caller_ids().by_numbers(&numbers).await.unwrap();
    known.sort_by_key(|one| one.id);
    assert_eq!(known, [caller_id(2), caller_id(4)]);
    let many = vec![number(1); store::MAX_NUMBERS + 1];
    let refused = store.caller_ids().by_numbers(&many).await;
    assert!(matches!(refused, Err(StoreError::Refused { .. })));
}

async fn texts_that_cannot_be_kept_are_refused(store: &Store) {
    type Change = fn(&mut CallerId, String);
    let caller_ids = store.caller_ids();
    let with = |change: Change, text: &str| {
        let mut one = caller_id(1);
        change(&mut one, text.to_owned());
        one
    };
    let long = "x".repeat(501);
    let fields: [(&str, Change); 7] = [
        ("number", |one, text| one.number = text),
        ("country", |one, text| one.country = Some(text)),
        ("region", |one, text| one.region = Some(text)),
        ("area_code", |one, text| one.area_code = Some(text)),
        ("carrier", |one, text| one.carrier = text),
        ("time_zone", |one, text| one.time_zone = text),
        ("note", |one, text| one.note = text),
    ];
    for (name, change) in fields {
        for text in ["a\0", "\u{1f}", "\u{18}", &long] {
            match caller_ids.create(&with(change, text)).await {
                Err(StoreError::Refused { field, .. }) => assert_eq!(field, name, "{text:?}"),
                other => panic!("{name} {text:?}: {other:?}"),
            }
        }
    }
    for label in ["a\0", &long] {
        let one = with(|one, text| one.labels = [text].into(), label);
        let refused = caller_ids.create(&one).await;
        assert!(
            matches!(refused, Err(StoreError::Refused { .. })),
            "{refused:?}"
        );
    }
    assert_eq!(count(store, &CallerIdFilter::default()).await, 0);
}

async fn a_row_that_we_never_wrote_is_named(test: &TestDb) {
    let store = test.open().await;
    store.migrate().await.unwrap();
    store.caller_ids().create(&rich(1)).await.unwrap();
    test.meddle("UPDATE caller_ids SET hourly_limit = -3").await;
    let corrupt = store.caller_ids().get(caller_id_key(1)).await.unwrap_err();
    let StoreError::Corrupt {
        table, column, row, ..
    } = corrupt
    else {
        panic!("{corrupt}");
    };
    assert_eq!((table, column.as_str()), ("caller_ids", "hourly_limit"));
    assert_eq!(row, caller_id_key(1).to_string());
    test.meddle("UPDATE caller_ids SET hourly_limit = 3, carrier = 'a\u{1f}b'")
        .await;
    let corrupt = store.caller_ids().load(drop).await.unwrap_err();
    assert!(matches!(corrupt, StoreError::Corrupt { .. }), "{corrupt}");
}

async fn rules_are_kept(store: &Store) {
    let rules = store.caller_id_rules();
    let mut spring = CallerIdRule {
        campaign: "Spring \"26\"".to_owned(),
        pool: Some("east".to_owned()),
        sticky_days: 90,
    };
    let winter = CallerIdRule {
        campaign: "winter".to_owned(),
        pool: None,
        sticky_days: 0,
    };
    rules.set(&winter).await.unwrap();
    rules.set(&spring).await.unwrap();
    assert_eq!(rules.get(&spring.campaign).await, Ok(Some(spring.clone())));
    assert_eq!(rules.get("Winter").await, Ok(None));
    spring.pool = None;
    spring.sticky_days = 7;
    rules.set(&spring).await.unwrap();
    let all = rules.list(None, 9).await;
    assert_eq!(all, Ok(vec![spring.clone(), winter.clone()]));
    let rest = rules.list(Some(&spring.campaign), 9).await;
    assert_eq!(rest, Ok(vec![winter]));
    rules.delete(&spring.campaign).await.unwrap();
    assert_eq!(rules.get(&spring.campaign).await, Ok(None));
    let gone = Err(StoreError::NotFound {
        table: "caller_id_rules",
    });
    assert_eq!(rules.delete(&spring.campaign).await, gone);
    spring.campaign = "x".repeat(101);
    let refused = rules.set(&spring).await;
    assert!(matches!(refused, Err(StoreError::Refused { field, .. }) if field == "campaign"));
}
