//! `ccs`: a `cluster.conf` of CMAN, made and changed in the words of RHEL 6 (ccs(8)).
//!
//! ```text
//! words ─► request ─► an edit of the elements ─► the file, its version one higher
//! ```
//!
//! Owns: what `ccs -f FILE` does to that file. A cluster that is created here gets an authority of its
//! own, as an element `keel` of the file: each node that has the file makes its keys with it, so that
//! copying the file is all there is to do, as with CMAN. Whoever can read the file can make nodes.
//!
//! Must never: speak to ricci on other machines (`-h HOST`), which is not there.

mod edit;
mod request;

use ::cib::xml::Document;
use diagnostics::Sources;

use crate::files::reason;
use crate::pcs::hosts::Authority;
use crate::{ExitCode, Files, Outcome};
use request::{Request, Verb};

/// What stands before the root element.
const HEAD: &str = "<?xml version=\"1.0\"?>\n";

/// Makes the authority of a new cluster of that name.
pub type MakeAuthority<'m> = &'m mut dyn FnMut(&str) -> Result<Authority, String>;

/// Runs the command with `arguments` (without its own name).
#[must_use]
pub fn run(arguments: &[String], files: &mut dyn Files, make: MakeAuthority<'_>) -> Outcome {
    let mut outcome = Outcome::default();
    match perform(arguments, files, make) {
        Ok(text) => outcome.standard_output = text,
        Err(text) => outcome.fail(text.trim_end(), ExitCode::ERROR),
    }
    outcome
}

fn perform(
    arguments: &[String],
    files: &mut dyn Files,
    make: MakeAuthority<'_>,
) -> Result<String, String> {
    let request = Request::parse(arguments)?;
    let path = &request.file;
    let verb = match &request.verb {
        Verb::Help => return Ok(request::USAGE.to_owned()),
        Verb::Create { name } => {
            let document = edit::create(name, &make(name)?);
            write(files, path, &document)?;
            return Ok(String::new());
        }
        verb => verb,
    };
    let bytes = files
        .read(path)
        .map_err(|error| format!("Unable to open file: {path}: {}", reason(&error)))?;
    let text = String::from_utf8_lossy(&bytes);
    if matches!(verb, Verb::Print) {
        return Ok(text.into_owned());
    }
    if matches!(verb, Verb::Check) {
        return check(path, &text);
    }
    let mut document = Document::parse_without_text(&text)
        .map_err(|error| format!("Unable to parse {path}: {error}"))?;
    if document.root().name() != "cluster" {
        return Err(format!(
            "Unable to parse {path}: there is no element 'cluster'"
        ));
    }
    let said = edit::apply(&mut document, verb)?;
    if verb.is_change() {
        edit::raise_version(&mut document, verb);
        write(files, path, &document)?;
    }
    Ok(said)
}

fn write(files: &mut dyn Files, path: &str, document: &Document) -> Result<(), String> {
    files
        .write_secret(path, &format!("{HEAD}{document}"))
        .map_err(|error| format!("Unable to write {path}: {}", reason(&error)))
}

/// What the cluster's daemon would say of the file.
fn check(path: &str, text: &str) -> Result<String, String> {
    let mut sources = Sources::default();
    let loaded = corosync_config::load_cluster_conf(path, text, &mut sources);
    let messages: String = loaded
        .diagnostics
        .iter()
        .map(|message| diagnostics::render(&sources, message, false))
        .collect();
    match loaded.configuration {
        Some(_) => Ok(messages + "Configuration is valid\n"),
        None => Err(messages),
    }
}
