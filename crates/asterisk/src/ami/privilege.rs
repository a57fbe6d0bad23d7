//! Which privilege class of manager.conf an action needs.
//!
//! Source: `ListCommands` of Asterisk 22. Never a decision whether to send an action: Asterisk decides, this names.

/// What `write=` has to grant for an action; any one of the named classes is enough. `None` for actions that everybody
/// may perform and for unknown ones.
pub(super) fn needed_for(action: &str) -> Option<&'static str> {
    let is_in = |names: &[&str]| names.iter().any(|name| name.eq_ignore_ascii_case(action));
    NEEDED
        .iter()
        .find(|(_, names)| is_in(names))
        .map(|(needs, _)| *needs)
}

const NEEDED: &[(&str, &[&str])] = &[
    (
        "write=system or write=call",
        &[
            "AbsoluteTimeout",
            "Hangup",
            "LocalOptimizeAway",
            "MixMonitorMute",
            "PJSIPHangup",
            "StopMixMonitor",
        ],
    ),
    ("write=agi", &["AGI"]),
    ("write=aoc", &["AOCMessage"]),
    (
        "write=call",
        &[
            "Atxfer",
            "BlindTransfer",
            "Bridge",
            "CancelAtxfer",
            "ConfbridgeKick",
            "ConfbridgeLock",
            "ConfbridgeMute",
            "ConfbridgeSetSingleVideoSrc",
            "ConfbridgeUnlock",
            "ConfbridgeUnmute",
            "ControlPlayback",
            "Park",
            "ParkedCalls",
            "Parkinglots",
            "PlayDTMF",
            "PlayMF",
            "Redirect",
            "SendFlash",
            "SendText",
            "Setvar",
        ],
    ),
    ("write=command", &["Command"]),
    (
        "write=reporting",
        &["ConfbridgeList", "ConfbridgeListRooms"],
    ),
    (
        "write=system",
        &[
            "ConfbridgeStartRecord",
            "ConfbridgeStopRecord",
            "DBDel",
            "DBDelTree",
            "DBPut",
            "DialplanExtensionAdd",
            "DialplanExtensionRemove",
            "Filter",
            "MixMonitor",
            "ModuleCheck",
            "ModuleLoad",
            "MuteAudio",
            "PJSIPSetMaintenance",
            "PJSIPShowAors",
            "PJSIPShowAuths",
            "PJSIPShowContacts",
            "PJSIPShowEndpoint",
            "PJSIPShowEndpoints",
            "PJSIPShowRegistrationInboundContactStatuses",
            "PJSIPShowRegistrationsInbound",
            "PJSIPShowResourceLists",
            "PJSIPShowSubscriptionsInbound",
            "PJSIPShowSubscriptionsOutbound",
            "SorceryMemoryCacheExpire",
            "SorceryMemoryCacheExpireObject",
            "SorceryMemoryCachePopulate",
            "SorceryMemoryCacheStale",
            "SorceryMemoryCacheStaleObject",
        ],
    ),
    (
        "write=system or write=reporting",
        &[
            "CoreSettings",
            "CoreShowChannelMap",
            "CoreShowChannels",
            "CoreStatus",
            "DBGet",
            "DBGetTree",
            "LoggerRotate",
            "PJSIPQualify",
            "PJSIPRegister",
            "PJSIPShowMaintenance",
            "PJSIPShowRegistrationsOutbound",
            "PJSIPUnregister",
        ],
    ),
    (
        "write=config",
        &["CreateConfig", "ListCategories", "UpdateConfig"],
    ),
    (
        "write=call or write=reporting",
        &[
            "DeviceStateList",
            "ExtensionState",
            "ExtensionStateList",
            "Getvar",
            "MailboxCount",
            "MailboxStatus",
            "PresenceState",
            "PresenceStateList",
        ],
    ),
    (
        "write=system or write=config",
        &["GetConfig", "GetConfigJSON", "Reload"],
    ),
    ("write=message", &["MessageSend"]),
    ("write=originate", &["Originate"]),
    (
        "write=agent",
        &[
            "QueueAdd",
            "QueueLog",
            "QueueMemberRingInUse",
            "QueuePause",
            "QueuePenalty",
            "QueueRemove",
        ],
    ),
    ("write=config or write=reporting", &["ShowDialPlan"]),
    ("write=system or write=call or write=reporting", &["Status"]),
    ("write=user", &["UserEvent"]),
];
