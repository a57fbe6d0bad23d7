//! What a running server has, and what it would say to a change.

use serde_json::{Value, json};
use server::centre::{
    Action, Change, Document, Kept, MEMBERS, NOUNS, Noun, QUEUE_SECTION, Schema, SecretSource,
    Shown, Sources, Thing, Things, impact,
};

use crate::{commands::remote::Remote, failure::Failure};

/// Things on a page.
const PAGE: &str = "250";
/// Things that the server looks at at a time, well within a body of 1 MiB.
const AT_A_TIME: usize = 200;
/// Phones and trunks of which each Asterisk is asked what it has; more would take minutes.
const MAX_ASKED: usize = 100;

/// A server, and what it has.
pub(super) struct Centre {
    pub(super) remote: Remote,
    pub(super) schema: Schema,
    pub(super) things: Things,
}

/// A centre file that was applied.
pub(super) struct Applied {
    pub(super) kind: String,
    pub(super) made_at: String,
    pub(super) made_by: String,
    pub(super) is_finished: bool,
    pub(super) document: String,
    pub(super) before: String,
}

impl Centre {
    pub(super) async fn look(remote: Remote) -> anyhow::Result<Self> {
        let schema = Schema::new(get(&remote, "openapi.json").await?);
        let mut shown = Vec::new();
        for noun in NOUNS {
            let is_known = noun.kept == Kept::Elsewhere || schema.asked(noun).is_some();
            if noun.kept == Kept::Within || !is_known {
                continue;
            }
            let items = list(&remote, noun.path).await?;
            if noun.section == QUEUE_SECTION {
                let queues = items.iter().filter_map(|it| it["id"].as_str());
                for queue in queues {
                    shown.extend(members(&remote, queue).await?);
                }
            }
            shown.extend(items.into_iter().map(|item| Shown {
                noun,
                owner: None,
                item,
            }));
        }
        let things = Things::read(&schema, &shown);
        Ok(Self {
            remote,
            schema,
            things,
        })
    }

    /// The thing of a change as it is now.
    pub(super) async fn now(&self, change: &Change) -> anyhow::Result<Option<Thing>> {
        let noun = change.noun;
        let shown = match (noun.kept, change.path_at(&self.things.names)) {
            (Kept::ById, Some(path)) if change.action != Action::Create => {
                let item = self.remote.find(self.request(&path)?).await?;
                item.map(|item| Shown {
                    noun,
                    owner: None,
                    item,
                })
            }
            (Kept::ByKey, _) => {
                let items = list(&self.remote, noun.path).await?;
                let item = items.into_iter().find(|it| it[noun.key] == change.key);
                item.map(|item| Shown {
                    noun,
                    owner: None,
                    item,
                })
            }
            (Kept::Within, Some(path)) => self.member(&path).await?,
            _ => None,
        };
        Ok(shown.and_then(|it| self.things.thing(&self.schema, &it)))
    }

    async fn member(&self, path: &str) -> anyhow::Result<Option<Shown>> {
        let parts: Vec<&str> = path.split('/').collect();
        let ["v1", "queues", queue, "members", agent] = parts[..] else {
            return Ok(None);
        };
        let all = members(&self.remote, queue).await?;
        Ok(all.into_iter().find(|it| it.item["agent"] == agent))
    }

    fn request(&self, path: &str) -> anyhow::Result<reqwest::RequestBuilder> {
        Ok(self.remote.client.get(self.remote.at(path)?))
    }

    /// What the server would refuse of a plan; by the change that it is of.
    pub(super) async fn refused(
        &self,
        changes: &[Change],
    ) -> anyhow::Result<Vec<(usize, String, String)>> {
        let mut refused = Vec::new();
        for noun in NOUNS {
            let of_it = changes.iter().enumerate();
            let of_it = of_it.filter(|(_, it)| it.noun == noun && it.action != Action::Remove);
            let of_it: Vec<(usize, &Change)> = of_it.collect();
            for some in of_it.chunks(AT_A_TIME) {
                let items = some.iter().map(|(_, it)| it.draft(&self.schema));
                let items: Vec<_> = items.collect();
                let url = self.remote.at("v1/centre/check")?;
                let draft = json!({"section": noun.section, "items": items});
                let request = self.remote.client.post(url).json(&draft);
                let answer = self.remote.answer(request).await?;
                for flaw in answer["items"].as_array().into_iter().flatten() {
                    let at = flaw["item"]
                        .as_u64()
                        .and_then(|at| usize::try_from(at).ok());
                    let Some((at, _)) = at.and_then(|at| some.get(at)) else {
                        continue;
                    };
                    let word = |name: &str| flaw[name].as_str().unwrap_or_default().to_owned();
                    refused.push((*at, word("field"), word("detail")));
                }
            }
        }
        Ok(refused)
    }

