//! Packs of call detail records: a day is replaced as a whole, with how far its source has been read.

use store::{DestinationChunk, KnownExtension, PackBatch, PackedDay, PackedRoll, Store};

use crate::contract;

contract!(
    a_day_is_replaced_as_a_whole,
    a_long_day_comes_back_in_one_piece,
    rolls_are_of_their_rules_and_go_with_their_day,
    a_source_is_forgotten_alone,
);

fn day(day: i32, rows: u64, bytes: &[u8]) -> PackedDay {
    PackedDay {
        day,
        rows,
        bytes: bytes.to_vec(),
    }
}

async fn write(store: &Store, source: &str, days: &[PackedDay], mark: &str) {
    let batch = PackBatch {
        source,
        days,
        mark: Some(mark),
        ..PackBatch::default()
    };
    store.cdr_packs().write(&batch).await.unwrap();
}

async fn a_day_is_replaced_as_a_whole(store: &Store) {
    let packs = store.cdr_packs();
    let first = DestinationChunk {
        chunk: 0,
        bytes: vec![1],
    };
    let batch = PackBatch {
        source: "pbx",
        days: &[day(20_000, 2, &[0, 255, 39]), day(-1, 1, &[7])],
        destinations: std::slice::from_ref(&first),
        mark: Some("{\"until\":1}"),
        ..PackBatch::default()
    };
    packs.write(&batch).await.unwrap();
    packs.write(&batch).await.unwrap();
    assert_eq!(
        packs.day("pbx", 20_000).await.unwrap(),
        Some(day(20_000, 2, &[0, 255, 39]))
    );
    assert_eq!(packs.day("pbx", 20_001).await.unwrap(), None);
    assert_eq!(packs.day("other", 20_000).await.unwrap(), None);
    assert_eq!(
        packs.days("pbx").await.unwrap(),
        [(-1, 1), (20_000, 2)].into()
    );

    // Fewer rows than before, and none at all.
    write(store, "pbx", &[day(20_000, 1, &[9]), day(-1, 0, &[])], "{}").await;
    assert_eq!(packs.days("pbx").await.unwrap(), [(20_000, 1)].into());
    let marks = packs.marks().await.unwrap();
    assert_eq!(marks, [("pbx".to_owned(), "{}".to_owned())].into());
    let mut chunks = Vec::new();
    packs
        .destinations(|chunk| chunks.push(chunk))
        .await
        .unwrap();
    assert_eq!(chunks, [first]);
}

async fn a_long_day_comes_back_in_one_piece(store: &Store) {
    let bytes: Vec<u8> = (0..3_000_001_u32).map(|at| (at % 251) as u8).collect();
    write(store, "pbx", &[day(1, 100_000, &bytes)], "{}").await;
    let packed = store.cdr_packs().day("pbx", 1).await.unwrap().unwrap();
    assert!(
        packed == day(1, 100_000, &bytes),
        "{} bytes",
        packed.bytes.len()
    );
    let chunks: Vec<_> = (0..150)
        .map(|chunk| DestinationChunk {
            chunk,
            bytes: chunk.to_le_bytes().into(),
        })
        .collect();
    let batch = PackBatch {
        source: "pbx",
        destinations: &chunks,
        mark: Some("{}"),
        ..PackBatch::default()
    };
    store.cdr_packs().write(&batch).await.unwrap();
    let mut read = Vec::new();
    let packs = store.cdr_packs();
    packs.destinations(|chunk| read.push(chunk)).await.unwrap();
    assert_eq!(read, chunks);
}

async fn a_source_is_forgotten_alone(store: &Store) {
    for source in ["a", "b"] {
        write(store, source, &[day(1, 1, &[1])], "{}").await;
    }
    store.cdr_packs().forget("a").await.unwrap();
    assert!(store.cdr_packs().days("a").await.unwrap().is_empty());
    assert_eq!(store.cdr_packs().days("b").await.unwrap().len(), 1);
    assert_eq!(store.cdr_packs().marks().await.unwrap().len(), 1);
}

async fn rolls_are_of_their_rules_and_go_with_their_day(store: &Store) {
    let packs = store.cdr_packs();
    let long: Vec<u8> = (0..2_500_000_u32).map(|at| (at % 249) as u8).collect();
    let roll = |day: i32, bytes: &[u8]| PackedRoll {
        day,
        bytes: bytes.to_vec(),
    };
    let rolls = [roll(1, &long), roll(2, &[2]), roll(4, &[4])];
    let zoe = |name: &str, named_at| KnownExtension {
        extension: "2001".to_owned(),
        name: name.to_owned(),
        named_at,
    };
    write(store, "pbx", &[day(1, 1, &[1]), day(2, 1, &[1])], "{}").await;
    for name in ["Zoe", "Zoe Żółć"] {
        let batch = PackBatch {
            source: "pbx",
            rolls: &rolls,
            rules: "one",
            extensions: &[zoe(name, -7)],
            ..PackBatch::default()
        };
        packs.write(&batch).await.unwrap();
    }
    assert_eq!(packs.marks().await.unwrap()["pbx"], "{}");
    assert_eq!(packs.rolls("pbx", "one", 1..=3).await.unwrap(), rolls[..2]);
    assert_eq!(packs.rolls("pbx", "two", 1..=3).await.unwrap(), []);
    assert_eq!(packs.rolled("pbx", "one").await.unwrap(), [1, 2, 4].into());
    assert_eq!(packs.rolled("other", "one").await.unwrap(), [].into());
    let known = packs.extensions("pbx").await.unwrap();
    assert_eq!(known, [zoe("Zoe Żółć", -7)]);

    // By other rules, and of a day that was replaced.
    let batch = PackBatch {
        source: "pbx",
        rolls: &[roll(1, &[9])],
        rules: "two",
        ..PackBatch::default()
    };
    packs.write(&batch).await.unwrap();
    write(store, "pbx", &[day(2, 1, &[8])], "{}").await;
    assert_eq!(packs.rolled("pbx", "one").await.unwrap(), [4].into());
    assert_eq!(packs.rolled("pbx", "two").await.unwrap(), [1].into());
    packs.forget("pbx").await.unwrap();
    assert_eq!(packs.rolled("pbx", "one").await.unwrap(), [].into());
    assert_eq!(packs.extensions("pbx").await.unwrap(), []);
}
