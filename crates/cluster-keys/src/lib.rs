//! The cluster's keys: its certificate authority, and one certificate for each node.
//!
//! Owns: making, writing, reading and checking certificates. Must never: open a socket, or hold a
//! key that others on the machine can read.
//!
//! ```text
//!  create_authority ─► authority.pem + authority.key ── issue ─► node.pem + node.key
//!                            │                                        │
//!                            └──────────────► Keys::read ◄────────────┘
//!                                                 │ verify(certificates of a peer)
//!                                                 ▼ node id, or why it is not trusted
//! ```
//!
//! # Decisions
//!
//! **Clocks do not matter.** A cluster must come up on machines whose clocks are a year apart, and
//! after ten years without attention. Certificates are valid from 1975 to 9999, and the dates of
//! whatever is presented are compared with one fixed instant, [`VALIDITY_CHECKED_AT_S`], never with
//! the clock. Nothing expires, so nothing can expire at night.
//!
//! **Revocation is rotation.** A node that is no longer trusted is shut out by a new authority: put
//! the new one beside the old in `authority.pem` on all nodes, issue new node certificates, then
//! take the old authority away. Each step is a reload, and no connection is lost.
//!
//! **A certificate names cluster and node.** The one name in it is `node-<id>.<cluster>.keel`, so
//! that a certificate of another cluster is of no use here even where both share an authority.

mod authority;
mod folder;
mod name;
mod provided;
mod verify;

use std::path::PathBuf;

use rustls::pki_types::{CertificateDer, PrivateKeyDer, TrustAnchor, pem::PemObject};

pub use authority::{Authority, Issued, create_authority, issue};
pub use folder::{
    AUTHORITY_CERTIFICATES, AUTHORITY_KEY, FOLDER, NODE_CERTIFICATE, NODE_KEY, read_authority,
    write_authority, write_node,
};
pub use name::certificate_name;
pub use provided::provide;
pub use verify::{Untrusted, Usage, VALIDITY_CHECKED_AT_S};

/// A node's number, as `nodeid` in corosync.conf(5): 1 or more, the same for the node's whole life.
pub type NodeId = u32;

/// The most certificates that `authority.pem` may hold: one in use, its successor, and some that
/// were forgotten.
pub const MAX_AUTHORITIES: usize = 8;

/// The most bytes of a key or certificate file that are read.
pub const MAX_FILE_BYTES: u64 = 256 * 1024;

/// What this node needs to prove who it is and to check who the others are.
#[derive(Debug)]
pub struct Keys {
    cluster: String,
    node: NodeId,
    certificates: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
    authorities: Vec<TrustAnchor<'static>>,
}

impl Keys {
    /// Takes the keys from PEM texts: the trusted authorities, this node's certificate (with
    /// intermediate ones behind it, if any) and its key (PKCS #8, PKCS #1 or SEC 1).
    ///
    /// # Errors
    ///
    /// Where a text is not understood, where the key is not the certificate's, and where this
    /// node's own certificate would be refused by its peers.
    pub fn from_pem(
        cluster: &str,
        node: NodeId,
        authorities: &str,
        certificate: &str,
        key: &str,
    ) -> Result<Self, KeysError> {
        let keys = Self {
            cluster: cluster.to_owned(),
            node,
            certificates: certificates(certificate, NODE_CERTIFICATE)?,
            key: PrivateKeyDer::from_pem_slice(key.as_bytes())
                .map_err(|error| KeysError::pem(NODE_KEY, &error))?,
            authorities: trust_anchors(authorities)?,
        };
        keys.check_own()?;
        Ok(keys)
    }

    /// The cluster that these keys are for.
    pub fn cluster(&self) -> &str {
        &self.cluster
    }

    /// The node that these keys are for.
    pub fn node(&self) -> NodeId {
        self.node
    }

    /// This node's certificate, with intermediate ones behind it, if any.
    pub fn certificates(&self) -> &[CertificateDer<'static>] {
        &self.certificates
    }

