//! What differs from the files that were applied, where there are several.

use serde_json::json;

use super::Site;

const PHONES: &str = "[[extensions]]\nnumber = \"101\"\nsecret_file = \"secrets/101\"\n[[extensions]]\nnumber = \"102\"\n";
const QUEUES: &str = "[[queues]]\nname = \"sales\"\nring_seconds = 20\n";

fn with_both() -> Site {
    let site = Site::with_example();
    site.applied(PHONES, "");
    site.applied(QUEUES, "");
    site
}

#[test]
fn each_section_is_compared_with_the_newest_file_that_has_it() {
    let site = with_both();
    assert_eq!(site.run("plan").code, 0);
    let phone = format!("/v1/extensions/{}", site.id("/v1/extensions"));
    site.ask("DELETE", &phone, "");
    let drifted = site.run("plan");
    assert_eq!(drifted.code, 6, "{}", drifted.err);
    assert!(drifted.out.contains("+ extension 101"), "{}", drifted.out);
    assert!(!drifted.out.contains("queue"), "{}", drifted.out);
}

#[test]
fn files_that_change_nothing_leave_no_change_behind() {
    let site = with_both();
    let kept = |site: &Site| site.ask("GET", "/v1/centre/changes", "")["items"].clone();
    let before = kept(&site);
    for _ in 0..2 {
        site.applied(PHONES, "");
        site.applied(QUEUES, "");
    }
    assert_eq!(kept(&site), before);
    // One that says more than was known is what is compared with from now on.
    site.applied(&format!("{QUEUES}wrap_up_seconds = 10\n"), "");
    let queue = format!("/v1/queues/{}", site.id("/v1/queues"));
    let other = json!({"name": "sales", "ring_seconds": 20, "wrap_up_seconds": 11});
    site.ask("PUT", &queue, &other.to_string());
    assert_eq!(site.run("plan").code, 6);
}

#[test]
fn where_a_secret_is_outlives_files_of_other_sections() {
    let site = with_both();
    let source = "secret_file = \"secrets/101\"";
    assert!(site.exported().contains(source));
    site.applied("[[extensions]]\nnumber = \"102\"\n", "--remove");
    let plan = site.run("rollback");
    assert!(
        plan.out
            .contains("secret: set, from the file secrets/101\n"),
        "{}",
        plan.out
    );
}
