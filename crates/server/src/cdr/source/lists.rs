//! What sites keep beside their calls: names of countries, and of people. Nothing of it is needed, and nothing is ever made there.

use engine::stats::Countries;

/// The most rows that are read of a list.
pub(super) const MAX_ROWS: usize = 50_000;
/// The most tables that are named in the place of one that is not there.
pub(super) const MAX_TABLES: usize = 5;
/// The longest name, in characters.
const MAX_NAME: usize = 100;

/// What a source has.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(in crate::cdr) struct Lists {
    /// Its table `country_codes`.
    pub(in crate::cdr) countries: Option<Countries>,
    /// Extensions and names of FreePBX's list of users.
    pub(in crate::cdr) users: Vec<(String, String)>,
    /// What is to be said of them.
    pub(in crate::cdr) notes: Vec<String>,
}

impl Lists {
    /// An empty table is none.
    pub(super) fn set_countries(&mut self, rows: Vec<(String, String)>) {
        let rows = rows.into_iter().map(|(code, name)| (code, bounded(&name)));
        let countries = Countries::new(rows);
        if !countries.is_empty() {
            let count = countries.len();
            self.notes.push(format!(
                "countries are those of its own table country_codes ({count} codes)"
            ));
            self.countries = Some(countries);
        }
    }

    pub(super) fn set_users(&mut self, table: &str, rows: Vec<(String, String)>) {
        let known = |(number, name): (String, String)| {
            let number = number.trim().to_owned();
            let is_one = (1..=MAX_NAME).contains(&number.len());
            is_one.then(|| (number, bounded(super::name(name.trim()))))
        };
        self.users = rows.into_iter().filter_map(known).collect();
        self.notes.push(format!(
            "names of {} extensions are read from {table}",
            self.users.len()
        ));
    }
}

fn bounded(name: &str) -> String {
    name.chars().take(MAX_NAME).collect()
}
