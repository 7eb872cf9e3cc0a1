//! Every file that a configuration names.

use std::collections::HashSet;
use std::path::PathBuf;

use diagnostics::{Diagnostic, Span, Spanned};

use crate::input::{Reference, ReferenceKind};
use crate::keywords::not_built;
use crate::model::{Config, Word};

/// Collects the references of a configuration, each file and purpose once, in order.
pub(crate) fn collect(config: &Config, messages: &mut Vec<Diagnostic>) -> Vec<Reference> {
    let mut list = List::default();
    for bind in &config.global.stats_sockets {
        for path in bind.ssl.iter().flat_map(|ssl| &ssl.crt) {
            list.add(ReferenceKind::Certificate, path.clone());
        }
    }
    for proxy in &config.proxies {
        for path in proxy
            .binds
            .iter()
            .filter_map(|bind| bind.ssl.as_ref())
            .flat_map(|ssl| &ssl.crt)
        {
            list.add(ReferenceKind::Certificate, path.clone());
        }
        for file in &proxy.error_files {
            list.add(ReferenceKind::ErrorFile, file.path.clone());
        }
        for acl in &proxy.acls {
            list.patterns(&acl.arguments, messages);
        }
        let conditions = proxy
            .rules
            .iter()
            .filter_map(|rule| rule.condition.as_ref())
            .chain(
                proxy
                    .use_backends
                    .iter()
                    .filter_map(|rule| rule.condition.as_ref()),
            )
            .chain(proxy.stats.iter().flat_map(|stats| &stats.admin));
        for condition in conditions {
            for anonymous in condition
                .words
                .split(|word| word.value == "{")
                .skip(1)
                .filter_map(|words| words.split(|word| word.value == "}").next())
            {
                list.patterns(anonymous.get(1..).unwrap_or_default(), messages);
            }
        }
    }
    list.references
}

#[derive(Default)]
struct List {
    references: Vec<Reference>,
    seen: HashSet<(ReferenceKind, PathBuf)>,
    reported: HashSet<Span>,
}

impl List {
    fn add(&mut self, kind: ReferenceKind, path: Spanned<PathBuf>) {
        if self.seen.insert((kind, path.value.clone())) {
            self.references.push(Reference { kind, path });
        }
    }

    /// The `-f FILE` flags before the patterns of an ACL.
    fn patterns(&mut self, arguments: &[Word], messages: &mut Vec<Diagnostic>) {
        let mut words = arguments.iter();
        while let Some(flag) = words.next() {
            match flag.value.as_str() {
                "-i" | "-n" => {}
                "-m" | "-u" => {
                    words.next();
                }
                "-f" => {
                    let Some(file) = words.next() else { return };
                    match file.value.split_once('@') {
                        Some(("opt" | "virt", _)) => {
                            if self.reported.insert(file.span) {
                                messages.push(not_built("patterns of a file that may lack", file));
                            }
                        }
                        Some(("file", path)) => self.add(
                            ReferenceKind::Patterns,
                            Spanned::new(path.into(), file.span),
                        ),
                        _ => self.add(
                            ReferenceKind::Patterns,
                            Spanned::new(file.value.as_str().into(), file.span),
                        ),
                    }
                }
                _ => return,
            }
        }
    }
}
