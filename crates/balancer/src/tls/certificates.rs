//! Certificates and keys out of PEM files.

use std::path::Path;
use std::sync::Arc;

use diagnostics::{Diagnostic, Span, Spanned};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;

use crate::load::{Files, is_companion, key_beside};

/// Why a PEM file cannot serve.
#[derive(Debug, thiserror::Error)]
enum PemProblem {
    #[error("it holds no certificate")]
    NoCertificate,
    #[error("it holds no private key, and there is none in {0}")]
    NoKey(String),
    #[error("it is no valid PEM file: {0}")]
    Pem(rustls::pki_types::pem::Error),
    #[error("its private key does not belong to its certificate")]
    Mismatch,
    #[error("{0}")]
    Tls(rustls::Error),
}

/// Loads what `crt` arguments name, in order; files of a folder by name.
///
/// # Errors
///
/// One message per file that cannot serve, pointing at its `crt` argument.
pub(super) fn load(
    arguments: &[Spanned<std::path::PathBuf>],
    bind: Span,
    files: &Files,
    provider: &CryptoProvider,
) -> Result<Vec<Arc<CertifiedKey>>, Vec<Diagnostic>> {
    let mut loaded = Vec::new();
    let mut problems = Vec::new();
    for argument in arguments {
        let path = argument.value.as_path();
        let members: Vec<&Path> = match files.content(path) {
            Some(_) => vec![path],
            None => files
                .in_folder(path)
                .map(|(member, _)| member)
                .filter(|member| !is_companion(member))
                .collect(),
        };
        for member in members {
            match certified(member, files, provider) {
                Ok(key) => loaded.push(Arc::new(key)),
                Err(problem) => problems.push(
                    Diagnostic::error(format!(
                        "unable to use certificate {}: {problem}",
                        member.display()
                    ))
                    .at(argument.span)
                    .label(problem.to_string()),
                ),
            }
        }
    }
    if loaded.is_empty() && problems.is_empty() {
        problems.push(
            Diagnostic::error("no certificate for this 'ssl' bind line")
                .at(bind)
                .help("name a PEM file with 'crt FILE'"),
        );
    }
    if problems.is_empty() {
        Ok(loaded)
    } else {
        Err(problems)
    }
}

fn certified(
    path: &Path,
    files: &Files,
    provider: &CryptoProvider,
) -> Result<CertifiedKey, PemProblem> {
    let content = files.content(path).unwrap_or_default();
    let chain = CertificateDer::pem_slice_iter(content)
        .collect::<Result<Vec<_>, _>>()
        .map_err(PemProblem::Pem)?;
    if chain.is_empty() {
        return Err(PemProblem::NoCertificate);
    }
    let beside = key_beside(path);
    let key = PrivateKeyDer::from_pem_slice(content)
        .or_else(|_| PrivateKeyDer::from_pem_slice(files.content(&beside).unwrap_or_default()))
        .map_err(|_| PemProblem::NoKey(beside.display().to_string()))?;
    CertifiedKey::from_der(chain, key, provider).map_err(|error| match error {
        rustls::Error::InconsistentKeys(_) => PemProblem::Mismatch,
        other => PemProblem::Tls(other),
    })
}
