//! Which node of the configuration this machine is.

use corosync_config::Configuration;
use diagnostics::Diagnostic;
use membership::NodeId;
use system::netlink::Netlink;

use super::addresses::Resolved;

/// By what the operator says, or by the machine's addresses, or by its name.
pub(super) fn find(
    configuration: &Configuration,
    resolved: &Resolved,
    wanted: Option<&str>,
) -> Result<NodeId, Diagnostic> {
    if let Some(wanted) = wanted {
        return named(configuration, wanted);
    }
    let own = own_addresses();
    let mut mine: Vec<NodeId> = resolved
        .iter()
        .filter(|(_, ip)| own.contains(ip))
        .map(|((node, _), _)| *node)
        .collect();
    mine.dedup();
    match mine[..] {
        [node] => return Ok(node),
        [one, other, ..] => {
            return Err(Diagnostic::error(format!(
                "this machine has the addresses of node {one} and of node {other}: say which one it is with --node"
            )));
        }
        [] => {}
    }
    let host = nix::unistd::gethostname().unwrap_or_default();
    let host = host.to_string_lossy();
    let short = host.split('.').next().unwrap_or_default();
    let by_name = configuration
        .nodes
        .iter()
        .find(|node| node.name.value == host || node.name.value == short);
    by_name.map(|node| NodeId(node.id.value)).ok_or_else(|| {
        Diagnostic::error(format!(
            "this machine, '{host}', is none of the nodes: it has none of their addresses and none of their names"
        ))
    })
}

fn named(configuration: &Configuration, wanted: &str) -> Result<NodeId, Diagnostic> {
    let by_id = wanted.parse().ok().and_then(|id| configuration.node(id));
    let node = configuration.node_named(wanted).or(by_id);
    node.map(|node| NodeId(node.id.value)).ok_or_else(|| {
        let names = configuration
            .nodes
            .iter()
            .map(|node| node.name.value.as_str());
        let meant = diagnostics::nearest(wanted, names)
            .map_or(String::new(), |name| format!("; did you mean '{name}'?"));
        Diagnostic::error(format!(
            "there is no node '{wanted}' in the configuration{meant}"
        ))
    })
}

fn own_addresses() -> Vec<std::net::IpAddr> {
    let list = Netlink::open().and_then(|mut netlink| netlink.addresses(None));
    list.map(|list| list.into_iter().map(|address| address.address).collect())
        .unwrap_or_default()
}
