//! Addresses as words (configuration.txt section 2.9).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::PathBuf;

use diagnostics::{Diagnostic, Spanned};

use crate::keywords::not_built;
use crate::model::{Address, Family, Host, Network, Word};

/// What an address is for; it decides what its port may look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Use {
    /// A port or a range is a must.
    Bind,
    /// A port is optional, and may be `+N` or `-N`.
    Server,
    /// A port is optional.
    Plain,
}

/// Family prefixes by today's names: the prefix, and what it stands for.
const PREFIXES: [(&str, Prefix); 16] = [
    ("abns", Prefix::Abstract),
    ("fd", Prefix::Descriptor),
    ("ip", Prefix::Inet(None)),
    ("ipv4", Prefix::Inet(Some(Family::V4))),
    ("ipv6", Prefix::Inet(Some(Family::V6))),
    ("tcp", Prefix::Inet(None)),
    ("tcp4", Prefix::Inet(Some(Family::V4))),
    ("tcp6", Prefix::Inet(Some(Family::V6))),
    ("unix", Prefix::Unix),
    ("uxst", Prefix::Unix),
    ("stream+ip", Prefix::Inet(None)),
    ("stream+ipv4", Prefix::Inet(Some(Family::V4))),
    ("stream+ipv6", Prefix::Inet(Some(Family::V6))),
    ("stream+unix", Prefix::Unix),
    ("stream+fd", Prefix::Descriptor),
    ("stream+abns", Prefix::Abstract),
];

/// Families and protocols of the manual that this program has not learnt yet.
const UNBUILT_PREFIXES: [&str; 14] = [
    "abnsz", "mptcp", "mptcp4", "mptcp6", "quic4", "quic6", "rhttp", "sockpair", "udp", "udp4",
    "udp6", "uxdg", "ring", "backend",
];

/// Socket types that may stand before a family, as in `quic+fd@3`, and are not built either.
const UNBUILT_TYPES: [&str; 3] = ["dgram+", "quic+", "stream+"];

#[derive(Clone, Copy)]
enum Prefix {
    Inet(Option<Family>),
    Unix,
    Abstract,
    Descriptor,
}

/// One address.
pub(crate) fn address(word: &Word, usage: Use) -> Result<Address, Diagnostic> {
    let text = word.value.as_str();
    if let Some((prefix, rest)) = text.split_once('@') {
        let Some((_, prefix)) = PREFIXES.into_iter().find(|(name, _)| *name == prefix) else {
            let has_type = UNBUILT_TYPES.iter().any(|kind| prefix.starts_with(kind));
            if has_type || UNBUILT_PREFIXES.contains(&prefix) {
                return Err(not_built(&format!("{prefix}@"), word));
            }
            let names = PREFIXES.map(|(name, _)| name);
            let error = Diagnostic::error(format!("unknown address prefix '{prefix}@'"));
            return Err(error.at(word.span).suggest(prefix, names));
        };
        return prefixed(word, prefix, rest, usage);
    }
    if text.starts_with('/') {
        return Ok(Address::Unix(PathBuf::from(text)));
    }
    inet(word, text, None, usage)
}

/// The addresses of a comma-separated list, each with its own place in the source where the word
/// was written without quotes.
pub(crate) fn addresses(word: &Word, usage: Use) -> Result<Vec<Spanned<Address>>, Diagnostic> {
    let written_plainly = usize::try_from(word.span.end - word.span.start) == Ok(word.value.len());
    let mut offset = 0_u32;
    word.value
        .split(',')
        .map(|part| {
            let mut span = word.span;
            let len = u32::try_from(part.len()).unwrap_or(0);
            if written_plainly {
                span.start += offset;
                span.end = span.start + len;
            }
            offset += len + 1;
            let part = Spanned::new(part.to_owned(), span);
            Ok(Spanned::new(address(&part, usage)?, span))
        })
        .collect()
}

fn prefixed(word: &Word, prefix: Prefix, rest: &str, usage: Use) -> Result<Address, Diagnostic> {
    if rest.is_empty() {
        return Err(invalid(word, "nothing follows the prefix"));
    }
    match prefix {
        Prefix::Unix => Ok(Address::Unix(PathBuf::from(rest))),
        Prefix::Abstract => Ok(Address::Abstract(rest.to_owned())),
        Prefix::Descriptor => rest
            .parse()
            .ok()
            .filter(|number| *number >= 0)
            .map(Address::Descriptor)
            .ok_or_else(|| invalid(word, "expected the number of a descriptor after 'fd@'")),
        Prefix::Inet(family) => inet(word, rest, family, usage),
    }
}

