#![allow(clippy::unwrap_used)]
use serde_json::{Value, json};

use super::*;
use crate::Timestamp;

fn context(rules: &Value) -> DialplanContext {
    DialplanContext {
        id: DialplanContextId::new(Timestamp::default(), 1),
        name: "agents".to_owned(),
        note: String::new(),
        rules: serde_json::from_value(rules.clone()).unwrap(),
    }
}

/// What is refused of one rule.
fn refused(pattern: &str, action: &Value) -> String {
    let context = context(&json!([{"pattern": pattern, "action": action}]));
    let bad = context.check().unwrap_err();
    assert_eq!(bad.field, "rules");
    bad.problem
}

#[test]
fn every_action_is_read() {
    let queue = QueueId::new(Timestamp::default(), 1).to_string();
    let context = context(&json!([
        {"pattern": "_1XX", "action": {"type": "phone"}},
        {"pattern": "_1XX", "action": {"type": "phone", "number": "101", "ring_seconds": 20, "unanswered": "words"}},
        {"pattern": "_0.", "action": {"type": "out", "strip": 1, "prepend": "+421", "present": "+4215550100"}},
        {"pattern": "500", "action": {"type": "queue", "queue": queue}, "note": "the reception"},
        {"pattern": "*1", "action": {"type": "announce", "sound": "custom/closed_2"}},
        {"pattern": "_00.", "action": {"type": "go_to", "context": "abroad"}},
        {"pattern": "_0900.", "action": {"type": "hang_up", "cause": "rejected"}},
    ]));
    assert_eq!(context.check(), Ok(()));
    let text = serde_json::to_string(&context).unwrap();
    assert_eq!(
        serde_json::from_str::<DialplanContext>(&text).unwrap(),
        context
    );
}

#[test]
fn nothing_gets_into_asterisk_by_a_rule() {
    let long = "a".repeat(2_000);
    for sound in [
        "",
        "../../etc/passwd",
        "hello&secret",
        "/etc/passwd",
        "a//b",
        "a/",
        "a,skip",
        "a|b",
        "${X}",
        "a b",
        "a\n",
        "a.wav",
        &long,
    ] {
        let why = refused("1", &json!({"type": "announce", "sound": sound}));
        assert!(why.starts_with("entry 1 (1): sound "), "{sound:?}: {why}");
    }
    for context in ["", "a,b", "a\n", "[a", "cordboard-1", "Cordboard-1", &long] {
        let why = refused("1", &json!({"type": "go_to", "context": context}));
        assert!(why.contains(": context "), "{context:?}: {why}");
    }
    for number in ["", "1", "10a", "101&PJSIP/102", "${X}", &long] {
        let why = refused("1", &json!({"type": "phone", "number": number}));
        assert!(why.contains(": number "), "{number:?}: {why}");
    }
    for seconds in [0, 301] {
        let why = refused("1", &json!({"type": "phone", "ring_seconds": seconds}));
        assert!(why.contains(": ring_seconds "), "{seconds}: {why}");
    }
    for text in ["++", "1&2", "*1", "0,30", "@x", "1+2", &long] {
        let why = refused("1", &json!({"type": "out", "prepend": text}));
        assert!(why.contains(": prepend "), "{text:?}: {why}");
        let why = refused("1", &json!({"type": "out", "present": text}));
        assert!(why.contains(": present "), "{text:?}: {why}");
    }
    for (pattern, strip) in [
        ("_X.", 2),
        ("112", 3),
        ("_XX!", 2),
        ("_XXXXXXXXXXXXXXXXXXXXXXXXX", 21),
    ] {
        let why = refused(pattern, &json!({"type": "out", "strip": strip}));
        assert!(why.contains(": strip "), "{pattern}: {why}");
    }
    for unknown in [
        json!({"type": "system"}),
        json!({"type": "hang_up", "app": "System"}),
        json!({"type": "hang_up", "cause": 17}),
    ] {
        let rule = json!({"pattern": "1", "action": unknown});
        assert!(serde_json::from_value::<DialplanRule>(rule).is_err());
    }
}

#[test]
fn a_rule_that_never_holds_and_too_many_are_refused() {
    let out = json!({"type": "out"});
    let twice = context(
        &json!([{"pattern": "_[1-3]X", "action": out}, {"pattern": "_[123]X", "action": out}]),
    );
    let why = twice.check().unwrap_err().problem;
    assert!(
        why.starts_with("entry 2 (_[123]X): pattern is that of entry 1"),
        "{why}"
    );
    let rules: Vec<_> = (0..=MAX_RULES)
        .map(|at| json!({"pattern": format!("{at}"), "action": out}))
        .collect();
    assert_eq!(context(&json!(rules)).check().unwrap_err().field, "rules");
    assert_eq!(context(&json!(rules[1..])).check(), Ok(()));
    let mut named = context(&json!([]));
    for name in ["", "a,b", "a\nb", "[a", "a b", "cordboard-7"] {
        name.clone_into(&mut named.name);
        assert_eq!(named.check().unwrap_err().field, "name", "{name:?}");
    }
    "agents".clone_into(&mut named.name);
    named.note = "x".repeat(2_000);
    assert_eq!(named.check().unwrap_err().field, "note");
}
