//! Lines as they are meant: comments gone, files included, conditions decided, parameters replaced,
//! sequences unrolled.

use diagnostics::{Diagnostic, Diagnostics, SourceId, Sources, Span};

use super::definitions::{Definitions, Substituted, Value, definition};
use super::sequence;
use crate::{Files, Inputs};

/// The longest line after replacement.
pub(super) const MAX_LINE_BYTES: usize = 64 * 1024;
/// The most lines of a configuration after expansion; the manual's largest example has half as many.
const MAX_LINES: usize = 2_000_000;
/// The most lines looked at, those included that conditions take away.
const MAX_STEPS: usize = 4 * MAX_LINES;
/// The most bytes of all lines together.
const MAX_BYTES: usize = 256 * 1024 * 1024;
/// The most files of a configuration.
const MAX_FILES: usize = 10_000;
/// How deep files may include files.
const MAX_INCLUDE_DEPTH: usize = 32;
/// How deep definitions of several lines and sequences may hold each other.
const MAX_EXPANSION_DEPTH: usize = 64;

/// A line as it is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Line {
    /// What it says; never empty.
    pub(crate) text: String,
    place: Span,
    /// The text is what stands in the source from the place's start on, byte by byte.
    verbatim: bool,
}

impl Line {
    /// The place of the whole line.
    pub(crate) fn span(&self) -> Span {
        self.place
    }

    /// The place of some bytes of the text.
    pub(crate) fn span_of(&self, start: usize, end: usize) -> Span {
        if !self.verbatim {
            return self.place;
        }
        let from = self.place.start as usize;
        let at = |offset: usize| u32::try_from(from + offset).unwrap_or(self.place.end);
        Span {
            start: at(start),
            end: at(end),
            ..self.place
        }
    }

    /// A part of the line.
    pub(crate) fn part(&self, start: usize, end: usize) -> Self {
        Self {
            text: self.text[start..end].to_owned(),
            place: self.span_of(start, end),
            verbatim: self.verbatim,
        }
    }

    fn replaced(&self, text: String) -> Self {
        Self {
            text,
            place: self.place,
            verbatim: false,
        }
    }
}

