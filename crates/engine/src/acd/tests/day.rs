//! One typical morning from beginning to end, as a timeline.

use super::centre::{Centre, START, Said};
use crate::acd::OfferFailure;

struct Timeline {
    centre: Centre,
    text: String,
}

impl Timeline {
    /// `said` at the time it is now.
    fn note(&mut self, what: &str, said: Said) {
        let micros = self.centre.now.utc.as_micros() - START * 1_000_000;
        let seconds = micros / 1_000_000;
        let clock = format!("08:{:02}:{:02}", seconds / 60, seconds % 60);
        self.text += &format!("{clock}  {what}\n");
        for line in said.0 {
            self.text += &format!("            {line}\n");
        }
    }

    fn at(&mut self, minute: u64, second: u64) -> &mut Centre {
        let due = START * 1_000_000 + i64::try_from((minute * 60 + second) * 1_000_000).unwrap();
        while let Some(timer) = self.centre.acd.poll_timeout() {
            let ahead = timer.since(self.centre.now.mono);
            let then = self.centre.now.after(ahead);
            if then.utc.as_micros() > due {
                break;
            }
            let whole = self.centre.wait(ahead.as_secs());
            self.note("(time)", whole);
        }
        let left = u64::try_from(due - self.centre.now.utc.as_micros()).unwrap();
        self.centre.after(left / 1_000_000)
    }
}

macro_rules! happens {
    ($day:ident, $minute:literal:$second:literal, $what:literal, $($call:tt)*) => {
        let said = $day.at($minute, $second).$($call)*;
        $day.note($what, said);
    };
}

#[test]
fn a_typical_morning() {
    let mut centre = Centre::new();
    centre.queue("support", |q| q.max_wait_seconds = Some(120));
    centre.queue("sales", |q| {
        q.priority = 1;
        q.wrap_up_seconds = 0;
    });
    centre.agent("ann", &["support"]);
    centre.agent("joe", &["support", "sales"]);
    let text = String::new();
    let mut day = Timeline { centre, text };
    happens!(day, 0:0, "ann comes in", available("ann"));
    happens!(day, 0:5, "a first caller", arrives("c1", "support"));
    happens!(day, 0:9, "ann picks up", answers("ann"));
    happens!(day, 0:9, "they are connected", connected("ann"));
    happens!(day, 0:30, "a second caller waits", arrives("c2", "support"));
    happens!(day, 0:40, "one for sales", arrives("c3", "sales"));
    happens!(day, 1:0, "joe comes in", available("joe"));
    happens!(day, 1:10, "joe's phone is busy", fails("joe", OfferFailure::Busy));
    happens!(day, 1:20, "ann wants her break after this", takes_break("ann", "coffee"));
    happens!(day, 1:30, "the first caller is done", hangs_up("c1"));
    happens!(day, 1:45, "joe is back early", available("joe"));
    happens!(day, 1:48, "joe picks up", answers("joe"));
    happens!(day, 1:49, "they are connected", connected("joe"));
    happens!(day, 3:0, "joe hangs up", agent_hangs_up("joe"));
    happens!(day, 3:30, "ann is back", available("ann"));
    happens!(day, 3:40, "a last caller", arrives("c4", "support"));
    happens!(day, 3:42, "who thinks better of it", hangs_up("c4"));
    happens!(day, 4:0, "joe leaves", goes_offline("joe"));
    insta::assert_snapshot!(day.text);
}