    /// This node's key.
    pub fn key(&self) -> &PrivateKeyDer<'static> {
        &self.key
    }

    /// How many authorities are trusted: more than one only while keys are being rotated.
    pub fn authorities(&self) -> usize {
        self.authorities.len()
    }

    /// Says which node of this cluster presents `certificates` (its own first).
    ///
    /// # Errors
    ///
    /// Why they are not trusted.
    pub fn verify(
        &self,
        certificates: &[CertificateDer<'_>],
        usage: Usage,
    ) -> Result<NodeId, Untrusted> {
        verify::node(&self.authorities, &self.cluster, certificates, usage)
    }

    /// A node refuses to start with keys that its peers would refuse: the message is then where
    /// the mistake is.
    fn check_own(&self) -> Result<(), KeysError> {
        let provider = rustls::crypto::aws_lc_rs::default_provider();
        rustls::sign::CertifiedKey::from_der(
            self.certificates.clone(),
            self.key.clone_key(),
            &provider,
        )
        .map_err(|error| match error {
            rustls::Error::InconsistentKeys(_) => KeysError::Mismatch,
            error => KeysError::Text {
                file: NODE_KEY,
                why: error.to_string(),
            },
        })?;
        for usage in [Usage::Dialling, Usage::Accepting] {
            let found = self
                .verify(&self.certificates, usage)
                .map_err(KeysError::Own)?;
            if found != self.node {
                return Err(KeysError::Own(Untrusted::OtherNode {
                    expected: self.node,
                    found,
                }));
            }
        }
        Ok(())
    }
}

fn certificates(text: &str, file: &'static str) -> Result<Vec<CertificateDer<'static>>, KeysError> {
    let found: Vec<_> = CertificateDer::pem_slice_iter(text.as_bytes())
        .collect::<Result<_, _>>()
        .map_err(|error| KeysError::pem(file, &error))?;
    match found.len() {
        0 => Err(KeysError::Text {
            file,
            why: "there is no certificate in it".to_owned(),
        }),
        1..=MAX_AUTHORITIES => Ok(found),
        count => Err(KeysError::Text {
            file,
            why: format!("{count} certificates, more than {MAX_AUTHORITIES}"),
        }),
    }
}

fn trust_anchors(text: &str) -> Result<Vec<TrustAnchor<'static>>, KeysError> {
    certificates(text, AUTHORITY_CERTIFICATES)?
        .iter()
        .map(|certificate| {
            webpki::anchor_from_trusted_cert(certificate)
                .map(|anchor| anchor.to_owned())
                .map_err(|error| KeysError::Text {
                    file: AUTHORITY_CERTIFICATES,
                    why: error.to_string(),
                })
        })
        .collect()
}

/// Why keys could not be made, written, read or used.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// A file could not be read or written.
    #[error("{}: {error}", path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        error: std::io::Error,
    },
    /// Others on this machine can read a key.
    #[error(
        "{}: others can read this key (mode {mode:04o}, owner {owner}): chmod 0600 and chown it, \
         and make new keys if anybody else was on this machine",
        path.display()
    )]
    Exposed {
        /// Which file.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
        /// The number of the user who owns it.
        owner: u32,
    },
    /// A file is larger than [`MAX_FILE_BYTES`].
    #[error("{}: larger than {MAX_FILE_BYTES} bytes", path.display())]
    TooLarge {
        /// Which file.
        path: PathBuf,
    },
    /// A text is not what it should be.
    #[error("{file}: {why}")]
    Text {
        /// The name of the file in the folder of keys.
        file: &'static str,
        /// What is wrong with it.
        why: String,
    },
    /// The key does not belong to the certificate.
    #[error("node.key is not the key of the certificate in node.pem")]
    Mismatch,
    /// Peers would refuse this node's certificate.
    #[error("node.pem: the other nodes would refuse it: {0}")]
    Own(Untrusted),
    /// The key of the authority does not belong to its certificate.
    #[error("authority.key is not the key of an authority in authority.pem that was made here")]
    ForeignAuthority,
    /// A certificate could not be made.
    #[error("a certificate cannot be made: {0}")]
    Making(#[from] rcgen::Error),
    /// A node's number is 1 or more.
    #[error("0 is no node id: it is 1 or more")]
    NodeZero,
}

impl KeysError {
    fn pem(file: &'static str, error: &rustls::pki_types::pem::Error) -> Self {
        Self::Text {
            file,
            why: match error {
                rustls::pki_types::pem::Error::NoItemsFound => {
                    "there is no key in it that is understood (PEM)".to_owned()
                }
                error => format!("not PEM: {error:?}"),
            },
        }
    }
}
