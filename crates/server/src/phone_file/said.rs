//! What one row says of a phone, and what the phone is then.

use model::{Codec, Extension, ExtensionId, Invalid, SipTransport, checked_number};

use super::column::{Column, Names};
use crate::config::nearest;
use crate::exports::unmarked;
use crate::realtime::PhoneSecret;
use crate::told::Told;

/// What a row says. What it leaves open stays as it is, or is as usual.
pub(super) struct Said {
    pub(super) number: String,
    name: Option<String>,
    /// A server and a mailbox are what a phone may be without: an empty cell says that it is.
    server: Told<String>,
    transport: Option<SipTransport>,
    codecs: Option<Vec<Codec>>,
    context: Option<String>,
    mailbox: Told<String>,
    nat: Option<bool>,
    qualify_seconds: Option<u16>,
    active: Option<bool>,
    pub(super) secret: Option<PhoneSecret>,
}

impl Said {
    /// From the text of each column that the file has.
    pub(super) fn read<'a>(cell: impl Fn(Column) -> Option<&'a str>) -> Result<Self, Invalid> {
        let given = |column| cell(column).map(|text| unmarked(text.trim()).trim());
        let some = |column| given(column).filter(|text| !text.is_empty());
        let owned = |column| some(column).map(str::to_owned);
        // It is there, and may be empty.
        let optional = |column: Column| match given(column) {
            Some(_) => Told::So(owned(column)),
            None => Told::Nothing,
        };
        let truth = |column| some(column).map(|text| truth(column, text)).transpose();
        let Some(number) = owned(Column::Number) else {
            return Err(Invalid::new(Column::Number.name(), "is empty"));
        };
        // Before anybody is asked for it: a database does not take every text.
        checked_number(Column::Number.name(), &number)?;
        let secret = cell(Column::Secret).filter(|text| !text.is_empty());
        Ok(Self {
            number,
            name: owned(Column::Name),
            server: optional(Column::Server),
            transport: some(Column::Transport).map(transport).transpose()?,
            codecs: some(Column::Codecs).map(codecs).transpose()?,
            context: owned(Column::Context),
            mailbox: optional(Column::Mailbox),
            nat: truth(Column::Nat)?,
            qualify_seconds: some(Column::QualifySeconds).map(seconds).transpose()?,
            active: truth(Column::Active)?,
            secret: secret.map(self::secret).transpose()?,
        })
    }

    /// The phone as it is after this row: a known one keeps what the row does not say, a new one begins as `usual`.
    pub(super) fn extension(
        &self,
        known: Option<&Extension>,
        id: ExtensionId,
        names: &Names,
    ) -> Result<Extension, Invalid> {
        let mut one = match known {
            Some(known) => known.clone(),
            None => Extension::usual(id, &self.number),
        };
        // Spaces around a name do not outlive a file.
        if let Some(name) = self.name.as_deref().filter(|name| *name != one.name.trim()) {
            name.clone_into(&mut one.name);
        }
        match &self.server {
            Told::So(Some(name)) => one.server = Some(server(name, names)?),
            Told::So(None) => one.server = None,
            Told::Nothing => {}
        }
        one.transport = self.transport.unwrap_or(one.transport);
        set(&mut one.codecs, self.codecs.as_ref());
        set(&mut one.context, self.context.as_ref());
        one.mailbox = self.mailbox.clone().or(one.mailbox);
        one.nat = self.nat.unwrap_or(one.nat);
        one.qualify_seconds = self.qualify_seconds.unwrap_or(one.qualify_seconds);
        one.active = self.active.unwrap_or(one.active);
        one.check()?;
        Ok(one)
    }
}

fn set<T: Clone>(field: &mut T, said: Option<&T>) {
    if let Some(said) = said {
        field.clone_from(said);
    }
}

fn server(name: &str, names: &Names) -> Result<model::ServerId, Invalid> {
    let unknown = || {
        let known: Vec<_> = names.known().collect();
        let shown = model::visible(name, 40);
        let hint = match nearest(name, &known) {
            Some(near) => format!("; do you mean {near}?"),
            None => String::new(),
        };
        Invalid::new(
            Column::Server.name(),
            format!("is no server's name: {shown:?}{hint}"),
        )
    };
    names.server(name).ok_or_else(unknown)
}

fn transport(text: &str) -> Result<SipTransport, Invalid> {
    let known = SipTransport::ALL.into_iter();
    let found = known
        .clone()
        .find(|it| it.as_str().eq_ignore_ascii_case(text));
    found.ok_or_else(|| {
        let known: Vec<_> = known.map(SipTransport::as_str).collect();
        let why = format!("is none of {}", known.join(", "));
        Invalid::new(Column::Transport.name(), why)
    })
}

fn codecs(text: &str) -> Result<Vec<Codec>, Invalid> {
    let words = text.split([' ', ';', ',']).filter(|word| !word.is_empty());
    let codec = |word: &str| {
        let mut known = Codec::ALL.into_iter();
        let found = known.find(|it| it.as_str().eq_ignore_ascii_case(word));
        found.ok_or_else(|| {
            let known: Vec<_> = Codec::ALL.into_iter().map(Codec::as_str).collect();
            let shown = model::visible(word, 40);
            let why = format!("has {shown:?}, which is none of {}", known.join(", "));
            Invalid::new(Column::Codecs.name(), why)
        })
    };
    words.map(codec).collect()
}

fn seconds(text: &str) -> Result<u16, Invalid> {
    let name = Column::QualifySeconds.name();
    if !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Invalid::new(name, "is no whole number"));
    }
    // Whatever is over this is over the bound.
    Ok(text.parse().unwrap_or(u16::MAX))
}

fn truth(column: Column, text: &str) -> Result<bool, Invalid> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "yes" | "1" => Ok(true),
        "false" | "no" | "0" => Ok(false),
        _ => Err(Invalid::new(column.name(), "is neither true nor false")),
    }
}

/// A space that nobody sees would keep the phone out.
fn secret(text: &str) -> Result<PhoneSecret, Invalid> {
    if text.trim() != text {
        let why = "begins or ends with a space";
        return Err(Invalid::new(Column::Secret.name(), why));
    }
    PhoneSecret::given(text.to_owned())
}
