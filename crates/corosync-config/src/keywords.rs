//! Every keyword of `corosync.conf` by the section it stands in, and every attribute of `cluster.conf`
//! by its element, with the values it takes and what it means here.
//!
//! The table is what the reader knows: a word that is not in it is refused. It is also what
//! `docs/cluster.md` shows.

mod cman;
mod keel;
mod logging;
mod quorum;
mod totem;

pub use cman::CLUSTER_CONF;

/// A keyword of a section.
#[derive(Debug, Clone, Copy)]
pub struct Keyword {
    /// The word; one that ends in `*` stands for every word with that beginning.
    pub name: &'static str,
    /// What may stand behind it.
    pub value: Value,
    /// What comes of it.
    pub meaning: Meaning,
}

/// The values that a keyword takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Value {
    /// Any text but none.
    Text,
    /// Any text, even none.
    TextOrNone,
    /// A path from the root.
    Path,
    /// A whole number within the bounds.
    Number(u64, u64),
    /// `yes` or `no`, also written `on` or `off`.
    YesNo,
    /// `on` or `off`.
    OnOff,
    /// `1` or `0`.
    Flag,
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// A level of syslog(3), in letters of any case.
    Priority,
}

/// What comes of a keyword or section.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meaning {
    /// It takes effect.
    Taken,
    /// Only corosync itself has a use for it; where messages go through the embedded transport, a
    /// notice says why.
    CorosyncAlone(&'static str),
    /// What it asks for does not exist in the embedded transport: refused there, with the reason.
    Refused(&'static str),
    /// It has no effect; a notice says why.
    Without(&'static str),
    /// A word of corosync 1 or 2 that corosync 3 passes over; a notice says what became of it.
    Old(&'static str),
}

/// A section, with the keywords and sections that may stand in it.
#[derive(Debug)]
pub struct Section {
    /// Its name with the names of those around it, such as `quorum.device.net`.
    pub path: &'static str,
    /// What it sets.
    pub keywords: &'static [Keyword],
    /// The sections within.
    pub sections: &'static [Subsection],
}

/// A section as seen from the one around it.
#[derive(Debug, Clone, Copy)]
pub struct Subsection {
    /// Its name.
    pub name: &'static str,
    /// What may stand in it, or nothing where it is passed over unread.
    pub section: Option<&'static Section>,
    /// What comes of it.
    pub meaning: Meaning,
}

impl Section {
    /// The entry for a word, where the section takes it.
    #[must_use]
    pub fn keyword(&self, word: &str) -> Option<&'static Keyword> {
        self.keywords.iter().find(|entry| entry.is(word))
    }

    /// The section of that name within this one.
    #[must_use]
    pub fn subsection(&self, name: &str) -> Option<&'static Subsection> {
        self.sections.iter().find(|entry| entry.name == name)
    }
}

impl Keyword {
    fn is(&self, word: &str) -> bool {
        match self.name.strip_suffix('*') {
            Some(beginning) => word.len() > beginning.len() && word.starts_with(beginning),
            None => self.name == word,
        }
    }
}

/// The top level of a `corosync.conf`.
pub static TOP: Section = Section {
    path: "",
    keywords: &[old(
        "compatibility",
        Value::Text,
        "it was for nodes with OpenAIS",
    )],
    sections: &[
        within("totem", &totem::TOTEM),
        within("nodelist", &totem::NODELIST),
        within("quorum", &quorum::QUORUM),
        within("logging", &logging::LOGGING),
        within("keel", &keel::KEEL),
        within("system", &keel::SYSTEM),
        within("resources", &keel::RESOURCES),
        Subsection {
            name: "nozzle",
            section: Some(&keel::NOZZLE),
            meaning: Meaning::Refused(
                "a network device over the cluster's links is a feature of corosync's knet",
            ),
        },
        Subsection {
            name: "uidgid",
            section: Some(&keel::UIDGID),
            meaning: Meaning::CorosyncAlone("who may use keel's socket is not told here"),
        },
        unread("service", "services are built in"),
        unread(
            "amf",
            "the availability framework was dropped with corosync 2",
        ),
        unread("aisexec", "the daemon runs as who starts it"),
        unread("event", "the event service was dropped with corosync 2"),
    ],
};

/// Every section that is read, from the top level of a language down.
#[must_use]
pub fn sections(top: &'static Section) -> Vec<&'static Section> {
    let mut all: Vec<&'static Section> = vec![top];
    let mut next = 0;
    while let Some(section) = all.get(next) {
        for inner in section.sections.iter().filter_map(|entry| entry.section) {
            if !all.iter().any(|known| std::ptr::eq(*known, inner)) {
                all.push(inner);
            }
        }
        next += 1;
    }
    all
}

/// The longest name of a cluster, in bytes.
pub const MAX_CLUSTER_NAME_BYTES: usize = 255;

/// The longest name of a node or host, in bytes (RFC 1035).
pub const MAX_NODE_NAME_BYTES: usize = 255;

/// Any time in milliseconds, or count, that corosync keeps in 32 bits.
const U32: Value = Value::Number(0, u32::MAX as u64);
/// What corosync keeps in 8 bits.
const U8: Value = Value::Number(0, u8::MAX as u64);

const fn taken(name: &'static str, value: Value) -> Keyword {
    Keyword {
        name,
        value,
        meaning: Meaning::Taken,
    }
}

const fn corosync(name: &'static str, value: Value, why: &'static str) -> Keyword {
    Keyword {
        name,
        value,
        meaning: Meaning::CorosyncAlone(why),
    }
}

const fn old(name: &'static str, value: Value, why: &'static str) -> Keyword {
    Keyword {
        name,
        value,
        meaning: Meaning::Old(why),
    }
}

const fn within(name: &'static str, section: &'static Section) -> Subsection {
    Subsection {
        name,
        section: Some(section),
        meaning: Meaning::Taken,
    }
}

const fn unread(name: &'static str, why: &'static str) -> Subsection {
    Subsection {
        name,
        section: None,
        meaning: Meaning::Old(why),
    }
}
