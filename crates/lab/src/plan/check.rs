//! From the words of `lab.toml` to a plan that can be played.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::ops::Range;
use std::str::FromStr;
use std::time::Duration;

use diagnostics::{Diagnostic, Diagnostics, SourceId};
use nix::sys::signal::Signal;
use toml::Spanned;

use crate::probe::{self, Question};
use crate::protocol::{AddressSpec, InterfaceSpec, NodeSpec};

use super::file::{
    EngineFile, FaultFile, InterfaceFile, NodeFile, PlanFile, ProbeFile, Scalar, TimesFile, Words,
    span,
};
mod cluster;

use super::{Action, CLIENT, Command, Engine, Fault, HOLDER, Limits, Plan, Times};

/// The longest name of an interface: `IFNAMSIZ` less its end.
const MAX_INTERFACE_BYTES: usize = 15;
/// What a fault may `do`.
const ACTIONS: [&str; 10] = [
    "kill",
    "stop",
    "pause",
    "node-death",
    "link-cut",
    "link-flap",
    "partition",
    "drop",
    "fill-disk",
    "run",
];
const DEFAULT_SETTLE: Duration = Duration::from_secs(20);
const DEFAULT_STEADY: Duration = Duration::from_millis(300);
const DEFAULT_LEAD: Duration = Duration::from_millis(300);
const DEFAULT_OBSERVE: Duration = Duration::from_millis(1_000);
const DEFAULT_AT_MOST: Duration = Duration::from_millis(8_000);
const DEFAULT_PACE_MS: f64 = 2.0;
const DEFAULT_TIMEOUT_MS: u64 = 250;

/// Yields a file that the plan names.
type Read<'a> = &'a dyn Fn(&str) -> io::Result<Vec<u8>>;

pub(super) fn check(source: SourceId, file: PlanFile, read: Read<'_>) -> Result<Plan, Diagnostics> {
    let mut check = Check {
        source,
        problems: Diagnostics::new(),
        switches: file.switches.iter().map(|s| s.get_ref().clone()).collect(),
        nodes: file
            .node
            .iter()
            .map(|node| node.name.get_ref().clone())
            .collect(),
    };
    let plan = check.plan(file, read);
    match plan {
        Some(plan) if !check.problems.has_errors() => Ok(plan),
        _ => Err(check.problems),
    }
}

struct Check {
    source: SourceId,
    problems: Diagnostics,
    switches: Vec<String>,
    nodes: Vec<String>,
}

impl Check {
    fn plan(&mut self, file: PlanFile, read: Read<'_>) -> Option<Plan> {
        let mut commands = BTreeMap::new();
        let mut nodes = Vec::new();
        let mut kept = BTreeMap::new();
        let mut names = BTreeSet::from([CLIENT.to_owned(), HOLDER.to_owned()]);
        for node in file.node {
            if !names.insert(node.name.get_ref().clone()) {
                let message = format!("the name '{}' is taken", node.name.get_ref());
                self.wrong(node.name.span(), message);
            }
            commands.insert(node.name.get_ref().clone(), self.commands(&node.commands));
            kept.insert(node.name.get_ref().clone(), self.keeps(&node.keeps));
            nodes.push(self.node(node, read));
        }
        let mut client = NodeSpec::new(CLIENT);
        client.interfaces = self.interfaces(&file.client.interfaces);
        // A client that asks often closes often; its ports must not run out.
        for (name, value) in [
            ("net.ipv4.ip_local_port_range", "1024 65535"),
            ("net.ipv4.tcp_tw_reuse", "1"),
        ] {
            client.sysctls.insert(name.to_owned(), value.to_owned());
        }
        nodes.push(client);
        commands.insert(CLIENT.to_owned(), self.commands(&file.client.commands));
        let bmcs = self.bmcs(file.bmc, &mut names, &mut nodes);
        for bmc in &bmcs {
            commands.insert(bmc.name.clone(), vec![crate::power::command()]);
        }
        let engines: BTreeMap<String, Engine> = file
            .engine
            .into_iter()
            .map(|(name, engine)| (name, self.engine(engine, read)))
            .collect();
        let address = self.parsed::<IpAddr>(&file.address, "an IP address");
        if let Some(home) = &file.home {
            self.known_node(home);
        }
        let probe = self.probe(&file.probe);
        let faults = file
            .fault
            .into_iter()
            .filter_map(|fault| self.fault(fault, &engines))
            .collect();
        Some(Plan {
            summary: file.summary,
            switches: self.switches.clone(),
            nodes,
            commands,
            engines,
            address: address?,
            home: file.home.map(Spanned::into_inner),
            probe: probe?,
            times: times(&file.times),
            faults,
            bmcs,
            kept,
        })
    }

