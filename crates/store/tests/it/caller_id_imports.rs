//! Files of caller IDs: what each row does, and the way back.

use crate::contract;
use crate::fixtures::{at, caller_id, caller_id_key, import, import_id, number};
use model::{CallerId, CallerIdImport, Imported};
use store::{CallerIdFilter, MAX_IMPORT_BATCH, Store, StoreError, Undone, Upserted};

contract!(
    rows_are_added_changed_or_left,
    a_number_may_stand_twice_in_a_file,
    an_import_is_kept_with_its_counts,
    imports_page_newest_first,
    an_import_is_undone_once,
    an_undone_import_leaves_the_one_before,
    what_others_changed_since_is_not_undone,
    what_others_removed_since,
    nothing_is_taken_in_when_one_row_is_refused,
    imports_are_bounded,
    old_imports_are_forgotten,
);

/// The number as import `made` leaves it, if it added it.
fn added(number: u64, made: u128) -> CallerId {
    let made_at = import(made).made_at;
    CallerId {
        created_at: made_at,
        updated_at: made_at,
        ..caller_id(number)
    }
}

/// The number as import `made` leaves it, if it only changed the note.
fn noted(before: &CallerId, note: &str, made: u128) -> CallerId {
    CallerId {
        note: note.to_owned(),
        updated_at: import(made).made_at,
        ..before.clone()
    }
}

async fn take_in(store: &Store, made: u128, rows: &[CallerId]) -> Vec<Upserted> {
    let imports = store.caller_id_imports();
    if imports.get(import_id(made)).await.unwrap().is_none() {
        imports.create(&import(made)).await.unwrap();
    }
    imports.upsert_many(import_id(made), rows).await.unwrap()
}

async fn all(store: &Store) -> Vec<CallerId> {
    let all = CallerIdFilter::default();
    store.caller_ids().list(&all, None, 500).await.unwrap()
}

async fn rows_are_added_changed_or_left(store: &Store) {
    let (one, two) = (caller_id(1), caller_id(2));
    store.caller_ids().create(&one).await.unwrap();
    store.caller_ids().create(&two).await.unwrap();
    // A row brings an id of its own, and times; neither makes it another number.
    let same = CallerId {
        id: caller_id_key(91),
        created_at: at(77),
        updated_at: at(77),
        ..one.clone()
    };
    let other = CallerId {
        id: caller_id_key(92),
        ..noted(&two, "new", 9)
    };
    let outcomes = take_in(store, 1, &[other, same, caller_id(3)]).await;
    let changed = noted(&two, "new", 1);
    let expected = [
        Upserted::Changed(Box::new(changed.clone())),
        Upserted::Unchanged(one.id),
        Upserted::Added(Box::new(added(3, 1))),
    ];
    assert_eq!(outcomes, expected);
    assert_eq!(all(store).await, [one, changed, added(3, 1)]);
    let rows = store.caller_id_imports().rows(import_id(1), None, 9).await;
    let kept = |caller_id, previous| Imported {
        caller_id,
        previous,
    };
    let (second, third) = (caller_id_key(2), caller_id_key(3));
    let expected = vec![kept(second, Some(two)), kept(third, None)];
    assert_eq!(rows, Ok(expected.clone()));
    let imports = store.caller_id_imports();
    let rest = imports.rows(import_id(1), Some(second), 9).await;
    assert_eq!(rest, Ok(expected[1..].to_vec()));
}

async fn a_number_may_stand_twice_in_a_file(store: &Store) {
    let one = caller_id(1);
    store.caller_ids().create(&one).await.unwrap();
    let (first, second) = (noted(&one, "first", 1), noted(&one, "second", 1));
    let (third, twin) = (added(3, 1), noted(&added(3, 1), "twin", 1));
    let rows = [first.clone(), third.clone(), second.clone()];
    let outcomes = take_in(store, 1, &rows).await;
    let changed = |row: &CallerId| Upserted::Changed(Box::new(row.clone()));
    let expected = [
        changed(&first),
        Upserted::Added(Box::new(third.clone())),
        changed(&second),
    ];
    assert_eq!(outcomes, expected);
    // In a later batch too: what was there before the import stays what undoing brings back.
    let outcomes = take_in(store, 1, &[twin.clone(), first.clone(), first.clone()]).await;
    let expected = [
        changed(&twin),
        changed(&first),
        Upserted::Unchanged(first.id),
    ];
    assert_eq!(outcomes, expected);
    assert_eq!(all(store).await, [first, twin]);
    let undone = store.caller_id_imports().undo(import_id(1), at(99)).await;
    let expected = Undone::Done {
        restored: 1,
        removed: 1,
    };
    assert_eq!(undone, Ok(expected));
    assert_eq!(all(store).await, [one]);
}

