use model::AmiAccess;
use server::config::Secret;

use super::*;

fn server(provisioned_by: ProvisionedBy) -> Server {
    Server {
        id: "00000000-0000-0000-0000-000000000000".parse().unwrap(),
        name: "main".to_owned(),
        ari_url: "http://127.0.0.1:8088/ari".to_owned(),
        ari_user: "cordboard".to_owned(),
        application: "cordboard".to_owned(),
        active: true,
        dial_out: None,
        ami: Some(AmiAccess {
            address: "pbx.example.org:5038".to_owned(),
            user: "cordboard".to_owned(),
            tls: false,
        }),
        provisioned_by,
    }
}

/// All files, with secrets that have a meaning in files.
fn rendered(way: ProvisionedBy, scope: Scope) -> Vec<File> {
    let (server, mut values) = (server(way), Values::default());
    let mut config = Config::default();
    let dsn = "postgres://asterisk:data%3Bbase%7B%7Buser%7D%7D@127.0.0.1/pbx";
    config.provisioning.dsn = Some(Secret::new(dsn));
    config.provisioning.folder = Some("/etc/asterisk/cordboard".into());
    values.asking("http://127.0.0.1:8080", &server, "pass-word_1");
    values.odbc(&config).unwrap();
    values.logins(&server, "ari;\"secret", Some("ami;secret"));
    values.phones(&server, &config);
    values.fill(&templates(&server, scope))
}

fn names_of(files: &[File], what: &str) -> Vec<&'static str> {
    let with = files.iter().filter(|file| file.text.contains(what));
    with.map(|file| file.name).collect()
}

fn text<'a>(files: &'a [File], name: &str) -> &'a str {
    let file = files.iter().find(|file| file.name == name);
    &file.unwrap().text
}

#[test]
fn each_secret_is_where_it_is_needed_and_nowhere_else() {
    for way in [
        ProvisionedBy::Http,
        ProvisionedBy::Database,
        ProvisionedBy::Files,
    ] {
        let files = rendered(way, Scope::All);
        assert_eq!(names_of(&files, "pass-word_1"), ["extconfig.conf"]);
        assert_eq!(
            names_of(&files, "\npassword = ari\\;\"secret\n"),
            ["ari.conf"]
        );
        assert_eq!(
            names_of(&files, "\nsecret = ami\\;secret\n"),
            ["manager.conf"]
        );
        let database = names_of(&files, "data\\;base");
        assert_eq!(database.is_empty(), way != ProvisionedBy::Database);
        for file in &files {
            assert!(
                file.text.starts_with(server::whole_file::HEADER),
                "{}",
                file.name
            );
        }
    }
    let files = rendered(ProvisionedBy::Database, Scope::Phones);
    // What looks like a name of ours in a value is none.
    assert!(text(&files, "res_odbc.conf").contains("\npassword => data\\;base{{user}}\n"));
}

#[test]
fn each_way_has_its_files() {
    let names = |way, scope| {
        let files = rendered(way, scope);
        files
            .iter()
            .map(|file| file.name)
            .collect::<Vec<_>>()
            .join(" ")
    };
    assert_eq!(
        names(ProvisionedBy::Http, Scope::Phones),
        "extconfig.conf sorcery.conf res_curl.conf extensions_cordboard.conf"
    );
    assert_eq!(
        names(ProvisionedBy::Database, Scope::Phones),
        "extconfig.conf sorcery.conf res_odbc.conf odbc.ini odbcinst.ini res_curl.conf extensions_cordboard.conf"
    );
    assert_eq!(
        names(ProvisionedBy::Files, Scope::All),
        "extconfig.conf res_curl.conf extensions_cordboard.conf ari.conf http.conf pjsip.conf extensions.conf modules.conf manager.conf"
    );
}

#[test]
fn asterisk_asks_and_listens_where_it_is_meant_to() {
    let files = rendered(ProvisionedBy::Http, Scope::All);
    assert!(text(&files, "extconfig.conf").contains(
        "ps_auths => curl,http://00000000-0000-0000-0000-000000000000:pass-word_1@127.0.0.1:8080/realtime/ps_auths\n"
    ));
    let dialplan = text(&files, "extensions_cordboard.conf");
    assert!(
        dialplan.contains("\n[cordboard-1](cordboard)\n"),
        "{dialplan}"
    );
    assert!(
        dialplan.ends_with("\n[cordboard-100](cordboard)\n"),
        "{dialplan}"
    );
    assert!(text(&files, "http.conf").contains("bindaddr = 127.0.0.1\nbindport = 8088\n"));
    assert!(text(&files, "manager.conf").contains("bindaddr = 0.0.0.0\nport = 5038\n"));
    let files = rendered(ProvisionedBy::Files, Scope::All);
    let include = "\n#include /etc/asterisk/cordboard/main/pjsip_cordboard.conf\n";
    assert!(text(&files, "pjsip.conf").ends_with(include));
    let files = rendered(ProvisionedBy::Database, Scope::All);
    assert!(text(&files, "extconfig.conf").contains("\nps_auths => odbc,cordboard\n"));
    assert!(text(&files, "modules.conf").contains("\nload = res_config_odbc.so\n"));
}
