//! Playbacks, recordings, endpoints, device states, applications, Asterisk itself.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value, json};

use super::super::apps::About;
use super::super::media::Target;
use super::super::world::{World, now};
use super::{Params, Reply, done, ok, refuse};

const FORMATS: [&str; 7] = ["wav", "wav49", "gsm", "ulaw", "alaw", "sln", "g722"];

pub(super) fn route(
    world: &mut World,
    method: &str,
    path: &[&str],
    params: &Params,
) -> Option<Reply> {
    match path {
        ["playbacks", id, rest @ ..] => playbacks(world, method, id, rest, params),
        ["recordings", "live", name, rest @ ..] => live(world, method, name, rest),
        ["recordings", "stored", rest @ ..] => stored(world, method, rest, params),
        ["endpoints", rest @ ..] if method == "GET" => endpoints(world, rest),
        ["deviceStates", rest @ ..] => device_states(world, method, rest, params),
        ["applications", rest @ ..] => applications(world, method, rest, params),
        ["asterisk", rest @ ..] => asterisk(world, method, rest, params),
        ["events", "user", name] if method == "POST" => Some(user_event(world, name, params)),
        _ => None,
    }
}

/// Plays to a channel or bridge.
pub(super) fn play(world: &mut World, target: &Target, id: Option<&str>, params: &Params) -> Reply {
    let Some(media) = params.get("media") else {
        return refuse(500, "Failed to queue media for playback");
    };
    let id = id.or(params.get("playbackId"));
    let id = id.map_or_else(|| world.unique_id(), str::to_owned);
    (201, Some(world.play(&id, target, media)))
}

/// Starts a recording of a channel or bridge.
pub(super) fn record(world: &mut World, target: &Target, params: &Params) -> Reply {
    let (name, format) = (
        params.text("name").to_owned(),
        params.text("format").to_owned(),
    );
    if name.is_empty() {
        return refuse(500, "Error parsing request");
    }
    if name.split('/').any(|part| part == "..") {
        return refuse(400, "Recording name invalid");
    }
    if !FORMATS.contains(&format.as_str()) {
        return refuse(422, "specified format is unknown on this system");
    }
    let if_exists = params.get("ifExists").unwrap_or("fail");
    if !matches!(if_exists, "fail" | "overwrite" | "append") {
        return refuse(400, "ifExists invalid");
    }
    if world.live.contains_key(&name) {
        return refuse(409, &format!("Recording '{name}' already in progress"));
    }
    if if_exists == "fail" && world.stored.contains_key(&name) {
        return refuse(
            409,
            &format!("Recording '{name}' already exists and can not be overwritten"),
        );
    }
    let longest = params
        .seconds("maxDurationSeconds")
        .unwrap_or(Duration::ZERO);
    (201, Some(world.record(target, &name, &format, longest)))
}

fn playbacks(
    world: &mut World,
    method: &str,
    id: &str,
    rest: &[&str],
    params: &Params,
) -> Option<Reply> {
    let Some(playback) = world.playbacks.get(id) else {
        return Some(refuse(404, "Playback not found"));
    };
    Some(match (method, rest) {
        ("GET", []) => ok(json!(playback)),
        ("DELETE", []) => {
            world.finish_playback(id, "done");
            done()
        }
        ("POST", ["control"]) => match params.text("operation") {
            "restart" | "pause" | "unpause" | "reverse" | "forward" => done(),
            _ => refuse(400, "Invalid operation"),
        },
        _ => return None,
    })
}

fn live(world: &mut World, method: &str, name: &str, rest: &[&str]) -> Option<Reply> {
    let Some(recording) = world.live.get_mut(name) else {
        return Some(refuse(404, "Recording not found"));
    };
    let queued = recording.started_at.is_none();
    Some(match (method, rest) {
        ("GET", []) => ok(json!(recording.view)),
        ("DELETE", []) => {
            world.finish_recording(name, false);
            done()
        }
        ("POST", ["stop"]) => {
            world.finish_recording(name, true);
            done()
        }
        ("POST" | "DELETE", ["pause" | "mute"]) if queued => {
            refuse(409, "Recording not in session")
        }
        ("POST", ["pause"]) => {
            recording.view.state = "paused".into();
            done()
        }
        ("DELETE", ["pause"]) => {
            recording.view.state = "recording".into();
            done()
        }
        ("POST" | "DELETE", ["mute"]) => done(),
        _ => return None,
    })
}

