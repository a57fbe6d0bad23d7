//! What goes on beside the queues, seen from one Asterisk's events: how calls end that the dialplan places with our numbers,
//! and which channels are up on trunks.
//!
//! A connection of its own, under an application of its own, hears of every channel. So however much happens there, the queues'
//! connection has neither more to read nor a foreign channel to take for a caller. Nothing is ever done to a channel here.

mod found;
mod trunks;

use std::time::Duration;

use asterisk::ari::{
    Channel, Client, Config, ConfigError, ConnectionState, Event, EventKind, Events, Incoming,
    Snapshot, Transport, timestamp,
};
use engine::callerid::{Calls, Heard, Input, Presented};
use model::{E164, Timestamp};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

pub(super) use trunks::{TrunkNames, Trunks};

use super::names::Names;
use crate::{
    callerid::CallerIds,
    numbers::{Destination, Numbers},
};

/// What a hangup handler carries, too.
const RESERVATION: &str = "CORDBOARD_RESERVATION";
/// What the application is called beside the queues' one.
const SUFFIX: &str = "-outbound";
/// How long it may take to leave in order.
const FAREWELL: Duration = Duration::from_secs(1);
/// All that is needed, and the event echo.
const EVENTS: [&str; 8] = [
    "Dial",
    "ChannelCreated",
    "ChannelDestroyed",
    "ChannelVarset",
    "ChannelUserevent",
    "ContactStatusChange",
    "EndpointStateChange",
    "PeerStatusChange",
];

/// Follows one Asterisk as long as there are caller IDs, or trunks.
pub(super) struct Outbound {
    /// Nothing: how calls end is told otherwise.
    pub(super) caller_ids: Option<CallerIds>,
    pub(super) trunks: Trunks,
    pub(super) numbers: Numbers,
    /// Such as `main`, for the log.
    pub(super) server: String,
    /// Of the channels that we call with, whose end the dialler tells.
    pub(super) names: Names,
}

impl Outbound {
    /// Runs until it is to stop, or nobody is left who could set up anything to follow. `config` is that of the queues' connection.
    pub(super) async fn run(self, mut config: Config, stop: CancellationToken) {
        config.application.push_str(SUFFIX);
        config.subscribe_all = true;
        // Many questions at once, which one WebSocket would hold up together.
        config.transport = Transport::Http;
        let mut wanted = Wanted {
            any: self.caller_ids.as_ref().map(CallerIds::any),
            trunks: self.trunks.names(),
        };
        let mut calls = Calls::default();
        loop {
            let begins = stop.run_until_cancelled(wanted.becomes(true)).await;
            if begins.is_none_or(|any| any.is_err()) {
                return;
            }
            let followed = self.follow(&config, &mut calls, &mut wanted, &stop);
            if let Err(error) = followed.await {
                tracing::error!(%error, server = self.server, "the ends of outbound calls cannot be seen");
                return;
            }
        }
    }

    async fn follow(
        &self,
        config: &Config,
        calls: &mut Calls,
        wanted: &mut Wanted,
        stop: &CancellationToken,
    ) -> Result<(), ConfigError> {
        let (client, mut events) = Client::connect(config.clone())?;
        tokio::select! {
            () = self.listen(&client, &mut events, calls) => {}
            _ = wanted.becomes(false) => {}
            () = stop.cancelled() => {}
        }
        self.leave(&client).await;
        client.close();
        Ok(())
    }

    /// Before 18, Asterisk keeps an application that is subscribed to anything, though nobody listens any more.
    async fn leave(&self, client: &Client) {
        if !matches!(client.connection_state(), ConnectionState::Connected { .. }) {
            return;
        }
        let (applications, name) = (client.applications(), client.application());
        let unsubscribing = async {
            let sources = applications.get(name).await?.event_sources();
            let sources: Vec<_> = sources.iter().map(String::as_str).collect();
            if sources.is_empty() {
                return Ok(());
            }
            applications.unsubscribe(name, &sources).await.map(drop)
        };
        let left = tokio::time::timeout(FAREWELL, unsubscribing).await;
        if !matches!(left, Ok(Ok(()))) {
            tracing::warn!(
                server = self.server,
                name,
                ?left,
                "the application may linger in Asterisk"
            );
        }
    }

