//! The address keeper: events from the kernel, scripts and the supervisor go to the routers, their
//! commands are carried out.

mod reload;
mod turn;

use std::io::ErrorKind;
use std::rc::Rc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use keepalived_config::Configuration;
use keepalived_config::model::VirtualAddress;
use system::announce::Announcer;
use system::awaited::Awaited;
use system::channel::Channel;
use system::monitor::{NetworkEvent, NetworkMonitor};
use system::netlink::{Netlink, NetlinkError};
use system::vrrp_socket::Datagram;
use thiserror::Error;
use tokio::sync::mpsc;
use vrrp::{Command, Event, Hello, Notification, Received, State, Tracked, encode};

use crate::addresses;
use crate::command_line::Options;
use crate::configuration;
use crate::log::Log;
use crate::network::Network;
use crate::notify::notify;
use crate::router::{Router, source};
use crate::scripts::{RESULT_QUEUE, Runner, ScriptResult};
use crate::sockets::{Key, Sockets, Traffic};
use crate::supervision::{FromKeeper, InstanceStatus, Testament, ToKeeper};
use crate::testament::{testament, union};
use crate::tracking::Tracking;

/// Why the keeper cannot begin.
#[derive(Debug, Error)]
pub(crate) enum StartError {
    #[error("netlink: {0}")]
    Netlink(#[from] NetlinkError),
    #[error("{what}: {error}{}", permission_hint(error))]
    Kernel { what: String, error: std::io::Error },
    #[error("{}", .0.join("\n"))]
    Configuration(Vec<String>),
}

fn permission_hint(error: &std::io::Error) -> &'static str {
    if error.kind() == ErrorKind::PermissionDenied {
        ": run as root, or with CAP_NET_ADMIN and CAP_NET_RAW"
    } else {
        ""
    }
}

/// The role's whole state.
pub(crate) struct Keeper {
    options: Options,
    log: Log,
    began: Instant,
    incarnation: u64,
    channel: Option<Awaited<Channel>>,
    monitor: Awaited<NetworkMonitor>,
    netlink: Netlink,
    announcer: Rc<Announcer>,
    network: Network,
    sockets: Sockets,
    configuration: Configuration,
    routers: Vec<Router>,
    /// `static_ipaddress`, each with its interface.
    static_addresses: Vec<(String, VirtualAddress)>,
    tracking: Tracking,
    runners: Vec<Runner>,
    results: mpsc::Receiver<ScriptResult>,
    results_sender: mpsc::Sender<ScriptResult>,
    balancer_serving: bool,
    /// What the supervisor was told last.
    testament: Testament,
    /// The supervisor did not take it yet.
    testament_unsent: bool,
    status_changed: bool,
    /// The status that the supervisor was told last.
    told: Vec<InstanceStatus>,
    stopping: bool,
}

impl Keeper {
    /// Reads the configuration and opens everything; nothing is on the network or the machine yet.
    pub(crate) fn open(
        channel: Option<Channel>,
        options: &Options,
        log: Log,
    ) -> Result<Self, StartError> {
        let kernel = |what: &str| {
            let what = what.to_owned();
            move |error| StartError::Kernel { what, error }
        };
        // Before the first listing, so that no change falls between.
        let monitor = NetworkMonitor::open().map_err(kernel("netlink monitor"))?;
        let monitor = Awaited::new(monitor).map_err(kernel("netlink monitor"))?;
        let mut netlink = Netlink::open()?;
        let network = Network::list(&mut netlink)?;
        let accepted = configuration::read(options, Some(&network), configuration::Shape::Line)
            .map_err(StartError::Configuration)?;
        let announcer = Announcer::open().map_err(kernel("packet socket"))?;
        let channel = match channel {
            Some(channel) => {
                channel
                    .set_nonblocking(true)
                    .map_err(kernel("channel to the supervisor"))?;
                Some(Awaited::new(channel).map_err(kernel("channel to the supervisor"))?)
            }
            None => None,
        };
        let (results_sender, results) = mpsc::channel(RESULT_QUEUE);
        let since_epoch = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        let mut keeper = Self {
            options: options.clone(),
            log,
            began: Instant::now(),
            // In nanoseconds: rises with each start, and fits until the year 2554.
            incarnation: u64::try_from(since_epoch.as_nanos())
                .unwrap_or(u64::MAX)
                .max(1),
            channel,
            monitor,
            netlink,
            announcer: Rc::new(announcer),
            network,
            sockets: Sockets::default(),
            configuration: accepted.configuration,
            routers: Vec::new(),
            static_addresses: Vec::new(),
            tracking: Tracking::default(),
            runners: Vec::new(),
            results,
            results_sender,
            balancer_serving: true,
            testament: Testament::default(),
            testament_unsent: false,
            status_changed: true,
            told: Vec::new(),
            stopping: false,
        };
        for message in &accepted.messages {
            keeper.log.warning(message);
        }
        if options.dump_configuration {
            keeper
                .log
                .info(&format!("configuration: {:#?}", keeper.configuration));
        }
        let failed = keeper
            .sockets
            .fit(accepted.plan.routers.iter(), &keeper.network);
        for (key, error) in failed {
            match key.traffic {
                Traffic::Adverts { .. } => {
                    let what = format!("VRRP socket on {}", key.interface);
                    return Err(StartError::Kernel { what, error });
                }
                Traffic::Hellos => keeper.warn_about_hellos(&key, &error),
            }
        }
        keeper.begin(accepted.plan);
        Ok(keeper)
    }

