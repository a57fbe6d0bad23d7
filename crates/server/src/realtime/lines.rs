//! All phones and trunks of the database, to be put in place at once.

use model::Trunk;
use store::{KeptExtension, MAX_PAGE, Store, StoreError};

use crate::secrets::Vault;

#[derive(Debug, Default)]
pub(crate) struct Lines {
    pub(super) phones: Vec<KeptExtension>,
    /// Each with its password, if it has one.
    pub(super) trunks: Vec<(Trunk, Option<String>)>,
}

impl Lines {
    pub(crate) async fn read(store: &Store, vault: &Vault) -> Result<Self, StoreError> {
        let mut lines = Self::default();
        let take = |page: Vec<KeptExtension>| lines.phones.extend(page);
        store.extensions().load(take).await?;
        let mut after: Option<String> = None;
        loop {
            let page = store.trunks().list(after.as_deref(), MAX_PAGE).await?;
            let Some(last) = page.last() else {
                return Ok(lines);
            };
            after = Some(last.trunk.name.clone());
            for kept in page {
                let password = kept.sealed.as_deref().map(|sealed| vault.open(sealed));
                let password = password.transpose().unwrap_or_else(|error| {
                    let trunk = &kept.trunk.name;
                    tracing::error!(%error, trunk, "a trunk's password cannot be read; enter it again");
                    None
                });
                lines.trunks.push((kept.trunk, password));
            }
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.phones.is_empty() && self.trunks.is_empty()
    }
}
