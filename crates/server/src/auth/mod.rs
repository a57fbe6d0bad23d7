//! Who is asking, and may they?
//!
//! Passwords, session tokens and keys come in here as secrets and go no further: behind this module there are only
//! [`Principal`]s. Nothing here decides what a role may do; that stands in the table of routes.

mod config;
mod networks;
mod origin;
mod password;
mod principal;
mod recent;
mod session;
mod throttle;
mod token;

pub use config::AuthConfig;
pub use networks::Networks;
pub(crate) use origin::{client_address, is_same_site, is_secure};
pub(crate) use password::{Hashing, check_given_password};
pub use password::{MAX_PASSWORD, MIN_PASSWORD, check_new_password, hash_password};
pub(crate) use principal::{By, Credential, Principal, identify, present};
pub(crate) use recent::Recent;
pub(crate) use session::{clear_cookie, open_session, set_cookie};
pub(crate) use throttle::Throttle;
pub(crate) use token::random_text;
pub use token::{NewKey, hash_token, new_api_key, random_password};
