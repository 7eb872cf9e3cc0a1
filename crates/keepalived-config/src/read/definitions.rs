//! `$NAME=VALUE` and what `$NAME` and `${NAME}` stand for.

use std::collections::BTreeMap;

use diagnostics::Span;

use crate::Inputs;

/// What a name stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    /// Text within a line.
    Text(String),
    /// Lines, each with its place; such a name stands at the end of a line only.
    Lines(Vec<(String, Span)>),
}

/// What substitution did to a line.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Substituted {
    /// Nothing in it stands for anything.
    Unchanged,
    /// The line as it reads now.
    Text(String),
    /// What stands before the name, and the lines it stands for.
    Lines {
        before: String,
        lines: Vec<(String, Span)>,
    },
}

/// Why a line cannot be expanded.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unexpandable {
    #[error("the parameters of this line stand for each other without end")]
    Endless,
    #[error(
        "with its parameters replaced the line is longer than {} bytes",
        super::lines::MAX_LINE_BYTES
    )]
    TooLong,
    #[error("'${{{0}}}' takes other parameters than these")]
    Parameters(String),
}

/// The most replacements in one line.
const MAX_REPLACEMENTS: usize = 1000;
/// The largest number that `${_RANDOM}` stands for unless told otherwise.
const DEFAULT_RANDOM_MAX: u64 = 32767;

/// The names known at a point of the text.
#[derive(Debug)]
pub(super) struct Definitions {
    values: BTreeMap<String, Value>,
    environment: BTreeMap<String, String>,
    instance: String,
    random: u64,
}

impl Definitions {
    pub(super) fn new(inputs: &Inputs) -> Self {
        let instance = if inputs.instance.is_empty() {
            &inputs.config_id
        } else {
            &inputs.instance
        };
        Self {
            values: BTreeMap::new(),
            environment: inputs.environment.clone(),
            instance: instance.clone(),
            random: inputs.random_seed,
        }
    }

    pub(super) fn define(&mut self, name: &str, value: Value) {
        self.values.insert(name.to_owned(), value);
    }

    /// Adds a line to a definition of several.
    pub(super) fn add_line(&mut self, name: &str, line: String, span: Span) {
        match self.values.get_mut(name) {
            Some(Value::Lines(lines)) => lines.push((line, span)),
            _ => self.define(name, Value::Lines(vec![(line, span)])),
        }
    }

    /// Replaces every name in `text` that stands for something, in what it stands for too.
    pub(super) fn substitute(
        &mut self,
        text: &str,
        directory: &str,
    ) -> Result<Substituted, Unexpandable> {
        let mut text = text.to_owned();
        let mut from = 0;
        let mut replacements = 0;
        while let Some(found) = text[from..].find('$') {
            let start = from + found;
            let Some(reference) = Reference::at(&text, start) else {
                from = start + 1;
                continue;
            };
            let end = reference.end;
            let Some(value) = self.value_of(&reference, end == text.len(), directory)? else {
                from = start + 1;
                continue;
            };
            replacements += 1;
            if replacements > MAX_REPLACEMENTS {
                return Err(Unexpandable::Endless);
            }
            match value {
                Value::Lines(lines) => {
                    text.truncate(start);
                    return Ok(Substituted::Lines {
                        before: text,
                        lines,
                    });
                }
                Value::Text(value) => {
                    // A sequence reads what follows it itself, once for each of its values.
                    let sequence = value.trim_start().starts_with('~');
                    text.replace_range(start..end, &value);
                    if text.len() > super::lines::MAX_LINE_BYTES {
                        return Err(Unexpandable::TooLong);
                    }
                    if sequence {
                        break;
                    }
                    from = start;
                }
            }
        }
        Ok(if replacements == 0 {
            Substituted::Unchanged
        } else {
            Substituted::Text(text)
        })
    }

    fn value_of(
        &mut self,
        reference: &Reference,
        at_end: bool,
        directory: &str,
    ) -> Result<Option<Value>, Unexpandable> {
        let Reference {
            name, parameters, ..
        } = reference;
        if let Some(value) = self.values.get(name) {
            let fits = at_end || matches!(value, Value::Text(_));
            return Ok((fits && parameters.is_empty()).then(|| value.clone()));
        }
        let wrong = || Unexpandable::Parameters(name.clone());
        let text = match (name.as_str(), parameters.as_slice()) {
            ("_PWD", []) => directory.to_owned(),
            ("_INSTANCE", []) => self.instance.clone(),
            // Escaped, because comments are looked for once more after replacement.
            ("_HASH", []) => "\\#".to_owned(),
            ("_BANG", []) => "\\!".to_owned(),
            ("_ENV", [variable]) => self.environment.get(variable).cloned().unwrap_or_default(),
            ("_RANDOM", bounds @ ([] | [_] | [_, _])) => {
                let mut bounds = bounds.iter().map(|bound| bound.parse::<u32>());
                let least = bounds.next().unwrap_or(Ok(0)).map_err(|_| wrong())?;
                let default = u32::try_from(DEFAULT_RANDOM_MAX).expect("a constant");
                let most = bounds.next().unwrap_or(Ok(default)).map_err(|_| wrong())?;
                let width = u64::from(most)
                    .checked_sub(u64::from(least))
                    .ok_or_else(wrong)?
                    + 1;
                (u64::from(least) + self.next_random() % width).to_string()
            }
            ("_PWD" | "_INSTANCE" | "_HASH" | "_BANG" | "_ENV" | "_RANDOM", _) => {
                return Err(wrong());
            }
            _ => return Ok(None),
        };
        Ok(Some(Value::Text(text)))
    }

