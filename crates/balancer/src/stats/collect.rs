//! From the running configuration to rows.

use std::sync::PoisonError;
use std::sync::atomic::Ordering;
use std::time::SystemTime;

use haproxy_config::model::{Balance, Mode, Proxy};

use super::column::Column;
use super::rates::{Rate, Rates, Subject};
use super::table::{Row, RowKind, Value};
use crate::health;
use crate::snapshot::{Backend, Frontend, Server, Snapshot};
use crate::state::{Operational, ServerDetail, TrafficTotals};

/// Every row in file order: a proxy's frontend, its servers, its backend. `now` is what ages are
/// counted from.
#[must_use]
pub fn rows(snapshot: &Snapshot, rates: &Rates, now: SystemTime) -> Vec<Row> {
    let mut rows = Vec::new();
    for position in 0..snapshot.config.proxies.len() {
        rows.extend(proxy_rows(snapshot, position, rates, now));
    }
    rows
}

/// The rows of the proxy at that position of the configuration.
#[must_use]
pub fn proxy_rows(
    snapshot: &Snapshot,
    position: usize,
    rates: &Rates,
    now: SystemTime,
) -> Vec<Row> {
    let proxy = &snapshot.config.proxies[position];
    let mut rows = Vec::new();
    let frontend = snapshot.frontends.iter().find(|f| f.proxy == position);
    rows.extend(frontend.map(|frontend| frontend_row(frontend, rates)));
    if let Some(backend) = snapshot.backends.iter().find(|b| b.proxy == position) {
        for server in &backend.servers {
            rows.push(server_row(proxy, backend, server, rates, now));
        }
        rows.push(backend_row(backend, rates, now));
    }
    rows
}

fn text(value: impl Into<String>) -> Value {
    Value::Text(value.into())
}

fn seconds(from: SystemTime, to: SystemTime) -> u64 {
    to.duration_since(from).map_or(0, |since| since.as_secs())
}

/// Puts several values.
macro_rules! put {
    ($row:expr, $($column:ident: $value:expr,)*) => {
        $($row.set(Column::$column, $value);)*
    };
}

fn frontend_row(frontend: &Frontend, rates: &Rates) -> Row {
    let mut row = Row::new(RowKind::Frontend, frontend.id, 0);
    let totals = frontend.state.counters.total();
    let rate = rates.of(&Subject::Frontend(frontend.name.clone()));
    common(&mut row, &frontend.name, "FRONTEND", frontend.mode, &totals);
    let status = if frontend.state.paused.load(Ordering::Relaxed) {
        "STOP"
    } else if frontend
        .connections_max
        .is_some_and(|max| totals.sessions >= u64::from(max))
    {
        "FULL"
    } else {
        "OPEN"
    };
    put!(row,
        SessionsLimit: frontend.connections_max.map_or(Value::Empty, |max| Value::U32(max.into())),
        DeniedRequests: Value::U64(totals.denied_requests),
        RequestErrors: Value::U64(totals.request_errors),
        Status: text(status),
        SessionRateLimit: Value::U32(0),
        ConnectionRate: Value::U32(rate.connections.now),
        ConnectionRateMax: Value::U32(rate.connections.max),
        Connections: Value::U64(totals.connections_total),
        Intercepted: Value::U64(totals.intercepted),
        DeniedConnections: Value::U64(0),
        DeniedSessions: Value::U64(0),
    );
    session_rate(&mut row, rate.sessions);
    if frontend.mode == Mode::Http {
        responses(&mut row, &totals);
        put!(row,
            RequestRate: Value::U32(rate.requests.now),
            RequestRateMax: Value::U32(rate.requests.max),
            Requests: Value::U64(totals.requests),
            RequestsHttp1: Value::U64(totals.requests),
        );
    }
    row
}

