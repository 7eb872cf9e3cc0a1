//! The help text.

use std::fmt::Write as _;

use super::{Entry, Grammar, Group, HIDDEN};

const HELP: &[(&str, &str)] = &[
    ("help", "Show help options"),
    ("help-all", "Show all help options"),
];

impl<T: Copy> Grammar<T> {
    /// The text that the option `name` (without hyphens) asks for, if it asks for one.
    pub(super) fn help(&self, name: &str) -> Option<String> {
        let application = self.groups.last().into_iter();
        Some(match name {
            "help" => self.text(true, application),
            "help-all" => self.text(true, self.groups.iter()),
            _ => {
                let group = self.named_group(name.strip_prefix("help-")?)?;
                self.text(false, std::iter::once(group))
            }
        })
    }

    fn text<'g>(&self, with_help: bool, groups: impl Iterator<Item = &'g Group<T>>) -> String
    where
        T: 'g,
    {
        let Self {
            tool,
            summary,
            closing,
            ..
        } = self;
        let mut text = format!("Usage:\n  {tool} [OPTION\u{2026}]\n\n{summary}\n\n");
        let column = self.column();
        if with_help {
            text.push_str("Help Options:\n");
            line(&mut text, column, "  -h, --help", HELP[0].1);
            line(&mut text, column, "  --help-all", HELP[1].1);
            for group in self.groups.iter().filter(|group| !group.name.is_empty()) {
                line(
                    &mut text,
                    column,
                    &format!("  --help-{}", group.name),
                    group.help,
                );
            }
            text.push('\n');
        }
        for group in groups {
            let _ = writeln!(text, "{}", group.heading);
            for entry in group.entries.iter().filter(|entry| entry.help != HIDDEN) {
                line(&mut text, column, &names(entry), entry.help);
            }
            text.push('\n');
        }
        text.push_str(closing);
        text
    }

    /// Where the second column begins: GLib counts the hyphens of `--help-…`, not those of others.
    fn column(&self) -> usize {
        const PADDING: usize = 9;
        let of_help = |group: &Group<T>| match group.name {
            "" => 0,
            _ => "--help-".len() + group.name.len(),
        };
        let of_entry = |entry: &Entry<T>| {
            let letter = if entry.short.is_some() {
                "-x, ".len()
            } else {
                0
            };
            let argument = entry.argument.map_or(0, |argument| 1 + argument.len());
            entry.long.len() + letter + argument
        };
        let shown = self.entries().filter(|entry| entry.help != HIDDEN);
        let widest = self
            .groups
            .iter()
            .map(of_help)
            .chain(shown.map(of_entry))
            .max();
        widest.unwrap_or(0) + PADDING
    }
}

fn names<T>(entry: &Entry<T>) -> String {
    let letter = entry
        .short
        .map_or(String::new(), |letter| format!("-{letter}, "));
    let argument = entry
        .argument
        .map_or(String::new(), |name| format!("={name}"));
    format!("  {letter}--{}{argument}", entry.long)
}

fn line(text: &mut String, column: usize, names: &str, explanation: &str) {
    // Pacemaker indents further lines for the widest tool.
    let indent = format!("\n{}", " ".repeat(35));
    let explanation = explanation.replace('\n', &indent);
    // Writing to a String cannot fail.
    let _ = writeln!(text, "{names:<column$}{explanation}");
}
