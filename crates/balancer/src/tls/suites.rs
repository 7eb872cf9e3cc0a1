//! Which cipher suites a bind line offers.

use std::sync::Arc;

use haproxy_config::model::CipherSuite;
use rustls::SupportedCipherSuite;
use rustls::crypto::CryptoProvider;

/// The provider with these suites of TLS 1.3 and of TLS 1.2 alone, in their order; an empty list
/// leaves the suites of its version as they are.
pub(super) fn only(
    ciphersuites: &[CipherSuite],
    ciphers: &[CipherSuite],
    provider: &Arc<CryptoProvider>,
) -> Arc<CryptoProvider> {
    if ciphersuites.is_empty() && ciphers.is_empty() {
        return Arc::clone(provider);
    }
    let (tls13, tls12): (Vec<_>, Vec<_>) = provider
        .cipher_suites
        .iter()
        .partition(|suite| suite.tls13().is_some());
    let mut cipher_suites = chosen(ciphersuites, tls13);
    cipher_suites.extend(chosen(ciphers, tls12));
    Arc::new(CryptoProvider {
        cipher_suites,
        ..CryptoProvider::clone(provider)
    })
}

fn chosen(wanted: &[CipherSuite], offered: Vec<SupportedCipherSuite>) -> Vec<SupportedCipherSuite> {
    if wanted.is_empty() {
        return offered;
    }
    wanted
        .iter()
        .filter_map(|wanted| {
            offered
                .iter()
                .find(|suite| u16::from(suite.suite()) == wanted.code)
                .copied()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_restricts_and_orders_the_suites_of_its_version() {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let codes = |ciphersuites: &[u16], ciphers: &[u16]| -> Vec<u16> {
            let list = |codes: &[u16]| -> Vec<CipherSuite> {
                let suite = |code: &u16| CipherSuite {
                    name: "any",
                    code: *code,
                };
                codes.iter().map(suite).collect()
            };
            only(&list(ciphersuites), &list(ciphers), &provider)
                .cipher_suites
                .iter()
                .map(|suite| u16::from(suite.suite()))
                .collect()
        };
        assert_eq!(codes(&[], &[]).len(), provider.cipher_suites.len());
        assert_eq!(
            codes(&[0x1303, 0x1301], &[0xc030, 0xc02b]),
            [0x1303, 0x1301, 0xc030, 0xc02b]
        );
        let tls12 = codes(&[0x1301], &[]);
        assert_eq!(tls12.first(), Some(&0x1301));
        assert!(tls12.contains(&0xc02f) && !tls12.contains(&0x1302));
    }
}
