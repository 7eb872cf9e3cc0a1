//! How QUIC is set up: for a local network, small messages first, and a bounded cost.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::time::Duration;

use nix::sys::socket::{getsockopt, setsockopt, sockopt};
use quinn::congestion::CubicConfig;
use quinn::{
    AckFrequencyConfig, EndpointConfig, MtuDiscoveryConfig, ServerConfig, TransportConfig,
    ValidationTokenConfig, VarInt,
};
use socket2::{Domain, Protocol, Socket, Type};

use super::reset::{Ids, ResetKey, ResetSecret};
use super::settings::Limits;

/// A connection on which nothing comes for so long is lost, whatever the layer above thinks.
pub(super) const IDLE_LIMIT: Duration = Duration::from_secs(10);

/// What a round trip is taken for before the first: sets the pace of repetition in a handshake
/// (three times this) and is right within a site. Farther peers cost a few repetitions.
const INITIAL_RTT: Duration = Duration::from_millis(10);

/// Bytes under way before the first acknowledgement: a local network takes them.
const INITIAL_WINDOW_BYTES: u64 = 512 * 1024;

/// Bytes of one stream that may be under way or wait unread.
const STREAM_WINDOW_BYTES: u32 = 4 << 20;

/// Bytes of datagrams that wait to be sent, and as many that wait unread, for each path.
const DATAGRAM_BUFFER_BYTES: usize = 1 << 20;

/// Packets may be larger than those of Ethernet where the network takes it (jumbo frames), but ten of
/// them must fit into the 64 KiB that the kernel takes at once: quinn hands it up to ten.
pub(super) const LARGEST_PACKET_BYTES: u16 = 6500;

/// What Ethernet takes, in bytes: assumed where the way to a peer is not known yet.
const ETHERNET_MTU: u16 = 1500;

/// The headers of IP and UDP, in bytes.
const HEADER_BYTES_IPV4: u16 = 28;
const HEADER_BYTES_IPV6: u16 = 48;

/// QUIC's smallest packet (RFC 9000, 14).
const SMALLEST_PACKET_BYTES: u16 = 1200;

/// Every so many packets of bulk are acknowledged together.
const ACKNOWLEDGE_EVERY: u32 = 10;

/// The longest that an acknowledgement waits for others.
const ACKNOWLEDGE_WITHIN: Duration = Duration::from_millis(5);

/// The size of the kernel's buffers for a link, in bytes: a burst of all nodes at once.
const SOCKET_BUFFER_BYTES: usize = 8 << 20;

/// The first packets of strangers that wait to be looked at.
const WAITING_FIRST_PACKETS: usize = 256;

/// The bytes that strangers' further packets may take meanwhile, for each and for all.
const WAITING_BYTES_EACH: u64 = 16 << 10;
const WAITING_BYTES_ALL: u64 = 1 << 20;

/// The largest packet that can get to any of these peers of a link: QUIC's own search for it would
/// lose packets that are larger, for half a minute.
pub(super) fn largest_packet(peers: impl Iterator<Item = SocketAddr>) -> u16 {
    let of_peer = |peer: SocketAddr| {
        let headers = if peer.is_ipv4() {
            HEADER_BYTES_IPV4
        } else {
            HEADER_BYTES_IPV6
        };
        route_mtu(peer)
            .unwrap_or(ETHERNET_MTU)
            .saturating_sub(headers)
    };
    peers
        .map(of_peer)
        .max()
        .unwrap_or(ETHERNET_MTU - HEADER_BYTES_IPV4)
        .clamp(SMALLEST_PACKET_BYTES, LARGEST_PACKET_BYTES)
}

/// What the kernel knows of the way to `peer` (IP_MTU in ip(7)); nothing is sent.
fn route_mtu(peer: SocketAddr) -> Option<u16> {
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).ok()?;
    socket.connect(peer).ok()?;
    let mtu = getsockopt(&socket, sockopt::IpMtu).ok()?;
    Some(u16::try_from(mtu).unwrap_or(u16::MAX))
}

