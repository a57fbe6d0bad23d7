//! A phone as Asterisk's own tables have it: `ps_endpoints`, `ps_auths`, `ps_aors` (Asterisk 13 to 22).

use model::{Caller, Extension, SipTransport};
use store::{Digests, KeptExtension};

use super::row::Row;
use crate::telephony::caller_id;

/// Part of what a digest is made of; a phone is told it when it is asked for its secret.
pub(crate) const REALM: &str = "asterisk";

/// A phone's rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Phone {
    pub(super) endpoint: Row,
    pub(super) auth: Row,
    pub(super) aor: Row,
}

impl Phone {
    /// `context` is the one in Asterisk that stands for the phone's, where it is not the site's own.
    pub(super) fn new(kept: &KeptExtension, context: Option<&str>) -> Self {
        let extension = &kept.extension;
        Self {
            endpoint: Row::new(endpoint(extension, context)),
            auth: Row::new(auth(&extension.number, &kept.digests)),
            aor: Row::new(aor(extension)),
        }
    }
}

fn yes_or_no(is: bool) -> String {
    if is { "yes" } else { "no" }.to_owned()
}

fn endpoint(extension: &Extension, context: Option<&str>) -> Vec<(&'static str, String)> {
    let codecs: Vec<_> = extension.codecs.iter().map(|it| it.as_str()).collect();
    let shown = Caller {
        number: extension.number.clone(),
        e164: None,
        name: extension.name.clone(),
    };
    let mut columns = vec![
        ("id", extension.number.clone()),
        ("aors", extension.number.clone()),
        ("auth", extension.number.clone()),
        ("context", context.unwrap_or(&extension.context).to_owned()),
        ("disallow", "all".to_owned()),
        ("allow", codecs.join(",")),
        ("callerid", caller_id(&shown)),
        // Recording, listening and moving calls need the media here.
        ("direct_media", "no".to_owned()),
        ("force_rport", yes_or_no(extension.nat)),
        ("rewrite_contact", yes_or_no(extension.nat)),
        ("rtp_symmetric", yes_or_no(extension.nat)),
    ];
    if let Some(mailbox) = &extension.mailbox {
        columns.push(("mailboxes", mailbox.clone()));
    }
    match extension.transport {
        SipTransport::Udp | SipTransport::Tcp => {}
        SipTransport::Tls => columns.push(("media_encryption", "sdes".to_owned())),
        // Stands for ICE, AVPF, DTLS-SRTP and RTCP on one port (pjsip.conf, "webrtc").
        SipTransport::Webrtc => {
            columns.push(("webrtc", "yes".to_owned()));
            columns.push(("dtls_auto_generate_cert", "yes".to_owned()));
        }
    }
    columns
}

fn auth(number: &str, digests: &Digests) -> Vec<(&'static str, String)> {
    vec![
        ("id", number.to_owned()),
        ("auth_type", "md5".to_owned()),
        ("username", number.to_owned()),
        ("realm", REALM.to_owned()),
        ("md5_cred", digests.md5.clone()),
    ]
}

fn aor(extension: &Extension) -> Vec<(&'static str, String)> {
    let mut columns = vec![
        ("id", extension.number.clone()),
        ("max_contacts", "1".to_owned()),
        // Who logs in anew, from another desk say, takes the place of who was there.
        ("remove_existing", "yes".to_owned()),
        ("qualify_frequency", extension.qualify_seconds.to_string()),
    ];
    if let Some(mailbox) = &extension.mailbox {
        columns.push(("mailboxes", mailbox.clone()));
    }
    columns
}

#[cfg(test)]
pub(super) mod tests {
    use model::{Codec, ExtensionId, Timestamp};

    use super::*;

    pub(crate) fn kept(number: &str) -> KeptExtension {
        KeptExtension {
            extension: Extension {
                id: ExtensionId::new(
                    Timestamp::default(),
                    number.bytes().fold(0, |id, b| id << 8 | u128::from(b)) << 60,
                ),
                number: number.to_owned(),
                name: "Nora \"N\" Example".to_owned(),
                server: None,
                transport: SipTransport::Udp,
                codecs: vec![Codec::Opus, Codec::Alaw],
                context: "agents".to_owned(),
                mailbox: Some(format!("{number}@default")),
                nat: true,
                qualify_seconds: 60,
                active: true,
            },
            digests: Digests {
                md5: "0123456789abcdef0123456789abcdef".to_owned(),
                sha256: String::new(),
            },
        }
    }

    fn lines(kept: &KeptExtension) -> String {
        let Phone {
            endpoint,
            auth,
            aor,
        } = Phone::new(kept, None);
        [endpoint, auth, aor]
            .iter()
            .map(|row| row.line().replace('&', "\n  "))
            .collect()
    }

    #[test]
    fn a_desk_phone() {
        insta::assert_snapshot!(lines(&kept("101")));
    }

    #[test]
    fn a_browser() {
        let mut kept = kept("102");
        kept.extension.transport = SipTransport::Webrtc;
        kept.extension.mailbox = None;
        insta::assert_snapshot!(lines(&kept));
    }

    #[test]
    fn tls_encrypts_the_media_too() {
        let mut kept = kept("103");
        kept.extension.transport = SipTransport::Tls;
        kept.extension.nat = false;
        assert!(
            Phone::new(&kept, None).endpoint.get("media_encryption") == Some("sdes")
                && Phone::new(&kept, None).endpoint.get("rewrite_contact") == Some("no")
        );
    }
}
