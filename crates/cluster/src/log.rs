//! The daemon's log: one line for an event, with its cause and what follows.

use std::fs::{File, OpenOptions};
use std::io::Write;

use corosync_config::Configuration;
use jiff::tz::TimeZone;

/// Where lines go.
pub struct Log {
    host: String,
    zone: TimeZone,
    file: Option<File>,
    to_stderr: bool,
}

impl Log {
    /// The log that a configuration asks for: `logging { to_stderr, to_logfile, logfile }`. Where it
    /// asks for nothing that can be had, standard error.
    #[must_use]
    pub fn of(configuration: &Configuration, host: &str) -> Self {
        let targets = &configuration.logging.targets;
        let is_on = |option: &Option<diagnostics::Spanned<bool>>| {
            option.as_ref().is_some_and(|on| on.value)
        };
        let path = targets
            .logfile
            .as_ref()
            .filter(|_| is_on(&targets.to_logfile));
        let file = path.and_then(|path| {
            let opened = OpenOptions::new()
                .create(true)
                .append(true)
                .open(&path.value);
            opened
                .map_err(|error| {
                    eprintln!(
                        "keel: {}: {error}: the log goes to standard error",
                        path.value
                    )
                })
                .ok()
        });
        let to_stderr = targets.to_stderr.as_ref().is_none_or(|on| on.value) || file.is_none();
        Self {
            host: host.to_owned(),
            zone: system::local_zone::local_zone(),
            file,
            to_stderr,
        }
    }

    /// Writes a line.
    pub fn say(&mut self, text: &str) {
        let now = jiff::Timestamp::now().to_zoned(self.zone.clone());
        let time = now.strftime("%b %d %H:%M:%S%.3f");
        let line = format!(
            "{time} {} keel[{}]: {text}\n",
            self.host,
            std::process::id()
        );
        if let Some(file) = &mut self.file {
            // A full disk must not stop the cluster.
            let _ = file.write_all(line.as_bytes());
        }
        if self.to_stderr {
            let _ = std::io::stderr().write_all(line.as_bytes());
        }
    }
}