    fn node(&mut self, file: NodeFile, read: Read<'_>) -> NodeSpec {
        let mut node = NodeSpec::new(file.name.get_ref().clone());
        if !is_host_name(&node.name) {
            let message = format!("'{}' is no host name", node.name);
            self.wrong(file.name.span(), message);
        }
        node.interfaces = self.interfaces(&file.interfaces);
        node.files = self.files(&file.files, read);
        node.users = file.users.into_iter().map(Spanned::into_inner).collect();
        for (name, value) in file.sysctls {
            let value = match value.into_inner() {
                Scalar::Number(number) => number.to_string(),
                Scalar::Text(text) => text,
            };
            node.sysctls.insert(name, value);
        }
        for (place, size) in file.disks_mib {
            self.absolute(&place);
            node.disks.insert(place.into_inner(), size);
        }
        node
    }

    fn files(
        &mut self,
        files: &BTreeMap<Spanned<String>, Spanned<String>>,
        read: Read<'_>,
    ) -> BTreeMap<String, Vec<u8>> {
        let mut contents = BTreeMap::new();
        for (place, path) in files {
            self.absolute(place);
            match read(path.get_ref()) {
                Ok(content) => {
                    contents.insert(place.get_ref().clone(), content);
                }
                Err(error) => {
                    let message = format!("cannot read '{}': {error}", path.get_ref());
                    self.wrong(path.span(), message);
                }
            }
        }
        contents
    }

    fn interfaces(&mut self, files: &[InterfaceFile]) -> Vec<InterfaceSpec> {
        files.iter().map(|file| self.interface(file)).collect()
    }

    fn interface(&mut self, file: &InterfaceFile) -> InterfaceSpec {
        let name = file.name.get_ref();
        if name.is_empty() || name.len() > MAX_INTERFACE_BYTES || name.contains(['/', ' ']) {
            let message = format!(
                "'{name}' is no interface name (1 to {MAX_INTERFACE_BYTES} bytes, no '/', no blank)"
            );
            self.wrong(file.name.span(), message);
        }
        let switch = file.switch.get_ref();
        if !self.switches.contains(switch) {
            let problem = Diagnostic::error(format!("there is no switch '{switch}'"))
                .suggest(switch, self.switches.iter().map(String::as_str));
            self.push(problem, file.switch.span());
        }
        InterfaceSpec {
            name: name.clone(),
            switch: switch.clone(),
            addresses: file
                .addresses
                .iter()
                .filter_map(|address| self.network_address(address))
                .collect(),
        }
    }

    fn network_address(&mut self, text: &Spanned<String>) -> Option<AddressSpec> {
        let parsed = text.get_ref().split_once('/').and_then(|(address, len)| {
            let address: IpAddr = address.parse().ok()?;
            let bits = if address.is_ipv4() { 32 } else { 128 };
            let prefix_len = len.parse().ok().filter(|len| *len <= bits)?;
            Some(AddressSpec {
                address,
                prefix_len,
            })
        });
        if parsed.is_none() {
            let message = format!("'{}' is no address such as 192.0.2.1/24", text.get_ref());
            self.wrong(text.span(), message);
        }
        parsed
    }

