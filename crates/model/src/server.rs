//! The Asterisk servers we drive.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{Invalid, ServerId, checked_name, checked_text};

/// One Asterisk and how to reach its REST interface. The password is kept apart and never shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Server {
    pub id: ServerId,
    pub name: String,
    /// Such as `http://127.0.0.1:8088/ari`.
    pub ari_url: String,
    pub ari_user: String,
    /// The word in `Stasis(WORD)`.
    pub application: String,
    pub active: bool,
}

impl Server {
    /// Checks every field's bounds.
    pub fn check(&self) -> Result<(), Invalid> {
        checked_name("name", &self.name)?;
        checked_text("ari_user", &self.ari_user, 64)?;
        checked_name("application", &self.application)?;
        checked_text("ari_url", &self.ari_url, 300)?;
        if self.ari_url.starts_with("http://") || self.ari_url.starts_with("https://") {
            Ok(())
        } else {
            Err(Invalid::new(
                "ari_url",
                "does not start with http:// or https://",
            ))
        }
    }
}
