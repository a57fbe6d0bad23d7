//! Calls that present our numbers, found in a snapshot: those that were up before we listened.
//!
//! What dials executes `Dial`; whom it reached shares its bridge. A person who was transferred has only a channel of their own.
//! One that was originated says nowhere whom it called: it is found by the reservation that it carries, or not at all.

use std::collections::{BTreeMap, BTreeSet};

use asterisk::ari::{Channel, ChannelState, Client, Snapshot, timestamp};
use engine::callerid::Heard;
use futures_util::{StreamExt as _, stream};
use model::{ReservationId, Timestamp};

use super::{RESERVATION, digits_of, readings};
use crate::numbers::Numbers;

/// Questions to Asterisk at a time.
const ASKED_AT_ONCE: usize = 16;

/// The reservations that the dialplan carries on these channels.
pub(super) async fn carried(
    client: &Client,
    channels: &[&Channel],
) -> BTreeMap<String, ReservationId> {
    let ask = |id: String| async move {
        let value = client.channels().variable(&id, RESERVATION).await;
        // None is the rule: most channels carry nothing.
        Some((id, value.ok()?.parse().ok()?))
    };
    let ids: Vec<_> = channels.iter().map(|one| one.id.clone()).collect();
    let asked = stream::iter(ids).map(ask).buffer_unordered(ASKED_AT_ONCE);
    let found: Vec<Option<_>> = asked.collect().await;
    found.into_iter().flatten().collect()
}

/// What `unknown` channels of the snapshot are doing, as it would have been heard.
pub(super) fn calls(
    numbers: Numbers,
    snapshot: &Snapshot,
    unknown: &[&Channel],
    carried: &BTreeMap<String, ReservationId>,
) -> Vec<Heard> {
    let reservation = |channel: &Channel| carried.get(&channel.id).copied();
    let mut taken = BTreeSet::new();
    let mut found = Vec::new();
    for caller in unknown.iter().filter(|one| executes(one, "Dial")) {
        let person = reached(snapshot, unknown, caller);
        let dialled = dialled_by(caller).chain([caller.dialplan.exten.as_str()]);
        found.push(Heard::Found {
            caller: caller.id.clone(),
            reservation: reservation(caller).or_else(|| reservation(person?)),
            presented: readings(numbers, &caller.caller.number, dialled),
            answered: person.map(|person| (person.id.clone(), made(person))),
        });
        taken.insert(&caller.id);
        taken.extend(person.map(|person| &person.id));
    }
    let rest = unknown.iter().filter(|one| !taken.contains(&one.id));
    for channel in rest {
        let (is_up, carried) = (channel.state == ChannelState::Up, reservation(channel));
        let originated = executes(channel, "AppDial2");
        let was_dialled = originated || executes(channel, "AppDial");
        if was_dialled && is_up {
            let dialled = (!originated).then_some(channel.caller.number.as_str());
            let dialled = dialled.into_iter();
            found.push(Heard::Found {
                caller: channel.id.clone(),
                reservation: carried,
                presented: readings(numbers, &channel.connected.number, dialled),
                answered: Some((channel.id.clone(), made(channel))),
            });
        } else if carried.is_some() && !was_dialled {
            found.push(Heard::Carries {
                channel: channel.id.clone(),
                reservation: carried,
            });
        }
    }
    found.retain(|heard| !says_nothing(heard));
    found
}

fn executes(channel: &Channel, application: &str) -> bool {
    channel.dialplan.app_name == application
}

/// `PJSIP/3105550142@one&PJSIP/3105550142@two,30,g`: whom each of them calls.
fn dialled_by(caller: &Channel) -> impl Iterator<Item = &str> {
    let data = caller.dialplan.app_data.as_str();
    let destinations = data.split(',').next().unwrap_or_default();
    destinations.split('&').map(digits_of)
}

/// The person that a dialling channel talks with.
fn reached<'a>(
    snapshot: &Snapshot,
    unknown: &[&'a Channel],
    caller: &Channel,
) -> Option<&'a Channel> {
    let mut bridges = snapshot.bridges.iter();
    let bridge = bridges.find(|bridge| bridge.channels.contains(&caller.id))?;
    let mut others = unknown.iter();
    let person = others.find(|one| {
        let dialled = executes(one, "AppDial") && one.state == ChannelState::Up;
        dialled && bridge.channels.contains(&one.id)
    });
    person.copied()
}

fn made(channel: &Channel) -> Timestamp {
    let millis = timestamp::unix_millis(&channel.creationtime).unwrap_or_default();
    Timestamp::from_micros(millis.saturating_mul(1_000))
}

