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
use crate::clients::Clients;
use crate::clock;
use crate::daemon::{Daemon, Parts};
use crate::group::Embedded;
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
    if setup.transport() == MessageTransport::Corosync {
        return Err("keel.transport: corosync is not part of this build".to_owned());
    }
    let mut log = Log::of(&setup.configuration, setup.name(setup.node));
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

async fn serve(setup: Setup, mut log: Log, options: &RunOptions) -> Result<(), String> {
    let socket = options
        .socket
        .clone()
        .or_else(|| std::env::var_os(SOCKET_VARIABLE).map(PathBuf::from));
    let socket = socket.unwrap_or_else(|| PathBuf::from(SOCKET));
    // The socket first: it tells that another daemon runs before that one's files are touched.
    let clients =
        Clients::listen(&socket).map_err(|error| format!("{}: {error}", socket.display()))?;
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
        },
        now,
    );
    let settings = membership::Settings {
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
    };
    log.say(&format!(
        "node {} of cluster {} begins",
        setup.name(setup.node),
        setup.cluster()
    ));
    let group = Embedded::start(&setup, settings, now).map_err(|error| error.to_string())?;
    let witness = match &setup.configuration.quorum.device {
        Some(device) => Some(WitnessSide::start(&setup, device, life.incarnation)?),
        None => None,
    };
    let daemon = Daemon::new(Parts {
        witness,
        setup,
        group,
        node,
        writer,
        clients,
        log,
    });
    daemon.run().await.map_err(|error| error.to_string())
}