async fn an_import_is_kept_with_its_counts(store: &Store) {
    let imports = store.caller_id_imports();
    take_in(store, 1, &[caller_id(1), caller_id(2)]).await;
    take_in(store, 1, &[caller_id(1), noted(&caller_id(2), "new", 1)]).await;
    let mut expected = CallerIdImport {
        added: 2,
        changed: 1,
        unchanged: 1,
        ..import(1)
    };
    assert_eq!(imports.get(import_id(1)).await, Ok(Some(expected.clone())));
    imports.finish(import_id(1), 4, at(50)).await.unwrap();
    expected.refused = 4;
    expected.finished_at = Some(at(50));
    assert_eq!(imports.get(import_id(1)).await, Ok(Some(expected)));
    let more = imports.upsert_many(import_id(1), &[caller_id(3)]).await;
    assert!(matches!(more, Err(StoreError::Refused { field, .. }) if field == "import"));

    let gone = StoreError::NotFound {
        table: "caller_id_imports",
    };
    assert_eq!(imports.get(import_id(9)).await, Ok(None));
    assert_eq!(
        imports.finish(import_id(9), 0, at(0)).await,
        Err(gone.clone())
    );
    assert_eq!(
        imports.upsert_many(import_id(9), &[]).await,
        Err(gone.clone())
    );
    assert_eq!(imports.undo(import_id(9), at(0)).await, Err(gone));
}

async fn imports_page_newest_first(store: &Store) {
    let imports = store.caller_id_imports();
    for made in [2, 1, 3] {
        imports.create(&import(made)).await.unwrap();
    }
    let page = imports.list(None, 2).await;
    assert_eq!(page, Ok(vec![import(3), import(2)]));
    let page = imports.list(Some(import_id(2)), 2).await;
    assert_eq!(page, Ok(vec![import(1)]));
}

async fn an_import_is_undone_once(store: &Store) {
    let imports = store.caller_id_imports();
    let before: Vec<CallerId> = (1..=3_000).map(caller_id).collect();
    take_in(store, 1, &before).await;
    let labelled = |number| CallerId {
        labels: ["new".to_owned()].into(),
        ..caller_id(number)
    };
    // More than are looked at in one go.
    let rows: Vec<CallerId> = (2_000..=5_000).map(labelled).collect();
    take_in(store, 2, &rows).await;
    let undone = imports.undo(import_id(2), at(99)).await;
    let expected = Undone::Done {
        restored: 1_001,
        removed: 2_000,
    };
    assert_eq!(undone, Ok(expected));
    let mut loaded = Vec::new();
    let loaded_all = store.caller_ids().load(|page| loaded.extend(page)).await;
    assert_eq!(loaded_all, Ok(3_000));
    let before: Vec<_> = (1..=3_000).map(|number| added(number, 1)).collect();
    assert!(loaded == before);
    let label = CallerIdFilter {
        label: Some("new".to_owned()),
        ..CallerIdFilter::default()
    };
    assert_eq!(store.caller_ids().count(&label).await, Ok(0));

    let again = imports.undo(import_id(2), at(100)).await;
    assert_eq!(again, Ok(Undone::Already(at(99))));
    let kept = imports.get(import_id(2)).await.unwrap().unwrap();
    assert_eq!(kept.undone_at, Some(at(99)));
    let more = imports.upsert_many(import_id(2), &rows[..1]).await;
    assert!(matches!(more, Err(StoreError::Refused { .. })));
}

async fn an_undone_import_leaves_the_one_before(store: &Store) {
    let imports = store.caller_id_imports();
    take_in(store, 1, &[caller_id(1)]).await;
    take_in(store, 2, &[noted(&caller_id(1), "second", 2)]).await;
    let blocked = imports.undo(import_id(1), at(90)).await;
    assert_eq!(blocked, Ok(Undone::ChangedSince(1)));
    let back = imports.undo(import_id(2), at(91)).await.unwrap();
    assert!(matches!(back, Undone::Done { restored: 1, .. }));
    assert_eq!(all(store).await, [added(1, 1)]);
    let back = imports.undo(import_id(1), at(92)).await.unwrap();
    assert!(matches!(back, Undone::Done { removed: 1, .. }));
    assert_eq!(all(store).await, []);
}

