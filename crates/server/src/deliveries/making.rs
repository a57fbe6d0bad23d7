//! Makes reports for deliveries: one at a time, so that people who ask for theirs find room, and once for all recipients who
//! are told it at the same time.

use std::{
    sync::{Arc, Weak},
    time::Duration,
};

use tokio::sync::Mutex;

use super::{Message, report::ReportContent, worker::Undelivered};

/// The longest that making one may take, with the wait for its turn among those of people.
const TIMEOUT: Duration = Duration::from_mins(2);

#[derive(Default)]
pub(super) struct Making {
    /// What was made last, for as long as somebody sends it.
    last: Mutex<Option<Made>>,
}

struct Made {
    content: ReportContent,
    late: bool,
    message: Weak<Message>,
}

impl Made {
    fn is(&self, content: &ReportContent, late: bool) -> bool {
        self.late == late && self.content == *content
    }
}

impl Making {
    /// What `make` makes of `content`, unless somebody sends that just now.
    pub(super) async fn message(
        &self,
        content: &ReportContent,
        late: bool,
        make: impl Future<Output = Result<Message, Undelivered>>,
    ) -> Result<Arc<Message>, Undelivered> {
        let mut last = self.last.lock().await;
        let known = last.as_ref().filter(|made| made.is(content, late));
        if let Some(message) = known.and_then(|made| made.message.upgrade()) {
            return Ok(message);
        }
        let made = tokio::time::timeout(TIMEOUT, make).await;
        let made = made.unwrap_or_else(|_| {
            let minutes = TIMEOUT.as_secs() / 60;
            let why = format!("making the report took more than {minutes} minutes");
            Err(Undelivered::for_now(why))
        });
        let message = Arc::new(made?);
        *last = Some(Made {
            content: content.clone(),
            late,
            message: Arc::downgrade(&message),
        });
        Ok(message)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::sync::atomic::{AtomicU32, Ordering};

    use serde_json::json;

    use super::*;

    fn content(name: &str) -> ReportContent {
        let schedule = "01890000-0000-7000-8000-000000000000";
        let content = json!({"schedule": schedule, "name": name, "report": "queue", "question": {}, "format": "csv"});
        serde_json::from_value(content).unwrap()
    }

    #[tokio::test]
    async fn a_report_is_made_once_for_all_who_are_told_it() {
        let (making, made) = (Making::default(), AtomicU32::new(0));
        let told = async |name: &str, late| {
            let make = async {
                made.fetch_add(1, Ordering::Relaxed);
                Ok(super::super::message::test())
            };
            making.message(&content(name), late, make).await.unwrap()
        };
        let (first, second) = tokio::join!(told("a", false), told("a", false));
        assert!(Arc::ptr_eq(&first, &second));
        assert_eq!(made.load(Ordering::Relaxed), 1);
        told("a", true).await;
        told("b", false).await;
        assert_eq!(made.load(Ordering::Relaxed), 3);
        // Whoever tries again later tells what is known then.
        drop(told("b", false).await);
        assert_eq!(made.load(Ordering::Relaxed), 4);
    }
}
