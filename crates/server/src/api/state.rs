//! What every handler can reach.

use std::{collections::BTreeSet, sync::Arc};

use tokio_util::sync::CancellationToken;
use utoipa::openapi::OpenApi;

use crate::{
    app::App,
    auth::{AuthConfig, Hashing, Principal, Throttle},
    problem::Problem,
    ws::Viewer,
};

/// The application and what the HTTP interface alone needs. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Api {
    pub(crate) app: App,
    pub(crate) auth: Arc<AuthConfig>,
    pub(crate) hashing: Hashing,
    pub(crate) throttle: Arc<Throttle>,
    pub(crate) document: Arc<OpenApi>,
    pub(crate) stop: CancellationToken,
    /// Held from a change in the store until the engine is told, so that it hears of changes in the store's order.
    pub(crate) set_up: Arc<tokio::sync::Mutex<()>>,
}

impl Api {
    pub(crate) fn new(
        app: App,
        auth: AuthConfig,
        stop: CancellationToken,
        document: OpenApi,
    ) -> Self {
        Self {
            app,
            auth: Arc::new(auth),
            hashing: Hashing::new(),
            throttle: Arc::default(),
            document: Arc::new(document),
            stop,
            set_up: Arc::default(),
        }
    }

    /// What this principal may see now.
    pub(crate) async fn viewer(&self, principal: &Principal) -> Result<Viewer, Problem> {
        let queues = match principal.agent {
            Some(agent) if principal.is_agent() => self
                .app
                .store
                .members()
                .of_agent(agent, None, store::MAX_PAGE)
                .await?
                .into_iter()
                .map(|member| member.queue)
                .collect(),
            _ => BTreeSet::new(),
        };
        Ok(Viewer::new(principal.role, principal.agent, queues))
    }
}