fn says_nothing(heard: &Heard) -> bool {
    matches!(heard, Heard::Found { reservation: None, presented, .. } if presented.is_empty())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use asterisk::ari::{Application, Bridge};
    use serde_json::json;

    use super::*;

    const ID: &str = "019a0000-0000-7000-8000-000000000001";

    fn channel(id: &str, application: &str, data: &str, state: &str) -> Channel {
        serde_json::from_value(json!({
            "id": id, "state": state, "creationtime": "1970-01-01T00:00:01.000+0000",
            "caller": {"number": "3105550100"}, "connected": {"number": "3105550100"},
            "dialplan": {"exten": "s", "app_name": application, "app_data": data},
        }))
        .unwrap()
    }

    fn person(id: &str) -> Channel {
        let mut person = channel(id, "AppDial", "(Outgoing Line)", "Up");
        person.caller.number = "3105550143".into();
        person
    }

    /// Who calls, with which reservation, whom, and which channel has answered.
    fn found(
        channels: &[Channel],
        bridged: &[&str],
        carrying: &[&str],
    ) -> Vec<(String, bool, Vec<String>, Option<String>)> {
        let snapshot = Snapshot {
            channels: channels.to_vec(),
            bridges: vec![Bridge {
                channels: bridged.iter().map(|&id| id.into()).collect(),
                ..Bridge::default()
            }],
            endpoints: Vec::new(),
            application: Application::default(),
        };
        let unknown: Vec<_> = channels.iter().collect();
        let carried = carrying.iter();
        let carried = carried.map(|&id| (id.to_owned(), ID.parse().unwrap()));
        let found = calls(Numbers::default(), &snapshot, &unknown, &carried.collect());
        let tell = |heard| match heard {
            Heard::Found {
                caller,
                reservation,
                presented,
                answered,
            } => {
                let to = presented.iter().map(|one| one.to.to_string()).collect();
                let leg = answered.map(|(leg, made)| {
                    assert_eq!(made, Timestamp::from_micros(1_000_000));
                    leg
                });
                (caller, reservation.is_some(), to, leg)
            }
            Heard::Carries { channel, .. } => (channel, true, vec!["nobody yet".into()], None),
            other => panic!("{other:?}"),
        };
        found.into_iter().map(tell).collect()
    }

    fn called(to: &str) -> Vec<String> {
        vec![to.to_owned()]
    }

    #[test]
    fn who_dials_is_found_with_whom_it_reached() {
        let dial = channel("a", "Dial", "PJSIP/3105550142@trunk,30", "Up");
        let two = channel(
            "b",
            "Dial",
            "PJSIP/3105550142@one&PJSIP/trunk/sip:3105550144@x",
            "Ring",
        );
        let ann = person("ann");
        let all = [dial, two, ann, channel("ringing", "AppDial", "", "Ringing")];
        let to = called("+13105550142");
        let both = [to.clone(), called("+13105550144")].concat();
        let expected = [
            ("a".into(), false, to, Some("ann".into())),
            ("b".into(), false, both, None),
        ];
        assert_eq!(found(&all, &["a", "ann"], &[]), expected);
    }

    #[test]
    fn who_was_transferred_is_found_alone() {
        let all = [person("ann"), channel("bob", "Queue", "sales", "Up")];
        let to = called("+13105550143");
        let expected = [("ann".into(), false, to, Some("ann".into()))];
        assert_eq!(found(&all, &["ann", "bob"], &[]), expected);
    }

    #[test]
    fn what_is_carried_is_found_wherever_it_is() {
        let mut dial = channel("a", "Dial", "Local/7@out", "Up");
        dial.caller.number = "anonymous".into();
        let all = [
            dial,
            person("ann"),
            channel("waits", "Playback", "", "Up"),
            channel("rings", "AppDial", "", "Ringing"),
        ];
        let expected = [
            ("a".into(), true, Vec::new(), Some("ann".into())),
            ("waits".into(), true, called("nobody yet"), None),
        ];
        let carrying = ["ann", "waits", "rings"];
        assert_eq!(found(&all, &["a", "ann"], &carrying), expected);
    }

    #[test]
    fn calls_of_the_house_are_not_found() {
        let all = [
            channel("a", "Dial", "PJSIP/101", "Up"),
            channel("b", "AppDial2", "", "Ringing"),
            channel("d", "AppDial2", "", "Up"),
            channel("c", "Stasis", "cordboard", "Up"),
        ];
        assert_eq!(found(&all, &["a", "c"], &[]), []);
    }
}
