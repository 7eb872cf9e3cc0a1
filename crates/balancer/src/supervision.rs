//! What the supervisor and the balancer say to each other.
//!
//! Each message is one frame of `system::channel`: this JSON, with descriptors beside it where a
//! variant says so. The supervisor is privileged and reads files; the balancer is not.

use serde::{Deserialize, Serialize};

/// At most this many descriptors travel beside one message (the kernel's SCM_MAX_FD is 253).
pub const MAX_DESCRIPTORS_PER_MESSAGE: usize = 250;

/// How often each worker thread says that it is alive.
pub const HEARTBEAT_INTERVAL_MS: u64 = 50;

/// From the supervisor.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum ToBalancer {
    /// Bound, listening sockets, one descriptor per key beside the message. Precedes `Configure`;
    /// repeated where they are more than fit one message.
    Listeners {
        /// One key per descriptor, see `ListenerKey`.
        keys: Vec<String>,
    },
    /// The configuration to run from now on: the first one starts the balancer, later ones replace
    /// it in place. Sockets not named by its listener keys are closed.
    Configure(Box<Bundle>),
    /// Stop accepting, end idle connections, finish the others, then say `Drained` and exit 0.
    Drain,
    /// End now.
    Stop,
}

/// Everything that a balancer without access to the file system needs.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Bundle {
    /// Rises by one with each configuration of this supervisor.
    pub generation: u64,
    /// Configuration texts in load order: name and content.
    pub texts: Vec<(String, String)>,
    /// Certificates, error files and other files named by the configuration: path and content.
    #[serde(with = "contents")]
    pub files: Vec<(String, Vec<u8>)>,
    /// The environment that the configuration text sees.
    pub environment: Vec<(String, String)>,
    /// Addresses of the names that the configuration uses, as looked up when it was loaded: the
    /// name with its family prefix if any (`web1`, `ipv6@web1`), and the address.
    pub names: Vec<(String, std::net::IpAddr)>,
    /// Command-line options that change the configuration (`-n`, `-m`, `-N`, `-d`, `-q`, `-L` …).
    pub options: Vec<String>,
}

/// From the balancer.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum FromBalancer {
    /// The configuration of that generation is in force and its sockets accept.
    Ready {
        /// The generation.
        generation: u64,
    },
    /// The configuration was refused; the one before keeps running.
    Refused {
        /// The generation.
        generation: u64,
        /// What to show to the operator.
        reason: String,
    },
    /// A worker thread went round its loop.
    Heartbeat {
        /// The thread, from 0.
        worker: u16,
    },
    /// The last connection is gone after `Drain`.
    Drained,
}

/// File contents as base64: as lists of numbers they would be four times as long.
mod contents {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(
        files: &[(String, Vec<u8>)],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(
            files
                .iter()
                .map(|(path, content)| (path, STANDARD.encode(content))),
        )
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<(String, Vec<u8>)>, D::Error> {
        Vec::<(String, String)>::deserialize(deserializer)?
            .into_iter()
            .map(|(path, content)| {
                let content = STANDARD.decode(content).map_err(D::Error::custom)?;
                Ok((path, content))
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::Bundle;

    #[test]
    fn a_bundle_crosses_the_channel_unchanged() {
        let bundle = Bundle {
            generation: 7,
            files: vec![("a.pem".into(), vec![0, 10, 255])],
            names: vec![("web1".into(), "192.0.2.1".parse().expect("an address"))],
            ..Bundle::default()
        };
        let text = serde_json::to_string(&bundle).expect("a bundle has a text form");
        let back: Bundle = serde_json::from_str(&text).expect("and can be read back");
        assert_eq!(back.generation, 7);
        assert_eq!(back.files, bundle.files);
        assert_eq!(back.names, bundle.names);
    }
}
