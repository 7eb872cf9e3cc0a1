//! Items to settings, with a message where a word is not what it should be.

use diagnostics::{Diagnostic, Diagnostics, Sources, Span, Spanned};

use super::settings::{Datum, Inner, Setting, Settings};
use crate::keywords::{self, Keyword, Meaning, Section, Value};
use crate::model::MessageTransport;
use crate::read::{Item, Word};
use crate::{MAX_MESSAGES, MAX_SETTINGS};

/// The language of a text, for what messages call its parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Language {
    CorosyncConf,
    ClusterConf,
}

impl Language {
    fn top(self) -> &'static Section {
        match self {
            Self::CorosyncConf => &keywords::TOP,
            Self::ClusterConf => &keywords::CLUSTER_CONF,
        }
    }

    /// What a word with a value is called, and what a word with words in it.
    fn kinds(self) -> [&'static str; 2] {
        match self {
            Self::CorosyncConf => ["keyword", "section"],
            Self::ClusterConf => ["attribute", "element"],
        }
    }

    fn place(self, section: &Section) -> String {
        match section.path {
            "" => "at the top level".to_owned(),
            path => format!("in {} '{path}'", self.kinds()[1]),
        }
    }
}

/// Where messages go.
pub(super) struct Reading<'a> {
    sources: &'a Sources,
    diagnostics: &'a mut Diagnostics,
    language: Language,
    transport: MessageTransport,
}

impl<'a> Reading<'a> {
    pub(super) fn new(
        sources: &'a Sources,
        diagnostics: &'a mut Diagnostics,
        language: Language,
        transport: MessageTransport,
    ) -> Self {
        Self {
            sources,
            diagnostics,
            language,
            transport,
        }
    }

    pub(super) fn tell(&mut self, message: Diagnostic) {
        crate::tell(self.diagnostics, message);
    }

    pub(super) fn error(&mut self, span: Span, message: impl Into<String>) {
        self.tell(Diagnostic::error(message).at(span));
    }

    pub(super) fn error_with_help(&mut self, span: Span, message: impl Into<String>, help: &str) {
        self.tell(Diagnostic::error(message).at(span).help(help));
    }

    pub(super) fn warning(&mut self, span: Span, message: impl Into<String>) {
        self.tell(Diagnostic::warning(message).at(span));
    }

    pub(super) fn notice(&mut self, span: Span, message: impl Into<String>) {
        self.tell(Diagnostic::notice(message).at(span));
    }

    /// The line that a place is on.
    pub(super) fn line(&self, span: Span) -> u32 {
        self.sources.position(span).line
    }

    /// Whether messages go through the embedded transport.
    pub(super) fn is_embedded(&self) -> bool {
        self.transport == MessageTransport::Embedded
    }

