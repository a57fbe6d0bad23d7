//! Playbacks, music and recordings.

use std::time::Duration;

use asterisk::ari::{LiveRecording, Playback};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::apps::About;
use super::world::{SimRecording, World};

/// A channel or bridge that media is played to or recorded from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Target {
    Channel(String),
    Bridge(String),
}

impl Target {
    fn uri(&self) -> String {
        match self {
            Self::Channel(id) => format!("channel:{id}"),
            Self::Bridge(id) => format!("bridge:{id}"),
        }
    }

    fn of(uri: &str) -> Option<Self> {
        match uri.split_once(':')? {
            ("channel", id) => Some(Self::Channel(id.to_owned())),
            ("bridge", id) => Some(Self::Bridge(id.to_owned())),
            _ => None,
        }
    }

    fn about(&self) -> About<'_> {
        match self {
            Self::Channel(id) => About::channel(id),
            Self::Bridge(id) => About::bridge(id),
        }
    }
}

impl World {
    /// Queues a playback; on a channel one plays after the other.
    pub(super) fn play(&mut self, id: &str, target: &Target, media: &str) -> Value {
        let playback = Playback {
            id: id.to_owned(),
            media_uri: media.to_owned(),
            target_uri: target.uri(),
            language: "en".into(),
            state: "queued".into(),
            ..Playback::default()
        };
        let view = serde_json::to_value(&playback).unwrap_or_default();
        self.playbacks.insert(id.to_owned(), playback);
        let first = match target {
            Target::Bridge(_) => true,
            Target::Channel(channel) => self.legs.get_mut(channel).is_some_and(|leg| {
                leg.playbacks.push_back(id.to_owned());
                leg.playbacks.len() == 1
            }),
        };
        if first {
            self.start_playback(id);
        }
        view
    }

    fn start_playback(&mut self, id: &str) {
        let playable = |media: &str| {
            [
                "sound:",
                "recording:",
                "number:",
                "digits:",
                "tone:",
                "characters:",
            ]
            .iter()
            .any(|scheme| media.starts_with(scheme))
        };
        let known = self
            .playbacks
            .get(id)
            .is_some_and(|playback| playback.media_uri.split(',').all(playable));
        let count = self
            .playbacks
            .get(id)
            .map_or(1, |playback| playback.media_uri.split(',').count());
        self.playback_event(id, "PlaybackStarted", "playing");
        let prompt = self.config.prompt * u32::try_from(count).unwrap_or(1);
        let wait = if known { prompt } else { Duration::ZERO };
        let id = id.to_owned();
        let state = if known { "done" } else { "failed" };
        self.after(wait, move |world| world.finish_playback(&id, state));
    }

    pub(super) fn finish_playback(&mut self, id: &str, state: &str) {
        let Some(target) = self
            .playbacks
            .get(id)
            .and_then(|playback| Target::of(&playback.target_uri))
        else {
            return;
        };
        self.playback_event(id, "PlaybackFinished", state);
        self.playbacks.remove(id);
        let Target::Channel(channel) = target else {
            return;
        };
        let Some(leg) = self.legs.get_mut(&channel) else {
            return;
        };
        leg.playbacks.retain(|playback| playback != id);
        match leg.playbacks.front().cloned() {
            Some(next) => self.start_playback(&next),
            None => leg.idle.clear(),
        }
    }

    fn playback_event(&mut self, id: &str, name: &str, state: &str) {
        let Some(playback) = self.playbacks.get_mut(id) else {
            return;
        };
        state.clone_into(&mut playback.state);
        let view = json!({ "playback": playback });
        if let Some(target) = Target::of(&playback.target_uri.clone()) {
            self.emit(name, target.about(), &view);
        }
    }

    /// A channel ends: so does what plays to it and records from it.
    pub(super) fn stop_media(&mut self, id: &str) {
        let Some(leg) = self.legs.get_mut(id) else {
            return;
        };
        let (playbacks, recordings) = (
            std::mem::take(&mut leg.playbacks),
            std::mem::take(&mut leg.recordings),
        );
        leg.idle.clear();
        for (index, playback) in playbacks.iter().enumerate() {
            // Those in the queue get their turn too, only to fail at once.
            if index > 0 {
                self.playback_event(playback, "PlaybackStarted", "playing");
            }
            self.playback_event(playback, "PlaybackFinished", "failed");
            self.playbacks.remove(playback);
        }
        for recording in recordings {
            self.finish_recording(&recording, true);
        }
    }

