//! What a file would do: a verdict for every row, and the changes that follow from them. Writes nothing.

use std::collections::{BTreeSet, HashMap};

use model::{ExtensionId, ExtensionImportId, Invalid};
use store::{ExtensionChange, KeptExtension, Store, StoreError};

use super::column::{Column, Names};
use super::reading::Read;
use super::report::{FieldChange, PhoneImportReport, PhoneRow, PhoneRowResult};
use crate::clock::Clock;
use crate::numbers::Numbers;
use crate::realtime::PhoneSecret;

/// What there is when the file comes.
pub(crate) struct Known {
    names: Names,
    phones: HashMap<String, KeptExtension>,
    /// Where calls of trunks begin: no phone's may.
    trunks: BTreeSet<String>,
}

/// What is to be done, and said.
pub(crate) struct Plan {
    pub(crate) rows: Vec<PhoneRow>,
    pub(crate) changes: Vec<ExtensionChange>,
}

impl Known {
    pub(crate) async fn read(store: &Store, reads: &[Read]) -> Result<Self, StoreError> {
        let said = reads.iter().filter_map(|read| read.said.as_ref().ok());
        let numbers: Vec<_> = said.map(|said| said.number.clone()).collect();
        let phones = store.extensions().by_numbers(&numbers).await?;
        let phones = phones.into_iter();
        Ok(Self {
            names: Names::read(store).await?,
            phones: phones
                .map(|kept| (kept.extension.number.clone(), kept))
                .collect(),
            trunks: store.trunks().contexts().await?,
        })
    }

    /// It takes the processor for a while: not for async threads.
    pub(crate) fn plan(mut self, reads: Vec<Read>, numbers: Numbers, clock: &Clock) -> Plan {
        let (mut rows, mut changes) = (Vec::with_capacity(reads.len()), Vec::new());
        for read in reads {
            let mut row = PhoneRow {
                line: read.line,
                number: read.number.clone(),
                result: PhoneRowResult::Unchanged,
                changes: Vec::new(),
                field: None,
                why: None,
                secret: None,
            };
            match self.change(read, &mut row, (numbers, clock)) {
                Ok(change) => changes.extend(change),
                Err(refused) => {
                    row.result = PhoneRowResult::Refused;
                    row.field = Some(refused.field.to_owned());
                    row.why = Some(refused.problem);
                }
            }
            rows.push(row);
        }
        Plan { rows, changes }
    }

    /// What one row does; nothing: the phone is just so.
    fn change(
        &mut self,
        read: Read,
        row: &mut PhoneRow,
        (numbers, clock): (Numbers, &Clock),
    ) -> Result<Option<ExtensionChange>, Invalid> {
        let said = read.said?;
        let before = self.phones.remove(&said.number);
        if before.is_none() {
            numbers.refuse_emergency(Column::Number.name(), &said.number)?;
        }
        let known = before.as_ref().map(|kept| &kept.extension);
        let (at, random) = clock.id();
        let extension = said.extension(known, ExtensionId::new(at, random), &self.names)?;
        let mut made = None;
        let digests = match (&said.secret, &before) {
            (Some(secret), _) => secret.digests(&extension.number),
            (None, Some(before)) => before.digests.clone(),
            (None, None) => {
                let made = made.insert(PhoneSecret::random());
                made.digests(&extension.number)
            }
        };
        let after = KeptExtension { extension, digests };
        if before.as_ref() == Some(&after) {
            return Ok(None);
        }
        if self.trunks.contains(&after.extension.context) {
            let why = "is where calls of a trunk begin: whoever calls in could call out from there, at your cost";
            return Err(Invalid::new(Column::Context.name(), why));
        }
        row.secret = made.map(PhoneSecret::show);
        row.result = PhoneRowResult::Created;
        if let Some(before) = &before {
            row.result = PhoneRowResult::Changed;
            row.changes = self.differences(before, &after);
        }
        Ok(Some(ExtensionChange {
            before,
            after: Some(after),
        }))
    }

    fn differences(&self, before: &KeptExtension, after: &KeptExtension) -> Vec<FieldChange> {
        let mut changes: Vec<_> = Column::written()
            .filter_map(|column| {
                let text = |kept: &KeptExtension| column.text(&kept.extension, &self.names);
                let (from, to) = (text(before), text(after));
                let some = |text: String| Some(text).filter(|text| !text.is_empty());
                (from != to).then(|| FieldChange {
                    field: column.name().to_owned(),
                    from: some(from),
                    to: some(to),
                })
            })
            .collect();
        if before.digests != after.digests {
            changes.push(FieldChange {
                field: Column::Secret.name().to_owned(),
                from: None,
                to: None,
            });
        }
        changes
    }
}

impl Plan {
    pub(crate) fn refused(&self) -> impl Iterator<Item = &PhoneRow> {
        let is_refused = |row: &&PhoneRow| row.result == PhoneRowResult::Refused;
        self.rows.iter().filter(is_refused)
    }

    /// A dry run has no `id`, and makes no secrets.
    pub(crate) fn report(
        self,
        id: Option<ExtensionImportId>,
        file: String,
        dry_run: bool,
    ) -> PhoneImportReport {
        let mut rows = self.rows;
        if dry_run {
            for row in &mut rows {
                row.secret = None;
            }
        }
        let count = |wanted| rows.iter().filter(|row| row.result == wanted).count() as u64;
        PhoneImportReport {
            id,
            file,
            dry_run,
            created: count(PhoneRowResult::Created),
            changed: count(PhoneRowResult::Changed),
            unchanged: count(PhoneRowResult::Unchanged),
            refused: count(PhoneRowResult::Refused),
            rows,
        }
    }
}
