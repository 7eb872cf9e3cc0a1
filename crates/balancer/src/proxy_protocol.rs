//! The PROXY protocol (doc/proxy-protocol.txt): who the client behind a proxy is.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use crate::server_connection::ClientEnds;

/// The longest version 1 line, with its CR LF (section 2.1).
const LINE_MAX: usize = 107;
/// The twelve bytes that begin version 2 (section 2.2).
const SIGNATURE: &[u8; 12] = b"\r\n\r\n\0\r\nQUIT\n";
/// Version 2's fixed part.
const FIXED_LEN: usize = 16;

/// The header to send before anything else.
pub(crate) fn encode(version: u8, ends: ClientEnds) -> Vec<u8> {
    let both = ends
        .source
        .zip(ends.destination)
        .and_then(|(source, destination)| {
            // Both addresses are of one family on the wire.
            match (source.ip(), destination.ip()) {
                (IpAddr::V4(_), IpAddr::V4(_)) | (IpAddr::V6(_), IpAddr::V6(_)) => {
                    Some((source, destination))
                }
                _ => None,
            }
        });
    if version == 1 {
        encode_line(both)
    } else {
        encode_binary(both)
    }
}

fn encode_line(ends: Option<(SocketAddr, SocketAddr)>) -> Vec<u8> {
    let Some((source, destination)) = ends else {
        return b"PROXY UNKNOWN\r\n".to_vec();
    };
    let family = if source.is_ipv4() { "TCP4" } else { "TCP6" };
    format!(
        "PROXY {family} {} {} {} {}\r\n",
        source.ip(),
        destination.ip(),
        source.port(),
        destination.port()
    )
    .into_bytes()
}

fn encode_binary(ends: Option<(SocketAddr, SocketAddr)>) -> Vec<u8> {
    let mut header = SIGNATURE.to_vec();
    let mut addresses = Vec::new();
    match ends {
        None => header.extend([0x20, 0x00]),
        Some((source, destination)) => {
            header.extend([0x21, if source.is_ipv4() { 0x11 } else { 0x21 }]);
            for ip in [source.ip(), destination.ip()] {
                match ip {
                    IpAddr::V4(ip) => addresses.extend(ip.octets()),
                    IpAddr::V6(ip) => addresses.extend(ip.octets()),
                }
            }
            addresses.extend(source.port().to_be_bytes());
            addresses.extend(destination.port().to_be_bytes());
        }
    }
    let len = u16::try_from(addresses.len()).expect("two addresses are far below 64 KiB");
    header.extend(len.to_be_bytes());
    header.extend(addresses);
    header
}

/// What the start of a connection holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Parsed {
    /// A whole header of that many bytes, with the ends it names; none where it says LOCAL or
    /// UNKNOWN and the connection's own addresses hold.
    Complete(usize, Option<(SocketAddr, SocketAddr)>),
    /// Not all of it yet.
    Partial,
    /// Something else: the connection is to be closed (section 2).
    Invalid,
}

/// Reads a header of either version.
#[must_use]
pub fn parse(bytes: &[u8]) -> Parsed {
    let shared = bytes.len().min(SIGNATURE.len());
    if bytes[..shared] == SIGNATURE[..shared] {
        return if bytes.len() < FIXED_LEN {
            Parsed::Partial
        } else {
            parse_binary(bytes)
        };
    }
    const START: &[u8] = b"PROXY ";
    let shared = bytes.len().min(START.len());
    if bytes[..shared] != START[..shared] {
        return Parsed::Invalid;
    }
    match bytes.iter().take(LINE_MAX).position(|byte| *byte == b'\n') {
        Some(end) => parse_line(&bytes[..=end]),
        None if bytes.len() < LINE_MAX => Parsed::Partial,
        None => Parsed::Invalid,
    }
}

