//! Variables in addresses without quotes, as in `bind $ADDRESS:80` or `server s ${HOST}:80`.
//!
//! Section 2.3 puts variables in only between weak quotes, but HAProxy's reader of addresses knows
//! them too, and configurations rely on it. A variable that is not set stays as it is written, so
//! that the message about the address shows it.

use std::collections::BTreeMap;

use crate::model::Word;

/// Where statements hold an address: their first words, and how many words before it.
const PLACES: [(&[&str], usize); 9] = [
    (&["bind"], 1),
    (&["frontend"], 2),
    (&["listen"], 2),
    (&["log"], 1),
    (&["nameserver"], 2),
    (&["peer"], 2),
    (&["server"], 2),
    (&["source"], 1),
    (&["stats", "socket"], 2),
];

/// Parameters of `server`, `default-server` and `source` whose value is an address.
const PARAMETERS: [&str; 4] = ["addr", "agent-addr", "source", "usesrc"];

/// Puts the values of variables into the addresses of a statement.
pub(crate) fn put_in(words: &mut [Word], environment: &BTreeMap<String, String>) {
    for (first, place) in PLACES {
        let is_it = words.len() > place
            && first
                .iter()
                .zip(words.iter())
                .all(|(expected, word)| *expected == word.value);
        if is_it {
            put_into(&mut words[place], environment);
        }
    }
    let has_parameters = words
        .first()
        .is_some_and(|word| ["server", "default-server", "source"].contains(&word.value.as_str()));
    if has_parameters {
        for at in 1..words.len() {
            if PARAMETERS.contains(&words[at - 1].value.as_str()) {
                put_into(&mut words[at], environment);
            }
        }
    }
}

fn put_into(word: &mut Word, environment: &BTreeMap<String, String>) {
    if let Some(text) = expanded(&word.value, environment) {
        word.value = text;
    }
}

/// The text with every `$NAME` and `${NAME}` replaced; none where there is none, or one that is not
/// set.
fn expanded(text: &str, environment: &BTreeMap<String, String>) -> Option<String> {
    let (before, mut rest) = text.split_once('$')?;
    let mut out = before.to_owned();
    loop {
        let (name, after) = if let Some(braced) = rest.strip_prefix('{') {
            braced.split_once('}')?
        } else {
            let is_name = |character: char| character.is_ascii_alphanumeric() || character == '_';
            rest.split_at(rest.find(|c| !is_name(c)).unwrap_or(rest.len()))
        };
        out.push_str(environment.get(name)?);
        let Some((between, next)) = after.split_once('$') else {
            out.push_str(after);
            return Some(out);
        };
        out.push_str(between);
        rest = next;
    }
}

#[cfg(test)]
mod tests {
    use diagnostics::{Sources, Span, Spanned};

    use super::*;

    #[test]
    fn addresses_take_variables_without_quotes_and_nothing_else_does() {
        let environment = [("A", "10.0.0.1"), ("P", "80"), ("E", "")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into();
        for (line, expected) in [
            ("bind $A:$P", "bind 10.0.0.1:80"),
            ("bind ${A}:${P}", "bind 10.0.0.1:80"),
            ("bind ${E}:1", "bind :1"),
            ("bind ${NONE}:${P}", "bind ${NONE}:${P}"),
            ("bind ${A:1", "bind ${A:1"),
            ("bind $:1", "bind $:1"),
            ("bind :1 name $A", "bind :1 name $A"),
            (
                "server $A $A:1 addr $A",
                "server $A 10.0.0.1:1 addr 10.0.0.1",
            ),
            ("default-server source $A", "default-server source 10.0.0.1"),
            ("source $A usesrc $A", "source 10.0.0.1 usesrc 10.0.0.1"),
            ("log $A:514 local0", "log 10.0.0.1:514 local0"),
            ("stats socket /run/$P", "stats socket /run/80"),
            ("stats uri /$P", "stats uri /$P"),
            ("listen $A $A:1", "listen $A 10.0.0.1:1"),
            ("user x password $A", "user x password $A"),
        ] {
            let span = Span {
                source: Sources::new().add("a.cfg", line),
                start: 0,
                end: 0,
            };
            let mut words: Vec<Word> = line
                .split(' ')
                .map(|word| Spanned::new(word.to_owned(), span))
                .collect();
            put_in(&mut words, &environment);
            let found: Vec<&str> = words.iter().map(|word| word.value.as_str()).collect();
            assert_eq!(found.join(" "), expected, "{line}");
        }
    }
}
