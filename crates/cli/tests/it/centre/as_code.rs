//! The set-up as one file, with a real Asterisk and a phone that is in it.

use std::process::{Command, Output};

use lab::Release;

use super::realtime::Site;

const SECRET: &str = "plain-secret";

/// A file with one phone, as those of the lab are.
fn file(more: &str) -> String {
    format!(
        "[[extensions]]\nnumber = \"151\"\nname = \"Nora Example\"\ncontext = \"from-phone\"\ncodecs = [\"ulaw\", \"alaw\"]\n\
         nat = false\nqualify_seconds = 0\nsecret_env = \"PHONE_151\"\n{more}"
    )
}

impl Site {
    fn command(&self, line: &str) -> Output {
        let folder = self.centre.data();
        std::fs::write(folder.join("key"), &self.centre.key).unwrap();
        let command = Command::new(env!("CARGO_BIN_EXE_cordboard"))
            .args(line.split_whitespace())
            .args(["--api", &format!("http://{}", self.centre.listen)])
            .args(["--key-file", "key"])
            .env("PHONE_151", SECRET)
            .current_dir(&folder)
            .output();
        command.unwrap()
    }

    /// Applies a file; gives what was said.
    fn apply(&self, text: &str) -> String {
        std::fs::write(self.centre.data().join("centre.toml"), text).unwrap();
        self.done("apply -f centre.toml --yes --remove")
    }

    fn done(&self, line: &str) -> String {
        let output = self.command(line);
        assert!(output.status.success(), "{line}: {output:?}");
        let said = String::from_utf8(output.stdout).unwrap();
        assert!(!said.contains(SECRET), "{said}");
        said
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_of_a_file_registers_changes_goes_and_comes_back() {
    let Some(site) = Site::start(Release::Asterisk22).await else {
        return;
    };
    let phone = site.lab.strange_phone(151);
    phone.logs_in_with(SECRET);
    assert!(phone.register().await.is_err(), "it is not set up yet");
    site.apply(&file(""));
    site.registers(&phone).await;
    site.lab.wait_endpoint("151", "online").await.unwrap();

    let renamed = file("").replace("Nora", "Omar");
    let said = site.apply(&renamed);
    assert!(said.contains("1 phone is registered as it"), "{said}");
    site.registers(&phone).await;
    let said = site.apply(&renamed);
    assert!(said.starts_with("Nothing to do"), "{said}");

    site.apply(&file("active = false\n"));
    assert!(phone.register().await.is_err(), "it is switched off");
    site.done("rollback --yes");
    site.registers(&phone).await;

    site.apply("extensions = []\n");
    assert!(phone.register().await.is_err(), "it is gone");
    site.done("rollback --yes --secrets-from PHONE_151");
    site.registers(&phone).await;
}
