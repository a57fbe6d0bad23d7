//! Rows by id, each of one server or of all.

use std::collections::{BTreeMap, BTreeSet};

use model::ServerId;

use super::conditions::Conditions;
use super::row::Row;

#[derive(Debug, Default)]
pub(super) struct Table(BTreeMap<String, (Option<ServerId>, Row)>);

impl Table {
    /// What `server` gets for these conditions, in the order of the ids; the first alone if `single`.
    pub(super) fn answer(&self, server: ServerId, wanted: &Conditions, single: bool) -> String {
        let mut answer = String::new();
        if wanted.is_empty() {
            return answer;
        }
        if let Some(id) = wanted.id() {
            let found = self.0.get(id).filter(|one| is_wanted(one, server, wanted));
            return found.map_or(answer, |(_, row)| row.line().to_owned());
        }
        for one in self.0.values().filter(|one| is_wanted(one, server, wanted)) {
            answer.push_str(one.1.line());
            if single {
                break;
            }
        }
        answer
    }

    /// The rows that any of `servers` has: of these ids, or all.
    pub(super) fn rows<'a>(
        &'a self,
        servers: &'a BTreeSet<ServerId>,
        ids: Option<&'a [String]>,
    ) -> Vec<(&'a str, &'a Row)> {
        let is_seen = |only: &Option<ServerId>| match only {
            Some(only) => servers.contains(only),
            None => !servers.is_empty(),
        };
        let seen = |(id, (only, row)): (&'a String, &'a (Option<ServerId>, Row))| {
            is_seen(only).then_some((id.as_str(), row))
        };
        match ids {
            None => self.0.iter().filter_map(seen).collect(),
            Some(ids) => {
                let ids: BTreeSet<_> = ids.iter().collect();
                let found = ids.into_iter().filter_map(|id| self.0.get_key_value(id));
                found.filter_map(seen).collect()
            }
        }
    }

    /// The one server whose row this is.
    pub(super) fn server_of(&self, id: &str) -> Option<ServerId> {
        self.0.get(id).and_then(|(server, _)| *server)
    }

    pub(super) fn put(&mut self, id: &str, server: Option<ServerId>, row: Row) {
        self.0.insert(id.to_owned(), (server, row));
    }

    pub(super) fn remove(&mut self, id: &str) {
        self.0.remove(id);
    }
}

fn is_wanted(one: &(Option<ServerId>, Row), server: ServerId, wanted: &Conditions) -> bool {
    one.0.is_none_or(|only| only == server) && wanted.hold(|column| one.1.get(column))
}
