//! From a line to commands and words.

/// The most words of one command that count; HAProxy stops at 64 as well.
pub const WORDS_MAX: usize = 64;

/// Splits a line at `;`. A backslash keeps the next character from its meaning.
#[must_use]
pub fn commands(line: &str) -> Vec<&str> {
    let mut commands = Vec::new();
    let mut start = 0;
    let mut escaped = false;
    for (at, character) in line.char_indices() {
        match character {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            ';' => {
                commands.push(&line[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    commands.push(&line[start..]);
    commands
}

/// Splits a command at blanks and takes backslashes away.
#[must_use]
pub fn words(command: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut characters = command.chars();
    while let Some(character) = characters.next() {
        match character {
            ' ' | '\t' | '\r' => words.extend(word.take()),
            '\\' => word.get_or_insert_default().extend(characters.next()),
            other => word.get_or_insert_default().push(other),
        }
    }
    words.extend(word);
    words.truncate(WORDS_MAX);
    words
}

/// Where the last command of a line asks for a payload (`<<` or `<<END`): the line without that
/// word, and the line that ends the payload.
#[must_use]
pub fn payload(line: &str) -> Option<(&str, &str)> {
    let (command, mark) = line.rsplit_once("<<")?;
    let spaced = command.ends_with([' ', '\t']);
    (spaced && !mark.contains([' ', '\t', ';'])).then_some((command, mark))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_split_into_commands_and_words() {
        let cases: &[(&str, &[&[&str]])] = &[
            ("show info", &[&["show", "info"]]),
            (" a  b ;c", &[&["a", "b"], &["c"]]),
            (r"a b\;c;d", &[&["a", "b;c"], &["d"]]),
            (r"a b\ c", &[&["a", "b c"]]),
            (r"a\\;b", &[&[r"a\"], &["b"]]),
            ("", &[&[]]),
            (";", &[&[], &[]]),
        ];
        for (line, expected) in cases {
            let got: Vec<Vec<String>> = commands(line).into_iter().map(words).collect();
            assert_eq!(got, *expected, "{line:?}");
        }
    }

    #[test]
    fn a_payload_is_announced_at_the_end_of_a_line() {
        assert_eq!(payload("add map x <<"), Some(("add map x ", "")));
        assert_eq!(payload("add map x <<END"), Some(("add map x ", "END")));
        assert_eq!(payload("add map x<<"), None);
        assert_eq!(payload("a << b"), None);
    }
}