    /// SplitMix64 (Steele, Lea, Flood 2014).
    fn next_random(&mut self) -> u64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.random;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

/// `$NAME`, `${NAME}` or `${NAME PARAMETER…}` in a line.
struct Reference {
    name: String,
    parameters: Vec<String>,
    end: usize,
}

impl Reference {
    /// The reference that starts with the `$` at `start`.
    fn at(text: &str, start: usize) -> Option<Self> {
        let rest = &text[start + 1..];
        if let Some(inside) = rest.strip_prefix('{') {
            let length = inside.find('}')?;
            let mut words = inside[..length]
                .split([' ', '\t'])
                .filter(|w| !w.is_empty());
            let name = words.next().filter(|name| inside.starts_with(*name))?;
            let parameters: Vec<String> = words.map(str::to_owned).collect();
            let sound =
                is_name(name) && parameters.iter().all(|word| word.bytes().all(is_name_byte));
            return sound.then(|| Self {
                name: name.to_owned(),
                parameters,
                end: start + 2 + length + 1,
            });
        }
        let length = rest.bytes().take_while(|byte| is_name_byte(*byte)).count();
        let follows = rest[length..].chars().next();
        let ends = follows.is_none_or(|letter| matches!(letter, ' ' | '\t' | ',' | ')'));
        (ends && is_name(&rest[..length])).then(|| Self {
            name: rest[..length].to_owned(),
            parameters: Vec::new(),
            end: start + 1 + length,
        })
    }
}

fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

fn is_name(text: &str) -> bool {
    text.bytes().all(is_name_byte) && text.bytes().next().is_some_and(|b| !b.is_ascii_digit())
}

/// Name and value of a line that is a definition.
pub(super) fn definition(line: &str) -> Option<(&str, &str)> {
    let (name, value) = line.strip_prefix('$')?.split_once('=')?;
    is_name(name).then(|| (name, value.trim_start_matches([' ', '\t'])))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn definitions() -> Definitions {
        let mut definitions = Definitions::new(&Inputs {
            config_id: "main".into(),
            environment: BTreeMap::from([("HOME".into(), "/root".into())]),
            ..Inputs::default()
        });
        for (name, value) in [("A", "1"), ("B", "x${A}y"), ("LOOP", "${LOOP}."), ("E", "")] {
            definitions.define(name, Value::Text(value.into()));
        }
        definitions
    }

    #[test]
    fn names_are_replaced_where_the_manual_says() {
        for (text, expected) in [
            ("$A", "1"),
            ("$A b", "1 b"),
            ("a$A,$A)", "a1,1)"),
            ("${A}b", "1b"),
            ("${B}", "x1y"),
            ("[$E ${E}]", "[ ]"),
            ("${_ENV HOME}/x ${_ENV NONE}.", "/root/x ."),
            ("${_PWD} ${_INSTANCE}", "/etc/keepalived main"),
            ("${_HASH}${_BANG}", "\\#\\!"),
            ("${_RANDOM 5 5}", "5"),
        ] {
            assert_eq!(
                definitions().substitute(text, "/etc/keepalived"),
                Ok(Substituted::Text(expected.into())),
                "{text}"
            );
        }
        for unchanged in [
            "$", "$A.b", "$1", "${UNDEF}", "${A", "$(date)", "a$", "${}", "${ A}",
        ] {
            let result = definitions().substitute(unchanged, "");
            assert_eq!(result, Ok(Substituted::Unchanged), "{unchanged}");
        }
    }

    #[test]
    fn what_has_no_end_or_no_sense_is_refused() {
        assert_eq!(
            definitions().substitute("${LOOP}", ""),
            Err(Unexpandable::Endless)
        );
        for text in ["${_ENV}", "${_RANDOM 5 1}", "${_RANDOM x}", "${_PWD 1}"] {
            let refused = definitions().substitute(text, "").unwrap_err();
            assert!(matches!(refused, Unexpandable::Parameters(_)), "{text}");
        }
    }
}
