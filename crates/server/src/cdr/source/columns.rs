//! Which columns a source has: old tables have few, FreePBX's more.

use std::collections::BTreeSet;

use jiff::tz::TimeZone;

/// A text of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::cdr) enum Part {
    UniqueId,
    LinkedId,
    /// Who of us: `cnum`.
    Extension,
    Name,
    Source,
    Destination,
    Did,
    Channel,
    DestinationChannel,
    Application,
    Account,
    Disposition,
    Recording,
}

/// What may stand for a part, the best first.
const CANDIDATES: [(Part, &[&str]); Part::COUNT] = [
    (Part::UniqueId, &["uniqueid"]),
    (Part::LinkedId, &["linkedid", "uniqueid"]),
    (Part::Extension, &["cnum", "src"]),
    (Part::Name, &["cnam", "clid"]),
    (Part::Source, &["src"]),
    (Part::Destination, &["dst"]),
    (Part::Did, &["did"]),
    (Part::Channel, &["channel"]),
    (Part::DestinationChannel, &["dstchannel"]),
    (Part::Application, &["lastapp"]),
    (Part::Account, &["accountcode"]),
    (Part::Disposition, &["disposition"]),
    (Part::Recording, &["recordingfile"]),
];
const TIMES: [&str; 2] = ["calldate", "start"];
const DURATION: &str = "duration";
const BILLED: &str = "billsec";

impl Part {
    pub(in crate::cdr) const COUNT: usize = 13;
}

/// The columns that are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::cdr) struct Columns {
    /// When a call began.
    pub(super) time: &'static str,
    /// Whether that column knows its time zone.
    pub(super) zoned: bool,
    parts: [Option<&'static str>; Part::COUNT],
    pub(super) duration: Option<&'static str>,
    pub(super) billed: Option<&'static str>,
}

impl Columns {
    /// `names` in lower case. Nothing without a time.
    pub(super) fn among(names: &BTreeSet<String>, zoned: impl Fn(&str) -> bool) -> Option<Self> {
        let known = |name: &&'static str| names.contains(*name);
        let time = TIMES.into_iter().find(|name| known(name))?;
        let mut parts = [None; Part::COUNT];
        for (part, candidates) in CANDIDATES {
            parts[part as usize] = candidates.iter().copied().find(|name| known(name));
        }
        Some(Self {
            time,
            zoned: zoned(time),
            parts,
            duration: Some(DURATION).filter(|name| known(name)),
            billed: Some(BILLED).filter(|name| known(name)),
        })
    }

    /// All of them, in UTC.
    pub(super) fn all() -> Self {
        let mut parts = [None; Part::COUNT];
        for (part, candidates) in CANDIDATES {
            parts[part as usize] = candidates.first().copied();
        }
        Self {
            time: TIMES[0],
            zoned: true,
            parts,
            duration: Some(DURATION),
            billed: Some(BILLED),
        }
    }

    /// The zone of its times: a column that knows its own counts in UTC.
    pub(in crate::cdr) fn zone(&self, configured: &TimeZone) -> TimeZone {
        if self.zoned {
            TimeZone::UTC
        } else {
            configured.clone()
        }
    }

    /// The column of each part.
    pub(super) fn parts(&self) -> [Option<&'static str>; Part::COUNT] {
        self.parts
    }

    /// What cannot be told without the columns that are missing.
    pub(in crate::cdr) fn notes(&self) -> Vec<String> {
        let best = CANDIDATES.iter().filter_map(|(part, candidates)| {
            let used = self.parts[*part as usize];
            (used != Some(candidates[0])).then(|| match used {
                Some(used) => format!(
                    "{} is read from {used}: there is no such column",
                    candidates[0]
                ),
                None => format!("there is no column {}", candidates[0]),
            })
        });
        best.collect()
    }
}

/// The name in a `clid`: `"Zoe" <5550177>`.
pub(in crate::cdr) fn name(text: &str) -> &str {
    match text.rsplit_once('<') {
        Some((name, _)) => name.trim().trim_matches('"'),
        None => text,
    }
}