    fn engine(&mut self, file: EngineFile, read: Read<'_>) -> Engine {
        for node in &file.nodes {
            self.known_node(node);
        }
        let commands = self.commands(&file.commands);
        let mut parts = BTreeMap::new();
        for (name, target) in file.parts {
            if let crate::Target::Command(command) = target.get_ref()
                && !commands.iter().any(|known| known.name == *command)
            {
                let known = commands.iter().map(|command| command.name.as_str());
                let problem = Diagnostic::error(format!("this engine has no command '{command}'"))
                    .suggest(command, known);
                self.push(problem, target.span());
            }
            parts.insert(name, target.into_inner());
        }
        for path in &file.links {
            self.absolute(path);
        }
        let listed: Vec<String> = file.nodes.into_iter().map(Spanned::into_inner).collect();
        Engine {
            needs: file.needs,
            commands,
            files: self.files(&file.files, read),
            // Power switches are machines, too, and no engine stands on them.
            nodes: if listed.is_empty() {
                self.nodes.clone()
            } else {
                listed
            },
            parts,
            links: file.links.into_iter().map(Spanned::into_inner).collect(),
            steps: self.steps(&file.step),
        }
    }

    fn commands(&mut self, files: &BTreeMap<Spanned<String>, Spanned<Words>>) -> Vec<Command> {
        let mut commands = Vec::new();
        for (name, words) in files {
            if name.get_ref().is_empty() || name.get_ref().contains('/') {
                let message = format!("'{}' cannot name a log", name.get_ref());
                self.wrong(name.span(), message);
            }
            commands.push(Command {
                name: name.get_ref().clone(),
                argv: self.words(words),
            });
        }
        commands
    }

    fn words(&mut self, words: &Spanned<Words>) -> Vec<String> {
        let argv: Vec<String> = match words.get_ref() {
            Words::Text(text) => text.split_whitespace().map(str::to_owned).collect(),
            Words::List(list) => list.clone(),
        };
        if argv.is_empty() {
            self.wrong(words.span(), "an empty command".to_owned());
        }
        argv
    }

    fn probe(&mut self, file: &ProbeFile) -> Option<probe::Target> {
        let question = match (&file.url, &file.udp) {
            (Some(url), None) => self.url(url)?,
            (None, Some(udp)) => Question::Echo(self.parsed::<SocketAddr>(udp, "an ADDRESS:PORT")?),
            _ => {
                let problem = Diagnostic::error("[probe] needs one of 'url' and 'udp'");
                self.problems.push(problem);
                return None;
            }
        };
        let pace_ms = match &file.pace_ms {
            Some(pace) if *pace.get_ref() < 0.1 || *pace.get_ref() > 60_000.0 => {
                let message = "a pace is 0.1 to 60000 milliseconds".to_owned();
                self.wrong(pace.span(), message);
                return None;
            }
            Some(pace) => *pace.get_ref(),
            None => DEFAULT_PACE_MS,
        };
        Some(probe::Target {
            question,
            pace: Duration::from_secs_f64(pace_ms / 1_000.0),
            timeout: Duration::from_millis(file.timeout_ms.unwrap_or(DEFAULT_TIMEOUT_MS)),
        })
    }

    fn url(&mut self, url: &Spanned<String>) -> Option<Question> {
        let text = url.get_ref();
        let parsed = text.strip_prefix("http://").and_then(|rest| {
            let (host, path) = rest.find('/').map_or((rest, "/"), |at| rest.split_at(at));
            let address = host
                .parse()
                .or_else(|_| format!("{host}:80").parse::<SocketAddr>())
                .ok()?;
            Some(Question::Http {
                address,
                host: host.to_owned(),
                path: path.to_owned(),
            })
        });
        if parsed.is_none() {
            let message =
                format!("'{text}' is no http://ADDRESS[:PORT]/PATH (names are unknown in a lab)");
            self.wrong(url.span(), message);
        }
        parsed
    }