fn parse_line(line: &[u8]) -> Parsed {
    let complete = |ends| Parsed::Complete(line.len(), ends);
    let Some(text) = line
        .strip_suffix(b"\r\n")
        .and_then(|line| std::str::from_utf8(line).ok())
    else {
        return Parsed::Invalid;
    };
    let words: Vec<&str> = text.split(' ').collect();
    let address = |ip: &str, port: &str, v4: bool| {
        let ip: IpAddr = ip.parse().ok()?;
        (ip.is_ipv4() == v4).then_some(SocketAddr::new(ip, port.parse().ok()?))
    };
    match words[..] {
        ["PROXY", "UNKNOWN", ..] => complete(None),
        [
            "PROXY",
            family @ ("TCP4" | "TCP6"),
            source,
            destination,
            source_port,
            destination_port,
        ] => {
            let v4 = family == "TCP4";
            match (
                address(source, source_port, v4),
                address(destination, destination_port, v4),
            ) {
                (Some(source), Some(destination)) => complete(Some((source, destination))),
                _ => Parsed::Invalid,
            }
        }
        _ => Parsed::Invalid,
    }
}

fn parse_binary(bytes: &[u8]) -> Parsed {
    let len = FIXED_LEN + usize::from(u16::from_be_bytes([bytes[14], bytes[15]]));
    let Some(addresses) = bytes.get(FIXED_LEN..len) else {
        return Parsed::Partial;
    };
    let port = |at: usize| u16::from_be_bytes([addresses[at], addresses[at + 1]]);
    match (bytes[12], bytes[13]) {
        (0x20, _) => Parsed::Complete(len, None),
        (0x21, 0x11) if addresses.len() >= 12 => {
            let ip = |at: usize| {
                Ipv4Addr::new(
                    addresses[at],
                    addresses[at + 1],
                    addresses[at + 2],
                    addresses[at + 3],
                )
            };
            Parsed::Complete(
                len,
                Some(((ip(0), port(8)).into(), (ip(4), port(10)).into())),
            )
        }
        (0x21, 0x21) if addresses.len() >= 36 => {
            let ip = |at: usize| {
                let mut octets = [0; 16];
                octets.copy_from_slice(&addresses[at..at + 16]);
                Ipv6Addr::from(octets)
            };
            Parsed::Complete(
                len,
                Some(((ip(0), port(32)).into(), (ip(16), port(34)).into())),
            )
        }
        // Other families name no address that is of use here.
        (0x21, family) if family & 0xf0 != 0x10 && family & 0xf0 != 0x20 => {
            Parsed::Complete(len, None)
        }
        _ => Parsed::Invalid,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_encoded_is_read_back_and_nothing_shorter_is() {
        let v4 = (
            "192.0.2.1:1025".parse().unwrap(),
            "192.0.2.2:80".parse().unwrap(),
        );
        let v6 = (
            "[2001:db8::1]:1025".parse().unwrap(),
            "[2001:db8::2]:443".parse().unwrap(),
        );
        for ends in [Some(v4), Some(v6), None] {
            for version in [1, 2] {
                let header = encode(
                    version,
                    ClientEnds {
                        source: ends.map(|ends: (SocketAddr, SocketAddr)| ends.0),
                        destination: ends.map(|ends| ends.1),
                    },
                );
                assert_eq!(parse(&header), Parsed::Complete(header.len(), ends));
                for len in 0..header.len() {
                    assert_eq!(
                        parse(&header[..len]),
                        Parsed::Partial,
                        "{len} of {header:?}"
                    );
                }
            }
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for bytes in [
            &b"GET / HTTP/1.1\r\n"[..],
            b"PROXY TCP4 1.2.3.4 1.2.3.5 1\r\n",
            b"PROXY TCP4 ::1 ::1 1 2\r\n",
            b"PROXY TCP4 1.2.3.4 1.2.3.5 1 99999\r\n",
            b"PROXY TCP4 1.2.3.4 1.2.3.5 1 2\n",
            b"PROXX",
        ] {
            assert_eq!(parse(bytes), Parsed::Invalid, "{bytes:?}");
        }
        assert_eq!(
            parse(&[b"PROXY ", &[b'x'; 110][..]].concat()),
            Parsed::Invalid
        );
    }
}
