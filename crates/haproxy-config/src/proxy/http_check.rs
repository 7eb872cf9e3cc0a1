//! `option httpchk` and the `http-check` lines that refine it.

use diagnostics::Diagnostic;

use crate::arguments::Arguments;
use crate::keywords::{not_built, old_form, unknown_argument};
use crate::model::{HttpCheck, HttpExpect, HttpExpectPattern, Word};
use crate::reading::Statement;

/// What the lines of one section say, with the lines of its `defaults` until it has its own.
#[derive(Debug, Clone, Default)]
pub(super) struct HttpCheckLines {
    option: Request,
    send: Option<Request>,
    expect: Option<HttpExpect>,
    /// Everything comes from `defaults`; the section's first own line replaces all of it, as with
    /// HAProxy.
    is_inherited: bool,
}

/// A request as far as one line says.
#[derive(Debug, Clone, Default)]
struct Request {
    method: Option<String>,
    uri: Option<String>,
    version: Option<String>,
    headers: Vec<(String, String)>,
    body: Option<String>,
}

impl HttpCheckLines {
    pub fn begin_own_lines(&mut self) {
        self.is_inherited = true;
    }

    /// Whether the section itself has `http-check` rules.
    pub fn has_own_rules(&self) -> bool {
        !self.is_inherited && (self.send.is_some() || self.expect.is_some())
    }

    fn own(&mut self) {
        if std::mem::take(&mut self.is_inherited) {
            self.option = Request::default();
            self.send = None;
            self.expect = None;
        }
    }

    /// The whole check: what `send` says wins over the option's line, headers add up.
    pub fn finish(&mut self) -> HttpCheck {
        let option = std::mem::take(&mut self.option);
        let send = self.send.take().unwrap_or_default();
        let or = |send: Option<String>, option: Option<String>, default: &str| {
            send.or(option).unwrap_or_else(|| default.to_owned())
        };
        let mut headers = option.headers;
        headers.extend(send.headers);
        HttpCheck {
            method: or(send.method, option.method, "OPTIONS"),
            uri: or(send.uri, option.uri, "/"),
            version: or(send.version, option.version, "HTTP/1.0"),
            headers,
            body: send.body.or(option.body),
            expect: self.expect.take(),
        }
    }
}

/// `option httpchk [URI | METHOD URI [VERSION [HOST]]]`; before `http-check send` existed, header
/// lines followed the version, `HTTP/1.1\r\nHost:\ www`.
pub(super) fn option_line(
    lines: &mut HttpCheckLines,
    arguments: &mut Arguments<'_>,
    statement: &Statement,
    messages: &mut Vec<Diagnostic>,
) -> Result<(), Diagnostic> {
    lines.own();
    let mut request = Request::default();
    let words = arguments.rest();
    let text = |index: usize| words.get(index).map(|word| word.value.clone());
    match words.len() {
        0 => {}
        1 => request.uri = text(0),
        _ => {
            request.method = text(0);
            request.uri = text(1);
        }
    }
    if let Some(word) = words.get(2) {
        let (version, rest) = word.value.split_once("\r\n").unwrap_or((&word.value, ""));
        request.version = Some(version.to_owned());
        if !rest.is_empty() {
            hidden_lines(&mut request, rest, word)?;
            messages.push(old_form(
                "headers after the version of 'option httpchk'",
                "http-check send hdr NAME VALUE",
                statement,
            ));
        }
    }
    if let Some(host) = words.get(3) {
        request.headers.push(("Host".to_owned(), plain(host)?));
    }
    if let Some(extra) = words.get(4) {
        return Err(Diagnostic::error(format!(
            "unexpected argument '{}' for 'option httpchk'",
            extra.value
        ))
        .at(extra.span)
        .help("headers are added with 'http-check send hdr NAME VALUE'"));
    }
    lines.option = request;
    Ok(())
}

fn hidden_lines(request: &mut Request, text: &str, word: &Word) -> Result<(), Diagnostic> {
    let (head, body) = match text.split_once("\r\n\r\n") {
        Some((head, body)) => (head, Some(body)),
        None => (text, None),
    };
    for line in head.split("\r\n").filter(|line| !line.is_empty()) {
        let (name, value) = line.split_once(':').ok_or_else(|| {
            Diagnostic::error(format!("'{line}' is not a header, NAME: VALUE")).at(word.span)
        })?;
        request
            .headers
            .push((name.trim().to_owned(), value.trim().to_owned()));
    }
    request.body = body.filter(|body| !body.is_empty()).map(str::to_owned);
    Ok(())
}