fn stored(world: &mut World, method: &str, rest: &[&str], params: &Params) -> Option<Reply> {
    let view = |(name, format): (&String, &String)| json!({ "name": name, "format": format });
    Some(match (method, rest) {
        ("GET", []) => ok(world.stored.iter().map(view).collect()),
        (_, [name, ..]) if !world.stored.contains_key(*name) => refuse(404, "Recording not found"),
        ("GET", [name]) => ok(world
            .stored
            .get_key_value(*name)
            .map(view)
            .unwrap_or_default()),
        ("DELETE", [name]) => {
            world.stored.remove(*name);
            done()
        }
        ("POST", [name, "copy"]) => {
            let (to, format) = (
                params.text("destinationRecordingName").to_owned(),
                world.stored[*name].clone(),
            );
            if world.stored.contains_key(&to) {
                return Some(refuse(
                    409,
                    "A recording with the same name already exists on the system",
                ));
            }
            world.stored.insert(to.clone(), format.clone());
            ok(json!({ "name": to, "format": format }))
        }
        _ => return None,
    })
}

fn endpoints(world: &World, rest: &[&str]) -> Option<Reply> {
    let all: Vec<Value> = world.endpoint_views();
    Some(match rest {
        [] | ["PJSIP"] => ok(all.into()),
        [technology] => refuse(
            404,
            &format!("No Endpoints found - invalid tech {technology}"),
        ),
        [_, resource] => match all
            .into_iter()
            .find(|endpoint| endpoint["resource"] == *resource)
        {
            Some(endpoint) => ok(endpoint),
            None => refuse(404, "Endpoint not found"),
        },
        _ => return None,
    })
}

fn device_states(world: &mut World, method: &str, rest: &[&str], params: &Params) -> Option<Reply> {
    let view = |name: &str, state: &str| json!({ "name": name, "state": state });
    Some(match (method, rest) {
        ("GET", []) => ok(world
            .device_states
            .iter()
            .map(|(name, state)| view(name, state))
            .collect()),
        ("GET", [name]) if name.starts_with("Stasis:") => ok(view(
            name,
            world
                .device_states
                .get(*name)
                .map_or("UNKNOWN", String::as_str),
        )),
        ("GET", [name]) => ok(view(name, &world.device_state(name))),
        ("PUT" | "DELETE", [name]) if !name.starts_with("Stasis:") => {
            refuse(409, "Invalid device specified")
        }
        ("PUT", [name]) => {
            let state = params.text("deviceState").to_owned();
            let known = [
                "NOT_INUSE",
                "INUSE",
                "BUSY",
                "INVALID",
                "UNAVAILABLE",
                "RINGING",
                "RINGINUSE",
                "ONHOLD",
                "UNKNOWN",
            ];
            if !known.contains(&state.as_str()) {
                return Some(refuse(500, "Unknown device"));
            }
            world
                .device_states
                .insert((*name).to_owned(), state.clone());
            let about = About {
                device: Some(name),
                ..About::default()
            };
            world.emit(
                "DeviceStateChanged",
                about,
                &json!({ "device_state": view(name, &state) }),
            );
            done()
        }
        ("DELETE", [name]) => {
            world.device_states.remove(*name);
            done()
        }
        _ => return None,
    })
}

fn applications(world: &mut World, method: &str, rest: &[&str], params: &Params) -> Option<Reply> {
    Some(match (method, rest) {
        ("GET", []) => ok(world
            .apps
            .iter()
            .map(|(name, app)| app.view(name))
            .collect()),
        (_, [name, ..]) if !world.apps.contains_key(*name) => refuse(404, "Application not found"),
        ("GET", [name]) => ok(world.apps[*name].view(name)),
        ("POST" | "DELETE", [name, "subscription"]) => {
            subscription(world, method == "POST", name, params)
        }
        ("PUT", [name, "eventFilter"]) => {
            let types = |key: &str| {
                params
                    .body
                    .get(key)
                    .and_then(Value::as_array)
                    .cloned()
                    .unwrap_or_default()
            };
            let app = world.apps.get_mut(*name)?;
            (app.allowed, app.disallowed) = (types("allowed"), types("disallowed"));
            ok(app.view(name))
        }
        _ => return None,
    })
}

