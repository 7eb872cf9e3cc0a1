//! What `keel`, the section of our own, says.

use std::fmt;

use diagnostics::Spanned;

/// `keel`. What is absent has the default of who uses it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Keel {
    /// `transport`; absent, embedded.
    pub transport: Option<Spanned<MessageTransport>>,
    /// `heartbeat_ms`: how often nodes hear from each other, in milliseconds.
    pub heartbeat_ms: Option<Spanned<u32>>,
    /// `detection_floor_ms`: a node is never taken for dead sooner, in milliseconds. Longer than
    /// the heartbeat.
    pub detection_floor_ms: Option<Spanned<u32>>,
    /// `detection_ceiling_ms`: nor later, in milliseconds. Not below the floor.
    pub detection_ceiling_ms: Option<Spanned<u32>>,
    /// `port`: the UDP port of link 0; see [`super::Configuration::port`].
    pub port: Option<Spanned<u16>>,
    /// `certificates`: the folder of the cluster's CA and the node's certificate.
    pub certificates: Option<Spanned<String>>,
    /// `cib`: the folder of the CIB.
    pub cib: Option<Spanned<String>>,
    /// `acknowledge`; absent, all.
    pub acknowledge: Option<Spanned<Acknowledge>>,
    /// `generations`: how many earlier CIBs are kept.
    pub generations: Option<Spanned<u32>>,
    /// The cluster's certificate authority, where the file itself has it: of a `cluster.conf` that
    /// `keel ccs` made.
    pub authority: Option<WrittenAuthority>,
}

impl Keel {
    /// `transport`, or its default.
    #[must_use]
    pub fn transport(&self) -> MessageTransport {
        self.transport
            .as_ref()
            .map_or_else(MessageTransport::default, |transport| transport.value)
    }

    /// `certificates`, or its default.
    #[must_use]
    pub fn certificates_folder(&self) -> &str {
        let written = self.certificates.as_ref();
        written.map_or("/etc/keel/cluster", |path| &path.value)
    }

    /// `cib`, or its default.
    #[must_use]
    pub fn cib_folder(&self) -> &str {
        let written = self.cib.as_ref();
        written.map_or("/var/lib/keel/cib", |path| &path.value)
    }

    /// `acknowledge`, or its default.
    #[must_use]
    pub fn acknowledge(&self) -> Acknowledge {
        self.acknowledge
            .as_ref()
            .map_or_else(Acknowledge::default, |acknowledge| acknowledge.value)
    }
}

/// A certificate authority as it stands in a file. Its key is a secret, and is not shown.
#[derive(Clone, PartialEq, Eq)]
pub struct WrittenAuthority {
    /// `authority`: its certificate, DER in base64.
    pub certificate: Spanned<String>,
    /// `authority_key`: its key, PKCS #8 in base64.
    pub key: Spanned<String>,
}

impl WrittenAuthority {
    /// The certificate as PEM.
    #[must_use]
    pub fn certificate_pem(&self) -> String {
        pem("CERTIFICATE", &self.certificate.value)
    }

    /// The key as PEM.
    #[must_use]
    pub fn key_pem(&self) -> String {
        pem("PRIVATE KEY", &self.key.value)
    }
}

impl fmt::Debug for WrittenAuthority {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("WrittenAuthority")
            .field("certificate", &self.certificate)
            .finish_non_exhaustive()
    }
}

/// The textual encoding of RFC 7468: lines of 64 characters.
fn pem(label: &str, base64: &str) -> String {
    let mut text = format!("-----BEGIN {label}-----\n");
    let mut column = 0;
    for character in base64.chars() {
        text.push(character);
        column += 1;
        if column == 64 {
            text.push('\n');
            column = 0;
        }
    }
    if column > 0 {
        text.push('\n');
    }
    text + &format!("-----END {label}-----\n")
}

/// Who carries messages between nodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MessageTransport {
    /// keel itself, over QUIC.
    #[default]
    Embedded,
    /// A corosync that runs on each node.
    Corosync,
}

/// When a change of the CIB is acknowledged to who asked for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Acknowledge {
    /// When it is on the disk of every member of the view.
    #[default]
    All,
    /// When it is on the disks of members with quorum.
    Quorum,
}
