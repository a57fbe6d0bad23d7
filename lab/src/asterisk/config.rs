//! Asterisk's configuration, from the files in `templates/`. `{{name}}` is replaced; an unknown name is an error.

use std::{fs, os::unix::fs::symlink, path::Path};

use super::root::Release;
use crate::{
    error::{Doing, LabError, Result},
    folders::write_private,
    media::{Tone, Voice, ulaw_file},
    ports::PortBlock,
};

macro_rules! templates {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_str!(concat!("../../templates/", $name)))),*]
    };
}

const TEMPLATES: &[(&str, &str)] = templates![
    "amd.conf",
    "ari.conf",
    "asterisk.conf",
    "cdr.conf",
    "cdr_manager.conf",
    "cel.conf",
    "extensions.conf",
    "features.conf",
    "http.conf",
    "indications.conf",
    "logger.conf",
    "manager.conf",
    "modules.conf",
    "musiconhold.conf",
    "pjsip.conf",
    "queues.conf",
    "res_parking.conf",
    "rtp.conf",
];

const PHONE: &str = include_str!("../../templates/pjsip_phone.conf");

/// Files that Asterisk wants to find, if only to see that there is nothing in them.
const EMPTY: &[&str] = &[
    "acl.conf",
    "ccss.conf",
    "cli.conf",
    "codecs.conf",
    "confbridge.conf",
    "extconfig.conf",
    "pjproject.conf",
    "queuerules.conf",
    "sorcery.conf",
    "stasis.conf",
    "udptl.conf",
    "websocket_client.conf",
];

/// Folders of one Asterisk, below its own.
const FOLDERS: &[&str] = &[
    "etc",
    "lib/keys",
    "run",
    "log/cdr-csv",
    "log/cdr-custom",
    "spool/recording",
    "spool/outgoing",
    "cache",
    "sounds",
    "data",
    "moh",
    "agi-bin",
];

/// What the package brings, and where; only sounds are each lab's own, with those of the package behind them.
const PACKAGED: &str = "/usr/share/asterisk";
const PACKAGED_FOLDERS: &[&str] = &["documentation", "firmware", "rest-api", "static-http"];

/// Seconds of the announcements, and of the music before it repeats.
const ANNOUNCEMENT_SECONDS: u32 = 1;
const MUSIC_SECONDS: u32 = 10;

/// The provider's address. Whatever comes from it is a call from the trunk.
pub(crate) const TRUNK_ADDRESS: &str = "127.0.0.2";
/// Asterisk's and the phones' address.
pub(crate) const ADDRESS: &str = "127.0.0.1";

/// The ports of one lab, in its block.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Addresses {
    base: u16,
}

impl Addresses {
    /// Ports of the block that have a fixed use: the servers' own and the RTP range.
    pub(crate) const FIXED: u16 = 8;
    pub(crate) const RTP: u16 = 200;

    pub(crate) fn of(ports: &PortBlock) -> Self {
        Self { base: ports.base() }
    }

    pub(crate) fn sip(self) -> u16 {
        self.base
    }

    pub(crate) fn http(self) -> u16 {
        self.base + 1
    }

    pub(crate) fn ami(self) -> u16 {
        self.base + 2
    }

    /// Where the provider is called.
    pub(crate) fn trunk(self) -> u16 {
        self.base + 3
    }

    fn rtp_first(self) -> u16 {
        self.base + Self::FIXED
    }

    fn rtp_last(self) -> u16 {
        self.base + Self::FIXED + Self::RTP - 1
    }
}

/// What one lab's configuration depends on.
#[derive(Debug)]
pub(crate) struct Settings<'a> {
    pub(crate) release: Release,
    /// The lab's folder as Asterisk sees it, in its root.
    pub(crate) inside: &'a str,
    pub(crate) addresses: Addresses,
    pub(crate) secret: &'a str,
    pub(crate) phones: u16,
}

