//! What a running server has, and what it would say to a change.

use reqwest::StatusCode;
use serde_json::{Value, json};
use server::centre::{
    Action, Change, Kept, MEMBERS, NOUNS, Noun, QUEUE_SECTION, Schema, Shown, Thing, Things, impact,
};

use crate::{
    commands::remote::{Refusal, Remote},
    failure::{Code, Failure},
};

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

impl Centre {
    pub(super) async fn look(remote: Remote) -> anyhow::Result<Self> {
        let schema = Schema::new(get(&remote, "openapi.json").await?);
        let things = things(&remote, &schema).await?;
        Ok(Self {
            remote,
            schema,
            things,
        })
    }

    /// Looks at what there is once more.
    pub(super) async fn look_again(&mut self) -> anyhow::Result<()> {
        self.things = things(&self.remote, &self.schema).await?;
        Ok(())
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
}

/// All that is set up.
async fn things(remote: &Remote, schema: &Schema) -> anyhow::Result<Things> {
    let mut shown = Vec::new();
    for noun in NOUNS {
        let is_known = noun.kept == Kept::Elsewhere || schema.asked(noun).is_some();
        if noun.kept == Kept::Within || !is_known {
            continue;
        }
        let items = list(remote, noun.path).await?;
        if noun.section == QUEUE_SECTION {
            let queues = items.iter().filter_map(|it| it["id"].as_str());
            for queue in queues {
                shown.extend(members(remote, queue).await?);
            }
        }
        shown.extend(items.into_iter().map(|item| Shown {
            noun,
            owner: None,
            item,
        }));
    }
    Ok(Things::read(schema, &shown))
}

pub(super) async fn get(remote: &Remote, path: &str) -> anyhow::Result<Value> {
    Ok(remote.answer(remote.client.get(remote.at(path)?)).await?)
}

/// All items of all pages.
pub(super) async fn list(remote: &Remote, path: &str) -> anyhow::Result<Vec<Value>> {
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

/// Sends a change; gives the answer, or why it is refused. `Err`: nobody took it, or nobody knows.
pub(super) async fn send(
    remote: &Remote,
    (action, kept): (Action, Kept),
    path: &str,
    body: &Value,
) -> Result<Result<Value, Failure>, Failure> {
    let url = remote.at(path).map_err(|error| {
        Failure::new(Code::Failed, "the address of the server is none").because(error)
    })?;
    let client = &remote.client;
    let request = match (action, kept) {
        (Action::Remove, _) => client.delete(url),
        (Action::Create, Kept::ById) => client.post(url).json(body),
        _ => client.put(url).json(body),
    };
    match remote.ask(request).await? {
        Ok(answer) => Ok(Ok(serde_json::from_slice(&answer.body).unwrap_or_default())),
        Err(Refusal { status, .. })
            if action == Action::Remove && status == StatusCode::NOT_FOUND =>
        {
            Ok(Ok(Value::Null))
        }
        Err(refusal)
            if [StatusCode::BAD_REQUEST, StatusCode::CONFLICT].contains(&refusal.status) =>
        {
            Ok(Err(remote.refused(&refusal)))
        }
        Err(refusal) => Err(remote.refused(&refusal)),
    }
}
