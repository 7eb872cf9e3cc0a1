//! Samples: what fetches and converters yield.

use std::borrow::Cow;
use std::net::IpAddr;

/// A sample.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Value<'a> {
    Boolean(bool),
    Integer(i64),
    Address(IpAddr),
    Text(Cow<'a, [u8]>),
    Binary(Cow<'a, [u8]>),
}

/// The type of a sample, known when a rule is compiled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Type {
    Boolean,
    Integer,
    Address,
    Text,
    Binary,
}

impl Type {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Boolean => "a boolean",
            Self::Integer => "an integer",
            Self::Address => "an address",
            Self::Text => "a string",
            Self::Binary => "binary data",
        }
    }
}

impl<'a> Value<'a> {
    pub(crate) fn text(bytes: &'a [u8]) -> Self {
        Self::Text(Cow::Borrowed(bytes))
    }

    /// As text: booleans are `1` and `0`.
    pub(crate) fn into_text(self) -> Cow<'a, [u8]> {
        match self {
            Self::Boolean(value) => Cow::Borrowed(if value { b"1" } else { b"0" }),
            Self::Integer(value) => Cow::Owned(value.to_string().into_bytes()),
            Self::Address(value) => Cow::Owned(value.to_string().into_bytes()),
            Self::Text(value) | Self::Binary(value) => value,
        }
    }

    /// As an integer: text must be one as a whole.
    pub(crate) fn as_integer(&self) -> Option<i64> {
        match self {
            Self::Boolean(value) => Some(i64::from(*value)),
            Self::Integer(value) => Some(*value),
            Self::Address(IpAddr::V4(value)) => Some(i64::from(value.to_bits())),
            Self::Address(IpAddr::V6(_)) => None,
            Self::Text(value) | Self::Binary(value) => {
                std::str::from_utf8(value).ok()?.trim().parse().ok()
            }
        }
    }

    /// As an address; an IPv4 address mapped into IPv6 is the IPv4 address.
    pub(crate) fn as_address(&self) -> Option<IpAddr> {
        match self {
            Self::Address(value) => Some(value.to_canonical()),
            Self::Text(value) | Self::Binary(value) => std::str::from_utf8(value)
                .ok()?
                .parse::<IpAddr>()
                .ok()
                .map(|address| address.to_canonical()),
            Self::Boolean(_) | Self::Integer(_) => None,
        }
    }
}
