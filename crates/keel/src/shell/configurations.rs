//! The balancer's configurations and sockets, held for it: the one in force, and a candidate.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::PathBuf;

use balancer::command_line::Options;
use balancer::listen::{self, Bound};
use balancer::load;
use balancer::supervision::{Bundle, MAX_DESCRIPTORS_PER_MESSAGE, ToBalancer};

use nix::sys::socket::{Shutdown, shutdown};

use super::children::Parcel;

/// How the names of inherited sockets begin.
const INHERITED: &str = "fd@";

/// What a configuration is read from, each time.
#[derive(Debug, Clone)]
pub struct Origin {
    /// The command line.
    pub options: Options,
    /// The environment that the files see.
    pub environment: BTreeMap<String, String>,
}

/// A configuration that was read and checked, with the new sockets that it needs.
#[derive(Debug)]
pub struct Loaded {
    generation: u64,
    /// The `Configure` message, ready to be sent: a successor must not wait for it.
    configure: Vec<u8>,
    keys: Vec<String>,
    bound: Vec<Bound>,
    /// `daemon` of `global`.
    pub daemon: bool,
    /// `pidfile` of `global`.
    pub pidfile: Option<PathBuf>,
}

impl Loaded {
    /// Its number.
    pub fn generation(&self) -> u64 {
        self.generation
    }
}

/// A refusal or the warnings of a success, as text for the operator.
pub type Messages = String;

impl Origin {
    /// Reads and checks the configuration, and binds the sockets that `held` does not name.
    ///
    /// # Errors
    ///
    /// The messages with their excerpts. Nothing is bound then.
    pub fn load(
        &self,
        generation: u64,
        held: &HashSet<String>,
        takeover: bool,
    ) -> Result<(Loaded, Messages), Messages> {
        let pid = std::process::id();
        let colour = false;
        let outcome = load::load(&self.options, self.environment.clone(), generation);
        let mut report = outcome.report;
        let Some(prepared) = outcome.prepared else {
            return Err(report.text(pid, colour));
        };
        let bound = listen::bind_all(&prepared.listeners, |key| held.contains(key), takeover);
        let bound = match bound {
            Ok(bound) => bound,
            Err(problems) => {
                for problem in problems {
                    report.diagnostics.push(problem);
                }
                return Err(report.text(pid, colour));
            }
        };
        let loaded = Loaded {
            generation,
            configure: configure(outcome.bundle),
            keys: prepared.listeners.into_iter().map(|at| at.key).collect(),
            bound,
            daemon: prepared.config.global.daemon,
            pidfile: prepared.config.global.pidfile.map(|path| path.value),
        };
        Ok((loaded, report.text(pid, colour)))
    }
}

fn configure(bundle: Bundle) -> Vec<u8> {
    Parcel::message(&ToBalancer::Configure(Box::new(bundle))).body
}

#[derive(Debug)]
struct Image {
    generation: u64,
    configure: Vec<u8>,
    keys: Vec<String>,
}

/// Everything a balancer is started with.
#[derive(Debug)]
pub struct Configurations {
    current: Image,
    candidate: Option<Image>,
    sockets: HashMap<String, OwnedFd>,
    closed: bool,
}

impl Configurations {
    /// Starts with one that is to be in force.
    pub fn new(loaded: Loaded) -> Self {
        let (current, sockets) = split(loaded);
        Self {
            current,
            candidate: None,
            sockets: sockets.collect(),
            closed: false,
        }
    }

    /// The names of the sockets held.
    pub fn held(&self) -> HashSet<String> {
        self.sockets.keys().cloned().collect()
    }

    /// Takes a candidate in; it waits for `keep` or `discard`.
    pub fn propose(&mut self, loaded: Loaded) {
        let (image, sockets) = split(loaded);
        self.sockets.extend(sockets);
        self.candidate = Some(image);
    }

    /// The candidate is in force: sockets that it does not name are closed.
    pub fn keep(&mut self, generation: u64) {
        if let Some(candidate) = self.candidate.take_if(|it| it.generation == generation) {
            self.current = candidate;
            self.close_unused();
        }
    }

    /// The candidate is not wanted: sockets that were bound for it are closed.
    pub fn discard(&mut self, generation: u64) {
        if self
            .candidate
            .take_if(|it| it.generation == generation)
            .is_some()
        {
            self.close_unused();
        }
    }

    /// Nobody shall accept any more.
    pub fn close(&mut self) {
        self.closed = true;
        self.sockets.clear();
    }

    /// Ends the sockets themselves, whoever else still holds them: the kernel takes a dead
    /// balancer's ring apart in its own time, and until then its ports would answer and be taken.
    /// Sockets that somebody gave us (`fd@N`) are not ours to end.
    pub fn shut_down(&mut self) {
        let ours = self
            .sockets
            .iter()
            .filter(|(key, _)| !key.starts_with(INHERITED));
        for (_, socket) in ours {
            // One that is not listening is ended already.
            let _ = shutdown(socket.as_raw_fd(), Shutdown::Both);
        }
        self.close();
    }

    fn close_unused(&mut self) {
        let used: HashSet<&String> = self.current.keys.iter().collect();
        self.sockets.retain(|key, _| used.contains(key));
    }

    /// The messages that put a generation in force: its sockets, then itself.
    ///
    /// # Errors
    ///
    /// No descriptor is left to duplicate a socket.
    pub fn messages(&self, generation: u64) -> io::Result<Vec<Parcel>> {
        let candidate = self.candidate.as_ref();
        let image = candidate
            .filter(|it| it.generation == generation)
            .unwrap_or(&self.current);
        let keys: &[String] = if self.closed { &[] } else { &image.keys };
        let mut parcels = Vec::new();
        for keys in keys.chunks(MAX_DESCRIPTORS_PER_MESSAGE) {
            let mut parcel = Parcel::message(&ToBalancer::Listeners {
                keys: keys.to_vec(),
            });
            for key in keys {
                let socket = self.sockets.get(key).expect("an image's keys are bound");
                parcel.descriptors.push(socket.try_clone()?);
            }
            parcels.push(parcel);
        }
        parcels.push(Parcel {
            body: image.configure.clone(),
            descriptors: Vec::new(),
        });
        Ok(parcels)
    }
}

fn split(loaded: Loaded) -> (Image, impl Iterator<Item = (String, OwnedFd)>) {
    let image = Image {
        generation: loaded.generation,
        configure: loaded.configure,
        keys: loaded.keys,
    };
    let sockets = loaded.bound.into_iter().map(|it| (it.key, it.socket));
    (image, sockets)
}
