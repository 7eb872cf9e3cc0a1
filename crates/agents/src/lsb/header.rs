//! What the comment at the head of an init script says (LSB, "Comment Conventions for Init Scripts").

use crate::metadata::{MadeAction, metadata_xml};

/// How much of a script is looked at.
pub const MAX_HEADER_BYTES: usize = 64 * 1024;

/// What an init script can do for a cluster, and the times that Pacemaker suggests for it.
const ACTIONS: [MadeAction; 7] = [
    ("meta-data", "5", None),
    ("start", "15", None),
    ("stop", "15", None),
    ("status", "15", None),
    ("restart", "15", None),
    ("force-reload", "15", None),
    ("monitor", "15", Some("15")),
];

/// The metadata of an init script, made from its header, as XML.
#[must_use]
pub fn init_script_metadata(agent: &str, script: &str) -> String {
    let header = Header::read(script);
    let short = if header.short.is_empty() {
        agent.to_owned()
    } else {
        header.short
    };
    let long = if header.long.is_empty() {
        short.clone()
    } else {
        header.long
    };
    metadata_xml(agent, &short, &long, &ACTIONS)
}

#[derive(Debug, Default, PartialEq, Eq)]
struct Header {
    short: String,
    long: String,
}

impl Header {
    /// Reads what stands between `### BEGIN INIT INFO` and `### END INIT INFO`. A description goes on
    /// in lines that begin with a tab or two spaces after the `#`.
    fn read(script: &str) -> Self {
        let script = &script[..script.floor_char_boundary(MAX_HEADER_BYTES)];
        let mut header = Self::default();
        let mut in_description = false;
        let lines = script
            .lines()
            .skip_while(|line| line.trim_end() != "### BEGIN INIT INFO")
            .skip(1)
            .take_while(|line| line.trim_end() != "### END INIT INFO");
        for line in lines {
            let Some(line) = line.strip_prefix('#') else {
                break;
            };
            let goes_on = line.starts_with('\t') || line.starts_with("  ");
            if in_description && goes_on {
                header.long.push('\n');
                header.long.push_str(&printable(line));
                continue;
            }
            in_description = false;
            let Some((keyword, value)) = line.split_once(':') else {
                continue;
            };
            match keyword.trim() {
                "Short-Description" => header.short = printable(value),
                "Description" => {
                    header.long = printable(value);
                    in_description = true;
                }
                _ => {}
            }
        }
        header.long = header.long.trim().to_owned();
        header
    }
}

/// Without space around it and without what XML cannot hold.
fn printable(text: &str) -> String {
    text.trim()
        .chars()
        .filter(|char| !char.is_control() && !matches!(char, '\u{fffe}' | '\u{ffff}'))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metadata::Metadata;

    #[test]
    fn a_header_becomes_metadata() {
        for (script, short, long) in [
            ("", "x", "x"),
            ("#!/bin/sh\necho Description: no\n", "x", "x"),
            (
                "#!/bin/sh\n### BEGIN INIT INFO\n# Provides: x\n# Short-Description: a <b & c\n\
                 # Description: one\n#  two\n#\tthree\n# Default-Start: 2\n### END INIT INFO\n\
                 # Short-Description: no\n",
                "a <b & c",
                "one\ntwo\nthree",
            ),
            (
                "### BEGIN INIT INFO\n# Short-Description: a\u{1}\n",
                "a",
                "a",
            ),
        ] {
            let metadata = Metadata::parse(&init_script_metadata("x", script)).unwrap();
            assert_eq!(metadata.name, "x");
            assert_eq!(metadata.short_description, short, "{script}");
            assert_eq!(metadata.long_description, long, "{script}");
            let monitor = metadata.actions_named("monitor").next().unwrap();
            assert_eq!(monitor.interval.as_deref(), Some("15"));
        }
    }
}
