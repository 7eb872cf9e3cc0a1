//! A line's words.
//!
//! Most keywords take plain words: white space separates, `"` holds together. Scripts are read a
//! second time with `'` and escapes as well ("Quoted strings" in keepalived.conf(5)).

use diagnostics::Span;

use super::lines::Line;

/// A word and where it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Word {
    /// The word without its quotes.
    pub(crate) text: String,
    /// Its place, or that of the whole line where a parameter was put into it.
    pub(crate) span: Span,
}

/// What a tokenizer pays heed to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Quoting {
    /// Only `"`.
    Plain,
    /// `"` and `'`; a backslash protects the next character and stays.
    Protected,
    /// `"` and `'`; escapes are replaced by what they stand for.
    Escaped,
}

/// A quote that was opened and not closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Unclosed(pub(crate) char);

/// The words of a line, for most keywords.
pub(crate) fn plain(line: &Line) -> Result<Vec<Word>, Unclosed> {
    words_of(line, Quoting::Plain)
}

/// The words of a line with a script: the keyword, the command (still to be split by
/// [`arguments`]), user and group.
pub(crate) fn protected(line: &Line) -> Result<Vec<Word>, Unclosed> {
    words_of(line, Quoting::Protected)
}

/// The program and arguments of a command.
pub(crate) fn arguments(command: &str) -> Result<Vec<String>, Unclosed> {
    let words = split(command, Quoting::Escaped)?;
    Ok(words.into_iter().map(|(text, ..)| text).collect())
}

fn words_of(line: &Line, quoting: Quoting) -> Result<Vec<Word>, Unclosed> {
    let words = split(&line.text, quoting)?;
    Ok(words
        .into_iter()
        .map(|(text, start, end)| Word {
            text,
            span: line.span_of(start, end),
        })
        .collect())
}

/// Words with the range of bytes they were written in.
fn split(text: &str, quoting: Quoting) -> Result<Vec<(String, usize, usize)>, Unclosed> {
    let mut words = Vec::new();
    let mut letters = text.char_indices().peekable();
    while let Some((start, letter)) = letters.peek().copied() {
        if letter.is_whitespace() {
            letters.next();
            continue;
        }
        let mut word = String::new();
        let mut quote = None;
        let mut end = text.len();
        while let Some((at, letter)) = letters.peek().copied() {
            if quote.is_none() && letter.is_whitespace() {
                end = at;
                break;
            }
            letters.next();
            let quotes = letter == '"' || (letter == '\'' && quoting != Quoting::Plain);
            if quotes && quote.is_none_or(|open| open == letter) {
                quote = if quote.is_none() { Some(letter) } else { None };
            } else if letter == '\\' && quoting != Quoting::Plain {
                escape(&mut letters, quoting, &mut word);
            } else {
                word.push(letter);
            }
        }
        if let Some(open) = quote {
            return Err(Unclosed(open));
        }
        words.push((word, start, end));
    }
    Ok(words)
}

/// What follows a backslash.
fn escape(
    letters: &mut std::iter::Peekable<std::str::CharIndices<'_>>,
    quoting: Quoting,
    word: &mut String,
) {
    let Some((_, letter)) = letters.next() else {
        word.push('\\');
        return;
    };
    if quoting == Quoting::Protected {
        word.extend(['\\', letter]);
        return;
    }
    let mut digits = |radix: u32, first: u32, most: usize| {
        let mut value = first;
        for _ in 0..most {
            let Some(digit) = letters
                .peek()
                .and_then(|(_, letter)| letter.to_digit(radix))
            else {
                break;
            };
            value = value * radix + digit;
            letters.next();
        }
        value
    };
    let byte = |value: u32| char::from((value & 0xff) as u8);
    match letter {
        'a' => word.push('\x07'),
        'b' => word.push('\x08'),
        'E' => word.push('\x1b'),
        'f' => word.push('\x0c'),
        'n' => word.push('\n'),
        'r' => word.push('\r'),
        't' => word.push('\t'),
        'v' => word.push('\x0b'),
        'x' => word.push(byte(digits(16, 0, 2))),
        '0'..='7' => {
            let first = letter.to_digit(8).expect("just matched");
            word.push(byte(digits(8, first, 2)));
        }
        'c' => {
            if let Some((_, letter)) = letters.next() {
                word.push(byte(u32::from(letter) & 0x1f));
            }
        }
        other => word.push(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, quoting: Quoting, expected: &[&str]) {
        let words = split(text, quoting).unwrap();
        let words: Vec<&str> = words.iter().map(|(word, ..)| word.as_str()).collect();
        assert_eq!(words, expected, "{text}");
    }

    #[test]
    fn the_examples_of_the_manual() {
        let one = r#"abcd" efg h jkl "mnop"#;
        let three = r#"abcd "efg h jkl" mnop"#;
        for quoting in [Quoting::Plain, Quoting::Protected, Quoting::Escaped] {
            check(one, quoting, &["abcd efg h jkl mnop"]);
            check(three, quoting, &["abcd", "efg h jkl", "mnop"]);
        }
        let line =
            r#"notify_master "/n.sh ' spaces\\\\x20f\\x69le ' '\\"s p a c e \\"' SG1.low" u g"#;
        let line = line.replace(r"\\", r"\");
        let words = split(&line, Quoting::Protected).unwrap();
        assert_eq!(words.len(), 4);
        assert_eq!(
            arguments(&words[1].0).unwrap(),
            ["/n.sh", r" spaces\x20file ", "\"s p a c e \"", "SG1.low"]
        );
    }

    #[test]
    fn escapes_stand_for_what_the_manual_says() {
        for (written, expected) in [
            (r"\a\b\E\f\n\r\t\v", "\x07\x08\x1b\x0c\n\r\t\x0b"),
            (r"\x41\x4\101\7", "A\x04A\x07"),
            (r"\cA\\\q", "\x01\\q"),
        ] {
            check(written, Quoting::Escaped, &[expected]);
            check(written, Quoting::Plain, &[written]);
        }
        check("it's", Quoting::Plain, &["it's"]);
        check("", Quoting::Escaped, &[]);
        assert_eq!(split("a \"b", Quoting::Plain), Err(Unclosed('"')));
        assert_eq!(split("a 'b", Quoting::Escaped), Err(Unclosed('\'')));
    }
}
