//! What frames every result: the request before it, how it ended after it, in Pacemaker's XML and in
//! JSON.

use cib::xml::Document;
use serde_json::{Map, Value, json};

use crate::ExitCode;

/// The version of Pacemaker's API schema that XML follows.
const API_VERSION: &str = "2.41";

/// An XML result of `program` with `arguments`, to which sections can be added.
pub(crate) fn xml(program: &str, arguments: &[String]) -> Document {
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

/// A JSON result of `program` with `arguments`, to which members can be added.
pub(crate) fn json(program: &str, arguments: &[String]) -> Map<String, Value> {
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