fn inet(
    word: &Word,
    text: &str,
    family: Option<Family>,
    usage: Use,
) -> Result<Address, Diagnostic> {
    let (host, port) = split_port(word, text)?;
    if usage == Use::Bind && port.is_none() && host.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(invalid(word, "a port stands behind a colon").help(format!("write ':{host}'")));
    }
    let host = self::host(word, host, family)?;
    let with = |first_port, last_port, port_offset| Address::Inet {
        host: host.clone(),
        first_port,
        last_port,
        port_offset,
    };
    let Some(port) = port.filter(|port| !port.is_empty()) else {
        return match usage {
            Use::Bind => Err(invalid(word, "a port is missing").help("write ADDRESS:PORT")),
            Use::Server | Use::Plain => Ok(with(0, 0, None)),
        };
    };
    if usage == Use::Server && port.starts_with(['+', '-']) {
        let offset = port
            .parse()
            .ok()
            .filter(|offset: &i32| offset.unsigned_abs() <= u32::from(u16::MAX))
            .ok_or_else(|| invalid(word, "the port's offset is not a number up to 65535"))?;
        return Ok(with(0, 0, Some(offset)));
    }
    let number = |text: &str| {
        text.bytes()
            .all(|byte| byte.is_ascii_digit())
            .then(|| text.parse().ok())
            .flatten()
            .filter(|port| *port > 0 || usage != Use::Bind)
            .ok_or_else(|| invalid(word, &format!("'{text}' is not a port from 1 to 65535")))
    };
    let (first, last) = match port.split_once('-') {
        Some(_) if usage != Use::Bind => {
            return Err(invalid(word, "a range of ports is for 'bind' only"));
        }
        Some((first, last)) => (number(first)?, number(last)?),
        None => (number(port)?, number(port)?),
    };
    if first > last {
        return Err(invalid(word, "the range of ports runs backwards"));
    }
    Ok(with(first, last, None))
}

/// Splits at the last colon, or behind `]`.
fn split_port<'a>(word: &Word, text: &'a str) -> Result<(&'a str, Option<&'a str>), Diagnostic> {
    if let Some(rest) = text.strip_prefix('[') {
        let Some((host, port)) = rest.split_once(']') else {
            return Err(invalid(word, "'[' is never closed"));
        };
        return match port.strip_prefix(':') {
            Some(port) => Ok((host, Some(port))),
            None if port.is_empty() => Ok((host, None)),
            None => Err(invalid(word, "expected ':' and a port after ']'")),
        };
    }
    Ok(match text.rsplit_once(':') {
        Some((host, port)) => (host, Some(port)),
        None => (text, None),
    })
}

fn host(word: &Word, text: &str, family: Option<Family>) -> Result<Host, Diagnostic> {
    let any = match family {
        Some(Family::V6) => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
        _ => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
    };
    if text.is_empty() || text == "*" {
        return Ok(Host::Ip(any));
    }
    if let Ok(ip) = text.parse::<IpAddr>() {
        return match (family, ip) {
            (Some(Family::V4), IpAddr::V6(_)) => Err(invalid(word, "this is an IPv6 address")),
            (Some(Family::V6), IpAddr::V4(_)) => Err(invalid(word, "this is an IPv4 address")),
            _ => Ok(Host::Ip(ip)),
        };
    }
    if text.contains(':') {
        return Err(
            invalid(word, "this is neither an IPv6 address nor HOST:PORT")
                .help("write an IPv6 address in brackets, [ADDRESS]:PORT"),
        );
    }
    if let Some(label) = broken_ipv4(text) {
        return Err(invalid(
            word,
            &format!("'{label}' is not a part of an IPv4 address"),
        ));
    }
    if !is_name(text) {
        return Err(invalid(
            word,
            "this is neither an address nor the name of a host",
        ));
    }
    Ok(Host::Name(text.to_owned(), family))
}

/// The first wrong part of what was clearly meant as an IPv4 address: every part but one is a
/// number, or all of them are.
fn broken_ipv4(text: &str) -> Option<&str> {
    let parts: Vec<&str> = text.split('.').collect();
    let is_number =
        |part: &&str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let numbers = parts.iter().copied().filter(|part| is_number(part)).count();
    let meant = numbers == parts.len() || (parts.len() == 4 && numbers == 3);
    if !meant {
        return None;
    }
    parts
        .iter()
        .copied()
        .find(|part| part.parse::<u8>().is_err())
        .or(Some(text))
}

