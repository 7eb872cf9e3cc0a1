//! The names of agents, as command lines and the CIB write them.

use std::fmt;
use std::str::FromStr;

use diagnostics::nearest;

/// The longest name of an agent in bytes: no file has a longer one, with its standard and provider.
pub const MAX_NAME_BYTES: usize = 600;

/// Which rules an agent follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Standard {
    /// An init script.
    Lsb,
    /// The Open Cluster Framework's resource agent API.
    Ocf,
    /// An init script or a systemd unit, whichever there is.
    Service,
    /// A systemd unit.
    Systemd,
}

impl Standard {
    /// All, in the order in which they are listed.
    pub const ALL: [Self; 4] = [Self::Lsb, Self::Ocf, Self::Service, Self::Systemd];

    /// As it is written.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Lsb => "lsb",
            Self::Ocf => "ocf",
            Self::Service => "service",
            Self::Systemd => "systemd",
        }
    }
}

impl fmt::Display for Standard {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}

/// The full name of an agent: `ocf:heartbeat:IPaddr2`, `lsb:tomcat`, `systemd:httpd`, `service:httpd`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AgentName {
    standard: Standard,
    provider: Option<String>,
    agent: String,
}

impl AgentName {
    /// An OCF agent's name.
    ///
    /// # Errors
    /// [`NameError::Invalid`] where a part is empty or is not the name of a file.
    pub fn ocf(provider: &str, agent: &str) -> Result<Self, NameError> {
        format!("ocf:{provider}:{agent}").parse()
    }

    /// The name as the CIB has it: `class`, `provider` and `type` of a primitive.
    ///
    /// # Errors
    /// As for parsing the three joined by colons.
    pub fn from_parts(
        standard: &str,
        provider: Option<&str>,
        agent: &str,
    ) -> Result<Self, NameError> {
        match provider {
            Some(provider) => format!("{standard}:{provider}:{agent}").parse(),
            None => format!("{standard}:{agent}").parse(),
        }
    }

    /// Its standard.
    #[must_use]
    pub fn standard(&self) -> Standard {
        self.standard
    }

    /// Its provider: every OCF agent has one, no other has.
    #[must_use]
    pub fn provider(&self) -> Option<&str> {
        self.provider.as_deref()
    }

    /// The last part: the name of the script or unit.
    #[must_use]
    pub fn agent(&self) -> &str {
        &self.agent
    }

    /// The same agent under another standard, without a provider.
    pub(crate) fn under(&self, standard: Standard) -> Self {
        Self {
            standard,
            provider: None,
            agent: self.agent.clone(),
        }
    }
}

impl fmt::Display for AgentName {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.provider {
            Some(provider) => write!(out, "{}:{provider}:{}", self.standard, self.agent),
            None => write!(out, "{}:{}", self.standard, self.agent),
        }
    }
}

/// Why a name names no agent. The texts begin as those of pcs 0.11.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// It is not of the form of a name.
    #[error(
        "Invalid resource agent name '{written}'. Use standard:provider:type when standard is 'ocf' or \
         standard:type otherwise."
    )]
    Invalid {
        /// What was written.
        written: String,
    },
    /// No such standard.
    #[error("Invalid resource agent name '{written}': '{standard}' is not a standard (lsb, ocf, service, systemd){}", did_you_mean(suggestion.as_deref()))]
    UnknownStandard {
        /// What was written.
        written: String,
        /// Its first part.
        standard: String,
        /// The standard that was probably meant.
        suggestion: Option<String>,
    },
    /// A fence agent, which is no resource agent.
    #[error("'{written}' is a fence agent: use 'pcs stonith create' for it")]
    FenceAgent {
        /// What was written.
        written: String,
    },
    /// A bare name that no installed agent has.
    #[error("Unable to find agent '{written}', try specifying its full name{}", did_you_mean(suggestion.as_deref()))]
    NotFound {
        /// What was written.
        written: String,
        /// The installed agent that was probably meant.
        suggestion: Option<String>,
    },
    /// A bare name that several installed agents have.
    #[error(
        "Multiple agents match '{written}', please specify full name: {}",
        quoted(candidates)
    )]
    Ambiguous {
        /// What was written.
        written: String,
        /// The full names.
        candidates: Vec<AgentName>,
    },
    /// A full name that no installed agent has.
    #[error("Agent '{name}' is not installed or does not provide valid metadata{}", did_you_mean(suggestion.as_deref()))]
    NotInstalled {
        /// The name.
        name: AgentName,
        /// The installed agent that was probably meant.
        suggestion: Option<String>,
    },
}

