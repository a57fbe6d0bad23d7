//! Every recorded event is typed, completely.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::LazyLock;

use proptest::prelude::*;
use serde_json::Value;

use crate::ari::{Event, EventKind};

/// The events of all recordings, by file.
fn recorded() -> Vec<(String, Vec<Value>)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("testdata/ari");
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "jsonl")
        })
        .collect();
    files.sort();
    files
        .into_iter()
        .map(|path| {
            let text = std::fs::read_to_string(&path).unwrap();
            let events = text
                .lines()
                .map(|line| serde_json::from_str::<Value>(line).unwrap())
                .filter_map(|mut line| line.get_mut("event").map(Value::take))
                .collect();
            (
                path.file_name().unwrap().to_string_lossy().into_owned(),
                events,
            )
        })
        .collect()
}

#[test]
fn all_recorded_events_are_typed_and_nothing_of_them_is_unknown() {
    let mut types: BTreeMap<String, usize> = BTreeMap::new();
    for (file, events) in recorded() {
        assert!(!events.is_empty(), "{file}");
        for json in events {
            let event = Event::parse(json.to_string().as_bytes()).unwrap();
            assert!(
                !matches!(event.kind, EventKind::Other { .. }),
                "{file}: {json}"
            );
            assert_eq!(event.unknown_members(), 0, "{file}: {json}\n{event:?}");
            assert!(
                crate::ari::timestamp::unix_millis(&event.timestamp).is_some(),
                "{file}: {json}"
            );
            *types
                .entry(json["type"].as_str().unwrap().to_owned())
                .or_default() += 1;
        }
    }
    assert!(types.len() >= 20, "{types:?}");
    assert!(types.values().sum::<usize>() > 200, "{types:?}");
}

#[test]
fn channels_and_bridges_are_written_as_they_were_read() {
    for (file, events) in recorded() {
        for json in events {
            let event = Event::parse(json.to_string().as_bytes()).unwrap();
            let member = if json["type"] == "Dial" {
                "peer"
            } else {
                "channel"
            };
            if let Some(channel) = event.kind.channel() {
                assert_eq!(
                    serde_json::to_value(channel).unwrap(),
                    json[member],
                    "{file}"
                );
            }
            if let EventKind::ChannelEnteredBridge { bridge, .. } = &event.kind {
                assert_eq!(
                    serde_json::to_value(bridge).unwrap(),
                    json["bridge"],
                    "{file}"
                );
            }
        }
    }
}

proptest! {
    #[test]
    fn any_bytes_are_an_event_or_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..2_000)) {
        let _ = Event::parse(&bytes);
    }

    #[test]
    fn a_damaged_event_is_an_event_or_an_error(
        pick in any::<prop::sample::Index>(),
        damage in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
    ) {
        static EVENTS: LazyLock<Vec<Value>> = LazyLock::new(|| recorded().swap_remove(0).1);
        let events = &*EVENTS;
        let mut bytes = events[pick.index(events.len())].to_string().into_bytes();
        for (at, byte) in damage {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        let _ = Event::parse(&bytes);
    }
}