    fn fault(&mut self, file: FaultFile, engines: &BTreeMap<String, Engine>) -> Option<Fault> {
        let action = self.action(&file)?;
        let part = match &action {
            Action::Signal { part, .. } => Some(part),
            Action::Pause { part } => part.as_ref(),
            _ => None,
        };
        if let Some(part) = part {
            for (name, engine) in engines {
                if !engine.parts.contains_key(part) {
                    let problem =
                        Diagnostic::error(format!("engine '{name}' has no part '{part}'"))
                            .suggest(part, engine.parts.keys().map(String::as_str));
                    let place = file.part.as_ref().unwrap_or(&file.action);
                    self.push(problem, place.span());
                }
            }
        }
        let node = match &file.on {
            Some(on) if on.get_ref() != HOLDER => {
                self.known_node(on);
                Some(on.get_ref().clone())
            }
            _ => None,
        };
        let observe = milliseconds(file.observe_ms, DEFAULT_OBSERVE);
        Some(Fault {
            name: file.name.into_inner(),
            action,
            node,
            observe,
            at_most: milliseconds(file.at_most_ms, DEFAULT_AT_MOST).max(observe),
            limits: Limits {
                max_gap_ms: file.max_gap_ms,
                max_failed: file.max_failed,
                max_failed_after: file.max_failed_after,
                max_two_holders_ms: file.max_two_holders_ms,
            },
        })
    }

    fn action(&mut self, file: &FaultFile) -> Option<Action> {
        let name = file.action.get_ref().as_str();
        let part = || file.part.as_ref().map(|part| part.get_ref().clone());
        let interface = || file.interface.as_ref().map(|i| i.get_ref().clone());
        let allowed: &[&str] = match name {
            "kill" => &["part", "signal"],
            "stop" | "pause" => &["part"],
            "link-cut" => &["interface"],
            "link-flap" => &["interface", "times", "down_ms", "up_ms"],
            "partition" => &["groups"],
            "drop" => &["percent", "match"],
            "fill-disk" => &["path"],
            "run" => &["command", "undo"],
            "node-death" => &[],
            unknown => {
                let problem = Diagnostic::error(format!("a fault cannot do '{unknown}'"))
                    .label(format!("one of {}", ACTIONS.join(", ")))
                    .suggest(unknown, ACTIONS);
                self.push(problem, file.action.span());
                return None;
            }
        };
        self.only_allowed(file, name, allowed);
        let needed = |check: &mut Self, word: &str| {
            let message = format!("'{name}' needs '{word}'");
            check.wrong(file.action.span(), message);
        };
        match name {
            "kill" => {
                let signal = self.signal(file)?;
                let Some(part) = part() else {
                    needed(self, "part");
                    return None;
                };
                Some(Action::Signal { part, signal })
            }
            "stop" => Some(Action::Signal {
                part: part().unwrap_or_else(|| "whole".to_owned()),
                signal: Signal::SIGTERM,
            }),
            "pause" => Some(Action::Pause { part: part() }),
            "node-death" => Some(Action::NodeDeath),
            "link-cut" => Some(Action::LinkCut {
                interface: interface(),
            }),
            "link-flap" => Some(Action::LinkFlap {
                interface: interface(),
                times: file.times.as_ref().map_or(3, |times| *times.get_ref()),
                down: spanned_milliseconds(file.down_ms.as_ref(), 200),
                up: spanned_milliseconds(file.up_ms.as_ref(), 200),
            }),
            "partition" => {
                let Some(groups) = &file.groups else {
                    needed(self, "groups");
                    return None;
                };
                let mut named = Vec::new();
                for group in groups.get_ref() {
                    for node in group {
                        self.known_node(node);
                    }
                    named.push(group.iter().map(|node| node.get_ref().clone()).collect());
                }
                Some(Action::Partition { groups: named })
            }
            "drop" => {
                let percent = file.percent.as_ref().map_or(100, |p| *p.get_ref());
                if let Some(written) = &file.percent
                    && !(1..=100).contains(&percent)
                {
                    self.wrong(written.span(), "a percentage is 1 to 100".to_owned());
                }
                Some(Action::Drop {
                    percent,
                    matching: file.matching.as_ref().map(|m| m.get_ref().clone()),
                })
            }
            "fill-disk" => {
                let Some(path) = &file.path else {
                    needed(self, "path");
                    return None;
                };
                Some(Action::FillDisk {
                    path: path.get_ref().clone(),
                })
            }
            _ => {
                let Some(command) = &file.command else {
                    needed(self, "command");
                    return None;
                };
                Some(Action::Run {
                    argv: self.shell_words(command),
                    undo: file
                        .undo
                        .as_ref()
                        .map_or_else(Vec::new, |undo| self.shell_words(undo)),
                })
            }
        }
    }

