//! Texts → sections of statements: lines are cut into words, conditional blocks resolved, messages
//! of `.notice` and its kin collected, and `setenv` and its kin carried out, all in one pass.

use std::collections::BTreeMap;

use diagnostics::{Diagnostic, SourceId, Sources, Span};

use crate::address_variables;
use crate::condition;
use crate::input::Process;
use crate::keywords::SECTIONS;
use crate::model::Word;
use crate::words::{self, Variables};

/// How deep `.if` blocks may nest, HAProxy's `MAXNESTEDCONDS`.
pub const MAX_NESTED_CONDITIONS: usize = 100;

/// `no` or `default` before a keyword.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Modifier {
    Plain,
    No,
    Default,
}

/// Keywords that `no` and `default` may precede.
const NEGATABLE: [&str; 7] = [
    "busy-polling",
    "insecure-fork-wanted",
    "log",
    "numa-cpu-mapping",
    "option",
    "set-dumpable",
    "strict-limits",
];

/// One line: at least one word, none of them empty.
#[derive(Debug, Clone)]
pub(crate) struct Statement {
    pub modifier: Modifier,
    pub words: Vec<Word>,
}

impl Statement {
    /// The first word.
    pub fn keyword(&self) -> &Word {
        self.words.first().expect("a statement has a word")
    }

    /// From the first word to the last.
    pub fn span(&self) -> Span {
        let last = self.words.last().unwrap_or(self.keyword());
        self.keyword().span.to(last.span)
    }
}

/// A section's header and the statements below it.
#[derive(Debug, Clone)]
pub(crate) struct Section {
    pub header: Statement,
    pub statements: Vec<Statement>,
}

/// Reads every source, in order.
pub(crate) fn read(
    sources: &Sources,
    environment: BTreeMap<String, String>,
    process: &Process,
    messages: &mut Vec<Diagnostic>,
) -> (Vec<Section>, BTreeMap<String, String>) {
    let mut reader = Reader {
        environment,
        process,
        messages,
        sections: Vec::new(),
        current: None,
        blocks: Vec::new(),
        aborted: false,
    };
    for source in sources.ids() {
        reader.text(sources, source);
    }
    (reader.sections, reader.environment)
}

/// An open `.if`.
struct Block {
    opened: Span,
    branch: Branch,
    seen_else: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Branch {
    /// The lines that follow count.
    Taken,
    /// They do not; a later branch of this block may.
    Waiting,
    /// They do not, nor does any later branch.
    Done,
}

struct Reader<'a> {
    environment: BTreeMap<String, String>,
    process: &'a Process,
    messages: &'a mut Vec<Diagnostic>,
    sections: Vec<Section>,
    /// The open section, where it is in this text.
    current: Option<usize>,
    blocks: Vec<Block>,
    aborted: bool,
}

