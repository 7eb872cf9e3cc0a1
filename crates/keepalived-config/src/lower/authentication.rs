//! `authentication` of an instance.

use diagnostics::{Diagnostic, Spanned};

use super::reading::Reading;
use crate::keywords::Block;
use crate::read::{Statement, Word};

/// How many bytes of `auth_pass` travel (RFC 2338 section 5.3.10).
pub(super) const PASSWORD_BYTES: usize = 8;

/// `authentication { auth_type PASS auth_pass … }`.
pub(super) fn read(
    statement: &Statement,
    reading: &mut Reading<'_>,
) -> Option<Spanned<[u8; PASSWORD_BYTES]>> {
    if let Some(extra) = statement.values().first() {
        reading.unexpected(extra);
    }
    let mut kind: Option<&Word> = None;
    let mut password: Option<&Word> = None;
    let block = reading.block(statement);
    reading.once_each(block, &[]);
    for entry in block {
        match entry.keyword().text.as_str() {
            "auth_type" => kind = reading.one(entry),
            "auth_pass" => password = reading.one(entry),
            _ => reading.not_taken(Block::Authentication, entry),
        }
    }
    match kind.map(|kind| (kind.text.as_str(), kind.span)) {
        Some(("PASS", _)) => {}
        Some(("AH", span)) => {
            reading.error(span, "'auth_type AH' is not built yet");
            return None;
        }
        Some((other, span)) => {
            let message = Diagnostic::error(format!("unknown auth_type '{other}'"))
                .at(span)
                .help("expected PASS or AH")
                .suggest(other, ["PASS", "AH"]);
            reading.tell(message);
            return None;
        }
        None => {
            let message = "'authentication' without 'auth_type' has no effect";
            reading.warning(statement.span(), message);
            return None;
        }
    }
    let Some(password) = password.filter(|word| !word.text.is_empty()) else {
        let message = "'authentication' without 'auth_pass' has no effect";
        reading.warning(statement.span(), message);
        return None;
    };
    let bytes = password.text.as_bytes();
    if bytes.len() > PASSWORD_BYTES {
        let message = format!("only the first {PASSWORD_BYTES} bytes of 'auth_pass' count");
        reading.warning(password.span, message);
    }
    let mut padded = [0; PASSWORD_BYTES];
    for (slot, byte) in padded.iter_mut().zip(bytes) {
        *slot = *byte;
    }
    Some(Spanned::new(padded, password.span))
}