    fn warn_about_hellos(&self, key: &Key, error: &std::io::Error) {
        let interface = &key.interface;
        self.log.warning(&format!(
            "no hello to other keels on {interface}: {error}; take-over needs VRRP's skew time"
        ));
    }

    fn now(&self) -> Duration {
        self.began.elapsed()
    }

    /// Gives a router an event and does what it commands.
    ///
    /// The supervisor has its testament before an address is added, and loses it only after the
    /// address is removed.
    fn handle(&mut self, place: usize, event: Event<'_>) {
        let now = self.now();
        let router = &mut self.routers[place];
        let before = (router.instance.state(), router.instance.reason().to_owned());
        let commands = router.instance.handle(event, now);
        if router.instance.state() != before.0 {
            router.since = SystemTime::now();
        }
        if (router.instance.state(), router.instance.reason()) != (before.0, &before.1) {
            self.status_changed = true;
        }
        if commands.is_empty() {
            return;
        }
        let after = testament(self.routers.iter(), &self.network);
        self.say_testament(union(self.testament.clone(), &after));
        for command in commands {
            self.obey(place, command);
        }
        self.say_testament(after);
    }

    fn handle_all(&mut self, event: &Event<'_>) {
        for place in 0..self.routers.len() {
            self.handle(place, event.clone());
        }
    }

    fn obey(&mut self, place: usize, command: Command) {
        match command {
            Command::AddAddresses => self.add_addresses(place),
            Command::RemoveAddresses => self.remove_addresses(place),
            Command::Announce { repeat } => {
                let plan = &self.routers[place].plan;
                let sent = addresses::announce(plan, repeat, &self.network, &self.announcer);
                if let Err(error) = sent {
                    self.log
                        .warning(&format!("({}) announcement: {error}", plan.name));
                }
            }
            Command::SendAdvert { priority } => {
                let settings = self.routers[place].instance.settings();
                let advert = settings.advert(priority);
                let source = settings.source;
                let encode = |destination| encode(&advert, source, destination);
                self.send(place, Key::adverts(&self.routers[place].plan), encode);
            }
            Command::SendHello(hello) => {
                let router = &self.routers[place];
                if let Some(key) = router.instance.settings().hello.clone() {
                    let bytes = hello.encode(&key);
                    self.send(place, Key::of(&router.plan, Traffic::Hellos), |_| {
                        bytes.clone()
                    });
                }
            }
            Command::Notify(notification) => self.notify(place, notification),
            Command::Log(text) => {
                let name = &self.routers[place].plan.name;
                self.log.info(&format!("({name}) {text}"));
            }
            Command::Stopped => self.routers[place].stopped = true,
        }
    }

    fn add_addresses(&mut self, place: usize) {
        let router = &mut self.routers[place];
        let plan = &router.plan;
        let failed = addresses::add(plan, &self.network, &mut self.netlink);
        for (address, error) in &failed {
            self.log
                .warning(&format!("({}) cannot add {address}: {error}", plan.name));
        }
        if plan.promote_secondaries {
            promote_secondaries(&plan.interface, &self.log);
        }
        let missing: Vec<String> = failed
            .iter()
            .map(|(address, error)| format!("{address} ({error})"))
            .collect();
        router.missing = (!missing.is_empty()).then(|| missing.join(", "));
        self.status_changed = true;
    }

