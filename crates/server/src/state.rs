//! What every handler can reach.

use std::{collections::BTreeSet, ops::Deref, sync::Arc};

use tokio_util::sync::CancellationToken;
use utoipa::openapi::OpenApi;

use crate::{
    app::App,
    auth::{AuthConfig, Hashing, Principal, Recent, Throttle},
    callerid::Traffic,
    problem::Problem,
    visible::Viewer,
};

/// A way to all of it. Every request clones it several times, so it is a single pointer.
#[derive(Clone)]
pub(crate) struct Api(Arc<Reach>);

/// The application and what the HTTP interface alone needs.
pub(crate) struct Reach {
    pub(crate) app: App,
    pub(crate) auth: AuthConfig,
    pub(crate) hashing: Hashing,
    pub(crate) throttle: Throttle,
    pub(crate) recent: Recent,
    pub(crate) document: OpenApi,
    pub(crate) rotation: Traffic,
    pub(crate) stop: CancellationToken,
    /// Held from a change in the store until the engine is told, so that it hears of changes in the store's order.
    pub(crate) set_up: Arc<tokio::sync::Mutex<()>>,
    /// Held while a file is taken in.
    pub(crate) importing: Arc<tokio::sync::Mutex<()>>,
}

impl Deref for Api {
    type Target = Reach;

    fn deref(&self) -> &Reach {
        &self.0
    }
}

impl Api {
    pub(crate) fn new(
        app: App,
        auth: AuthConfig,
        stop: CancellationToken,
        document: OpenApi,
    ) -> Self {
        Self(Arc::new(Reach {
            app,
            auth,
            hashing: Hashing::new(),
            throttle: Throttle::default(),
            recent: Recent::default(),
            document,
            rotation: Traffic::default(),
            stop,
            set_up: Arc::default(),
            importing: Arc::default(),
        }))
    }

    /// What this principal may see now.
    pub(crate) async fn viewer(&self, principal: &Principal) -> Result<Viewer, Problem> {
        let store = &self.app.store;
        let Some(agent) = principal.agent.filter(|_| principal.is_agent()) else {
            let role = principal.role;
            return Ok(Viewer::new(role, None, BTreeSet::new()));
        };
        let members = store.members();
        let members = members.of_agent(agent, None, store::MAX_PAGE).await?;
        let queues = members.into_iter().map(|member| member.queue).collect();
        let mut viewer = Viewer::new(principal.role, Some(agent), queues);
        if let Some(call) = store.agents().status(agent).await?.and_then(|now| now.call) {
            viewer.owns(call);
        }
        Ok(viewer)
    }
}