fn server_row(
    proxy: &Proxy,
    backend: &Backend,
    server: &Server,
    rates: &Rates,
    now: SystemTime,
) -> Row {
    let mut row = Row::new(RowKind::Server, backend.id, server.id);
    let totals = server.state.counters.total();
    let subject = Subject::Server(backend.name.clone(), server.name.clone());
    common(&mut row, &backend.name, &server.name, backend.mode, &totals);
    toward_servers(&mut row, &totals);
    session_rate(&mut row, rates.of(&subject).sessions);
    let detail = server
        .state
        .detail
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .clone();
    let operational = server.state.operational();
    let check = proxy.servers[server.index].check.as_ref();
    let limits = check.map(|check| (check.rise, check.fall));
    put!(row,
        Status: text(server_status(operational, &detail, limits)),
        SessionsLimit: server.connections_max.map_or(Value::Empty, |max| Value::U32(max.into())),
        QueuedNow: Value::U32(server.state.waiting.len()),
        Weight: Value::U32(server.state.weight().into()),
        UserWeight: Value::U32(server.state.weight().into()),
        Active: Value::U32((!server.backup).into()),
        Backup: Value::U32(server.backup.into()),
        LastChange: Value::U32(seconds(detail.changed, now)),
        QueueLimit: server.queue_max.map_or(Value::Empty, |max| Value::U32(max.into())),
        LastSession: Value::S32(last_session(server, now)),
        Address: text(server.address.to_string()),
        Cookie: server.cookie.clone().map_or(Value::Empty, Value::Text),
        IdleNow: Value::U32(totals.idle_connections),
        SafeIdle: Value::U32(totals.idle_connections),
        IdleLimit: server.idle_max.map_or(Value::Empty, |max| Value::U32(max.into())),
        Used: Value::U32(totals.sessions),
    );
    if backend.mode == Mode::Http {
        responses(&mut row, &totals);
    }
    if let Some(check) = check {
        let status = detail.check.status.unwrap_or("INI");
        let downtime = detail.downtime.as_secs()
            + match operational {
                Operational::Down | Operational::Maintenance => seconds(detail.changed, now),
                Operational::Up | Operational::Drain => 0,
            };
        put!(row,
            ChecksFailed: Value::U64(detail.checks_failed),
            WentDown: Value::U64(detail.went_down),
            Downtime: Value::U32(downtime),
            CheckStatus: text(status),
            CheckCode: detail.check.code.map_or(Value::Empty, |code| Value::U32(code.into())),
            CheckDuration: Value::U64(milliseconds(detail.check.duration)),
            CheckDescription: text(health::description(status)),
            LastCheck: text(detail.check.detail.clone()),
            CheckRise: Value::U32(check.rise.into()),
            CheckFall: Value::U32(check.fall.into()),
            CheckHealth: Value::U32(detail.health.into()),
        );
    }
    row
}

fn backend_row(backend: &Backend, rates: &Rates, now: SystemTime) -> Row {
    let mut row = Row::new(RowKind::Backend, backend.id, 0);
    let totals = backend.state.counters.total();
    common(&mut row, &backend.name, "BACKEND", backend.mode, &totals);
    toward_servers(&mut row, &totals);
    session_rate(
        &mut row,
        rates.of(&Subject::Backend(backend.name.clone())).sessions,
    );
    let (active, backup) = health::usable(backend);
    let alive = active + backup > 0 || backend.servers.is_empty();
    let in_use = |server: &&std::sync::Arc<Server>| {
        server.backup == (active == 0) && server.state.operational() == Operational::Up
    };
    let weight: u32 = backend
        .servers
        .iter()
        .filter(in_use)
        .map(|server| server.state.weight())
        .sum();
    let changed = *backend
        .state
        .changed
        .lock()
        .unwrap_or_else(PoisonError::into_inner);
    let last = backend.servers.iter().map(|s| last_session(s, now));
    let last = last.filter(|age| *age >= 0).min().unwrap_or(-1);
    put!(row,
        SessionsLimit: backend.full_connections.map_or(Value::Empty, |max| Value::U32(max.into())),
        QueuedNow: Value::U32(backend.state.waiting.len()),
        DeniedRequests: Value::U64(totals.denied_requests),
        Status: text(if alive { "UP" } else { "DOWN" }),
        Weight: Value::U32(weight.into()),
        UserWeight: Value::U32(weight.into()),
        Active: Value::U32(active as u64),
        Backup: Value::U32(backup as u64),
        LastChange: Value::U32(seconds(changed, now)),
        LastSession: Value::S32(last),
        Cookie: backend.cookie.as_ref().map_or(Value::Empty, |c| text(c.name.clone())),
        Algorithm: text(algorithm(&backend.balance)),
        Intercepted: Value::U64(totals.intercepted),
    );
    if backend.mode == Mode::Http {
        responses(&mut row, &totals);
        row.set(Column::Requests, Value::U64(totals.requests));
    }
    row
}

