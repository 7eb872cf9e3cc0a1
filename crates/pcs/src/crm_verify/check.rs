//! What is wrong with a CIB.

use cib::schema::{self, Schema, Version, Violation};
use cib::time::DateTime;
use cib::xml::Document;
use scheduler::model::{Message, Severity};
use scheduler::{Wishes, constraints, decide, expansion, read};

use crate::said;

/// What there is to say about a CIB.
#[derive(Clone, Debug, Default)]
pub(super) struct Findings {
    /// What is told about the input as such, whatever the form of the output.
    pub notices: Vec<String>,
    /// What is always told, line by line.
    pub lines: Vec<String>,
    /// What the scheduler says, errors of the configuration first of all.
    pub messages: Vec<Message>,
    has_error: bool,
}

/// How a CIB is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Nothing is wrong.
    Valid,
    /// It can be used; something is odd.
    MayNeedAttention,
    /// It cannot be used as it is.
    Invalid,
}

impl Findings {
    pub fn verdict(&self) -> Verdict {
        let has = |severity| {
            let is_one = |it: &Message| it.about_configuration && it.severity == severity;
            self.messages.iter().any(is_one)
        };
        if self.has_error || has(Severity::Error) {
            Verdict::Invalid
        } else if has(Severity::Warning) {
            Verdict::MayNeedAttention
        } else {
            Verdict::Valid
        }
    }

    fn fail(mut self, lines: impl IntoIterator<Item = String>) -> Self {
        self.lines.extend(lines);
        self.has_error = true;
        self
    }

    fn say(&mut self, severity: Severity, text: String) {
        self.messages.push(Message {
            severity,
            about_configuration: true,
            text,
        });
    }
}

/// Checks `cib`: its outermost element, that it follows the schema that it claims, and what the
/// scheduler has to say of it. `file` is where it comes from, if it is a file.
pub(super) fn check(mut cib: Document, file: Option<&str>, now: DateTime) -> Findings {
    let mut findings = Findings::default();
    let root = cib.root();
    if root.name() != "cib" {
        let name = root.name().to_owned();
        return findings.fail([format!(
            "Input is not a CIB (outermost element is {name} not cib)"
        )]);
    }
    let has_status = root.child("status").is_some();
    if !has_status {
        let root = root.xml_id();
        cib.append(root, "status");
    }
    match schema::claimed(&cib) {
        Ok(Schema::Version(_)) => {}
        Ok(Schema::Unchecked) => {
            findings.say(
                Severity::Warning,
                "Support for validate-with='none' is deprecated and will be removed in a future \
                 release without the possibility of upgrades (manually edit to use a supported \
                 schema)"
                    .to_owned(),
            );
            findings.notices.push(said::UNCHECKED.to_owned());
        }
        Err(error) => {
            findings.say(Severity::Error, error.to_string());
            return findings;
        }
    }
    let violations = schema::validate(&cib).unwrap_or_default();
    if !violations.is_empty() {
        return findings.fail(violations.iter().map(|it| violation_line(it, file)));
    }
    match schema::upgrade(&mut cib) {
        Ok(notices) => findings
            .notices
            .extend(notices.iter().map(ToString::to_string)),
        Err(error) => {
            return findings.fail([
                error.to_string(),
                format!(
                    "The cluster will NOT be able to use this configuration.\n\
                     Please manually update the configuration to conform to the {} syntax.",
                    Version::CURRENT
                ),
            ]);
        }
    }
    let expanded = expansion::expand(&cib);
    let mut plan = read(&expanded, now, Wishes::default());
    if has_status {
        decide(&mut plan);
        plan.messages.extend(said::actions(&plan));
    } else {
        // Of a cluster whose state is not known, nothing can be decided.
        constraints::apply_node_health(&mut plan);
        constraints::unpack(&mut plan);
    }
    findings.messages.append(&mut plan.messages);
    findings
}

/// In libxml2's form, which editors understand, with the id and the attribute at fault.
fn violation_line(violation: &Violation, file: Option<&str>) -> String {
    let mut line = String::new();
    if let Some(file) = file {
        line.push_str(file);
        line.push(':');
    }
    if let Some(number) = violation.line {
        line.push_str(&format!("{number}: "));
    }
    line.push_str("element ");
    line.push_str(&violation.element);
    if let Some(id) = &violation.id {
        line.push_str(&format!(" '{id}'"));
    }
    line.push_str(": validity error : ");
    line.push_str(&violation.problem);
    line
}