    fn signal(&mut self, file: &FaultFile) -> Option<Signal> {
        let Some(written) = &file.signal else {
            return Some(Signal::SIGKILL);
        };
        let name = written.get_ref().trim_start_matches("SIG");
        let found = Signal::from_str(&format!("SIG{name}")).ok();
        if found.is_none() {
            let message = format!("'{}' is no signal such as KILL", written.get_ref());
            self.wrong(written.span(), message);
        }
        found
    }

    /// A word that means nothing for this fault is a mistake, not a comment.
    fn only_allowed(&mut self, file: &FaultFile, action: &str, allowed: &[&str]) {
        let written: [(&str, Option<Range<usize>>); 10] = [
            ("part", file.part.as_ref().map(Spanned::span)),
            ("signal", file.signal.as_ref().map(Spanned::span)),
            ("interface", file.interface.as_ref().map(Spanned::span)),
            ("times", file.times.as_ref().map(Spanned::span)),
            ("down_ms", file.down_ms.as_ref().map(Spanned::span)),
            ("up_ms", file.up_ms.as_ref().map(Spanned::span)),
            ("groups", file.groups.as_ref().map(Spanned::span)),
            ("percent", file.percent.as_ref().map(Spanned::span)),
            ("match", file.matching.as_ref().map(Spanned::span)),
            ("path", file.path.as_ref().map(Spanned::span)),
        ];
        let commands = [
            ("command", file.command.as_ref().map(Spanned::span)),
            ("undo", file.undo.as_ref().map(Spanned::span)),
        ];
        for (word, place) in written.into_iter().chain(commands) {
            if let Some(place) = place
                && !allowed.contains(&word)
            {
                self.wrong(place, format!("'{word}' means nothing for '{action}'"));
            }
        }
    }

    fn known_node(&mut self, node: &Spanned<String>) {
        let name = node.get_ref();
        if name != CLIENT && !self.nodes.contains(name) {
            let problem = Diagnostic::error(format!("there is no node '{name}'"))
                .suggest(name, self.nodes.iter().map(String::as_str));
            self.push(problem, node.span());
        }
    }

    fn absolute(&mut self, path: &Spanned<String>) {
        if !path.get_ref().starts_with('/') || path.get_ref().split('/').any(|part| part == "..") {
            let message = format!("'{}' is no absolute path", path.get_ref());
            self.wrong(path.span(), message);
        }
    }

    fn parsed<T: FromStr>(&mut self, text: &Spanned<String>, what: &str) -> Option<T> {
        let parsed = text.get_ref().parse().ok();
        if parsed.is_none() {
            let message = format!("'{}' is not {what}", text.get_ref());
            self.wrong(text.span(), message);
        }
        parsed
    }

    fn wrong(&mut self, place: Range<usize>, message: String) {
        self.push(Diagnostic::error(message), place);
    }

    fn push(&mut self, problem: Diagnostic, place: Range<usize>) {
        self.problems.push(problem.at(span(self.source, place)));
    }
}

fn times(file: &TimesFile) -> Times {
    Times {
        settle: milliseconds(file.settle_ms, DEFAULT_SETTLE),
        steady: milliseconds(file.steady_ms, DEFAULT_STEADY),
        lead: milliseconds(file.lead_ms, DEFAULT_LEAD),
    }
}

fn milliseconds(written: Option<u64>, default: Duration) -> Duration {
    written.map_or(default, Duration::from_millis)
}

fn spanned_milliseconds(written: Option<&Spanned<u64>>, default_ms: u64) -> Duration {
    Duration::from_millis(written.map_or(default_ms, |value| *value.get_ref()))
}

fn is_host_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 63
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        && !name.starts_with('-')
}
