//! What a process prints, kept within bounds.

use std::io;
use std::os::fd::OwnedFd;

use tokio::net::unix::pipe::Receiver;

/// How much of one stream is kept, from its beginning; the rest is read and dropped. The longest
/// metadata of any agent of Debian's resource-agents is a tenth of it.
pub const MAX_OUTPUT_BYTES: usize = 256 * 1024;

/// The longest exit reason that is kept.
pub const MAX_EXIT_REASON_BYTES: usize = 1024;

/// What begins a line with an exit reason (`OCF_EXIT_REASON_PREFIX`).
pub(crate) const EXIT_REASON_PREFIX: &str = "ocf-exit-reason:";

/// How much is read at once, and at most after the process has ended: as much as a pipe holds.
const CHUNK_BYTES: usize = 64 * 1024;

/// One stream of a process that runs.
#[derive(Debug)]
pub(crate) struct Capture {
    pipe: Option<Receiver>,
    kept: Vec<u8>,
    reason: ReasonScanner,
}

impl Capture {
    /// Reads from that end of a pipe.
    pub(crate) fn new(pipe: OwnedFd) -> io::Result<Self> {
        Ok(Self {
            pipe: Some(Receiver::from_owned_fd(pipe)?),
            kept: Vec::new(),
            reason: ReasonScanner::default(),
        })
    }

    /// Waits until something was printed and takes it in; for ever, once nobody can print any more.
    /// Safe to be cancelled.
    pub(crate) async fn fill(&mut self) {
        let Some(pipe) = &self.pipe else {
            return std::future::pending().await;
        };
        if pipe.readable().await.is_err() {
            self.pipe = None;
        } else {
            self.take();
        }
    }

    /// Takes in what waits in the pipe, once the process has ended: what others still print is
    /// nobody's concern.
    pub(crate) fn drain(&mut self) {
        let mut taken = 0;
        while taken < CHUNK_BYTES {
            match self.take() {
                0 => return,
                bytes => taken += bytes,
            }
        }
    }

    fn take(&mut self) -> usize {
        let Some(pipe) = &self.pipe else { return 0 };
        let mut chunk = vec![0; CHUNK_BYTES];
        match pipe.try_read(&mut chunk) {
            Ok(0) => self.pipe = None,
            Ok(bytes) => {
                self.keep(&chunk[..bytes]);
                return bytes;
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(_) => self.pipe = None,
        }
        0
    }

    fn keep(&mut self, bytes: &[u8]) {
        let room = MAX_OUTPUT_BYTES - self.kept.len();
        self.kept.extend_from_slice(&bytes[..bytes.len().min(room)]);
        self.reason.feed(bytes);
    }

    /// What was printed, and the last exit reason in it.
    pub(crate) fn finish(self) -> (String, Option<String>) {
        (
            String::from_utf8_lossy(&self.kept).into_owned(),
            self.reason.finish(),
        )
    }
}

/// Finds the last line with an exit reason in a stream of any length.
#[derive(Debug, Default)]
struct ReasonScanner {
    /// The beginning of the current line, as far as it can matter.
    line: Vec<u8>,
    last: Option<String>,
}

impl ReasonScanner {
    const MAX_LINE_BYTES: usize = 4 * MAX_EXIT_REASON_BYTES;

    fn feed(&mut self, bytes: &[u8]) {
        let mut parts = bytes.split(|byte| *byte == b'\n');
        if let Some(rest_of_line) = parts.next() {
            self.extend(rest_of_line);
        }
        for next_line in parts {
            self.end_line();
            self.extend(next_line);
        }
    }

    fn extend(&mut self, bytes: &[u8]) {
        let room = Self::MAX_LINE_BYTES - self.line.len();
        self.line.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }

    fn end_line(&mut self) {
        let line = String::from_utf8_lossy(&self.line);
        if let Some((_, reason)) = line.split_once(EXIT_REASON_PREFIX) {
            self.last = Some(cut(reason.trim()));
        }
        self.line.clear();
    }

    fn finish(mut self) -> Option<String> {
        self.end_line();
        self.last
    }
}

/// At most [`MAX_EXIT_REASON_BYTES`] of it, in whole characters, without control characters.
fn cut(reason: &str) -> String {
    let end = reason.floor_char_boundary(MAX_EXIT_REASON_BYTES);
    reason[..end].replace(|char: char| char.is_control(), " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_exit_reason_counts() {
        let long = "é".repeat(MAX_EXIT_REASON_BYTES);
        let noise = "x".repeat(3 * ReasonScanner::MAX_LINE_BYTES);
        for (printed, expected) in [
            ("", None),
            ("nothing\nat all\n", None),
            ("ocf-exit-reason:no device\n", Some("no device")),
            ("ocf-exit-reason:no device", Some("no device")),
            (
                "ocf-exit-reason:a\nlog\nocf-exit-reason: b \nmore\n",
                Some("b"),
            ),
            ("date ERROR: ocf-exit-reason:a\tb\n", Some("a b")),
            (&format!("{noise}\nocf-exit-reason:a\n{noise}"), Some("a")),
            (&format!("{noise}ocf-exit-reason:a"), None),
            (
                &format!("ocf-exit-reason:{long}"),
                Some(&long[..MAX_EXIT_REASON_BYTES]),
            ),
        ] {
            for size in [1, 7, 1 << 20] {
                let mut scanner = ReasonScanner::default();
                printed
                    .as_bytes()
                    .chunks(size)
                    .for_each(|bytes| scanner.feed(bytes));
                assert_eq!(scanner.finish().as_deref(), expected);
            }
        }
    }
}
