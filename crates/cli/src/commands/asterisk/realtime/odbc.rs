//! A database's address as ODBC has it.

use percent_encoding::percent_decode_str;
use reqwest::Url;

use crate::failure::{Code, Failure};

/// What `res_odbc.conf`, `odbc.ini` and `odbcinst.ini` say of a database.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Odbc {
    pub(super) user: String,
    pub(super) password: String,
    /// The name under which Debian's packages make it known.
    pub(super) driver: &'static str,
    pub(super) library: &'static str,
    /// Where it is, a line for each.
    pub(super) place: String,
}

impl Odbc {
    /// `postgres://USER:PASSWORD@HOST:PORT/DATABASE`, or `mysql` or `mariadb` in its place.
    pub(super) fn read(dsn: &str) -> Result<Self, Failure> {
        let wrong = |why: &str| {
            Failure::new(
                Code::Config,
                "the database of [provisioning] cannot be written as ODBC has it",
            )
            .because(why)
        };
        let url = Url::parse(dsn).map_err(|error| wrong(&error.to_string()))?;
        let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
        let database = decoded(url.path().trim_start_matches('/'));
        let host = decoded(url.host_str().unwrap_or("127.0.0.1"));
        let (user, password) = (
            decoded(url.username()),
            decoded(url.password().unwrap_or_default()),
        );
        // In these files nothing can be quoted.
        let plain = |text: &str| !text.contains(|c: char| c.is_control() || ";[]{}=".contains(c));
        if database.is_empty() || !plain(&database) || !plain(host.trim_matches(['[', ']'])) {
            return Err(wrong(
                "host or database are missing, or have characters that odbc.ini cannot hold",
            ));
        }
        if [&user, &password]
            .iter()
            .any(|it| it.trim() != **it || it.contains(char::is_control))
        {
            return Err(wrong(
                "user or password begin or end with a space, or have a control character",
            ));
        }
        let host = host.trim_matches(['[', ']']);
        let is_postgres = url.scheme().starts_with("postgres");
        let port = url.port().unwrap_or(if is_postgres { 5432 } else { 3306 });
        let (driver, library, place) = if is_postgres {
            let place = format!(
                "Servername = {host}\nPort = {port}\nDatabase = {database}\nMaxVarcharSize = 2048"
            );
            ("PostgreSQL Unicode", "psqlodbcw.so", place)
        } else {
            let place =
                format!("SERVER = {host}\nPORT = {port}\nDATABASE = {database}\nCHARSET = utf8mb4");
            ("MariaDB Unicode", "libmaodbc.so", place)
        };
        Ok(Self {
            user,
            password,
            driver,
            library,
            place,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_taken_apart() {
        let odbc =
            Odbc::read("postgres://asterisk:a%22%3B%20b%40@db.example.org/pbx?sslmode=require")
                .unwrap();
        assert_eq!(
            (odbc.user.as_str(), odbc.password.as_str()),
            ("asterisk", "a\"; b@")
        );
        assert!(
            odbc.place
                .starts_with("Servername = db.example.org\nPort = 5432\nDatabase = pbx\n"),
            "{}",
            odbc.place
        );
        let odbc = Odbc::read("mariadb://u:p@[::1]:3307/pbx").unwrap();
        assert!(
            odbc.place.starts_with("SERVER = ::1\nPORT = 3307\n"),
            "{}",
            odbc.place
        );
        assert_eq!(odbc.driver, "MariaDB Unicode");
    }

    #[test]
    fn what_the_files_cannot_hold_is_refused() {
        for bad in [
            "postgres://u:p@h",
            "postgres://u:p@h/a%3Bb",
            "postgres://u:p@h/a%0Ab",
            "mysql://u:p%0A@h/d",
            "mysql://u:%20p@h/d",
            "no address",
        ] {
            assert!(Odbc::read(bad).is_err(), "{bad}");
        }
    }
}
