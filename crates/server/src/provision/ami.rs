//! One Asterisk's manager interface, for what is set up there.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use asterisk::ami::{Action, AmiError, Client, Config, Events, Item};
use tokio::{
    sync::{mpsc, watch},
    task::JoinHandle,
    time::Instant,
};

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
/// Nothing is listened to.
const EVENTS: &str = "off";
/// After so long Asterisk forgets once more what was changed: an answer that was on its way came into its cache after it had
/// forgotten what was there. Longer than any answer may take (`httptimeout`).
const ONCE_MORE: Duration = Duration::from_secs(3);
/// Of so many phones at once, all is forgotten in place of each: that takes Asterisk three steps, and not three for each.
const MANY: usize = 100;
/// Of so many numbers those who registered are looked for at once: a line to the manager interface has about 1,000 characters.
const NUMBERS_AT_ONCE: usize = 50;
/// Of so many numbers it is remembered that they are owed to an Asterisk that is away; more than a file of phones has.
const MAX_OWED: usize = 20_000;
/// What reads again whence calls of trunks come, in files.
const IDENTIFIER: &str = "res_pjsip_endpoint_identifier_ip.so";
/// What reads phones and trunks again, in files.
const PJSIP: &str = "res_pjsip.so";
/// How long to wait before what Asterisk did not do is asked for again.
const RETRY: Duration = Duration::from_secs(5);

/// How Asterisk comes to know of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refresh {
    /// It forgets what it has in its caches, and asks or looks anew.
    Expire,
    /// It reads its files again.
    Reload,
}

pub(super) struct AmiLink {
    client: Client,
    refresh: Refresh,
    /// Whether Asterisk has forgotten, in this session, what it had before.
    ready: watch::Receiver<bool>,
    /// Asks for everything to be forgotten.
    stale: mpsc::Sender<()>,
    owed: Owed,
    follow: JoinHandle<()>,
}

/// Numbers whose registrations have to go as soon as Asterisk can be told.
#[derive(Clone, Default)]
pub(super) struct Owed(Arc<Mutex<BTreeSet<String>>>);