    /// Whom each change meets.
    pub(super) async fn impacts(&self, changes: &[Change]) -> anyhow::Result<Vec<Vec<String>>> {
        let live = get(&self.remote, "v1/live").await?;
        let (mut impacts, mut asked) = (Vec::new(), 0);
        for change in changes {
            let is_provisioned = ["extensions", "trunks"].contains(&change.noun.section);
            let path = change.path_at(&self.things.names);
            let mut seen = None;
            if let Some(path) = path.filter(|_| is_provisioned && change.id.is_some())
                && asked < MAX_ASKED
            {
                seen = self.remote.find(self.request(&path)?).await?;
                asked += 1;
            }
            impacts.push(impact(change, &live, seen.as_ref(), &self.things));
        }
        Ok(impacts)
    }

    /// Centre files that were applied, the newest first; each is read when it is asked for.
    pub(super) async fn applied(&self) -> anyhow::Result<Vec<String>> {
        let items = list(&self.remote, "v1/centre/changes").await?;
        let ids = items.iter().filter_map(|it| it["id"].as_str());
        Ok(ids.map(str::to_owned).collect())
    }

    pub(super) async fn applied_one(&self, id: &str) -> anyhow::Result<Applied> {
        let one = get(&self.remote, &format!("v1/centre/changes/{id}")).await?;
        let word = |name: &str| one[name].as_str().unwrap_or_default().to_owned();
        Ok(Applied {
            kind: word("kind"),
            made_at: word("made_at"),
            made_by: word("made_by"),
            is_finished: one["finished_at"].is_string(),
            document: word("document"),
            before: word("before"),
        })
    }

    /// The newest that was applied.
    pub(super) async fn last_applied(&self) -> anyhow::Result<Option<Applied>> {
        match self.applied().await?.first() {
            Some(id) => Ok(Some(self.applied_one(id).await?)),
            None => Ok(None),
        }
    }

    /// Where secrets are, as far as the last file that was applied, or what was before it, says.
    pub(super) fn sources(&self, last: Option<&Applied>) -> Sources {
        let mut sources = Sources::new();
        for text in last.iter().flat_map(|it| [&it.before, &it.document]) {
            for entry in Document::read(text, &self.schema).0.entries {
                if !entry.secrets.is_empty() && entry.noun.section != MEMBERS {
                    sources.insert((entry.noun.section, entry.full_key()), entry.secrets);
                }
            }
        }
        sources.retain(|(section, key), secrets| self.still_fits(section, key, secrets));
        sources
    }

    /// A secret of a table that there is not any more fits nothing.
    fn still_fits(
        &self,
        section: &str,
        key: &str,
        secrets: &mut std::collections::BTreeMap<String, SecretSource>,
    ) -> bool {
        let thing = Noun::of(section).and_then(|noun| self.things.find(noun, key));
        secrets.retain(|field, _| match (field.split_once('.'), thing) {
            (Some((table, _)), Some(thing)) => {
                thing.fields.get(table).is_some_and(Value::is_object)
            }
            _ => thing.is_some(),
        });
        !secrets.is_empty()
    }
}

async fn get(remote: &Remote, path: &str) -> anyhow::Result<Value> {
    Ok(remote.answer(remote.client.get(remote.at(path)?)).await?)
}

/// All items of all pages.
async fn list(remote: &Remote, path: &str) -> anyhow::Result<Vec<Value>> {
    let (mut items, mut cursor) = (Vec::new(), None::<String>);
    loop {
        let mut url = remote.at(path)?;
        url.query_pairs_mut().append_pair("limit", PAGE);
        if let Some(cursor) = &cursor {
            url.query_pairs_mut().append_pair("cursor", cursor);
        }
        let mut page = remote.answer(remote.client.get(url)).await?;
        if let Some(some) = page["items"].as_array_mut() {
            items.append(some);
        }
        match page["next"].as_str() {
            Some(next) => cursor = Some(next.to_owned()),
            None => return Ok(items),
        }
    }
}

async fn members(remote: &Remote, queue: &str) -> anyhow::Result<Vec<Shown>> {
    let Some(noun) = Noun::of(MEMBERS) else {
        return Ok(Vec::new());
    };
    let items = list(remote, &format!("v1/queues/{queue}/members")).await?;
    let shown = items.into_iter().map(|item| Shown {
        noun,
        owner: Some(queue.to_owned()),
        item,
    });
    Ok(shown.collect())
}

/// Sends a change and gives the answer.
pub(super) async fn send(
    remote: &Remote,
    (action, kept): (Action, Kept),
    path: &str,
    body: &Value,
) -> Result<Value, Failure> {
    let url = remote.at(path).map_err(|error| {
        Failure::new(
            crate::failure::Code::Failed,
            "the address of the server is none",
        )
        .because(error)
    })?;
    let client = &remote.client;
    let request = match (action, kept) {
        (Action::Remove, _) => {
            return Ok(remote.find(client.delete(url)).await?.unwrap_or_default());
        }
        (Action::Create, Kept::ById) => client.post(url),
        _ => client.put(url),
    };
    remote.answer(request.json(body)).await
}
