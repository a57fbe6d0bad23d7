//! Calls that others place with our numbers: their ends are seen, also those that nobody told of.

use std::time::Duration;

use asterisk::ari::{Client, Config, Events};
use metrics_exporter_prometheus::PrometheusBuilder;
use model::{CallerIdUse, E164, UseEnd};
use server::{callerid::Question, numbers::Numbers};
use sim::asterisk::SimConfig;

use super::{Centre, until};
use crate::agi::own;

const OURS: &str = "3105550100";
const PERSON: &str = "3105550142";
const ONE_IS_FOLLOWED: &str = "cordboard_outbound_calls{server=\"sim\"} 1";

/// A program beside us that originates calls.
struct Dialler {
    http: reqwest::Client,
    url: String,
    login: (String, String),
    _connected: (Client, Events),
}

impl Dialler {
    async fn beside(centre: &Centre) -> Self {
        let pbx = &centre.pbx;
        let config = Config::new(pbx.ari_url(), pbx.username(), pbx.password(), "dialler");
        let connected = Client::connect(config).unwrap();
        until("the dialler", async || pbx.is_listening("dialler")).await;
        Self {
            http: reqwest::Client::new(),
            url: pbx.ari_url(),
            login: (pbx.username(), pbx.password()),
            _connected: connected,
        }
    }

    async fn calls(&self) {
        let request = self.http.post(format!("{}/channels", self.url));
        let request = request.basic_auth(&self.login.0, Some(&self.login.1));
        let body = serde_json::json!({
            "endpoint": format!("PJSIP/{PERSON}@trunk"),
            "app": "dialler",
            "callerId": OURS,
        });
        let answer = request.json(&body).send().await.unwrap();
        let status = answer.status();
        assert!(status.is_success(), "{}", answer.text().await.unwrap());
    }
}

impl Centre {
    /// With one number of ours, on a PBX that is watched.
    pub(super) async fn with_a_number() -> Self {
        let centre = Self::start(SimConfig::default()).await;
        let ours = own(OURS);
        let app = &centre.app;
        app.store.caller_ids().create(&ours).await.unwrap();
        app.caller_ids.set_numbers(vec![ours]).await;
        centre.watched().await;
        centre
    }

    async fn watched(&self) {
        let listens = || self.pbx.is_listening("cordboard-outbound");
        until("all channels are watched", async || listens()).await;
    }

    async fn reserve(&self) -> model::ReservationId {
        let to: E164 = format!("+1{PERSON}").parse().unwrap();
        let question = Question {
            to,
            place: Numbers::place(to),
            campaign: "sales".into(),
            agent: "ann".into(),
        };
        let answer = self.app.caller_ids.next(question).await.unwrap();
        answer.reservation.id
    }

    async fn answered(&self) {
        let talks = || {
            let channels = self.pbx.channels();
            channels.iter().any(|one| one.state.as_str() == "Up")
        };
        until("the person answers", async || talks()).await;
    }

    pub(super) async fn use_ended(&self, reservation: model::ReservationId) -> CallerIdUse {
        let uses = self.app.store.caller_id_uses();
        let get = async || uses.get(reservation).await.unwrap();
        until("the reservation ends", async || {
            get().await.is_some_and(|one| one.ended_at.is_some())
        })
        .await;
        get().await.unwrap()
    }
}

#[tokio::test]
async fn the_end_of_a_call_ends_its_reservation() {
    let centre = Centre::with_a_number().await;
    let dialler = Dialler::beside(&centre).await;
    let person = centre.pbx.number(PERSON);
    person.answers_after(Duration::ZERO);
    let made = centre.reserve().await;
    dialler.calls().await;
    centre.answered().await;
    person.hang_up();
    let used = centre.use_ended(made).await;
    assert_eq!(
        (used.end, used.answered),
        (Some(UseEnd::CallEnded), Some(true))
    );

    person.busy();
    let made = centre.reserve().await;
    dialler.calls().await;
    let used = centre.use_ended(made).await;
    assert_eq!(
        (used.end, used.answered),
        (Some(UseEnd::CallEnded), Some(false))
    );
    centre.all_quiet().await;
}

#[tokio::test]
async fn a_call_that_ended_in_a_gap_has_ended() {
    let recorder = PrometheusBuilder::new().build_recorder();
    let _of_this_thread = metrics::set_default_local_recorder(&recorder);
    let figures = recorder.handle();
    let centre = Centre::with_a_number().await;
    let dialler = Dialler::beside(&centre).await;
    let person = centre.pbx.number(PERSON);
    person.answers_after(Duration::ZERO);
    let made = centre.reserve().await;
    dialler.calls().await;
    let followed = || figures.render().contains(ONE_IS_FOLLOWED);
    until("the call is followed", async || followed()).await;
    centre.answered().await;

    centre.pbx.go_away();
    person.hang_up();
    assert!(centre.pbx.channels().is_empty());
    centre.pbx.come_back().await.unwrap();
    let used = centre.use_ended(made).await;
    assert_eq!((used.end, used.answered), (Some(UseEnd::CallEnded), None));
}
