//! The words of `lab.toml`.

use std::collections::BTreeMap;
use std::ops::Range;

use diagnostics::{Diagnostic, Diagnostics, SourceId, Span};
use serde::Deserialize;
use toml::Spanned;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PlanFile {
    #[serde(default)]
    pub(super) summary: String,
    pub(super) address: Spanned<String>,
    pub(super) home: Option<Spanned<String>>,
    pub(super) switches: Vec<Spanned<String>>,
    pub(super) node: Vec<NodeFile>,
    pub(super) client: ClientFile,
    #[serde(default)]
    pub(super) engine: BTreeMap<String, EngineFile>,
    pub(super) probe: ProbeFile,
    #[serde(default)]
    pub(super) times: TimesFile,
    #[serde(default)]
    pub(super) fault: Vec<FaultFile>,
    #[serde(default)]
    pub(super) bmc: Vec<BmcFile>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct BmcFile {
    pub(super) name: Spanned<String>,
    pub(super) node: Spanned<String>,
    pub(super) interfaces: Vec<InterfaceFile>,
    pub(super) user: String,
    pub(super) password: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StepFile {
    pub(super) on: Spanned<String>,
    pub(super) run: Spanned<Words>,
    #[serde(default)]
    pub(super) exit: i32,
    pub(super) says: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NodeFile {
    pub(super) name: Spanned<String>,
    #[serde(default)]
    pub(super) interfaces: Vec<InterfaceFile>,
    #[serde(default)]
    pub(super) files: BTreeMap<Spanned<String>, Spanned<String>>,
    #[serde(default)]
    pub(super) users: Vec<Spanned<String>>,
    #[serde(default)]
    pub(super) sysctls: BTreeMap<String, Spanned<Scalar>>,
    #[serde(default)]
    pub(super) disks_mib: BTreeMap<Spanned<String>, u32>,
    #[serde(default)]
    pub(super) keeps: Vec<Spanned<String>>,
    #[serde(default)]
    pub(super) commands: BTreeMap<Spanned<String>, Spanned<Words>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ClientFile {
    pub(super) interfaces: Vec<InterfaceFile>,
    #[serde(default)]
    pub(super) commands: BTreeMap<Spanned<String>, Spanned<Words>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct InterfaceFile {
    pub(super) name: Spanned<String>,
    pub(super) switch: Spanned<String>,
    #[serde(default)]
    pub(super) addresses: Vec<Spanned<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EngineFile {
    #[serde(default)]
    pub(super) needs: Vec<String>,
    pub(super) commands: BTreeMap<Spanned<String>, Spanned<Words>>,
    #[serde(default)]
    pub(super) nodes: Vec<Spanned<String>>,
    #[serde(default)]
    pub(super) files: BTreeMap<Spanned<String>, Spanned<String>>,
    #[serde(default)]
    pub(super) parts: BTreeMap<String, Spanned<crate::protocol::Target>>,
    #[serde(default)]
    pub(super) links: Vec<Spanned<String>>,
    #[serde(default)]
    pub(super) step: Vec<StepFile>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ProbeFile {
    pub(super) url: Option<Spanned<String>>,
    pub(super) udp: Option<Spanned<String>>,
    pub(super) pace_ms: Option<Spanned<f64>>,
    pub(super) timeout_ms: Option<u64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TimesFile {
    pub(super) settle_ms: Option<u64>,
    pub(super) steady_ms: Option<u64>,
    pub(super) lead_ms: Option<u64>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FaultFile {
    pub(super) name: Spanned<String>,
    #[serde(rename = "do")]
    pub(super) action: Spanned<String>,
    pub(super) on: Option<Spanned<String>>,
    pub(super) part: Option<Spanned<String>>,
    pub(super) signal: Option<Spanned<String>>,
    pub(super) interface: Option<Spanned<String>>,
    pub(super) times: Option<Spanned<u32>>,
    pub(super) down_ms: Option<Spanned<u64>>,
    pub(super) up_ms: Option<Spanned<u64>>,
    pub(super) groups: Option<Spanned<Vec<Vec<Spanned<String>>>>>,
    pub(super) percent: Option<Spanned<u8>>,
    #[serde(rename = "match")]
    pub(super) matching: Option<Spanned<String>>,
    pub(super) path: Option<Spanned<String>>,
    pub(super) command: Option<Spanned<Words>>,
    pub(super) undo: Option<Spanned<Words>>,
    pub(super) observe_ms: Option<u64>,
    pub(super) at_most_ms: Option<u64>,
    pub(super) max_gap_ms: Option<f64>,
    pub(super) max_failed: Option<u64>,
    pub(super) max_failed_after: Option<u64>,
    pub(super) max_two_holders_ms: Option<f64>,
}

/// A kernel setting's value.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Scalar {
    Number(i64),
    Text(String),
}

/// A command: words in a list, or one text with words between blanks.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Words {
    Text(String),
    List(Vec<String>),
}

pub(super) fn parse(source: SourceId, text: &str) -> Result<PlanFile, Diagnostics> {
    toml::from_str(text).map_err(|error| {
        let message = error.message().lines().collect::<Vec<_>>().join(", ");
        let quoted: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
        // serde's sentence: unknown field `WRITTEN`, expected one of `A`, `B` …
        let mut problem = match quoted.split_first() {
            Some((written, known)) if message.starts_with("unknown ") => {
                Diagnostic::error(message.clone()).suggest(written, known.iter().copied())
            }
            _ => Diagnostic::error(message.clone()),
        };
        if let Some(range) = error.span() {
            problem = problem.at(span(source, range));
        }
        let mut problems = Diagnostics::new();
        problems.push(problem);
        problems
    })
}

pub(super) fn span(source: SourceId, range: Range<usize>) -> Span {
    let byte = |at| u32::try_from(at).unwrap_or(u32::MAX);
    Span {
        source,
        start: byte(range.start),
        end: byte(range.end),
    }
}