/// Reads files into lines.
pub(crate) struct Reader<'a> {
    inputs: &'a Inputs,
    files: &'a mut dyn Files,
    sources: &'a mut Sources,
    diagnostics: Diagnostics,
    definitions: Definitions,
    /// The name whose definition goes on over the next lines.
    collecting: Option<String>,
    lines: Vec<Line>,
    max_lines: usize,
    bytes: usize,
    steps: usize,
    files_read: usize,
    overflow_told: bool,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(
        inputs: &'a Inputs,
        files: &'a mut dyn Files,
        sources: &'a mut Sources,
    ) -> Self {
        Self {
            inputs,
            files,
            sources,
            diagnostics: Diagnostics::new(),
            definitions: Definitions::new(inputs),
            collecting: None,
            lines: Vec::new(),
            max_lines: MAX_LINES,
            bytes: 0,
            steps: 0,
            files_read: 0,
            overflow_told: false,
        }
    }

    /// All lines of a file and of what it includes.
    pub(crate) fn read(mut self, path: &str) -> (Vec<Line>, Diagnostics) {
        match self.files.read(path) {
            Ok(text) => self.read_text(path, text, 0),
            Err(reason) => {
                let message = format!("cannot read the configuration '{path}': {reason}");
                self.tell(Diagnostic::error(message));
            }
        }
        (self.lines, self.diagnostics)
    }

    fn read_text(&mut self, path: &str, text: String, include_depth: usize) {
        self.files_read += 1;
        let source = self.sources.add(path, text.as_str());
        let whole = self.sources.text(source).to_owned();
        let file = File {
            directory: directory_of(path).to_owned(),
            include_depth,
        };
        let mut start = 0;
        for line in whole.split_inclusive('\n') {
            let bare = line.trim_end_matches(['\n', '\r']);
            self.read_line(source, start, bare, &file);
            start += line.len();
        }
    }

    fn read_line(&mut self, source: SourceId, start: usize, bare: &str, file: &File) {
        if bare.is_empty() {
            self.collecting = None;
            return;
        }
        let (indent, text) = without_comment(bare);
        if text.is_empty() {
            return;
        }
        let verbatim = bare[indent..].starts_with(text.as_str());
        let at = |offset: usize| u32::try_from(start + offset).unwrap_or(u32::MAX);
        let end = if verbatim {
            indent + text.len()
        } else {
            bare.trim_end().len()
        };
        let line = Line {
            text,
            place: Span {
                source,
                start: at(indent),
                end: at(end),
            },
            verbatim,
        };
        if let Some(name) = self.collecting.take() {
            self.collect(name, &line);
        } else {
            self.expand(line, file, 0);
        }
    }

    /// One more line of a definition of several.
    fn collect(&mut self, name: String, line: &Line) {
        let (text, goes_on) = match line.text.strip_suffix('\\') {
            Some(text) => (text.trim_end(), true),
            None => (line.text.as_str(), false),
        };
        if !text.is_empty() {
            self.definitions
                .add_line(&name, text.to_owned(), line.place);
        }
        self.collecting = goes_on.then_some(name);
    }

    /// Decides conditions, takes definitions, replaces parameters, until the line says what it
    /// means.
    fn expand(&mut self, mut line: Line, file: &File, depth: usize) {
        self.steps += 1;
        if depth > MAX_EXPANSION_DEPTH {
            let message = "definitions and sequences hold each other without end";
            self.tell(Diagnostic::error(message).at(line.place));
            return;
        }
        // Each turn takes a condition away or replaces a parameter; the latter is bounded.
        for _ in 0..MAX_EXPANSION_DEPTH {
            if line.text.starts_with('@') {
                match condition(&line.text, &self.inputs.config_id) {
                    Some(rest) => line = line.part(rest, line.text.len()),
                    None => return,
                }
                continue;
            }
            if let Some((name, value)) = definition(&line.text) {
                self.define(name, value, line.place);
                return;
            }
            let definitions = &mut self.definitions;
            let expand = |bounds: &str| match definitions.substitute(bounds, "") {
                Ok(Substituted::Text(text)) => text,
                _ => bounds.to_owned(),
            };
            match sequence::read(&line.text, expand) {
                Some(Ok(found)) => {
                    let rest = line.replaced(found.rest.to_owned());
                    for round in found.rounds {
                        for (name, value) in round {
                            self.definitions.define(&name, Value::Text(value));
                        }
                        if self.is_full(line.place) {
                            return;
                        }
                        self.expand(rest.clone(), file, depth + 1);
                    }
                    return;
                }
                Some(Err(reason)) => {
                    self.tell(Diagnostic::error(reason).at(line.place));
                    return;
                }
                None => {}
            }
            if !line.text.contains('$') {
                break;
            }
            match self.definitions.substitute(&line.text, &file.directory) {
                Ok(Substituted::Unchanged) => break,
                Ok(Substituted::Text(text)) => {
                    let (_, text) = without_comment(&text);
                    line = line.replaced(text);
                }
                Ok(Substituted::Lines { before, lines }) => {
                    let mut before = Some(before);
                    for (text, place) in lines {
                        let inner = Line {
                            text: before.take().unwrap_or_default() + &text,
                            place,
                            verbatim: false,
                        };
                        if self.is_full(place) {
                            return;
                        }
                        self.expand(inner, file, depth + 1);
                    }
                    return;
                }
                Err(reason) => {
                    let message = Diagnostic::error(reason.to_string()).at(line.place);
                    self.tell(message);
                    return;
                }
            }
        }
        if line.text.is_empty() || self.is_full(line.place) {
            return;
        }
        match include(&line.text) {
            Some((strict, pattern)) => self.include(&line, strict, pattern, file),
            None => {
                self.bytes += line.text.len();
                self.lines.push(line);
            }
        }
    }

    fn define(&mut self, name: &str, value: &str, place: Span) {
        let Some(first) = value.strip_suffix('\\') else {
            self.definitions.define(name, Value::Text(value.to_owned()));
            return;
        };
        // Until a line follows it stands for nothing.
        self.definitions.define(name, Value::Text(String::new()));
        if !first.trim_end().is_empty() {
            self.definitions
                .add_line(name, first.trim_end().to_owned(), place);
        }
        self.collecting = Some(name.to_owned());
    }

    fn include(&mut self, line: &Line, strict: bool, pattern: &str, file: &File) {
        let complain = |reason: String| {
            let message = format!("include '{pattern}': {reason}");
            let message = if strict {
                Diagnostic::error(message)
            } else {
                Diagnostic::warning(message)
            };
            message.at(line.place)
        };
        if file.include_depth >= MAX_INCLUDE_DEPTH || self.files_read >= MAX_FILES {
            let message = format!(
                "more than {MAX_INCLUDE_DEPTH} files deep or {MAX_FILES} files: \
                 does a file include itself?"
            );
            self.tell(Diagnostic::error(message).at(line.place));
            return;
        }
        let paths = match self.files.matching(&file.directory, pattern) {
            Ok(paths) if paths.is_empty() => Err("no file matches".to_owned()),
            other => other,
        };
        let paths = match paths {
            Ok(paths) => paths,
            Err(reason) => {
                self.tell(complain(reason));
                return;
            }
        };
        for path in paths {
            match self.files.read(&path) {
                Ok(text) => self.read_text(&path, text, file.include_depth + 1),
                Err(reason) => {
                    self.tell(complain(format!("{path}: {reason}")));
                }
            }
        }
    }

    /// Whether no more lines are taken; says so once.
    fn is_full(&mut self, place: Span) -> bool {
        let full = self.lines.len() >= self.max_lines
            || self.steps >= MAX_STEPS
            || self.bytes >= MAX_BYTES;
        if full && !self.overflow_told {
            self.overflow_told = true;
            let message = format!(
                "the configuration expands to more than {} lines or {MAX_BYTES} bytes",
                self.max_lines
            );
            self.tell(Diagnostic::error(message).at(place));
        }
        full
    }

    fn tell(&mut self, message: Diagnostic) {
        crate::tell(&mut self.diagnostics, message);
    }
}

