//! The mail server that takes reports and alarms: does it answer, as it is to be spoken to?

use std::time::Duration;

use super::Finding;
use crate::{
    config::{Config, MailTls},
    deliveries::Mailer,
};

const SUBJECT: &str = "mail";
/// The longest wait for it.
const TIMEOUT: Duration = Duration::from_secs(20);

/// What was seen; nothing where none is configured. It encrypts and logs in as a delivery does, and sends nothing.
pub(super) async fn examine(config: &Config) -> Option<Finding> {
    let mail = &config.mail;
    let shown = format!("{}:{}", mail.host.as_ref()?, mail.port());
    let reached = async {
        let mailer = Mailer::new(mail)?.ok_or("there is none")?;
        let reaching = tokio::time::timeout(TIMEOUT, mailer.reach());
        let reached = reaching.await;
        reached.unwrap_or_else(|_| Err(format!("it took more than {} s", TIMEOUT.as_secs())))
    };
    let Err(why) = reached.await else {
        let how = match (mail.tls, &mail.user) {
            (MailTls::NoneOnLoopback, None) => "answers",
            (MailTls::NoneOnLoopback, Some(_)) => "answers, and lets us in",
            (_, None) => "answers, encrypted",
            (_, Some(_)) => "answers, encrypted, and lets us in",
        };
        return Some(Finding::ok(SUBJECT, format!("{shown} {how}")));
    };
    let finding = Finding::problem(SUBJECT, format!("{shown} takes no mail from us"));
    Some(finding.because(why).remedy(
        "start it, or correct [mail]: `host` as its certificate has it, `port`, `tls`, `user`, `password`, and `ca_file` for a \
         certificate that this machine does not trust",
    ))
}
