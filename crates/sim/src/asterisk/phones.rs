//! What is at the far end of an outbound channel: a desk phone, or a called number behind the trunk.

use std::time::Duration;

/// What happens when it is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FarEnd {
    /// Rings, and is answered after this long.
    AnswersAfter(Duration),
    /// 486.
    Busy,
    /// Rings for this long (or not at all), then 603.
    DeclinesAfter(Duration),
    /// Rings until the caller gives up.
    NeverAnswers,
    /// Registered, but nothing is there any more: silence until the time-out.
    Unreachable,
    /// Not registered: the request for a channel is refused.
    Unregistered,
}

#[derive(Debug, Clone)]
pub(super) struct Phone {
    /// What is configured as its caller ID.
    pub(super) name: String,
    pub(super) number: String,
    pub(super) far_end: FarEnd,
    /// How long it talks before it hangs up by itself.
    pub(super) hangs_up_after: Option<Duration>,
}

impl Phone {
    pub(super) fn named(key: &str) -> Self {
        let number = key.split('@').next().unwrap_or(key).to_owned();
        Self {
            name: if key.contains('@') {
                String::new()
            } else {
                format!("Phone {number}")
            },
            number,
            far_end: FarEnd::AnswersAfter(Duration::from_secs(2)),
            hangs_up_after: None,
        }
    }

    pub(super) fn is_registered(&self) -> bool {
        self.far_end != FarEnd::Unregistered
    }
}
