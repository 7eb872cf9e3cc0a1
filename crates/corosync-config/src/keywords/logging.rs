//! `logging`: `corosync.conf(5)`.

use super::{Section, Subsection, Value, corosync, taken, within};
use crate::keywords::Meaning;

/// The facilities of syslog(3) that corosync 3.1 takes.
pub(super) const FACILITIES: &[&str] = &[
    "daemon", "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7",
    "auth", "authpriv", "cron", "ftp", "kern", "lpr", "mail", "news", "syslog", "user", "uucp",
];

const SOURCE: &str = "messages do not name a place in the source";
const DEBUG: Value = Value::OneOf(&["on", "off", "trace"]);

pub(super) static LOGGING: Section = Section {
    path: "logging",
    keywords: &[
        taken("timestamp", Value::OneOf(&["on", "off", "hires"])),
        corosync("fileline", Value::OnOff, SOURCE),
        corosync("function_name", Value::OnOff, SOURCE),
        corosync("blackbox", Value::OnOff, "there is no flight recorder"),
        taken("to_stderr", Value::YesNo),
        taken("to_logfile", Value::YesNo),
        taken("to_syslog", Value::YesNo),
        taken("logfile", Value::Path),
        taken("logfile_priority", Value::Priority),
        taken("syslog_facility", Value::OneOf(FACILITIES)),
        taken("syslog_priority", Value::Priority),
        taken("debug", DEBUG),
    ],
    sections: &[
        within("logger_subsys", &LOGGER_SUBSYS),
        Subsection {
            name: "logging_daemon",
            section: None,
            meaning: Meaning::CorosyncAlone("other daemons have logs of their own"),
        },
        Subsection {
            name: "logger",
            section: None,
            meaning: Meaning::Old("the section is logger_subsys"),
        },
    ],
};

static LOGGER_SUBSYS: Section = Section {
    path: "logging.logger_subsys",
    keywords: &[
        taken("subsys", Value::Text),
        taken("to_stderr", Value::YesNo),
        taken("to_logfile", Value::YesNo),
        taken("to_syslog", Value::YesNo),
        taken("logfile", Value::Path),
        taken("logfile_priority", Value::Priority),
        taken("syslog_facility", Value::OneOf(FACILITIES)),
        taken("syslog_priority", Value::Priority),
        taken("debug", DEBUG),
    ],
    sections: &[],
};