    async fn listen(&self, client: &Client, events: &mut Events, calls: &mut Calls) {
        let mut overflowed = calls.overflowed();
        let mut names = self.trunks.names();
        names.mark_unchanged();
        loop {
            let incoming = tokio::select! {
                incoming = events.recv() => incoming,
                changed = names.changed() => {
                    // Nothing was heard of a trunk that was not known.
                    if changed.is_ok() && let Ok(snapshot) = client.snapshot().await {
                        self.compare_trunks(&snapshot);
                    }
                    continue;
                }
            };
            let Some(incoming) = incoming else { return };
            match incoming {
                Incoming::Event(event) => {
                    self.hear_of_trunks(&event);
                    if let Some((at, heard)) = heard(*event, self.numbers, &self.names) {
                        calls.handle(at, heard);
                    }
                }
                Incoming::Connected { snapshot, .. } => {
                    self.ask_for_less(client).await;
                    self.compare(client, calls, &snapshot).await;
                }
                Incoming::Overflowed { missed } => {
                    tracing::warn!(
                        server = self.server,
                        missed,
                        "events of outbound calls were lost"
                    );
                    metrics::counter!("cordboard_outbound_events_missed_total", "server" => self.server.clone()).increment(missed);
                    // Should it fail, the connection is about to be lost, and the next one compares.
                    if let Ok(snapshot) = client.snapshot().await {
                        self.compare(client, calls, &snapshot).await;
                    }
                }
                Incoming::Disconnected { why } => {
                    tracing::warn!(
                        server = self.server,
                        why,
                        "the ends of outbound calls cannot be seen for now"
                    );
                }
                Incoming::Replaced => {
                    tracing::error!(
                        server = self.server,
                        "another program took our application {SUFFIX:?}; reservations end by their time"
                    );
                }
            }
            metrics::gauge!("cordboard_outbound_calls", "server" => self.server.clone())
                .set(u32::try_from(calls.open()).unwrap_or(u32::MAX));
            let more = calls.overflowed() - std::mem::replace(&mut overflowed, calls.overflowed());
            metrics::counter!("cordboard_outbound_calls_not_followed_total", "server" => self.server.clone()).increment(more);
            while let Some(ended) = calls.next_command() {
                self.tell(ended).await;
            }
        }
    }

    async fn tell(&self, ended: Input) {
        let Some(caller_ids) = &self.caller_ids else {
            return;
        };
        match ended {
            // One that is not open has ended otherwise, such as by a hangup handler.
            Input::Released { reservation, why } => {
                let _ = caller_ids.release(reservation, why).await;
            }
            Input::CallEnded {
                number,
                to,
                outcome,
            } => caller_ids.call_ended(number, to, outcome).await,
            _ => {}
        }
    }

    /// Ends what is there no more, and follows what nobody has told of: from before we listened, or from a gap.
    async fn compare(&self, client: &Client, calls: &mut Calls, snapshot: &Snapshot) {
        self.compare_trunks(snapshot);
        if self.caller_ids.is_none() {
            return;
        }
        let there = snapshot.channels.iter().map(|one| one.id.clone()).collect();
        calls.handle(Timestamp::default(), Heard::There(there));
        let unknown = snapshot.channels.iter();
        let is_new = |one: &&Channel| !calls.knows(&one.id) && !is_ours(&self.names, &one.id);
        let unknown: Vec<_> = unknown.filter(is_new).collect();
        let carried = found::carried(client, &unknown).await;
        for heard in found::calls(self.numbers, snapshot, &unknown, &carried) {
            calls.handle(Timestamp::default(), heard);
        }
    }

    /// Of some twenty kinds of events, a few.
    async fn ask_for_less(&self, client: &Client) {
        let application = client.application();
        if let Err(error) = client.applications().allow(application, &EVENTS).await {
            tracing::debug!(%error, server = self.server, "this Asterisk sends all kinds of events");
        }
    }
}

/// What there has to be for anybody to listen.
struct Wanted {
    any: Option<watch::Receiver<bool>>,
    trunks: watch::Receiver<TrunkNames>,
}

