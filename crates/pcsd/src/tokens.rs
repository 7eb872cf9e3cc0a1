//! Tokens: who has shown the password once need not show it again.

use std::io;
use std::sync::Mutex;

use pcsd_api::Secret;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::Place;
use crate::files::{self, SECRET};

/// The file. Hashes only: who can read it can enter nowhere with that.
const FILE: &str = "tokens.json";
/// How many tokens are good at once; the oldest goes when there is another.
const MAX_TOKENS: usize = 1024;
const MAX_FILE_BYTES: u64 = 1024 * 1024;
/// Bytes of chance in a token.
const TOKEN_BYTES: usize = 32;

/// The tokens that are good on this machine.
#[derive(Debug)]
pub(crate) struct Tokens {
    place: Place,
    list: Mutex<List>,
}

/// Hashes, the oldest token's first.
#[derive(Debug, Default, Serialize, Deserialize)]
struct List {
    sha256: Vec<String>,
}

impl Tokens {
    /// Those of the file.
    pub(crate) fn read(place: &Place) -> io::Result<Self> {
        let text = files::read(&place.file(FILE), MAX_FILE_BYTES)?;
        let list = match text {
            Some(text) => serde_json::from_str(&text)
                .map_err(|error| files::at(&place.file(FILE), io::Error::other(error)))?,
            None => List::default(),
        };
        Ok(Self {
            place: place.clone(),
            list: Mutex::new(list),
        })
    }

    /// A new token, which is good once this returns.
    pub(crate) fn issue(&self) -> io::Result<Secret> {
        let token = Secret::new(random_digits(TOKEN_BYTES)?);
        let mut list = self.list();
        let surplus = (list.sha256.len() + 1).saturating_sub(MAX_TOKENS);
        list.sha256.drain(..surplus);
        list.sha256
            .push(hexadecimal(&Sha256::digest(token.expose())));
        let text = serde_json::to_string(&*list).map_err(io::Error::other)?;
        files::replace(&self.place.file(FILE), &text, SECRET)?;
        Ok(token)
    }

    /// Whether a token is good. Hashes are compared: the time that this takes tells nothing of use.
    pub(crate) fn is_good(&self, token: &Secret) -> bool {
        let hash = hexadecimal(&Sha256::digest(token.expose()));
        self.list().sha256.contains(&hash)
    }

    fn list(&self) -> std::sync::MutexGuard<'_, List> {
        self.list
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// So many bytes of chance, in hexadecimal digits.
///
/// # Errors
/// Where the system has none.
pub fn random_digits(bytes: usize) -> io::Result<String> {
    let mut chance = vec![0; bytes];
    rustls::crypto::aws_lc_rs::default_provider()
        .secure_random
        .fill(&mut chance)
        .map_err(|error| io::Error::other(format!("no random numbers: {error:?}")))?;
    Ok(hexadecimal(&chance))
}

/// Two digits for each byte.
pub(crate) fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_good_after_a_restart_until_there_are_too_many() {
        let folder = tempfile::tempdir().unwrap();
        let mut place = Place::of_environment();
        place.folder = folder.path().to_owned();
        let first = Tokens::read(&place).unwrap().issue().unwrap();
        let tokens = Tokens::read(&place).unwrap();
        assert!(tokens.is_good(&first));
        assert!(!tokens.is_good(&Secret::new("")));
        let text = std::fs::read_to_string(place.file(FILE)).unwrap();
        assert!(!text.contains(first.expose()));
        tokens
            .list()
            .sha256
            .extend(vec![String::new(); MAX_TOKENS - 2]);
        tokens.issue().unwrap();
        assert!(tokens.is_good(&first));
        let last = tokens.issue().unwrap();
        assert!(!tokens.is_good(&first));
        assert!(tokens.is_good(&last));
    }
}
