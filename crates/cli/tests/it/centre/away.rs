//! What changes while Asterisk's manager interface cannot be reached.

use std::time::{Duration, Instant};

use lab::Release;
use serde_json::{Value, json};

use super::{
    LIMIT, id,
    realtime::{Site, path, state},
};

impl Site {
    /// Gives the manager interface's secret.
    async fn manager(&self, secret: &str) {
        let servers = self.centre.get("/v1/servers").await;
        let one = &servers["items"][0];
        let fields = json!({
            "name": one["name"], "ari_url": one["ari_url"], "ari_user": one["ari_user"],
            "ami": {"address": one["ami"]["address"], "user": one["ami"]["user"], "secret": secret},
        });
        let path = format!("/v1/servers/{}", id(one));
        self.centre.put(&path, fields).await;
    }

    async fn is(&self, made: &Value, wanted: &str) {
        let began = Instant::now();
        while self.seen(made).await["state"] != wanted {
            assert!(began.elapsed() < LIMIT, "{}", self.seen(made).await);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_registered_with_an_old_secret_is_not_called_once_asterisk_can_be_told() {
    let Some(site) = Site::start(Release::Asterisk22).await else {
        return;
    };
    let made = site.extension(151).await;
    let phone = site.phone(151, &made);
    site.registers(&phone).await;
    let secret = site.lab.secret().to_owned();
    site.manager("wrong").await;
    site.is(&made, "pending").await;
    let renewed = format!("{}/secret", path(&made));
    let renewed = site.centre.post(&renewed, json!({})).await;
    assert_eq!(state(&renewed), "pending", "{renewed}");

    site.manager(&secret).await;
    site.is(&made, "live").await;
    let seen = site.seen(&made).await;
    assert_eq!(seen["contacts"], json!([]), "{seen}");
}
