//! `/bridges`.

use serde_json::Value;

use super::super::media::Target;
use super::super::world::World;
use super::{Params, Reply, done, ok, others, refuse};

pub(super) fn route(
    world: &mut World,
    method: &str,
    path: &[&str],
    params: &Params,
) -> Option<Reply> {
    Some(match (method, path) {
        ("GET", []) => {
            let ids: Vec<String> = world.bridges.keys().cloned().collect();
            ok(ids.iter().map(|id| world.bridge_view(id)).collect())
        }
        ("POST", []) => create(world, params.get("bridgeId"), params),
        ("POST", [id]) => create(world, Some(id), params),
        (_, [id, ..]) if !world.bridges.contains_key(*id) => refuse(404, "Bridge not found"),
        ("GET", [id]) => ok(world.bridge_view(id)),
        ("DELETE", [id]) => {
            world.destroy_bridge(id);
            done()
        }
        ("POST", [id, "addChannel"]) => add_channels(world, id, params),
        ("POST", [id, "removeChannel"]) => remove_channels(world, id, params),
        ("POST", [id, "moh"]) => {
            if let Some(bridge) = world.bridges.get_mut(*id) {
                bridge.music = Some(params.get("mohClass").unwrap_or("default").to_owned());
            }
            done()
        }
        ("DELETE", [id, "moh"]) => match world
            .bridges
            .get_mut(*id)
            .and_then(|bridge| bridge.music.take())
        {
            Some(_) => done(),
            None => refuse(409, "Bridge isn't playing music"),
        },
        ("POST", [id, "play"]) => {
            others::play(world, &Target::Bridge((*id).to_owned()), None, params)
        }
        ("POST", [id, "play", own]) => {
            others::play(world, &Target::Bridge((*id).to_owned()), Some(own), params)
        }
        ("POST", [id, "record"]) => {
            others::record(world, &Target::Bridge((*id).to_owned()), params)
        }
        _ => return None,
    })
}

fn create(world: &mut World, id: Option<&str>, params: &Params) -> Reply {
    let id = id.map_or_else(|| world.unique_id(), str::to_owned);
    if world.bridges.contains_key(&id) {
        return refuse(409, &format!("Bridge with id '{id}' already exists"));
    }
    let view: Option<Value> = world.make_bridge(&id, params.text("type"), params.text("name"));
    view.map_or_else(|| refuse(500, "Unable to create bridge"), ok)
}

fn add_channels(world: &mut World, bridge: &str, params: &Params) -> Reply {
    let channels = params.list("channel");
    if channels.is_empty() {
        return refuse(400, "Missing parameter channel");
    }
    if channels.iter().any(|id| !world.legs.contains_key(id)) {
        return refuse(400, "Channel not found");
    }
    if channels
        .iter()
        .any(|id| world.legs.get(id).is_none_or(|leg| leg.app.is_none()))
    {
        return refuse(422, "Channel not in Stasis application");
    }
    if channels.iter().any(|id| {
        world
            .legs
            .get(id)
            .is_some_and(|leg| !leg.recordings.is_empty())
    }) {
        return refuse(409, "Channel currently recording");
    }
    for id in channels {
        world.enter_bridge(bridge, &id);
    }
    done()
}

fn remove_channels(world: &mut World, bridge: &str, params: &Params) -> Reply {
    let channels = params.list("channel");
    if channels.is_empty() {
        return refuse(400, "Missing parameter channel");
    }
    if channels.iter().any(|id| !world.legs.contains_key(id)) {
        return refuse(400, "Channel not found");
    }
    if channels.iter().any(|id| {
        world
            .legs
            .get(id)
            .is_none_or(|leg| leg.bridge.as_deref() != Some(bridge))
    }) {
        return refuse(422, "Channel not in this bridge");
    }
    for id in channels {
        world.leave_bridge(&id);
    }
    done()
}