    fn remove_addresses(&mut self, place: usize) {
        if self.stopping && self.options.keep_addresses {
            return;
        }
        self.routers[place].missing = None;
        let plan = &self.routers[place].plan;
        let failed = addresses::remove(plan, |_| true, &self.network, &mut self.netlink);
        for (address, error) in failed {
            self.log
                .warning(&format!("({}) cannot remove {address}: {error}", plan.name));
        }
    }

    fn send(&mut self, place: usize, key: Key, payload: impl Fn(std::net::IpAddr) -> Vec<u8>) {
        let router = &mut self.routers[place];
        let settings = router.instance.settings();
        if settings.source.is_unspecified() {
            // The interface has no address yet; the router's state says so.
            return;
        }
        for destination in settings.destinations() {
            let payload = payload(*destination);
            match self
                .sockets
                .send(&key, &payload, settings.source, *destination)
            {
                Ok(()) => router.unsent = 0,
                // A hello to a peer that is no keel comes back as refused; an interface that is
                // gone has no socket, and the router's state says so.
                Err(error)
                    if matches!(
                        error.kind(),
                        ErrorKind::ConnectionRefused | ErrorKind::NotConnected
                    ) => {}
                Err(error) => {
                    router.unsent += 1;
                    if router.unsent.is_power_of_two() {
                        let name = &router.plan.name;
                        self.log
                            .warning(&format!("({name}) sending to {destination}: {error}"));
                    }
                }
            }
        }
    }

    fn notify(&self, place: usize, notification: Notification) {
        let router = &self.routers[place];
        let name = &router.plan.name;
        let state = match notification {
            Notification::Master => Some("MASTER"),
            Notification::Backup => Some("BACKUP"),
            Notification::Fault => Some("FAULT"),
            Notification::Stop | Notification::HeardLower => None,
        };
        if let Some(state) = state {
            // keepalived's words, which operators search for.
            self.log.info(&format!("({name}) Entering {state} STATE"));
        }
        let priority = router.instance.effective_priority();
        let global = &self.configuration.global;
        notify(
            name,
            &router.plan.notify,
            notification,
            priority,
            global,
            &self.log,
        );
    }

    fn hear_packet(&mut self, key: &Key, datagram: &Datagram) {
        let router_id = match key.traffic {
            Traffic::Adverts { .. } => datagram.payload.get(1).copied(),
            Traffic::Hellos => Hello::virtual_router_id_of(&datagram.payload),
        };
        let mut known = false;
        for place in 0..self.routers.len() {
            let plan = &self.routers[place].plan;
            let is_for_it = Key::of(plan, key.traffic) == *key
                && Some(plan.settings.virtual_router_id) == router_id
                && (key.traffic == Traffic::Hellos || Key::adverts(plan) == *key);
            if !is_for_it {
                continue;
            }
            known = true;
            let source = datagram.source.ip();
            let event = match key.traffic {
                Traffic::Adverts { .. } => Event::Advert(Received {
                    source,
                    destination: datagram.destination,
                    hop_limit: Some(datagram.ttl),
                    payload: &datagram.payload,
                }),
                Traffic::Hellos => Event::Hello {
                    source,
                    hop_limit: Some(datagram.ttl),
                    payload: &datagram.payload,
                },
            };
            self.handle(place, event);
        }
        if let (false, Some(router_id)) = (known, router_id)
            && self.configuration.global.log_unknown_virtual_routers
        {
            let (source, interface) = (datagram.source.ip(), &key.interface);
            let text =
                format!("advert of unknown router id {router_id} from {source} on {interface}");
            self.log.info(&text);
        }
    }

    fn hear_network(&mut self, events: &[NetworkEvent]) {
        let mut lost = Vec::new();
        for event in events {
            self.network.apply(event);
            match event {
                NetworkEvent::AddressGone(gone) => lost.push((gone.interface_index, gone.address)),
                NetworkEvent::Resync => match Network::list(&mut self.netlink) {
                    Ok(network) => self.network = network,
                    Err(error) => self.log.warning(&format!("netlink: {error}")),
                },
                _ => {}
            }
        }
        let plans = self.routers.iter().map(|router| &router.plan);
        for (key, error) in self.sockets.fit(plans, &self.network) {
            self.log
                .warning(&format!("socket on {}: {error}", key.interface));
        }
        self.tell_routers();
        for (interface_index, address) in lost {
            self.look_after(interface_index, address);
        }
        if events.contains(&NetworkEvent::Resync) {
            self.look_after_all();
        }
    }