impl Owed {
    fn add<'a>(&self, numbers: impl Iterator<Item = &'a str>) {
        let mut owed = self.lock();
        for number in numbers {
            if owed.len() == MAX_OWED {
                let why = "more phones changed than can be remembered while Asterisk is away";
                tracing::warn!("{why}: some may be called where they registered before");
                return;
            }
            owed.insert(number.to_owned());
        }
    }

    /// Pays them; what could not be paid stays owed.
    async fn pay(&self, client: &Client) -> Result<(), AmiError> {
        let owed = std::mem::take(&mut *self.lock());
        let numbers: Vec<_> = owed.iter().map(String::as_str).collect();
        let paid = forget_contacts(client, &numbers).await;
        if paid.is_err() {
            self.add(numbers.into_iter());
        }
        paid
    }

    fn lock(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for AmiLink {
    fn drop(&mut self) {
        self.follow.abort();
    }
}

impl AmiLink {
    /// `owed` is what an earlier link to the same server could not tell it.
    pub(super) fn start(server: &str, mut config: Config, refresh: Refresh, owed: Owed) -> Self {
        EVENTS.clone_into(&mut config.event_mask);
        let (client, events) = Client::start(config);
        let (is_ready, ready) = watch::channel(false);
        let (stale, wanted) = mpsc::channel(1);
        let follow = Follow {
            server: server.to_owned(),
            client: client.clone(),
            refresh,
            ready: is_ready,
            owed: owed.clone(),
        };
        let follow = follow.run(events, wanted);
        Self {
            client,
            refresh,
            ready,
            stale,
            owed,
            follow: tokio::spawn(follow),
        }
    }

    pub(super) fn owed(&self) -> Owed {
        self.owed.clone()
    }

    /// Lets Asterisk forget what it has, so that it asks anew. Where that fails it is made good as soon as can be.
    pub(super) async fn apply(&self, change: &Change) -> Result<(), AmiError> {
        if let Err(away) = self.is_ready() {
            self.owe(change.forgotten());
            return Err(away);
        }
        let applied = self.tell(change).await;
        if applied.is_err() {
            self.owe(change.forgotten());
        }
        self.forget_once_more(change.ids());
        applied
    }

    /// The same of many.
    pub(super) async fn apply_all(&self, changes: &[Change]) -> Result<(), AmiError> {
        let numbers = || changes.iter().flat_map(Change::forgotten);
        if let Err(away) = self.is_ready() {
            self.owe(numbers());
            return Err(away);
        }
        let ids: Vec<_> = changes.iter().flat_map(Change::ids).collect();
        let applied = self.tell_all(changes, &ids).await;
        if applied.is_err() {
            self.owe(numbers());
        }
        self.forget_once_more(ids);
        applied
    }

    fn forget_once_more(&self, ids: Vec<String>) {
        if self.refresh == Refresh::Reload {
            return;
        }
        let client = self.client.clone();
        tokio::spawn(async move {
            tokio::time::sleep(ONCE_MORE).await;
            let _ = forget_each(&client, &ids).await;
        });
    }

    /// Asterisk reads its files again, if it has its phones from there; some may be new.
    pub(super) async fn reload(&self) -> Result<(), AmiError> {
        self.is_ready()?;
        match self.refresh {
            Refresh::Expire => Ok(()),
            Refresh::Reload => reload(&self.client, PJSIP).await,
        }
    }

    /// Everything is asked for anew. An answer that was on its way is forgotten a little later.
    pub(super) fn forget_all(&self) {
        let _ = self.stale.try_send(());
        let stale = self.stale.clone();
        tokio::spawn(async move {
            tokio::time::sleep(ONCE_MORE).await;
            let _ = stale.try_send(());
        });
    }

    /// What could not be told is made good as soon as can be: at once, or when Asterisk is there again.
    fn owe<'a>(&self, numbers: impl Iterator<Item = &'a str>) {
        self.owed.add(numbers);
        if self.is_ready().is_ok() {
            let _ = self.stale.try_send(());
        }
    }

    fn is_ready(&self) -> Result<(), AmiError> {
        if *self.ready.borrow() {
            Ok(())
        } else {
            Err(AmiError::NotConnected)
        }
    }

    async fn tell(&self, change: &Change) -> Result<(), AmiError> {
        match self.refresh {
            Refresh::Expire => forget_each(&self.client, &change.ids()).await?,
            Refresh::Reload => reload(&self.client, PJSIP).await?,
        }
        let numbers: Vec<_> = change.forgotten().collect();
        forget_contacts(&self.client, &numbers).await?;
        if change.is_trunk {
            self.identify_anew().await?;
            reload(&self.client, REGISTRATION).await?;
        }
        let Some(after) = &change.after else {
            return Ok(());
        };
        if after.registers {
            // With another password alone it would not register anew by itself.
            let register = Action::new("PJSIPRegister").header("Registration", &after.id);
            tolerated(self.client.call(&register).await)?;
        }
        reload_qualify(&self.client, &after.id).await
    }

    /// Whom nobody may call any more first: the rest takes Asterisk a while.
    async fn tell_all(&self, changes: &[Change], ids: &[String]) -> Result<(), AmiError> {
        match self.refresh {
            Refresh::Expire => forget_each(&self.client, ids).await?,
            Refresh::Reload => reload(&self.client, PJSIP).await?,
        }
        let numbers: Vec<_> = changes.iter().flat_map(Change::forgotten).collect();
        forget_contacts(&self.client, &numbers).await?;
        for after in changes.iter().filter_map(|change| change.after.as_ref()) {
            reload_qualify(&self.client, &after.id).await?;
        }
        Ok(())
    }

    async fn identify_anew(&self) -> Result<(), AmiError> {
        match self.refresh {
            Refresh::Expire => identify_anew(&self.client).await,
            Refresh::Reload => reload(&self.client, IDENTIFIER).await,
        }
    }

    pub(super) async fn look(&self, wanted: &Wanted) -> Result<Found, AmiError> {
        self.is_ready()?;
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
}

/// Whoever registered as one of these numbers is not called any more. They have digits alone.
async fn forget_contacts(client: &Client, numbers: &[&str]) -> Result<(), AmiError> {
    for numbers in numbers.chunks(NUMBERS_AT_ONCE) {
        forget_some_contacts(client, numbers).await?;
    }
    Ok(())
}

async fn forget_some_contacts(client: &Client, numbers: &[&str]) -> Result<(), AmiError> {
    // Of all who registered there may be tens of thousands.
    let family = format!("/{REGISTRATIONS}/");
    let begin = family.len() + 1;
    let listed: Vec<_> = numbers.iter().map(|it| format!("'{it}'")).collect();
    let listed = listed.join(",");
    let query = format!(
        "database query \"SELECT key FROM astdb WHERE key LIKE '{family}%;@%' \
         AND substr(key,{begin},instr(key,';@')-{begin}) IN ({listed})\""
    );
    for line in client.command(&query).await? {
        let found = line.split_once(&family).map(|(_, key)| key);
        let key = found.and_then(|key| key.split_whitespace().next());
        let is_theirs = |key: &&str| {
            let number = key.split_once(";@").map(|(number, _)| number);
            number.is_some_and(|number| numbers.contains(&number))
        };
        if let Some(key) = key.filter(is_theirs) {
            let delete = Action::new("DBDel")
                .header("Family", REGISTRATIONS)
                .header("Key", key);
            tolerated(client.call(&delete).await)?;
        }
    }
    Ok(())
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

/// What is not in the cache need not be forgotten; neither is there a cache where the site has none.
async fn forget(client: &Client, id: &str) -> Result<(), AmiError> {
    for cache in CACHES {
        let expire = Action::new("SorceryMemoryCacheExpireObject")
            .header("Cache", cache)
            .header("Object", id);
        tolerated(client.call(&expire).await)?;
    }
    Ok(())
}

/// Of many, all that is in the caches of phones.
async fn forget_each(client: &Client, ids: &[String]) -> Result<(), AmiError> {
    if ids.len() > MANY {
        return expire_all(client).await;
    }
    for id in ids {
        forget(client, id).await?;
    }
    Ok(())
}

async fn expire_all(client: &Client) -> Result<(), AmiError> {
    for cache in CACHES {
        let expire = Action::new("SorceryMemoryCacheExpire").header("Cache", cache);
        tolerated(client.call(&expire).await)?;
    }
    Ok(())
}

async fn identify_anew(client: &Client) -> Result<(), AmiError> {
    for action in ["SorceryMemoryCacheExpire", "SorceryMemoryCachePopulate"] {
        let action = Action::new(action).header("Cache", IDENTIFY);
        tolerated(client.call(&action).await)?;
    }
    Ok(())
}

/// Where to register is read when Asterisk starts, and at this; so is all that stands in files.
async fn reload(client: &Client, module: &str) -> Result<(), AmiError> {
    let reload = Action::new("Reload").header("Module", module);
    tolerated(client.call(&reload).await)
}

/// What keeps one Asterisk's memory true.
struct Follow {
    server: String,
    client: Client,
    refresh: Refresh,
    ready: watch::Sender<bool>,
    owed: Owed,
}

impl Follow {
    /// At the beginning of each session, and whenever something could not be told, everything is forgotten.
    async fn run(self, mut events: Events, mut stale: mpsc::Receiver<()>) {
        let server = &self.server;
        let mut retry = None;
        loop {
            let again = async {
                match retry {
                    Some(at) => tokio::time::sleep_until(at).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                item = events.recv() => match item {
                    None => return,
                    Some(Item::Connected { session }) => {
                        tracing::info!(server, session, "connected to Asterisk's manager interface");
                    }
                    Some(Item::Disconnected) => {
                        self.ready.send_replace(false);
                        continue;
                    }
                    Some(_) => continue,
                },
                Some(()) = stale.recv() => {}
                () = again => {}
            }
            let done = self.forget_all().await;
            self.ready.send_replace(done.is_ok());
            retry = match &done {
                // What changed in the meantime is not told by whoever changed it.
                Ok(()) => (!self.owed.lock().is_empty()).then(Instant::now),
                Err(error) => {
                    tracing::warn!(server, %error, "Asterisk does not forget what it had; it is asked again");
                    Some(Instant::now() + RETRY)
                }
            };
        }
    }

    /// What changed while nobody could tell Asterisk is forgotten with all the rest.
    async fn forget_all(&self) -> Result<(), AmiError> {
        let client = &self.client;
        match self.refresh {
            Refresh::Expire => {
                expire_all(client).await?;
                self.owed.pay(client).await?;
                identify_anew(client).await?;
            }
            Refresh::Reload => {
                reload(client, PJSIP).await?;
                self.owed.pay(client).await?;
                reload(client, IDENTIFIER).await?;
            }
        }
        reload(client, REGISTRATION).await
    }
}