/// Letters, digits, `-`, `_` and dots, as host names have them; at most 255 bytes.
fn is_name(text: &str) -> bool {
    const MAX_NAME_BYTES: usize = 255;
    text.len() <= MAX_NAME_BYTES
        && text.split('.').enumerate().all(|(index, label)| {
            let trailing_dot = label.is_empty() && index > 0 && text.ends_with('.');
            (trailing_dot || !label.is_empty())
                && label
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
        })
}

/// A host with an optional port, as `source` and `log` take it.
pub(crate) fn socket(word: &Word, default_port: u16) -> Result<(Host, u16), Diagnostic> {
    match inet(word, &word.value, None, Use::Plain)? {
        Address::Inet {
            host, first_port, ..
        } => {
            let is_written = first_port > 0;
            Ok((host, if is_written { first_port } else { default_port }))
        }
        _ => Err(invalid(word, "this is not an IP address")),
    }
}

/// `ADDRESS` or `ADDRESS/PREFIX` or `ADDRESS/MASK`.
pub(crate) fn network(word: &Word) -> Result<Network, Diagnostic> {
    let (address, mask) = match word.value.split_once('/') {
        Some((address, mask)) => (address, Some(mask)),
        None => (word.value.as_str(), None),
    };
    let error = || invalid(word, "expected a network such as 127.0.0.0/8");
    let address: IpAddr = address.parse().map_err(|_| error())?;
    let width: u8 = if address.is_ipv4() { 32 } else { 128 };
    let prefix_len = match mask {
        None => width,
        Some(mask) => match (address, mask.parse::<Ipv4Addr>()) {
            (IpAddr::V4(_), Ok(dotted)) => {
                let bits = dotted.to_bits();
                if bits.leading_ones() + bits.trailing_zeros() < 32 {
                    return Err(error());
                }
                u8::try_from(bits.leading_ones()).unwrap_or(width)
            }
            _ => mask
                .parse()
                .ok()
                .filter(|len| *len <= width)
                .ok_or_else(error)?,
        },
    };
    let host_bits = u32::from(width - prefix_len);
    let address = match address {
        IpAddr::V4(ip) => {
            let mask = u32::MAX.checked_shl(host_bits).unwrap_or(0);
            IpAddr::V4(Ipv4Addr::from_bits(ip.to_bits() & mask))
        }
        IpAddr::V6(ip) => {
            let mask = u128::MAX.checked_shl(host_bits).unwrap_or(0);
            IpAddr::V6(Ipv6Addr::from_bits(ip.to_bits() & mask))
        }
    };
    Ok(Network {
        address,
        prefix_len,
    })
}

fn invalid(word: &Word, reason: &str) -> Diagnostic {
    Diagnostic::error(format!("invalid address '{}'", word.value))
        .at(word.span)
        .label(reason)
}

#[cfg(test)]
mod tests {
    use super::*;
    use diagnostics::{Sources, Span};

    fn word(text: &str) -> Word {
        let source = Sources::new().add("a.cfg", text);
        let end = u32::try_from(text.len()).unwrap();
        Spanned::new(
            text.to_owned(),
            Span {
                source,
                start: 0,
                end,
            },
        )
    }

