//! The machines of a cluster, for `keel pcs`: over the network, and this one by its own socket.

use std::thread;
use std::time::Duration;

use cluster_keys::{create_authority, issue};
use pcs::pcs::hosts::{Authority, Hosts, Login};
use pcsd::Place;
use pcsd_api::{Answer, CallError, KnownHost, KnownHosts, NodeKeys, Request, Secret};
use system::terminal::{self, Echo};

/// How many hosts are asked at once: a cluster has no more.
const AT_ONCE: usize = 64;

/// The way to them.
pub struct MachineHosts {
    place: Place,
}

impl MachineHosts {
    /// As the environment has it.
    pub fn new() -> Self {
        Self {
            place: Place::of_environment(),
        }
    }
}

impl Hosts for MachineHosts {
    fn known(&mut self) -> Result<KnownHosts, String> {
        pcsd::read_known_hosts(&self.place).map_err(|error| error.to_string())
    }

    fn keep(&mut self, known: &KnownHosts) -> Result<(), String> {
        pcsd::write_known_hosts(&self.place, known).map_err(|error| error.to_string())
    }

    fn ask(
        &mut self,
        requests: &[(KnownHost, Request)],
        timeout_s: u64,
    ) -> Vec<Result<Answer, CallError>> {
        let limit = Duration::from_secs(timeout_s);
        at_once(requests, |(host, request)| {
            pcsd::ask_host(host, request, limit)
        })
    }

    fn ask_local(&mut self, request: &Request) -> Result<Answer, CallError> {
        pcsd::ask_local(&self.place, request)
    }

    fn authenticate(
        &mut self,
        logins: &[Login],
        timeout_s: u64,
    ) -> Vec<Result<KnownHost, CallError>> {
        let limit = Duration::from_secs(timeout_s);
        at_once(logins, |login| {
            let certificate = login.certificate.as_deref();
            let (places, user) = (&login.destinations, &login.user);
            pcsd::authenticate(places, user, &login.password, certificate, limit)
        })
    }

    fn is_resolved(&mut self, name: &str) -> bool {
        use std::net::ToSocketAddrs;
        (name, 0).to_socket_addrs().is_ok()
    }

    fn question(&mut self, prompt: &str, is_hidden: bool) -> Result<String, String> {
        let echo = if is_hidden { Echo::Off } else { Echo::On };
        terminal::ask(prompt, echo).map_err(|error| error.to_string())
    }

    fn make_keys(
        &mut self,
        cluster: &str,
        authority: Option<&Authority>,
        nodes: &[(u32, String)],
    ) -> Result<Vec<NodeKeys>, String> {
        let authority = match authority {
            Some(authority) => cluster_keys::Authority {
                certificates_pem: authority.certificate.clone(),
                key_pem: authority.key.expose().to_owned(),
            },
            None => create_authority(cluster).map_err(|error| error.to_string())?,
        };
        let keys = nodes.iter().map(|(node, name)| {
            let issued = issue(&authority, cluster, *node, name)?;
            Ok(NodeKeys {
                authority: authority.certificates_pem.clone(),
                authority_key: Secret::new(&*authority.key_pem),
                certificate: issued.certificate_pem,
                key: Secret::new(issued.key_pem),
            })
        });
        let keys: Result<_, cluster_keys::KeysError> = keys.collect();
        keys.map_err(|error| error.to_string())
    }

    fn random_digits(&mut self) -> Result<String, String> {
        const BYTES: usize = 16;
        pcsd::random_digits(BYTES).map_err(|error| error.to_string())
    }
}

/// The authority of a new cluster.
pub fn make_authority(cluster: &str) -> Result<Authority, String> {
    let made = create_authority(cluster).map_err(|error| error.to_string())?;
    Ok(Authority {
        certificate: made.certificates_pem,
        key: Secret::new(made.key_pem),
    })
}

/// Does something for each of a list, each on a thread of its own; the results in their order.
fn at_once<T: Sync, R: Send>(list: &[T], act: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let act = &act;
    let mut results = Vec::with_capacity(list.len());
    for some in list.chunks(AT_ONCE) {
        thread::scope(|scope| {
            let threads: Vec<_> = some
                .iter()
                .map(|one| scope.spawn(move || act(one)))
                .collect();
            for thread in threads {
                results.push(
                    thread
                        .join()
                        .unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
                );
            }
        });
    }
    results
}
