//! Which privilege classes of manager.conf an action needs, and which ones a user has.
//!
//! Source of the table: `ListCommands` of Asterisk 22. Never a decision whether to send an action: Asterisk decides,
//! this names.

use super::client::Client;
use super::error::AmiError;

/// What manager.conf grants a user.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Privileges {
    /// Classes of events the user sees.
    pub read: Vec<String>,
    /// Classes of actions the user may perform.
    pub write: Vec<String>,
}

impl Privileges {
    /// What of the needed classes is lacking, as it would stand in manager.conf: `read=call`.
    pub fn lacking(&self, read: &[&str], write: &[&str]) -> Vec<String> {
        let lacks =
            |had: &[String], class: &str| !had.iter().any(|had| had == class || had == "all");
        let read = read
            .iter()
            .filter(|class| lacks(&self.read, class))
            .map(|class| format!("read={class}"));
        let write = write
            .iter()
            .filter(|class| lacks(&self.write, class))
            .map(|class| format!("write={class}"));
        read.chain(write).collect()
    }

    fn from_cli(output: &[String]) -> Self {
        let classes = |label: &str| {
            let values = output
                .iter()
                .filter_map(|line| line.trim_start().strip_prefix(label))
                .flat_map(|classes| {
                    classes
                        .split(',')
                        .map(|class| class.trim().to_owned())
                        .filter(|class| !class.is_empty())
                });
            values.collect()
        };
        Self {
            read: classes("read perm:"),
            write: classes("write perm:"),
        }
    }
}

impl Client {
    /// The classes that the logged-in user has. Asterisk tells them only on its command line, so this itself needs
    /// `write=command`. A lacking `read=` class is otherwise invisible: the events just do not come.
    pub async fn privileges(&self) -> Result<Privileges, AmiError> {
        let output = self
            .command(&format!("manager show user {}", self.username()))
            .await?;
        Ok(Privileges::from_cli(&output))
    }
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lacking_classes_are_named_as_manager_conf_has_them() {
        let output = [
            "          username: weak",
            "         read perm: call,cdr",
            "        write perm: call",
        ];
        let weak = Privileges::from_cli(&output.map(String::from));
        assert_eq!(
            weak.lacking(&["call", "agent"], &["call", "originate"]),
            ["read=agent", "write=originate"]
        );
        let all = Privileges {
            read: vec!["all".into()],
            write: vec!["all".into()],
        };
        assert!(all.lacking(&["call"], &["originate"]).is_empty());
    }

    #[test]
    fn actions_are_found_in_any_case_of_letters() {
        assert_eq!(needed_for("originate"), Some("write=originate"));
        assert_eq!(needed_for("Hangup"), Some("write=system or write=call"));
        assert_eq!(needed_for("Ping"), None);
    }
}
