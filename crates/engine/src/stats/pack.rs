//! The call detail records of one source and day, in columns.
//!
//! Rows are kept as the source has them, also where one call has several, in the order of their starts. What is counted is
//! decided later, by [`super::Rules`]: a pack is not to be read from its source again because a rule has changed.

use foldhash::fast::FixedState;
use hashbrown::HashMap;
use serde::{Deserialize, Serialize};

use super::call_key::CallKey;
use super::destinations::DestinationId;

/// `disposition` of a CDR.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Disposition {
    Answered,
    NoAnswer,
    Busy,
    Failed,
    Congestion,
    Other,
}

impl Disposition {
    /// As Asterisk writes it, and as old ones did.
    pub fn read(text: &str) -> Self {
        match text.trim() {
            "ANSWERED" | "ANSWER" => Self::Answered,
            "NO ANSWER" | "NOANSWER" => Self::NoAnswer,
            "BUSY" => Self::Busy,
            "FAILED" => Self::Failed,
            "CONGESTION" => Self::Congestion,
            _ => Self::Other,
        }
    }
}

/// One row as it goes in. Texts that a source does not have are empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Row<'a> {
    /// When the channel was made, in seconds since 1970 (UTC).
    pub at: i64,
    pub uniqueid: &'a str,
    /// The same for all rows of a conversation; a source without the column gives the uniqueid.
    pub linkedid: &'a str,
    /// Who of us: `cnum`, or `src` where there is none.
    pub extension: &'a str,
    pub name: &'a str,
    /// Who called: `src`.
    pub caller: &'a str,
    pub destination: DestinationId,
    /// [`Form::code`].
    pub form: u8,
    pub did: &'a str,
    /// Technology and peer of a channel: `PJSIP/trunk`.
    pub from_peer: &'a str,
    pub to_peer: &'a str,
    pub application: &'a str,
    pub account: &'a str,
    pub disposition: Disposition,
    pub duration: u32,
    /// Seconds since the answer.
    pub billed: u32,
    pub recorded: bool,
}

/// A text of a pack, by its place.
type TextId = u32;

#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Pack {
    texts: Vec<Box<str>>,
    keys: Vec<CallKey>,
    first: i64,
    /// Seconds since the row before.
    after: Vec<u32>,
    unique: Vec<u32>,
    linked: Vec<u32>,
    extensions: Vec<TextId>,
    names: Vec<TextId>,
    callers: Vec<TextId>,
    destinations: Vec<DestinationId>,
    forms: Vec<u8>,
    dids: Vec<TextId>,
    from_peers: Vec<TextId>,
    to_peers: Vec<TextId>,
    applications: Vec<TextId>,
    accounts: Vec<TextId>,
    dispositions: Vec<Disposition>,
    durations: Vec<u32>,
    billed: Vec<u32>,
    recorded: Vec<bool>,
}

impl Pack {
    pub fn len(&self) -> usize {
        self.after.len()
    }

    pub fn is_empty(&self) -> bool {
        self.after.is_empty()
    }

    /// All rows, in the order of their starts.
    pub fn rows(&self) -> impl Iterator<Item = Stored<'_>> {
        let mut at = self.first;
        (0..self.len()).map(move |index| {
            at += i64::from(self.after[index]);
            Stored {
                pack: self,
                index,
                at,
            }
        })
    }

    /// The rows of both. Where `some_again`, rows of `more` may stand here already: what both have alike is there as often as
    /// in the one that has more of it.
    #[must_use]
    pub fn with(&self, more: &Self, some_again: bool) -> Self {
        fn key<'a>(row: &Stored<'a>) -> (Row<'a>, &'a CallKey, &'a CallKey) {
            (row.without_ids(), row.unique(), row.linked())
        }
        let mut had: HashMap<_, u32, FixedState> = HashMap::default();
        let mut packing = Packing::default();
        for row in self.rows() {
            packing.keep(&row);
            if some_again {
                *had.entry(key(&row)).or_default() += 1;
            }
        }
        for row in more.rows() {
            match had.get_mut(&key(&row)) {
                Some(left) if *left > 0 => *left -= 1,
                _ => packing.keep(&row),
            }
        }
        packing.finish()
    }

    /// The different extensions of its rows.
    pub fn extensions(&self) -> impl Iterator<Item = &str> {
        let ids: std::collections::BTreeSet<TextId> = self.extensions.iter().copied().collect();
        ids.into_iter().map(|id| self.text(id))
    }

    /// The different calls of its rows.
    pub fn keys(&self) -> &[CallKey] {
        &self.keys
    }

    /// Whether every row has all of its columns, and everything it refers to: what was kept elsewhere may have been spoilt.
    pub fn is_sound(&self) -> bool {
        let (rows, texts, keys) = (self.len(), self.texts.len(), self.keys.len());
        let within = |column: &[u32], of: usize| {
            column.len() == rows && column.iter().all(|id| (*id as usize) < of)
        };
        let texts = [
            &self.extensions,
            &self.names,
            &self.callers,
            &self.dids,
            &self.from_peers,
            &self.to_peers,
            &self.applications,
            &self.accounts,
        ]
        .into_iter()
        .all(|column| within(column, texts));
        let others = [
            self.destinations.len(),
            self.forms.len(),
            self.dispositions.len(),
            self.durations.len(),
            self.billed.len(),
            self.recorded.len(),
        ];
        texts
            && within(&self.unique, keys)
            && within(&self.linked, keys)
            && others.into_iter().all(|length| length == rows)
    }

    fn text(&self, id: TextId) -> &str {
        self.texts.get(id as usize).map_or("", |text| text)
    }
}

