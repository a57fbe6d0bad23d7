//! Lists in pages: `{items, next}`, where `next` is the cursor of the page that follows.

use std::str::FromStr;

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::problem::Problem;

/// Items on a page when the client does not say.
const DEFAULT_LIMIT: u32 = 100;
/// The most items on a page.
const MAX_LIMIT: u32 = 250;
/// The longest cursor.
const MAX_CURSOR: usize = 200;

/// One page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Page<T> {
    pub(crate) items: Vec<T>,
    /// Give it as `cursor` to read on; `null` on the last page.
    pub(crate) next: Option<String>,
}

/// Which page of a list.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct PageQuery {
    /// The most items to answer with, 1 to 250; 100 unless told.
    #[param(minimum = 1, maximum = 250)]
    limit: Option<u32>,
    /// `next` of the page before.
    cursor: Option<String>,
}

impl PageQuery {
    pub(crate) fn limit(&self) -> Result<u32, Problem> {
        checked_limit(self.limit)
    }

    /// The text after which the page begins.
    pub(crate) fn after(&self) -> Result<Option<&str>, Problem> {
        checked_cursor(self.cursor.as_deref())
    }

    /// The id after which the page begins.
    pub(crate) fn after_id<Id: FromStr>(&self) -> Result<Option<Id>, Problem> {
        let cursor = self.after()?;
        cursor.map(str::parse).transpose().map_err(|_| no_cursor())
    }
}

pub(crate) fn checked_limit(limit: Option<u32>) -> Result<u32, Problem> {
    let limit = limit.unwrap_or(DEFAULT_LIMIT);
    if (1..=MAX_LIMIT).contains(&limit) {
        Ok(limit)
    } else {
        Err(Problem::field(
            "limit",
            format!("limit is {limit}, not in 1 to {MAX_LIMIT}."),
        ))
    }
}

pub(crate) fn checked_cursor(cursor: Option<&str>) -> Result<Option<&str>, Problem> {
    match cursor {
        Some(cursor) if cursor.len() > MAX_CURSOR || cursor.contains('\0') => Err(no_cursor()),
        cursor => Ok(cursor),
    }
}

pub(crate) fn no_cursor() -> Problem {
    Problem::field(
        "cursor",
        "cursor is not a value of `next` that this list gave.",
    )
}

impl<T> Page<T> {
    /// A page from one item more than asked for, if there is one: it tells that another page follows.
    pub(crate) fn of(mut items: Vec<T>, limit: u32, cursor: impl Fn(&T) -> String) -> Self {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let more = items.len() > limit;
        items.truncate(limit);
        let next = more.then(|| items.last().map(cursor)).flatten();
        Self { items, next }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_has_a_next_only_when_more_follows() {
        let page = Page::of(vec![1, 2, 3], 2, ToString::to_string);
        assert_eq!((page.items, page.next.as_deref()), (vec![1, 2], Some("2")));
        let page = Page::of(vec![1, 2], 2, ToString::to_string);
        assert_eq!((page.items, page.next), (vec![1, 2], None));
    }
}