    /// A bridge ends: its recordings are kept.
    pub(super) fn stop_bridge_media(&mut self, id: &str) {
        let uri = Target::Bridge(id.to_owned()).uri();
        let of_bridge = |recording: &&SimRecording| recording.view.target_uri == uri;
        let names: Vec<String> = self
            .live
            .values()
            .filter(of_bridge)
            .map(|recording| recording.view.name.clone())
            .collect();
        for name in names {
            self.finish_recording(&name, true);
        }
    }

    /// Queues a recording; a second one on the same channel starts when the first ends.
    pub(super) fn record(
        &mut self,
        target: &Target,
        name: &str,
        format: &str,
        longest: Duration,
    ) -> Value {
        let mut view = LiveRecording {
            name: name.to_owned(),
            format: format.to_owned(),
            state: "queued".into(),
            target_uri: target.uri(),
            ..LiveRecording::default()
        };
        if let Target::Channel(channel) = target
            && self
                .legs
                .get(channel)
                .is_some_and(|leg| leg.bridge.is_some())
        {
            view.state = "failed".into();
            let failed = json!({ "recording": view });
            self.emit("RecordingFailed", target.about(), &failed);
            return failed["recording"].clone();
        }
        let answer = serde_json::to_value(&view).unwrap_or_default();
        self.live.insert(
            name.to_owned(),
            SimRecording {
                view,
                started_at: None,
            },
        );
        let first = match target {
            Target::Bridge(bridge) => {
                if let Some(bridge) = self.bridges.get_mut(bridge)
                    && bridge.view.bridge_type == "mixing"
                {
                    bridge.view.technology = "softmix".into();
                }
                true
            }
            Target::Channel(channel) => self.legs.get_mut(channel).is_some_and(|leg| {
                leg.recordings.push_back(name.to_owned());
                leg.recordings.len() == 1
            }),
        };
        if first {
            self.start_recording(name);
        }
        if !longest.is_zero() {
            let name = name.to_owned();
            self.after(longest, move |world| world.finish_recording(&name, true));
        }
        answer
    }

    fn start_recording(&mut self, name: &str) {
        let Some(recording) = self.live.get_mut(name) else {
            return;
        };
        recording.view.state = "recording".into();
        recording.started_at = Some(Instant::now());
        self.recording_event(name, "RecordingStarted");
    }

    pub(super) fn finish_recording(&mut self, name: &str, keep: bool) {
        let speed = self.config.speed;
        let Some(recording) = self.live.get_mut(name) else {
            return;
        };
        recording.view.state = "done".into();
        let lasted = recording
            .started_at
            .map_or(Duration::ZERO, |at| at.elapsed().mul_f64(speed));
        recording.view.duration = i64::try_from(lasted.as_secs()).ok();
        let (format, uri) = (
            recording.view.format.clone(),
            recording.view.target_uri.clone(),
        );
        self.recording_event(name, "RecordingFinished");
        self.live.remove(name);
        if keep {
            self.stored.insert(name.to_owned(), format);
        }
        let Some(Target::Channel(channel)) = Target::of(&uri) else {
            return;
        };
        let Some(leg) = self.legs.get_mut(&channel) else {
            return;
        };
        leg.recordings.retain(|recording| recording != name);
        if let Some(next) = leg.recordings.front().cloned() {
            self.start_recording(&next);
        }
    }

    fn recording_event(&mut self, name: &str, event: &str) {
        let Some(recording) = self.live.get(name) else {
            return;
        };
        let members = json!({ "recording": recording.view });
        if let Some(target) = Target::of(&recording.view.target_uri.clone()) {
            self.emit(event, target.about(), &members);
        }
    }

    /// Music on a channel; `None` ends it.
    pub(super) fn set_music(&mut self, id: &str, class: Option<String>) {
        if let Some(leg) = self.legs.get(id) {
            leg.progress.send_modify(|progress| progress.music = class);
        }
    }
}
