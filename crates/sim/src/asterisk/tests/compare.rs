//! Events as lines that can be compared with those of a recording.

use std::collections::BTreeMap;

use serde_json::Value;

/// One event as a comparable line, and the paths of its members.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Line {
    text: String,
    members: Vec<String>,
}

/// Lines by stream: within one the order is compared.
pub(super) type Streams = BTreeMap<&'static str, Vec<Line>>;

/// The events of a recording; `only` keeps those whose channel it accepts.
pub(super) fn recording(name: &str, only: impl Fn(&str) -> bool) -> Streams {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../asterisk/testdata/ari");
    let text = std::fs::read_to_string(format!("{folder}/{name}.events.jsonl")).unwrap();
    let events = text
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .filter_map(|mut line| line.get_mut("event").map(Value::take))
        .filter(|event| {
            let channel = event.get("channel").or_else(|| event.get("peer"));
            channel.is_none_or(|channel| only(channel["id"].as_str().unwrap()))
        })
        .collect();
    streams(events)
}

pub(super) fn streams(events: Vec<Value>) -> Streams {
    let mut streams = Streams::new();
    for event in events {
        let stream = match event["type"].as_str().unwrap() {
            "Dial" => "Dial",
            "ChannelConnectedLine" => continue,
            "DeviceStateChanged" => "DeviceStateChanged",
            "ChannelVarset" if noise(&event["variable"]) => continue,
            "ChannelDialplan" if event["dialplan_app"] == "NoOp" => continue,
            _ => "others",
        };
        if event["device_state"]["name"] == "Recorder/ARI" {
            continue;
        }
        let mut members = Vec::new();
        paths("", &event, &mut members);
        members.sort();
        streams.entry(stream).or_default().push(Line {
            text: summary(&event),
            members,
        });
    }
    streams
}

fn noise(variable: &Value) -> bool {
    let variable = variable.as_str().unwrap();
    variable.starts_with("RTPAUDIO") || variable.starts_with("BRIDGE")
}

fn paths(prefix: &str, value: &Value, out: &mut Vec<String>) {
    if let Value::Object(members) = value {
        for (key, value) in members {
            let path = format!("{prefix}.{key}");
            paths(&path, value, out);
            out.push(path);
        }
    }
}

/// Everything of an event that does not depend on the moment or the machine.
fn summary(event: &Value) -> String {
    let mut parts = vec![event["type"].as_str().unwrap().to_owned()];
    let mut add = |name: &str, value: &Value| {
        if !value.is_null() {
            parts.push(format!("{name}={value}"));
        }
    };
    for member in [
        "cause",
        "tech_cause",
        "cause_txt",
        "soft",
        "dialstatus",
        "dialstring",
        "variable",
        "value",
        "device_state",
    ] {
        add(member, &event[member]);
    }
    let channel = event
        .get("channel")
        .or_else(|| event.get("peer"))
        .unwrap_or(&Value::Null);
    add("channel", &role(&channel["id"]));
    if event["type"] != "Dial" {
        add("state", &channel["state"]);
        add("app", &channel["dialplan"]["app_name"]);
        add("caller", &channel["caller"]["number"]);
    }
    add("bridge", &event["bridge"]["id"]);
    if let Some(channels) = event["bridge"]["channels"].as_array() {
        add("bridged", &channels.iter().map(role).collect());
    }
    for what in ["playback", "recording"] {
        for member in ["id", "name", "format", "state", "media_uri"] {
            add(member, &event[what][member]);
        }
    }
    parts.join(" ")
}

/// Ids that Asterisk chose are the caller's.
fn role(id: &Value) -> Value {
    match id.as_str() {
        Some(id) if id.starts_with(|mark: char| mark.is_ascii_digit()) => "caller".into(),
        _ => id.clone(),
    }
}

pub(super) fn assert_same(simulated: &Streams, recorded: &Streams) {
    for (stream, wanted) in recorded {
        let got = simulated.get(stream).cloned().unwrap_or_default();
        let texts = |lines: &[Line]| {
            let texts: Vec<&str> = lines.iter().map(|line| line.text.as_str()).collect();
            texts.join("\n")
        };
        assert_eq!(
            texts(&got),
            texts(wanted),
            "{stream}: simulated (left) and recorded (right)"
        );
        for (got, wanted) in got.iter().zip(wanted) {
            assert_eq!(got.members, wanted.members, "{stream}: {}", got.text);
        }
    }
    assert_eq!(
        simulated.keys().collect::<Vec<_>>(),
        recorded.keys().collect::<Vec<_>>()
    );
}
