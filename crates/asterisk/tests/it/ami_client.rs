//! Actions and their answers: the client against the server half in memory, with the clock in the test's hand.

use std::time::Duration;

use cordboard_asterisk::ami::{Action, AmiError, Item, Reply};
use tokio::time::timeout;

use crate::pbx::{SECRET, accept_action, config, connected};

#[tokio::test(start_paused = true)]
async fn actions_get_their_own_answers_in_any_order() {
    let (client, _events, _pbx, mut session) = connected(config()).await;
    let serve = async {
        let first = session.next_action().await.unwrap().unwrap();
        let second = session.next_action().await.unwrap().unwrap();
        for action in [&second, &first] {
            let value = action.text("Variable").into_owned();
            session
                .send(&action.answer(Reply::success().header("Value", value)))
                .await
                .unwrap();
        }
    };
    let getvar = |name: &str| Action::new("Getvar").header("Variable", name);
    let (one, two) = (getvar("ONE"), getvar("TWO"));
    let (one, two, ()) = tokio::join!(client.call(&one), client.call(&two), serve);
    assert_eq!(one.unwrap().get_str("Value").unwrap(), "ONE");
    assert_eq!(two.unwrap().get_str("Value").unwrap(), "TWO");
}

#[tokio::test(start_paused = true)]
async fn a_list_is_collected_and_other_events_pass_by() {
    let (client, mut events, _pbx, mut session) = connected(config()).await;
    let serve = async {
        let action = session.next_action().await.unwrap().unwrap();
        let start = Reply::success()
            .header("EventList", "start")
            .header("Message", "Channels will follow");
        session.send(&action.answer(start)).await.unwrap();
        for channel in ["PJSIP/101-1", "PJSIP/102-2"] {
            let event = Reply::event("CoreShowChannel").header("Channel", channel);
            session.send(&action.answer(event)).await.unwrap();
            session
                .send(&Reply::event("Newchannel").header("Channel", "Local/1"))
                .await
                .unwrap();
        }
        let end = Reply::event("CoreShowChannelsComplete")
            .header("EventList", "Complete")
            .header("ListItems", "2");
        session.send(&action.answer(end)).await.unwrap();
    };
    let list = Action::new("CoreShowChannels");
    let (list, ()) = tokio::join!(client.list(&list), serve);
    let list = list.unwrap();
    let channels: Vec<_> = list
        .events
        .iter()
        .map(|event| event.get_str("Channel").unwrap().into_owned())
        .collect();
    assert_eq!(channels, ["PJSIP/101-1", "PJSIP/102-2"]);
    assert_eq!(list.complete.get_str("ListItems").unwrap(), "2");
    for _ in 0..2 {
        let Some(Item::Event(event)) = events.recv().await else {
            panic!("an event")
        };
        assert_eq!(event.name(), "Newchannel");
    }
    assert_eq!(events.try_recv(), None);
}

#[tokio::test(start_paused = true)]
async fn refusals_have_words_and_a_missing_privilege_its_name() {
    let (client, _events, _pbx, mut session) = connected(config()).await;
    let serve = async {
        for message in ["Permission denied", "No such channel", "No endpoints found"] {
            let action = session.next_action().await.unwrap().unwrap();
            session
                .send(&action.answer(Reply::error(message)))
                .await
                .unwrap();
        }
    };
    let calls = async {
        let denied = client
            .call(&Action::new("Originate").header("Channel", "PJSIP/101"))
            .await
            .unwrap_err();
        assert_eq!(
            denied.to_string(),
            "manager user may not perform Originate: write=originate lacking in manager.conf"
        );
        let gone = client
            .call(&Action::new("Hangup").header("Channel", "x"))
            .await
            .unwrap_err();
        assert_eq!(
            gone,
            AmiError::Rejected {
                action: "Hangup".into(),
                message: "No such channel".into()
            }
        );
        let empty = client
            .list(&Action::new("PJSIPShowEndpoints"))
            .await
            .unwrap_err();
        assert_eq!(
            empty.to_string(),
            "Asterisk refused PJSIPShowEndpoints: No endpoints found"
        );
    };
    tokio::join!(calls, serve);
}

/// The user of [`config`] with `write=call` only, whose `manager.conf` has these lines.
async fn privileges_of(read: &str, write: &str) -> Result<Vec<String>, String> {
    let (client, _events, _pbx, mut session) = connected(config()).await;
    let serving = async {
        while let Some(action) = session.next_action().await.unwrap() {
            let reply = if action.is("Getvar") {
                let value = match &*action.text("Variable") {
                    "AST_CONFIG(manager.conf,cordboard,read)" => read,
                    "AST_CONFIG(manager.conf,cordboard,write)" => write,
                    other => panic!("{other}"),
                };
                Reply::success().header("Value", value)
            } else {
                Reply::error("Permission denied")
            };
            session.send(&action.answer(reply)).await.unwrap();
        }
    };
    tokio::select! {
        () = serving => unreachable!("the client stays"),
        privileges = client.privileges() => privileges
            .map(|privileges| privileges.lacking(&["call", "user"], &["call"]))
            .map_err(|error| error.to_string()),
    }
}