impl Wanted {
    /// Waits until something is to be followed, or nothing is. Fails when neither can change any more.
    async fn becomes(&mut self, wanted: bool) -> Result<(), watch::error::RecvError> {
        loop {
            let any = self
                .any
                .as_mut()
                .is_some_and(|any| *any.borrow_and_update());
            if (any || !self.trunks.borrow_and_update().is_empty()) == wanted {
                return Ok(());
            }
            match &mut self.any {
                Some(any) => tokio::select! {
                    changed = any.changed() => changed?,
                    changed = self.trunks.changed() => changed?,
                },
                None => self.trunks.changed().await?,
            }
        }
    }
}

/// Is it of a call that we place?
fn is_ours(names: &Names, channel: &str) -> bool {
    names.leg_of_channel(channel).is_some()
}

/// `None`: it says nothing of a call that could present a number of ours, or the call is one that we place.
fn heard(event: Event, numbers: Numbers, names: &Names) -> Option<(Timestamp, Heard)> {
    let heard = match event.kind {
        EventKind::Dial { ref peer, .. } if is_ours(names, &peer.id) => return None,
        EventKind::ChannelVarset {
            channel: Some(ref channel),
            ..
        } if is_ours(names, &channel.id) => return None,
        EventKind::Dial {
            peer,
            caller,
            dialstring,
            dialstatus,
            ..
        } => match dialstatus.as_str() {
            "" => Heard::Dialled {
                presented: presented(numbers, caller.as_deref(), &peer, &dialstring),
                caller: caller.map(|caller| caller.id),
                peer: peer.id,
            },
            "ANSWER" => Heard::Answered {
                caller: caller.map(|caller| caller.id),
                peer: peer.id,
            },
            _ => return None,
        },
        EventKind::ChannelDestroyed { channel, .. } => Heard::Gone {
            channel: channel.id,
        },
        EventKind::ChannelVarset {
            channel: Some(channel),
            variable,
            value,
        } if variable.trim_start_matches('_') == RESERVATION => Heard::Carries {
            channel: channel.id,
            reservation: value.parse().ok(),
        },
        _ => return None,
    };
    let millis = timestamp::unix_millis(&event.timestamp)?;
    let at = Timestamp::from_micros(millis.saturating_mul(1_000));
    Some((at, heard))
}

/// What is presented to whom: by what is dialled, and by where the dialplan is, should that read as another number.
fn presented(
    numbers: Numbers,
    caller: Option<&Channel>,
    peer: &Channel,
    dialstring: &str,
) -> Vec<Presented> {
    // An originated channel has what it presents as its other side.
    let number = caller.map_or(&peer.connected, |caller| &caller.caller);
    let exten = caller.map(|caller| caller.dialplan.exten.as_str());
    let dialled = std::iter::once(digits_of(dialstring)).chain(exten);
    readings(numbers, &number.number, dialled)
}

/// Every way in which the number and who was called can be read.
fn readings<'a>(
    numbers: Numbers,
    number: &str,
    dialled: impl Iterator<Item = &'a str>,
) -> Vec<Presented> {
    let Some(number) = read(numbers, number) else {
        return Vec::new();
    };
    let mut presented = Vec::new();
    for text in dialled {
        let Some(to) = read(numbers, text) else {
            continue;
        };
        let one = Presented { number, to };
        if !presented.contains(&one) {
            presented.push(one);
        }
    }
    presented
}

/// `3105550142` of `3105550142@trunk`, `trunk/3105550142` and `trunk/sip:3105550142@192.0.2.1`.
fn digits_of(dialstring: &str) -> &str {
    let last = dialstring.rsplit('/').next().unwrap_or_default();
    let user = last.split('@').next().unwrap_or_default();
    user.strip_prefix("sip:").unwrap_or(user)
}