    /// An address is gone: by our own hand, or by somebody else's?
    fn look_after(&mut self, interface_index: u32, address: std::net::IpAddr) {
        for place in 0..self.routers.len() {
            let router = &self.routers[place];
            let is_its = router.plan.addresses.iter().any(|known| {
                let link = self.network.link(router.plan.interface_of(known));
                known.address == address
                    && !known.no_track
                    && link.is_some_and(|link| link.index == interface_index)
            });
            let is_absent = !self.network.has(interface_index, address);
            if is_its && is_absent && router.instance.state() == State::Master {
                self.handle(place, Event::AddressLost(address));
            }
        }
    }

    fn look_after_all(&mut self) {
        let all: Vec<_> = self
            .routers
            .iter()
            .flat_map(|router| addresses::held(&router.plan, &self.network))
            .collect();
        for held in all {
            self.look_after(held.interface_index, held.address);
        }
    }

    /// Tells each router what changed about its interface and its tracking.
    fn tell_routers(&mut self) {
        for place in 0..self.routers.len() {
            let router = &self.routers[place];
            let fault = router.interface_fault(&self.network);
            let tracked = self.tracking.judge(&router.plan, &self.network);
            let source = source(&router.plan, &self.network);
            if let Some(source) = source.filter(|source| *source != router.plan.settings.source) {
                let router = &mut self.routers[place];
                router.plan.settings.source = source;
                let settings = Box::new(router.plan.settings.clone());
                self.handle(place, Event::Reconfigured(settings));
            }
            if fault != self.routers[place].interface_fault {
                self.routers[place].interface_fault.clone_from(&fault);
                let event = match &fault {
                    Some(reason) => Event::InterfaceDown { reason },
                    None => Event::InterfaceUp,
                };
                self.handle(place, event);
            }
            self.tell_tracked(place, tracked);
        }
    }

    fn tell_tracked(&mut self, place: usize, tracked: Tracked) {
        if tracked != self.routers[place].tracked {
            self.routers[place].tracked = tracked.clone();
            self.handle(place, Event::Tracked(tracked));
        }
    }

    fn hear_script(&mut self, result: &ScriptResult) {
        let change = self.tracking.count(&result.name, result.success);
        if change.is_some() {
            self.log
                .info(&format!("VRRP_Script({}) {}", result.name, result.outcome));
            self.tell_routers();
        }
    }

    fn hear_supervisor(&mut self, message: ToKeeper) {
        match message {
            ToKeeper::Balancer { serving, reason } => {
                if serving != self.balancer_serving {
                    let text = if serving { "serves again" } else { "is lost" };
                    let why = if reason.is_empty() {
                        reason
                    } else {
                        format!(": {reason}")
                    };
                    self.log.info(&format!("the balancer {text}{why}"));
                }
                self.balancer_serving = serving;
                self.handle_all(&Event::Balancer { serving });
            }
            ToKeeper::Reload => self.reload(),
            ToKeeper::Stop => self.stop(),
            ToKeeper::Report => self.status_changed = true,
        }
    }

    fn stop(&mut self) {
        self.stopping = true;
        self.runners.clear();
        self.handle_all(&Event::Stop);
    }

    fn say_testament(&mut self, testament: Testament) {
        if testament != self.testament {
            self.testament = testament;
            self.testament_unsent = true;
        }
        if self.testament_unsent {
            let message = FromKeeper::Testament(self.testament.clone());
            self.testament_unsent = !self.say(&message);
        }
    }

    fn say_status(&mut self) {
        if self.status_changed {
            self.told = self.status();
            let message = FromKeeper::Status(self.told.clone());
            self.status_changed = !self.say(&message);
        }
    }

    /// What changes without a change of state, such as a count, is told with the next heartbeat.
    fn look_at_status(&mut self) {
        self.status_changed |= self.status() != self.told;
    }

    fn status(&self) -> Vec<InstanceStatus> {
        let routers = self.routers.iter().filter(|router| !router.removed);
        routers.map(Router::status).collect()
    }

    /// Whether the supervisor took it. Where there is none there is nobody to tell.
    fn say(&self, message: &FromKeeper) -> bool {
        let Some(channel) = &self.channel else {
            return true;
        };
        let body = serde_json::to_vec(message).expect("messages are plain data");
        channel.inner().send(&body, &[]).is_ok()
    }
}

/// `promote_secondaries`: the kernel's own switch of that name.
fn promote_secondaries(interface: &str, log: &Log) {
    let path = format!("/proc/sys/net/ipv4/conf/{interface}/promote_secondaries");
    if let Err(error) = std::fs::write(&path, "1") {
        log.warning(&format!("{path}: {error}"));
    }
}
