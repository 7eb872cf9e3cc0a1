//! The hosts that a machine knows: where each is, what it shows, and the right to ask it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::Secret;

/// How many hosts a machine may know: those of several clusters of the greatest size.
pub const MAX_KNOWN_HOSTS: usize = 1024;

/// All hosts that are known, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct KnownHosts {
    /// By name.
    pub hosts: BTreeMap<String, KnownHost>,
}

/// A host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct KnownHost {
    /// Where it is, in the order in which this is tried.
    pub destinations: Vec<Destination>,
    /// What it takes for the right to ask.
    pub token: Secret,
    /// The SHA-256 of its certificate, in hexadecimal digits: whoever shows another one is not it.
    pub certificate: String,
}

/// Where a host's pcsd listens.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Destination {
    /// A name or an address.
    pub address: String,
    /// A TCP port.
    pub port: u16,
}

impl KnownHosts {
    /// A host of that name.
    #[must_use]
    pub fn host(&self, name: &str) -> Option<&KnownHost> {
        self.hosts.get(name)
    }

    /// Those of these names that are known.
    #[must_use]
    pub fn only<'n>(&self, names: impl IntoIterator<Item = &'n str>) -> Self {
        let known = names.into_iter();
        let known = known.filter_map(|name| Some((name.to_owned(), self.hosts.get(name)?.clone())));
        Self {
            hosts: known.collect(),
        }
    }

    /// Adds hosts, or puts them in place of those of the same name. Whether all found room.
    pub fn add(&mut self, others: &Self) -> bool {
        for (name, host) in &others.hosts {
            if self.hosts.len() >= MAX_KNOWN_HOSTS && !self.hosts.contains_key(name) {
                return false;
            }
            self.hosts.insert(name.clone(), host.clone());
        }
        true
    }
}

impl Destination {
    /// `ADDRESS`, `ADDRESS:PORT` or `[ADDRESS]:PORT`, as `addr=` of `pcs host auth` takes it.
    ///
    /// # Errors
    /// A sentence where the port is none.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (address, port) = match text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            Some((address, "")) => (address, None),
            Some((address, rest)) => (address, Some(rest.strip_prefix(':').unwrap_or(rest))),
            // A bare IPv6 address has more than one colon.
            None => match text.split_once(':') {
                Some((address, port)) if !port.contains(':') => (address, Some(port)),
                _ => (text, None),
            },
        };
        let port = match port {
            None => crate::PORT,
            Some(port) => match port.parse() {
                Ok(port) if port > 0 => port,
                _ => {
                    return Err(format!(
                        "Invalid port number in address '{text}', use 1..65535"
                    ));
                }
            },
        };
        Ok(Self {
            address: address.to_owned(),
            port,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_may_have_a_port() {
        for (text, expected) in [
            ("node1", Some(("node1", 2224))),
            ("10.0.0.1:3000", Some(("10.0.0.1", 3000))),
            ("fd00::1", Some(("fd00::1", 2224))),
            ("[fd00::1]:99", Some(("fd00::1", 99))),
            ("[fd00::1]", Some(("fd00::1", 2224))),
            ("node1:0", None),
            ("node1:65536", None),
            ("node1:", None),
            ("[fd00::1]x", None),
        ] {
            let read = Destination::parse(text).ok();
            let read = read.as_ref().map(|it| (it.address.as_str(), it.port));
            assert_eq!(read, expected, "{text}");
        }
    }

    #[test]
    fn there_is_room_for_so_many_hosts() {
        let host = KnownHost {
            destinations: Vec::new(),
            token: Secret::new("t"),
            certificate: String::new(),
        };
        let hosts = |count: usize| KnownHosts {
            hosts: (0..count)
                .map(|it| (it.to_string(), host.clone()))
                .collect(),
        };
        let mut known = hosts(MAX_KNOWN_HOSTS);
        assert!(known.add(&hosts(1)));
        assert!(!known.add(&hosts(MAX_KNOWN_HOSTS + 1)));
        assert_eq!(known.hosts.len(), MAX_KNOWN_HOSTS);
    }
}
