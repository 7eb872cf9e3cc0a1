//! The hello by which two `keel`s on one link know each other.
//!
//! ```text
//!  0      4 5 6 7 8 9 10     12            20         24               40      48            64
//!  KEEL   v f F V p s 0 0    incarnation   sequence   primary address  heir    keyed hash
//! ```
//!
//! `v` version, `f` flags, `F` family (4 or 6), `V` virtual router id, `p` priority, `s` state.
//! An IPv4 address stands in its IPv4-mapped form.
//!
//! What it does: a master that gives way names its *heir*, the best other `keel` that can hold the
//! address, and the heir takes over at once instead of waiting its skew time. What it protects: the
//! hash (HMAC-SHA-256, first 16 bytes, keyed with `auth_pass` where there is one) refuses hellos
//! from those who do not know the password, and incarnation and sequence refuse replays. What it
//! does not protect: VRRPv2 sends that password in clear text, and without a password the key is
//! empty, so whoever can read or write on the link can forge a hello, just as he can forge an advert
//! of priority 0 or 255. Therefore a hello never achieves more than such an advert: it only cuts a
//! wait short.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use thiserror::Error;

use crate::{Family, State};

const MAGIC: [u8; 4] = *b"KEEL";
const VERSION: u8 = 1;
const SIGNED_LEN_BYTES: usize = 48;
const HASH_LEN_BYTES: usize = 16;
const HELLO_LEN_BYTES: usize = SIGNED_LEN_BYTES + HASH_LEN_BYTES;
const FLAG_LEAVING: u8 = 1;
const FLAG_BALANCER_LOST: u8 = 2;
const FLAG_PREEMPTS: u8 = 4;

/// The sequence of the hello that the supervisor sends for a dead keeper: the last word of its
/// incarnation.
pub(crate) const LAST_SEQUENCE: u32 = u32::MAX;

/// The key of the hello's hash.
#[derive(Clone, PartialEq, Eq)]
pub struct HelloKey(Vec<u8>);

impl HelloKey {
    /// No password: the hash finds damage, not forgery.
    #[must_use]
    pub const fn none() -> Self {
        Self(Vec::new())
    }

    /// `auth_pass`.
    #[must_use]
    pub fn password(password: &[u8]) -> Self {
        Self(password.to_vec())
    }

    fn hash(&self, bytes: &[u8]) -> Hmac<Sha256> {
        let mut mac =
            Hmac::<Sha256>::new_from_slice(&self.0).expect("HMAC takes keys of any length");
        mac.update(bytes);
        mac
    }
}

impl fmt::Debug for HelloKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(if self.0.is_empty() {
            "HelloKey(none)"
        } else {
            "HelloKey(***)"
        })
    }
}

/// What one `keel` says to the others about one virtual router.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hello {
    /// The family of the virtual router.
    pub family: Family,
    /// The virtual router.
    pub virtual_router_id: u8,
    /// The sender's effective priority.
    pub priority: u8,
    /// The sender's state.
    pub state: State,
    /// The address that the sender's adverts come from.
    pub primary: IpAddr,
    /// Which run of the sender this is: rises with each start, never 0.
    pub incarnation: u64,
    /// Rises with each hello of an incarnation.
    pub sequence: u32,
    /// The sender is going off.
    pub leaving: bool,
    /// The sender's balancer cannot serve.
    pub balancer_lost: bool,
    /// The sender would take the address from a master of lower priority without delay.
    pub preempts: bool,
    /// The incarnation that shall be master now.
    pub heir: Option<u64>,
}

/// Why bytes are no hello for us.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum HelloError {
    /// Not ours at all.
    #[error("not a hello")]
    Foreign,
    /// From a later `keel`.
    #[error("hello version {0}")]
    Version(u8),
    /// The key differs, or it was changed on the way.
    #[error("the hello's hash is wrong: does auth_pass differ?")]
    Hash,
    /// A field has no meaning.
    #[error("a field of the hello has no meaning")]
    Field,
}

