//! One Asterisk's manager interface, for what is set up there.

use asterisk::ami::{Action, AmiError, Client, Config, Events, Item};
use tokio::{sync::mpsc, task::JoinHandle};

use super::{
    Change, Wanted,
    found::{Found, text},
};

/// The caches that stand before the realtime tables (`sorcery.conf`).
const CACHES: [&str; 3] = ["res_pjsip/endpoint", "res_pjsip/auth", "res_pjsip/aor"];
/// The one before those whence calls of trunks come. It holds all of them or none.
const IDENTIFY: &str = "res_pjsip/identify";
/// What reads at a word where we register.
const REGISTRATION: &str = "res_pjsip_outbound_registration.so";
/// Where Asterisk's own database has who registered.
const REGISTRATIONS: &str = "registrar/contact";
/// What is heard: where phones are, and nothing of calls.
const EVENTS: &str = "system";
/// Phones that may wait to be watched.
const MAX_WAITING: usize = 100_000;

pub(super) struct AmiLink {
    client: Client,
    watch: mpsc::Sender<String>,
    tasks: [JoinHandle<()>; 2],
}

impl Drop for AmiLink {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

impl AmiLink {
    pub(super) fn start(server: &str, mut config: Config) -> Self {
        EVENTS.clone_into(&mut config.event_mask);
        let (client, events) = Client::start(config);
        let (watch, wanted) = mpsc::channel(MAX_WAITING);
        let follow = follow(server.to_owned(), client.clone(), events);
        let watching = watch_all(client.clone(), wanted);
        Self {
            client,
            watch,
            tasks: [tokio::spawn(follow), tokio::spawn(watching)],
        }
    }

    /// Lets Asterisk forget what it has, so that it asks anew.
    pub(super) async fn apply(&self, change: Change<'_>) -> Result<(), AmiError> {
        let after = change.after.map(|wanted| wanted.id.as_str());
        for number in change.before.into_iter().chain(after) {
            for cache in CACHES {
                self.forget(cache, number).await?;
            }
        }
        if let Some(before) = change.before
            && change.forget_contacts
        {
            self.forget_contacts(before).await?;
        }
        if change.is_trunk {
            self.forget_all(IDENTIFY).await?;
            let reload = Action::new("Reload").header("Module", REGISTRATION);
            tolerated(self.client.call(&reload).await)?;
        }
        if let Some(wanted) = change.after.filter(|wanted| wanted.registers) {
            // With another password alone it would not register anew by itself.
            let register = Action::new("PJSIPRegister").header("Registration", &wanted.id);
            tolerated(self.client.call(&register).await)?;
        }
        if let Some(id) = after {
            reload_qualify(&self.client, id).await?;
        }
        Ok(())
    }

    pub(super) async fn look(&self, wanted: &Wanted) -> Result<Found, AmiError> {
        let show = Action::new("PJSIPShowEndpoint").header("Endpoint", &wanted.id);
        match self.client.list(&show).await {
            Ok(list) => {
                let mut found = Found::read(&list);
                if wanted.registers {
                    found.registration = self.registration(&wanted.id).await?;
                }
                Ok(found)
            }
            Err(AmiError::Rejected { message, .. }) if message.contains("retrieve endpoint") => {
                Ok(Found::nothing())
            }
            Err(error) => Err(error),
        }
    }

    /// Lets Asterisk watch whether these phones are there, one after the other.
    pub(super) fn watch(&self, numbers: impl Iterator<Item = String>) {
        for number in numbers {
            if self.watch.try_send(number).is_err() {
                tracing::warn!(
                    "too many new phones wait: whether they are there is seen after the next restart of Asterisk"
                );
                return;
            }
        }
    }

    /// What is not in the cache need not be forgotten; neither is there a cache where the site has none.
    async fn forget(&self, cache: &str, number: &str) -> Result<(), AmiError> {
        let expire = Action::new("SorceryMemoryCacheExpireObject")
            .header("Cache", cache)
            .header("Object", number);
        tolerated(self.client.call(&expire).await)
    }

    async fn forget_all(&self, cache: &str) -> Result<(), AmiError> {
        let expire = Action::new("SorceryMemoryCacheExpire").header("Cache", cache);
        tolerated(self.client.call(&expire).await)
    }

    /// What became of our registration there.
    async fn registration(&self, id: &str) -> Result<Option<String>, AmiError> {
        let show = Action::new("PJSIPShowRegistrationsOutbound");
        let list = match self.client.list(&show).await {
            Ok(list) => list,
            // There is none at all.
            Err(AmiError::Rejected { .. }) => return Ok(None),
            Err(error) => return Err(error),
        };
        let ours = list
            .events
            .iter()
            .find(|event| text(event, "ObjectName") == id);
        Ok(ours.map(|event| text(event, "Status")))
    }

    /// Whoever registered as this number is not called any more. It has digits alone.
    async fn forget_contacts(&self, number: &str) -> Result<(), AmiError> {
        // Of all who registered there may be tens of thousands.
        let family = format!("/{REGISTRATIONS}/");
        let query = format!(
            "database query \"SELECT key FROM astdb WHERE key LIKE '{family}{number};@%'\""
        );
        for line in self.client.command(&query).await? {
            let found = line.split_once(&family).map(|(_, key)| key);
            let key = found.and_then(|key| key.split_whitespace().next());
            let is_theirs = |key: &&str| {
                let rest = key.strip_prefix(number);
                rest.is_some_and(|rest| rest.starts_with(";@"))
            };
            if let Some(key) = key.filter(is_theirs) {
                let delete = Action::new("DBDel")
                    .header("Family", REGISTRATIONS)
                    .header("Key", key);
                tolerated(self.client.call(&delete).await)?;
            }
        }
        Ok(())
    }
}

/// Lets Asterisk see whether the phone is there, which it does of itself only for those that it knew when it started.
async fn reload_qualify(client: &Client, number: &str) -> Result<(), AmiError> {
    let reload = format!("pjsip reload qualify endpoint {number}");
    tolerated(client.command(&reload).await)
}

/// Where Asterisk has no such thing, there is nothing to be done.
fn tolerated<T>(answer: Result<T, AmiError>) -> Result<(), AmiError> {
    match answer {
        Ok(_) | Err(AmiError::Rejected { .. }) => Ok(()),
        Err(error) => Err(error),
    }
}

async fn watch_all(client: Client, mut wanted: mpsc::Receiver<String>) {
    while let Some(number) = wanted.recv().await {
        if client.connected().await.is_err() {
            return;
        }
        if let Err(error) = reload_qualify(&client, &number).await {
            tracing::warn!(%error, number, "Asterisk does not watch whether a phone is there");
        }
    }
}

/// What changed while nobody could tell Asterisk is forgotten with all the rest when a session begins.
async fn follow(server: String, client: Client, mut events: Events) {
    while let Some(item) = events.recv().await {
        if let Item::Connected { session } = item {
            tracing::info!(server, session, "connected to Asterisk's manager interface");
            for cache in CACHES.into_iter().chain([IDENTIFY]) {
                let expire = Action::new("SorceryMemoryCacheExpire").header("Cache", cache);
                if let Err(error) = client.call(&expire).await {
                    tracing::info!(server, cache, %error, "Asterisk does not forget what it had");
                }
            }
        }
    }
}
