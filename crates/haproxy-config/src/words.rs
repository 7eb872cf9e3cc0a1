//! One line → words: quoting, escapes and variables (configuration.txt section 2.2 and 2.3).

use std::collections::BTreeMap;

use diagnostics::{SourceId, Span, Spanned};
use thiserror::Error;

use crate::model::Word;

/// The most words on one line, HAProxy's `MAX_LINE_ARGS`.
pub const MAX_WORDS: usize = 64;

/// The longest line, before and after variables are put in. HAProxy's own limit is its memory.
pub const MAX_LINE_BYTES: usize = 1 << 20;

/// What variables expand to on one line.
pub(crate) struct Variables<'a> {
    /// The environment as `setenv` and its kin have left it.
    pub environment: &'a BTreeMap<String, String>,
    /// `.FILE`.
    pub file: &'a str,
    /// `.LINE`, from 1.
    pub line: u32,
    /// `.SECTION`.
    pub section: &'a str,
}

/// Why a line cannot be cut into words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub(crate) enum Reason {
    #[error("a quote is never closed")]
    UnmatchedQuote,
    #[error("a brace in a variable's name is never closed")]
    UnmatchedBrace,
    #[error("'\\x' must be followed by two hexadecimal digits")]
    InvalidHex,
    #[error("this is not the name of a variable")]
    VariableName,
    #[error("expected '[*]' before the closing brace")]
    WrongExpansion,
    #[error("a line has at most {MAX_WORDS} words")]
    TooManyWords,
    #[error("a line has at most {MAX_LINE_BYTES} bytes")]
    TooLong,
    #[error("a word cannot hold the byte zero")]
    NulByte,
    #[error("a word must be UTF-8 text")]
    NotText,
}

impl Reason {
    /// What the operator can do about it.
    pub fn help(self) -> Option<&'static str> {
        match self {
            Self::UnmatchedQuote => Some("write '\\\"' or \"\\'\" where the quote itself is meant"),
            Self::VariableName => Some(
                "names are letters, digits and '_', in braces where more text follows; write '\\$' \
                 for a dollar sign, or use single quotes",
            ),
            Self::UnmatchedBrace => Some("write \"${NAME}\" or \"${NAME-default}\""),
            _ => None,
        }
    }
}

/// Where and why cutting stopped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LineError {
    pub reason: Reason,
    pub span: Span,
}

/// Cuts one line, without its line feed, into words. `start` is the line's offset in its source.
pub(crate) fn split(
    line: &str,
    source: SourceId,
    start: u32,
    variables: &Variables<'_>,
) -> Result<Vec<Word>, LineError> {
    let mut cutter = Cutter {
        input: line.as_bytes(),
        position: 0,
        source,
        start,
        words: Vec::new(),
        word: None,
        expanded_bytes: 0,
    };
    if line.len() > MAX_LINE_BYTES {
        return Err(cutter.error(Reason::TooLong, 0, MAX_LINE_BYTES));
    }
    cutter.line(variables)?;
    Ok(cutter.words)
}

/// The word being built and the offset its first character was written at.
struct Partial {
    bytes: Vec<u8>,
    from: usize,
}

struct Cutter<'a> {
    input: &'a [u8],
    position: usize,
    source: SourceId,
    start: u32,
    words: Vec<Word>,
    word: Option<Partial>,
    expanded_bytes: usize,
}

