//! The dates behind the key of an inserted cookie: `KEY|LAST|FIRST` (`maxidle`, `maxlife`).
//!
//! Each is five base-64 digits of the time in units of four seconds, as HAProxy writes them, so
//! that a client may come from one and go to the other.

use std::time::{Duration, SystemTime};

use haproxy_config::model::Cookie;

/// Between the key and each date.
pub(super) const MARK: u8 = b'|';

const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const DIGITS_OF_A_DATE: u32 = 5;
const SECONDS_PER_UNIT: u64 = 4;

/// Dates further ahead are not believed; nearer ones are a clock set wrong.
const FUTURE_MAX: Duration = Duration::from_secs(24 * 60 * 60);

/// When a client came, in seconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Dates {
    last: Option<u64>,
    first: Option<u64>,
}

impl Dates {
    pub(super) const NONE: Self = Self {
        last: None,
        first: None,
    };

    /// Splits a cookie's value into the key and the dates; what is no date counts as none.
    pub(super) fn split(value: &[u8]) -> (&[u8], Self) {
        let mut parts = value.split(|byte| *byte == MARK);
        let key = parts.next().unwrap_or(b"");
        let last = parts.next().and_then(decode);
        let first = parts.next().and_then(decode);
        (key, Self { last, first })
    }

    /// The letter for a cookie that is too old: `E` by `maxidle`, `O` by `maxlife`.
    pub(super) fn too_old(&self, cookie: &Cookie, now: SystemTime) -> Option<char> {
        let now = seconds(now);
        let beyond = |limit: Option<Duration>, date: Option<u64>| {
            limit.zip(date).is_some_and(|(limit, date)| {
                now.saturating_sub(date) > limit.as_secs()
                    || date.saturating_sub(now) > FUTURE_MAX.as_secs()
            })
        };
        if beyond(cookie.maxlife, self.first) {
            Some('O')
        } else if beyond(cookie.maxidle, self.last) {
            Some('E')
        } else {
            None
        }
    }

    /// Whether a client that stays at its server needs a new date, or none any more.
    pub(super) fn need_update(&self, cookie: &Cookie, now: SystemTime) -> bool {
        match (cookie.maxidle, cookie.maxlife) {
            (None, None) => self.last.is_some(),
            (Some(_), _) if self.last != Some(rounded(now)) => true,
            (_, maxlife) => maxlife.is_some() && self.first.is_none(),
        }
    }

    /// What follows the key in the cookie that is sent now.
    pub(super) fn text(&self, cookie: &Cookie, now: SystemTime) -> Vec<u8> {
        let mut text = Vec::new();
        if cookie.maxidle.is_some() || cookie.maxlife.is_some() {
            text.push(MARK);
            text.extend(encode(rounded(now)));
        }
        if cookie.maxlife.is_some() {
            text.push(MARK);
            text.extend(encode(self.first.unwrap_or_else(|| rounded(now))));
        }
        text
    }
}

fn seconds(time: SystemTime) -> u64 {
    time.duration_since(SystemTime::UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}

fn rounded(time: SystemTime) -> u64 {
    seconds(time).next_multiple_of(SECONDS_PER_UNIT)
}

fn encode(seconds: u64) -> impl Iterator<Item = u8> {
    let units = seconds / SECONDS_PER_UNIT;
    (0..DIGITS_OF_A_DATE).rev().map(move |place| {
        let digit = usize::try_from(units >> (6 * place) & 63).expect("six bits fit");
        DIGITS[digit]
    })
}

/// None too for zero, which stands for no date.
fn decode(text: &[u8]) -> Option<u64> {
    if text.len() != DIGITS_OF_A_DATE as usize {
        return None;
    }
    let units = text.iter().try_fold(0, |units, byte| {
        let digit = DIGITS.iter().position(|digit| digit == byte)?;
        Some(units << 6 | digit as u64)
    })?;
    (units > 0).then_some(units * SECONDS_PER_UNIT)
}

#[cfg(test)]
mod tests {
    use super::*;
    use haproxy_config::model::CookieKind;

    const NOW: u64 = 1_795_235_400;

    fn cookie(maxidle: Option<u64>, maxlife: Option<u64>) -> Cookie {
        Cookie {
            name: "SRV".to_owned(),
            kind: CookieKind::Insert,
            indirect: true,
            nocache: true,
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

    fn at(seconds: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
    }

    fn value(last: u64, first: u64) -> Vec<u8> {
        let dates = [last, first].map(|date| encode(date).collect::<Vec<_>>());
        [b"key|", &dates[0][..], b"|", &dates[1]].concat()
    }

    #[test]
    fn dates_are_written_as_haproxy_writes_them() {
        let none = Dates::NONE;
        for (maxidle, maxlife, expected) in [
            (None, None, ""),
            (Some(60), None, "|awEeS"),
            (None, Some(60), "|awEeS|awEeS"),
            (Some(60), Some(60), "|awEeS|awEeS"),
        ] {
            let text = none.text(&cookie(maxidle, maxlife), at(NOW - 3));
            assert_eq!(String::from_utf8(text).unwrap(), expected);
        }
        let (key, dates) = Dates::split(b"key|awEeS|awEeR");
        assert_eq!(key, b"key");
        assert_eq!((dates.last, dates.first), (Some(NOW), Some(NOW - 4)));
        for odd in [&b"key"[..], b"key|", b"key|AAAAA|AAAAA", b"key|awEe|?????"] {
            assert_eq!(Dates::split(odd), (&b"key"[..], none), "{odd:?}");
        }
    }

    #[test]
    fn old_cookies_are_told_at_the_edge() {
        const DAY: u64 = 24 * 60 * 60;
        for (last, first, maxidle, maxlife, expected) in [
            (NOW - 60, NOW - 60, Some(60), Some(60), None),
            (NOW - 64, NOW, Some(60), Some(60), Some('E')),
            (NOW, NOW - 64, Some(60), Some(60), Some('O')),
            (NOW - 64, NOW - 64, None, None, None),
            (0, 0, Some(60), Some(60), None),
            (NOW + DAY, NOW, Some(60), None, None),
            (NOW + DAY + 4, NOW, Some(60), None, Some('E')),
            (NOW, NOW + DAY + 4, None, Some(60), Some('O')),
        ] {
            let value = value(last, first);
            let found = Dates::split(&value)
                .1
                .too_old(&cookie(maxidle, maxlife), at(NOW));
            assert_eq!(found, expected, "{last} {first} {maxidle:?} {maxlife:?}");
        }
    }

    #[test]
    fn a_date_is_renewed_when_it_is_another_or_missing_or_of_no_use() {
        for (last, first, maxidle, maxlife, expected) in [
            (NOW, NOW, Some(60), Some(60), false),
            (NOW - 4, NOW, Some(60), Some(60), true),
            (NOW - 4, NOW, None, Some(60), false),
            (NOW, 0, None, Some(60), true),
            (0, 0, Some(60), None, true),
            (NOW, NOW, None, None, true),
            (0, 0, None, None, false),
        ] {
            let value = value(last, first);
            let found = Dates::split(&value)
                .1
                .need_update(&cookie(maxidle, maxlife), at(NOW));
            assert_eq!(found, expected, "{last} {first} {maxidle:?} {maxlife:?}");
        }
    }
}
