//! Who is about to be called, for which campaign, by which agent: from a script's arguments and the channel's variables.

use asterisk::agi::{AgiError, Session};
use tokio::io::{AsyncRead, AsyncWrite};

/// The longest text that is looked at, in bytes.
const MAX_TEXT: usize = 200;

/// Read where an argument is missing or empty, the first that is set.
const VARIABLES: [&str; 5] = [
    "CORDBOARD_TO",
    "CAMPAIGN",
    "VICIDIAL_campaign",
    "AGENT",
    "VICIDIAL_agent",
];
/// For a dialplan that names neither, as the scripts before us had it.
const NO_CAMPAIGN: &str = "default";
const NO_AGENT: &str = "unknown";

/// A question as the dialplan writes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    pub to: String,
    pub campaign: String,
    pub agent: String,
}

/// A text that is none of a number, a campaign or an agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "the {what} is empty, longer than {MAX_TEXT} bytes, or has characters that cannot be shown"
)]
pub struct Unclear {
    what: &'static str,
}

impl Question {
    /// The arguments are campaign, agent, destination. What is missing comes from the channel: [`VARIABLES`], and the
    /// extension for the destination.
    pub async fn read<S: AsyncRead + AsyncWrite + Unpin>(
        session: &mut Session<S>,
        arguments: Vec<Vec<u8>>,
    ) -> Result<Result<Self, Unclear>, AgiError> {
        let mut given = arguments.into_iter();
        let arguments = [(); 3].map(|()| given.next().unwrap_or_default());
        let extension = session.environment().get("extension");
        let extension = extension.unwrap_or_default().to_vec();
        let variables = if arguments.iter().any(Vec::is_empty) {
            session.variables(VARIABLES).await?
        } else {
            Default::default()
        };
        Ok(Self::choose(arguments, variables, extension))
    }

    fn choose(
        [campaign, agent, to]: [Vec<u8>; 3],
        variables: [Option<Vec<u8>>; VARIABLES.len()],
        extension: Vec<u8>,
    ) -> Result<Self, Unclear> {
        let [
            to_variable,
            campaign_variable,
            vicidial_campaign,
            agent_variable,
            vicidial_agent,
        ] = variables.map(Option::unwrap_or_default);
        let to = [to, to_variable, extension, Vec::new()];
        let campaign = [
            campaign,
            campaign_variable,
            vicidial_campaign,
            NO_CAMPAIGN.into(),
        ];
        let agent = [agent, agent_variable, vicidial_agent, NO_AGENT.into()];
        Ok(Self {
            to: text("number to call", to)?,
            campaign: text("campaign", campaign)?,
            agent: text("agent", agent)?,
        })
    }
}

/// The first that is not empty.
fn text(what: &'static str, candidates: [Vec<u8>; 4]) -> Result<String, Unclear> {
    let unclear = Unclear { what };
    let first = candidates.into_iter().find(|text| !text.is_empty());
    let text = String::from_utf8(first.ok_or(unclear)?).map_err(|_| unclear)?;
    let text = text.trim();
    let fits = !text.is_empty() && text.len() <= MAX_TEXT && !text.contains(char::is_control);
    fits.then(|| text.to_owned()).ok_or(unclear)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;

    use super::*;

    fn chosen(arguments: [&str; 3], variables: [&str; 5]) -> Result<Question, Unclear> {
        let variables = variables.map(|text| (!text.is_empty()).then(|| text.into()));
        Question::choose(arguments.map(Into::into), variables, b"2125550100".to_vec())
    }

    fn question(to: &str, campaign: &str, agent: &str) -> Question {
        let [to, campaign, agent] = [to, campaign, agent].map(str::to_owned);
        Question {
            to,
            campaign,
            agent,
        }
    }

    #[test]
    fn an_argument_goes_before_a_variable_and_ours_before_the_diallers() {
        let all = ["2125550101", "c2", "c3", "a2", "a3"];
        for (arguments, variables, expected) in [
            (
                ["c1", "a1", "2125550102"],
                all,
                question("2125550102", "c1", "a1"),
            ),
            (["", "", ""], all, question("2125550101", "c2", "a2")),
            (
                ["", "a1", ""],
                ["", "", "c3", "", "a3"],
                question("2125550100", "c3", "a1"),
            ),
            (
                ["", "", ""],
                [""; 5],
                question("2125550100", "default", "unknown"),
            ),
        ] {
            assert_eq!(chosen(arguments, variables), Ok(expected));
        }
    }

    #[test]
    fn what_cannot_be_a_name_is_refused_by_its_name() {
        let long = "x".repeat(MAX_TEXT + 1);
        for (arguments, what) in [
            (["c\n200 result=1", "", ""], "campaign"),
            (["", &long, ""], "agent"),
            (["", "", " \t"], "number to call"),
        ] {
            assert_eq!(chosen(arguments, [""; 5]), Err(Unclear { what }));
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_question_within_bounds_or_refused(
            parts in proptest::array::uniform9(proptest::collection::vec(any::<u8>(), 0..300)),
        ) {
            let [a, b, c, d, e, f, g, h, extension] = parts;
            let variables = [d, e, f, g, h].map(Some);
            if let Ok(question) = Question::choose([a, b, c], variables, extension) {
                for text in [question.to, question.campaign, question.agent] {
                    prop_assert!(!text.is_empty() && text.len() <= MAX_TEXT);
                    prop_assert!(!text.contains(['\r', '\n', '\0']));
                }
            }
        }
    }
}
