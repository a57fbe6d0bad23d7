//! Files of phones: written whole or not at all, kept, and taken back.

use std::collections::BTreeSet;

use crate::contract;
use crate::fixtures::{assert_conflict, at, id, kept_extension, server, server_id};
use model::{ExtensionImport, ExtensionImportId};
use store::{
    ConflictKind, ExtensionChange, ExtensionsUndone, KeptExtension, MAX_EXTENSION_IMPORTS,
    MAX_IMPORTED_EXTENSIONS, ServerSecrets, Store, StoreError,
};

contract!(
    an_import_of_phones_is_written_and_undone_once,
    an_import_of_phones_is_all_or_nothing,
    phones_that_stand_in_the_way_are_named,
    phones_do_not_come_back_where_they_may_not_be,
    only_the_newest_imports_of_phones_are_kept,
);

fn import(number: u128) -> ExtensionImport {
    ExtensionImport {
        id: ExtensionImportId(id(20, number)),
        file: "phones.csv".to_owned(),
        made_at: at(1),
        made_by: "root".to_owned(),
        created: 2,
        changed: 1,
        unchanged: 3,
        undone_at: None,
    }
}

fn made(after: &KeptExtension) -> ExtensionChange {
    changed(None, after)
}

fn changed(before: Option<&KeptExtension>, after: &KeptExtension) -> ExtensionChange {
    ExtensionChange {
        before: before.cloned(),
        after: Some(after.clone()),
    }
}

fn renamed(phone: &KeptExtension, name: &str) -> KeptExtension {
    let mut phone = phone.clone();
    name.clone_into(&mut phone.extension.name);
    name.clone_into(&mut phone.digests.md5);
    phone
}

/// A store with the server of the phones, and the first of them.
async fn begun(store: &Store) -> KeptExtension {
    let servers = store.servers();
    let secrets = ServerSecrets::default();
    servers.create(&server(1), &secrets).await.unwrap();
    let first = kept_extension(1);
    let one = std::slice::from_ref(&first);
    store.extensions().create(one).await.unwrap();
    first
}

async fn all(store: &Store) -> Vec<KeptExtension> {
    let mut all = Vec::new();
    let extensions = store.extensions();
    extensions.load(|page| all.extend(page)).await.unwrap();
    all
}

async fn undo(store: &Store, number: u128) -> Result<ExtensionsUndone, StoreError> {
    let imports = store.extension_imports();
    let nowhere = BTreeSet::new();
    imports.undo(import(number).id, at(9), &nowhere).await
}

async fn an_import_of_phones_is_written_and_undone_once(store: &Store) {
    let first = begun(store).await;
    let (second, third) = (kept_extension(2), kept_extension(3));
    let new = renamed(&first, "new");
    let changes = [changed(Some(&first), &new), made(&second), made(&third)];
    let imports = store.extension_imports();
    imports.create(&import(1), &changes).await.unwrap();
    assert_eq!(
        all(store).await,
        [new.clone(), second.clone(), third.clone()]
    );
    assert_eq!(imports.get(import(1).id).await, Ok(Some(import(1))));
    assert_eq!(imports.list(None, 9).await, Ok(vec![import(1)]));
    assert_eq!(imports.list(Some(import(1).id), 9).await, Ok(vec![]));
    let numbers = ["1001", "1002", "1009"].map(str::to_owned);
    let found = store.extensions().by_numbers(&numbers).await.unwrap();
    assert_eq!(found.len(), 2);

    let Ok(ExtensionsUndone::Done(mut done)) = undo(store, 1).await else {
        panic!("it is not undone");
    };
    done.sort_by_key(|change| change.before.as_ref().map(|kept| kept.extension.id));
    let gone = |kept: &KeptExtension| ExtensionChange {
        before: Some(kept.clone()),
        after: None,
    };
    let expected = [changed(Some(&new), &first), gone(&second), gone(&third)];
    assert_eq!(done, expected);
    assert_eq!(all(store).await, [first]);
    assert_eq!(undo(store, 1).await, Ok(ExtensionsUndone::Already(at(9))));
    let nobodys = StoreError::NotFound {
        table: "extension_imports",
    };
    assert_eq!(undo(store, 7).await, Err(nobodys));
}

