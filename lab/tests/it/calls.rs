//! Real calls: who rings, who answers, who hears whom, who hangs up.

use std::time::Duration;

use cordboard_lab::{self as lab, Behaviour, Lab, Outcome, Release, Tone, Voice};

const SOON: Duration = Duration::from_millis(100);

/// A lab, or the end of the test where there can be none.
macro_rules! lab_or_return {
    ($release:expr) => {
        match lab::up_or_skip($release).await {
            Some(lab) => lab,
            None => return,
        }
    };
}

async fn phone_answers_trunk(lab: &Lab) {
    let phone = lab.phone(101);
    phone.answers_after(SOON).await.unwrap();
    let caller = lab.trunk_caller();
    let call = caller.calls("5550111").await.unwrap();
    call.wait_answered().await.unwrap();
    let leg = phone.rings().await.unwrap();
    tokio::try_join!(call.hears(phone.tone()), leg.hears(caller.tone())).unwrap();
    call.hang_up().await.unwrap();
    let (ours, theirs) = (
        call.wait_ended().await.unwrap(),
        leg.wait_ended().await.unwrap(),
    );
    assert_eq!(
        (ours.outcome, theirs.outcome),
        (Outcome::HungUpByUs, Outcome::HungUpByThem)
    );
    assert!(ours.answered_at.unwrap() > ours.ringing_at.unwrap());
    assert_eq!(ours.heard.into_keys().collect::<Vec<_>>(), [phone.tone()]);
    lab.wait_no_channels().await.unwrap();
}

#[tokio::test]
async fn trunk_and_phone_hear_each_other_on_asterisk_22() {
    phone_answers_trunk(&lab_or_return!(Release::Asterisk22)).await;
}

#[tokio::test]
async fn trunk_and_phone_hear_each_other_on_asterisk_16() {
    phone_answers_trunk(&lab_or_return!(Release::Asterisk16)).await;
}

#[tokio::test]
async fn a_caller_hears_the_echo_of_their_own_voice_and_the_music() {
    let lab = lab_or_return!(Release::Asterisk22);
    let caller = lab.trunk_caller();
    let echo = caller.calls("5550190").await.unwrap();
    echo.hears(caller.tone()).await.unwrap();
    let music = lab.trunk_calls("5550191").await.unwrap();
    music.hears(Tone::MUSIC).await.unwrap();
    assert!(
        !music.heard(caller.tone(), None),
        "the other caller's voice"
    );
    // No application is there, and the dialplan says so.
    let fallback = lab.trunk_calls("5550101").await.unwrap();
    fallback.hears(Tone::FALLBACK).await.unwrap();
    assert_eq!(
        fallback.wait_ended().await.unwrap().outcome,
        Outcome::HungUpByThem
    );
}

#[tokio::test]
async fn phones_call_each_other_and_refuse_in_every_way() {
    let lab = lab_or_return!(Release::Asterisk22);
    let (alice, bob) = (lab.phone(101), lab.phone(102));
    alice.never_answers().await.unwrap();
    bob.answers_then_hangs_up(SOON, Duration::from_millis(600))
        .await
        .unwrap();
    let call = alice.calls("102").await.unwrap();
    let leg = bob.rings().await.unwrap();
    tokio::try_join!(call.hears(bob.tone()), leg.hears(alice.tone())).unwrap();
    assert_eq!(
        call.wait_ended().await.unwrap().outcome,
        Outcome::HungUpByThem
    );
    assert_eq!(leg.wait_ended().await.unwrap().outcome, Outcome::HungUpByUs);

    bob.is_busy().await.unwrap();
    let call = lab.trunk_calls("5550112").await.unwrap();
    assert_eq!(
        call.wait_ended().await.unwrap().outcome,
        Outcome::Refused(486)
    );
    bob.declines().await.unwrap();
    let call = lab.trunk_calls("5550112").await.unwrap();
    assert!(matches!(
        call.wait_ended().await.unwrap().outcome,
        Outcome::Refused(_)
    ));

    let call = lab.trunk_calls("5550111").await.unwrap();
    call.wait_ringing().await.unwrap();
    call.hang_up().await.unwrap();
    assert_eq!(call.wait_ended().await.unwrap().outcome, Outcome::Cancelled);
    let leg = alice.rings().await.unwrap();
    assert_eq!(leg.wait_ended().await.unwrap().outcome, Outcome::Cancelled);
    lab.wait_no_channels().await.unwrap();
}

