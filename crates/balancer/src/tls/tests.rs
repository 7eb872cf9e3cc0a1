//! Handshakes in memory: which certificate, version and protocol a client gets.

use haproxy_config::model::Config;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, ServerConnection};

use super::*;
use crate::load::{self, Prepared};
use crate::supervision::Bundle;

#[path = "../../tests/data_plane/trust.rs"]
mod trust;

use trust::TrustAll;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/tls");

fn prepared(ssl: &str) -> Prepared {
    let text = format!(
        "listen a\n mode http\n bind 127.0.0.1:1 ssl {ssl}\n timeout connect 1s\n \
         timeout client 1s\n timeout server 1s\n"
    );
    let files = ["both.pem", "split.pem", "split.pem.key"].map(|name| {
        let path = format!("{FOLDER}/{name}");
        let content = std::fs::read(&path).unwrap();
        (path, content)
    });
    let bundle = Bundle {
        texts: vec![("t.cfg".into(), text.replace("TLS/", &format!("{FOLDER}/")))],
        files: files.to_vec(),
        ..Bundle::default()
    };
    let (prepared, report) = load::prepare(&bundle);
    prepared.unwrap_or_else(|| panic!("{}", report.errors()))
}

/// What a client got: the name in the certificate, the protocol, TLS 1.3 or not.
type Got = Result<(String, Option<String>, bool), rustls::Error>;

fn connect(server: &Arc<ServerConfig>, name: &str, alpn: &[&str]) -> Got {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let mut client = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(TrustAll(provider)))
        .with_no_client_auth();
    client.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
    let name = ServerName::try_from(name.to_owned()).unwrap();
    let mut client = ClientConnection::new(Arc::new(client), name)?;
    let mut server = ServerConnection::new(Arc::clone(server))?;
    while client.is_handshaking() || server.is_handshaking() {
        let mut wire = Vec::new();
        client.write_tls(&mut wire).unwrap();
        server.read_tls(&mut wire.as_slice()).unwrap();
        server.process_new_packets()?;
        let mut wire = Vec::new();
        server.write_tls(&mut wire).unwrap();
        client.read_tls(&mut wire.as_slice()).unwrap();
        client.process_new_packets()?;
    }
    let certificate = &client.peer_certificates().unwrap()[0];
    let parsed = webpki::EndEntityCert::try_from(certificate).unwrap();
    let first = parsed.valid_dns_names().next().unwrap().to_owned();
    let alpn = client.alpn_protocol();
    Ok((
        first,
        alpn.map(|name| String::from_utf8(name.to_vec()).unwrap()),
        client.protocol_version() == Some(rustls::ProtocolVersion::TLSv1_3),
    ))
}

#[test]
fn the_name_a_client_asks_for_chooses_the_certificate() {
    let settings = prepared("crt TLS/both.pem crt TLS/split.pem").tls;
    for (asked, expected) in [
        ("a.example", "a.example"),
        ("b.example", "b.example"),
        ("B.EXAMPLE", "b.example"),
        ("x.wild.example", "a.example"),
        ("unknown.example", "a.example"),
        ("192.0.2.1", "a.example"),
    ] {
        let (got, _, tls13) = connect(&settings[&(0, 0)], asked, &[]).unwrap();
        assert_eq!((got.as_str(), tls13), (expected, true), "{asked}");
    }
}

#[test]
fn under_strict_sni_an_unknown_name_gets_no_certificate() {
    let settings = prepared("crt TLS/both.pem strict-sni").tls;
    assert!(connect(&settings[&(0, 0)], "x.wild.example", &[]).is_ok());
    assert!(connect(&settings[&(0, 0)], "x.y.wild.example", &[]).is_err());
    assert!(connect(&settings[&(0, 0)], "b.example", &[]).is_err());
}

#[test]
fn versions_and_protocols_are_those_of_the_line() {
    let http = Some("http/1.1".to_owned());
    for (line, alpn, expected) in [
        ("", &["http/1.1"][..], (None, true)),
        (
            "alpn h2,http/1.1",
            &["h2", "http/1.1"],
            (http.clone(), true),
        ),
        (
            "alpn http/1.1 ssl-max-ver TLSv1.2",
            &["http/1.1"],
            (http, false),
        ),
        ("ssl-min-ver TLSv1.3", &[], (None, true)),
    ] {
        let settings = prepared(&format!("crt TLS/both.pem {line}")).tls;
        let (_, protocol, tls13) = connect(&settings[&(0, 0)], "a.example", alpn).unwrap();
        assert_eq!((protocol, tls13), expected, "{line}");
    }
    let settings = build(
        &Config::default(),
        &Files::default(),
        &mut Diagnostics::new(),
    );
    assert!(settings.is_empty());
}