async fn an_import_of_phones_is_all_or_nothing(store: &Store) {
    let first = begun(store).await;
    let imports = store.extension_imports();
    let mut stray = kept_extension(3);
    stray.extension.server = Some(server_id(9));
    let changes = [made(&kept_extension(2)), made(&stray)];
    let missing = imports.create(&import(1), &changes).await;
    assert_conflict(missing, "server", ConflictKind::Missing);
    let mut twin = kept_extension(4);
    first
        .extension
        .number
        .clone_into(&mut twin.extension.number);
    let changes = [made(&kept_extension(2)), made(&twin)];
    let taken = imports.create(&import(1), &changes).await;
    assert_conflict(taken, "number", ConflictKind::Taken);
    let many = vec![made(&first); MAX_IMPORTED_EXTENSIONS + 1];
    let many = imports.create(&import(1), &many).await;
    assert!(matches!(many, Err(StoreError::Refused { .. })), "{many:?}");
    assert_eq!(all(store).await, [first]);
    assert_eq!(imports.get(import(1).id).await, Ok(None));
}

async fn phones_that_stand_in_the_way_are_named(store: &Store) {
    let first = begun(store).await;
    let (second, third) = (kept_extension(2), kept_extension(3));
    let new = renamed(&first, "new");
    let changes = [changed(Some(&first), &new), made(&second), made(&third)];
    let imports = store.extension_imports();
    imports.create(&import(1), &changes).await.unwrap();
    let extensions = store.extensions();
    extensions.update(&renamed(&new, "other")).await.unwrap();
    extensions.update(&renamed(&second, "other")).await.unwrap();
    extensions.delete(third.extension.id).await.unwrap();
    let numbers = vec!["1001".to_owned(), "1002".to_owned()];
    let in_the_way = ExtensionsUndone::InTheWay(numbers);
    assert_eq!(undo(store, 1).await, Ok(in_the_way));
    // Put back by hand, and gone already: as it should be.
    extensions.update(&first).await.unwrap();
    extensions.delete(second.extension.id).await.unwrap();
    assert_eq!(undo(store, 1).await, Ok(ExtensionsUndone::Done(vec![])));
    assert_eq!(all(store).await, [first]);
}

async fn phones_do_not_come_back_where_they_may_not_be(store: &Store) {
    let first = begun(store).await;
    let mut moved = first.clone();
    moved.extension.server = None;
    "elsewhere".clone_into(&mut moved.extension.context);
    let imports = store.extension_imports();
    let changes = [changed(Some(&first), &moved)];
    imports.create(&import(1), &changes).await.unwrap();
    let closed = BTreeSet::from(["agents".to_owned()]);
    let undone = imports.undo(import(1).id, at(9), &closed).await;
    let in_the_way = ExtensionsUndone::InTheWay(vec!["1001".to_owned()]);
    assert_eq!(undone, Ok(in_the_way));
    store.servers().delete(server_id(1)).await.unwrap();
    let missing = undo(store, 1).await.map(drop);
    assert_conflict(missing, "server", ConflictKind::Missing);
    assert_eq!(all(store).await, [moved]);
}

async fn only_the_newest_imports_of_phones_are_kept(store: &Store) {
    let first = begun(store).await;
    let imports = store.extension_imports();
    let mut before = first;
    for number in 1..=u128::from(MAX_EXTENSION_IMPORTS) + 2 {
        let after = renamed(&before, &format!("name {number}"));
        let changes = [changed(Some(&before), &after)];
        imports.create(&import(number), &changes).await.unwrap();
        before = after;
    }
    let kept = imports.list(None, 99).await.unwrap();
    assert_eq!(kept.len(), MAX_EXTENSION_IMPORTS as usize);
    assert_eq!(imports.get(import(2).id).await, Ok(None));
    assert_eq!(kept.last(), Some(&import(3)));
}
