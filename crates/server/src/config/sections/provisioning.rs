//! `[provisioning]`: where phones and trunks are written for an Asterisk that does not ask us over HTTP.

use std::path::PathBuf;

use super::{AsteriskConfig, Key, Provisioned, Section, SectionReader, key};
use crate::config::{Flaw, Secret, reader::Report};

/// Where phones and trunks are written.
#[derive(Debug, Clone, Default)]
pub struct ProvisioningConfig {
    /// Of the database that Asterisk reads by ODBC.
    pub dsn: Option<Secret>,
    /// In which each server has a folder of its name.
    pub folder: Option<PathBuf>,
}

/// What a DSN may begin with: what Asterisk has a driver for that we speak with as well.
const SCHEMES: [&str; 4] = ["postgres://", "postgresql://", "mysql://", "mariadb://"];

impl Section for ProvisioningConfig {
    const NAME: &'static str = "provisioning";
    const ABOUT: &'static str = "Where phones and trunks are written for servers of `provisioned_by = \"database\"` or `\"files\"`. Others ask us over HTTP.";
    const KEYS: &'static [Key] = &[
        key(
            "dsn",
            "The database with Asterisk's own tables (`ps_endpoints` …), PostgreSQL or MariaDB. Special characters in the password are percent-encoded.",
            "\"postgres://cordboard:PASSWORD@127.0.0.1/asterisk\"",
        ),
        key(
            "dsn_file",
            "A file that holds the DSN, instead of `dsn`.",
            "\"/etc/cordboard/asterisk.dsn\"",
        ),
        key(
            "folder",
            "The folder, on Asterisk's machine, in which each server has one of its name with the file `pjsip_cordboard.conf`. Nobody else may write there.",
            "\"/etc/asterisk/cordboard\"",
        ),
    ];

    fn read(from: &mut SectionReader<'_>) -> Self {
        Self {
            dsn: from.secret("dsn", "dsn_file"),
            folder: from.optional("folder"),
        }
    }

    fn check(&self) -> Result<(), (&'static str, String)> {
        let is_known = |dsn: &Secret| SCHEMES.iter().any(|it| dsn.expose().starts_with(it));
        match &self.dsn {
            Some(dsn) if !is_known(dsn) => Err((
                "dsn",
                "begins with none of postgres://, mysql://, mariadb://".to_owned(),
            )),
            _ => Ok(()),
        }
    }
}

/// A way that leads nowhere is told at the start, not when a phone cannot register.
pub(in crate::config) fn check_ways(
    all: &[AsteriskConfig],
    provisioning: &ProvisioningConfig,
    report: &mut Report,
) {
    for (index, asterisk) in all.iter().enumerate() {
        let lacks = match asterisk.provisioned_by {
            Provisioned::Database if provisioning.dsn.is_none() => "dsn",
            Provisioned::Files if provisioning.folder.is_none() => "folder",
            _ => continue,
        };
        let key = format!("asterisk.{index}.provisioned_by");
        let setting = report.settings.iter().find(|setting| setting.key == key);
        report.flaws.push(Flaw {
            origin: setting.map(|setting| setting.origin.clone()),
            what: format!(
                "[[asterisk]] {:?} is provisioned by {}, and `{lacks}` in [provisioning] is not set",
                asterisk.name,
                asterisk.provisioned_by.word()
            ),
        });
    }
}
