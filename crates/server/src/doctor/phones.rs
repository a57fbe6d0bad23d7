//! Phones and trunks that are set up here: may we tell Asterisk of them, and does it ask for them?

use std::time::Duration;

use asterisk::ami::{AmiError, Client, State};
use model::{AmiAccess, DID_CONTEXT, ProvisionedBy, Server};
use store::{MAX_PAGE, Store};

use super::Finding;
use crate::{config::Config, provision, secrets::Vault, telephony::Credentials};

/// How long a log-in may take, and each answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// What `manager.conf` has to grant.
const READ: &[&str] = &["system"];
const WRITE: &[&str] = &["system", "command"];
/// Without one of them Asterisk asks for nothing.
const ASKING: &[&str] = &["res_curl", "func_curl", "res_config_curl"];
/// The same of the shared database.
const READING: &[&str] = &["res_odbc", "res_odbc_transaction", "res_config_odbc"];
/// In either way of these two.
const ROWS: &[&str] = &["res_sorcery_realtime", "res_sorcery_memory_cache"];
/// The same, of the dialplan, for which it always asks.
const DIALPLAN_MODULE: &[&str] = &["pbx_realtime"];
/// What Asterisk has to ask for.
const TABLES: [&str; 5] = [
    "ps_endpoints",
    "ps_auths",
    "ps_aors",
    "ps_endpoint_id_ips",
    "ps_registrations",
];
const DIALPLAN_TABLE: &str = "extensions";
const CACHES: [&str; 4] = [
    "res_pjsip/endpoint",
    "res_pjsip/auth",
    "res_pjsip/aor",
    "res_pjsip/identify",
];
const RENDER: &str = "cordboard asterisk render realtime";

/// What of it is set up here.
#[derive(Clone, Copy, Default)]
struct Uses {
    phones: bool,
    dialplan: bool,
}

struct Target {
    name: String,
    way: ProvisionedBy,
    ami: AmiAccess,
    secret: String,
}

pub(super) async fn examine(config: &Config, store: Option<&Store>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let uses = match store {
        Some(store) => uses(store).await,
        None => Uses::default(),
    };
    for target in targets(config, store).await {
        look(&target, uses, &mut findings).await;
    }
    findings
}

/// Looks at one server, if it has a manager log-in.
pub(super) async fn examine_one(
    server: &Server,
    secret: Option<&str>,
    store: &Store,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    if let (Some(ami), Some(secret)) = (server.ami.clone(), secret) {
        let (name, secret) = (server.name.clone(), secret.to_owned());
        let way = server.provisioned_by;
        let target = Target {
            name,
            way,
            ami,
            secret,
        };
        look(&target, uses(store).await, &mut findings).await;
    } else {
        let what = "has no manager log-in here, so it is not told of phones that change";
        let subject = format!("asterisk {}", server.name);
        findings.push(Finding::warning(subject, what).remedy("set `ami` of the server"));
    }
    findings
}

async fn uses(store: &Store) -> Uses {
    let (extensions, trunks) = (store.extensions(), store.trunks());
    let phones = extensions.list(None, 1).await.unwrap_or_default();
    let trunks = trunks.list(None, 1).await.unwrap_or_default();
    let contexts = store.dialplan_contexts().list(None, 1).await;
    Uses {
        phones: !phones.is_empty() || !trunks.is_empty(),
        dialplan: !contexts.unwrap_or_default().is_empty(),
    }
}

/// Those of the configuration, then those of the API. What cannot be read is told where ARI is looked at.
async fn targets(config: &Config, store: Option<&Store>) -> Vec<Target> {
    let configured = config.asterisk.iter().filter_map(|asterisk| {
        Some(Target {
            name: asterisk.name.clone(),
            way: asterisk.provisioned_by.into(),
            ami: asterisk.ami()?,
            secret: asterisk.ami_secret.as_ref()?.expose().to_owned(),
        })
    });
    let mut targets: Vec<_> = configured.collect();
    let key = config.data.folder.join("secret.key");
    let (Some(store), true) = (store, key.exists()) else {
        return targets;
    };
    let Ok(vault) = Vault::open_or_make(&key) else {
        return targets;
    };
    let servers = store.servers().list(None, MAX_PAGE).await;
    for server in servers.unwrap_or_default() {
        let is_new = !targets.iter().any(|target| target.name == server.name);
        let Some(ami) = server.ami.filter(|_| server.active && is_new) else {
            continue;
        };
        let Ok(Some(secrets)) = store.servers().secrets(server.id).await else {
            continue;
        };
        let opened = Credentials::open(&vault, &secrets);
        if let Some(secret) = opened.ok().and_then(|opened| opened.ami_secret) {
            let (name, way) = (server.name, server.provisioned_by);
            targets.push(Target {
                name,
                way,
                ami,
                secret,
            });
        }
    }
    targets
}