fn subscription(world: &mut World, add: bool, name: &str, params: &Params) -> Reply {
    let sources = params.list("eventSource");
    for source in &sources {
        let Some((scheme, id)) = source.split_once(':') else {
            return refuse(400, "Invalid event source URI scheme");
        };
        let exists = match scheme {
            "channel" => world.legs.contains_key(id),
            "bridge" => world.bridges.contains_key(id),
            "endpoint" => world
                .endpoint_views()
                .iter()
                .any(|one| id.ends_with(one["resource"].as_str().unwrap_or("/"))),
            "deviceState" => true,
            _ => return refuse(400, "Invalid event source URI scheme"),
        };
        if !exists {
            return refuse(422, "Event source does not exist");
        }
        let Some(app) = world.apps.get_mut(name) else {
            return refuse(404, "Application not found");
        };
        let subscribed = match scheme {
            "channel" if add => {
                *app.channels.entry(id.to_owned()).or_default() += 1;
                true
            }
            "channel" => app.channels.remove(id).is_some(),
            "bridge" => subscribe(&mut app.bridges, id, add),
            "endpoint" => subscribe(&mut app.endpoints, id, add),
            _ => subscribe(&mut app.devices, id, add),
        };
        if !subscribed {
            return refuse(422, "Event source was not subscribed to");
        }
    }
    ok(world.apps[name].view(name))
}

/// Adds to or removes from a set; tells whether it was or is in there.
fn subscribe(sources: &mut BTreeSet<String>, id: &str, add: bool) -> bool {
    if add {
        sources.insert(id.to_owned());
        return true;
    }
    sources.remove(id)
}

fn asterisk(world: &mut World, method: &str, rest: &[&str], params: &Params) -> Option<Reply> {
    Some(match (method, rest) {
        ("GET", ["info"]) => {
            let started = world.started_at();
            ok(json!({
                "build": { "os": "Linux", "kernel": "", "machine": "x86_64", "options": "", "date": "", "user": "sim" },
                "system": { "version": world.config.version, "entity_id": world.config.asterisk_id },
                "config": { "name": "", "default_language": "en", "setid": { "user": "", "group": "" } },
                "status": { "startup_time": started, "last_reload_time": started },
            }))
        }
        ("GET", ["ping"]) => ok(
            json!({ "ping": "pong", "timestamp": now(), "asterisk_id": world.config.asterisk_id }),
        ),
        (_, ["variable"]) if params.get("variable").is_none() => {
            refuse(400, "Variable name is required")
        }
        ("GET", ["variable"]) => {
            let value = world
                .globals
                .get(params.text("variable"))
                .cloned()
                .unwrap_or_default();
            ok(json!({ "value": value }))
        }
        ("POST", ["variable"]) => {
            world.globals.insert(
                params.text("variable").to_owned(),
                params.text("value").to_owned(),
            );
            done()
        }
        _ => return None,
    })
}

fn user_event(world: &mut World, name: &str, params: &Params) -> Reply {
    let app = params.text("application");
    if !world.apps.contains_key(app) {
        return refuse(404, "Application not found");
    }
    let mut variables = params
        .body
        .get("variables")
        .filter(|variables| variables.is_object())
        .cloned()
        .unwrap_or_else(|| json!({}));
    variables["eventname"] = name.into();
    let mut members = json!({ "eventname": name, "userevent": variables });
    let source = params.get("source");
    if let Some(id) = source.and_then(|source| source.strip_prefix("channel:")) {
        members["channel"] = world.channel_view(id);
    }
    // To the named application whatever it is subscribed to, and to nobody else.
    world.emit_to_app(app, "ChannelUserevent", &members);
    done()
}

impl World {
    fn endpoint_views(&self) -> Vec<Value> {
        let view = |resource: &str, online: bool| {
            let device = format!("PJSIP/{resource}");
            let channels: Vec<&String> = self
                .legs
                .values()
                .filter(|leg| {
                    super::super::devices::device_of(&leg.view.name).as_deref() == Some(&device)
                })
                .map(|leg| &leg.view.id)
                .collect();
            let state = if online { "online" } else { "offline" };
            json!({ "technology": "PJSIP", "resource": resource, "state": state, "channel_ids": channels })
        };
        let phones = self.phones.iter().filter(|(key, _)| !key.contains('@'));
        std::iter::once(view("trunk", true))
            .chain(phones.map(|(key, phone)| view(key, phone.is_registered())))
            .collect()
    }
}
