//! Routes of centre files; what they do is tried by the commands that use them.

use reqwest::Method;
use serde_json::json;

use crate::bad_input::Route;

pub(crate) fn routes() -> [Route; 2] {
    let file = "[[queues]]\nname = \"a\"\n";
    let change = json!({"kind": "apply", "document": file, "before": file});
    let draft = json!({"section": "queues", "items": [{"name": "a"}]});
    [
        Route::new(Method::POST, "/v1/centre/changes", &[], change).up_to(12 << 20),
        Route::new(Method::POST, "/v1/centre/check", &[], draft),
    ]
}