async fn look(target: &Target, uses: Uses, findings: &mut Vec<Finding>) {
    let subject = format!("asterisk {}", target.name);
    let config = match provision::config(&target.ami, &target.secret) {
        Ok(config) => config,
        Err(error) => {
            findings.push(Finding::problem(subject, "cannot set up TLS").because(error));
            return;
        }
    };
    let (client, _events) = Client::start(config);
    let client = client.with_timeout(PATIENCE);
    if let Some(finding) = refused(&subject, target, &client).await {
        findings.push(finding);
        return;
    }
    let (before, user) = (findings.len(), &target.ami.user);
    let looked = async {
        rights(&subject, user, &client, findings).await?;
        if uses.phones || uses.dialplan {
            modules(&subject, &client, target.way, uses, findings).await?;
            mappings(&subject, &client, target.way, uses, findings).await?;
        }
        if uses.phones && target.way != ProvisionedBy::Files {
            caches(&subject, &client, findings).await?;
        }
        if uses.dialplan {
            contexts(&subject, &client, findings).await?;
        }
        Ok::<_, AmiError>(())
    };
    if let Err(error) = looked.await {
        findings.push(match error {
            AmiError::PermissionDenied { .. } => may_not(&subject, user, error.to_string()),
            error => {
                let what = "its manager interface does not tell how phones are set up";
                Finding::warning(&subject, what).because(error)
            }
        });
    } else if findings.len() == before {
        let asks = match target.way {
            ProvisionedBy::Http if uses.phones => " and Asterisk asks for its phones",
            ProvisionedBy::Database if uses.phones => {
                " and Asterisk reads its phones in the shared database"
            }
            _ => "",
        };
        let what = format!("the manager user {user} may do what is needed{asks}");
        findings.push(Finding::ok(&subject, what));
    }
    client.shutdown().await;
}

async fn refused(subject: &str, target: &Target, client: &Client) -> Option<Finding> {
    let mut state = client.state();
    let settled = |state: &State| !matches!(state, State::Connecting);
    let waited = tokio::time::timeout(PATIENCE, state.wait_for(settled)).await;
    let seen = waited.ok().and_then(Result::ok).map(|state| state.clone());
    let AmiAccess { address, user, .. } = &target.ami;
    let finding = match seen {
        Some(State::Connected { .. }) => return None,
        Some(State::Refused { message, .. }) => {
            Finding::problem(subject, format!("its manager interface refuses the user {user}"))
                .because(message)
                .remedy(format!(
                    "in manager.conf:\n[{user}]\nsecret = …\nread = system\nwrite = system,command\nthen `manager reload`"
                ))
        }
        Some(State::Waiting { reason, .. }) => not_there(subject, address).because(reason),
        _ => not_there(subject, address)
            .because(format!("no answer within {} s", PATIENCE.as_secs())),
    };
    Some(finding)
}

fn not_there(subject: &str, address: &str) -> Finding {
    Finding::problem(subject, format!("no manager interface at {address}")).remedy(
        "`enabled = yes`, `bindaddr` and `port` in manager.conf must fit `ami_address`; then `manager reload`",
    )
}

async fn rights(
    subject: &str,
    user: &str,
    client: &Client,
    findings: &mut Vec<Finding>,
) -> Result<(), AmiError> {
    let lacking = client.privileges().await?.lacking(READ, WRITE);
    if !lacking.is_empty() {
        let why = format!("{} lacking", lacking.join(", "));
        findings.push(may_not(subject, user, why));
    }
    Ok(())
}

fn may_not(subject: &str, user: &str, why: String) -> Finding {
    Finding::problem(subject, format!("the manager user {user} may not do enough"))
        .because(why)
        .remedy(format!(
            "in manager.conf, in [{user}]:\nread = system\nwrite = system,command\nthen `manager reload`"
        ))
}

