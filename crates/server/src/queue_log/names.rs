//! Whose queue and which agent a name of the log is, and who is made because nobody is.

use std::collections::HashMap;

use model::{Agent, AgentId, Queue, QueueId, Timestamp, checked_dialable, checked_label, visible};
use sha2::{Digest as _, Sha256};
use store::{MAX_PAGE, Store};

use super::ImportError;
use crate::clock::Clock;

/// The most queues, and the most agents, that an import makes.
const MAX_MADE: usize = 10_000;
const MAX_NAME: usize = 100;

/// Who is known, and who has to be made.
#[derive(Debug)]
pub(super) struct Names {
    clock: Clock,
    queues: HashMap<String, QueueId>,
    agents: HashMap<String, AgentId>,
    by_extension: HashMap<String, AgentId>,
    /// Nothing where several agents have that name.
    by_name: HashMap<String, Option<AgentId>>,
    pub(super) new_queues: Vec<Queue>,
    pub(super) new_agents: Vec<Agent>,
    made: usize,
}

impl Names {
    pub(super) async fn load(store: &Store, clock: Clock) -> Result<Self, ImportError> {
        let mut names = Self {
            clock,
            queues: HashMap::new(),
            agents: HashMap::new(),
            by_extension: HashMap::new(),
            by_name: HashMap::new(),
            new_queues: Vec::new(),
            new_agents: Vec::new(),
            made: 0,
        };
        let mut queues: Vec<Queue> = Vec::new();
        loop {
            let after = queues.last().map(|queue| queue.name.clone());
            let page = store.queues().list(after.as_deref(), MAX_PAGE).await?;
            let last = page.len() < MAX_PAGE as usize;
            queues.extend(page);
            if last {
                break;
            }
        }
        // A queue's own name goes before what another is called.
        for queue in &queues {
            names.queues.insert(queue.display_name.clone(), queue.id);
        }
        for queue in queues {
            names.queues.insert(queue.name, queue.id);
        }
        let mut after = None;
        loop {
            let page = store.agents().list(after, MAX_PAGE).await?;
            after = page.last().map(|agent| agent.id);
            let last = page.len() < MAX_PAGE as usize;
            for agent in &page {
                names.know(agent);
            }
            if last {
                return Ok(names);
            }
        }
    }

    fn know(&mut self, agent: &Agent) {
        self.by_extension.insert(agent.extension.clone(), agent.id);
        let same = self.by_name.entry(agent.name.clone());
        same.and_modify(|id| *id = None).or_insert(Some(agent.id));
    }

    /// By name, by what it is called, or by the name that it would have here.
    pub(super) fn queue(&mut self, text: &str) -> Result<QueueId, ImportError> {
        if let Some(id) = self.queues.get(text) {
            return Ok(*id);
        }
        let label = label(text);
        let name = here(&label);
        let id = match self.queues.get(&name).copied() {
            Some(id) => id,
            None => self.make_queue(name, label)?,
        };
        self.queues.insert(text.to_owned(), id);
        Ok(id)
    }

    fn make_queue(&mut self, name: String, label: String) -> Result<QueueId, ImportError> {
        self.one_more()?;
        let (at, random) = self.clock.id();
        let mut queue = Queue::new(QueueId::new(at, random), &name);
        queue.display_name = label;
        queue.active = false;
        queue.check()?;
        let id = queue.id;
        self.queues.insert(name, id);
        self.new_queues.push(queue);
        Ok(id)
    }

    /// By the extension of the interface (`PJSIP/101`, `Local/101@from-queue/n`), or by name.
    pub(super) fn agent(&mut self, text: &str) -> Result<AgentId, ImportError> {
        if let Some(id) = self.agents.get(text) {
            return Ok(*id);
        }
        let label = label(text);
        let extension = extension(text);
        let by_extension = extension.and_then(|extension| self.by_extension.get(extension));
        let by_name = || self.by_name.get(&label).copied().flatten();
        let id = match by_extension.copied().or_else(by_name) {
            Some(id) => id,
            None => self.make_agent(label, extension)?,
        };
        self.agents.insert(text.to_owned(), id);
        Ok(id)
    }

    fn make_agent(
        &mut self,
        name: String,
        extension: Option<&str>,
    ) -> Result<AgentId, ImportError> {
        let extension = extension.map_or_else(|| unused(&name), str::to_owned);
        if let Some(id) = self.by_extension.get(&extension) {
            return Ok(*id);
        }
        self.one_more()?;
        let (at, random): (Timestamp, u128) = self.clock.id();
        let agent = Agent {
            id: AgentId::new(at, random),
            name,
            extension,
            user: None,
            skills: std::collections::BTreeMap::new(),
            active: false,
        };
        agent.check()?;
        self.know(&agent);
        let id = agent.id;
        self.new_agents.push(agent);
        Ok(id)
    }

    fn one_more(&mut self) -> Result<(), ImportError> {
        self.made += 1;
        if self.made > MAX_MADE {
            return Err(ImportError::TooManyNames(MAX_MADE));
        }
        Ok(())
    }
}

fn label(text: &str) -> String {
    let label = visible(text, MAX_NAME);
    match checked_label("name", &label) {
        Ok(()) => label,
        Err(_) => "unnamed".to_owned(),
    }
}

/// The name of a queue as ours are: `Sales (night)` is `sales--night-`.
fn here(label: &str) -> String {
    let plain = |c: char| match c {
        'a'..='z' | '0'..='9' | '-' | '_' => c,
        'A'..='Z' => c.to_ascii_lowercase(),
        _ => '-',
    };
    label.chars().map(plain).collect()
}

/// The number that an interface rings, or that a name is.
fn extension(text: &str) -> Option<&str> {
    let device = text.split('@').next().unwrap_or_default();
    let number = device.rsplit('/').next().unwrap_or_default();
    // A channel has a serial number behind it.
    let number = match number.rsplit_once('-') {
        Some((number, serial)) if serial.len() == 8 => number,
        _ => number,
    };
    checked_dialable("extension", number)
        .is_ok()
        .then_some(number)
}

/// An extension that nobody has and no phone dials, the same for the same name.
fn unused(name: &str) -> String {
    let digest = Sha256::digest(name.as_bytes());
    let number = digest[..6]
        .iter()
        .fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte));
    format!("*0*{number:015}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_of_an_interface_is_its_extension() {
        for (text, expected) in [
            ("PJSIP/101", Some("101")),
            ("SIP/101-0000001f", Some("101")),
            ("Local/101@from-queue/n", Some("101")),
            ("Agent/1001", Some("1001")),
            ("SIP/trunk/5550101", Some("5550101")),
            ("101", Some("101")),
            ("Zoe Example", None),
            ("PJSIP/zoe", None),
            ("PJSIP/", None),
            ("", None),
        ] {
            assert_eq!(extension(text), expected, "{text}");
        }
    }

    #[test]
    fn every_name_can_be_one_here() {
        assert_eq!(here("Sales (night)"), "sales--night-");
        let made = unused("Zoe Example");
        assert!(checked_dialable("extension", &made).is_ok(), "{made}");
        assert_ne!(made, unused("Eve Example"));
        assert_eq!(label("\0\n"), "unnamed");
    }
}
