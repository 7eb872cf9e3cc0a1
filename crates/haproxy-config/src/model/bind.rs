//! Where a proxy or a stats socket listens.

use std::path::PathBuf;

use diagnostics::Spanned;

use super::{Account, Address};

/// One address of a `bind` or `stats socket` line with the line's parameters.
#[derive(Debug, Clone)]
pub struct Bind {
    /// Where to listen.
    pub address: Spanned<Address>,
    /// `name`.
    pub name: Option<String>,
    /// `id`.
    pub id: Option<u32>,
    /// `maxconn`.
    pub maxconn: Option<u32>,
    /// `backlog`.
    pub backlog: Option<u32>,
    /// `accept-proxy`.
    pub accept_proxy: bool,
    /// `transparent`: IP_TRANSPARENT or IP_FREEBIND, also for addresses this machine lacks.
    pub transparent: bool,
    /// `v6only` (some true) or `v4v6` (some false).
    pub v6only: Option<bool>,
    /// `interface`.
    pub interface: Option<String>,
    /// `defer-accept`.
    pub defer_accept: bool,
    /// `mode` of a unix socket, such as 0o600.
    pub unix_mode: Option<u32>,
    /// `user`/`uid` of a unix socket.
    pub unix_user: Option<Account>,
    /// `group`/`gid` of a unix socket.
    pub unix_group: Option<Account>,
    /// `level` of a stats socket, default operator.
    pub level: CliLevel,
    /// `ssl` and what belongs to it.
    pub ssl: Option<BindSsl>,
}

/// What a connection to the stats socket may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Hash)]
pub enum CliLevel {
    /// Read non-sensitive figures.
    User,
    /// Read all, change little.
    #[default]
    Operator,
    /// Everything.
    Admin,
}

/// TLS parameters of a `bind` line.
#[derive(Debug, Clone, Default)]
pub struct BindSsl {
    /// `crt` arguments: PEM files, or folders of them; relative ones joined to `crt-base`.
    pub crt: Vec<Spanned<PathBuf>>,
    /// `alpn`, in order.
    pub alpn: Vec<String>,
    /// `ssl-min-ver`.
    pub min_version: Option<TlsVersion>,
    /// `ssl-max-ver`.
    pub max_version: Option<TlsVersion>,
    /// `strict-sni`.
    pub strict_sni: bool,
    /// `ciphers` or `ssl-default-bind-ciphers`: the only suites of TLS 1.2, the preferred first;
    /// empty is all that can be offered.
    pub ciphers: Vec<CipherSuite>,
    /// `ciphersuites` or `ssl-default-bind-ciphersuites`: the same for TLS 1.3.
    pub ciphersuites: Vec<CipherSuite>,
}

/// A cipher suite that can be offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct CipherSuite {
    /// OpenSSL's name, as operators write it.
    pub name: &'static str,
    /// IANA's code.
    pub code: u16,
}

/// A TLS protocol version that can be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TlsVersion {
    /// `TLSv1.0`.
    Tls10,
    /// `TLSv1.1`.
    Tls11,
    /// `TLSv1.2`.
    Tls12,
    /// `TLSv1.3`.
    Tls13,
}
