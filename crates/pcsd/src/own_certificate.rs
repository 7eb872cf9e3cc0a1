//! The certificate that this machine's pcsd shows: made once, by itself, and kept.

use std::io;
use std::sync::Arc;

use rcgen::{CertificateParams, KeyPair, date_time_ymd};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::NoServerSessionStorage;

use crate::Place;
use crate::files::{self, SECRET};

/// Certificate and key in one file: one cannot be there without the other.
const FILE: &str = "pcsd.pem";
const MAX_FILE_BYTES: u64 = 64 * 1024;
/// The name in it. Nobody looks at it: a host is known by the whole certificate.
const NAME: &str = "pcsd.keel";

/// TLS for the server, with the certificate of this machine.
///
/// # Errors
/// Where the file cannot be read or made.
pub(crate) fn server_config(place: &Place) -> io::Result<ServerConfig> {
    let path = place.file(FILE);
    let text = match files::read(&path, MAX_FILE_BYTES)? {
        Some(text) => text,
        None => {
            let text = make().map_err(io::Error::other)?;
            files::replace(&path, &text, SECRET)?;
            text
        }
    };
    of_pem(&text).map_err(|reason| files::at(&path, io::Error::other(reason)))
}

fn of_pem(text: &str) -> Result<ServerConfig, String> {
    let certificate = CertificateDer::from_pem_slice(text.as_bytes())
        .map_err(|error| format!("no certificate: {error}"))?;
    let key = PrivateKeyDer::from_pem_slice(text.as_bytes())
        .map_err(|error| format!("no key: {error}"))?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .map_err(|error| error.to_string())?;
    let mut config = config
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .map_err(|error| error.to_string())?;
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    Ok(config)
}

/// Valid whatever the machine's clock says, and for ever: a pinned certificate is changed on purpose.
fn make() -> Result<String, rcgen::Error> {
    let key = KeyPair::generate()?;
    let mut parameters = CertificateParams::new([NAME.to_owned()])?;
    parameters.not_before = date_time_ymd(1975, 1, 1);
    parameters.not_after = date_time_ymd(9999, 12, 31);
    let certificate = parameters.self_signed(&key)?;
    Ok(certificate.pem() + &key.serialize_pem())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_certificate_is_made_once() {
        let folder = tempfile::tempdir().unwrap();
        let mut place = Place::of_environment();
        place.folder = folder.path().to_owned();
        server_config(&place).unwrap();
        let made = std::fs::read_to_string(place.file(FILE)).unwrap();
        server_config(&place).unwrap();
        assert_eq!(std::fs::read_to_string(place.file(FILE)).unwrap(), made);
        std::fs::write(place.file(FILE), "nonsense").unwrap();
        let error = server_config(&place).unwrap_err().to_string();
        assert!(error.contains("pcsd.pem: no certificate"), "{error}");
    }
}