/// One row of a pack.
#[derive(Debug, Clone, Copy)]
pub struct Stored<'a> {
    pack: &'a Pack,
    index: usize,
    at: i64,
}

impl<'a> Stored<'a> {
    pub fn at(&self) -> i64 {
        self.at
    }

    /// Which `uniqueid`.
    pub fn unique(&self) -> &'a CallKey {
        &self.pack.keys[self.pack.unique[self.index] as usize]
    }

    /// Which `linkedid`.
    pub fn linked(&self) -> &'a CallKey {
        &self.pack.keys[self.pack.linked[self.index] as usize]
    }

    /// Which `uniqueid`, as its place among [`Pack::keys`].
    pub fn unique_index(&self) -> u32 {
        self.pack.unique[self.index]
    }

    /// Which `linkedid`, as its place among [`Pack::keys`].
    pub fn linked_index(&self) -> u32 {
        self.pack.linked[self.index]
    }

    pub fn extension(&self) -> &'a str {
        self.pack.text(self.pack.extensions[self.index])
    }

    pub fn name(&self) -> &'a str {
        self.pack.text(self.pack.names[self.index])
    }

    pub fn caller(&self) -> &'a str {
        self.pack.text(self.pack.callers[self.index])
    }

    pub fn destination(&self) -> DestinationId {
        self.pack.destinations[self.index]
    }

    /// The [`Form::code`] in which the destination was dialled.
    pub fn form(&self) -> u8 {
        self.pack.forms[self.index]
    }

    pub fn did(&self) -> &'a str {
        self.pack.text(self.pack.dids[self.index])
    }

    pub fn from_peer(&self) -> &'a str {
        self.pack.text(self.pack.from_peers[self.index])
    }

    pub fn to_peer(&self) -> &'a str {
        self.pack.text(self.pack.to_peers[self.index])
    }

    pub fn application(&self) -> &'a str {
        self.pack.text(self.pack.applications[self.index])
    }

    pub fn account(&self) -> &'a str {
        self.pack.text(self.pack.accounts[self.index])
    }

    pub fn disposition(&self) -> Disposition {
        self.pack.dispositions[self.index]
    }

    pub fn duration(&self) -> u32 {
        self.pack.durations[self.index]
    }

    pub fn billed(&self) -> u32 {
        self.pack.billed[self.index]
    }

    pub fn recorded(&self) -> bool {
        self.pack.recorded[self.index]
    }

    /// The row as it went in, but for its ids.
    fn without_ids(&self) -> Row<'a> {
        Row {
            at: self.at(),
            uniqueid: "",
            linkedid: "",
            extension: self.extension(),
            name: self.name(),
            caller: self.caller(),
            destination: self.destination(),
            form: self.form(),
            did: self.did(),
            from_peer: self.from_peer(),
            to_peer: self.to_peer(),
            application: self.application(),
            account: self.account(),
            disposition: self.disposition(),
            duration: self.duration(),
            billed: self.billed(),
            recorded: self.recorded(),
        }
    }

    /// Seconds since the answer, of a row that says there was one.
    pub fn talked(&self) -> u32 {
        if self.disposition() == Disposition::Answered {
            self.billed()
        } else {
            0
        }
    }

    /// From the answer to the end, in seconds since 1970.
    pub fn talk(&self) -> (i64, i64) {
        let end = self.at + i64::from(self.duration());
        (end - i64::from(self.billed()), end)
    }
}

