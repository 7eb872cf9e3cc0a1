//! `keel cluster run`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use cluster_api::{SOCKET, SOCKET_VARIABLE};
use cluster_node::{ClusterNode, Start};
use corosync_config::model::MessageTransport;
use membership::{Incarnation, Member};
use replica::Replica;

use super::{Place, failure};
use crate::agent_commands;
use crate::clients::Clients;
use crate::clock;
use crate::daemon::{Daemon, Parts};
use crate::group::{Embedded, GroupService};
use crate::lives;
use crate::log::Log;
use crate::setup::{self, Setup};
use crate::witness::WitnessSide;
use crate::writer::Writer;

/// Options of `run`.
#[derive(Debug, Args)]
pub(super) struct RunOptions {
    #[command(flatten)]
    place: Place,
    /// The local socket [default: /run/keel/cluster.sock]
    #[arg(long, value_name = "PATH")]
    socket: Option<PathBuf>,
}

pub(super) fn run(options: &RunOptions) -> ExitCode {
    match try_run(options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failure(&error),
    }
}

fn try_run(options: &RunOptions) -> Result<(), String> {
    let (configuration, sources) = setup::read(&options.place.path())?;
    let setup = Setup::of(configuration, &sources, options.place.node.as_deref())?;
    if setup.transport() == MessageTransport::Corosync && cfg!(not(feature = "corosync")) {
        return Err(
            "keel.transport: corosync is not part of this build (cargo build --features corosync)"
                .to_owned(),
        );
    }
    // A name that is not set is an inconvenience, and no reason not to serve.
    let _ = system::process::set_process_name("keel-cluster");
    let mut log = Log::of(&setup.configuration, setup.name(setup.node));
    if provide_keys(&setup)? {
        log.say(
            "this node has made its keys with the authority that its configuration brings along",
        );
    }
    if setup.configuration.keel.authority.is_some() && is_readable_by_others(&options.place.path())
    {
        log.say(
            "others on this machine can read the configuration, and with it make nodes of this cluster: \
             chmod 0600, and make a new authority if anybody else was here",
        );
    }
    if let Err(error) = system::process::run_in_real_time() {
        log.say(&format!(
            "this process does not run in real time ({error}): on a busy machine it may be late"
        ));
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let runtime = runtime.map_err(|error| error.to_string())?;
    runtime.block_on(serve(setup, log, options))
}

fn is_readable_by_others(path: &std::path::Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(path).is_ok_and(|data| data.permissions().mode() & 0o077 != 0)
}

/// Makes the node's keys, where the configuration has the authority for it and they are not there.
fn provide_keys(setup: &Setup) -> Result<bool, String> {
    let Some(written) = &setup.configuration.keel.authority else {
        return Ok(false);
    };
    let authority = cluster_keys::Authority {
        certificates_pem: written.certificate_pem(),
        key_pem: written.key_pem(),
    };
    let (node, name) = (setup.node, setup.name(setup.node));
    let made = cluster_keys::provide(&setup.keys, &authority, setup.cluster(), node.0, name);
    made.map_err(|error| error.to_string())
}

async fn serve(setup: Setup, mut log: Log, options: &RunOptions) -> Result<(), String> {
    let socket = options
        .socket
        .clone()
        .or_else(|| std::env::var_os(SOCKET_VARIABLE).map(PathBuf::from));
    let socket = socket.unwrap_or_else(|| PathBuf::from(SOCKET));
    // The socket first: it tells that another daemon runs before that one's files are touched.
    let clients =
        Clients::listen(&socket).map_err(|error| format!("{}: {error}", socket.display()))?;
    let (agents, problem) = agent_commands::settings(&socket);
    if let Some(problem) = problem {
        log.say(&problem);
    }
    let (writer, found) = Writer::start(&setup.cib, setup.generations)?;
    for said in &found.said {
        log.say(said);
    }
    let life =
        lives::begin(&setup.cib).map_err(|error| format!("{}: {error}", setup.cib.display()))?;
    let me = Member {
        node: setup.node,
        incarnation: Incarnation(life.incarnation),
    };
    let counter = found.start.copy.position.term.max(found.start.promised);
    let replica = Replica::new(me, found.start.copy, found.start.promised);
    let now = clock::now();
    let node = ClusterNode::new(
        Start {
            me,
            options: setup.quorum.clone(),
            record: found.record,
            replica,
            nodes: Some(
                setup
                    .names
                    .iter()
                    .map(|(node, name)| (node.0, name.clone()))
                    .collect(),
            ),
        },
        now,
    );
    let settings = settings(&setup, me, counter, &node);
    log.say(&format!(
        "node {} of cluster {} begins",
        setup.name(setup.node),
        setup.cluster()
    ));
    let with = With {
        setup,
        node,
        writer,
        clients,
        log,
        agents,
    };
    match with.setup.transport() {
        MessageTransport::Embedded => {
            let group = Embedded::start(&with.setup, settings, now);
            let group = group.map_err(|error| error.to_string())?;
            let witness = match &with.setup.configuration.quorum.device {
                Some(device) => Some(WitnessSide::start(&with.setup, device, life.incarnation)?),
                None => None,
            };
            with.run(group, witness).await
        }
        #[cfg(feature = "corosync")]
        MessageTransport::Corosync => {
            let group = crate::group::Corosync::start(&with.setup, settings, now);
            let node = with.node.judged_by("corosync's votequorum");
            let with = With { node, ..with };
            // Corosync's own qdevice asks the witness.
            with.run(group.map_err(|error| error.to_string())?, None)
                .await
        }
        #[cfg(not(feature = "corosync"))]
        MessageTransport::Corosync => Err("this build has no corosync".to_owned()),
    }
}

/// What the group is made of, whichever it is.
fn settings(setup: &Setup, me: Member, counter: u64, node: &ClusterNode) -> membership::Settings {
    membership::Settings {
        me,
        peers: setup
            .names
            .keys()
            .copied()
            .filter(|node| *node != setup.node)
            .collect(),
        links: setup.links.iter().map(|link| link.number).collect(),
        timing: setup.timing,
        commitment: setup.commitment.clone(),
        counter,
        attachment: node.attachment(),
    }
}

/// Everything but the group.
struct With {
    setup: Setup,
    node: ClusterNode,
    writer: Writer,
    clients: Clients,
    log: Log,
    agents: agents::Settings,
}

impl With {
    async fn run(
        mut self,
        group: impl GroupService,
        witness: Option<WitnessSide>,
    ) -> Result<(), String> {
        if let Err(error) = system::service_manager::notify_ready() {
            self.log.say(&format!(
                "who started this process cannot be told that it runs: {error}"
            ));
        }
        let daemon = Daemon::new(Parts {
            witness,
            setup: self.setup,
            group,
            node: self.node,
            writer: self.writer,
            clients: self.clients,
            log: self.log,
            agents: self.agents,
        });
        daemon.run().await.map_err(|error| error.to_string())
    }
}