/// What both ends of a connection agree on.
pub(super) fn transport(largest_packet: u16) -> Arc<TransportConfig> {
    let mut mtu = MtuDiscoveryConfig::default();
    mtu.upper_bound(largest_packet);
    let mut acknowledgements = AckFrequencyConfig::default();
    acknowledgements
        .ack_eliciting_threshold(VarInt::from_u32(ACKNOWLEDGE_EVERY))
        .max_ack_delay(Some(ACKNOWLEDGE_WITHIN));
    let mut congestion = CubicConfig::default();
    congestion.initial_window(INITIAL_WINDOW_BYTES);

    let mut transport = TransportConfig::default();
    transport
        .max_concurrent_bidi_streams(VarInt::from_u32(0))
        .max_concurrent_uni_streams(VarInt::from_u32(1))
        .stream_receive_window(VarInt::from_u32(STREAM_WINDOW_BYTES))
        .receive_window(VarInt::from_u32(STREAM_WINDOW_BYTES))
        .send_window(STREAM_WINDOW_BYTES.into())
        .max_idle_timeout(Some(VarInt::from_u32(IDLE_LIMIT.as_millis() as u32).into()))
        .keep_alive_interval(None)
        .initial_rtt(INITIAL_RTT)
        .mtu_discovery_config(Some(mtu))
        .ack_frequency_config(Some(acknowledgements))
        .congestion_controller_factory(Arc::new(congestion))
        .datagram_receive_buffer_size(Some(DATAGRAM_BUFFER_BYTES))
        .datagram_send_buffer_size(DATAGRAM_BUFFER_BYTES);
    Arc::new(transport)
}

/// What holds for all connections of a link.
pub(super) fn endpoint(secret: &Arc<ResetSecret>) -> EndpointConfig {
    let mut endpoint = EndpointConfig::new(Arc::new(ResetKey(secret.clone())));
    let ids = secret.clone();
    endpoint
        .cid_generator(move || Box::new(Ids(ids.clone())))
        .supported_versions(vec![1])
        .max_udp_payload_size(LARGEST_PACKET_BYTES)
        .expect("a jumbo frame is above QUIC's smallest packet");
    endpoint
}

/// What the accepting end adds.
pub(super) fn server(
    crypto: Arc<dyn quinn::crypto::ServerConfig>,
    transport: Arc<TransportConfig>,
    limits: &Limits,
) -> ServerConfig {
    let mut tokens = ValidationTokenConfig::default();
    tokens.sent(0);
    let mut server = ServerConfig::with_crypto(crypto);
    server
        .transport_config(transport)
        .validation_token_config(tokens)
        .migration(false)
        .max_incoming(WAITING_FIRST_PACKETS + 2 * limits.handshakes)
        .incoming_buffer_size(WAITING_BYTES_EACH)
        .incoming_buffer_size_total(WAITING_BYTES_ALL);
    server
}

/// A link's socket; whether its address was missing on this machine.
///
/// An address that is not there yet (an interface that comes up late) must not keep the other links
/// from working: the socket is bound to it all the same, and works as soon as it comes.
pub(super) fn bind(address: SocketAddr) -> io::Result<(UdpSocket, bool)> {
    let socket = Socket::new(
        Domain::for_address(address),
        Type::DGRAM,
        Some(Protocol::UDP),
    )?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    enlarge_buffers(&socket)?;
    let missing = match socket.bind(&address.into()) {
        Err(error) if error.kind() == io::ErrorKind::AddrNotAvailable => {
            setsockopt(&socket, sockopt::IpFreebind, &true)?;
            socket.bind(&address.into())?;
            true
        }
        bound => {
            bound?;
            false
        }
    };
    Ok((socket.into(), missing))
}

/// Above the system's limit where this process may (CAP_NET_ADMIN), else as far as it goes.
fn enlarge_buffers(socket: &Socket) -> io::Result<()> {
    if setsockopt(socket, sockopt::RcvBufForce, &SOCKET_BUFFER_BYTES).is_err() {
        socket.set_recv_buffer_size(SOCKET_BUFFER_BYTES)?;
    }
    if setsockopt(socket, sockopt::SndBufForce, &SOCKET_BUFFER_BYTES).is_err() {
        socket.set_send_buffer_size(SOCKET_BUFFER_BYTES)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_are_as_large_as_the_way_takes_and_no_larger_than_the_limit() {
        let loopback = SocketAddr::from(([127, 0, 0, 1], 9));
        assert_eq!(largest_packet([loopback].into_iter()), LARGEST_PACKET_BYTES);
        let ipv6 = "[2001:db8::1]:9".parse().unwrap();
        assert_eq!(largest_packet([ipv6].into_iter()), 1452);
        assert_eq!(largest_packet([].into_iter()), 1472);
    }
}
