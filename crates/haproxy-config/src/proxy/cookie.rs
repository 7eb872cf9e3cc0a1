//! `cookie NAME …`: persistence by a cookie.

use std::time::Duration;

use diagnostics::Diagnostic;

use crate::arguments::Arguments;
use crate::keywords::{not_built, unknown_argument};
use crate::model::{Cookie, CookieKind, Word};
use crate::values::{Unit, time};

/// Reads the arguments of `cookie`.
pub(super) fn read(arguments: &mut Arguments<'_>) -> Result<Cookie, Diagnostic> {
    let name = arguments.required("the name of a cookie")?;
    let mut cookie = Cookie {
        name: name.value.clone(),
        kind: CookieKind::Passive,
        indirect: false,
        nocache: false,
        postonly: false,
        preserve: false,
        httponly: false,
        secure: false,
        domains: Vec::new(),
        maxidle: None,
        maxlife: None,
        attributes: Vec::new(),
    };
    while let Some(word) = arguments.next() {
        match word.value.as_str() {
            "attr" => cookie
                .attributes
                .push(attribute(arguments.value_of(word)?)?),
            "domain" => cookie.domains.push(arguments.value_of(word)?.value.clone()),
            "dynamic" => return Err(not_built("cookie … dynamic", word)),
            "httponly" => cookie.httponly = true,
            "indirect" => cookie.indirect = true,
            "insert" => kind(&mut cookie, CookieKind::Insert, word)?,
            "maxidle" => {
                cookie.maxidle = limit(time(arguments.value_of(word)?, Unit::Seconds)?);
            }
            "maxlife" => {
                cookie.maxlife = limit(time(arguments.value_of(word)?, Unit::Seconds)?);
            }
            "nocache" => cookie.nocache = true,
            "postonly" => cookie.postonly = true,
            "prefix" => kind(&mut cookie, CookieKind::Prefix, word)?,
            "preserve" => cookie.preserve = true,
            "rewrite" => kind(&mut cookie, CookieKind::Rewrite, word)?,
            "secure" => cookie.secure = true,
            _ => {
                let known = [
                    "attr", "domain", "dynamic", "httponly", "indirect", "insert", "maxidle",
                    "maxlife", "nocache", "postonly", "prefix", "preserve", "rewrite", "secure",
                ];
                return Err(unknown_argument("cookie", word, known));
            }
        }
    }
    let conflict = |text: &str| Diagnostic::error(text).at(arguments.keyword());
    if cookie.kind == CookieKind::Rewrite && cookie.indirect {
        return Err(conflict("'rewrite' and 'indirect' do not go together"));
    }
    if cookie.kind != CookieKind::Insert && (cookie.maxidle.is_some() || cookie.maxlife.is_some()) {
        return Err(conflict("'maxidle' and 'maxlife' need 'insert'"));
    }
    if cookie.preserve && cookie.kind != CookieKind::Insert && !cookie.indirect {
        return Err(conflict("'preserve' needs 'insert' or 'indirect'"));
    }
    Ok(cookie)
}

/// Zero is no limit.
fn limit(time: Duration) -> Option<Duration> {
    (!time.is_zero()).then_some(time)
}

fn kind(cookie: &mut Cookie, kind: CookieKind, word: &Word) -> Result<(), Diagnostic> {
    if cookie.kind != CookieKind::Passive && cookie.kind != kind {
        return Err(Diagnostic::error(
            "only one of 'rewrite', 'insert' and 'prefix' may be written",
        )
        .at(word.span));
    }
    cookie.kind = kind;
    Ok(())
}

fn attribute(word: &Word) -> Result<String, Diagnostic> {
    if word
        .value
        .chars()
        .any(|character| character.is_control() || character == ';')
    {
        return Err(
            Diagnostic::error("an attribute holds no ';' and no control character").at(word.span),
        );
    }
    Ok(word.value.clone())
}
