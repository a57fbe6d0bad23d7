//! Whom a change meets: calls that are up on a thing right now, and phones that are registered as it.

use serde_json::Value;

use super::plan::{Action, Change};
use super::things::{Thing, Things};

/// What is told of a change, from `/v1/live` and from the thing itself as its route shows it.
pub fn impact(change: &Change, live: &Value, seen: Option<&Value>, things: &Things) -> Vec<String> {
    if change.action == Action::Create {
        return Vec::new();
    }
    let mut told = Vec::new();
    let calls = calls(change, live, things);
    if calls > 0 {
        told.push(match calls {
            1 => "1 call is live on it".to_owned(),
            many => format!("{many} calls are live on it"),
        });
    }
    if change.noun.section == "queues" {
        let waiting = of_queue(change, live).map_or(0, |it| count(it, "waiting"));
        if waiting > 0 {
            told.push(format!("{waiting} of them in line"));
        }
    }
    told.extend(seen.and_then(registered));
    told
}

fn calls(change: &Change, live: &Value, things: &Things) -> usize {
    let id = change.id.as_deref();
    let is = |value: &Value, wanted: Option<&str>| wanted.is_some() && value.as_str() == wanted;
    let key = Some(change.key.as_str());
    let calls = list(live, "calls");
    match change.noun.section {
        "servers" => calls.filter(|call| is(&call["server"], id)).count(),
        "queues" => of_queue(change, live).map_or(0, |queue| {
            let all = ["waiting", "ringing", "talking"].map(|name| count(queue, name));
            all.iter().sum()
        }),
        "dids" => calls.filter(|call| is(&call["dialled"], key)).count(),
        "caller_ids" => {
            let number = change.before.get("number").and_then(Value::as_str);
            calls
                .filter(|call| is(&call["placed"]["caller_id"], number))
                .count()
        }
        "trunks" => {
            let end = format!("@{}", change.key);
            let dials = |server: &&Thing| {
                let dial_out = server.fields.get("dial_out").and_then(Value::as_str);
                dial_out.is_some_and(|it| it.ends_with(&end))
            };
            let servers: Vec<&Thing> = things.of("servers").filter(dials).collect();
            let is_on = |call: &&Value| {
                let mut servers = servers.iter();
                let is_ours = servers.any(|it| is(&call["server"], it.id.as_deref()));
                is_ours && call["direction"] == "outbound"
            };
            calls.filter(is_on).count()
        }
        "agents" | "extensions" | "members" => {
            let is_it = |agent: &&Value| is(&agent["agent"]["extension"], key);
            let has_call = |agent: &&Value| !agent["status"]["call"].is_null();
            list(live, "agents").filter(is_it).filter(has_call).count()
        }
        _ => 0,
    }
}

fn of_queue<'a>(change: &Change, live: &'a Value) -> Option<&'a Value> {
    let id = change.id.as_deref()?;
    list(live, "queues").find(|it| it["queue"]["id"] == id)
}

/// What Asterisk says of a phone or trunk.
fn registered(seen: &Value) -> Option<String> {
    let servers = || list(seen, "provisioned");
    let trunk = servers().find_map(|it| it["registration"].as_str());
    if let Some(state) = trunk {
        return Some(format!("its registration: {state}"));
    }
    let contacts = servers().flat_map(|it| list(it, "contacts"));
    let phones = contacts.filter(|it| it["state"] == "registered").count();
    match phones {
        0 => None,
        1 => Some("1 phone is registered as it".to_owned()),
        many => Some(format!("{many} phones are registered as it")),
    }
}

fn list<'a>(value: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    value[name].as_array().into_iter().flatten()
}

fn count(value: &Value, name: &str) -> usize {
    let count = value[name].as_u64().unwrap_or_default();
    usize::try_from(count).unwrap_or(usize::MAX)
}
