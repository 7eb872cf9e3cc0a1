//! The links between nodes: what comes over a stream, and the certificates that are shown.

use std::sync::OnceLock;

use bytes::Bytes;
use cluster::keys::{Keys, Usage, create_authority, issue};
use cluster::transport::{MAX_FRAME_BYTES, Record, RecordError, Records};
use rustls::pki_types::CertificateDer;

/// Any stream is records, and then perhaps an end; however it was cut, they are the same. The first
/// byte says how.
pub fn records(bytes: &[u8]) {
    let Some((&cut, bytes)) = bytes.split_first() else {
        return;
    };
    let cut = usize::from(cut).max(1);
    let (whole, end) = read(bytes, bytes.len().max(1));
    assert_eq!(read(bytes, cut), (whole.clone(), end));
    let mut again = Vec::new();
    for record in whole {
        if let Record::Frame(frame) = &record {
            assert!(frame.len() <= MAX_FRAME_BYTES);
        }
        again.extend_from_slice(&record.encode());
    }
    assert!(bytes.starts_with(&again));
}

fn read(bytes: &[u8], cut: usize) -> (Vec<Record>, Option<RecordError>) {
    let mut records = Records::default();
    let mut found = Vec::new();
    for piece in bytes.chunks(cut) {
        records.push(Bytes::copy_from_slice(piece));
        loop {
            match records.next_record() {
                Ok(Some(record)) => found.push(record),
                Ok(None) => break,
                Err(error) => return (found, Some(error)),
            }
        }
    }
    (found, None)
}

/// Nothing that was not issued is trusted, and no text is taken for keys.
pub fn certificates(bytes: &[u8]) {
    static KEYS: OnceLock<Keys> = OnceLock::new();
    let keys = KEYS.get_or_init(|| {
        let authority = create_authority("web").expect("an authority can be made");
        let issued = issue(&authority, "web", 1, "alfa").expect("a certificate can be issued");
        Keys::from_pem(
            "web",
            1,
            &authority.certificates_pem,
            &issued.certificate_pem,
            &issued.key_pem,
        )
        .expect("what was issued is accepted")
    });
    let shown = [CertificateDer::from(bytes), CertificateDer::from(bytes)];
    for usage in [Usage::Dialling, Usage::Accepting] {
        assert!(keys.verify(&shown, usage).is_err());
        assert!(keys.verify(&shown[..1], usage).is_err());
    }
    let text = String::from_utf8_lossy(bytes);
    let pem = format!("-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n");
    for text in [&*text, &pem] {
        let _ = Keys::from_pem("web", 1, text, text, text);
    }
}
