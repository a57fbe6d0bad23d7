//! Traffic with everything that goes wrong at once; then silence, and nothing may be left.

use std::{collections::BTreeMap, time::Duration};

use model::EventBody;
use sim::asterisk::{
    EventFaults, SimConfig,
    demo::{self, Rates, Stream},
};
use store::MAX_PAGE;

use super::{Centre, until};

const PHONES: [&str; 6] = ["101", "102", "103", "104", "105", "106"];

fn rates() -> Rates {
    let stream = |queue: &str| Stream {
        did: "5550100".to_owned(),
        args: vec![queue.to_owned()],
        calls_per_hour: 1_500.0,
    };
    Rates {
        streams: vec![stream("sales"), stream("support"), stream("nowhere")],
        patience: Duration::from_secs(20),
        talk: Duration::from_secs(15),
        phones: PHONES.map(str::to_owned).to_vec(),
        ring: Duration::from_secs(2),
        missed: 0.1,
    }
}

async fn centre() -> Centre {
    let config = SimConfig {
        seed: 7,
        speed: 20.0,
        ..SimConfig::default()
    };
    let centre = Centre::start(config).await;
    let short = |queue: &mut model::Queue| {
        queue.ring_seconds = 1;
        queue.no_answer_seconds = Some(1);
    };
    let sales = centre.queue("sales", short).await;
    let support = centre
        .queue("support", |queue| {
            short(queue);
            queue.strategy = model::Strategy::RingAll;
        })
        .await;
    for phone in PHONES {
        centre.agent(phone, &[sales, support]).await;
    }
    centre
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_left_of_a_bad_day() {
    let mut centre = centre().await;
    let traffic = demo::traffic(&centre.pbx, rates(), 7);
    for round in 0..6 {
        centre.pbx.set_event_faults(EventFaults {
            lose: 0.02,
            duplicate: 0.05,
            reorder: 0.05,
            delay: 0.05,
            delay_by: Duration::from_millis(50),
        });
        tokio::time::sleep(Duration::from_millis(1_200)).await;
        match round % 3 {
            0 => centre.pbx.cut_websockets(),
            1 => centre.restart().await,
            _ => centre.pbx.restart(Duration::from_secs(1)).await.unwrap(),
        }
    }
    let calls = traffic.calls();
    traffic.stop();
    centre.pbx.set_event_faults(EventFaults::default());
    // What was told before the end may have been lost; the next connection finds it out.
    centre.connected().await;
    centre.pbx.cut_websockets();
    centre.all_quiet().await;
    assert!(calls > 50, "{calls} calls");
    each_call_ended_once(&centre).await;
    until("free agents", async || {
        let live = centre.app.acd.live().await.unwrap();
        live.agents.iter().all(|agent| agent.status.offer.is_none())
    })
    .await;
}

/// By the log, over all restarts.
async fn each_call_ended_once(centre: &Centre) {
    let mut ends = BTreeMap::new();
    let mut after = 0;
    loop {
        let events = centre
            .app
            .store
            .events()
            .after(after, MAX_PAGE)
            .await
            .unwrap();
        let Some(last) = events.last() else { break };
        assert_eq!(events[0].seq, after + 1, "no hole");
        after = last.seq;
        for event in &events {
            match &event.body {
                EventBody::CallArrived { call, .. } => {
                    assert!(ends.insert(*call, 0).is_none(), "{call} arrived twice");
                }
                EventBody::CallEnded { call, .. } => {
                    *ends.get_mut(call).expect("it had arrived") += 1;
                }
                _ => {}
            }
        }
    }
    let wrong: Vec<_> = ends.iter().filter(|(_, ends)| **ends != 1).collect();
    assert!(wrong.is_empty(), "ended not once: {wrong:?}");
    assert!(centre.app.store.calls().open().await.unwrap().is_empty());
}
