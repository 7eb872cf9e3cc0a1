//! The password that opens pcsd: the machine's own user `hacluster`, or one in a file of pcsd's.

use std::io;
use std::time::SystemTime;

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use pcsd_api::{Secret, USER};

use crate::Place;
use crate::files::{self, SECRET};

/// The file that `keel pcsd password` writes. Where it is there, it counts instead of shadow(5).
const FILE: &str = "password";
/// The longest password, in bytes.
pub(crate) const MAX_PASSWORD_BYTES: usize = 512;
const MAX_FILE_BYTES: u64 = 4096;

/// Makes `password` the one that opens pcsd, whatever the machine's user has.
///
/// # Errors
/// Where it is empty or too long, or the file cannot be written.
pub(crate) fn set(place: &Place, password: &Secret) -> io::Result<()> {
    let text = password.expose();
    if text.is_empty() || text.len() > MAX_PASSWORD_BYTES {
        let reason = format!("a password has 1 to {MAX_PASSWORD_BYTES} bytes");
        return Err(io::Error::new(io::ErrorKind::InvalidInput, reason));
    }
    let hash: PasswordHash = Argon2::default()
        .hash_password(text.as_bytes())
        .map_err(|error| io::Error::other(error.to_string()))?;
    files::secret_folder(&place.folder)?;
    files::replace(&place.file(FILE), &format!("{hash}\n"), SECRET)
}

/// Whether this is the user's password. Takes as long for a user that there is not.
///
/// # Errors
/// Where there is nothing to compare it with.
pub(crate) fn is_right(place: &Place, user: &str, password: &Secret) -> Result<bool, String> {
    if password.expose().len() > MAX_PASSWORD_BYTES {
        return Ok(false);
    }
    let is_password = match files::read(&place.file(FILE), MAX_FILE_BYTES) {
        Err(error) => Err(error.to_string()),
        Ok(Some(hash)) => of_file(hash.trim(), password),
        Ok(None) => of_machine(password),
    };
    Ok(is_password? && user == USER)
}

fn of_file(hash: &str, password: &Secret) -> Result<bool, String> {
    let hash = PasswordHash::new(hash)
        .map_err(|error| format!("the file of the password is damaged: {error}"))?;
    let verified = Argon2::default().verify_password(password.expose().as_bytes(), &hash);
    Ok(verified.is_ok())
}

fn of_machine(password: &Secret) -> Result<bool, String> {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let now_s = now.map_or(0, |since| {
        i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
    });
    let hash = system::password::shadow_hash(USER, now_s)
        .map_err(|error| format!("the passwords of this machine cannot be read: {error}"))?;
    let hash = hash.ok_or_else(|| {
        format!("user '{USER}' has no password on this machine: 'passwd {USER}' or 'keel pcsd password' gives one")
    })?;
    system::password::is_password(password.expose(), &hash).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_password_of_the_file_opens() {
        let folder = tempfile::tempdir().unwrap();
        let mut place = Place::of_environment();
        place.folder = folder.path().join("pcsd");
        set(&place, &Secret::new("secret")).unwrap();
        for (user, password, expected) in [
            (USER, "secret", true),
            (USER, "Secret", false),
            (USER, "", false),
            ("root", "secret", false),
            (USER, &*"s".repeat(MAX_PASSWORD_BYTES + 1), false),
        ] {
            assert_eq!(
                is_right(&place, user, &Secret::new(password)),
                Ok(expected),
                "{user}"
            );
        }
        for bad in ["", &*"s".repeat(MAX_PASSWORD_BYTES + 1)] {
            assert!(set(&place, &Secret::new(bad)).is_err());
        }
        std::fs::write(place.file(FILE), "nonsense").unwrap();
        assert!(is_right(&place, USER, &Secret::new("secret")).is_err());
    }
}