impl Reader<'_> {
    fn text(&mut self, sources: &Sources, source: SourceId) {
        let text = sources.text(source);
        self.current = None;
        let mut start = 0_usize;
        for (number, line) in (1u32..).zip(text.split_inclusive('\n')) {
            if self.aborted {
                return;
            }
            let offset = u32::try_from(start).unwrap_or(u32::MAX);
            start += line.len();
            let body = line.strip_suffix('\n').unwrap_or(line);
            if let Some(at) = body.find('\0') {
                let at = offset + u32::try_from(at).unwrap_or(0);
                let span = Span {
                    source,
                    start: at,
                    end: at + 1,
                };
                self.messages
                    .push(Diagnostic::error("a configuration is text; this byte is zero").at(span));
                continue;
            }
            self.line(body, source, offset, sources.name(source), number);
        }
        if let Some(block) = self.blocks.drain(..).next_back() {
            self.messages.push(
                Diagnostic::error("this '.if' is never closed")
                    .at(block.opened)
                    .help("end the block with '.endif' in the same file"),
            );
        }
        if !text.is_empty() && !text.ends_with('\n') && !self.aborted {
            let end = u32::try_from(text.len()).unwrap_or(u32::MAX);
            self.messages.push(
                Diagnostic::error("the last line has no line feed: the file may be cut short").at(
                    Span {
                        source,
                        start: end,
                        end,
                    },
                ),
            );
        }
    }

    fn line(&mut self, line: &str, source: SourceId, offset: u32, file: &str, number: u32) {
        let section = self
            .current
            .and_then(|index| self.sections.get(index))
            .map_or("", |section| {
                let words = &section.header.words;
                words
                    .get(1)
                    .or(words.first())
                    .map_or("", |word| &word.value)
            });
        let variables = Variables {
            environment: &self.environment,
            file,
            line: number,
            section,
        };
        let words = match words::split(line, source, offset, &variables) {
            Ok(words) => words,
            Err(error) => {
                let mut message = Diagnostic::error(error.reason.to_string()).at(error.span);
                if let Some(help) = error.reason.help() {
                    message = message.help(help);
                }
                self.messages.push(message);
                return;
            }
        };
        let Some(first) = words.first() else { return };
        if matches!(first.value.as_str(), ".if" | ".elif" | ".else" | ".endif") {
            if let Err(message) = self.block(&words) {
                self.messages.push(message);
            }
        } else if self
            .blocks
            .iter()
            .any(|block| block.branch != Branch::Taken)
        {
            // Masked out by a condition.
        } else if first.value.starts_with('.') {
            match self.report(&words) {
                Ok(()) => {}
                Err(message) => self.messages.push(message),
            }
        } else {
            self.statement(words);
        }
    }

    fn block(&mut self, words: &[Word]) -> Result<(), Diagnostic> {
        let (directive, condition) = words.split_first().expect("a directive is a word");
        let span = directive.span;
        match directive.value.as_str() {
            ".if" => {
                if self.blocks.len() == MAX_NESTED_CONDITIONS {
                    self.aborted = true;
                    return Err(Diagnostic::error(format!(
                        "'.if' blocks nest at most {MAX_NESTED_CONDITIONS} deep"
                    ))
                    .at(span));
                }
                let masked = self
                    .blocks
                    .iter()
                    .any(|block| block.branch != Branch::Taken);
                let branch = if masked {
                    Ok(Branch::Done)
                } else {
                    self.branch(directive, condition)
                };
                self.blocks.push(Block {
                    opened: span,
                    branch: branch.as_ref().copied().unwrap_or(Branch::Done),
                    seen_else: false,
                });
                branch.map(|_| ())
            }
            ".elif" => {
                let opened = self.open_block(directive)?;
                let branch = match opened {
                    Branch::Waiting => self.branch(directive, condition),
                    Branch::Taken | Branch::Done => Ok(Branch::Done),
                };
                self.set_branch(branch.as_ref().copied().unwrap_or(Branch::Done));
                branch.map(|_| ())
            }
            ".else" => {
                let opened = self.open_block(directive)?;
                self.set_branch(match opened {
                    Branch::Waiting => Branch::Taken,
                    Branch::Taken | Branch::Done => Branch::Done,
                });
                if let Some(block) = self.blocks.last_mut() {
                    block.seen_else = true;
                }
                no_more(directive, condition)
            }
            _ => {
                if self.blocks.pop().is_none() {
                    return Err(Diagnostic::error("'.endif' without '.if'").at(span));
                }
                no_more(directive, condition)
            }
        }
    }

    fn open_block(&self, directive: &Word) -> Result<Branch, Diagnostic> {
        match self.blocks.last() {
            None => Err(
                Diagnostic::error(format!("'{}' without '.if'", directive.value))
                    .at(directive.span),
            ),
            Some(block) if block.seen_else => Err(Diagnostic::error(format!(
                "'{}' after '.else'",
                directive.value
            ))
            .at(directive.span)),
            Some(block) => Ok(block.branch),
        }
    }

    fn set_branch(&mut self, branch: Branch) {
        if let Some(block) = self.blocks.last_mut() {
            block.branch = branch;
        }
    }

    fn branch(&self, directive: &Word, condition: &[Word]) -> Result<Branch, Diagnostic> {
        let text: Vec<&str> = condition.iter().map(|word| word.value.as_str()).collect();
        match condition::evaluate(&text.join(" "), &self.environment, self.process) {
            Ok(true) => Ok(Branch::Taken),
            Ok(false) => Ok(Branch::Waiting),
            Err(reason) => {
                let last = condition.last().unwrap_or(directive);
                let first = condition.first().unwrap_or(directive);
                Err(Diagnostic::error(reason).at(first.span.to(last.span)))
            }
        }
    }

    /// `.diag`, `.notice`, `.warning`, `.alert`.
    fn report(&mut self, words: &[Word]) -> Result<(), Diagnostic> {
        let (directive, arguments) = words.split_first().expect("a directive is a word");
        let known = [
            ".alert", ".diag", ".elif", ".else", ".endif", ".if", ".notice", ".warning",
        ];
        if !known.contains(&directive.value.as_str()) {
            return Err(
                Diagnostic::error(format!("unknown directive '{}'", directive.value))
                    .at(directive.span)
                    .suggest(&directive.value, known),
            );
        }
        if let Some(extra) = arguments.get(1) {
            return Err(Diagnostic::error(format!(
                "unexpected argument '{}' for '{}'",
                extra.value, directive.value
            ))
            .at(extra.span)
            .help("put the message in quotes"));
        }
        let text = arguments.first().map_or("", |word| word.value.as_str());
        let message = match directive.value.as_str() {
            ".alert" => Diagnostic::error(text),
            ".warning" => Diagnostic::warning(text),
            ".diag" if !self.process.diagnostic_mode => return Ok(()),
            _ => Diagnostic::notice(text),
        };
        self.messages.push(message.at(directive.span));
        self.aborted |= directive.value == ".alert";
        Ok(())
    }

    fn statement(&mut self, mut words: Vec<Word>) {
        if let Some((index, word)) = (0..).zip(&words).find(|(_, word)| word.value.is_empty()) {
            self.messages.push(
                Diagnostic::error(format!("argument number {index} is empty"))
                    .at(word.span)
                    .help(
                        "a variable that is not set gives nothing; \"${NAME-default}\" and \
                         \"${NAME[*]}\" say what to do then",
                    ),
            );
            return;
        }
        let modifier = match words.first().map(|word| word.value.as_str()) {
            Some("no") => Modifier::No,
            Some("default") => Modifier::Default,
            _ => Modifier::Plain,
        };
        if modifier != Modifier::Plain {
            let word = words.remove(0);
            let allowed = words
                .first()
                .is_some_and(|next| NEGATABLE.contains(&next.value.as_str()));
            if !allowed {
                let known = NEGATABLE.map(|name| format!("'{name}'"));
                self.messages.push(
                    Diagnostic::error(format!("'{}' cannot be written here", word.value))
                        .at(word.span)
                        .help(format!(
                            "it goes before {}",
                            crate::keywords::listed(&known)
                        )),
                );
                return;
            }
        }
        address_variables::put_in(&mut words, &self.environment);
        let statement = Statement { modifier, words };
        let first = statement.keyword();
        if SECTIONS.contains(&first.value.as_str()) && modifier == Modifier::Plain {
            self.current = Some(self.sections.len());
            self.sections.push(Section {
                header: statement,
                statements: Vec::new(),
            });
            return;
        }
        let Some(section) = self.current.and_then(|index| self.sections.get_mut(index)) else {
            self.messages.push(
                Diagnostic::error(format!("'{}' stands before any section", first.value))
                    .at(first.span)
                    .suggest(&first.value, SECTIONS.iter().copied()),
            );
            return;
        };
        let in_global = section.header.keyword().value == "global";
        if in_global && ENVIRONMENT_KEYWORDS.contains(&first.value.as_str()) {
            if let Err(message) = self.change_environment(&statement) {
                self.messages.push(message);
            }
        } else {
            section.statements.push(statement);
        }
    }

    fn change_environment(&mut self, statement: &Statement) -> Result<(), Diagnostic> {
        let name = statement.keyword().value.as_str();
        let arguments = &statement.words[1..];
        match name {
            "setenv" | "presetenv" => {
                let [variable, value] = arguments else {
                    return Err(
                        Diagnostic::error(format!("'{name}' expects a name and a value"))
                            .at(statement.span()),
                    );
                };
                if name == "setenv" || !self.environment.contains_key(&variable.value) {
                    self.environment
                        .insert(variable.value.clone(), value.value.clone());
                }
            }
            "unsetenv" => {
                for variable in arguments {
                    self.environment.remove(&variable.value);
                }
            }
            _ => self
                .environment
                .retain(|name, _| arguments.iter().any(|kept| kept.value == *name)),
        }
        Ok(())
    }
}

const ENVIRONMENT_KEYWORDS: [&str; 4] = ["presetenv", "resetenv", "setenv", "unsetenv"];

fn no_more(directive: &Word, rest: &[Word]) -> Result<(), Diagnostic> {
    match rest.first() {
        None => Ok(()),
        Some(extra) => Err(Diagnostic::error(format!(
            "unexpected argument '{}' after '{}'",
            extra.value, directive.value
        ))
        .at(extra.span)),
    }
}
