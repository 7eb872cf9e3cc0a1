//! `keel witness`: several clusters, one vote for each.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use quinn::crypto::rustls::HandshakeData;
use quinn::{Connection, Endpoint, Incoming, RecvStream, SendStream, ServerConfig, VarInt};
use quorum::witness::{ClusterName, MAX_REQUEST_BYTES, Request, Witness, WitnessLimits};
use rustls::pki_types::CertificateDer;

use super::WITNESS_NODE;
use super::tls::{self, Clusters, dialled};
use crate::clock;
use crate::keys::{Keys, Usage};

/// Where a witness finds a folder with keys for each cluster.
pub const WITNESS_FOLDER: &str = "/etc/keel/witness";
/// Connections at once.
const MAX_CONNECTIONS: usize = 4096;
/// Requests of one connection at once.
const MAX_STREAMS: u32 = 16;
/// A node that says nothing for so long has lost its connection.
const IDLE: Duration = Duration::from_secs(10);
/// A request and its answer may take so long.
const REQUEST_LIMIT: Duration = Duration::from_secs(2);

/// Why a witness does not serve.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// The folder cannot be read.
    #[error("{}: {error}", path.display())]
    Folder {
        /// Which.
        path: PathBuf,
        /// What the system says.
        error: std::io::Error,
    },
    /// There is no cluster in it.
    #[error("{} has no cluster: put a folder with authority.pem, node.pem and node.key into it, named as the cluster", .0.display())]
    NoCluster(PathBuf),
    /// A cluster's keys are of no use.
    #[error("cluster {cluster}: {error}")]
    Keys {
        /// Which.
        cluster: String,
        /// Why.
        error: crate::keys::KeysError,
    },
    /// TLS or the socket refuse.
    #[error("{0}")]
    Start(String),
}

/// Serves until the process ends. `say`: a line for the log.
///
/// # Errors
/// Where it cannot begin.
pub async fn serve(listen: SocketAddr, folder: &Path, say: fn(&str)) -> Result<(), ServerError> {
    let clusters = Arc::new(read_clusters(folder)?);
    let names: Vec<&str> = clusters.values().map(|keys| keys.cluster()).collect();
    let crypto = tls::server(&clusters).map_err(|error| ServerError::Start(error.to_string()))?;
    let mut config = ServerConfig::with_crypto(Arc::new(crypto));
    let mut transport = quinn::TransportConfig::default();
    transport
        .max_concurrent_bidi_streams(VarInt::from_u32(MAX_STREAMS))
        .max_concurrent_uni_streams(VarInt::from_u32(0))
        .datagram_receive_buffer_size(None)
        .max_idle_timeout(Some(VarInt::from_u32(IDLE.as_millis() as u32).into()));
    config.transport_config(Arc::new(transport));
    let endpoint = Endpoint::server(config, listen)
        .map_err(|error| ServerError::Start(format!("{listen}: {error}")))?;
    say(&format!(
        "the witness serves {} on {listen}",
        names.join(", ")
    ));
    let witness = Arc::new(Mutex::new(Witness::new(
        WitnessLimits::default(),
        clock::now(),
    )));
    while let Some(incoming) = endpoint.accept().await {
        if endpoint.open_connections() >= MAX_CONNECTIONS {
            incoming.refuse();
            continue;
        }
        // Somebody who forges his address gets nothing but a small packet.
        if !incoming.remote_address_validated() {
            let _ = incoming.retry();
            continue;
        }
        tokio::spawn(attend(incoming, clusters.clone(), witness.clone(), say));
    }
    Ok(())
}

fn read_clusters(folder: &Path) -> Result<Clusters, ServerError> {
    let failed = |error| ServerError::Folder {
        path: folder.to_path_buf(),
        error,
    };
    let mut clusters = BTreeMap::new();
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        if !entry.path().is_dir() {
            continue;
        }
        let cluster = entry.file_name().to_string_lossy().into_owned();
        let keys = Keys::read(&entry.path(), &cluster, WITNESS_NODE).map_err(|error| {
            ServerError::Keys {
                cluster: cluster.clone(),
                error,
            }
        })?;
        clusters.insert(dialled(&cluster), Arc::new(keys));
    }
    if clusters.is_empty() {
        Err(ServerError::NoCluster(folder.to_path_buf()))
    } else {
        Ok(clusters)
    }
}

/// Who is on the other end: the cluster's name and the node.
fn identify(connection: &Connection, clusters: &Clusters) -> Option<(ClusterName, u32)> {
    let data = connection
        .handshake_data()?
        .downcast::<HandshakeData>()
        .ok()?;
    let keys = clusters.get(&data.server_name?)?;
    let certificates = connection
        .peer_identity()?
        .downcast::<Vec<CertificateDer<'static>>>()
        .ok()?;
    let node = keys.verify(&certificates, Usage::Dialling).ok()?;
    Some((ClusterName::new(keys.cluster())?, node))
}

async fn attend(
    incoming: Incoming,
    clusters: Arc<Clusters>,
    witness: Arc<Mutex<Witness>>,
    say: fn(&str),
) {
    let address = incoming.remote_address();
    let connection = match incoming.await {
        Ok(connection) => connection,
        Err(error) => {
            say(&format!("a connection from {address} is refused: {error}"));
            return;
        }
    };
    let Some((cluster, node)) = identify(&connection, &clusters) else {
        say(&format!(
            "a connection from {address} is refused: it is of another cluster than the one it dialled"
        ));
        connection.close(
            VarInt::from_u32(1),
            b"another cluster than the one that was dialled",
        );
        return;
    };
    say(&format!(
        "cluster {}: node {node} is here, from {address}",
        cluster.as_str()
    ));
    while let Ok((to, from)) = connection.accept_bi().await {
        let (cluster, witness) = (cluster.clone(), witness.clone());
        tokio::spawn(async move {
            let _ = tokio::time::timeout(REQUEST_LIMIT, answer(to, from, &cluster, node, &witness))
                .await;
        });
    }
    say(&format!(
        "cluster {}: node {node} is gone",
        cluster.as_str()
    ));
    witness
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .disconnected(&cluster, node);
}

/// One request, one answer. A node speaks for itself and its own cluster only.
async fn answer(
    mut to: SendStream,
    mut from: RecvStream,
    cluster: &ClusterName,
    node: u32,
    witness: &Mutex<Witness>,
) -> Option<()> {
    let bytes = from.read_to_end(MAX_REQUEST_BYTES).await.ok()?;
    let request = Request::decode(&bytes).ok()?;
    if request.cluster != *cluster || request.node != node {
        return None;
    }
    let answer = witness
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .handle(&request, clock::now());
    to.write_all(&answer.encode()).await.ok()?;
    to.finish().ok()
}
