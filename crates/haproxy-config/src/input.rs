//! What a load takes in, and the files it asks a loader for.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use diagnostics::{Span, Spanned};

use crate::version::Version;

/// One configuration file's text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    /// The name messages use and `.FILE` expands to: usually the path as given to `-f`.
    pub name: String,
    /// The whole text.
    pub text: String,
}

/// Everything that [`crate::parse`] looks at.
#[derive(Debug, Clone, Default)]
pub struct Load {
    /// The texts in the order of `-f`, folders already expanded to their `*.cfg` files.
    pub texts: Vec<Text>,
    /// The process's environment.
    pub environment: BTreeMap<String, String>,
    /// Facts about the program that conditions may ask for.
    pub process: Process,
}

/// Facts about the running program that `.if` expressions and messages depend on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Process {
    /// Names that `feature(NAME)` is true for: those printed with a `+` by `-vv`.
    pub features: BTreeSet<String>,
    /// Names that `enabled(NAME)` is true for, such as `EPOLL` or `REUSEPORT`.
    pub enabled: BTreeSet<String>,
    /// What `version_atleast` and `version_before` compare with; [`crate::CLAIMED_VERSION`].
    pub version: Version,
    /// The TLS library's name and its OpenSSL-compatible version, such as
    /// `OpenSSL 1.1.1 (compatible; AWS-LC 1.61.0)` and `1.1.1`.
    pub tls_library: Option<(String, String)>,
    /// The API number of AWS-LC, where that is the TLS library.
    pub awslc_api: Option<u32>,
    /// The TLS library runs in FIPS mode.
    pub fips_mode: bool,
    /// `-dD`: `.diag` messages are shown.
    pub diagnostic_mode: bool,
}

/// The features that `-vv` prints with a `+`, by HAProxy's build option names.
///
/// `OPENSSL` says that TLS is there: HAProxy has it with every TLS library it can be built with.
const FEATURES: [&str; 6] = [
    "ACCEPT4",
    "EPOLL",
    "GETADDRINFO",
    "OPENSSL",
    "THREAD",
    "TPROXY",
];

/// The run-time options that `enabled(NAME)` is true for.
const ENABLED: [&str; 4] = ["EPOLL", "GETADDRINFO", "POLL", "REUSEPORT"];

impl Default for Process {
    fn default() -> Self {
        let names = |list: &[&str]| list.iter().map(ToString::to_string).collect();
        Self {
            features: names(&FEATURES),
            enabled: names(&ENABLED),
            version: crate::CLAIMED_VERSION,
            tls_library: None,
            awslc_api: None,
            fips_mode: false,
            diagnostic_mode: false,
        }
    }
}

/// A file that the configuration names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// What it is for.
    pub kind: ReferenceKind,
    /// The path, relative ones already joined to `crt-base` where that applies, and the
    /// words it was written as.
    pub path: Spanned<PathBuf>,
}

/// What a referenced file is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ReferenceKind {
    /// `crt`: a PEM file with certificates and key, or a folder of such files.
    Certificate,
    /// `errorfile`: a whole HTTP response.
    ErrorFile,
    /// `-f FILE` of an ACL: one pattern a line.
    Patterns,
}

impl Reference {
    /// Where the file is named.
    #[must_use]
    pub fn span(&self) -> Span {
        self.path.span
    }
}
