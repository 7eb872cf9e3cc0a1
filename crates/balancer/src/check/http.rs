//! `option httpchk`: the request, and what an answer to it means.

use haproxy_config::model::{HttpCheck, HttpExpect, HttpExpectPattern};
use regex::bytes::Regex;

/// What an answer means so far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Not enough of it yet.
    More,
    /// As expected.
    Passed {
        /// The status.
        code: u16,
    },
    /// Not the status that was expected.
    WrongStatus {
        /// The status.
        code: u16,
        /// The reason phrase.
        words: String,
    },
    /// Not the body that was expected.
    WrongBody {
        /// The status.
        code: u16,
        /// What was expected.
        words: String,
    },
    /// No HTTP answer.
    Invalid,
}

/// The request, as `option httpchk` and `http-check send` have it.
pub(super) fn request(check: &HttpCheck) -> Vec<u8> {
    let mut text = format!("{} {} {}\r\n", check.method, check.uri, check.version);
    let has = |name: &str| {
        check
            .headers
            .iter()
            .any(|(known, _)| known.eq_ignore_ascii_case(name))
    };
    for (name, value) in &check.headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    if check.version != "HTTP/1.0" && !has("connection") {
        text.push_str("connection: close\r\n");
    }
    let body = check.body.as_deref().unwrap_or_default();
    if !body.is_empty() && !has("content-length") {
        text.push_str(&format!("content-length: {}\r\n", body.len()));
    }
    text.push_str("\r\n");
    text.push_str(body);
    text.into_bytes()
}

/// Judges what was received; `ended` says that no more will come.
pub(super) fn judge(check: &HttpCheck, answer: &[u8], ended: bool) -> Verdict {
    let Some(line_end) = memchr::memchr(b'\n', answer) else {
        return if ended {
            Verdict::Invalid
        } else {
            Verdict::More
        };
    };
    let Some((code, words)) = status_line(&answer[..line_end]) else {
        return Verdict::Invalid;
    };
    let Some(expect) = &check.expect else {
        return status_verdict((200..400).contains(&code), code, words);
    };
    match &expect.pattern {
        HttpExpectPattern::Status(ranges) => {
            let inside = ranges
                .iter()
                .any(|(low, high)| (*low..=*high).contains(&code));
            status_verdict(inside != expect.negated, code, words)
        }
        HttpExpectPattern::StatusRegex(pattern) => {
            let found = matches(pattern, code.to_string().as_bytes());
            status_verdict(found != expect.negated, code, words)
        }
        HttpExpectPattern::Body(text) => {
            let found = |body: &[u8]| memchr::memmem::find(body, text.as_bytes()).is_some();
            body_verdict(expect, answer, ended, code, found)
        }
        HttpExpectPattern::BodyRegex(pattern) => {
            body_verdict(expect, answer, ended, code, |body| matches(pattern, body))
        }
    }
}

/// `HTTP/1.1 200 OK` without its end: the status and the words.
fn status_line(line: &[u8]) -> Option<(u16, String)> {
    let line = std::str::from_utf8(line).ok()?.trim_end();
    let mut parts = line.splitn(3, ' ');
    let version = parts.next()?.strip_prefix("HTTP/")?;
    let digits = version.split_once('.')?;
    if digits.0.len() != 1 || digits.1.len() != 1 {
        return None;
    }
    let code = parts.next().filter(|code| code.len() == 3)?.parse().ok()?;
    Some((code, parts.next().unwrap_or_default().to_owned()))
}

fn status_verdict(right: bool, code: u16, words: String) -> Verdict {
    if right {
        Verdict::Passed { code }
    } else {
        Verdict::WrongStatus { code, words }
    }
}

fn body_verdict(
    expect: &HttpExpect,
    answer: &[u8],
    ended: bool,
    code: u16,
    found: impl Fn(&[u8]) -> bool,
) -> Verdict {
    let body = memchr::memmem::find(answer, b"\r\n\r\n").map(|at| &answer[at + 4..]);
    if body.is_some_and(found) {
        return if expect.negated {
            wrong_body(code, "HTTP check matched unwanted content")
        } else {
            Verdict::Passed { code }
        };
    }
    let whole =
        body.is_some_and(|body| content_length(answer).is_some_and(|length| body.len() >= length));
    match (ended || whole, expect.negated) {
        (false, _) => Verdict::More,
        (true, true) => Verdict::Passed { code },
        (true, false) => wrong_body(code, "HTTP content check did not match"),
    }
}

