//! `keel status` and `keel reload`: asking the supervisors of this machine.

use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use super::status_text;
use crate::invocation::{ReloadOptions, StatusOptions};
use crate::supervision::limits::RELOAD_LIMIT;
use crate::wire::{ANSWER_BYTES_MAX, Answer, Request, SOCKET_EXTENSION, Status, runtime_folder};

/// A supervisor that does not answer within this is reported as one that does not.
const STATUS_LIMIT: Duration = Duration::from_secs(2);

/// Reading files and looking names up comes before the reload's own limit begins.
const RELOAD_ANSWER_LIMIT: Duration = RELOAD_LIMIT.saturating_mul(3);

/// Something is not well, or was refused.
const NOT_WELL: u8 = 1;
/// No supervisor runs.
const NOTHING_RUNS: u8 = 3;
/// One runs, or seems to, and could not be asked.
const NOT_ASKED: u8 = 4;

/// A supervisor's socket; the number in its name is that of its process.
#[derive(Debug)]
struct Place {
    path: PathBuf,
    pid: Option<u32>,
}

#[derive(Debug)]
enum Failure {
    /// Nobody listens any more.
    Gone,
    Other(String),
}

/// `keel status`.
pub fn status(options: &StatusOptions) -> ExitCode {
    let places = match places(options.pid) {
        Ok(places) => places,
        Err(reason) => return not_asked(&reason),
    };
    let mut found: Vec<Status> = Vec::new();
    let mut silent = Vec::new();
    for place in &places {
        match ask(&place.path, Request::Status, STATUS_LIMIT) {
            Ok(Answer::Status(status)) => found.push(*status),
            Ok(Answer::Refused(reason)) => silent.push(place.describe(&reason)),
            Ok(other) => silent.push(place.describe(&format!("an odd answer: {other:?}"))),
            Err(Failure::Gone) => {}
            Err(Failure::Other(reason)) => silent.push(place.describe(&reason)),
        }
    }
    if options.json {
        let text = serde_json::to_string_pretty(&found).expect("statuses have string keys only");
        println!("{text}");
    } else {
        print!("{}", status_text::text(&found));
    }
    for line in &silent {
        eprintln!("keel status: {line}");
    }
    ExitCode::from(match (found.is_empty(), silent.is_empty()) {
        (_, false) => NOT_ASKED,
        (true, true) => NOTHING_RUNS,
        (false, true) if found.iter().all(|status| status.report.is_well()) => 0,
        (false, true) => NOT_WELL,
    })
}

/// `keel reload`.
pub fn reload(options: &ReloadOptions) -> ExitCode {
    let places = match places(options.pid) {
        Ok(places) => places,
        Err(reason) => return not_asked(&reason),
    };
    // A socket that nobody listens at belongs to one that was killed.
    let living: Vec<&Place> = places
        .iter()
        .filter(|place| UnixStream::connect(&place.path).is_ok())
        .collect();
    let place = match living[..] {
        [] => {
            eprintln!("keel reload: no supervisor runs here");
            return ExitCode::from(NOTHING_RUNS);
        }
        [place] => place,
        _ => {
            eprintln!("keel reload: several supervisors run; name one with --pid:");
            for place in living {
                eprintln!("  {}", place.path.display());
            }
            return ExitCode::from(NOT_ASKED);
        }
    };
    match ask(&place.path, Request::Reload, RELOAD_ANSWER_LIMIT) {
        Ok(Answer::Reload(Ok(text))) => {
            println!("{text}");
            ExitCode::SUCCESS
        }
        Ok(Answer::Reload(Err(reason))) => {
            eprintln!("{}", reason.trim_end());
            eprintln!("keel reload: refused; the configuration from before stays in force");
            ExitCode::from(NOT_WELL)
        }
        Ok(Answer::Refused(reason)) | Err(Failure::Other(reason)) => {
            not_asked(&place.describe(&reason))
        }
        Ok(Answer::Status(_)) => not_asked(&place.describe("an odd answer")),
        Err(Failure::Gone) => {
            eprintln!("keel reload: the supervisor ended meanwhile");
            ExitCode::from(NOTHING_RUNS)
        }
    }
}

fn not_asked(reason: &str) -> ExitCode {
    eprintln!("keel: {reason}");
    ExitCode::from(NOT_ASKED)
}

impl Place {
    fn describe(&self, reason: &str) -> String {
        format!("{} does not answer: {reason}", self.path.display())
    }
}

fn places(pid: Option<u32>) -> Result<Vec<Place>, String> {
    let folder = runtime_folder().ok_or("neither KEEL_RUNTIME_DIR nor XDG_RUNTIME_DIR is set")?;
    let entries = match std::fs::read_dir(&folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(format!("{}: {error}", folder.display())),
    };
    let mut places: Vec<Place> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|end| end == SOCKET_EXTENSION))
        .map(|path| Place {
            pid: pid_of(&path),
            path,
        })
        .filter(|place| pid.is_none() || place.pid == pid)
        .collect();
    places.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(places)
}

fn pid_of(path: &Path) -> Option<u32> {
    path.file_stem()?.to_str()?.rsplit('-').next()?.parse().ok()
}

fn ask(path: &Path, request: Request, limit: Duration) -> Result<Answer, Failure> {
    let answer = exchange(path, request, limit).map_err(|error| match error.kind() {
        io::ErrorKind::ConnectionRefused | io::ErrorKind::NotFound => Failure::Gone,
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => {
            Failure::Other(format!("nothing came within {} s", limit.as_secs()))
        }
        _ => Failure::Other(error.to_string()),
    })?;
    if answer.is_empty() {
        return Err(Failure::Gone);
    }
    serde_json::from_str(&answer).map_err(|error| Failure::Other(error.to_string()))
}

fn exchange(path: &Path, request: Request, limit: Duration) -> io::Result<String> {
    let mut stream = UnixStream::connect(path)?;
    stream.set_read_timeout(Some(limit))?;
    stream.set_write_timeout(Some(limit))?;
    stream.write_all(format!("{}\n", request.word()).as_bytes())?;
    let mut answer = String::new();
    stream.take(ANSWER_BYTES_MAX).read_to_string(&mut answer)?;
    Ok(answer)
}