fn read(numbers: Numbers, text: &str) -> Option<E164> {
    match numbers.destination(text) {
        Ok(Destination::Number(number)) => Some(number),
        Ok(Destination::Emergency(_)) | Err(_) => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn heard_in(json: &str) -> Option<Heard> {
        let event = Event::parse(json.as_bytes()).unwrap();
        heard(event, Numbers::default(), &Names::new("cordboard")).map(|(_, heard)| heard)
    }

    fn pairs(dial: &str) -> Vec<(String, String)> {
        let json = format!(
            r#"{{"type":"Dial","timestamp":"2026-01-01T00:00:00.000+0000","dialstatus":"",{dial}}}"#
        );
        let Some(Heard::Dialled { presented, .. }) = heard_in(&json) else {
            panic!("{json}")
        };
        let text = |one: &Presented| (one.number.to_string(), one.to.to_string());
        presented.iter().map(text).collect()
    }

    #[test]
    fn who_is_called_is_read_from_every_kind_of_trunk() {
        for (dialstring, digits) in [
            ("3105550142@trunk", "3105550142"),
            ("trunk/sip:3105550142@192.0.2.1", "3105550142"),
            ("g1/3105550142", "3105550142"),
            ("3105550142@outbound", "3105550142"),
            ("101", "101"),
            ("", ""),
        ] {
            assert_eq!(digits_of(dialstring), digits);
        }
    }

    #[test]
    fn what_is_presented_is_the_callers_number_or_what_was_originated_with() {
        let one = |to: &str| vec![("+13105550100".to_owned(), to.to_owned())];
        let peer = r#""peer":{"id":"2","connected":{"number":"3105550100"}}"#;
        let caller = |exten: &str| {
            format!(
                r#""caller":{{"id":"1","caller":{{"number":"3105550100"}},"dialplan":{{"exten":"{exten}"}}}}"#
            )
        };
        let dial = |dialstring: &str, exten: &str| {
            pairs(&format!(
                r#"{peer},{},"dialstring":"{dialstring}""#,
                caller(exten)
            ))
        };
        assert_eq!(dial("3105550142@trunk", "s"), one("+13105550142"));
        assert_eq!(dial("alias@trunk", "3105550142"), one("+13105550142"));
        assert_eq!(dial("13105550142@trunk", "3105550142"), one("+13105550142"));
        let both = [one("+13105550142"), one("+13105550143")].concat();
        assert_eq!(dial("3105550142@trunk", "3105550143"), both);
        assert_eq!(dial("101", "101"), []);
        assert_eq!(dial("911@trunk", "911"), []);
        let originated = pairs(&format!(r#"{peer},"dialstring":"3105550142@trunk""#));
        assert_eq!(originated, one("+13105550142"));
    }

    #[test]
    fn a_reservation_is_read_and_other_variables_are_not() {
        let varset = |variable: &str, value: &str| {
            heard_in(&format!(
                r#"{{"type":"ChannelVarset","timestamp":"2026-01-01T00:00:00.000+0000","variable":"{variable}","value":"{value}","channel":{{"id":"1"}}}}"#
            ))
        };
        let id = "019a0000-0000-7000-8000-000000000001";
        let carries = |reservation: Option<&str>| {
            Some(Heard::Carries {
                channel: "1".to_owned(),
                reservation: reservation.map(|id| id.parse().unwrap()),
            })
        };
        assert_eq!(varset(RESERVATION, id), carries(Some(id)));
        assert_eq!(varset("__CORDBOARD_RESERVATION", id), carries(Some(id)));
        assert_eq!(varset(RESERVATION, "x"), carries(None));
        assert_eq!(varset("DIALSTATUS", "BUSY"), None);
    }

    #[test]
    fn a_call_that_we_place_is_the_diallers() {
        let id = "019a0000-0000-7000-8000-000000000001";
        for (channel, is_heard) in [
            (format!("cordboard~dial-customer-{id}"), false),
            (format!("other-dial-customer-{id}"), true),
        ] {
            let varset = heard_in(&format!(
                r#"{{"type":"ChannelVarset","timestamp":"2026-01-01T00:00:00.000+0000","variable":"{RESERVATION}","value":"{id}","channel":{{"id":"{channel}"}}}}"#
            ));
            assert_eq!(varset.is_some(), is_heard, "{channel}");
            let dial = heard_in(&format!(
                r#"{{"type":"Dial","timestamp":"2026-01-01T00:00:00.000+0000","dialstatus":"","peer":{{"id":"{channel}","connected":{{"number":"3105550100"}}}},"dialstring":"3105550142@trunk"}}"#
            ));
            assert_eq!(dial.is_some(), is_heard, "{channel}");
        }
    }
}
