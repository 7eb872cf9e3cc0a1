//! What an agent needs of Apache's configuration: where the pid file is, where it listens, and at
//! which URL it tells its status.
//!
//! The language is richer than what is read here: conditions and macros are not carried out, and of
//! each directive the first one counts. `IncludeOptional` is passed over, as it is by the script.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

/// How many files are read, and how much of all together.
const MAX_FILES: usize = 1_000;
const MAX_BYTES: u64 = 16 * 1024 * 1024;
/// How deep files include others.
const MAX_DEPTH: usize = 16;

/// The directives, as they are written, variables replaced.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Directives {
    pub(super) server_root: Option<String>,
    pub(super) pid_file: Option<String>,
    /// Apache 1.3's way to say where it listens.
    pub(super) port: Option<String>,
    pub(super) listen: Option<String>,
    /// The last location with the handler `server-status`.
    pub(super) status_location: Option<String>,
}

impl Directives {
    /// Reads a file with all that it includes. What cannot be read is taken for empty: the server
    /// itself complains better.
    pub(super) fn read(file: &Path, variables: &BTreeMap<String, String>) -> Self {
        let mut reader = Reader {
            variables,
            folder: file.parent().unwrap_or(Path::new("/")).to_owned(),
            found: Self::default(),
            location: None,
            files: 0,
            bytes: 0,
        };
        reader.file(file, 0);
        reader.found
    }
}

struct Reader<'v> {
    variables: &'v BTreeMap<String, String>,
    /// Where a relative name begins as long as there is no `ServerRoot`.
    folder: PathBuf,
    found: Directives,
    location: Option<String>,
    files: usize,
    bytes: u64,
}

impl Reader<'_> {
    fn file(&mut self, path: &Path, depth: usize) {
        if depth > MAX_DEPTH || self.files == MAX_FILES {
            return;
        }
        self.files += 1;
        let mut bytes = Vec::new();
        let room = MAX_BYTES - self.bytes;
        let read = fs::File::open(path).and_then(|file| file.take(room).read_to_end(&mut bytes));
        if read.is_err() {
            return;
        }
        self.bytes += bytes.len() as u64;
        for line in String::from_utf8_lossy(&bytes).lines() {
            self.line(line, depth);
        }
    }

    fn line(&mut self, line: &str, depth: usize) {
        let line = line.split('#').next().unwrap_or_default().trim();
        let mut words = line.split_whitespace();
        let (Some(directive), Some(value)) = (words.next(), words.next()) else {
            return;
        };
        let value = self.expand(value.trim_matches('"'));
        let found = &mut self.found;
        let slot = match directive.to_ascii_lowercase().as_str() {
            "include" => return self.include(&value, depth),
            "<location" => {
                let location = value.trim_end_matches('>').trim_matches('"');
                self.location = Some(location.to_owned());
                return;
            }
            "sethandler" => {
                if value == "server-status" {
                    found.status_location = self.location.clone();
                }
                return;
            }
            "serverroot" => &mut found.server_root,
            "pidfile" => &mut found.pid_file,
            "port" => &mut found.port,
            "listen" => &mut found.listen,
            _ => return,
        };
        slot.get_or_insert(value);
    }

    /// A file, all files of a folder, or all that a pattern fits.
    fn include(&mut self, pattern: &str, depth: usize) {
        let root = self.found.server_root.as_ref().map(PathBuf::from);
        let whole = root.unwrap_or_else(|| self.folder.clone()).join(pattern);
        for path in expand_pattern(&whole) {
            if path.is_dir() {
                for inner in names(&path) {
                    self.file(&path.join(inner), depth + 1);
                }
            } else {
                self.file(&path, depth + 1);
            }
        }
    }

    /// `${NAME}` becomes the variable's value; one that is not set stays as it is.
    fn expand(&self, text: &str) -> String {
        let mut expanded = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${") {
            expanded.push_str(before);
            let value = after
                .split_once('}')
                .and_then(|(name, after)| Some((self.variables.get(name)?, after)));
            if let Some((value, after)) = value {
                expanded.push_str(value);
                rest = after;
            } else {
                expanded.push_str("${");
                rest = after;
            }
        }
        expanded + rest
    }
}

/// The paths that a pattern with `*` and `?` fits, sorted.
fn expand_pattern(pattern: &Path) -> Vec<PathBuf> {
    let mut found = vec![PathBuf::new()];
    for part in pattern {
        let text = part.to_string_lossy();
        let is_pattern = text.contains(['*', '?']);
        found = found
            .into_iter()
            .flat_map(|folder| {
                if is_pattern {
                    let fit = names(&folder).into_iter().filter(|name| fits(&text, name));
                    fit.map(|name| folder.join(name)).collect()
                } else {
                    vec![folder.join(part)]
                }
            })
            .take(MAX_FILES)
            .collect();
    }
    found
}

/// The visible names in a folder, sorted.
fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    let visible = names.filter(|name| !name.starts_with('.')).take(MAX_FILES);
    let mut names: Vec<_> = visible.collect();
    names.sort_unstable();
    names
}

/// Whether a name fits a pattern of characters, `*` and `?`.
fn fits(pattern: &str, name: &str) -> bool {
    let (pattern, name) = (pattern.as_bytes(), name.as_bytes());
    let (mut at, mut of) = (0, 0);
    // Where the last star was, and how much of the name it has taken.
    let mut star: Option<(usize, usize)> = None;
    while of < name.len() {
        match pattern.get(at) {
            Some(b'*') => {
                star = Some((at, of));
                at += 1;
            }
            Some(byte) if *byte == b'?' || *byte == name[of] => {
                at += 1;
                of += 1;
            }
            _ => match &mut star {
                Some((place, taken)) => {
                    *taken += 1;
                    (at, of) = (*place + 1, *taken);
                }
                None => return false,
            },
        }
    }
    pattern[at..].iter().all(|byte| *byte == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directives_are_found_wherever_they_are_included() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        write(
            "main.conf",
            "# Listen 1\n  pidfile \"${RUN}/a.pid\"\nInclude ports.conf\nInclude more/*.conf\n\
             IncludeOptional never.conf\nListen 82\nInclude main.conf\n",
        );
        write("ports.conf", "Listen 127.0.0.1:81 http # first\nPort\n");
        write(
            "more/b.conf",
            "ServerRoot /srv/${UNSET}\n<Location \"/b\">\nSetHandler server-status\n",
        );
        write(
            "more/a.conf",
            "<Location /a>\nSetHandler server-status\n</Location>\n",
        );
        write("more/c.txt", "Port 83\n");
        write("never.conf", "Port 84\n");
        let variables = BTreeMap::from([("RUN".to_owned(), "/run/web".to_owned())]);
        assert_eq!(
            Directives::read(&folder.path().join("main.conf"), &variables),
            Directives {
                server_root: Some("/srv/${UNSET}".to_owned()),
                pid_file: Some("/run/web/a.pid".to_owned()),
                port: None,
                listen: Some("127.0.0.1:81".to_owned()),
                status_location: Some("/b".to_owned()),
            }
        );
        let absent = Directives::read(Path::new("/no/such/file"), &variables);
        assert_eq!(absent, Directives::default());
    }

    #[test]
    fn patterns_fit() {
        for (pattern, name, expected) in [
            ("*.conf", "a.conf", true),
            ("*.conf", "a.confx", false),
            ("*", "", true),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("*a*b*", "xxaxxb", true),
            ("*a*b*", "xxbxxa", false),
            ("", "", true),
            ("", "a", false),
        ] {
            assert_eq!(fits(pattern, name), expected, "{pattern} {name}");
        }
    }
}
