//! Which life of this node begins: a number that rises with every start.

use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

const FILE: &str = "lives";
const FILE_NEW: &str = "lives.new";

/// What is remembered from one life to the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Life {
    /// The number of this life.
    pub incarnation: u64,
}

/// Begins a life: a number greater than that of any before. It counts microseconds of the machine's
/// clock, so that it rises even where the folder was lost; and it is kept, so that it rises even where
/// the clock was set back.
///
/// # Errors
/// Where it cannot be kept.
pub fn begin(folder: &Path) -> io::Result<Life> {
    let former: u64 = match fs::read_to_string(folder.join(FILE)) {
        Ok(text) => text.trim().parse().unwrap_or(0),
        Err(error) if error.kind() == io::ErrorKind::NotFound => 0,
        Err(error) => return Err(error),
    };
    let clock = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let clock = u64::try_from(clock.as_micros()).unwrap_or(0);
    let incarnation = clock.max(former.saturating_add(1));
    let mut file = fs::File::create(folder.join(FILE_NEW))?;
    writeln!(file, "{incarnation}")?;
    file.sync_all()?;
    fs::rename(folder.join(FILE_NEW), folder.join(FILE))?;
    fs::File::open(folder)?.sync_all()?;
    Ok(Life { incarnation })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lives_rise_even_where_the_clock_was_set_back() {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let first = begin(folder.path()).expect("it is kept");
        let second = begin(folder.path()).expect("it is kept");
        assert!(second.incarnation > first.incarnation);
        fs::write(folder.path().join(FILE), "18000000000000000000\n").expect("it can be written");
        let third = begin(folder.path()).expect("it is kept");
        assert_eq!(third.incarnation, 18_000_000_000_000_000_001);
    }
}
