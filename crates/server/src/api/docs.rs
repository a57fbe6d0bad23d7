//! The interface described: as OpenAPI for programs, as one page for people, with nothing loaded from elsewhere.

use std::fmt::Write as _;

use axum::{Json, extract::State, response::Html};
use serde_json::Value;
use utoipa::openapi::OpenApi;

use super::Api;

const STYLE: &str = include_str!("docs.css");

/// This description, for programs.
#[utoipa::path(
    get,
    path = "/openapi.json",
    operation_id = "openapi_show",
    tag = "operation",
    responses((status = 200, description = "OpenAPI 3.1", content_type = "application/json"))
)]
pub(crate) async fn document(State(api): State<Api>) -> Json<OpenApi> {
    Json(api.document.clone())
}

/// This description, for people.
#[utoipa::path(
    get,
    path = "/docs",
    operation_id = "docs_show",
    tag = "operation",
    responses((status = 200, description = "A page", body = String, content_type = "text/html"))
)]
pub(crate) async fn page(State(api): State<Api>) -> Html<String> {
    let document = serde_json::to_value(&api.document).unwrap_or_default();
    Html(render(&document))
}

fn render(document: &Value) -> String {
    let mut page = String::new();
    let _ = write!(
        page,
        "<!doctype html><html lang=en><head><meta charset=utf-8><title>Cordboard API</title>\
         <meta name=viewport content=\"width=device-width\"><style>{STYLE}</style></head><body>\
         <header><h1>Cordboard API <small>{}</small></h1>{}\
         <p>For programs: <a href=/openapi.json>/openapi.json</a></p></header><nav>",
        text(&document["info"]["version"]),
        prose(&document["info"]["description"]),
    );
    let tags = document["tags"].as_array().cloned().unwrap_or_default();
    for tag in &tags {
        let name = text(&tag["name"]);
        let _ = write!(page, "<a href=#{name}>{name}</a> ");
    }
    page.push_str("<a href=#problems>problems</a> <a href=#schemas>schemas</a></nav><main>");
    for tag in &tags {
        section(&mut page, document, tag);
    }
    problems(&mut page);
    schemas(&mut page, document);
    page.push_str("</main></body></html>");
    page
}

fn section(page: &mut String, document: &Value, tag: &Value) {
    let name = text(&tag["name"]);
    let _ = write!(
        page,
        "<section id={name}><h2>{name}</h2>{}",
        prose(&tag["description"])
    );
    let paths = document["paths"].as_object();
    for (path, item) in paths.into_iter().flatten() {
        for method in ["get", "post", "put", "delete"] {
            let operation = &item[method];
            let tags = operation["tags"].as_array();
            if tags.is_some_and(|tags| tags.contains(&tag["name"])) {
                one_operation(page, path, method, operation);
            }
        }
    }
    page.push_str("</section>");
}

fn one_operation(page: &mut String, path: &str, method: &str, operation: &Value) {
    let _ = write!(
        page,
        "<details><summary><b class={method}>{method}</b> <code>{}</code> <span>{}</span></summary>{}<p class=roles>",
        escape(path),
        text(&operation["summary"]),
        prose(&operation["description"]),
    );
    for role in operation["x-roles"].as_array().into_iter().flatten() {
        let _ = write!(page, "<i>{}</i> ", text(role));
    }
    page.push_str("</p><table>");
    for parameter in operation["parameters"].as_array().into_iter().flatten() {
        let _ = write!(
            page,
            "<tr><th><code>{}</code><td>{}<td>{}<td>{}",
            text(&parameter["name"]),
            text(&parameter["in"]),
            kind(&parameter["schema"]),
            text(&parameter["description"]),
        );
    }
    for (media, content) in operation["requestBody"]["content"]
        .as_object()
        .into_iter()
        .flatten()
    {
        let _ = write!(
            page,
            "<tr><th>body<td>{}<td>{}<td>",
            escape(media),
            kind(&content["schema"])
        );
    }
    for (status, response) in operation["responses"].as_object().into_iter().flatten() {
        let body = response["content"]
            .as_object()
            .and_then(|all| all.values().next());
        let _ = write!(
            page,
            "<tr><th>{}<td><td>{}<td>{}",
            escape(status),
            body.map(|body| kind(&body["schema"])).unwrap_or_default(),
            text(&response["description"]),
        );
    }
    page.push_str("</table></details>");
}

fn problems(page: &mut String) {
    page.push_str(
        "<section id=problems><h2>problems</h2><p>Every refusal has one of these codes.</p><table>",
    );
    for code in crate::problem::Code::ALL {
        let _ = write!(
            page,
            "<tr id={0}><th><code>{0}</code><td>{1}<td>{2}",
            code.as_str(),
            code.status().as_u16(),
            escape(code.title()),
        );
    }
    page.push_str("</table></section>");
}

fn schemas(page: &mut String, document: &Value) {
    page.push_str("<section id=schemas><h2>schemas</h2>");
    let all = document["components"]["schemas"].as_object();
    for (name, schema) in all.into_iter().flatten() {
        let _ = write!(
            page,
            "<details><summary><code>{0}</code></summary><div id=\"schema-{0}\">{1}<p>{2}</p></div><table>",
            escape(name),
            prose(&schema["description"]),
            if schema["properties"].is_object() {
                String::new()
            } else {
                kind(schema)
            },
        );
        for (field, shape) in schema["properties"].as_object().into_iter().flatten() {
            let _ = write!(
                page,
                "<tr><th><code>{}</code><td>{}<td>{}",
                escape(field),
                kind(shape),
                text(&shape["description"]),
            );
        }
        page.push_str("</table></details>");
    }
    page.push_str("</section>");
}

/// A schema in a few words, with links to those that have a name.
fn kind(schema: &Value) -> String {
    if let Some(name) = schema["$ref"]
        .as_str()
        .and_then(|path| path.rsplit('/').next())
    {
        let name = escape(name);
        return format!("<a href=\"#schema-{name}\">{name}</a>");
    }
    for (key, between) in [("oneOf", " or "), ("anyOf", " or "), ("allOf", " with ")] {
        if let Some(parts) = schema[key].as_array() {
            return parts.iter().map(kind).collect::<Vec<_>>().join(between);
        }
    }
    if let Some(words) = schema["enum"].as_array() {
        let words: Vec<_> = words
            .iter()
            .map(|word| format!("<code>{}</code>", text(word)))
            .collect();
        return words.join(" ");
    }
    if schema["items"].is_object() {
        return format!("list of {}", kind(&schema["items"]));
    }
    if let Some(fields) = schema["properties"].as_object() {
        let fields: Vec<_> = fields
            .iter()
            .map(|(name, shape)| format!("<code>{}</code> {}", escape(name), kind(shape)))
            .collect();
        return format!("{{ {} }}", fields.join(", "));
    }
    let name = match &schema["type"] {
        Value::Array(names) => names.iter().map(text).collect::<Vec<_>>().join(" or "),
        name => text(name),
    };
    match &schema["format"] {
        Value::Null => name,
        format => format!("{name} <small>{}</small>", text(format)),
    }
}

fn text(value: &Value) -> String {
    escape(value.as_str().unwrap_or_default())
}

/// Paragraphs, with `code` between backticks.
fn prose(value: &Value) -> String {
    let escaped = text(value);
    let mut html = String::from("<p>");
    for (place, part) in escaped.split('`').enumerate() {
        if place > 0 {
            html.push_str(if place % 2 == 1 { "<code>" } else { "</code>" });
        }
        html.push_str(&part.replace("\n\n", "</p><p>"));
    }
    html.push_str("</p>");
    html
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
