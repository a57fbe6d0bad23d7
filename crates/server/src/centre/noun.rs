//! What a centre file may have: which noun of the interface each section is, and what is known by what.

/// One kind of thing that is set up.
#[derive(Debug, PartialEq, Eq)]
pub struct Noun {
    /// Its name in a centre file: `[[queues]]`.
    pub section: &'static str,
    /// One of them, in words.
    pub one: &'static str,
    /// Where the interface has them: `v1/queues`.
    pub path: &'static str,
    /// The field that tells one from the other, and by which others refer to it.
    pub key: &'static str,
    /// Another way in which the interface writes the key.
    pub alias: Option<&'static str>,
    /// The name of its id in the interface's schemas.
    pub id: Option<&'static str>,
    pub kept: Kept,
    /// Fields of requests that are no property of one thing.
    pub not_of_one: &'static [&'static str],
    /// A field that is shown in other words than it is asked for.
    pub shown_as: Option<ShownAs>,
    /// What needs a secret, and which: a new thing, or one whose log-in is another.
    pub log_in: Option<LogIn>,
}

/// A yes or no that is shown as a word of another field.
#[derive(Debug, PartialEq, Eq)]
pub struct ShownAs {
    pub field: &'static str,
    pub shown: &'static str,
    /// The word that means yes.
    pub word: &'static str,
}

/// How the interface takes one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// `POST` makes it and gives it an id.
    ById,
    /// `PUT` at its key makes it or replaces it.
    ByKey,
    /// It stands in a list of another thing.
    Within,
    /// It is not set up by centre files, only referred to.
    Elsewhere,
}

/// What a secret belongs to.
#[derive(Debug, PartialEq, Eq)]
pub struct LogIn {
    pub secret: &'static str,
    /// The field with the user. With another one the secret of before is worth nothing.
    pub user: &'static str,
    /// A table that has a log-in of its own.
    pub table: Option<LogInTable>,
}

/// A table with a user, whose secret stands beside.
#[derive(Debug, PartialEq, Eq)]
pub struct LogInTable {
    pub name: &'static str,
    pub user: &'static str,
}

const QUEUES: Noun = Noun {
    section: "queues",
    one: "queue",
    path: "v1/queues",
    key: "name",
    alias: None,
    id: Some("QueueId"),
    kept: Kept::ById,
    not_of_one: &[],
    shown_as: None,
    log_in: None,
};

/// In the order in which they are made; removed in the reverse.
pub const NOUNS: &[Noun] = &[
    Noun {
        section: "users",
        one: "user",
        path: "v1/users",
        id: Some("UserId"),
        kept: Kept::Elsewhere,
        ..QUEUES
    },
    Noun {
        section: "servers",
        one: "server",
        path: "v1/servers",
        id: Some("ServerId"),
        log_in: Some(LogIn {
            secret: "password",
            user: "ari_user",
            table: Some(LogInTable {
                name: "ami",
                user: "user",
            }),
        }),
        ..QUEUES
    },
    Noun {
        section: "extensions",
        one: "extension",
        path: "v1/extensions",
        key: "number",
        id: Some("ExtensionId"),
        not_of_one: &["last"],
        ..QUEUES
    },
    Noun {
        section: "agents",
        one: "agent",
        path: "v1/agents",
        key: "extension",
        id: Some("AgentId"),
        ..QUEUES
    },
    QUEUES,
    Noun {
        section: MEMBERS,
        one: "member",
        path: "v1/queues/{id}/members/{agent}",
        key: "agent",
        id: None,
        kept: Kept::Within,
        ..QUEUES
    },
    Noun {
        section: "dialplan_contexts",
        one: "context",
        path: "v1/dialplan/contexts",
        id: Some("DialplanContextId"),
        ..QUEUES
    },
    Noun {
        section: "trunks",
        one: "trunk",
        path: "v1/trunks",
        id: Some("TrunkId"),
        log_in: Some(LogIn {
            secret: "password",
            user: "username",
            table: None,
        }),
        ..QUEUES
    },
    Noun {
        section: "dids",
        one: "DID",
        path: "v1/dids",
        key: "number",
        id: Some("DidId"),
        ..QUEUES
    },
    Noun {
        section: "caller_ids",
        one: "caller ID",
        path: "v1/caller-ids",
        key: "number",
        alias: Some("e164"),
        id: Some("CallerIdKey"),
        shown_as: Some(ShownAs {
            field: "vouched",
            shown: "verified",
            word: "administrator",
        }),
        ..QUEUES
    },
    Noun {
        section: "caller_id_rules",
        one: "caller ID rule",
        path: "v1/caller-ids/rules",
        key: "campaign",
        id: None,
        kept: Kept::ByKey,
        ..QUEUES
    },
];

/// Members stand in the list of this name of their queue, and are planned as if they were a section.
pub const MEMBERS: &str = "members";
/// Whose list that is.
pub const QUEUE_SECTION: &str = "queues";

impl Noun {
    pub fn of(section: &str) -> Option<&'static Self> {
        NOUNS.iter().find(|noun| noun.section == section)
    }

    /// Whether a centre file may have a section of them.
    pub fn is_section(&self) -> bool {
        matches!(self.kept, Kept::ById | Kept::ByKey)
    }

    /// Where it stands in the order in which they are made.
    pub fn place(&self) -> usize {
        let place = NOUNS.iter().position(|noun| noun.section == self.section);
        place.unwrap_or(NOUNS.len())
    }

    /// A key in the form in which two ways of writing it are one.
    pub fn plain_key(&self, key: &str) -> String {
        if self.alias.is_none() {
            return key.to_owned();
        }
        key.chars().filter(|c| !" -.()/".contains(*c)).collect()
    }
}

/// The sections that a centre file may have.
pub fn sections() -> Vec<&'static str> {
    let sections = NOUNS.iter().filter(|noun| noun.is_section());
    sections.map(|noun| noun.section).collect()
}
