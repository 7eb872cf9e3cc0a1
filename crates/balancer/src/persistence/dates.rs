//! The dates in an inserted cookie: `KEY|LAST|FIRST` (configuration.txt, `maxidle` and `maxlife`).
//!
//! A date is the number of four-second steps since 1970 as five digits of base 64, the highest
//! first. Cookies set by HAProxy are understood and the other way round.

use std::time::Duration;

use haproxy_config::model::Cookie;

/// Between the server's key and the dates.
pub(super) const DATE_MARK: u8 = b'|';
/// Seconds in one step of a date.
const STEP_S: u64 = 4;
/// Digits of a date.
const DIGITS: usize = 5;
const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
/// A date further ahead than that is no date: somebody's clock was wrong.
const AHEAD_MAX_S: u64 = 86_400;

/// When a client was last seen and when first, in seconds since 1970; none where the cookie has no
/// such date.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Dates {
    /// On the response before.
    pub last_s: Option<u64>,
    /// On the response that set the cookie first.
    pub first_s: Option<u64>,
}

impl Dates {
    /// Reads what follows a cookie's key and the first mark.
    pub fn read(text: &[u8]) -> Self {
        let first = memchr::memchr(DATE_MARK, text).map(|at| &text[at + 1..]);
        Self {
            last_s: date(text),
            first_s: first.and_then(date),
        }
    }

    /// `O` where the cookie is too old, `E` where the client was away for too long.
    pub fn refusal(self, cookie: &Cookie, now_s: u64) -> Option<char> {
        let is_past = |date: Option<u64>, limit: Option<Duration>| {
            date.zip(limit).is_some_and(|(date, limit)| {
                now_s.saturating_sub(date) > limit.as_secs()
                    || date.saturating_sub(now_s) > AHEAD_MAX_S
            })
        };
        if is_past(self.first_s, cookie.maxlife) {
            Some('O')
        } else if is_past(self.last_s, cookie.maxidle) {
            Some('E')
        } else {
            None
        }
    }

    /// Whether the cookie is to be set again for the server that it names already.
    pub fn are_stale(self, cookie: &Cookie, now_s: u64) -> bool {
        let last_is_stale = match self.last_s {
            Some(last) => last < now_s,
            None => cookie.maxidle.is_some(),
        };
        last_is_stale || cookie.maxlife.is_some() != self.first_s.is_some()
    }

    /// Writes the dates that the configuration asks for behind a key.
    pub fn append(self, cookie: &Cookie, now_s: u64, line: &mut Vec<u8>) {
        let now = now_s.div_ceil(STEP_S);
        if cookie.maxidle.is_some() || cookie.maxlife.is_some() {
            line.push(DATE_MARK);
            line.extend(digits(now));
        }
        if cookie.maxlife.is_some() {
            line.push(DATE_MARK);
            line.extend(digits(self.first_s.map_or(now, |first| first / STEP_S)));
        }
    }
}

/// The date that a text begins with; none where it does not, or where it is 1970 itself.
fn date(text: &[u8]) -> Option<u64> {
    let mut steps = 0;
    for byte in text.get(..DIGITS)? {
        let digit = ALPHABET.iter().position(|known| known == byte)?;
        steps = steps * ALPHABET.len() as u64 + digit as u64;
    }
    (steps > 0).then_some(steps * STEP_S)
}

fn digits(steps: u64) -> [u8; DIGITS] {
    let mut rest = steps;
    let mut digits = [0; DIGITS];
    for digit in digits.iter_mut().rev() {
        *digit = ALPHABET[usize::from((rest & 0x3f) as u8)];
        rest >>= 6;
    }
    digits
}

#[cfg(test)]
mod tests {
    use haproxy_config::model::CookieKind;

    use super::*;

    const NOW_S: u64 = 1_795_234_112;

    fn cookie(maxidle: Option<u64>, maxlife: Option<u64>) -> Cookie {
        Cookie {
            name: "SRV".to_owned(),
            kind: CookieKind::Insert,
            indirect: false,
            nocache: false,
            postonly: false,
            preserve: false,
            httponly: false,
            secure: false,
            domains: Vec::new(),
            maxidle: maxidle.map(Duration::from_secs),
            maxlife: maxlife.map(Duration::from_secs),
            attributes: Vec::new(),
        }
    }

    fn written(dates: Dates, cookie: &Cookie, now_s: u64) -> String {
        let mut line = Vec::new();
        dates.append(cookie, now_s, &mut line);
        String::from_utf8(line).expect("ASCII")
    }

    #[test]
    fn dates_are_written_as_haproxy_writes_them_and_read_back() {
        let first = Dates {
            last_s: None,
            first_s: Some(4),
        };
        for (dates, idle, life, now_s, expected) in [
            (Dates::default(), None, None, 4, ""),
            (Dates::default(), Some(60), None, 4, "|AAAAB"),
            (Dates::default(), Some(60), None, 5, "|AAAAC"),
            (Dates::default(), None, Some(60), 252, "|AAAA/|AAAA/"),
            (first, Some(60), Some(60), 256, "|AAABA|AAAAB"),
        ] {
            let text = written(dates, &cookie(idle, life), now_s);
            assert_eq!(text, expected);
            if let Some(text) = text.strip_prefix('|') {
                let read = Dates::read(text.as_bytes());
                assert_eq!(read.last_s, Some(now_s.div_ceil(4) * 4));
            }
        }
        for (text, last_s, first_s) in [
            ("", None, None),
            ("AAAA", None, None),
            ("AAAAA", None, None),
            ("AA-AB", None, None),
            ("|AAAAB", None, Some(4)),
            ("AAAAB|AAAA", Some(4), None),
            ("AAAAB|AAAAC|x", Some(4), Some(8)),
        ] {
            assert_eq!(
                Dates::read(text.as_bytes()),
                Dates { last_s, first_s },
                "{text}"
            );
        }
    }

    #[test]
    fn a_cookie_counts_until_its_limits_and_a_day_ahead() {
        let (idle, life) = (Some(100), Some(1_000));
        for (last, first, expected) in [
            (0, 0, None),
            (100, 1_000, None),
            (101, 0, Some('E')),
            (101, 1_001, Some('O')),
            (-86_400, 0, None),
            (-86_401, 0, Some('E')),
            (0, -86_401, Some('O')),
        ] {
            let ago = |seconds: i64| NOW_S.checked_add_signed(-seconds);
            let dates = Dates {
                last_s: ago(last),
                first_s: ago(first),
            };
            assert_eq!(dates.refusal(&cookie(idle, life), NOW_S), expected);
            assert_eq!(dates.refusal(&cookie(None, None), NOW_S), None);
        }
        assert_eq!(Dates::default().refusal(&cookie(idle, life), NOW_S), None);
    }

    #[test]
    fn a_cookie_is_set_again_where_its_dates_are_not_what_is_asked_for() {
        let dates = |last_s, first_s| Dates { last_s, first_s };
        for (idle, life, dates, expected) in [
            (None, None, dates(None, None), false),
            (None, None, dates(Some(NOW_S - 1), None), true),
            (None, None, dates(None, Some(NOW_S)), true),
            (Some(9), None, dates(None, None), true),
            (Some(9), None, dates(Some(NOW_S - 1), None), true),
            (Some(9), None, dates(Some(NOW_S), None), false),
            (None, Some(9), dates(None, None), true),
            (None, Some(9), dates(Some(NOW_S), Some(NOW_S - 5)), false),
        ] {
            assert_eq!(
                dates.are_stale(&cookie(idle, life), NOW_S),
                expected,
                "{idle:?} {life:?} {dates:?}"
            );
        }
    }
}