    /// Reads what stands in a section: checks every word against the table.
    pub(super) fn section<'t>(
        &mut self,
        section: &'static Section,
        items: impl IntoIterator<Item = &'t Item>,
    ) -> Settings<'t> {
        let mut read = Settings::default();
        for item in items {
            match item {
                Item::Setting { keyword, value } => {
                    let Some(entry) = section.keyword(&keyword.text) else {
                        self.unknown(section, keyword, false);
                        continue;
                    };
                    let asks_for_nothing = ["", "off"].contains(&value.text.as_str());
                    self.tell_meaning(entry.meaning, keyword, asks_for_nothing);
                    if let Some(datum) = self.value(entry, keyword, value) {
                        self.set(&mut read, keyword, Spanned::new(datum, value.span));
                    }
                }
                Item::Section { name, items } => match section.subsection(&name.text) {
                    Some(entry) => {
                        self.tell_meaning(entry.meaning, name, is_empty(items));
                        read.inner.push(Inner { name, items, entry });
                    }
                    None => self.unknown(section, name, true),
                },
            }
        }
        read
    }

    fn set(&mut self, read: &mut Settings<'_>, keyword: &Word, value: Spanned<Datum>) {
        let mut earlier = read.settings.iter_mut();
        let earlier = earlier.find(|setting| setting.keyword.text == keyword.text);
        let setting = Setting {
            keyword: keyword.clone(),
            value,
        };
        match earlier {
            Some(earlier) => {
                let line = self.sources.position(earlier.keyword.span).line;
                *earlier = setting;
                let message = format!(
                    "'{}' is given twice, first on line {line}: the last one counts",
                    keyword.text
                );
                self.warning(keyword.span, message);
            }
            None => {
                if read.settings.len() == MAX_SETTINGS {
                    let message = format!("more than {MAX_SETTINGS} keywords in one section");
                    self.error(keyword.span, message);
                }
                if read.settings.len() <= MAX_SETTINGS {
                    read.settings.push(setting);
                }
            }
        }
    }

    /// Says what comes of a word, unless what stands behind it asks for nothing.
    fn tell_meaning(&mut self, meaning: Meaning, word: &Word, asks_for_nothing: bool) {
        let name = &word.text;
        if asks_for_nothing {
            return;
        }
        match meaning {
            Meaning::CorosyncAlone(why) if self.is_embedded() => {
                self.notice(word.span, format!("'{name}' has no effect: {why}"));
            }
            Meaning::Without(why) => {
                self.notice(word.span, format!("'{name}' has no effect: {why}"));
            }
            Meaning::Refused(why) if self.is_embedded() => {
                let help = match self.language {
                    Language::CorosyncConf => {
                        "remove it, or let corosync carry the messages: 'transport: corosync' in \
                         section keel"
                    }
                    Language::ClusterConf => "remove it",
                };
                self.error_with_help(word.span, format!("'{name}' is not built: {why}"), help);
            }
            Meaning::Old(why) => {
                let message = format!("'{name}' has had no effect since corosync 3: {why}");
                self.notice(word.span, message);
            }
            Meaning::Taken | Meaning::CorosyncAlone(_) | Meaning::Refused(_) => {}
        }
    }

    /// A word that the section does not take.
    fn unknown(&mut self, section: &'static Section, word: &Word, is_section: bool) {
        let name = word.text.as_str();
        // What is near to a word is not looked for once nobody would be told.
        if name.is_empty() || self.diagnostics.len() > MAX_MESSAGES {
            return;
        }
        let language = self.language;
        let place = language.place(section);
        let [setting, group] = language.kinds();
        let kind = if is_section { group } else { setting };
        let known_as_other = if is_section {
            section.keyword(name).is_some()
        } else {
            section.subsection(name).is_some()
        };
        let message = match (known_as_other, is_section) {
            (true, true) => format!("'{name}' is no {group}, but a {setting}"),
            (true, false) => format!("'{name}' is no {setting}, but a {group}"),
            (false, _) => format!("unknown {kind} '{name}' {place}"),
        };
        let message = Diagnostic::error(message).at(word.span);
        let elsewhere = keywords::sections(language.top())
            .into_iter()
            .find(|other| {
                if is_section {
                    other.subsection(name).is_some()
                } else {
                    other.keyword(name).is_some_and(|entry| entry.name != "*")
                }
            });
        self.tell(match elsewhere {
            _ if known_as_other => message,
            Some(other) => message
                .label("belongs elsewhere")
                .help(format!("it belongs {}", language.place(other))),
            None => {
                let keywords = section.keywords.iter().map(|entry| entry.name);
                let sections = section.sections.iter().map(|entry| entry.name);
                let message = message.label(format!("unknown {kind}"));
                if is_section {
                    message.suggest(name, sections.chain(keywords))
                } else {
                    message.suggest(name, keywords.chain(sections))
                }
            }
        });
    }

    /// A value, where its keyword allows it.
    fn value(&mut self, entry: &Keyword, keyword: &Word, value: &Word) -> Option<Datum> {
        let text = value.text.as_str();
        if text.is_empty() && entry.value != Value::TextOrNone {
            self.error(keyword.span, format!("'{}' has no value", keyword.text));
            return None;
        }
        let words: &[&str] = match entry.value {
            Value::OneOf(words) => words,
            Value::YesNo => &["yes", "no", "on", "off"],
            Value::OnOff => &["on", "off"],
            Value::Priority => PRIORITIES,
            _ => &[],
        };
        let found = match entry.value {
            Value::Text | Value::TextOrNone => Some(Datum::Text(text.to_owned())),
            Value::Path => text.starts_with('/').then(|| Datum::Text(text.to_owned())),
            Value::Number(least, most) => number(text)
                .filter(|number| (least..=most).contains(number))
                .map(Datum::Number),
            Value::YesNo | Value::OnOff => match text {
                "on" => Some(Datum::Switch(true)),
                "off" => Some(Datum::Switch(false)),
                "yes" if entry.value == Value::YesNo => Some(Datum::Switch(true)),
                "no" if entry.value == Value::YesNo => Some(Datum::Switch(false)),
                _ => None,
            },
            Value::Flag => match text {
                "1" => Some(Datum::Switch(true)),
                "0" => Some(Datum::Switch(false)),
                _ => None,
            },
            Value::OneOf(words) => words
                .iter()
                .find(|word| **word == text)
                .map(|word| Datum::OneOf(word)),
            Value::Priority => PRIORITIES
                .iter()
                .find(|word| word.eq_ignore_ascii_case(text))
                .map(|word| Datum::OneOf(word)),
        };
        if found.is_none() {
            let message = format!("'{text}' for '{}' is not {}", keyword.text, allowed(entry));
            let message = Diagnostic::error(message).at(value.span);
            self.tell(message.suggest(text, words.iter().copied()));
        }
        found
    }
}

/// The levels of syslog(3) as corosync names them; `error` is its second name for `err`.
const PRIORITIES: &[&str] = &[
    "alert", "crit", "debug", "emerg", "err", "error", "info", "notice", "warning",
];

/// A whole number as corosync reads it: in base ten, with or without a plus.
fn number(text: &str) -> Option<u64> {
    let digits = text.strip_prefix('+').unwrap_or(text);
    digits
        .bytes()
        .all(|byte| byte.is_ascii_digit())
        .then(|| digits.parse().ok())?
}

/// What a keyword's value must be, as the end of a sentence.
fn allowed(entry: &Keyword) -> String {
    let one_of = |words: &[&str]| match words {
        [one] => format!("'{one}'"),
        [all @ .., last] => format!("one of {} and {last}", all.join(", ")),
        [] => String::new(),
    };
    match entry.value {
        Value::Text | Value::TextOrNone => "a text".to_owned(),
        Value::Path => "a path from the root".to_owned(),
        Value::Number(least, most) => format!("a whole number from {least} to {most}"),
        Value::YesNo => "yes or no".to_owned(),
        Value::OnOff => "on or off".to_owned(),
        Value::Flag => "1 or 0".to_owned(),
        Value::OneOf(words) => one_of(words),
        Value::Priority => one_of(PRIORITIES),
    }
}

/// Whether sections hold no word with a value, however deep.
fn is_empty(items: &[Item]) -> bool {
    items.iter().all(|item| match item {
        Item::Setting { .. } => false,
        Item::Section { items, .. } => is_empty(items),
    })
}