/// `; did you mean 'X'?`, or nothing.
pub(crate) fn did_you_mean(suggestion: Option<&str>) -> String {
    suggestion.map_or_else(String::new, |word| format!("; did you mean '{word}'?"))
}

fn quoted(names: &[AgentName]) -> String {
    let names: Vec<_> = names.iter().map(|name| format!("'{name}'")).collect();
    match names.split_last() {
        Some((last, others)) if !others.is_empty() => format!("{} or {last}", others.join(", ")),
        _ => names.concat(),
    }
}

impl FromStr for AgentName {
    type Err = NameError;

    /// Reads a full name; `ocf::heartbeat:IPaddr2`, as old status texts have it, is one, too.
    fn from_str(written: &str) -> Result<Self, NameError> {
        let invalid = || NameError::Invalid {
            written: written.chars().take(MAX_NAME_BYTES).collect(),
        };
        if written.len() > MAX_NAME_BYTES || written.starts_with(':') {
            return Err(invalid());
        }
        let (standard, rest) = written.split_once(':').ok_or_else(invalid)?;
        if standard == "stonith" {
            return Err(NameError::FenceAgent {
                written: written.to_owned(),
            });
        }
        let known = Standard::ALL
            .into_iter()
            .find(|known| known.as_str() == standard);
        let Some(known) = known else {
            return Err(NameError::UnknownStandard {
                written: written.to_owned(),
                standard: standard.to_owned(),
                suggestion: nearest(standard, Standard::ALL.map(Standard::as_str))
                    .map(str::to_owned),
            });
        };
        let (provider, agent) = if known == Standard::Ocf {
            let rest = rest.strip_prefix(':').unwrap_or(rest);
            let (provider, agent) = rest.split_once(':').ok_or_else(invalid)?;
            (Some(provider), agent)
        } else {
            (None, rest)
        };
        // An instance of a systemd unit may have a colon in its name.
        let colon_allowed = known == Standard::Systemd || known == Standard::Service;
        let sound = provider.is_none_or(|name| is_file_name(name) && !name.contains(':'))
            && is_file_name(agent)
            && (colon_allowed || !agent.contains(':'));
        if !sound {
            return Err(invalid());
        }
        Ok(Self {
            standard: known,
            provider: provider.map(str::to_owned),
            agent: agent.to_owned(),
        })
    }
}

/// Whether a name can be that of a file in a folder, and of no file elsewhere.
fn is_file_name(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with('.')
        && !name
            .chars()
            .any(|char| char == '/' || char.is_control() || char.is_whitespace())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_and_written() {
        for (written, expected) in [
            ("ocf:heartbeat:IPaddr2", "ocf:heartbeat:IPaddr2"),
            ("ocf::heartbeat:IPaddr2", "ocf:heartbeat:IPaddr2"),
            ("ocf:pacemaker:ping", "ocf:pacemaker:ping"),
            ("lsb:abiquo-tomcat", "lsb:abiquo-tomcat"),
            ("systemd:httpd", "systemd:httpd"),
            ("systemd:lvm2-pvscan@252:2", "systemd:lvm2-pvscan@252:2"),
            ("service:x", "service:x"),
        ] {
            let name: AgentName = written.parse().expect(written);
            assert_eq!(name.to_string(), expected);
        }
    }

    #[test]
    fn what_names_no_agent_is_told_from_what_does() {
        let long = format!("lsb:{}", "x".repeat(MAX_NAME_BYTES));
        for written in [
            "",
            ":",
            "ocf:",
            "ocf:IPaddr2",
            "ocf::IPaddr2",
            "ocf:heartbeat:",
            "ocf:heartbeat:a:b",
            "ocf:../..:x",
            "lsb:",
            "lsb:a:b",
            "lsb:../../bin/sh",
            "lsb:/bin/sh",
            "lsb:.hidden",
            "lsb:a b",
            "lsb:a\0b",
            &long,
        ] {
            let error = written.parse::<AgentName>().unwrap_err();
            assert!(matches!(error, NameError::Invalid { .. }), "{written}");
        }
        for (written, expected) in [
            (
                "sytemd:httpd",
                "Invalid resource agent name 'sytemd:httpd': 'sytemd' is not a standard (lsb, ocf, \
                 service, systemd); did you mean 'systemd'?",
            ),
            (
                "stonith:fence_ipmilan",
                "'stonith:fence_ipmilan' is a fence agent: use 'pcs stonith create' for it",
            ),
        ] {
            let error = written.parse::<AgentName>().unwrap_err();
            assert_eq!(error.to_string(), expected);
        }
    }
}
