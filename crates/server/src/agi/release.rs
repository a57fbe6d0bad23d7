//! The script `release`: a call is over. For a hangup handler: `agi://HOST:4573/release,RESERVATION,ANSWERED,TALK_SECONDS`.

use std::time::Duration;

use asterisk::agi::{AgiError, Session};
use engine::callerid::{Outcome, Release};
use model::ReservationId;
use tokio::io::{AsyncRead, AsyncWrite};

use super::Scripts;

/// No call is longer.
const MAX_TALK: u64 = 7 * 86_400;

/// Which reservation is over, and what became of its call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ended {
    pub reservation: ReservationId,
    pub why: Release,
}

/// Arguments that do not say what ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "the {0} cannot be read; the arguments are the reservation, 1 or 0 for answered or not (nothing: no call was placed), the seconds of talk"
)]
pub struct NotEnded(&'static str);

impl Ended {
    /// From the script's arguments; `None` where the reservation is empty, as on a call that never had one.
    pub fn read<'a>(arguments: impl Iterator<Item = &'a [u8]>) -> Result<Option<Self>, NotEnded> {
        let mut texts = arguments.map(|text| std::str::from_utf8(text).map(str::trim));
        let mut next = |what| texts.next().unwrap_or(Ok("")).map_err(|_| NotEnded(what));
        let reservation = next("reservation")?;
        let answered = next("answer")?;
        let talk = next("talk")?;
        if reservation.is_empty() {
            return Ok(None);
        }
        let reservation = reservation.parse().map_err(|_| NotEnded("reservation"))?;
        let answered = match answered {
            "" => {
                let why = Release::Deleted;
                return Ok(Some(Self { reservation, why }));
            }
            "0" => false,
            "1" => true,
            _ => return Err(NotEnded("answer")),
        };
        let talk = match talk {
            "" => 0,
            seconds => seconds.parse().map_err(|_| NotEnded("talk"))?,
        };
        let talk = Duration::from_secs(u64::min(talk, MAX_TALK));
        let why = Release::CallEnded(Some(Outcome { answered, talk }));
        Ok(Some(Self { reservation, why }))
    }

    /// As fields of a form, for `POST /next-cid/ended`.
    pub(super) fn fields(self) -> Vec<(&'static str, String)> {
        let mut fields = vec![("reservation_id", self.reservation.to_string())];
        if let Release::CallEnded(Some(Outcome { answered, talk })) = self.why {
            fields.push(("answered", u8::from(answered).to_string()));
            fields.push(("talk_seconds", talk.as_secs().to_string()));
        }
        fields
    }
}

impl Scripts {
    pub(super) async fn release<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        session: &mut Session<S>,
    ) -> Result<(), AgiError> {
        let line = match Ended::read(session.environment().args()) {
            Ok(None) => "cordboard: nothing was reserved".to_owned(),
            Ok(Some(Ended { reservation, why })) => {
                match self.caller_ids.release(reservation, why).await {
                    Ok(true) => format!("cordboard: reservation {reservation} is over"),
                    Ok(false) => format!("cordboard: no reservation {reservation} is open"),
                    Err(error) => format!("cordboard: {error}"),
                }
            }
            Err(error) => format!("cordboard: {error}"),
        };
        session.verbose(&line, 3).await
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;

    use super::*;

    const ID: &str = "019a0000-0000-7000-8000-000000000001";

    fn read(arguments: &[&str]) -> Result<Option<Ended>, NotEnded> {
        Ended::read(arguments.iter().map(|text| text.as_bytes()))
    }

    #[test]
    fn a_call_ends_answered_or_not_or_was_never_placed() {
        let why = |arguments: &[&str]| read(arguments).unwrap().unwrap().why;
        let ended = |answered, seconds| {
            let talk = Duration::from_secs(seconds);
            Release::CallEnded(Some(Outcome { answered, talk }))
        };
        assert_eq!(why(&[ID, "1", "42"]), ended(true, 42));
        assert_eq!(why(&[ID, "0"]), ended(false, 0));
        assert_eq!(
            why(&[ID, "1", "18446744073709551615"]),
            ended(true, MAX_TALK)
        );
        assert_eq!(why(&[ID]), Release::Deleted);
        assert_eq!(why(&[ID, "", ""]), Release::Deleted);
    }

    #[test]
    fn no_reservation_is_nothing_and_nonsense_is_named() {
        assert_eq!(read(&[]), Ok(None));
        assert_eq!(read(&["", "1", "7"]), Ok(None));
        assert_eq!(read(&["x", "1"]), Err(NotEnded("reservation")));
        assert_eq!(read(&[ID, "yes"]), Err(NotEnded("answer")));
        assert_eq!(read(&[ID, "1", "-1"]), Err(NotEnded("talk")));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(arguments in proptest::collection::vec(any::<Vec<u8>>(), 0..5)) {
            let _ = Ended::read(arguments.iter().map(Vec::as_slice));
        }
    }
}