/// Takes rows in any order, and makes a pack of them.
#[derive(Debug, Default)]
pub struct Packing {
    pack: Pack,
    at: Vec<i64>,
    text_ids: HashMap<Box<str>, TextId, FixedState>,
    key_ids: HashMap<CallKey, u32, FixedState>,
}

impl Packing {
    pub fn len(&self) -> usize {
        self.at.len()
    }

    pub fn is_empty(&self) -> bool {
        self.at.is_empty()
    }

    pub fn add(&mut self, row: &Row<'_>) {
        let unique = self.key(row.uniqueid);
        let linked = if row.linkedid == row.uniqueid {
            unique
        } else {
            self.key(row.linkedid)
        };
        let extension = self.text(row.extension);
        let name = self.text(row.name);
        let caller = self.text(row.caller);
        let did = self.text(row.did);
        let from_peer = self.text(row.from_peer);
        let to_peer = self.text(row.to_peer);
        let application = self.text(row.application);
        let account = self.text(row.account);
        let pack = &mut self.pack;
        self.at.push(row.at);
        pack.unique.push(unique);
        pack.linked.push(linked);
        pack.extensions.push(extension);
        pack.names.push(name);
        pack.callers.push(caller);
        pack.destinations.push(row.destination);
        pack.forms.push(row.form);
        pack.dids.push(did);
        pack.from_peers.push(from_peer);
        pack.to_peers.push(to_peer);
        pack.applications.push(application);
        pack.accounts.push(account);
        pack.dispositions.push(row.disposition);
        pack.durations.push(row.duration);
        pack.billed.push(row.billed);
        pack.recorded.push(row.recorded);
    }

    /// A row of another pack.
    pub fn keep(&mut self, row: &Stored<'_>) {
        self.add(&Row {
            uniqueid: &row.unique().to_string(),
            linkedid: &row.linked().to_string(),
            ..row.without_ids()
        });
    }

    fn text(&mut self, text: &str) -> TextId {
        if let Some(id) = self.text_ids.get(text) {
            return *id;
        }
        let id = u32::try_from(self.pack.texts.len()).expect("a day's texts");
        self.pack.texts.push(text.into());
        self.text_ids.insert(text.into(), id);
        id
    }

    fn key(&mut self, text: &str) -> u32 {
        let key = CallKey::new(text);
        if let Some(id) = self.key_ids.get(&key) {
            return *id;
        }
        let id = u32::try_from(self.pack.keys.len()).expect("a day's calls");
        self.pack.keys.push(key.clone());
        self.key_ids.insert(key, id);
        id
    }

    pub fn finish(self) -> Pack {
        let Self { mut pack, at, .. } = self;
        let mut order: Vec<u32> = (0..u32::try_from(at.len()).expect("a day's rows")).collect();
        order.sort_by_key(|index| at[*index as usize]);
        let mut before = order.first().map_or(0, |first| at[*first as usize]);
        pack.first = before;
        pack.after = Vec::with_capacity(order.len());
        for index in &order {
            let at = at[*index as usize];
            pack.after
                .push(u32::try_from(at - before).unwrap_or(u32::MAX));
            before = at;
        }
        if order.is_sorted() {
            return pack;
        }
        sort(&order, &mut pack.unique);
        sort(&order, &mut pack.linked);
        sort(&order, &mut pack.extensions);
        sort(&order, &mut pack.names);
        sort(&order, &mut pack.callers);
        sort(&order, &mut pack.destinations);
        sort(&order, &mut pack.forms);
        sort(&order, &mut pack.dids);
        sort(&order, &mut pack.from_peers);
        sort(&order, &mut pack.to_peers);
        sort(&order, &mut pack.applications);
        sort(&order, &mut pack.accounts);
        sort(&order, &mut pack.dispositions);
        sort(&order, &mut pack.durations);
        sort(&order, &mut pack.billed);
        sort(&order, &mut pack.recorded);
        pack
    }
}

fn sort<T: Copy>(order: &[u32], column: &mut Vec<T>) {
    *column = order.iter().map(|index| column[*index as usize]).collect();
}