/// Writes everything that Asterisk reads below `folder`.
pub(crate) fn write(folder: &Path, settings: &Settings<'_>) -> Result<()> {
    for name in FOLDERS {
        fs::create_dir_all(folder.join(name))
            .doing(|| format!("make {name} in {}", folder.display()))?;
    }
    link_packaged(folder).doing(|| format!("link {PACKAGED} into {}", folder.display()))?;
    let etc = folder.join("etc");
    for (name, template) in TEMPLATES {
        write_private(
            &etc.join(name),
            &fill(name, template, &|name| settings.value(name))?,
        )?;
    }
    let phones: Vec<String> = (101..101 + settings.phones)
        .map(|phone| {
            let value = |name: &str| {
                if name == "phone" {
                    Some(phone.to_string())
                } else {
                    settings.value(name)
                }
            };
            fill("pjsip_phone.conf", PHONE, &value)
        })
        .collect::<Result<_>>()?;
    write_private(&etc.join("pjsip_phones.conf"), &phones.concat())?;
    for name in EMPTY {
        write_private(&etc.join(name), "")?;
    }
    let sounds = [
        ("moh/music.ulaw", Tone::MUSIC, MUSIC_SECONDS),
        ("sounds/overflow.ulaw", Tone::OVERFLOW, ANNOUNCEMENT_SECONDS),
        ("sounds/fallback.ulaw", Tone::FALLBACK, ANNOUNCEMENT_SECONDS),
    ];
    for (name, tone, seconds) in sounds {
        fs::write(folder.join(name), ulaw_file(&Voice::Tone(tone), seconds))
            .doing(|| format!("write {name}"))?;
    }
    Ok(())
}

/// In Asterisk's root.
fn link_packaged(folder: &Path) -> std::io::Result<()> {
    let packaged = |name: &str| format!("{PACKAGED}/{name}");
    for name in PACKAGED_FOLDERS {
        symlink(packaged(name), folder.join("data").join(name))?;
    }
    symlink("../sounds", folder.join("data/sounds"))?;
    symlink(packaged("sounds/en"), folder.join("sounds/en"))
}

impl Settings<'_> {
    fn value(&self, name: &str) -> Option<String> {
        let addresses = self.addresses;
        Some(match name {
            "folder" => self.inside.to_owned(),
            "secret" => self.secret.to_owned(),
            "sip_port" => addresses.sip().to_string(),
            "http_port" => addresses.http().to_string(),
            "ami_port" => addresses.ami().to_string(),
            "trunk_port" => addresses.trunk().to_string(),
            "trunk_address" => TRUNK_ADDRESS.to_owned(),
            "rtp_first" => addresses.rtp_first().to_string(),
            "rtp_last" => addresses.rtp_last().to_string(),
            // Stands before a line that only a newer Asterisk understands.
            "since_22" => if self.release == Release::Asterisk22 {
                ""
            } else {
                ";"
            }
            .to_owned(),
            _ => return None,
        })
    }
}

/// Replaces every `{{name}}`.
pub(crate) fn fill(
    file: &str,
    template: &str,
    value: &dyn Fn(&str) -> Option<String>,
) -> Result<String> {
    let mut filled = String::with_capacity(template.len());
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("{{") {
        let (name, after) = after
            .split_once("}}")
            .ok_or_else(|| LabError::Unexpected(format!("{file}: a name is not closed")))?;
        let value = value(name)
            .ok_or_else(|| LabError::Unexpected(format!("{file}: unknown name {name:?}")))?;
        filled.push_str(before);
        filled.push_str(&value);
        rest = after;
    }
    filled.push_str(rest);
    Ok(filled)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_replaced_and_unknown_ones_refused() {
        let value = |name: &str| (name == "a").then(|| "1".to_owned());
        assert_eq!(fill("f", "x {{a}} {{a}}", &value).expect("known"), "x 1 1");
        assert!(fill("f", "{{b}}", &value).is_err());
        assert!(fill("f", "{{a", &value).is_err());
    }
}
