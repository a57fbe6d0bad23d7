//! `/channels`.

use std::time::Duration;

use asterisk::ari::{CallerId, ChannelState};
use serde_json::{Value, json};

use super::super::calls::Ending;
use super::super::control::Place;
use super::super::media::Target;
use super::super::outbound::{Outbound, endpoint_key};
use super::super::world::World;
use super::{Params, Reply, done, ok, others, refuse};

/// What Asterisk rings when nobody says how long.
const DEFAULT_RING: Duration = Duration::from_secs(30);

/// Asterisk's limit for ids.
const MAX_ID: usize = 149;

pub(super) fn route(
    world: &mut World,
    method: &str,
    path: &[&str],
    params: &Params,
) -> Option<Reply> {
    Some(match (method, path) {
        ("GET", []) => {
            let ids: Vec<String> = world.legs.keys().cloned().collect();
            ok(ids.iter().map(|id| world.channel_view(id)).collect())
        }
        ("POST", []) => originate(world, params, params.get("channelId")),
        ("POST", ["create"]) => create(world, params),
        ("POST", [id]) => originate(world, params, Some(id)),
        (_, [id, ..]) if !world.legs.contains_key(*id) => refuse(404, "Channel not found"),
        ("GET", [id]) => ok(world.channel_view(id)),
        ("DELETE", [id]) => hang_up(world, id, params),
        ("GET", [id, "variable"]) => variable(world, id, params),
        ("POST", [id, "variable"]) => set_variable(world, id, params),
        ("POST", [id, "snoop"]) => snoop(world, id, params.get("snoopId"), params),
        ("POST", [id, "snoop", snoop_id]) => snoop(world, id, Some(snoop_id), params),
        ("POST", [id, "dial"]) => dial(world, id, params),
        (_, [id, ..]) if world.legs.get(*id).is_none_or(|leg| leg.app.is_none()) => {
            refuse(409, "Channel not in Stasis application")
        }
        (_, [id, rest @ ..]) => return control(world, method, id, rest, params),
        _ => return None,
    })
}

/// What can be done to a channel in an application.
fn control(
    world: &mut World,
    method: &str,
    id: &str,
    what: &[&str],
    params: &Params,
) -> Option<Reply> {
    Some(match (method, what) {
        ("POST", ["answer"]) => {
            if world
                .legs
                .get(id)
                .is_some_and(|leg| leg.view.state != ChannelState::Up)
            {
                world.set_state(id, ChannelState::Up);
            }
            done()
        }
        ("POST" | "DELETE", ["ring"]) => {
            if let Some(leg) = world.legs.get(id) {
                leg.progress
                    .send_modify(|progress| progress.ringing = method == "POST");
            }
            done()
        }
        ("POST", ["moh"]) => {
            world.set_music(
                id,
                Some(params.get("mohClass").unwrap_or("default").to_owned()),
            );
            done()
        }
        ("DELETE", ["moh"]) => {
            world.set_music(id, None);
            done()
        }
        ("POST" | "DELETE", ["mute"]) => match params.get("direction").unwrap_or("both") {
            "both" | "in" | "out" => done(),
            _ => refuse(400, "Invalid direction specified"),
        },
        ("POST", ["dtmf"]) if params.get("dtmf").is_none() => refuse(400, "DTMF is required"),
        ("POST", ["dtmf" | "progress" | "hold" | "silence"]) | ("DELETE", ["hold" | "silence"]) => {
            done()
        }
        ("POST", ["play"]) => others::play(world, &Target::Channel(id.to_owned()), None, params),
        ("POST", ["play", own]) => {
            others::play(world, &Target::Channel(id.to_owned()), Some(own), params)
        }
        ("POST", ["record"]) => others::record(world, &Target::Channel(id.to_owned()), params),
        ("POST", ["continue"]) => go_on(world, id, params),
        ("POST", ["move"]) => move_to(world, id, params),
        ("POST", ["redirect"]) => match params.get("endpoint") {
            Some(endpoint) => {
                let place = Place::Dialplan {
                    context: "redirected".into(),
                    extension: endpoint.to_owned(),
                    priority: 1,
                };
                world.leave_stasis(id, Some(place));
                done()
            }
            None => refuse(400, "Endpoint must be specified"),
        },
        _ => return None,
    })
}

