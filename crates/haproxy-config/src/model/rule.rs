//! ACLs, conditions and rules, still as words.

use super::Word;

/// `acl NAME CRITERION …`, uninterpreted.
#[derive(Debug, Clone)]
pub struct Acl {
    /// The name; lines of one name are alternatives.
    pub name: Word,
    /// The fetch or match keyword with its converters, such as `path_beg` or `hdr(host),lower`.
    pub criterion: Word,
    /// Flags and patterns.
    pub arguments: Vec<Word>,
}

/// `if …` or `unless …` at the end of a line, uninterpreted.
#[derive(Debug, Clone)]
pub struct Condition {
    /// `unless`.
    pub unless: bool,
    /// The words after `if` or `unless`, anonymous `{ … }` ACLs included.
    pub words: Vec<Word>,
}

/// Which rule set a rule line belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RuleSet {
    /// `http-request` (also `redirect`, `block`, old `req*`).
    HttpRequest,
    /// `http-response` (also old `rsp*`).
    HttpResponse,
    /// `http-after-response`.
    HttpAfterResponse,
    /// `tcp-request connection`.
    TcpRequestConnection,
    /// `tcp-request session`.
    TcpRequestSession,
    /// `tcp-request content`.
    TcpRequestContent,
    /// `tcp-response content`.
    TcpResponseContent,
}

impl RuleSet {
    /// Whether it needs `mode http`.
    #[must_use]
    pub const fn is_http(self) -> bool {
        matches!(
            self,
            Self::HttpRequest | Self::HttpResponse | Self::HttpAfterResponse
        )
    }
}

/// One rule line: its action as words, and its condition.
///
/// Old `req*` and `rsp*` lines become rules too. Where no action of today says the same, these
/// actions stand for them, which no operator can write; each takes an optional `-i` (case does not
/// count) and a regular expression that is searched in each line of the head, `NAME: VALUE`, and
/// for requests also in the request line `METHOD TARGET VERSION`:
///
/// | action | meaning |
/// | --- | --- |
/// | `del-header-line [-i] REGEX` | removes the header lines that match (never the first line) |
/// | `replace-header-line [-i] REGEX TEXT` | replaces each line that matches by TEXT with its back-references `\1` to `\9` |
/// | `allow-header-line [-i] REGEX` | accepts the message if a line matches |
/// | `deny-header-line [-i] REGEX` | refuses the message if a line matches |
/// | `tarpit-header-line [-i] REGEX` | as `tarpit` if a line matches |
#[derive(Debug, Clone)]
pub struct Rule {
    /// The rule set.
    pub set: RuleSet,
    /// The action and its arguments, such as `add-header`, `X-Proto`, `https`.
    pub action: Vec<Word>,
    /// `if …` / `unless …`.
    pub condition: Option<Condition>,
}

/// `use_backend NAME [if …]`.
#[derive(Debug, Clone)]
pub struct UseBackend {
    /// The backend.
    pub backend: Word,
    /// When.
    pub condition: Option<Condition>,
}
