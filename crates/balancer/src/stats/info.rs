//! `show info`: what the process says about itself.

use std::fmt::Write as _;
use std::sync::atomic::Ordering;
use std::time::SystemTime;

use haproxy_config::CLAIMED_VERSION;

use super::rates::{Rates, Subject};
use super::table::{Value, json_field};
use crate::snapshot::Snapshot;

/// One line of `show info`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    /// Its position in HAProxy's list.
    pub position: usize,
    /// Its name.
    pub name: &'static str,
    /// Origin, nature and scope of the typed output.
    pub tags: &'static str,
    /// The value.
    pub value: Value,
}

/// Everything that is known, in HAProxy's order.
#[must_use]
pub fn facts(snapshot: &Snapshot, rates: &Rates, now: SystemTime) -> Vec<Fact> {
    let process = &snapshot.process;
    let totals = process.counters.total();
    let rate = rates.of(&Subject::Process);
    let up = now.duration_since(process.started).unwrap_or_default();
    let started = process
        .started
        .duration_since(SystemTime::UNIX_EPOCH)
        .map_or(0, |since| since.as_secs());
    let descriptors = nix::sys::resource::getrlimit(nix::sys::resource::Resource::RLIMIT_NOFILE)
        .map_or(0, |(soft, _)| soft);
    let maxconn = snapshot.limits.connections_max.map_or(0, u64::from);
    let global = &snapshot.config.global;
    let node = global.node.clone().unwrap_or_else(host_name);
    let words = |text: &str| Value::Text(text.to_owned());
    let threads = process.counters.iter().count() as u64;
    let listeners = (snapshot.listeners.len() + global.stats_sockets.len()) as u64;
    let mut facts = Vec::new();
    let mut put = |position, name, tags, value| {
        facts.push(Fact {
            position,
            name,
            tags,
            value,
        });
    };
    put(0, "Name", "POS", words("HAProxy"));
    put(
        1,
        "Version",
        "POS",
        Value::Text(CLAIMED_VERSION.to_string()),
    );
    put(3, "Nbthread", "CGS", Value::U32(threads));
    put(4, "Nbproc", "CGS", Value::U32(1));
    put(5, "Process_num", "KGP", Value::U32(1));
    put(
        6,
        "Pid",
        "SGP",
        Value::U32(process.pid.load(Ordering::Relaxed).into()),
    );
    put(7, "Uptime", "MDP", Value::Text(uptime(up.as_secs())));
    put(8, "Uptime_sec", "MDP", Value::U32(up.as_secs()));
    put(9, "Start_time_sec", "MDP", Value::U32(started));
    put(17, "Ulimit-n", "CLP", Value::U32(descriptors));
    put(18, "Maxsock", "CLP", Value::U32(descriptors));
    put(19, "Maxconn", "CLP", Value::U32(maxconn));
    put(20, "Hard_maxconn", "CLP", Value::U32(maxconn));
    put(21, "CurrConns", "MGP", Value::U32(totals.connections));
    put(22, "CumConns", "MCP", Value::U64(totals.connections_total));
    put(23, "CumReq", "MCP", Value::U64(totals.requests_total));
    put(
        25,
        "CurrSslConns",
        "MGP",
        Value::U32(totals.tls_connections),
    );
    put(
        26,
        "CumSslConns",
        "MCP",
        Value::U64(totals.tls_connections_total),
    );
    put(30, "ConnRate", "MRP", Value::U32(rate.connections.now));
    put(31, "ConnRateLimit", "CLP", Value::U32(0));
    put(32, "MaxConnRate", "MMP", Value::U32(rate.connections.max));
    put(33, "SessRate", "MRP", Value::U32(rate.sessions.now));
    put(34, "SessRateLimit", "CLP", Value::U32(0));
    put(35, "MaxSessRate", "MMP", Value::U32(rate.sessions.max));
    put(54, "node", "COS", Value::Text(node));
    if let Some(description) = &global.description {
        put(55, "description", "COS", words(description));
    }
    put(56, "Stopping", "SGP", Value::U32(0));
    put(59, "Listeners", "MGP", Value::U32(listeners));
    let dropped = process.log_dropped.load(Ordering::Relaxed);
    put(62, "DroppedLogs", "MCP", Value::U64(dropped));
    put(65, "TotalBytesOut", "MCP", Value::U64(totals.bytes_out));
    let build = format!("Evenkeel keel {}", env!("CARGO_PKG_VERSION"));
    put(70, "Build info", "POS", Value::Text(build));
    facts
}

/// `show info`: one `Name: value` a line.
#[must_use]
pub fn plain(facts: &[Fact]) -> String {
    let mut text = String::new();
    for fact in facts {
        writeln!(text, "{}: {}", fact.name, fact.value.plain())
            .expect("a String takes every write");
    }
    text
}

/// `show info typed`.
#[must_use]
pub fn typed(facts: &[Fact]) -> String {
    let mut text = String::new();
    for fact in facts {
        writeln!(
            text,
            "{}.{}.1:{}V:{}:{}",
            fact.position,
            fact.name,
            fact.tags,
            fact.value.type_name(),
            fact.value.plain()
        )
        .expect("a String takes every write");
    }
    text
}

/// `show info json`.
#[must_use]
pub fn json(facts: &[Fact]) -> String {
    let fields: Vec<String> = facts
        .iter()
        .map(|fact| {
            let field = json_field(fact.position, fact.name, fact.tags, &fact.value);
            format!("{{{field}}}")
        })
        .collect();
    format!("[{}]\n", fields.join(","))
}

/// `1d 2h03m04s`.
#[must_use]
pub fn uptime(seconds: u64) -> String {
    let (minutes, seconds) = (seconds / 60, seconds % 60);
    let (hours, minutes) = (minutes / 60, minutes % 60);
    format!("{}d {}h{minutes:02}m{seconds:02}s", hours / 24, hours % 24)
}

/// The machine's name; empty where it has none.
pub(super) fn host_name() -> String {
    nix::unistd::gethostname()
        .ok()
        .and_then(|name| name.into_string().ok())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::uptime;

    #[test]
    fn uptime_reads_as_in_haproxy() {
        for (seconds, expected) in [
            (5, "0d 0h00m05s"),
            (3_661, "0d 1h01m01s"),
            (90_061, "1d 1h01m01s"),
        ] {
            assert_eq!(uptime(seconds), expected);
        }
    }
}