/// `http-check send [meth M] [uri U] [ver V] [hdr NAME VALUE]… [body TEXT]`.
pub(super) fn send(
    lines: &mut HttpCheckLines,
    arguments: &mut Arguments<'_>,
) -> Result<(), Diagnostic> {
    lines.own();
    if lines.send.is_some() || lines.expect.is_some() {
        return Err(several_rules(arguments));
    }
    let mut request = Request::default();
    while let Some(word) = arguments.next() {
        match word.value.as_str() {
            "meth" => request.method = Some(arguments.value_of(word)?.value.clone()),
            "uri" => request.uri = Some(arguments.value_of(word)?.value.clone()),
            "ver" => request.version = Some(arguments.value_of(word)?.value.clone()),
            "hdr" => {
                let name = arguments.value_of(word)?.value.clone();
                request
                    .headers
                    .push((name, plain(arguments.value_of(word)?)?));
            }
            "body" => request.body = Some(arguments.value_of(word)?.value.clone()),
            "uri-lf" | "body-lf" | "comment" => {
                return Err(not_built(&format!("http-check send {}", word.value), word));
            }
            _ => {
                let known = [
                    "meth", "uri", "uri-lf", "ver", "hdr", "body", "body-lf", "comment",
                ];
                return Err(unknown_argument("http-check send", word, known));
            }
        }
    }
    lines.send = Some(request);
    Ok(())
}

/// `http-check expect [!] MATCH PATTERN`.
pub(super) fn expect(
    lines: &mut HttpCheckLines,
    arguments: &mut Arguments<'_>,
) -> Result<(), Diagnostic> {
    lines.own();
    if lines.expect.is_some() {
        return Err(several_rules(arguments));
    }
    let what = "'status', 'rstatus', 'string' or 'rstring' and a pattern";
    let first = arguments.required(what)?;
    let (negated, kind) = match first.value.strip_prefix('!') {
        Some("") => (true, arguments.required(what)?.clone()),
        Some(rest) => (true, Word::new(rest.to_owned(), first.span)),
        None => (false, first.clone()),
    };
    let known = [
        "status",
        "rstatus",
        "string",
        "rstring",
        "hdr",
        "fhdr",
        "string-lf",
        "comment",
        "min-recv",
        "ok-status",
        "error-status",
        "tout-status",
        "on-success",
        "on-error",
        "status-code",
    ];
    let build: fn(&Word) -> Result<HttpExpectPattern, Diagnostic> = match kind.value.as_str() {
        "status" => statuses,
        "rstatus" => |word| Ok(HttpExpectPattern::StatusRegex(word.value.clone())),
        "string" => |word| Ok(HttpExpectPattern::Body(word.value.clone())),
        "rstring" => |word| Ok(HttpExpectPattern::BodyRegex(word.value.clone())),
        name if known.contains(&name) => {
            return Err(not_built(&format!("http-check expect {name}"), &kind));
        }
        _ => {
            return Err(unknown_argument("http-check expect", &kind, known));
        }
    };
    let pattern = build(arguments.only("a pattern")?)?;
    lines.expect = Some(HttpExpect { negated, pattern });
    Ok(())
}

fn several_rules(arguments: &Arguments<'_>) -> Diagnostic {
    let word = Word::new(String::new(), arguments.keyword());
    not_built("a sequence of 'http-check' rules", &word)
}

/// Comma-separated statuses and ranges of them.
fn statuses(word: &Word) -> Result<HttpExpectPattern, Diagnostic> {
    let error = || {
        Diagnostic::error(format!("'{}' is not a list of statuses", word.value))
            .at(word.span)
            .help("such as '200,201,300-310'")
    };
    let status = |text: &str| {
        text.parse::<u16>()
            .ok()
            .filter(|status| (100..=999).contains(status))
            .ok_or_else(error)
    };
    let mut ranges = Vec::new();
    for part in word.value.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let range = (status(first)?, status(last)?);
        if range.0 > range.1 {
            return Err(error());
        }
        ranges.push(range);
    }
    Ok(HttpExpectPattern::Status(ranges))
}

/// A log-format text that names no variable: `%%` is a percent sign.
fn plain(word: &Word) -> Result<String, Diagnostic> {
    let without_escapes = word.value.replace("%%", "");
    if without_escapes.contains('%') {
        return Err(not_built("a variable in a check's header", word));
    }
    Ok(word.value.replace("%%", "%"))
}
