//! What is told, in the words of mail and of webhooks.

use bytes::Bytes;
use model::Delivery;
use serde_json::{Value, json};

/// What is sent. A mail has all of it; a webhook has the file, or `json` with a file that is JSON as its `report`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Message {
    pub(crate) subject: String,
    pub(crate) text: String,
    pub(crate) html: String,
    pub(crate) file: Option<File>,
    /// Members beside those that every webhook has.
    pub(crate) json: Value,
}

/// An attachment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct File {
    pub(crate) name: String,
    pub(crate) media_type: &'static str,
    pub(crate) bytes: Bytes,
    /// The sources that it lacks.
    pub(crate) missing: Vec<String>,
}

/// The media type of what goes into a webhook's own JSON.
pub(crate) const JSON: &str = "application/json";

impl Message {
    /// The body of a webhook with its media type.
    pub(super) fn body(&self, delivery: &Delivery) -> (&'static str, Bytes) {
        let file = self.file.as_ref();
        if let Some(file) = file.filter(|file| file.media_type != JSON) {
            return (file.media_type, file.bytes.clone());
        }
        let mut body = json!({
            "delivery": delivery.id,
            "event": delivery.event,
            "due_at": delivery.due_at,
            "late": delivery.late,
        });
        if let (Some(body), Some(more)) = (body.as_object_mut(), self.json.as_object()) {
            body.extend(more.clone());
        }
        let mut body = body.to_string().into_bytes();
        if let Some(report) = file {
            // In the place of the closing brace: what is large is not read and written again.
            body.pop();
            body.extend_from_slice(b",\"report\":");
            body.extend_from_slice(&report.bytes);
            body.push(b'}');
        }
        (JSON, body.into())
    }

    /// Of text alone: a heading and its lines.
    pub(crate) fn plain(subject: &str, lines: &[String], json: Value) -> Self {
        Self {
            subject: subject.to_owned(),
            text: lines.join("\n\n") + "\n",
            html: page(subject, &paragraphs(lines)),
            file: None,
            json,
        }
    }
}

/// In HTML, each line for itself.
pub(crate) fn paragraphs(lines: &[String]) -> String {
    let paragraphs = lines.iter().map(|line| format!("<p>{}</p>", escaped(line)));
    paragraphs.collect()
}

/// A whole page around `body`, which is HTML.
pub(crate) fn page(title: &str, body: &str) -> String {
    let title = escaped(title);
    format!(
        "<!DOCTYPE html><html><head><meta charset=\"utf-8\"><title>{title}</title></head>\
         <body style=\"font-family:sans-serif\"><h2>{title}</h2>{body}</body></html>"
    )
}

/// Text that is to stand in HTML.
pub(crate) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            c => escaped.push(c),
        }
    }
    escaped
}

/// What says that deliveries arrive.
pub(super) fn test() -> Message {
    let lines = ["Cordboard can reach you: reports and alarms will arrive here.".to_owned()];
    Message::plain("Cordboard: a test", &lines, json!({}))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_came_from_outside_is_html() {
        let lines = ["<script>\"a\" & b</script>".to_owned()];
        let message = Message::plain("<b>", &lines, json!({}));
        assert!(
            message
                .html
                .contains("<p>&lt;script&gt;&quot;a&quot; &amp; b&lt;/script&gt;</p>"),
            "{}",
            message.html
        );
        assert!(message.html.contains("<title>&lt;b&gt;</title>"));
    }
}