/// What every kind of row has.
fn common(row: &mut Row, proxy: &str, service: &str, mode: Mode, totals: &TrafficTotals) {
    let mode = match mode {
        Mode::Tcp => "tcp",
        Mode::Http => "http",
    };
    put!(row,
        ProxyName: text(proxy),
        ServiceName: text(service),
        SessionsNow: Value::U32(totals.sessions),
        SessionsMax: Value::U32(totals.sessions_max),
        SessionsTotal: Value::U64(totals.sessions_total),
        BytesIn: Value::U64(totals.bytes_in),
        BytesOut: Value::U64(totals.bytes_out),
        DeniedResponses: Value::U64(totals.denied_responses),
        Process: Value::U32(1),
        ProxyId: Value::U32(row.proxy_id.into()),
        ServiceId: Value::U32(row.service_id.into()),
        Type: Value::U32(row.kind as u64),
        Mode: text(mode),
        RequestBytesIn: Value::U64(totals.bytes_in),
        ResponseBytesOut: Value::U64(totals.bytes_out),
    );
}

/// What servers and backends have.
fn toward_servers(row: &mut Row, totals: &TrafficTotals) {
    let average = |sum: u64| Value::U32(sum.checked_div(totals.sessions_total).unwrap_or(0));
    put!(row,
        QueuedMax: Value::U32(totals.queued_max),
        ConnectionErrors: Value::U64(totals.connection_errors),
        ResponseErrors: Value::U64(totals.response_errors),
        Retries: Value::U64(totals.retries),
        Redispatches: Value::U64(totals.redispatches),
        Chosen: Value::U64(totals.chosen),
        ClientAborts: Value::U64(totals.client_aborts),
        ServerAborts: Value::U64(totals.server_aborts),
        QueueTime: average(totals.queue_time_ms),
        ConnectTime: average(totals.connect_time_ms),
        ResponseTime: average(totals.response_time_ms),
        TotalTime: average(totals.total_time_ms),
        Connects: Value::U64(totals.connects),
        Reuses: Value::U64(totals.reuses),
    );
}

fn session_rate(row: &mut Row, rate: Rate) {
    put!(row,
        SessionRate: Value::U32(rate.now),
        SessionRateMax: Value::U32(rate.max),
    );
}

fn responses(row: &mut Row, totals: &TrafficTotals) {
    put!(row,
        Responses1xx: Value::U64(totals.responses_1xx),
        Responses2xx: Value::U64(totals.responses_2xx),
        Responses3xx: Value::U64(totals.responses_3xx),
        Responses4xx: Value::U64(totals.responses_4xx),
        Responses5xx: Value::U64(totals.responses_5xx),
        ResponsesOther: Value::U64(totals.responses_other),
    );
}

/// `UP`, `UP 1/3` (failing), `DOWN`, `DOWN 1/2` (recovering), `MAINT`, `DRAIN`, `no check`.
fn server_status(
    operational: Operational,
    detail: &ServerDetail,
    limits: Option<(u32, u32)>,
) -> String {
    match (operational, limits) {
        (Operational::Maintenance, _) => "MAINT".to_owned(),
        (Operational::Drain, _) => "DRAIN".to_owned(),
        (Operational::Down, Some((rise, _))) if detail.health > 0 => {
            format!("DOWN {}/{rise}", detail.health)
        }
        (Operational::Down, _) => "DOWN".to_owned(),
        (Operational::Up, None) => "no check".to_owned(),
        (Operational::Up, Some((rise, fall))) => {
            // Before its first check a server stands at `rise`.
            let left = (detail.health + 1).saturating_sub(rise);
            if left < fall {
                format!("UP {left}/{fall}")
            } else {
                "UP".to_owned()
            }
        }
    }
}

/// Seconds since the last session, -1 where there was none.
fn last_session(server: &Server, now: SystemTime) -> i64 {
    let last = server.state.last_session();
    if last == 0 {
        return -1;
    }
    let now = seconds(SystemTime::UNIX_EPOCH, now);
    i64::try_from(now.saturating_sub(last)).unwrap_or(i64::MAX)
}

fn milliseconds(duration: std::time::Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// The word after `balance`.
#[must_use]
pub fn algorithm(balance: &Balance) -> &'static str {
    match balance {
        Balance::RoundRobin => "roundrobin",
        Balance::StaticRoundRobin => "static-rr",
        Balance::LeastConnections => "leastconn",
        Balance::First => "first",
        Balance::Source => "source",
    }
}