fn wrong_body(code: u16, words: &str) -> Verdict {
    Verdict::WrongBody {
        code,
        words: words.to_owned(),
    }
}

fn content_length(answer: &[u8]) -> Option<usize> {
    let head_end = memchr::memmem::find(answer, b"\r\n\r\n")?;
    let head = std::str::from_utf8(&answer[..head_end]).ok()?;
    head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length")
            .then(|| value.trim().parse().ok())?
    })
}

/// Why a pattern of the check is no regular expression.
pub(super) fn invalid_pattern(check: &HttpCheck) -> Option<String> {
    match &check.expect.as_ref()?.pattern {
        HttpExpectPattern::StatusRegex(pattern) | HttpExpectPattern::BodyRegex(pattern) => {
            Some(Regex::new(pattern).err()?.to_string())
        }
        HttpExpectPattern::Status(_) | HttpExpectPattern::Body(_) => None,
    }
}

/// A pattern that is no regular expression was refused by the loader and matches nothing.
fn matches(pattern: &str, text: &[u8]) -> bool {
    Regex::new(pattern).is_ok_and(|regex| regex.is_match(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(expect: Option<(bool, HttpExpectPattern)>) -> HttpCheck {
        HttpCheck {
            method: "OPTIONS".into(),
            uri: "/".into(),
            version: "HTTP/1.0".into(),
            headers: Vec::new(),
            body: None,
            expect: expect.map(|(negated, pattern)| HttpExpect { negated, pattern }),
        }
    }

    #[test]
    fn answers_are_judged_as_soon_as_they_can_be() {
        use HttpExpectPattern::{Body, BodyRegex, Status, StatusRegex};
        let passed = |code| Verdict::Passed { code };
        let status = |code, words: &str| Verdict::WrongStatus {
            code,
            words: words.into(),
        };
        let is = |pattern| Some((false, pattern));
        let not = |pattern| Some((true, pattern));
        let cases = [
            (None, "HTTP/1.0 200 OK\r\n", false, passed(200)),
            (None, "HTTP/1.1 302 \r\n", false, passed(302)),
            (
                None,
                "HTTP/1.1 404 Not Found\r\n",
                false,
                status(404, "Not Found"),
            ),
            (None, "HTTP/1.1 200 OK", false, Verdict::More),
            (None, "HTTP/1.1 200 OK", true, Verdict::Invalid),
            (None, "", true, Verdict::Invalid),
            (None, "SSH-2.0-x\r\n", false, Verdict::Invalid),
            (None, "HTTP/11 200\r\n", false, Verdict::Invalid),
            (
                is(Status(vec![(404, 404)])),
                "HTTP/1.1 404 N\r\n",
                false,
                passed(404),
            ),
            (
                not(Status(vec![(500, 599)])),
                "HTTP/1.1 503 X\r\n",
                false,
                status(503, "X"),
            ),
            (
                is(StatusRegex("^20.$".into())),
                "HTTP/1.1 204 X\r\n",
                false,
                passed(204),
            ),
            (
                is(Body("up".into())),
                "HTTP/1.1 200 O\r\n\r\nis up",
                false,
                passed(200),
            ),
            (
                is(Body("up".into())),
                "HTTP/1.1 200 O\r\n\r\nis u",
                false,
                Verdict::More,
            ),
            (
                is(BodyRegex("u[pq]".into())),
                "HTTP/1.1 200 O\r\n\r\nuq",
                true,
                passed(200),
            ),
            (
                not(Body("down".into())),
                "HTTP/1.1 200 O\r\nContent-Length: 2\r\n\r\nup",
                false,
                passed(200),
            ),
            (
                is(Body("up".into())),
                "HTTP/1.1 200 O\r\n\r\nno",
                true,
                wrong_body(200, "HTTP content check did not match"),
            ),
        ];
        for (expect, answer, ended, expected) in cases {
            let verdict = judge(&check(expect.clone()), answer.as_bytes(), ended);
            assert_eq!(verdict, expected, "{expect:?} {answer:?}");
        }
    }

    #[test]
    fn the_request_says_what_the_configuration_says() {
        let mut sent = check(None);
        assert_eq!(request(&sent), b"OPTIONS / HTTP/1.0\r\n\r\n");
        sent.version = "HTTP/1.1".into();
        sent.headers = vec![("Host".into(), "a".into())];
        sent.body = Some("xy".into());
        assert_eq!(
            request(&sent),
            b"OPTIONS / HTTP/1.1\r\nHost: a\r\nconnection: close\r\ncontent-length: 2\r\n\r\nxy"
        );
    }
}
