//! The command lines of Pacemaker's tools: what an option is, and how words become options.
//!
//! Words are first taken apart ([`words`]), then read in order:
//!
//! - A long option takes its argument after `=` or from the next word. One without an argument may
//!   have one all the same, which is ignored. Its group may stand before its name
//!   (`--source-xml-file`).
//! - A short option takes its argument from the next word.
//! - Words that are no options are ignored, and so is everything after `--`.
//! - Help is given as soon as it is asked for, whatever follows.

mod help;
mod words;

/// What options a tool has, and what its help text says.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Grammar<T: 'static> {
    pub tool: &'static str,
    /// What the help text says before the options.
    pub summary: &'static str,
    /// What the help text says after them.
    pub closing: &'static str,
    /// The options; those of the last group are always part of the help text.
    pub groups: &'static [Group<T>],
}

/// Options that belong together.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Group<T: 'static> {
    pub name: &'static str,
    pub heading: &'static str,
    /// What the help text says of `--help-NAME`; nothing if there is no such option.
    pub help: &'static str,
    pub entries: &'static [Entry<T>],
}

/// An option: its names, its argument, what it does, and what the help text says of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry<T> {
    pub long: &'static str,
    pub short: Option<char>,
    pub argument: Option<&'static str>,
    /// Whether the argument may be left out: what begins with a hyphen is none then.
    pub is_optional: bool,
    pub meaning: Meaning<T>,
    pub help: &'static str,
}

/// What an option does.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Meaning<T> {
    OutputAs,
    OutputTo,
    Version,
    Verbose,
    Quiet,
    /// What only this tool can do.
    Own(T),
}

/// An option; `short` is a blank where there is none.
pub(crate) const fn entry<T: Copy>(
    long: &'static str,
    short: char,
    argument: Option<&'static str>,
    meaning: T,
    help: &'static str,
) -> Entry<T> {
    own(long, short, argument, Meaning::Own(meaning), help)
}

/// An option whose argument may be left out.
pub(crate) const fn optional_entry<T: Copy>(
    long: &'static str,
    short: char,
    argument: &'static str,
    meaning: T,
    help: &'static str,
) -> Entry<T> {
    Entry {
        is_optional: true,
        ..own(long, short, Some(argument), Meaning::Own(meaning), help)
    }
}

const fn own<T: Copy>(
    long: &'static str,
    short: char,
    argument: Option<&'static str>,
    meaning: Meaning<T>,
    help: &'static str,
) -> Entry<T> {
    Entry {
        long,
        short: if short == ' ' { None } else { Some(short) },
        argument,
        is_optional: false,
        meaning,
        help,
    }
}

/// The options about the form of the output, which every tool has.
#[rustfmt::skip]
pub(crate) const fn output_options<T: Copy>() -> [Entry<T>; 2] {
    [
        own("output-as", ' ', Some("FORMAT"), Meaning::OutputAs, "Specify output format as one of: text (default), xml, json"),
        own("output-to", ' ', Some("DEST"), Meaning::OutputTo, "Specify file name for output (or \"-\" for stdout)"),
    ]
}

/// The options that stand at the end of every tool's help text, with its own of being quiet.
#[rustfmt::skip]
pub(crate) const fn application_options<T: Copy>(quiet: char, help: &'static str) -> [Entry<T>; 3] {
    [
        own("version", '$', None, Meaning::Version, "Display software version and exit"),
        own("verbose", 'V', None, Meaning::Verbose, "Increase debug output (may be specified multiple times)"),
        own("quiet", quiet, None, Meaning::Quiet, help),
    ]
}

/// Options without a line in the help text.
pub(crate) const HIDDEN: &str = "";

/// What was asked for by the options that every tool has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CommonOptions {
    /// `--output-as`, as it was written.
    pub output_as: Option<String>,
    /// `--output-to`, as it was written.
    pub output_to: Option<String>,
    /// `--version`.
    pub version: bool,
    /// How often `--verbose` was given.
    pub verbosity: usize,
    /// `--quiet`.
    pub quiet: bool,
}

/// What a command line asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Request {
    /// The help text.
    Help(String),
    /// Something else.
    Run(CommonOptions),
}

/// Words that have not been read yet.
pub(crate) type Words<'a> = std::slice::Iter<'a, String>;

