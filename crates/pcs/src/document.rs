//! What every result has, in any form: in Pacemaker's XML and in JSON, the request before it, and how
//! it ended after it; the version.

use cib::xml::{Content, Document, Element};
use serde_json::{Map, Value, json};

use crate::ExitCode;
use crate::output::Format;

/// The version of Pacemaker's API schema that XML follows.
const API_VERSION: &str = "2.42";

/// The version of Pacemaker whose behaviour this is.
pub(crate) const VERSION: &str = "3.0.2";
const AUTHOR: &str = "Andrew Beekhof and the Pacemaker project contributors";

/// An XML result of `program` with `arguments`, to which sections can be added.
pub(crate) fn new_xml(program: &str, arguments: &[String]) -> Document {
    let mut document = Document::new("pacemaker-result");
    let root = document.root().xml_id();
    document.set(root, "api-version", API_VERSION);
    document.set(root, "request", &request(program, arguments));
    document
}

/// The text of an XML result that ended so.
pub(crate) fn xml_text(mut document: Document, exit_code: ExitCode, errors: &[String]) -> String {
    let root = document.root().xml_id();
    let status = document.append(root, "status");
    document.set(status, "code", &exit_code.0.to_string());
    document.set(status, "message", exit_code.text());
    if !errors.is_empty() {
        let list = document.append(status, "errors");
        for error in errors {
            let element = document.append(list, "error");
            document.append_text(element, error);
        }
    }
    document.to_string()
}

/// A JSON result with the content of `document`, which [`new_xml`] made: attributes and texts are
/// strings, and children are lists by their name.
pub(crate) fn json_of_xml(document: &Document, exit_code: ExitCode, errors: &[String]) -> String {
    let mut value = Map::new();
    if let Some(request) = document.root().attribute("request") {
        value.insert("request".to_owned(), json!(request));
    }
    if let Value::Object(content) = json_of(document.root()) {
        let own = ["request", "api-version"];
        let content = content.into_iter();
        value.extend(content.filter(|(name, _)| !own.contains(&name.as_str())));
    }
    json_text(value, exit_code, errors)
}

/// An element as JSON: attributes and texts are strings, and children are lists by their name.
pub(crate) fn json_of(element: Element<'_>) -> Value {
    let mut value = Map::new();
    for (name, text) in element.attributes() {
        value.insert(name.to_owned(), json!(text));
    }
    for content in element.nodes() {
        match content {
            Content::Element(child) => {
                let list = value.entry(child.name()).or_insert_with(|| json!([]));
                if let Value::Array(list) = list {
                    list.push(json_of(child));
                }
            }
            Content::Text(text) => {
                value.insert("text".to_owned(), json!(text));
            }
            Content::Comment(_) | Content::Instruction(_) => {}
        }
    }
    Value::Object(value)
}

/// A JSON result of `program` with `arguments`, to which members can be added.
pub(crate) fn new_json(program: &str, arguments: &[String]) -> Map<String, Value> {
    let mut document = Map::new();
    document.insert("request".to_owned(), json!(request(program, arguments)));
    document
}

/// The text of a JSON result that ended so.
pub(crate) fn json_text(
    mut document: Map<String, Value>,
    exit_code: ExitCode,
    errors: &[String],
) -> String {
    let status = json!({
        "code": exit_code.0,
        "message": exit_code.text(),
        "errors": errors,
    });
    document.insert("status".to_owned(), status);
    format!("{:#}\n", Value::Object(document))
}

/// The version of `program`, as `--version` shows it.
pub(crate) fn version(format: Format, program: &str, arguments: &[String]) -> String {
    let build = env!("CARGO_PKG_VERSION");
    match format {
        Format::Text => format!("Pacemaker {VERSION}\nWritten by {AUTHOR}\n"),
        Format::Xml => {
            let mut document = new_xml(program, arguments);
            let root = document.root().xml_id();
            let version = document.append(root, "version");
            for (name, value) in [
                ("program", "Pacemaker"),
                ("version", VERSION),
                ("author", AUTHOR),
                ("build", build),
                ("features", ""),
            ] {
                document.set(version, name, value);
            }
            xml_text(document, ExitCode::OK, &[])
        }
        Format::Json => {
            let mut document = new_json(program, arguments);
            let version = json!({
                "program": "Pacemaker",
                "version": VERSION,
                "author": AUTHOR,
                "build": build,
            });
            document.insert("version".to_owned(), version);
            json_text(document, ExitCode::OK, &[])
        }
        Format::None | Format::Html => String::new(),
    }
}

/// The command line, with what a shell would take apart in quotes.
fn request(program: &str, arguments: &[String]) -> String {
    let is_plain = |character: char| {
        !character.is_whitespace() && !matches!(character, '\'' | '"' | '\\' | '#')
    };
    let mut request = String::from(program);
    for argument in arguments {
        request.push(' ');
        if !argument.is_empty() && argument.chars().all(is_plain) {
            request.push_str(argument);
        } else {
            request.push_str(&format!("'{}'", argument.replace('\'', "'\\''")));
        }
    }
    request
}
