//! The passwords of this machine's users: shadow(5), checked by the machine's own crypt(3).

use std::ffi::{CStr, CString, c_char};
use std::io;
use std::sync::Mutex;

/// Where hashes are kept.
const SHADOW: &str = "/etc/shadow";
/// The names of the library with `crypt`, newest first.
const LIBRARIES: [&CStr; 2] = [c"libcrypt.so.2", c"libcrypt.so.1"];
const SECONDS_PER_DAY: i64 = 24 * 60 * 60;

/// What `crypt` answers lies in memory of its own, until the next call.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// The hash of a user's password, as it stands in shadow(5), where the user may log in by one.
///
/// `now_s`: the time since the epoch, in seconds; an account that has expired has no password.
///
/// # Errors
/// Where the file cannot be read.
pub fn shadow_hash(user: &str, now_s: i64) -> io::Result<Option<String>> {
    let text = std::fs::read_to_string(SHADOW)?;
    Ok(hash_in(&text, user, now_s).map(str::to_owned))
}

fn hash_in<'t>(text: &'t str, user: &str, now_s: i64) -> Option<&'t str> {
    let entries = text.lines().map(|line| line.split(':').collect::<Vec<_>>());
    let entry = entries.into_iter().find(|entry| entry[0] == user)?;
    let hash = *entry.get(1)?;
    let expires_on_day = entry.get(7).and_then(|day| day.parse::<i64>().ok());
    let has_expired = expires_on_day.is_some_and(|day| now_s / SECONDS_PER_DAY >= day);
    // Empty: everybody may enter. `!`, `*`: nobody by password.
    let is_usable = !hash.is_empty() && !hash.starts_with(['!', '*']);
    (is_usable && !has_expired).then_some(hash)
}

/// Whether `password` is the one that `hash` was made of. Takes its time, by design of the hash.
///
/// # Errors
/// Where the machine has no crypt(3), or it does not know the kind of hash.
pub fn is_password(password: &str, hash: &str) -> io::Result<bool> {
    let (Ok(password), Ok(setting)) = (CString::new(password), CString::new(hash)) else {
        return Ok(false);
    };
    let made = crypt(&password, &setting)?;
    Ok(is_same(&made, setting.as_bytes()))
}

/// In a time that tells nothing of where they differ.
fn is_same(one: &[u8], other: &[u8]) -> bool {
    let differences = one.iter().zip(other).map(|(one, other)| one ^ other);
    one.len() == other.len() && differences.fold(0, |all, bits| all | bits) == 0
}

type Crypt = unsafe extern "C" fn(*const c_char, *const c_char) -> *mut c_char;

fn crypt(password: &CStr, setting: &CStr) -> io::Result<Vec<u8>> {
    let function = find_crypt().ok_or_else(|| {
        io::Error::new(io::ErrorKind::Unsupported, "this machine has no crypt(3)")
    })?;
    let _one = ONE_AT_A_TIME
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    // SAFETY: both are texts that end in a zero and live through the call; the lock keeps others from
    // the library's memory until the answer is copied.
    let answer = unsafe {
        let answer = function(password.as_ptr(), setting.as_ptr());
        if answer.is_null() {
            None
        } else {
            Some(CStr::from_ptr(answer).to_bytes().to_vec())
        }
    };
    // A setting that is not understood is answered by nothing or by a text that is no hash.
    answer
        .filter(|hash| !hash.starts_with(b"*"))
        .ok_or_else(|| io::Error::other("crypt(3) does not know this kind of hash"))
}

/// The library is looked up when it is needed: a machine without it is none the worse otherwise.
fn find_crypt() -> Option<Crypt> {
    LIBRARIES.iter().find_map(|name| {
        // SAFETY: the name ends in a zero; the library stays open for the life of the process.
        let library = unsafe { libc::dlopen(name.as_ptr(), libc::RTLD_NOW | libc::RTLD_LOCAL) };
        if library.is_null() {
            return None;
        }
        // SAFETY: an open library and a name that ends in a zero.
        let symbol = unsafe { libc::dlsym(library, c"crypt".as_ptr()) };
        if symbol.is_null() {
            return None;
        }
        // SAFETY: crypt(3) has this type in both libraries.
        Some(unsafe { std::mem::transmute::<*mut libc::c_void, Crypt>(symbol) })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_of_who_may_log_in_is_found() {
        const TEXT: &str = "root:*:19000:0:99999:7:::\nlocked:!$6$a$b:19000::::::\nopen::19000::::::\n\
            hacluster:$6$a$b:19000:0:99999:7:::\nold:$6$a$b:19000:0:99999:7::10:\nbroken\n";
        for (user, now_s, expected) in [
            ("hacluster", 0, Some("$6$a$b")),
            ("old", 10 * SECONDS_PER_DAY - 1, Some("$6$a$b")),
            ("old", 10 * SECONDS_PER_DAY, None),
            ("root", 0, None),
            ("locked", 0, None),
            ("open", 0, None),
            ("broken", 0, None),
            ("nobody", 0, None),
        ] {
            assert_eq!(hash_in(TEXT, user, now_s), expected, "{user}");
        }
    }

    #[test]
    fn a_password_is_known_by_its_hash() {
        // `openssl passwd -6 -salt abcdefgh secret`
        const HASH: &str = "$6$abcdefgh$ltjgWl6579NluT/Vi1nwEvcil.G5Nbc4NiXZaNGStk8PSwGfQv72N2CKPPrVACtLtip/cZ/1GM/O6IND4WQhG.";
        if find_crypt().is_none() {
            return;
        }
        assert!(is_password("secret", HASH).unwrap());
        assert!(!is_password("Secret", HASH).unwrap());
        assert!(!is_password("", HASH).unwrap());
        assert!(!is_password("sec\0ret", HASH).unwrap());
        assert!(is_password("secret", "$nonsense").is_err());
    }
}
