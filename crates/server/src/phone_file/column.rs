//! The columns of the file, and a phone's text in each.

use std::collections::BTreeMap;

use model::{Extension, ServerId};
use store::{MAX_PAGE, Store, StoreError};

use crate::exports::marked;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Column {
    Number,
    Name,
    Server,
    Transport,
    Codecs,
    Context,
    Mailbox,
    Nat,
    QualifySeconds,
    Active,
    /// Read, and never written.
    Secret,
}

impl Column {
    pub(super) const ALL: [Self; 11] = [
        Self::Number,
        Self::Name,
        Self::Server,
        Self::Transport,
        Self::Codecs,
        Self::Context,
        Self::Mailbox,
        Self::Nat,
        Self::QualifySeconds,
        Self::Active,
        Self::Secret,
    ];

    /// As it stands in the header.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Number => "number",
            Self::Name => "name",
            Self::Server => "server",
            Self::Transport => "transport",
            Self::Codecs => "codecs",
            Self::Context => "context",
            Self::Mailbox => "mailbox",
            Self::Nat => "nat",
            Self::QualifySeconds => "qualify_seconds",
            Self::Active => "active",
            Self::Secret => "secret",
        }
    }

    /// Those that are written.
    pub(super) fn written() -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().filter(|it| *it != Self::Secret)
    }

    /// What stands there of a phone; nothing of what it has not.
    pub(super) fn text(self, phone: &Extension, names: &Names) -> String {
        match self {
            Self::Number => phone.number.clone(),
            Self::Name => phone.name.clone(),
            Self::Server => phone.server.map_or_else(String::new, |id| names.of(id)),
            Self::Transport => phone.transport.as_str().to_owned(),
            Self::Codecs => {
                let codecs: Vec<_> = phone.codecs.iter().map(|it| it.as_str()).collect();
                codecs.join(" ")
            }
            Self::Context => phone.context.clone(),
            Self::Mailbox => phone.mailbox.clone().unwrap_or_default(),
            Self::Nat => phone.nat.to_string(),
            Self::QualifySeconds => phone.qualify_seconds.to_string(),
            Self::Active => phone.active.to_string(),
            Self::Secret => String::new(),
        }
    }
}

/// The servers' names.
#[derive(Debug, Default)]
pub(crate) struct Names(BTreeMap<String, ServerId>);

impl Names {
    pub(crate) async fn read(store: &Store) -> Result<Self, StoreError> {
        let mut names = BTreeMap::new();
        let mut after: Option<String> = None;
        loop {
            let page = store.servers().list(after.as_deref(), MAX_PAGE).await?;
            after = page.last().map(|server| server.name.clone());
            names.extend(page.into_iter().map(|server| (server.name, server.id)));
            if after.is_none() {
                return Ok(Self(names));
            }
        }
    }

    pub(super) fn server(&self, name: &str) -> Option<ServerId> {
        self.0.get(name).copied()
    }

    pub(super) fn known(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    fn of(&self, id: ServerId) -> String {
        let name = self.0.iter().find(|(_, known)| **known == id);
        name.map_or_else(|| id.to_string(), |(name, _)| name.clone())
    }

    /// The file's first row.
    pub(crate) fn header() -> Result<Vec<u8>, csv::Error> {
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer.write_record(Column::written().map(Column::name))?;
        written(writer)
    }

    /// A row for each phone.
    pub(crate) fn table(&self, phones: &[Extension]) -> Result<Vec<u8>, csv::Error> {
        let mut writer = csv::Writer::from_writer(Vec::new());
        for phone in phones {
            let texts = Column::written().map(|column| column.text(phone, self));
            writer.write_record(texts.map(|text| marked(&text).into_owned()))?;
        }
        written(writer)
    }
}

fn written(writer: csv::Writer<Vec<u8>>) -> Result<Vec<u8>, csv::Error> {
    let written = writer.into_inner();
    written.map_err(|error| csv::Error::from(error.into_error()))
}

#[cfg(test)]
impl From<&[(&str, ServerId)]> for Names {
    fn from(names: &[(&str, ServerId)]) -> Self {
        let names = names.iter().map(|(name, id)| ((*name).to_owned(), *id));
        Self(names.collect())
    }
}
