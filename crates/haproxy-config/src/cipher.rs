//! Lists of TLS ciphers by OpenSSL's names: `ciphers` (TLS 1.2) and `ciphersuites` (TLS 1.3).

use diagnostics::Diagnostic;

use crate::keywords::{not_built, unknown_word};
use crate::model::{CipherSuite, TlsVersion, Word};

/// Every suite that can be offered: OpenSSL's name, IANA's code, and the version it belongs to.
const OFFERED: [(&str, u16, TlsVersion); 9] = [
    ("TLS_AES_128_GCM_SHA256", 0x1301, TlsVersion::Tls13),
    ("TLS_AES_256_GCM_SHA384", 0x1302, TlsVersion::Tls13),
    ("TLS_CHACHA20_POLY1305_SHA256", 0x1303, TlsVersion::Tls13),
    ("ECDHE-ECDSA-AES128-GCM-SHA256", 0xc02b, TlsVersion::Tls12),
    ("ECDHE-ECDSA-AES256-GCM-SHA384", 0xc02c, TlsVersion::Tls12),
    ("ECDHE-RSA-AES128-GCM-SHA256", 0xc02f, TlsVersion::Tls12),
    ("ECDHE-RSA-AES256-GCM-SHA384", 0xc030, TlsVersion::Tls12),
    ("ECDHE-RSA-CHACHA20-POLY1305", 0xcca8, TlsVersion::Tls12),
    ("ECDHE-ECDSA-CHACHA20-POLY1305", 0xcca9, TlsVersion::Tls12),
];

/// How names of suites that exist but are never offered begin: other key exchanges, TLS 1.3's
/// suites for small devices, and plain RSA.
const NOT_OFFERED: [&str; 16] = [
    "ADH-",
    "AECDH-",
    "AES128-",
    "AES256-",
    "ARIA",
    "CAMELLIA",
    "DES-CBC",
    "DHE-",
    "ECDHE-ARIA",
    "ECDHE-ECDSA-",
    "ECDHE-PSK-",
    "ECDHE-RSA-",
    "PSK-",
    "RSA-PSK-",
    "SRP-",
    "TLS_AES_128_CCM",
];

/// A list with `:` (or `,`) between its names. Suites that are never offered are left out with a
/// notice; a list of which nothing is left is an error, and so is a group such as `HIGH` or
/// `!aNULL`, which stands for suites that this program would have to guess.
pub(crate) fn list(
    word: &Word,
    version: TlsVersion,
    messages: &mut Vec<Diagnostic>,
) -> Result<Vec<CipherSuite>, Diagnostic> {
    let mut suites = Vec::new();
    let mut left_out = Vec::new();
    for name in word.value.split([':', ',']).filter(|name| !name.is_empty()) {
        let suite = OFFERED
            .into_iter()
            .find(|(known, _, belongs)| *known == name && *belongs == version);
        match suite {
            Some((name, code, _)) => suites.push(CipherSuite { name, code }),
            None if NOT_OFFERED.iter().any(|prefix| name.starts_with(prefix)) => {
                left_out.push(name);
            }
            None if version == TlsVersion::Tls12 && is_group(name) => {
                let name = format!("the group '{name}' in a list of ciphers");
                return Err(not_built(&name, word));
            }
            None => {
                let name = Word::new(name.to_owned(), word.span);
                let known = OFFERED
                    .iter()
                    .filter(|(.., belongs)| *belongs == version)
                    .map(|(known, ..)| *known);
                return Err(unknown_word("cipher", &name, known));
            }
        }
    }
    let names = left_out.join(", ");
    if suites.is_empty() {
        return Err(Diagnostic::error(format!(
            "none of the ciphers '{}' can be offered",
            word.value
        ))
        .at(word.span));
    }
    if !names.is_empty() {
        let message = format!("these ciphers are left out, as they are never offered: {names}");
        messages.push(Diagnostic::notice(message).at(word.span));
    }
    Ok(suites)
}

/// Operators and groups of OpenSSL's cipher strings: none of them holds a dash between letters.
fn is_group(name: &str) -> bool {
    name.starts_with(['!', '-', '+', '@']) || !name.contains(['-', '_'])
}

#[cfg(test)]
mod tests {
    use super::*;
    use diagnostics::{Sources, Span};

    fn read(text: &str, version: TlsVersion) -> Result<(Vec<u16>, usize), String> {
        let source = Sources::new().add("a.cfg", text);
        let span = Span {
            source,
            start: 0,
            end: 0,
        };
        let mut messages = Vec::new();
        list(&Word::new(text.to_owned(), span), version, &mut messages)
            .map(|suites| {
                (
                    suites.iter().map(|suite| suite.code).collect(),
                    messages.len(),
                )
            })
            .map_err(|error| error.message)
    }

    #[test]
    fn lists_keep_their_order_and_say_what_is_left_out() {
        for (text, version, expected) in [
            (
                "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-AES128-GCM-SHA256",
                TlsVersion::Tls12,
                Ok((vec![0xc030, 0xc02b], 0)),
            ),
            (
                "ECDHE-RSA-AES128-GCM-SHA256:DHE-RSA-AES128-GCM-SHA256",
                TlsVersion::Tls12,
                Ok((vec![0xc02f], 1)),
            ),
            (
                "TLS_AES_128_GCM_SHA256,TLS_AES_128_CCM_SHA256",
                TlsVersion::Tls13,
                Ok((vec![0x1301], 1)),
            ),
            ("AES128-SHA", TlsVersion::Tls12, Err("can be offered")),
            ("HIGH:!aNULL", TlsVersion::Tls12, Err("'HIGH'")),
            (
                "TLS_AES_128_GCM_SHA257",
                TlsVersion::Tls13,
                Err("unknown cipher"),
            ),
            (
                "TLS_AES_128_GCM_SHA256",
                TlsVersion::Tls12,
                Err("unknown cipher"),
            ),
        ] {
            let found = read(text, version);
            match expected {
                Ok(suites) => assert_eq!(found, Ok(suites), "{text}"),
                Err(part) => {
                    let error = found.unwrap_err();
                    assert!(error.contains(part), "{text}: {error}");
                }
            }
        }
    }
}
