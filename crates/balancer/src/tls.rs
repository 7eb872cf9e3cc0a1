//! TLS towards clients: what `ssl crt …` on a bind line becomes. The only module that knows which
//! TLS library is underneath.
//!
//! ```text
//! crt FILE|FOLDER ── Files ──► chain + key ── names in the certificate ──► SNI ──► which chain
//! ```

mod certificates;
mod selection;
mod suites;

use std::collections::HashMap;
use std::sync::Arc;

use diagnostics::{Diagnostic, Diagnostics, Span};
use haproxy_config::model::{Bind, BindSsl, Config, TlsVersion, Word};
use rustls::ServerConfig;
use rustls::crypto::CryptoProvider;
use rustls::crypto::aws_lc_rs;

use crate::load::Files;
use selection::CertificateSelection;

/// TLS settings by position of the proxy in [`Config::proxies`] and of the `bind` in it.
pub type TlsSettings = HashMap<(usize, usize), Arc<ServerConfig>>;

/// Application protocols that the data plane speaks.
const SPOKEN_PROTOCOLS: &[&str] = &["http/1.1", "http/1.0"];

/// Builds the settings of every `ssl` bind line. What is wrong with a certificate is said in
/// `diagnostics` with the place of the `crt` argument; certificates that could not be read at all
/// were reported before and are passed over.
pub fn build(config: &Config, files: &Files, diagnostics: &mut Diagnostics) -> TlsSettings {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let mut settings = TlsSettings::new();
    for (proxy_index, proxy) in config.proxies.iter().enumerate() {
        for (bind_index, bind) in proxy.binds.iter().enumerate() {
            let Some(ssl) = &bind.ssl else { continue };
            let defaults = &config.global.ssl_default_bind_options;
            match one(bind, ssl, defaults, files, &provider) {
                Ok((server, notices)) => {
                    settings.insert((proxy_index, bind_index), Arc::new(server));
                    notices.into_iter().for_each(|n| diagnostics.push(n));
                }
                Err(problems) => problems.into_iter().for_each(|p| diagnostics.push(p)),
            }
        }
    }
    settings
}

fn one(
    bind: &Bind,
    ssl: &BindSsl,
    defaults: &[Word],
    files: &Files,
    provider: &Arc<CryptoProvider>,
) -> Result<(ServerConfig, Vec<Diagnostic>), Vec<Diagnostic>> {
    let span = bind.address.span;
    let versions = Versions::of(ssl, defaults)
        .and_then(|versions| versions.offered(span))
        .map_err(|problem| vec![problem])?;
    let certificates = certificates::load(&ssl.crt, span, files, provider)?;
    let provider = suites::only(&ssl.ciphersuites, &ssl.ciphers, provider);
    let selection = CertificateSelection::new(certificates, ssl.strict_sni);
    let mut server = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&versions)
        .map_err(|error| vec![Diagnostic::error(format!("TLS: {error}")).at(span)])?
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(selection));
    if !defaults.iter().any(|word| word.value == "no-tls-tickets")
        && let Ok(ticketer) = aws_lc_rs::Ticketer::new()
    {
        server.ticketer = ticketer;
    }
    server.ignore_client_order = !ssl.ciphers.is_empty() || !ssl.ciphersuites.is_empty();
    let mut notices = Vec::new();
    server.alpn_protocols = protocols(ssl, span, &mut notices)?;
    Ok((server, notices))
}

/// The protocols of `alpn` that are really spoken behind it: offering another one would be a lie
/// that a client notices only after the handshake.
fn protocols(
    ssl: &BindSsl,
    span: Span,
    notices: &mut Vec<Diagnostic>,
) -> Result<Vec<Vec<u8>>, Vec<Diagnostic>> {
    let (spoken, unspoken): (Vec<&String>, Vec<&String>) = ssl
        .alpn
        .iter()
        .partition(|name| SPOKEN_PROTOCOLS.contains(&name.as_str()));
    if let Some(first) = unspoken.first() {
        let message = format!("protocol '{first}' of 'alpn' is known but not built yet");
        if spoken.is_empty() {
            return Err(vec![Diagnostic::error(message).at(span)]);
        }
        notices.push(Diagnostic::notice(format!("{message}: it is not offered")).at(span));
    }
    Ok(spoken
        .into_iter()
        .map(|name| name.clone().into_bytes())
        .collect())
}

/// The protocol versions that a line and `ssl-default-bind-options` leave.
struct Versions {
    min: TlsVersion,
    max: TlsVersion,
    excluded: Vec<TlsVersion>,
}

impl Versions {
    fn of(ssl: &BindSsl, defaults: &[Word]) -> Result<Self, Diagnostic> {
        let mut versions = Self {
            min: TlsVersion::Tls12,
            max: TlsVersion::Tls13,
            excluded: Vec::new(),
        };
        let mut words = defaults.iter();
        while let Some(word) = words.next() {
            match word.value.as_str() {
                "ssl-min-ver" => versions.min = argument(word, words.next())?,
                "ssl-max-ver" => versions.max = argument(word, words.next())?,
                "no-tlsv12" => versions.excluded.push(TlsVersion::Tls12),
                "no-tlsv13" => versions.excluded.push(TlsVersion::Tls13),
                "force-tlsv12" => {
                    (versions.min, versions.max) = (TlsVersion::Tls12, TlsVersion::Tls12)
                }
                "force-tlsv13" => {
                    (versions.min, versions.max) = (TlsVersion::Tls13, TlsVersion::Tls13)
                }
                // Older versions are never offered; the order of ciphers is always ours.
                "no-sslv3"
                | "no-tlsv10"
                | "no-tlsv11"
                | "no-tls-tickets"
                | "prefer-client-ciphers" => {}
                other => {
                    return Err(Diagnostic::error(format!(
                        "'{other}' of 'ssl-default-bind-options' is not built yet"
                    ))
                    .at(word.span));
                }
            }
        }
        versions.min = ssl.min_version.unwrap_or(versions.min);
        versions.max = ssl.max_version.unwrap_or(versions.max);
        Ok(versions)
    }

    fn offered(
        &self,
        span: Span,
    ) -> Result<Vec<&'static rustls::SupportedProtocolVersion>, Diagnostic> {
        let known = [
            (TlsVersion::Tls12, &rustls::version::TLS12),
            (TlsVersion::Tls13, &rustls::version::TLS13),
        ];
        let offered: Vec<_> = known
            .into_iter()
            .filter(|(version, _)| {
                (self.min..=self.max).contains(version) && !self.excluded.contains(version)
            })
            .map(|(_, version)| version)
            .collect();
        if offered.is_empty() {
            return Err(Diagnostic::error("no TLS version is left to offer")
                .at(span)
                .help("TLSv1.2 and TLSv1.3 are spoken; older ones are not"));
        }
        Ok(offered)
    }
}

fn argument(option: &Word, value: Option<&Word>) -> Result<TlsVersion, Diagnostic> {
    let missing = || {
        Diagnostic::error(format!(
            "'{}' needs TLSv1.0, TLSv1.1, TLSv1.2 or TLSv1.3",
            option.value
        ))
        .at(option.span)
    };
    match value.ok_or_else(missing)?.value.as_str() {
        "TLSv1.0" | "SSLv3" => Ok(TlsVersion::Tls10),
        "TLSv1.1" => Ok(TlsVersion::Tls11),
        "TLSv1.2" => Ok(TlsVersion::Tls12),
        "TLSv1.3" => Ok(TlsVersion::Tls13),
        _ => Err(missing()),
    }
}

#[cfg(test)]
mod tests;
