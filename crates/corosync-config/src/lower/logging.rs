//! `logging`.

use super::{Reading, Settings, each, merged};
use crate::model::{Debug, Logging, Priority, Subsystem, Targets, Timestamp};

pub(super) fn read(top: &Settings<'_>, reading: &mut Reading<'_>) -> Logging {
    let Some((settings, span)) = merged(top, "logging", reading) else {
        return Logging::default();
    };
    let mut subsystems = Vec::new();
    for (inner, span) in each(&settings, "logger_subsys", reading) {
        let Some(name) = inner.text("subsys") else {
            if inner.setting("subsys").is_none() {
                let help = "write 'subsys: NAME'";
                reading.error_with_help(span, "this logger_subsys has no subsys", help);
            }
            continue;
        };
        subsystems.push(Subsystem {
            name,
            targets: targets(&inner),
            span,
        });
    }
    let targets = targets(&settings);
    let to_logfile = targets.to_logfile.as_ref().is_some_and(|to| to.value);
    if to_logfile && targets.logfile.is_none() && settings.setting("logfile").is_none() {
        let message = "'to_logfile' is on, but no logfile is named";
        reading.warning(settings.span("to_logfile").unwrap_or(span), message);
    }
    Logging {
        timestamp: settings.one_of("timestamp", |word| match word {
            "off" => Timestamp::Off,
            "on" => Timestamp::Seconds,
            _ => Timestamp::Milliseconds,
        }),
        targets,
        subsystems,
    }
}

pub(super) fn targets(settings: &Settings<'_>) -> Targets {
    Targets {
        to_stderr: settings.switch("to_stderr"),
        to_logfile: settings.switch("to_logfile"),
        to_syslog: settings.switch("to_syslog"),
        logfile: settings.text("logfile"),
        logfile_priority: settings.one_of("logfile_priority", priority),
        syslog_facility: settings.one_of("syslog_facility", |word| word),
        syslog_priority: settings.one_of("syslog_priority", priority),
        debug: settings.one_of("debug", |word| match word {
            "on" => Debug::On,
            "trace" => Debug::Trace,
            _ => Debug::Off,
        }),
    }
}

fn priority(word: &str) -> Priority {
    match word {
        "emerg" => Priority::Emerg,
        "alert" => Priority::Alert,
        "crit" => Priority::Crit,
        "err" | "error" => Priority::Err,
        "warning" => Priority::Warning,
        "notice" => Priority::Notice,
        "debug" => Priority::Debug,
        _ => Priority::Info,
    }
}
