//! Addresses and hosts.

use std::net::IpAddr;
use std::path::PathBuf;

/// An address to listen at or to connect to.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Address {
    /// `ADDRESS:PORT`, `*:PORT` (IPv4 any), `:::PORT`, `[v6]:PORT`; ports `FIRST-LAST`.
    Inet {
        /// The address, resolved by the loader where a name was written.
        host: Host,
        /// The first port; 0 where a server's address has none (it then takes the client's port).
        first_port: u16,
        /// The last port, equal to the first but for ranges.
        last_port: u16,
        /// `+N` or `-N` on a server's port: an offset from the client's port.
        port_offset: Option<i32>,
    },
    /// `unix@PATH` or an absolute path.
    Unix(PathBuf),
    /// `abns@NAME`.
    Abstract(String),
    /// `fd@N`: an inherited, bound socket.
    Descriptor(i32),
}

/// An IP address or a name still to be looked up.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Host {
    /// `*`, an empty host, or a literal address.
    Ip(IpAddr),
    /// A name, with the family asked for by `ipv4@` / `ipv6@` if any.
    Name(String, Option<Family>),
}

/// An address family.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Family {
    /// IPv4.
    V4,
    /// IPv6.
    V6,
}

/// An address with a prefix length, such as 127.0.0.0/8.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Network {
    /// The address; bits past the prefix are zero.
    pub address: IpAddr,
    /// How many leading bits count.
    pub prefix_len: u8,
}

impl Network {
    /// Whether the address lies inside; an address of the other family never does.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        let shift = |width: u32| width - u32::from(self.prefix_len);
        match (self.address, address) {
            (IpAddr::V4(net), IpAddr::V4(ip)) => {
                (net.to_bits() ^ ip.to_bits())
                    .checked_shr(shift(32))
                    .unwrap_or(0)
                    == 0
            }
            (IpAddr::V6(net), IpAddr::V6(ip)) => {
                (net.to_bits() ^ ip.to_bits())
                    .checked_shr(shift(128))
                    .unwrap_or(0)
                    == 0
            }
            _ => false,
        }
    }
}