impl<T: Copy> Grammar<T> {
    /// Reads a command line, without the tool's name. Gives `take` each option of this tool's own,
    /// with the name it was given by, its argument, and the words that follow, of which it may take
    /// some. What there is to say about the form of the words goes to `notices`.
    ///
    /// # Errors
    /// Options that there are not, arguments that are missing, and what `take` refuses.
    pub fn read(
        &self,
        arguments: &[String],
        notices: &mut String,
        mut take: impl FnMut(T, Given<'_>, &mut Words<'_>) -> Result<(), String>,
    ) -> Result<Request, String> {
        let words = words::take_apart(arguments, &self.letters_with_argument(), notices);
        let mut common = CommonOptions::default();
        let mut rest = words.iter();
        while let Some(word) = rest.next() {
            if word == "--" {
                break;
            }
            let reading = if let Some(long) = word.strip_prefix("--") {
                self.long_option(long, &mut rest)?
            } else if let Some(letters) = word.strip_prefix('-').filter(|word| !word.is_empty()) {
                self.short_options(letters, &mut rest)?
            } else {
                continue;
            };
            let given = match reading {
                Reading::Options(given) => given,
                Reading::Help(text) => return Ok(Request::Help(text)),
                Reading::Unknown => return Err(format!("Unknown option {word}")),
            };
            for (meaning, given) in given {
                match meaning {
                    Meaning::Own(own) => take(own, given, &mut rest)?,
                    _ => common.apply(meaning, given.argument),
                }
            }
        }
        Ok(Request::Run(common))
    }

    fn long_option<'w>(
        &self,
        long: &'w str,
        rest: &mut Words<'w>,
    ) -> Result<Reading<'w, T>, String> {
        let (name, attached) = match long.split_once('=') {
            Some((name, argument)) => (name, Some(argument)),
            None => (long, None),
        };
        let Some(entry) = self.entry(name) else {
            return Ok(self.help(long).map_or(Reading::Unknown, Reading::Help));
        };
        let name = format!("--{}", entry.long);
        let argument = match (entry.argument, attached) {
            (_, Some(argument)) => argument,
            (None, None) => "",
            (Some(_), None) if entry.is_optional => optional_argument(rest),
            (Some(_), None) => argument_of(&name, rest)?,
        };
        let given = Given { name, argument };
        Ok(Reading::Options(vec![(entry.meaning, given)]))
    }

    fn short_options<'w>(
        &self,
        letters: &str,
        rest: &mut Words<'w>,
    ) -> Result<Reading<'w, T>, String> {
        let mut options = Vec::new();
        let mut has_argument = false;
        for letter in letters.chars() {
            let entry = self.entries().find(|entry| entry.short == Some(letter));
            if matches!(letter, 'h' | '?') && entry.is_none() {
                return Ok(self.help("help").map_or(Reading::Unknown, Reading::Help));
            }
            let name = format!("-{letter}");
            let Some(entry) = entry else {
                return Ok(Reading::Unknown);
            };
            let argument = match entry.argument {
                None => "",
                Some(_) if entry.is_optional => optional_argument(rest),
                Some(_) if has_argument => return Err(format!("Error parsing option {name}")),
                Some(_) => argument_of(&name, rest)?,
            };
            has_argument |= entry.argument.is_some();
            options.push((entry.meaning, Given { name, argument }));
        }
        Ok(Reading::Options(options))
    }

    /// The option called `name`, with or without its group before it.
    fn entry(&self, name: &str) -> Option<&'static Entry<T>> {
        let is_it = |name: &str, entry: &&Entry<T>| entry.long == name;
        self.entries().find(|entry| is_it(name, entry)).or_else(|| {
            let (group, name) = name.split_once('-')?;
            let group = self.named_group(group)?;
            group.entries.iter().find(|entry| is_it(name, entry))
        })
    }

    fn named_group(&self, name: &str) -> Option<&'static Group<T>> {
        let mut groups = self.groups.iter();
        groups.find(|group| group.name == name && !name.is_empty())
    }

    fn entries(&self) -> impl Iterator<Item = &'static Entry<T>> {
        self.groups.iter().flat_map(|group| group.entries)
    }

    fn letters_with_argument(&self) -> String {
        self.entries()
            .filter(|entry| entry.argument.is_some() && !entry.is_optional)
            .filter_map(|entry| entry.short)
            .collect()
    }
}

/// What a word turned out to be.
enum Reading<'w, T> {
    Options(Vec<(Meaning<T>, Given<'w>)>),
    Help(String),
    Unknown,
}

fn argument_of<'w>(name: &str, rest: &mut Words<'w>) -> Result<&'w str, String> {
    let argument = rest.next().map(String::as_str);
    argument.ok_or_else(|| format!("Missing argument for {name}"))
}

/// The next word, if it is no option.
fn optional_argument<'w>(rest: &mut Words<'w>) -> &'w str {
    match rest.as_slice().first() {
        Some(word) if !word.starts_with('-') => rest.next().map_or("", String::as_str),
        _ => "",
    }
}

/// An option as it was given.
#[derive(Clone, Debug)]
pub(crate) struct Given<'w> {
    /// The name it was called by, with its hyphens.
    pub name: String,
    /// Its argument, if it takes one.
    pub argument: &'w str,
}

impl CommonOptions {
    fn apply<T>(&mut self, meaning: Meaning<T>, argument: &str) {
        match meaning {
            Meaning::OutputAs => self.output_as = Some(argument.to_owned()),
            Meaning::OutputTo => self.output_to = Some(argument.to_owned()),
            Meaning::Version => self.version = true,
            Meaning::Verbose => self.verbosity += 1,
            Meaning::Quiet => self.quiet = true,
            Meaning::Own(_) => {}
        }
    }
}
