//! The arithmetic of waits, rings and talks, for any times.

use std::time::Duration;

use model::EventBody;
use proptest::prelude::*;

use super::centre::Centre;
use crate::acd::{Command, Input};

fn micros(c: &mut Centre, micros: u64) {
    c.now = c.now.after(Duration::from_micros(micros));
}

fn published(c: &mut Centre, input: Input) -> Vec<EventBody> {
    c.acd.handle(c.now, input);
    std::iter::from_fn(|| c.acd.next_command())
        .filter_map(|command| match command {
            Command::Publish(body) => Some(body),
            _ => None,
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn ring_wait_and_talk_are_what_the_clock_says(
        ring in 0u64..19_000_000,
        bridge in 0u64..9_000_000,
        talk in 0u64..40_000_000_000,
    ) {
        let mut c = Centre::with(&["ann"]);
        c.arrives("eve", "support").quietly();
        let offer = c.offer("ann");
        micros(&mut c, ring);
        c.answers("ann").quietly();
        micros(&mut c, bridge);
        let bodies = published(&mut c, Input::Connected { offer });
        let EventBody::OfferEnded { ring_ms, .. } = bodies[0] else { panic!("{bodies:?}") };
        let EventBody::CallAnswered { wait_ms: answered_wait, .. } = bodies[1] else { panic!("{bodies:?}") };
        micros(&mut c, talk);
        let call = Centre::call_id("eve");
        let bodies = published(&mut c, Input::CallerHungUp { call, cause: None });
        let EventBody::CallEnded { wait_ms, talk_ms, .. } = bodies[0] else { panic!("{bodies:?}") };
        prop_assert_eq!(ring_ms, ring / 1000);
        prop_assert_eq!(answered_wait, (ring + bridge) / 1000);
        prop_assert_eq!(wait_ms, Some((ring + bridge) / 1000));
        prop_assert_eq!(talk_ms, Some(talk / 1000));
    }

    #[test]
    fn a_ring_never_outlasts_the_longest_wait(
        longest in 1u32..200,
        waited in 0u64..199_999_999,
        ring_seconds in 1u32..600,
    ) {
        prop_assume!(waited < u64::from(longest) * 1_000_000);
        let mut c = Centre::with(&["ann"]);
        c.queue("support", |q| {
            q.max_wait_seconds = Some(longest);
            q.ring_seconds = ring_seconds;
        });
        c.takes_break("ann", "tea").quietly();
        c.arrives("eve", "support").quietly();
        micros(&mut c, waited);
        c.acd.handle(c.now, Input::StateAsked {
            agent: Centre::agent_id("ann"),
            state: model::AgentState::Available,
            reason: None,
        });
        let timeout = std::iter::from_fn(|| c.acd.next_command()).find_map(|command| match command {
            Command::Offer { timeout, .. } => Some(timeout),
            _ => None,
        });
        let left = Duration::from_micros(u64::from(longest) * 1_000_000 - waited);
        prop_assert_eq!(timeout, Some(left.min(Duration::from_secs(ring_seconds.into()))));
    }

    #[test]
    fn a_clock_set_back_makes_no_negative_figures(back in 0u64..100_000_000) {
        let mut c = Centre::with(&["ann"]);
        c.arrives("eve", "support").quietly();
        c.now.utc = model::Timestamp::from_micros(c.now.utc.as_micros() - i64::try_from(back).unwrap());
        let call = Centre::call_id("eve");
        let bodies = published(&mut c, Input::CallerHungUp { call, cause: None });
        let ended = bodies.iter().find_map(|body| match body {
            EventBody::CallEnded { wait_ms, .. } => Some(*wait_ms),
            _ => None,
        });
        prop_assert_eq!(ended, Some(Some(0)));
    }
}