    /// One line an address: family, host, ports.
    fn shown(address: &Address) -> String {
        match address {
            Address::Inet {
                host,
                first_port,
                last_port,
                port_offset,
            } => {
                let host = match host {
                    Host::Ip(ip) => ip.to_string(),
                    Host::Name(name, family) => format!("name {name} {family:?}"),
                };
                match port_offset {
                    Some(offset) => format!("{host} {offset:+}"),
                    None => format!("{host} {first_port}-{last_port}"),
                }
            }
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn every_form_of_the_manual_is_read() {
        for (text, usage, expected) in [
            (":80", Use::Bind, "0.0.0.0 80-80"),
            ("*:80", Use::Bind, "0.0.0.0 80-80"),
            ("0.0.0.0:80-90", Use::Bind, "0.0.0.0 80-90"),
            (":::80", Use::Bind, ":: 80-80"),
            ("[::]:80", Use::Bind, ":: 80-80"),
            ("[2001:db8::1]:443", Use::Bind, "2001:db8::1 443-443"),
            ("ipv4@:80", Use::Bind, "0.0.0.0 80-80"),
            ("ipv6@:80", Use::Bind, ":: 80-80"),
            ("ipv6@*:80", Use::Bind, ":: 80-80"),
            ("tcp4@10.0.0.1:80", Use::Bind, "10.0.0.1 80-80"),
            (
                "horizon.app.com:443",
                Use::Bind,
                "name horizon.app.com None 443-443",
            ),
            (
                "ipv6@a-b_c.example.:80",
                Use::Bind,
                "name a-b_c.example. Some(V6) 80-80",
            ),
            ("10.0.0.1", Use::Server, "10.0.0.1 0-0"),
            ("10.0.0.1:", Use::Server, "10.0.0.1 0-0"),
            ("10.0.0.1:+10", Use::Server, "10.0.0.1 +10"),
            ("10.0.0.1:-10", Use::Server, "10.0.0.1 -10"),
            ("web1:8080", Use::Server, "name web1 None 8080-8080"),
            ("/run/a.sock", Use::Bind, "Unix(\"/run/a.sock\")"),
            ("unix@a.sock", Use::Bind, "Unix(\"a.sock\")"),
            ("uxst@/a", Use::Server, "Unix(\"/a\")"),
            ("abns@web", Use::Bind, "Abstract(\"web\")"),
            ("fd@3", Use::Bind, "Descriptor(3)"),
        ] {
            let address = address(&word(text), usage).unwrap_or_else(|e| panic!("{text}: {e:?}"));
            assert_eq!(shown(&address), expected, "{text}");
        }
    }

    #[test]
    fn what_is_no_address_says_why() {
        for (text, usage, expected) in [
            (
                "10.224.155.xx:80",
                Use::Bind,
                "'xx' is not a part of an IPv4 address",
            ),
            (
                "10.224.155.300",
                Use::Server,
                "'300' is not a part of an IPv4 address",
            ),
            (
                "10.1.2:80",
                Use::Server,
                "'10.1.2' is not a part of an IPv4 address",
            ),
            ("10.0.0.1", Use::Bind, "a port is missing"),
            ("80", Use::Bind, "a port stands behind a colon"),
            (":0", Use::Bind, "'0' is not a port"),
            (":65536", Use::Bind, "'65536' is not a port"),
            (":+1", Use::Bind, "'+1' is not a port"),
            (":90-80", Use::Bind, "runs backwards"),
            (":80-90", Use::Server, "for 'bind' only"),
            ("::g:80", Use::Bind, "neither an IPv6 address"),
            ("[::1", Use::Bind, "never closed"),
            ("a b:80", Use::Server, "neither an address nor"),
            ("fd@x", Use::Bind, "number of a descriptor"),
            ("unix@", Use::Bind, "nothing follows"),
            ("ipv4@::1:80", Use::Bind, "this is an IPv6 address"),
        ] {
            let error = address(&word(text), usage).unwrap_err();
            let label = error.label.unwrap_or_default();
            assert!(label.contains(expected), "{text}: {label}");
            assert!(error.message.contains(text), "{}", error.message);
        }
        for text in ["sockpair@4", "quic4@:443", "quic+fd@3", "abnsz@a"] {
            let error = address(&word(text), Use::Bind).unwrap_err();
            assert!(
                error.message.contains("not built yet"),
                "{text}: {}",
                error.message
            );
        }
        assert_eq!(
            address(&word("ipv5@:80"), Use::Bind)
                .unwrap_err()
                .help
                .as_deref(),
            Some("did you mean 'ipv4'?")
        );
    }

    #[test]
    fn lists_keep_the_place_of_each_address() {
        let list = addresses(&word(":80,[::]:443"), Use::Bind).unwrap();
        let places: Vec<(u32, u32)> = list
            .iter()
            .map(|item| (item.span.start, item.span.end))
            .collect();
        assert_eq!(places, [(0, 3), (4, 12)]);
    }

    #[test]
    fn networks_have_prefixes_or_masks() {
        for (text, expected) in [
            ("127.0.0.1", Some("127.0.0.1/32")),
            ("127.0.0.5/8", Some("127.0.0.0/8")),
            ("10.1.2.3/255.255.0.0", Some("10.1.0.0/16")),
            ("0.0.0.0/0", Some("0.0.0.0/0")),
            ("2001:db8::1/32", Some("2001:db8::/32")),
            ("10.0.0.0/33", None),
            ("10.0.0.0/255.0.255.0", None),
            ("x", None),
        ] {
            let network = network(&word(text)).ok();
            let shown = network.map(|net| format!("{}/{}", net.address, net.prefix_len));
            assert_eq!(shown.as_deref(), expected, "{text}");
        }
    }
}