impl Cutter<'_> {
    fn line(&mut self, variables: &Variables<'_>) -> Result<(), LineError> {
        while let Some(byte) = self.peek(0) {
            match byte {
                b'#' | b'\r' => break,
                b'\'' => self.strong()?,
                b'"' => self.weak(variables)?,
                b'\\' => self.escape(false)?,
                _ if byte.is_ascii_whitespace() || byte == 0x0b => {
                    self.finish_word(self.position)?;
                    self.position += 1;
                }
                _ => self.literal(byte)?,
            }
        }
        self.finish_word(self.position)
    }

    fn peek(&self, ahead: usize) -> Option<u8> {
        self.input.get(self.position + ahead).copied()
    }

    fn literal(&mut self, byte: u8) -> Result<(), LineError> {
        self.emit(byte, self.position)?;
        self.position += 1;
        Ok(())
    }

    fn strong(&mut self) -> Result<(), LineError> {
        let opening = self.position;
        self.begin(opening);
        self.position += 1;
        loop {
            match self.peek(0) {
                None => return Err(self.error(Reason::UnmatchedQuote, opening, opening + 1)),
                Some(b'\'') => break,
                Some(byte) => self.literal(byte)?,
            }
        }
        self.position += 1;
        Ok(())
    }

    fn weak(&mut self, variables: &Variables<'_>) -> Result<(), LineError> {
        let opening = self.position;
        // An array that expands to nothing takes its quotes with it: no word is made then.
        let mut only_empty_array = self.word.is_none();
        let mut saw_array = false;
        self.begin(opening);
        self.position += 1;
        loop {
            match self.peek(0) {
                None => return Err(self.error(Reason::UnmatchedQuote, opening, opening + 1)),
                Some(b'"') => break,
                Some(b'\\') => {
                    only_empty_array = false;
                    self.escape(true)?;
                }
                Some(b'$') => {
                    let (is_array, wrote) = self.variable(variables)?;
                    saw_array |= is_array;
                    only_empty_array &= is_array && !wrote;
                }
                Some(byte) => {
                    only_empty_array = false;
                    self.literal(byte)?;
                }
            }
        }
        self.position += 1;
        if saw_array && only_empty_array {
            self.word = None;
        }
        Ok(())
    }

    /// A backslash: a known escape becomes its character, any other stays as written (`\1`).
    fn escape(&mut self, in_weak_quotes: bool) -> Result<(), LineError> {
        let at = self.position;
        let (byte, len) = match self.peek(1) {
            Some(byte @ (b' ' | b'\\' | b'#' | b'\'' | b'"')) => (byte, 2),
            Some(b'$') if in_weak_quotes => (b'$', 2),
            Some(b't') => (b'\t', 2),
            Some(b'n') => (b'\n', 2),
            Some(b'r') => (b'\r', 2),
            Some(b'x') => {
                let digit = |byte: Option<u8>| byte.and_then(|byte| char::from(byte).to_digit(16));
                match (digit(self.peek(2)), digit(self.peek(3))) {
                    (Some(high), Some(low)) => {
                        let value = u8::try_from(high * 16 + low).expect("two hex digits fit");
                        (value, 4)
                    }
                    _ => return Err(self.error(Reason::InvalidHex, at, at + 2)),
                }
            }
            _ => (b'\\', 1),
        };
        if byte == 0 {
            return Err(self.error(Reason::NulByte, at, at + len));
        }
        self.emit(byte, at)?;
        self.position += len;
        Ok(())
    }

    /// `$NAME`, `${NAME}`, `${NAME-default}` or `${NAME[*]}`. Returns whether it was an array, and
    /// whether it wrote anything.
    fn variable(&mut self, variables: &Variables<'_>) -> Result<(bool, bool), LineError> {
        let dollar = self.position;
        self.position += 1;
        let braced = self.peek(0) == Some(b'{');
        self.position += usize::from(braced);
        let name_start = self.position;
        if !self
            .peek(0)
            .is_some_and(|byte| byte.is_ascii_alphabetic() || byte == b'_' || byte == b'.')
        {
            return Err(self.error(Reason::VariableName, dollar, name_start));
        }
        self.position += 1;
        while self
            .peek(0)
            .is_some_and(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        {
            self.position += 1;
        }
        let name = String::from_utf8_lossy(&self.input[name_start..self.position]).into_owned();
        let line = variables.line.to_string();
        let mut value = match name.as_str() {
            ".LINE" => Some(line.as_str()),
            ".FILE" => Some(variables.file),
            ".SECTION" => Some(variables.section),
            _ if name.starts_with('.') => {
                return Err(self.error(Reason::VariableName, name_start, self.position));
            }
            _ => variables.environment.get(&name).map(String::as_str),
        };

        let mut is_array = false;
        let default;
        if braced {
            if self.peek(0) == Some(b'[') {
                if self.peek(1) != Some(b'*') || self.peek(2) != Some(b']') {
                    let at = self.position;
                    return Err(self.error(Reason::WrongExpansion, at, at + 1));
                }
                is_array = true;
                self.position += 3;
            }
            if self.peek(0) == Some(b'-') {
                let from = self.position + 1;
                let rest = &self.input[from..];
                let Some(len) = rest.iter().position(|byte| *byte == b'}') else {
                    return Err(self.error(Reason::UnmatchedBrace, name_start - 1, name_start));
                };
                default = String::from_utf8_lossy(&rest[..len]).into_owned();
                value = value.or(Some(&default));
                self.position = from + len;
            }
            if self.peek(0) != Some(b'}') {
                return Err(self.error(Reason::UnmatchedBrace, name_start - 1, name_start));
            }
            self.position += 1;
        }

        let value = value.unwrap_or("");
        for byte in value.bytes() {
            if is_array && byte.is_ascii_whitespace() {
                self.finish_nonempty_word()?;
            } else {
                self.emit(byte, dollar)?;
            }
        }
        Ok((is_array, !value.is_empty()))
    }

    fn begin(&mut self, from: usize) {
        self.word.get_or_insert_with(|| Partial {
            bytes: Vec::new(),
            from,
        });
    }

    fn emit(&mut self, byte: u8, from: usize) -> Result<(), LineError> {
        if byte == 0 {
            return Err(self.error(Reason::NulByte, from, from + 1));
        }
        self.expanded_bytes += 1;
        if self.expanded_bytes > MAX_LINE_BYTES {
            return Err(self.error(Reason::TooLong, from, from + 1));
        }
        self.begin(from);
        if let Some(word) = &mut self.word {
            word.bytes.push(byte);
        }
        Ok(())
    }

    fn finish_nonempty_word(&mut self) -> Result<(), LineError> {
        if self.word.as_ref().is_some_and(|word| word.bytes.is_empty()) {
            return Ok(());
        }
        self.finish_word(self.position)
    }

    fn finish_word(&mut self, end: usize) -> Result<(), LineError> {
        let Some(word) = self.word.take() else {
            return Ok(());
        };
        if self.words.len() == MAX_WORDS {
            return Err(self.error(Reason::TooManyWords, word.from, end));
        }
        let span = self.span(word.from, end);
        match String::from_utf8(word.bytes) {
            Ok(text) => self.words.push(Spanned::new(text, span)),
            Err(_) => return Err(self.error(Reason::NotText, word.from, end)),
        }
        Ok(())
    }

    fn span(&self, from: usize, to: usize) -> Span {
        let offset =
            |at: usize| self.start + u32::try_from(at.min(self.input.len())).unwrap_or(u32::MAX);
        Span {
            source: self.source,
            start: offset(from),
            end: offset(to),
        }
    }

    fn error(&self, reason: Reason, from: usize, to: usize) -> LineError {
        LineError {
            reason,
            span: self.span(from, to),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use diagnostics::Sources;

    fn cut(line: &str) -> Result<Vec<String>, Reason> {
        let environment = [("A", "one"), ("LIST", " a  b "), ("EMPTY", "")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into();
        let variables = Variables {
            environment: &environment,
            file: "a.cfg",
            line: 7,
            section: "web",
        };
        let source = Sources::new().add("a.cfg", line);
        split(line, source, 0, &variables)
            .map(|words| words.into_iter().map(|word| word.value).collect())
            .map_err(|error| error.reason)
    }

    #[test]
    fn words_are_cut_as_the_manual_says() {
        for (line, expected) in [
            ("", &[][..]),
            ("  a\tb  # c", &["a", "b"]),
            ("global#comment", &["global"]),
            ("a\r", &["a"]),
            (
                r"realm HAProxy\ Statistics",
                &["realm", "HAProxy Statistics"],
            ),
            (r"a\#b \\ \' \x41\t\r\n", &["a#b", "\\", "'", "A\t\r\n"]),
            (r"my/\1 \q \$", &["my/\\1", "\\q", "\\$"]),
            (r"a\", &["a\\"]),
            (r#""a b # ' \" \$A \x20""#, &["a b # ' \" $A  "]),
            (r#"'a b # " \ $A'"#, &["a b # \" \\ $A"]),
            (r#"%{+Q}o\ %t"x y"'z'"#, &["%{+Q}o %tx yz"]),
            (r#"a "" ''"#, &["a", "", ""]),
            (r#""$A" $A "${A}x" "$Ax""#, &["one", "$A", "onex", ""]),
            (
                r#""${A-no}" "${B-yes}" "${B-}" "${EMPTY-no}""#,
                &["one", "yes", "", ""],
            ),
            (r#"x "${LIST[*]}" y"#, &["x", "a", "b", "y"]),
            (r#"x "${NONE[*]}" y"#, &["x", "y"]),
            (r#"p"${LIST[*]}"s"#, &["p", "a", "b", "s"]),
            (r#""${.FILE}:${.LINE}:$.SECTION""#, &["a.cfg:7:web"]),
        ] {
            assert_eq!(
                cut(line),
                Ok(expected.iter().map(ToString::to_string).collect()),
                "{line}"
            );
        }
    }

    #[test]
    fn what_cannot_be_cut_says_why() {
        for (line, expected) in [
            ("\"abc", Reason::UnmatchedQuote),
            ("'abc", Reason::UnmatchedQuote),
            (r"\x4", Reason::InvalidHex),
            (r"\xzz", Reason::InvalidHex),
            (r"\x00", Reason::NulByte),
            (r"\xff", Reason::NotText),
            ("\"${A\"", Reason::UnmatchedBrace),
            ("\"${A B}\"", Reason::UnmatchedBrace),
            ("\"${A-b\"", Reason::UnmatchedBrace),
            ("\"${A[1]}\"", Reason::WrongExpansion),
            ("\"$1\"", Reason::VariableName),
            ("\"$.NAME\"", Reason::VariableName),
        ] {
            assert_eq!(cut(line), Err(expected), "{line}");
        }
    }

    #[test]
    fn the_limits_hold_at_their_edges() {
        let words = |count: usize| "w ".repeat(count);
        assert_eq!(
            cut(&words(MAX_WORDS)).map(|words| words.len()),
            Ok(MAX_WORDS)
        );
        assert_eq!(cut(&words(MAX_WORDS + 1)), Err(Reason::TooManyWords));
        assert!(cut(&"x".repeat(MAX_LINE_BYTES)).is_ok());
        assert_eq!(cut(&"x".repeat(MAX_LINE_BYTES + 1)), Err(Reason::TooLong));
    }
}