fn originate(world: &mut World, params: &Params, id: Option<&str>) -> Reply {
    if params.get("app").is_none() && params.get("extension").is_none() {
        return match params.get("endpoint") {
            None => refuse(400, "Endpoint must be specified"),
            Some(_) => refuse(400, "Application or extension must be specified"),
        };
    }
    let place = params.get("extension").map(|extension| Place::Dialplan {
        context: params.get("context").unwrap_or("default").to_owned(),
        extension: extension.to_owned(),
        priority: params
            .get("priority")
            .and_then(|priority| priority.parse().ok())
            .unwrap_or(1),
    });
    let what = Outbound {
        place,
        app: params.get("app").map(str::to_owned),
        caller_id: params.get("callerId").map(caller_id),
        ..Outbound::default()
    };
    match make(world, params, id, what) {
        Ok(id) => {
            world.dial(&id, Some(params.seconds("timeout").unwrap_or(DEFAULT_RING)));
            ok(world.channel_view(&id))
        }
        Err(refusal) => refusal,
    }
}

fn create(world: &mut World, params: &Params) -> Reply {
    let what = Outbound {
        created: true,
        app: params.get("app").map(str::to_owned),
        ..Outbound::default()
    };
    match make(world, params, params.get("channelId"), what) {
        Ok(id) => {
            let view = world.channel_view(&id);
            let (app, args) = (
                params.text("app").to_owned(),
                params.text("appArgs").to_owned(),
            );
            world.after_for(super::super::world::SIGNALLING, &id, move |world, id| {
                world.enter_stasis(id, &app, &args, true);
            });
            ok(view)
        }
        Err(refusal) => refusal,
    }
}

/// What `originate` and `create` have in common.
fn make(
    world: &mut World,
    params: &Params,
    id: Option<&str>,
    what: Outbound,
) -> Result<String, Reply> {
    let Some(endpoint) = params.get("endpoint") else {
        return Err(refuse(400, "Endpoint must be specified"));
    };
    let id = id.map_or_else(|| world.unique_id(), str::to_owned);
    if id.len() > MAX_ID {
        return Err(refuse(400, "Uniqueid length exceeds maximum of 149"));
    }
    if world.legs.contains_key(&id) {
        return Err(refuse(409, "Channel with given unique ID already exists"));
    }
    if endpoint.ends_with('/') {
        return Err(refuse(400, "Invalid endpoint specified"));
    }
    let key = endpoint_key(endpoint);
    let reachable = key.is_some_and(|key| match world.phones.get(&key) {
        Some(phone) => phone.is_registered(),
        None => key.contains('@'),
    });
    if !reachable {
        return Err((500, Some(json!({ "error": "Allocation failed" }))));
    }
    Ok(world.make_outbound(&Outbound {
        id,
        endpoint: endpoint.to_owned(),
        app_args: params.text("appArgs").to_owned(),
        variables: params.variables(),
        ..what
    }))
}

fn dial(world: &mut World, id: &str, params: &Params) -> Reply {
    let Some(leg) = world.legs.get(id) else {
        return refuse(404, "Channel not found");
    };
    if leg.view.state != ChannelState::Down || !leg.created {
        return refuse(409, "Channel is not in the 'Down' state");
    }
    if let Some(caller) = params.get("caller")
        && let Some(identity) = world.legs.get(caller).map(|leg| leg.view.caller.clone())
    {
        // Being named as the caller subscribes the application to that channel once more.
        if let Some(app) = leg.app.clone() {
            world.subscribe(&app, caller);
        }
        world.set_connected(id, identity);
    }
    world.dial(
        id,
        params
            .seconds("timeout")
            .filter(|timeout| !timeout.is_zero()),
    );
    done()
}

fn hang_up(world: &mut World, id: &str, params: &Params) -> Reply {
    let cause = match (params.get("reason_code"), params.get("reason")) {
        (Some(code), _) => match code.parse() {
            Ok(cause) => cause,
            Err(_) => return refuse(400, "Invalid Reason Code Provided"),
        },
        (None, None | Some("normal")) => 16,
        (None, Some("busy")) => 17,
        (None, Some("congestion")) => 34,
        (None, Some("no_answer" | "timeout")) => 19,
        (None, Some("answered_elsewhere")) => 26,
        (None, Some("rejected")) => 21,
        (None, Some(_)) => return refuse(400, "Invalid Reason Provided"),
    };
    world.end(id, Ending::Local { cause });
    done()
}

