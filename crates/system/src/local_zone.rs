//! The machine's time zone, found as the C library finds it (tzset(3)).
//!
//! | `TZ` | The zone |
//! | --- | --- |
//! | not set | that of the file `/etc/localtime` |
//! | empty | UTC |
//! | `:NAME`, `NAME` | that of the file of this name, in `$TZDIR` or `/usr/share/zoneinfo` unless it begins with `/` |
//! | other | what it says by the rules of POSIX: `CET-1CEST,M3.5.0,M10.5.0/3` |
//!
//! What cannot be read or understood is UTC. One file is opened at most: a library's search for a
//! zone's name through the whole of the data base would cost more than most commands do.

use std::path::{Path, PathBuf};

use jiff::tz::TimeZone;

/// Where the zones are by default.
const DATABASE: &str = "/usr/share/zoneinfo";

/// The zone of clocks on this machine, for this process.
pub fn local_zone() -> TimeZone {
    let zone = match std::env::var_os("TZ") {
        None => from_file(Path::new("/etc/localtime")),
        Some(value) => value.to_str().and_then(|value| {
            let database = std::env::var_os("TZDIR").map_or(DATABASE.into(), PathBuf::from);
            named(value, &database)
        }),
    };
    zone.unwrap_or(TimeZone::UTC)
}

/// The zone that `value` of `TZ` means, with the files of `database`.
fn named(value: &str, database: &Path) -> Option<TimeZone> {
    let name = value.strip_prefix(':').unwrap_or(value);
    if name.is_empty() {
        return None;
    }
    from_file(&database.join(name)).or_else(|| TimeZone::posix(name).ok())
}

fn from_file(path: &Path) -> Option<TimeZone> {
    let bytes = std::fs::read(path).ok()?;
    TimeZone::tzif("", &bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::Timestamp;

    /// Seconds east of UTC that `TZ=value` means in summer.
    fn summer_offset_s(value: &str, database: &Path) -> Option<i32> {
        let summer: Timestamp = "2026-07-01T00:00:00Z".parse().expect("is a time");
        Some(named(value, database)?.to_offset(summer).seconds())
    }

    #[test]
    fn zones_by_file_and_by_rule() {
        let database = tempfile::tempdir().expect("a folder can be made");
        // A zone with no more in it than its rule: two empty blocks, then the footer.
        let header = |version: u8| {
            let mut header = b"TZif".to_vec();
            header.push(version);
            header.resize(44, 0);
            // One type of local time, and one byte of abbreviations.
            (header[39], header[43]) = (1, 1);
            header.extend([0; 7]);
            header
        };
        let zone = [
            header(b'2'),
            header(b'2'),
            b"\nEST5EDT,M3.2.0,M11.1.0\n".to_vec(),
        ]
        .concat();
        std::fs::create_dir(database.path().join("Test")).expect("a folder can be made");
        std::fs::write(database.path().join("Test/Zone"), zone).expect("a file can be written");
        for (value, expected) in [
            ("Test/Zone", Some(-4 * 3600)),
            (":Test/Zone", Some(-4 * 3600)),
            ("CET-1CEST,M3.5.0,M10.5.0/3", Some(2 * 3600)),
            ("UTC0", Some(0)),
            ("", None),
            ("Test/None", None),
            ("Test", None),
        ] {
            assert_eq!(summer_offset_s(value, database.path()), expected, "{value}");
        }
    }
}
