//! Asterisk's own tables in a database that it reads by ODBC.

use store::{AsteriskRow, AsteriskTables, StoreError};
use tokio::sync::Mutex;

use super::LeftOut;

/// The width of `ps_endpoints.callerid`.
const CALLER_ID: usize = 40;

/// The database. It is opened when it is first needed, and anew after whatever went wrong: its tables may be others then.
pub(super) struct SharedDatabase {
    dsn: String,
    open: Mutex<Option<AsteriskTables>>,
}

impl SharedDatabase {
    pub(super) fn new(dsn: &str) -> Self {
        Self {
            dsn: dsn.to_owned(),
            open: Mutex::default(),
        }
    }

    /// One after the other; `rows` is asked when it is its turn.
    pub(super) async fn write(
        &self,
        ids: Option<&[String]>,
        rows: impl FnOnce() -> Vec<AsteriskRow>,
    ) -> Result<LeftOut, String> {
        let mut open = self.open.lock().await;
        let tables = match open.take() {
            Some(tables) => tables,
            None => AsteriskTables::open(&self.dsn)
                .await
                .map_err(|error| words(&error))?,
        };
        let mut rows = rows();
        rows.iter_mut().for_each(shorten_caller_id);
        let put = tables
            .put(ids, &rows)
            .await
            .map_err(|error| words(&error))?;
        if put.left_out.is_empty() {
            *open = Some(tables);
        }
        Ok(put
            .left_out
            .into_iter()
            .map(|one| (one.id, one.why))
            .collect())
    }
}

fn words(error: &StoreError) -> String {
    format!("the shared database: {error}")
}

/// A name that is too long for Asterisk's table is shown as far as there is room.
fn shorten_caller_id(row: &mut AsteriskRow) {
    for (_, value) in row
        .columns
        .iter_mut()
        .filter(|(name, _)| *name == "callerid")
    {
        let surplus = value.chars().count().saturating_sub(CALLER_ID);
        let Some((name, number)) = value.rsplit_once("\" ").filter(|_| surplus > 0) else {
            continue;
        };
        let kept = name.chars().count().saturating_sub(surplus);
        let name: String = name.chars().take(kept).collect();
        *value = format!("{}\" {number}", name.trim_end());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_name_is_cut_and_its_number_stays() {
        let shown = |name: &str| {
            let mut row = AsteriskRow {
                table: "ps_endpoints",
                id: "101".to_owned(),
                columns: vec![("callerid", format!("\"{name}\" <101>"))],
            };
            shorten_caller_id(&mut row);
            row.columns[0].1.clone()
        };
        assert_eq!(shown("Žofia"), "\"Žofia\" <101>");
        let long = shown(&"Ž".repeat(100));
        assert_eq!(long, format!("\"{}\" <101>", "Ž".repeat(32)));
        assert_eq!(long.chars().count(), CALLER_ID);
    }
}
