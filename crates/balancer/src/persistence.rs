//! Persistence by cookie: which server a client asks for, and how it learns which one it got
//! (configuration.txt, `cookie`; the letters are those of 8.5).

mod dates;

use std::time::SystemTime;

use haproxy_config::model::{Cookie, CookieKind};
use http1::{
    KnownHeader, Method, RequestHead, ResponseHead, cookie_value, remove_cookie,
    rewrite_set_cookie, set_cookie_pair, strip_cookie_prefix,
};

use crate::snapshot::{Backend, Server};
use crate::state::Operational;
use dates::Dates;

/// Between the server's key and the application's value (`cookie … prefix`).
const PREFIX_MARK: u8 = b'~';

/// What the request's cookie says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Asked {
    /// The server that it names, where that one may still take the client.
    pub server: Option<usize>,
    /// `N` none, `I` no such server, `D` that server is down, `V` valid, `E` idle for too long,
    /// `O` too old.
    pub letter: char,
    dates: Dates,
}

impl Asked {
    /// There is no cookie.
    pub const NOTHING: Self = Self {
        server: None,
        letter: 'N',
        dates: Dates::NONE,
    };
}

/// Reads the persistence cookie, and hides it from the server where the configuration says so.
pub(crate) fn read_request(
    cookie: &Cookie,
    backend: &Backend,
    request: &mut RequestHead,
    original: &[u8],
    now: SystemTime,
) -> Asked {
    let name = cookie.name.as_bytes();
    let mut asked = Asked::NOTHING;
    let values = request.headers.values(original, KnownHeader::Cookie);
    if let Some(value) = values
        .filter_map(|(_, value)| cookie_value(value, name))
        .next()
    {
        let (key, dates) = match cookie.kind {
            CookieKind::Prefix => (until(value, PREFIX_MARK), Dates::NONE),
            _ => Dates::split(value),
        };
        asked = find(backend, key);
        asked.dates = dates;
        if asked.server.is_some()
            && let Some(letter) = dates.too_old(cookie, now)
        {
            asked = Asked {
                letter,
                ..Asked::NOTHING
            };
        }
    }
    let edit: fn(&[u8], &[u8]) -> Option<Vec<u8>> = match cookie.kind {
        CookieKind::Prefix => strip_cookie_prefix,
        CookieKind::Insert if cookie.indirect => remove_cookie,
        _ => return asked,
    };
    let lines: Vec<_> = request
        .headers
        .values(original, KnownHeader::Cookie)
        .filter_map(|(index, value)| Some((index, edit(value, name)?)))
        .collect();
    for (index, value) in lines.into_iter().rev() {
        if value.is_empty() {
            request.headers.remove(index);
        } else {
            request.headers.replace(index, &value);
        }
    }
    asked
}

/// What comes before a mark: all of it where there is none.
fn until(value: &[u8], mark: u8) -> &[u8] {
    let end = memchr::memchr(mark, value).unwrap_or(value.len());
    &value[..end]
}

fn find(backend: &Backend, key: &[u8]) -> Asked {
    let named = |server: &&std::sync::Arc<Server>| {
        !key.is_empty()
            && server
                .cookie
                .as_deref()
                .is_some_and(|cookie| cookie.as_bytes() == key)
    };
    let mut letter = 'I';
    for server in backend.servers.iter().filter(named) {
        match server.state.operational() {
            Operational::Up | Operational::Drain => {
                return Asked {
                    server: Some(server.index),
                    letter: 'V',
                    ..Asked::NOTHING
                };
            }
            Operational::Down if backend.persist => {
                return Asked {
                    server: Some(server.index),
                    letter: 'D',
                    ..Asked::NOTHING
                };
            }
            Operational::Down | Operational::Maintenance => letter = 'D',
        }
    }
    Asked {
        letter,
        ..Asked::NOTHING
    }
}

/// Tells the client which server it got. Returns the letter: `N` nothing seen or done, `I`
/// inserted, `U` dates renewed, `P` the application's own cookie seen, `R` rewritten, `D` deleted.
pub(crate) fn write_response(
    cookie: &Cookie,
    server: &Server,
    asked: &Asked,
    method: Method,
    response: &mut ResponseHead,
    original: &[u8],
    now: SystemTime,
) -> char {
    let name = cookie.name.as_bytes();
    let mut letter = 'N';
    let own: Vec<_> = response
        .headers
        .values(original, KnownHeader::SetCookie)
        .filter_map(|(index, value)| {
            let (found, set) = set_cookie_pair(value)?;
            (found == name).then(|| (index, value.to_vec(), set.to_vec()))
        })
        .collect();
    let key = server.cookie.as_deref().unwrap_or("").as_bytes();
    for (index, line, set) in own.into_iter().rev() {
        letter = 'P';
        match cookie.kind {
            CookieKind::Rewrite => {
                if let Some(new) = rewrite_set_cookie(&line, key) {
                    response.headers.replace(index, &new);
                    letter = 'R';
                }
            }
            CookieKind::Prefix => {
                let prefixed = [key, &[PREFIX_MARK], &set].concat();
                if let Some(new) = rewrite_set_cookie(&line, &prefixed) {
                    response.headers.replace(index, &new);
                    letter = 'R';
                }
            }
            // `preserve` leaves the application's choice; without it ours replaces it below.
            CookieKind::Insert if !cookie.preserve => response.headers.remove(index),
            CookieKind::Insert | CookieKind::Passive => {}
        }
    }
    let stays = asked.server == Some(server.index);
    let inserts = cookie.kind == CookieKind::Insert
        && (!stays || asked.dates.need_update(cookie, now))
        && (!cookie.postonly || method == Method::Post)
        && !(cookie.preserve && letter == 'P');
    if inserts {
        let dates = if stays { asked.dates } else { Dates::NONE };
        let value = match key {
            [] => Vec::new(),
            key => [key, &dates.text(cookie, now)].concat(),
        };
        let line = set_cookie_line(cookie, &value);
        response.headers.add_known(KnownHeader::SetCookie, &line);
        letter = match key {
            [] => 'D',
            _ if stays => 'U',
            _ => 'I',
        };
    }
    if cookie.nocache && matches!(letter, 'I' | 'U' | 'R' | 'D') {
        response
            .headers
            .add_known(KnownHeader::CacheControl, b"private");
    }
    letter
}

/// The line that sets the cookie to a value; an empty one takes the cookie away.
fn set_cookie_line(cookie: &Cookie, value: &[u8]) -> Vec<u8> {
    let mut line = [cookie.name.as_bytes(), b"=", value].concat();
    if value.is_empty() {
        line.extend_from_slice(b"; Expires=Thu, 01-Jan-1970 00:00:01 GMT");
    }
    line.extend_from_slice(b"; path=/");
    for domain in &cookie.domains {
        line.extend_from_slice(b"; domain=");
        line.extend_from_slice(domain.as_bytes());
    }
    if cookie.httponly {
        line.extend_from_slice(b"; HttpOnly");
    }
    if cookie.secure {
        line.extend_from_slice(b"; Secure");
    }
    for attribute in &cookie.attributes {
        line.extend_from_slice(b"; ");
        line.extend_from_slice(attribute.as_bytes());
    }
    line
}
