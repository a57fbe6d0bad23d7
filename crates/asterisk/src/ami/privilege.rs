//! Which privilege classes of manager.conf an action needs, and which ones a user has.
//!
//! Source of the table: `ListCommands` of Asterisk 22. Never a decision whether to send an action: Asterisk decides,
//! this names.

use super::action::Action;
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
        let all = |label: &str| {
            let lines = output
                .iter()
                .filter_map(|line| line.trim_start().strip_prefix(label));
            lines.flat_map(classes).collect()
        };
        Self {
            read: all("read perm:"),
            write: all("write perm:"),
        }
    }
}

fn classes(list: &str) -> impl Iterator<Item = String> {
    list.split(',')
        .map(|class| class.trim().to_owned())
        .filter(|class| !class.is_empty())
}

impl Client {
    /// The classes that the logged-in user has, from Asterisk's command line, which needs `write=command`; without it
    /// from `manager.conf` by the dialplan function `AST_CONFIG`, which needs `write=call` or `write=reporting`, and
    /// `func_config.so` in Asterisk. The file may have changed since Asterisk read it.
    ///
    /// With neither there is no way: a log-in says nothing of its privileges, and the events of a lacking `read=` class
    /// just do not come.
    pub async fn privileges(&self) -> Result<Privileges, AmiError> {
        let command = format!("manager show user {}", self.username());
        match self.command(&command).await {
            Ok(output) => Ok(Privileges::from_cli(&output)),
            Err(error @ AmiError::PermissionDenied { .. }) => {
                self.privileges_in_file().await?.ok_or(error)
            }
            Err(error) => Err(error),
        }
    }

    /// `None` where the file cannot be asked or is not where this user comes from.
    async fn privileges_in_file(&self) -> Result<Option<Privileges>, AmiError> {
        let user = self.username();
        if user.contains(|mark: char| "(){}[]$,\"\\".contains(mark)) {
            return Ok(None);
        }
        let read = self.setting_in_file(user, "read").await?;
        let write = self.setting_in_file(user, "write").await?;
        // Nobody without a `write=` class could have asked.
        Ok(read.zip(write).and_then(|(read, write)| {
            let privileges = Privileges {
                read: classes(&read).collect(),
                write: classes(&write).collect(),
            };
            (!privileges.write.is_empty()).then_some(privileges)
        }))
    }

    async fn setting_in_file(&self, user: &str, key: &str) -> Result<Option<String>, AmiError> {
        let function = format!("AST_CONFIG(manager.conf,{user},{key})");
        let response = self
            .send(&Action::new("Getvar").header("Variable", function))
            .await?;
        let value = response.get_str("Value").unwrap_or_default();
        Ok(response.is_success().then(|| value.into_owned()))
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