#[tokio::test]
async fn calls_go_out_to_many_kinds_of_people() {
    let lab = lab_or_return!(Release::Asterisk22);
    let far_end = lab.far_end();
    far_end.answers_after(SOON).await.unwrap();
    far_end.when_called("12025550142", Behaviour::busy());
    far_end.when_called(
        "12025550143",
        Behaviour::EarlyMedia {
            before: Duration::from_millis(800),
        },
    );
    let agent = lab.phone(101);
    agent.never_answers().await.unwrap();

    let call = agent.calls("12025550142").await.unwrap();
    assert!(matches!(
        call.wait_ended().await.unwrap().outcome,
        Outcome::Refused(_)
    ));
    let call = agent.calls("12025550143").await.unwrap();
    call.wait_early().await.unwrap();
    call.hears(far_end.tone()).await.unwrap();
    assert!(!call.is_answered(), "heard before the answer");
    call.wait_answered().await.unwrap();
    call.hang_up().await.unwrap();
}

#[tokio::test]
async fn a_detector_tells_a_person_from_a_machine() {
    let lab = lab_or_return!(Release::Asterisk22);
    let far_end = lab.far_end();
    far_end.answers_after(Duration::ZERO).await.unwrap();
    for (voice, verdict) in [(Voice::Person, "HUMAN"), (Voice::Machine, "MACHINE")] {
        far_end.speaks(voice);
        lab.console("channel originate PJSIP/12025550141@trunk extension s@amd")
            .await
            .unwrap();
        let call = far_end.rings().await.unwrap();
        // Detected, and no application there to take the call: it is hung up.
        assert_eq!(
            call.wait_ended().await.unwrap().outcome,
            Outcome::HungUpByThem
        );
        let log = std::fs::read_to_string(lab.folder().join("log/full")).unwrap();
        assert!(
            log.contains(&format!("AMDSTATUS={verdict}")),
            "{}",
            lab.asterisk_log()
        );
    }
}

#[tokio::test]
async fn an_agent_transfers_the_caller_to_another_phone() {
    let lab = lab_or_return!(Release::Asterisk22);
    let (first, second) = (lab.phone(101), lab.phone(102));
    first.answers_after(Duration::ZERO).await.unwrap();
    second.answers_after(Duration::ZERO).await.unwrap();
    let call = lab.trunk_calls("5550111").await.unwrap();
    call.hears(first.tone()).await.unwrap();
    first.rings().await.unwrap().transfer_to("102").unwrap();
    call.hears(second.tone()).await.unwrap();
    call.hang_up().await.unwrap();
    lab.wait_no_channels().await.unwrap();
}

/// The caller gives up in the very moment of the answer, a little before, a little after: no leg may stay, and both
/// ends must know how it ended.
#[tokio::test]
async fn giving_up_and_answering_may_cross() {
    let lab = lab_or_return!(Release::Asterisk22);
    let phone = lab.phone(101);
    for n in 0..12 {
        phone
            .answers_after(Duration::from_millis(60))
            .await
            .unwrap();
        let call = lab.trunk_calls("5550111").await.unwrap();
        let leg = phone.rings().await.unwrap();
        tokio::time::sleep(Duration::from_millis(54 + n)).await;
        call.hang_up().await.unwrap();
        let (ours, theirs) = (
            call.wait_ended().await.unwrap(),
            leg.wait_ended().await.unwrap(),
        );
        println!("{n}: {:?} {:?}", ours.outcome, theirs.outcome);
        assert!(matches!(
            ours.outcome,
            Outcome::Cancelled | Outcome::HungUpByUs
        ));
        assert!(matches!(
            theirs.outcome,
            Outcome::Cancelled | Outcome::HungUpByThem
        ));
    }
    lab.wait_no_channels().await.unwrap();
}
