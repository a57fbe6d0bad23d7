//! The script `next-cid`: sets the caller ID for the call that the dialplan is about to place.

use asterisk::agi::{AgiError, Session};
use engine::callerid::{Allocation, Refusal, Release};
use model::ReservationId;
use tokio::io::{AsyncRead, AsyncWrite};

use super::{Answer, Presented, Question, Scripts, Status};
use crate::{
    callerid::{self, Refused},
    numbers::{Destination, Numbers},
};

impl Scripts {
    pub(super) async fn next_cid<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        session: &mut Session<S>,
    ) -> Result<(), AgiError> {
        let given = session.environment().args().map(<[u8]>::to_vec).collect();
        let answer = match Question::read(session, given).await? {
            Ok(question) => self.ask(question).await,
            Err(unclear) => Err(Answer::Keep(Status::Invalid, unclear.to_string())),
        };
        let (answer, unused) = match answer {
            Ok(allocation) => (
                Answer::Present(Presented::from(&*allocation)),
                Some(Unused::new(self, allocation.reservation.id)),
            ),
            Err(answer) => (answer, None),
        };
        count(answer.status());
        answer.tell(session).await?;
        if let Some(unused) = unused {
            unused.used();
        }
        session.verbose(&answer.line(), 3).await
    }

    async fn ask(&self, question: Question) -> Result<Box<Allocation>, Answer> {
        let to = match self.numbers.destination(&question.to) {
            Ok(Destination::Number(to)) => to,
            Ok(Destination::Emergency(digits)) => {
                tracing::warn!(%digits, "a call for help keeps its caller ID");
                let why = "a call for help".to_owned();
                return Err(Answer::Keep(Status::Emergency, why));
            }
            Err(error) => return Err(Answer::Keep(Status::Invalid, error.to_string())),
        };
        let asked = callerid::Question {
            to,
            place: Numbers::place(to),
            campaign: question.campaign.into(),
            agent: question.agent.into(),
        };
        let answer = self.caller_ids.next(asked).await;
        answer.map_err(|why| refused(&why))
    }
}

fn refused(why: &Refused) -> Answer {
    let status = match why {
        Refused::Engine(Refusal::Exhausted(_)) => Status::None,
        Refused::Engine(Refusal::TooManyQuestions { .. }) => Status::Limit,
        Refused::Unwritten(_) | Refused::Full | Refused::Unshared(_) | Refused::Stopping => {
            Status::Error
        }
    };
    Answer::Keep(status, why.to_string())
}

fn count(status: Status) {
    metrics::counter!("cordboard_agi_answers_total", "status" => status.name()).increment(1);
}

impl From<&Allocation> for Presented {
    fn from(allocation: &Allocation) -> Self {
        Self {
            caller_id: allocation.presented.to_string(),
            reservation: allocation.reservation.id,
            tier: allocation.reservation.tier,
        }
    }
}

/// A reservation of which the call may never hear: given back when it is dropped.
struct Unused<'a> {
    scripts: &'a Scripts,
    reservation: Option<ReservationId>,
}

impl<'a> Unused<'a> {
    fn new(scripts: &'a Scripts, reservation: ReservationId) -> Self {
        let reservation = Some(reservation);
        Self {
            scripts,
            reservation,
        }
    }

    fn used(mut self) {
        self.reservation = None;
    }
}

impl Drop for Unused<'_> {
    fn drop(&mut self) {
        let Some(reservation) = self.reservation else {
            return;
        };
        let caller_ids = self.scripts.caller_ids.clone();
        tokio::spawn(async move {
            let _ = caller_ids.release(reservation, Release::Deleted).await;
        });
    }
}
