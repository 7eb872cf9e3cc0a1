//! `keel status` in words.

use std::fmt::Write as _;
use std::time::Duration;

use address_keeper::supervision::InstanceStatus;

use crate::supervision::report::{BalancerReport, ChildReport, KeeperReport};
use crate::wire::Status;

/// All supervisors, one paragraph each.
pub fn text(found: &[Status]) -> String {
    if found.is_empty() {
        return "nothing of keel runs here\n".to_owned();
    }
    let paragraphs: Vec<String> = found.iter().map(paragraph).collect();
    paragraphs.join("\n")
}

fn paragraph(status: &Status) -> String {
    let report = &status.report;
    let mut text = format!(
        "{} (pid {}): {}, for {}\n",
        status.command,
        status.pid,
        report.phase,
        duration(report.uptime_s)
    );
    let out = &mut text;
    if let Some(balancer) = &report.balancer {
        describe_balancer(out, balancer).expect("a String takes every write");
    }
    if let Some(keeper) = &report.keeper {
        describe_keeper(out, keeper).expect("a String takes every write");
    }
    text
}

fn describe_balancer(out: &mut String, balancer: &BalancerReport) -> std::fmt::Result {
    let child = &balancer.child;
    let verdict = if balancer.serving {
        "serving"
    } else {
        "NOT serving"
    };
    write!(out, "  balancer: {verdict}, {}", process(child))?;
    writeln!(out, ", configuration {}", balancer.generation)?;
    if let Some(trouble) = &balancer.trouble {
        writeln!(out, "    trouble: {trouble}")?;
    }
    describe_deaths(out, child)
}

fn describe_keeper(out: &mut String, keeper: &KeeperReport) -> std::fmt::Result {
    writeln!(out, "  address keeper: {}", process(&keeper.child))?;
    describe_deaths(out, &keeper.child)?;
    for instance in &keeper.instances {
        describe_instance(out, instance)?;
    }
    Ok(())
}

fn describe_instance(out: &mut String, instance: &InstanceStatus) -> std::fmt::Result {
    writeln!(
        out,
        "    {} (router {} on {}): {} since {}: {}",
        instance.name,
        instance.virtual_router_id,
        instance.interface,
        instance.state,
        moment(instance.since_unix_s),
        instance.reason
    )?;
    let holds = if instance.state == "MASTER" {
        "holds"
    } else {
        "does not hold"
    };
    writeln!(
        out,
        "      {holds} {}; priority {} (configured {})",
        instance.addresses.join(", "),
        instance.effective_priority,
        instance.base_priority
    )?;
    if let Some(master) = &instance.master {
        writeln!(out, "      master: {master}")?;
    }
    for (address, priority) in &instance.peers {
        writeln!(out, "      peer {address}: priority {priority}")?;
    }
    for (why, count) in &instance.refused_adverts {
        writeln!(out, "      refused adverts: {count} for their {why}")?;
    }
    Ok(())
}

fn process(child: &ChildReport) -> String {
    let mut text = child.state.clone();
    if let Some(pid) = child.pid {
        write!(text, " (pid {pid})").expect("a String takes every write");
    }
    if let Some(ready_for_s) = child.ready_for_s {
        write!(text, " for {}", duration(ready_for_s)).expect("a String takes every write");
    }
    text
}

fn describe_deaths(out: &mut String, child: &ChildReport) -> std::fmt::Result {
    match (child.deaths, &child.last_end) {
        (0, _) | (_, None) => Ok(()),
        (1, Some(last)) => writeln!(out, "    died once: {last}"),
        (deaths, Some(last)) => writeln!(out, "    died {deaths} times, last: {last}"),
    }
}

/// Two units at most: `3 d 4 h`, `5 min 6 s`, `7.8 s`.
fn duration(seconds: f64) -> String {
    let whole = Duration::try_from_secs_f64(seconds)
        .unwrap_or_default()
        .as_secs();
    match whole {
        0..60 => format!("{seconds:.1} s"),
        60..3_600 => format!("{} min {} s", whole / 60, whole % 60),
        3_600..86_400 => format!("{} h {} min", whole / 3_600, whole % 3_600 / 60),
        _ => format!("{} d {} h", whole / 86_400, whole % 86_400 / 3_600),
    }
}

/// `2026-11-21 09:08:07 UTC`, by the civil calendar.
fn moment(unix_s: f64) -> String {
    match jiff::Timestamp::from_second(unix_s as i64) {
        Ok(timestamp) => timestamp.strftime("%Y-%m-%d %H:%M:%S UTC").to_string(),
        Err(_) => "an unknown time".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::supervision::report::Report;

    fn child(state: &str, pid: Option<i32>) -> ChildReport {
        ChildReport {
            state: state.to_owned(),
            pid,
            ready_for_s: pid.map(|_| 61.0),
            deaths: 0,
            last_end: None,
        }
    }

    #[test]
    fn a_master_with_a_balancer_that_came_back() {
        let status = Status {
            command: "keel run".to_owned(),
            version: "0.1.0".to_owned(),
            pid: 9,
            report: Report {
                phase: "running".to_owned(),
                uptime_s: 93_784.0,
                balancer: Some(BalancerReport {
                    child: ChildReport {
                        deaths: 2,
                        last_end: Some("the balancer (pid 10) was killed by SIGKILL".to_owned()),
                        ..child("ready", Some(12))
                    },
                    serving: true,
                    trouble: None,
                    generation: 3,
                }),
                keeper: Some(KeeperReport {
                    child: child("ready", Some(11)),
                    instances: vec![InstanceStatus {
                        name: "router37".to_owned(),
                        state: "MASTER".to_owned(),
                        since_unix_s: 1_795_252_087.0,
                        reason: "no master was heard".to_owned(),
                        interface: "eth1".to_owned(),
                        virtual_router_id: 37,
                        base_priority: 101,
                        effective_priority: 103,
                        addresses: vec!["192.168.56.200".to_owned()],
                        master: None,
                        peers: vec![("192.168.56.202".to_owned(), 100)],
                        refused_adverts: vec![("password".to_owned(), 7)],
                    }],
                }),
            },
        };
        assert_eq!(
            text(&[status]),
            "keel run (pid 9): running, for 1 d 2 h\n  \
               balancer: serving, ready (pid 12) for 1 min 1 s, configuration 3\n    \
                 died 2 times, last: the balancer (pid 10) was killed by SIGKILL\n  \
               address keeper: ready (pid 11) for 1 min 1 s\n    \
                 router37 (router 37 on eth1): MASTER since 2026-11-21 09:08:07 UTC: no master \
                 was heard\n      \
                   holds 192.168.56.200; priority 103 (configured 101)\n      \
                   peer 192.168.56.202: priority 100\n      \
                   refused adverts: 7 for their password\n"
        );
    }

    #[test]
    fn a_balancer_that_is_down_is_said_to_be_down() {
        let status = Status {
            command: "keel haproxy".to_owned(),
            version: "0.1.0".to_owned(),
            pid: 9,
            report: Report {
                phase: "running".to_owned(),
                uptime_s: 5.25,
                balancer: Some(BalancerReport {
                    child: child("waiting to be started again", None),
                    serving: false,
                    trouble: Some("the balancer died 3 times in a row".to_owned()),
                    generation: 1,
                }),
                keeper: None,
            },
        };
        assert_eq!(
            text(&[status]),
            "keel haproxy (pid 9): running, for 5.2 s\n  \
               balancer: NOT serving, waiting to be started again, configuration 1\n    \
                 trouble: the balancer died 3 times in a row\n"
        );
        assert_eq!(text(&[]), "nothing of keel runs here\n");
    }
}