/// The file that a line stands in.
struct File {
    directory: String,
    include_depth: usize,
}

fn directory_of(path: &str) -> &str {
    match path.rsplit_once('/') {
        Some(("", _)) => "/",
        Some((directory, _)) => directory,
        None => ".",
    }
}

/// Where the rest of a conditional line starts, where its condition holds: `@ID rest`, `@^ID rest`.
fn condition(text: &str, config_id: &str) -> Option<usize> {
    let after = text.strip_prefix('@')?;
    let (negative, after) = match after.strip_prefix('^') {
        Some(after) => (true, after),
        None => (false, after),
    };
    let (id, rest) = after.split_once([' ', '\t'])?;
    let rest = rest.trim_start_matches([' ', '\t']);
    ((id == config_id) != negative).then(|| text.len() - rest.len())
}

/// The pattern of a line that includes files, and whether they must exist (`includer` and so on).
fn include(text: &str) -> Option<(bool, &str)> {
    let (keyword, pattern) = text.split_once([' ', '\t'])?;
    let strict = match keyword {
        "include" => false,
        "includer" | "includem" | "includew" | "includeb" | "includea" => true,
        _ => return None,
    };
    Some((strict, pattern.trim().trim_matches('"')))
}

/// A line without indentation and comment, and how long the indentation was. `\#` and `\!` outside
/// of `"` stand for `#` and `!`.
fn without_comment(line: &str) -> (usize, String) {
    let trimmed = line.trim_start_matches([' ', '\t']);
    let indent = line.len() - trimmed.len();
    let mut text = String::with_capacity(trimmed.len());
    let mut quoted = false;
    let mut letters = trimmed.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '"' => quoted = !quoted,
            '#' | '!' if !quoted => break,
            '\\' => match letters.next() {
                Some(escaped @ ('#' | '!')) if !quoted => {
                    text.push(escaped);
                    continue;
                }
                Some(escaped) => {
                    text.extend(['\\', escaped]);
                    continue;
                }
                None => {}
            },
            _ => {}
        }
        text.push(letter);
    }
    text.truncate(text.trim_end().len());
    (indent, text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::Texts;

    /// Lower than in earnest, so that the limit's edge is reached in a moment.
    const TEST_MAX_LINES: usize = 1000;

    fn lines(config_id: &str, texts: &[(&str, &str)]) -> (Vec<String>, Diagnostics) {
        let inputs = Inputs {
            config_id: config_id.to_owned(),
            ..Inputs::default()
        };
        let mut files = Texts::new(texts);
        let mut sources = Sources::new();
        let mut reader = Reader::new(&inputs, &mut files, &mut sources);
        reader.max_lines = TEST_MAX_LINES;
        reader.steps = MAX_STEPS - 4 * TEST_MAX_LINES;
        let (lines, diagnostics) = reader.read(texts[0].0);
        (
            lines.into_iter().map(|line| line.text).collect(),
            diagnostics,
        )
    }

    fn check(config_id: &str, text: &str, expected: &[&str]) {
        let (lines, diagnostics) = lines(config_id, &[("/k.conf", text)]);
        assert_eq!(lines, expected, "{text}");
        assert!(diagnostics.is_empty(), "{diagnostics:?}");
    }

    #[test]
    fn comments_go_and_what_is_escaped_or_quoted_stays() {
        check(
            "",
            "a # b\n  ! c\n\n\td \"# ! e\" # f\r\n",
            &["a", "d \"# ! e\""],
        );
        check("", r"a \# b \! c", &["a # b ! c"]);
        check("", "$X=1\na ${_HASH}${X}${_BANG}", &["a #1!"]);
    }

    #[test]
    fn conditions_choose_lines() {
        let text = "@main a\n@backup b\n@^main c\n@^backup d\n@main $P=240\np $P\n@main";
        check("main", text, &["a", "d", "p 240"]);
        check("backup", text, &["b", "c", "p $P"]);
        check("main", "$IF=@main\n$IF x\n", &["x"]);
    }

    #[test]
    fn parameters_are_replaced_when_used() {
        let text = "$B=10.2.${S}\n$S=0\n${B}.100/32\n$S=10\n${B}.100/32";
        check("", text, &["10.2.0.100/32", "10.2.10.100/32"]);
    }

    #[test]
    fn definitions_of_several_lines_hold_conditions_and_each_other() {
        let text = "$RS= \\\nreal ${V}.${R} { \\\n # no line \\\n weight 1 \\\n}\n\
                    $VS= \\\nvirtual ${V} { \\\n@high top \\\n$R=1 \\\n$RS \\\n$R=2 \\\n$RS \\\n}\n\
                    $V=7\n$VS\nend";
        check(
            "high",
            text,
            &[
                "virtual 7 {",
                "top",
                "real 7.1 {",
                "weight 1",
                "}",
                "real 7.2 {",
                "weight 1",
                "}",
                "}",
                "end",
            ],
        );
    }

    #[test]
    fn sequences_nest() {
        let text = "~LST({A, B}, {10,1},{20,4}) ~SEQ(C,168,2,170) 192.${C}.${A}.${B}";
        let expected = [
            "192.168.10.1",
            "192.170.10.1",
            "192.168.20.4",
            "192.170.20.4",
        ];
        check("", text, &expected);
        let text = "$T= \\\na ${N} \\\nb\n~SEQ(N, 1, 2) $T\n";
        check("", text, &["a 1", "b", "a 2", "b"]);
    }

    #[test]
    fn files_are_included_from_where_they_stand() {
        let (found, diagnostics) = lines(
            "",
            &[
                (
                    "/etc/k/k.conf",
                    "a\ninclude conf.d/*.conf\ninclude nothing\nz",
                ),
                ("/etc/k/conf.d/1.conf", "b ${_PWD}\nincluder sub/x"),
                ("/etc/k/conf.d/sub/x", "c"),
            ],
        );
        assert_eq!(found, ["a", "b /etc/k/conf.d", "c", "z"]);
        assert_eq!(diagnostics.len(), 1);
        assert!(
            !diagnostics.has_errors(),
            "a plain include may find nothing"
        );
        let (_, diagnostics) = lines("", &[("/k.conf", "includer nothing")]);
        assert!(diagnostics.has_errors());
        let (_, diagnostics) = lines("", &[("/k.conf", "include k.conf")]);
        assert!(diagnostics.has_errors(), "a file that includes itself");
    }

    #[test]
    fn what_has_no_end_is_refused() {
        for text in [
            "$A=$B\n$B=$A\nx $A",
            "$A= \\\nx \\\n$A\n\n$A",
            "$A=${A}${A}\n${A}",
            "~SEQ(A,60000) ~SEQ(B,60000) x",
            "~SEQ(A,60000) ~SEQ(B,60000) @never x",
        ] {
            let (_, diagnostics) = lines("", &[("/k.conf", text)]);
            assert!(diagnostics.has_errors(), "{text}");
        }
    }

    #[test]
    fn as_many_lines_as_allowed_are_taken_and_not_one_more() {
        for (count, refused) in [(TEST_MAX_LINES, false), (TEST_MAX_LINES + 1, true)] {
            let text = format!("~SEQ(A,{count}) x");
            let (found, diagnostics) = lines("", &[("/k.conf", &text)]);
            assert_eq!(found.len(), TEST_MAX_LINES);
            assert_eq!(diagnostics.has_errors(), refused, "{count}");
        }
    }

    #[test]
    fn words_are_found_where_they_stand() {
        let mut files = Texts::new(&[("/k.conf", "  a bc # d\n$X=1\n e $X")]);
        let mut sources = Sources::new();
        let inputs = Inputs::default();
        let (lines, _) = Reader::new(&inputs, &mut files, &mut sources).read("/k.conf");
        assert_eq!(sources.excerpt(lines[0].span_of(2, 4)), "bc");
        assert_eq!(sources.excerpt(lines[1].span_of(2, 3)), "e $X", "the line");
    }
}