async fn what_others_changed_since_is_not_undone(store: &Store) {
    let imports = store.caller_id_imports();
    store.caller_ids().create(&caller_id(1)).await.unwrap();
    let rows = [1, 2, 3, 4].map(|number| noted(&caller_id(number), "new", 1));
    take_in(store, 1, &rows).await;
    for number in [1_u32, 3] {
        let id = caller_id_key(u128::from(number));
        let mut one = store.caller_ids().get(id).await.unwrap().unwrap();
        one.updated_at = at(80);
        one.daily_limit = 3;
        store.caller_ids().update(&one).await.unwrap();
    }
    let before = all(store).await;
    let refused = imports.undo(import_id(1), at(99)).await;
    assert_eq!(refused, Ok(Undone::ChangedSince(2)));
    assert_eq!(all(store).await, before);
    let kept = imports.get(import_id(1)).await.unwrap().unwrap();
    assert_eq!(kept.undone_at, None);
}

async fn what_others_removed_since(store: &Store) {
    let imports = store.caller_id_imports();
    store.caller_ids().create(&caller_id(1)).await.unwrap();
    take_in(store, 1, &[caller_id(2), caller_id(3)]).await;
    // Somebody else may even have made it again.
    store.caller_ids().delete(caller_id_key(2)).await.unwrap();
    let again = CallerId {
        id: caller_id_key(22),
        ..caller_id(2)
    };
    store.caller_ids().create(&again).await.unwrap();
    let undone = imports.undo(import_id(1), at(99)).await;
    let expected = Undone::Done {
        restored: 0,
        removed: 1,
    };
    assert_eq!(undone, Ok(expected));
    assert_eq!(all(store).await, [caller_id(1), again]);

    take_in(store, 2, &[noted(&caller_id(1), "new", 2)]).await;
    store.caller_ids().delete(caller_id_key(1)).await.unwrap();
    let refused = imports.undo(import_id(2), at(99)).await;
    assert_eq!(refused, Ok(Undone::ChangedSince(1)));
    assert_eq!(store.caller_ids().by_e164(number(1)).await, Ok(None));
}

async fn nothing_is_taken_in_when_one_row_is_refused(store: &Store) {
    let imports = store.caller_id_imports();
    imports.create(&import(1)).await.unwrap();
    let mut rows = [1, 2, 3].map(caller_id);
    "\0".clone_into(&mut rows[2].note);
    let refused = imports.upsert_many(import_id(1), &rows).await;
    assert!(matches!(refused, Err(StoreError::Refused { field, .. }) if field == "note"));
    assert_eq!(all(store).await, []);
    assert_eq!(imports.get(import_id(1)).await, Ok(Some(import(1))));
    assert_eq!(imports.rows(import_id(1), None, 9).await, Ok(vec![]));
}

async fn imports_are_bounded(store: &Store) {
    let imports = store.caller_id_imports();
    let mut named = import(1);
    named.file = "\u{1F4DE}".repeat(300);
    imports.create(&named).await.unwrap();
    assert_eq!(imports.get(named.id).await, Ok(Some(named.clone())));
    named.id = import_id(2);
    named.file.push('x');
    let refused = imports.create(&named).await;
    assert!(matches!(refused, Err(StoreError::Refused { field, .. }) if field == "file_name"));
    let rows = vec![caller_id(1); MAX_IMPORT_BATCH + 1];
    let refused = imports.upsert_many(import_id(1), &rows).await;
    assert!(matches!(refused, Err(StoreError::Refused { field, .. }) if field == "rows"));
}

async fn old_imports_are_forgotten(store: &Store) {
    let imports = store.caller_id_imports();
    let rows: Vec<CallerId> = (1..=2_001).map(caller_id).collect();
    take_in(store, 1, &rows).await;
    take_in(store, 2, &[caller_id(9_000)]).await;
    let before = import(2).made_at;
    let mut steps = 0;
    while imports.prune_before(before).await.unwrap() {
        steps += 1;
        assert!(steps < 9);
    }
    assert_eq!(steps, 3);
    assert_eq!(imports.get(import_id(1)).await, Ok(None));
    assert_eq!(imports.rows(import_id(1), None, 9).await, Ok(vec![]));
    assert_eq!(imports.rows(import_id(2), None, 9).await.unwrap().len(), 1);
    let all = CallerIdFilter::default();
    assert_eq!(store.caller_ids().count(&all).await, Ok(2_002));
}
