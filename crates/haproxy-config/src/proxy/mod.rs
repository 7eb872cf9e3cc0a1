//! `defaults`, `frontend`, `listen` and `backend` sections → proxies.

mod cookie;
mod draft;
mod http_check;
mod keyword;
mod legacy;
mod option;
mod profile;
mod rule;
mod shared_rules;
mod stats;

use std::collections::BTreeSet;

use diagnostics::Diagnostic;

use crate::arguments::Arguments;
use crate::bind;
use crate::global::GlobalSettings;
use crate::keywords::{Place, old_form};
use crate::model::{Proxy, ProxyKind, Word};
use crate::reading::{Section, Statement};

use draft::Draft;
use profile::Profiles;
use shared_rules::SharedRules;

/// Reads every proxy, in order.
pub(crate) fn read<'a>(
    sections: impl Iterator<Item = &'a Section>,
    global: &GlobalSettings,
    messages: &mut Vec<Diagnostic>,
) -> Vec<Proxy> {
    let mut reader = Reader {
        global,
        messages,
        profiles: Profiles::default(),
        shared_rules: SharedRules::default(),
        proxies: Vec::new(),
    };
    for section in sections {
        if let Err(message) = reader.section(section) {
            reader.messages.push(message);
        }
    }
    let mut proxies = reader.proxies;
    // HAProxy serves its stats sockets with a proxy of its own, which takes the first id.
    let first = if global.global.stats_sockets.is_empty() {
        1
    } else {
        2
    };
    number(&mut proxies, first);
    proxies
}

/// Gives each proxy without an id the lowest one from `first` on that is not taken.
fn number(proxies: &mut [Proxy], first: u32) {
    let taken: BTreeSet<u32> = proxies.iter().map(|proxy| proxy.id).collect();
    let mut free = (first..).filter(|id| !taken.contains(id));
    for proxy in proxies.iter_mut().filter(|proxy| proxy.id == 0) {
        proxy.id = free.next().expect("there are fewer proxies than numbers");
    }
}

struct Reader<'a> {
    global: &'a GlobalSettings,
    messages: &'a mut Vec<Diagnostic>,
    profiles: Profiles,
    shared_rules: SharedRules,
    proxies: Vec<Proxy>,
}

/// A section's first line, understood.
struct Header<'a> {
    name: Option<&'a Word>,
    from: Option<&'a Word>,
    /// The words of `listen NAME ADDRESS PARAMETER…` from the address on.
    address: &'a [Word],
}

