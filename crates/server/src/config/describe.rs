//! The configuration in words: the example file, the tables of the manual, the dump.

use std::fmt::Write as _;

use super::{
    Config, Setting, Sources,
    sections::{ALL, Key, Outline},
};

/// A `cordboard.toml` with every key, commented out: at its default, or with an example where there is none.
pub fn example() -> String {
    let defaults = defaults();
    let mut text = String::from(
        "# The configuration of Cordboard, with every key: at its default, or with an example where there is none.\n\
         # The environment overrides it (CORDBOARD__SERVER__LISTEN=…, CORDBOARD__ASTERISK__0__USER=…), and flags\n\
         # override both. `cordboard config check` tells what is wrong, `cordboard config dump` where each value is from.\n\
         # Relative paths are meant from this file's folder.\n",
    );
    for section in &ALL {
        let _ = write!(text, "\n# {}\n{}\n", section.about, header(section));
        for key in section.keys {
            let value = default_of(&defaults, section, key);
            let value = value.unwrap_or_else(|| key.example.to_owned());
            let _ = write!(text, "# {}\n#{} = {value}\n", key.about, key.name);
        }
    }
    text
}

/// Every key, as tables in Markdown.
pub fn key_tables() -> String {
    let defaults = defaults();
    let mut text = String::new();
    for section in &ALL {
        let heading = if section.is_list {
            format!("[[{}]]", section.name)
        } else {
            format!("[{}]", section.name)
        };
        let _ = write!(
            text,
            "#### `{heading}`\n\n{}\n\n| key | default | |\n|---|---|---|\n",
            section.about
        );
        for key in section.keys {
            let default = default_of(&defaults, section, key)
                .map_or_else(|| "–".to_owned(), |value| format!("`{value}`"));
            let _ = writeln!(text, "| `{}` | {default} | {} |", key.name, key.about);
        }
        text.push('\n');
    }
    text
}

/// The settings as TOML, each with its origin behind it.
pub(super) fn dump(settings: &[Setting]) -> String {
    let mut text = String::new();
    let mut current = "";
    for setting in settings {
        let (section, key) = setting.key.rsplit_once('.').unwrap_or(("", &setting.key));
        if section != current {
            current = section;
            let header = match section.split_once('.') {
                Some((list, _)) => format!("[[{list}]]"),
                None => format!("[{section}]"),
            };
            let _ = writeln!(text, "{}{header}", if text.is_empty() { "" } else { "\n" });
        }
        let line = if setting.value.is_null() {
            format!("# {key} is not set")
        } else {
            format!("{key} = {}", setting.value)
        };
        let _ = if setting.value.is_null() {
            writeln!(text, "{line}")
        } else {
            writeln!(text, "{line:<50} # {}", setting.origin)
        };
    }
    text
}

fn header(section: &Outline) -> String {
    if section.is_list {
        format!("#[[{}]]", section.name)
    } else {
        format!("[{}]", section.name)
    }
}

/// The settings of an empty configuration, with one Asterisk for its defaults.
fn defaults() -> Vec<Setting> {
    let address = (
        "CORDBOARD__ASTERISK__0__ARI_URL".to_owned(),
        "http://x".to_owned(),
    );
    let password = (
        "CORDBOARD__ASTERISK__0__PASSWORD".to_owned(),
        "x".to_owned(),
    );
    let sources = Sources {
        environment: vec![address, password],
        ..Sources::default()
    };
    Config::load(&sources).map_or_else(|_| Vec::new(), |config| config.settings)
}

/// In TOML.
fn default_of(defaults: &[Setting], section: &Outline, key: &Key) -> Option<String> {
    let path = if section.is_list {
        format!("{}.0.{}", section.name, key.name)
    } else {
        format!("{}.{}", section.name, key.name)
    };
    defaults
        .iter()
        .find(|setting| setting.key == path)
        .filter(|setting| setting.origin == super::Origin::Default && !setting.value.is_null())
        .map(|setting| setting.value.to_string())
}
