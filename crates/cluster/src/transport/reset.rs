//! The secret behind connection ids and stateless resets (RFC 9000, 10.3).
//!
//! A process that receives a packet of a connection it does not know answers with a token that only
//! the node itself can make, and the peer knows at once that the node was restarted. For that the
//! secret must be the same in the next process: it is derived from the node's key, and changes with
//! it.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use quinn::crypto::{CryptoError, HmacKey};
use quinn::{ConnectionId, ConnectionIdGenerator};
use quinn_proto::{HashedConnectionIdGenerator, InvalidCid};
use sha2::Sha256;

use crate::keys::Keys;

/// Bytes of the secret, and of what is signed with it.
const SECRET_BYTES: usize = 32;

/// Two uses of one secret must not be mixed up.
const RESET_LABEL: &[u8] = b"keel-cluster/1 stateless reset";
const IDS_LABEL: &[u8] = b"keel-cluster/1 connection ids";

/// The secret in use.
pub(super) struct ResetSecret {
    current: RwLock<Derived>,
}

#[derive(Clone, Copy)]
struct Derived {
    reset: [u8; SECRET_BYTES],
    ids: u64,
}

impl Derived {
    fn from(keys: &Keys) -> Self {
        let [a, b, c, d, e, f, g, h, ..] = sign(keys.key().secret_der(), IDS_LABEL);
        Self {
            reset: sign(keys.key().secret_der(), RESET_LABEL),
            ids: u64::from_be_bytes([a, b, c, d, e, f, g, h]),
        }
    }
}

impl ResetSecret {
    pub(super) fn new(keys: &Keys) -> Arc<Self> {
        Arc::new(Self {
            current: RwLock::new(Derived::from(keys)),
        })
    }

    /// From here on the secret is that of `keys`: the next process will have no other.
    pub(super) fn replace(&self, keys: &Keys) {
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = Derived::from(keys);
    }

    fn current(&self) -> Derived {
        *self.current.read().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The key with which quinn makes reset tokens.
pub(super) struct ResetKey(pub(super) Arc<ResetSecret>);

impl HmacKey for ResetKey {
    fn sign(&self, data: &[u8], signature: &mut [u8]) {
        let signed = sign(&self.0.current().reset, data);
        for (to, from) in signature.iter_mut().zip(signed) {
            *to = from;
        }
    }

    fn signature_len(&self) -> usize {
        SECRET_BYTES
    }

    fn verify(&self, data: &[u8], signature: &[u8]) -> Result<(), CryptoError> {
        mac(&self.0.current().reset, data)
            .verify_slice(signature)
            .map_err(|_| CryptoError)
    }
}

/// Connection ids that the next process recognizes as this node's: only those are worth an answer.
pub(super) struct Ids(pub(super) Arc<ResetSecret>);

impl Ids {
    fn generator(&self) -> HashedConnectionIdGenerator {
        HashedConnectionIdGenerator::from_key(self.0.current().ids)
    }
}

impl ConnectionIdGenerator for Ids {
    fn generate_cid(&mut self) -> ConnectionId {
        self.generator().generate_cid()
    }

    fn validate(&self, id: &ConnectionId) -> Result<(), InvalidCid> {
        self.generator().validate(id)
    }

    fn cid_len(&self) -> usize {
        self.generator().cid_len()
    }

    fn cid_lifetime(&self) -> Option<Duration> {
        None
    }
}

fn mac(key: &[u8], data: &[u8]) -> Hmac<Sha256> {
    let mut mac =
        Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length (RFC 2104)");
    mac.update(data);
    mac
}

fn sign(key: &[u8], data: &[u8]) -> [u8; SECRET_BYTES] {
    mac(key, data).finalize().into_bytes().into()
}