impl Reader<'_> {
    fn section(&mut self, section: &Section) -> Result<(), Diagnostic> {
        let kind = match section.header.keyword().value.as_str() {
            "defaults" => None,
            "frontend" => Some(ProxyKind::Frontend),
            "listen" => Some(ProxyKind::Listen),
            _ => Some(ProxyKind::Backend),
        };
        let header = header(&section.header, kind)?;
        let start = self
            .profiles
            .start(&section.header, header.from, kind.is_none());
        let mut draft = match start {
            Ok(start) => {
                self.messages.extend(start.warning);
                start.draft
            }
            Err(message) => {
                self.messages.push(message);
                Draft::default()
            }
        };
        match kind {
            None => {
                let place = match header.name {
                    Some(_) => Place::NamedDefaults,
                    None => Place::AnonymousDefaults,
                };
                draft.begin_own_lines();
                self.statements(&mut draft, place, section);
                self.profiles.add(header.name, draft)?;
            }
            Some(kind) => {
                let name = header.name.expect("a proxy's header has a name");
                draft.begin_own_lines();
                draft.forget_what_does_not_inherit(kind);
                if let Err(message) = self.shared_rules.take(&draft.rules, kind, name) {
                    self.messages.push(message);
                }
                if !header.address.is_empty()
                    && let Err(message) = self.one_line(&mut draft, kind, &section.header, name)
                {
                    self.messages.push(message);
                }
                let place = match kind {
                    ProxyKind::Frontend => Place::Frontend,
                    ProxyKind::Listen => Place::Listen,
                    ProxyKind::Backend => Place::Backend,
                };
                self.statements(&mut draft, place, section);
                let span = section.header.span();
                let proxy = draft.finish(name, span, kind, self.global, self.messages);
                self.proxies.push(proxy);
            }
        }
        Ok(())
    }

    fn statements(&mut self, draft: &mut Draft, place: Place, section: &Section) {
        for statement in &section.statements {
            if let Err(message) = keyword::read(draft, place, statement, self.global, self.messages)
            {
                self.messages.push(message);
            }
        }
    }

    /// `listen NAME ADDRESS PARAMETER…`, as it was written before `bind` existed.
    fn one_line(
        &mut self,
        draft: &mut Draft,
        kind: ProxyKind,
        header: &Statement,
        name: &Word,
    ) -> Result<(), Diagnostic> {
        let word = header.keyword().value.as_str();
        let rest: Vec<&str> = header
            .words
            .iter()
            .skip(2)
            .map(|word| word.value.as_str())
            .collect();
        if kind == ProxyKind::Backend {
            return Err(Diagnostic::error(format!(
                "unexpected argument '{}' after the name '{}'",
                rest.join(" "),
                name.value
            ))
            .at(header.span()));
        }
        let line = Statement {
            modifier: header.modifier,
            words: header.words.get(1..).unwrap_or_default().to_vec(),
        };
        let mut arguments = Arguments::of(&line, "bind");
        let binds = bind::line(&mut arguments, self.global.bind_defaults(), self.messages)?;
        draft.binds.extend(binds);
        let old = format!("{word} NAME ADDRESS");
        self.messages
            .push(old_form(&old, &format!("bind {}", rest.join(" ")), header));
        Ok(())
    }
}

/// Letters, digits and `-_.:`, as every name of a proxy has them.
fn check_name(name: &Word, what: &str) -> Result<(), Diagnostic> {
    match name
        .value
        .chars()
        .find(|character| !is_name_character(*character))
    {
        None => Ok(()),
        Some(wrong) => Err(Diagnostic::error(format!(
            "'{wrong}' is not allowed in the name of {what}, '{}'",
            name.value
        ))
        .at(name.span)
        .help("names are letters, digits, '-', '_', '.' and ':'")),
    }
}

fn is_name_character(character: char) -> bool {
    character.is_ascii_alphanumeric() || matches!(character, '-' | '_' | '.' | ':')
}

fn header(statement: &Statement, kind: Option<ProxyKind>) -> Result<Header<'_>, Diagnostic> {
    let word = statement.keyword();
    let mut rest = statement.words.get(1..).unwrap_or_default();
    let mut name = None;
    if let Some((first, others)) = rest.split_first()
        && !(kind.is_none() && first.value == "from")
    {
        name = Some(first);
        rest = others;
    }
    if kind.is_some() && name.is_none() {
        return Err(Diagnostic::error(format!("'{}' expects a name", word.value)).at(word.span));
    }
    if let Some(name) = name.filter(|_| kind.is_some()) {
        check_name(name, &format!("a {}", word.value))?;
    }
    let mut from = None;
    if let Some((first, others)) = rest.split_first()
        && first.value == "from"
    {
        from = Some(others.first().ok_or_else(|| {
            Diagnostic::error("'from' expects the name of a 'defaults' section").at(first.span)
        })?);
        rest = others.get(1..).unwrap_or_default();
        if let Some(extra) = rest.first() {
            return Err(
                Diagnostic::error(format!("unexpected argument '{}'", extra.value)).at(extra.span),
            );
        }
    }
    if kind.is_none()
        && let Some(extra) = rest.first()
    {
        return Err(
            Diagnostic::error(format!("unexpected argument '{}'", extra.value)).at(extra.span),
        );
    }
    Ok(Header {
        name,
        from,
        address: rest,
    })
}