impl Hello {
    /// The datagram.
    #[must_use]
    pub fn encode(&self, key: &HelloKey) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(HELLO_LEN_BYTES);
        bytes.extend(MAGIC);
        let mut flags = 0;
        if self.leaving {
            flags |= FLAG_LEAVING;
        }
        if self.balancer_lost {
            flags |= FLAG_BALANCER_LOST;
        }
        if self.preempts {
            flags |= FLAG_PREEMPTS;
        }
        let family = match self.family {
            Family::V4 => 4,
            Family::V6 => 6,
        };
        let state = state_number(self.state);
        bytes.extend([
            VERSION,
            flags,
            family,
            self.virtual_router_id,
            self.priority,
            state,
            0,
            0,
        ]);
        bytes.extend(self.incarnation.to_be_bytes());
        bytes.extend(self.sequence.to_be_bytes());
        let primary = match self.primary {
            IpAddr::V4(address) => address.to_ipv6_mapped(),
            IpAddr::V6(address) => address,
        };
        bytes.extend(primary.octets());
        bytes.extend(self.heir.unwrap_or(0).to_be_bytes());
        let hash = key.hash(&bytes).finalize().into_bytes();
        bytes.extend(&hash[..HASH_LEN_BYTES]);
        bytes
    }

    /// The virtual router that a datagram is about, before anything of it is believed: which key
    /// it must be checked with.
    #[must_use]
    pub fn virtual_router_id_of(bytes: &[u8]) -> Option<u8> {
        let is_hello = bytes.len() == HELLO_LEN_BYTES && bytes.starts_with(&MAGIC);
        is_hello.then(|| bytes[7])
    }

    /// Reads a datagram.
    ///
    /// # Errors
    ///
    /// When it is no hello, of another version, or hashed with another key.
    pub fn parse(bytes: &[u8], key: &HelloKey) -> Result<Self, HelloError> {
        if bytes.get(..4) != Some(&MAGIC[..]) || bytes.len() < 5 {
            return Err(HelloError::Foreign);
        }
        if bytes[4] != VERSION {
            return Err(HelloError::Version(bytes[4]));
        }
        let bytes: &[u8; HELLO_LEN_BYTES] = bytes.try_into().map_err(|_| HelloError::Foreign)?;
        let (signed, hash) = bytes.split_at(SIGNED_LEN_BYTES);
        key.hash(signed)
            .verify_truncated_left(hash)
            .map_err(|_| HelloError::Hash)?;
        let family = match bytes[6] {
            4 => Family::V4,
            6 => Family::V6,
            _ => return Err(HelloError::Field),
        };
        let primary = Ipv6Addr::from(field::<16>(bytes, 24));
        Ok(Self {
            family,
            virtual_router_id: bytes[7],
            priority: bytes[8],
            state: state_from_number(bytes[9]).ok_or(HelloError::Field)?,
            primary: primary
                .to_ipv4_mapped()
                .map_or(IpAddr::V6(primary), IpAddr::V4),
            incarnation: u64::from_be_bytes(field(bytes, 12)),
            sequence: u32::from_be_bytes(field(bytes, 20)),
            leaving: bytes[5] & FLAG_LEAVING != 0,
            balancer_lost: bytes[5] & FLAG_BALANCER_LOST != 0,
            preempts: bytes[5] & FLAG_PREEMPTS != 0,
            heir: Some(u64::from_be_bytes(field(bytes, 40))).filter(|heir| *heir != 0),
        })
    }
}

fn field<const LEN: usize>(bytes: &[u8; HELLO_LEN_BYTES], at: usize) -> [u8; LEN] {
    *bytes[at..]
        .first_chunk()
        .expect("each field lies inside the fixed length")
}

const fn state_number(state: State) -> u8 {
    match state {
        State::Init => 0,
        State::Backup => 1,
        State::Master => 2,
        State::Fault => 3,
    }
}

const fn state_from_number(number: u8) -> Option<State> {
    match number {
        0 => Some(State::Init),
        1 => Some(State::Backup),
        2 => Some(State::Master),
        3 => Some(State::Fault),
        _ => None,
    }
}
