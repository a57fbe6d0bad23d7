//! The core as one handle uses it: a handle may be watched.

use std::ops::Deref;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::de::DeserializeOwned;

use super::core::Core;
use super::rest::{Answer, Request, RestError};

/// One request and what became of it.
#[derive(Debug, Clone, Copy)]
pub struct Exchange<'a> {
    pub method: &'static str,
    /// Path and query, encoded, such as `channels/1700000000.1?reason_code=16`.
    pub uri: &'a str,
    pub error: Option<&'a RestError>,
    /// From asking to the answer, the time in line included.
    pub took: Duration,
}

/// Is told of each request of a handle. It must not take long: the one who asks waits for it.
pub trait Watcher: Send + Sync {
    fn exchanged(&self, exchange: Exchange<'_>);
}

#[derive(Clone)]
pub(super) struct Way {
    pub(super) core: Arc<Core>,
    pub(super) watcher: Option<Arc<dyn Watcher>>,
}

impl std::fmt::Debug for Way {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.core.fmt(formatter)
    }
}

impl Deref for Way {
    type Target = Core;
    fn deref(&self) -> &Core {
        &self.core
    }
}

impl Way {
    /// Sends a request whose answer has no body that matters.
    pub(super) async fn send(&self, request: Request) -> Result<(), RestError> {
        self.answer(request).await.map(drop)
    }

    pub(super) async fn send_for<T: DeserializeOwned>(
        &self,
        request: Request,
    ) -> Result<T, RestError> {
        self.answer(request).await?.json()
    }

    pub(super) async fn answer(&self, request: Request) -> Result<Answer, RestError> {
        let Some(watcher) = &self.watcher else {
            return self.core.answer(request).await;
        };
        let mut asked = Asked {
            watcher: watcher.as_ref(),
            method: request.method.as_str(),
            uri: request.uri.clone(),
            began: Instant::now(),
            error: Some(RestError::Timeout),
        };
        let result = self.core.answer(request).await;
        asked.error = result.as_ref().err().cloned();
        result
    }
}

/// Told of when it is over, also if whoever asked waits no longer.
struct Asked<'a> {
    watcher: &'a dyn Watcher,
    method: &'static str,
    uri: String,
    began: Instant,
    error: Option<RestError>,
}

impl Drop for Asked<'_> {
    fn drop(&mut self) {
        self.watcher.exchanged(Exchange {
            method: self.method,
            uri: &self.uri,
            error: self.error.as_ref(),
            took: self.began.elapsed(),
        });
    }
}