async fn modules(
    subject: &str,
    client: &Client,
    way: ProvisionedBy,
    uses: Uses,
    findings: &mut Vec<Finding>,
) -> Result<(), AmiError> {
    let mut missing = Vec::new();
    let asks = uses.dialplan || (uses.phones && way == ProvisionedBy::Http);
    let needed: [(bool, &[&str]); 4] = [
        (asks, ASKING),
        (way == ProvisionedBy::Database, READING),
        (uses.phones && way != ProvisionedBy::Files, ROWS),
        (uses.dialplan, DIALPLAN_MODULE),
    ];
    let needed = needed.into_iter().filter(|(is_needed, _)| *is_needed);
    for module in needed.flat_map(|(_, modules)| modules) {
        let said = client
            .command(&format!("module show like {module}"))
            .await?;
        let is_there = said
            .iter()
            .any(|line| line.starts_with(module) && line.contains("Running"));
        if !is_there {
            missing.push(format!("load = {module}.so"));
        }
    }
    if !missing.is_empty() {
        findings.push(
            Finding::problem(subject, "cannot get its phones: modules are missing")
                .because(missing.join(", ").replace("load = ", ""))
                .remedy(format!(
                    "in modules.conf:\n{}\nthen restart Asterisk",
                    missing.join("\n")
                )),
        );
    }
    Ok(())
}

async fn mappings(
    subject: &str,
    client: &Client,
    way: ProvisionedBy,
    uses: Uses,
    findings: &mut Vec<Finding>,
) -> Result<(), AmiError> {
    let said = client.command("core show config mappings").await?;
    let is_mapped = |table: &str, asks: bool| {
        let word = |line: &String| {
            line.split_whitespace()
                .any(|word| word.trim_end_matches(':') == table)
        };
        said.iter()
            .any(|line| word(line) && line.contains("/realtime/") == asks)
    };
    let asks = way == ProvisionedBy::Http;
    let phones = TABLES.into_iter().filter(|table| !is_mapped(table, asks));
    let phones = phones.filter(|_| uses.phones && way != ProvisionedBy::Files);
    let dialplan = uses.dialplan && !is_mapped(DIALPLAN_TABLE, true);
    let missing: Vec<_> = phones.chain(dialplan.then_some(DIALPLAN_TABLE)).collect();
    if !missing.is_empty() {
        findings.push(
            Finding::problem(subject, "does not ask for what is set up here")
                .because(format!(
                    "extconfig.conf does not name {}",
                    missing.join(", ")
                ))
                .remedy(format!(
                    "take what `{RENDER}` prints into extconfig.conf, then restart Asterisk"
                )),
        );
    }
    Ok(())
}

/// Those that ask for ours are in a file of their own.
async fn contexts(
    subject: &str,
    client: &Client,
    findings: &mut Vec<Finding>,
) -> Result<(), AmiError> {
    let first = DID_CONTEXT;
    let said = match client.command(&format!("dialplan show {first}")).await {
        Ok(said) => said.join(" "),
        Err(AmiError::Rejected { message, .. }) => message,
        Err(error) => return Err(error),
    };
    if !said.contains("Realtime/") {
        findings.push(
            Finding::problem(subject, "does not ask Cordboard for the dialplan")
                .because(format!("it has no context {first}"))
                .remedy(format!(
                    "render extensions_cordboard.conf anew with `{RENDER}`, `#include` it in extensions.conf, then `dialplan reload`"
                )),
        );
    }
    Ok(())
}

async fn caches(
    subject: &str,
    client: &Client,
    findings: &mut Vec<Finding>,
) -> Result<(), AmiError> {
    let mut missing = Vec::new();
    for cache in CACHES {
        let show = format!("sorcery memory cache show {cache}");
        let said = match client.command(&show).await {
            Ok(said) => said.join(" "),
            Err(AmiError::Rejected { message, .. }) => message,
            Err(error) => return Err(error),
        };
        if !said.contains("Number of objects") {
            missing.push(cache);
        }
    }
    if !missing.is_empty() {
        findings.push(
            Finding::warning(
                subject,
                "keeps no phones while Cordboard is away, and asks for them at every step",
            )
            .because(format!("there is no cache {}", missing.join(", ")))
            .remedy(format!(
                "take what `{RENDER}` prints into sorcery.conf, then restart Asterisk"
            )),
        );
    }
    Ok(())
}
