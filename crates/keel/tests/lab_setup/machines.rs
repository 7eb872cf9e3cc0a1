//! Machines on which `keel pcsd` runs, and nothing else yet.

use std::net::Ipv4Addr;
use std::path::Path;

use cluster_api::{Answer, Client, Request, Status};
use lab::{Lab, LabBuilder, NodeSpec, Target};
use nix::sys::signal::Signal;
use tempfile::TempDir;
use testing_support::{LIMIT, eventually};

/// The password of all machines.
pub const PASSWORD: &str = "correct-horse";
const KEEL: &str = env!("CARGO_BIN_EXE_keel");

/// The password that user hacluster has on all machines, and its entry in shadow(5).
pub const USERS_PASSWORD: &str = "battery-staple";
const SHADOW: &str = "hacluster:$6$abcdefgh$.eBdE6A.gtR.cQOr3yyPUJC0o2CFu6k47RIHsgLzzKhgod/i3tupyAHe6KLgm27FF72Z2nz.seRk7j7H2eDD71:19000:0:99999:7:::\n";

/// The machines.
pub struct Machines {
    lab: Lab,
    names: Vec<String>,
    /// With a folder for each machine, in which the socket of its daemon is.
    folder: TempDir,
}

impl Machines {
    /// Machines of these names with a password, and pcsd on each. `None` (and a recorded skip) where
    /// this computer allows none.
    pub fn start(names: &[&str]) -> Option<Self> {
        let machines = Self::bare(names)?;
        for name in names {
            let password = format!("echo {PASSWORD} | keel pcsd password --stdin");
            machines.does(name, &password);
            machines.start_pcsd(name);
        }
        Some(machines)
    }

    /// Machines of these names on which nothing runs; `keel` is there under the names of the programs
    /// and services whose place it takes.
    pub fn bare(names: &[&str]) -> Option<Self> {
        let folder = TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let mut builder = LabBuilder::new(KEEL).switch("office");
        for (name, number) in names.iter().zip(1..) {
            builder = builder.node(machine(name, number, folder.path()));
        }
        let lab = match builder.start() {
            Ok(lab) => lab,
            Err(lab::Error::NotAllowed { reason, enable }) => {
                testing_support::skip(&reason, &enable);
                return None;
            }
            Err(error) => panic!("{error}"),
        };
        let machines = Self {
            lab,
            names: names.iter().map(|name| (*name).to_owned()).collect(),
            folder,
        };
        for name in names {
            for link in [
                "/run/pcs",
                "/run/ccs",
                "/etc/init.d/cman",
                "/etc/init.d/pacemaker",
            ] {
                machines.does(name, &format!("ln -sf /run/keel-lab/bin/keel {link}"));
            }
        }
        Some(machines)
    }

    /// A folder that all machines and this computer have.
    pub fn shared(&self) -> String {
        self.folder.path().display().to_string()
    }

    /// Starts pcsd, and waits until it answers.
    pub fn start_pcsd(&self, node: &str) {
        let line = self.line(node, "exec keel pcsd");
        self.lab
            .node(node)
            .spawn("pcsd", &["sh", "-c", &line])
            .unwrap();
        eventually("pcsd listens", || {
            let output = self.run(node, "keel pcsd status");
            output.success().then_some(())
        });
    }

    /// Runs a line, which must succeed; what it prints, standard error behind standard output.
    #[track_caller]
    pub fn does(&self, node: &str, line: &str) -> String {
        let output = self.run(node, line);
        let said = output.stdout.clone() + &output.stderr;
        assert!(output.success(), "{node}: {line}: {said}");
        said
    }

    /// Runs a line, which must fail and say this.
    #[track_caller]
    pub fn fails(&self, node: &str, line: &str, expected: &str) {
        let output = self.run(node, line);
        let said = output.stdout.clone() + &output.stderr;
        assert!(!output.success(), "{node}: {line}: {said}");
        assert!(said.contains(expected), "{node}: {line}: {said}");
    }

    fn run(&self, node: &str, line: &str) -> lab::Output {
        let line = self.line(node, line);
        self.lab
            .node(node)
            .run(&["sh", "-c", &line], LIMIT)
            .unwrap()
    }

    /// With the links of `keel` before all other programs, and the daemon's socket where this
    /// computer reaches it.
    fn line(&self, node: &str, line: &str) -> String {
        let socket = self.socket(node);
        format!(
            "export PATH=/run:$PATH {}={}; {line}",
            cluster_api::SOCKET_VARIABLE,
            socket.display()
        )
    }

    fn socket(&self, node: &str) -> std::path::PathBuf {
        self.folder.path().join(node).join("cluster.sock")
    }

    /// Makes a cluster of nodes and starts it.
    pub fn set_up(&self, name: &str, nodes: &[&str]) {
        let list = nodes.join(" ");
        self.does(
            nodes[0],
            &format!("pcs host auth {list} -u hacluster -p {PASSWORD}"),
        );
        self.does(
            nodes[0],
            &format!("pcs cluster setup {name} {list} --start"),
        );
    }

    fn status(&self, node: &str) -> Option<Status> {
        let mut client = Client::connect_to(&self.socket(node)).ok()?;
        client.limit(Some(LIMIT)).ok()?;
        match client.ask(&Request::Status) {
            Ok(Answer::Status(status)) => Some(*status),
            _ => None,
        }
    }

    /// The counter of a node's view.
    pub fn view(&self, node: &str) -> u64 {
        self.status(node).expect("it runs").view.counter
    }

    /// Waits until these nodes are in one view, alone, with quorum and one CIB.
    #[track_caller]
    pub fn together(&self, nodes: &[&str]) {
        eventually(&format!("{nodes:?} are together"), || {
            let states: Option<Vec<Status>> = nodes.iter().map(|node| self.status(node)).collect();
            let states = states?;
            let view = &states[0].view;
            let are = states.iter().all(|status| {
                status.view.members.len() == nodes.len()
                    && status.view.counter == view.counter
                    && status.quorum.is_quorate
                    && status.cib.is_established
            });
            are.then_some(())
        });
    }

    /// Signals the processes of a name.
    #[track_caller]
    pub fn signal(&self, node: &str, process: &str, signal: Signal) {
        let target = Target::Process(process.to_owned());
        let (_, count) = self.lab.node(node).signal(&target, signal).unwrap();
        assert!(count > 0, "no {process} on {node}");
    }

    /// What a command of a machine has said since it was last started.
    pub fn log(&self, node: &str, command: &str) -> String {
        self.lab.node(node).log(command).unwrap_or_default()
    }
}

impl Drop for Machines {
    fn drop(&mut self) {
        if std::thread::panicking() {
            for node in &self.names {
                eprintln!("--- {node}\n{}", self.log(node, "pcsd"));
                let daemon = self.run(node, "cat /var/log/keel/cluster.log");
                eprintln!("{}", daemon.stdout);
            }
        }
    }
}

fn machine(name: &str, number: u8, folder: &Path) -> NodeSpec {
    let own = folder.join(name);
    std::fs::create_dir_all(&own).unwrap();
    NodeSpec::new(name)
        .shared(folder.display().to_string())
        .file("/etc/init.d/README", "")
        .file("/etc/shadow", SHADOW)
        .interface("eth0", "office", Ipv4Addr::new(10, 78, 0, number), 24)
}