#[tokio::test(start_paused = true)]
async fn privileges_are_read_from_the_file_where_the_command_line_is_forbidden() {
    assert_eq!(
        privileges_of("call,cdr", "call").await.unwrap(),
        ["read=user"]
    );
    assert_eq!(
        privileges_of("", "").await.unwrap_err(),
        "manager user may not perform Command: write=command lacking in manager.conf"
    );
}

#[tokio::test(start_paused = true)]
async fn a_command_that_fails_says_what_it_printed() {
    let (client, _events, _pbx, mut session) = connected(config()).await;
    let serve = async {
        let action = session.next_action().await.unwrap().unwrap();
        let reply = Reply::error("Command output follows").header("Output", "No such command 'x'");
        session.send(&action.answer(reply)).await.unwrap();
        let action = session.next_action().await.unwrap().unwrap();
        let reply = Reply::success().header("Message", "Command output follows");
        let reply = reply
            .header("Output", "  one")
            .header("Output", "")
            .header("Output", "two");
        session.send(&action.answer(reply)).await.unwrap();
    };
    let calls = async {
        let failed = client.command("x").await.unwrap_err();
        assert_eq!(
            failed.to_string(),
            "Asterisk refused Command: No such command 'x'"
        );
        assert_eq!(
            client.command("core show uptime").await.unwrap(),
            ["  one", "", "two"]
        );
    };
    tokio::join!(calls, serve);
}

#[tokio::test(start_paused = true)]
async fn a_variable_is_read_in_a_way_its_value_cannot_abuse() {
    let (client, _events, _pbx, mut session) = connected(config()).await;
    let serve = async {
        let action = session.next_action().await.unwrap().unwrap();
        assert_eq!(action.text("Variable"), "EVAL(${URIENCODE(${NOTE})})");
        assert_eq!(action.text("Channel"), "PJSIP/101-1");
        let reply = Reply::success().header("Value", "line%20one%0D%0AEvent%3A%20Fake");
        session.send(&action.answer(reply)).await.unwrap();
    };
    let (value, ()) = tokio::join!(client.variable(Some("PJSIP/101-1"), "NOTE"), serve);
    assert_eq!(value.unwrap(), b"line one\r\nEvent: Fake");
}

#[tokio::test(start_paused = true)]
async fn nothing_is_sent_when_a_header_would_be_injected() {
    let (client, _events, _pbx, mut session) = connected(config()).await;
    let injected = Action::new("Originate").header("CallerID", "x\r\nApplication: System");
    assert!(matches!(
        client.call(&injected).await,
        Err(AmiError::Header(_))
    ));
    let ping = tokio::spawn(async move { client.call(&Action::new("Ping")).await });
    accept_action(&mut session, "Ping").await;
    assert!(ping.await.unwrap().is_ok());
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_does_not_come_is_a_timeout_and_late_ones_are_counted() {
    let (client, _events, _pbx, mut session) = connected(config()).await;
    let impatient = client.with_timeout(Duration::from_secs(1));
    let call = tokio::spawn(async move { impatient.call(&Action::new("Originate")).await });
    let late = session.next_action().await.unwrap().unwrap();
    let error = call.await.unwrap().unwrap_err();
    assert_eq!(
        error,
        AmiError::Timeout {
            action: "Originate".into(),
            timeout: Duration::from_secs(1)
        }
    );
    // The next Ping sweeps the abandoned action out.
    accept_action(&mut session, "Ping").await;
    session.send(&late.answer(Reply::success())).await.unwrap();
    let call = tokio::spawn({
        let client = client.clone();
        async move { client.call(&Action::new("CoreStatus")).await }
    });
    accept_action(&mut session, "CoreStatus").await;
    call.await.unwrap().unwrap();
    assert_eq!(client.counters().unmatched(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_used_action_id_is_refused_and_an_own_one_is_kept() {
    let (client, _events, _pbx, mut session) = connected(config()).await;
    let action = Action::new("Originate").header("ActionID", "lead-1");
    let first = tokio::spawn({
        let (client, action) = (client.clone(), action.clone());
        async move { client.call(&action).await }
    });
    let received = session.next_action().await.unwrap().unwrap();
    assert_eq!(received.text("ActionID"), "lead-1");
    let second = timeout(Duration::from_secs(1), client.call(&action))
        .await
        .unwrap();
    assert_eq!(
        second,
        Err(AmiError::DuplicateActionId {
            action_id: "lead-1".into()
        })
    );
    session
        .send(&received.answer(Reply::success()))
        .await
        .unwrap();
    assert!(first.await.unwrap().is_ok());
}

#[test]
fn the_secret_is_not_in_debug_output() {
    assert!(!format!("{:?}", config()).contains(SECRET));
}