fn variable(world: &World, id: &str, params: &Params) -> Reply {
    let Some(name) = params.get("variable") else {
        return refuse(400, "Variable name is required");
    };
    let Some(leg) = world.legs.get(id) else {
        return refuse(404, "Channel not found");
    };
    let caller = &leg.view.caller;
    let value = match name {
        "CALLERID(num)" => Some(caller.number.clone()),
        "CALLERID(name)" => Some(caller.name.clone()),
        "CALLERID(all)" => Some(format!("\"{}\" <{}>", caller.name, caller.number)),
        "EXTEN" => Some(leg.view.dialplan.exten.clone()),
        "CONTEXT" => Some(leg.view.dialplan.context.clone()),
        "UNIQUEID" | "CHANNEL(linkedid)" => Some(id.to_owned()),
        _ => leg.variables.get(name).cloned(),
    };
    match value {
        Some(value) => ok(json!({ "value": value })),
        None if name.contains('(') => refuse(500, "Unable to read provided function"),
        None => refuse(404, "Provided variable was not found"),
    }
}

fn set_variable(world: &mut World, id: &str, params: &Params) -> Reply {
    let Some(name) = params.get("variable") else {
        return refuse(400, "Variable name is required");
    };
    world.set_variable(id, name, params.text("value"), true);
    done()
}

fn go_on(world: &mut World, id: &str, params: &Params) -> Reply {
    let Some(position) = world.legs.get(id).map(|leg| leg.view.dialplan.clone()) else {
        return refuse(404, "Channel not found");
    };
    let given = params
        .get("priority")
        .and_then(|priority| priority.parse().ok());
    let place = Place::Dialplan {
        context: params
            .get("context")
            .map_or(position.context, str::to_owned),
        extension: params
            .get("extension")
            .map_or(position.exten, str::to_owned),
        priority: given.unwrap_or_else(|| u32::try_from(position.priority).unwrap_or_default() + 1),
    };
    world.leave_stasis(id, Some(place));
    done()
}

fn move_to(world: &mut World, id: &str, params: &Params) -> Reply {
    let Some(app) = params.get("app") else {
        return refuse(400, "App parameter is required");
    };
    let args = params.text("appArgs").to_owned();
    world.leave_stasis(id, None);
    world.enter_stasis(id, app, &args, false);
    done()
}

/// A snoop channel is Up at once and says nothing when it goes.
fn snoop(world: &mut World, id: &str, snoop_id: Option<&str>, params: &Params) -> Reply {
    let Some(app) = params.get("app") else {
        return refuse(400, "Application name not specified");
    };
    let known = |direction: Option<&str>| {
        matches!(direction.unwrap_or("none"), "none" | "both" | "in" | "out")
    };
    if !known(params.get("spy")) || !known(params.get("whisper")) {
        return refuse(400, "Invalid direction specified for spy");
    }
    let snoop_id = snoop_id.map_or_else(|| world.unique_id(), str::to_owned);
    if world.legs.contains_key(&snoop_id) {
        return refuse(409, "Channel with given unique ID already exists");
    }
    let Some(spied) = world.legs.get(id).map(|leg| leg.view.clone()) else {
        return refuse(404, "Channel not found");
    };
    let serial = world.serial();
    let view = asterisk::ari::Channel {
        id: snoop_id.clone(),
        name: format!("Snoop/{id}-{serial:08x}"),
        state: ChannelState::Up,
        protocol_id: String::new(),
        ..spied
    };
    let (snoop_id, _) = world.new_leg(view, false);
    if let Some(leg) = world.legs.get_mut(&snoop_id) {
        leg.created = true;
    }
    world.enter_stasis(&snoop_id, app, params.text("appArgs"), false);
    let view: Value = world.channel_view(&snoop_id);
    ok(view)
}

/// `"Name" <number>`, `Name <number>` or a number.
fn caller_id(text: &str) -> CallerId {
    match text.split_once('<') {
        Some((name, number)) => CallerId {
            name: name.trim().trim_matches('"').to_owned(),
            number: number.trim_end_matches('>').trim().to_owned(),
        },
        None => CallerId {
            name: String::new(),
            number: text.trim().to_owned(),
        },
    }
}
