//! One virtual router: events and the time go in, commands come out.

mod adverts;
mod balancer;
mod hellos;
mod timers;
mod transitions;

use std::net::IpAddr;
use std::time::Duration;

use crate::peers::Peers;
use crate::settings::{PRIORITY_LOWEST, PRIORITY_OWNER};
use crate::timing::master_down_interval;
use crate::{Advert, Counters, Hello, Peer, Received, Settings, Tracked};

use timers::Timers;

/// The states, with keepalived's names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Not in the election yet.
    Init,
    /// In the election, not holding the addresses.
    Backup,
    /// Holding the addresses.
    Master,
    /// Cannot hold the addresses: an interface or a script of weight 0 failed.
    Fault,
}

impl State {
    /// `INIT`, `BACKUP`, `MASTER` or `FAULT`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Init => "INIT",
            Self::Backup => "BACKUP",
            Self::Master => "MASTER",
            Self::Fault => "FAULT",
        }
    }
}

/// What happened.
#[derive(Debug, Clone)]
pub enum Event<'a> {
    /// The addresses, links and scripts are known as far as they can be; take part.
    Start,
    /// A packet of IP protocol 112 for this virtual router id.
    Advert(Received<'a>),
    /// A datagram for `HELLO_PORT`.
    Hello {
        /// Where it comes from.
        source: IpAddr,
        /// Its TTL or hop limit, where the socket tells.
        hop_limit: Option<u8>,
        /// The datagram.
        payload: &'a [u8],
    },
    /// The time of `Instance::deadline` has come.
    Timer,
    /// Tracking has another result than before.
    Tracked(Tracked),
    /// The interface of the virtual router works.
    InterfaceUp,
    /// It does not.
    InterfaceDown {
        /// What is wrong with it, in words.
        reason: &'a str,
    },
    /// Somebody else removed a virtual address that we hold.
    AddressLost(IpAddr),
    /// Whether this machine's balancer can serve.
    Balancer {
        /// Whether it can.
        serving: bool,
    },
    /// The operator changed the configuration. The virtual router id, the family and the version
    /// are as before: another one of these is another instance.
    Reconfigured(Box<Settings>),
    /// Give up the addresses and end.
    Stop,
}

/// What is to be done, in this order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Make each configured virtual address present on this machine.
    AddAddresses,
    /// Make each one absent.
    RemoveAddresses,
    /// Send that many gratuitous ARPs or unsolicited NAs for each virtual address.
    Announce {
        /// How many.
        repeat: u8,
    },
    /// Send `Settings::advert(priority)` to each of `Settings::destinations`.
    SendAdvert {
        /// Its priority.
        priority: u8,
    },
    /// Send it to each of `Settings::destinations`, UDP port `HELLO_PORT`.
    SendHello(Hello),
    /// Run the notify scripts.
    Notify(Notification),
    /// Tell the operator.
    Log(String),
    /// The answer to `Event::Stop`: nothing is held and nothing more will come.
    Stopped,
}

/// What notify scripts are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notification {
    /// `notify_master`.
    Master,
    /// `notify_backup`.
    Backup,
    /// `notify_fault`.
    Fault,
    /// `notify_stop`.
    Stop,
    /// `notify_master_rx_lower_pri`: while master, a router of lower priority advertised.
    HeardLower,
}

/// Another router that is master.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct OtherMaster {
    address: IpAddr,
    priority: u8,
    heard_at: Duration,
}

/// One virtual router.
#[derive(Debug, Clone)]
pub struct Instance {
    settings: Settings,
    incarnation: u64,
    state: State,
    reason: String,
    started_at: Option<Duration>,
    stopped: bool,
    /// What is wrong with the interface.
    interface_fault: Option<String>,
    tracked: Tracked,
    balancer_serving: bool,
    /// Another router claims to own the addresses too: our 255 counts as 254.
    owner_conflict: bool,
    master: Option<OtherMaster>,
    /// VRRPv3: the interval of the master; ours until one was heard.
    master_interval: Duration,
    /// Until when `preempt_delay` holds us back, once a lower master was heard.
    preempt_at: Option<Duration>,
    last_advert_at: Duration,
    last_readd_at: Option<Duration>,
    peers: Peers,
    hello_sequence: u32,
    timers: Timers,
    counters: Counters,
    commands: Vec<Command>,
}

impl Instance {
    /// A virtual router in INIT. `incarnation` tells this run from earlier ones: it must be higher
    /// at each start of a machine's keeper, and not 0.
    #[must_use]
    pub fn new(settings: Settings, incarnation: u64) -> Self {
        Self {
            master_interval: settings.advert_interval,
            settings,
            incarnation,
            state: State::Init,
            reason: "starting".to_owned(),
            started_at: None,
            stopped: false,
            interface_fault: None,
            tracked: Tracked::Fit { weight: 0 },
            balancer_serving: true,
            owner_conflict: false,
            master: None,
            preempt_at: None,
            last_advert_at: Duration::ZERO,
            last_readd_at: None,
            peers: Peers::default(),
            hello_sequence: 0,
            timers: Timers::default(),
            counters: Counters::default(),
            commands: Vec::new(),
        }
    }

    /// Takes an event at the time `now`, which must not be earlier than in the call before.
    #[must_use = "the commands are what keeps the address where it belongs"]
    pub fn handle(&mut self, event: Event<'_>, now: Duration) -> Vec<Command> {
        if self.stopped {
            return Vec::new();
        }
        self.peers.forget_silent(now);
        match event {
            Event::Start => self.start(now),
            Event::Advert(received) => self.hear_advert(&received, now),
            Event::Hello {
                source,
                hop_limit,
                payload,
            } => {
                self.hear_hello(source, hop_limit, payload, now);
            }
            Event::Timer => self.wake(now),
            Event::Tracked(tracked) => self.change(now, |instance| instance.tracked = tracked),
            Event::InterfaceUp => self.change(now, |instance| instance.interface_fault = None),
            Event::InterfaceDown { reason } => {
                self.change(now, |instance| {
                    instance.interface_fault = Some(reason.to_owned())
                });
            }
            Event::AddressLost(address) => self.lose_address(address, now),
            Event::Balancer { serving } => self.hear_balancer(serving, now),
            Event::Reconfigured(settings) => self.reconfigure(*settings, now),
            Event::Stop => self.stop(now),
        }
        std::mem::take(&mut self.commands)
    }

    /// When `Event::Timer` is wanted. Earlier does no harm, later is taken for a pause.
    #[must_use]
    pub fn deadline(&self) -> Option<Duration> {
        if self.stopped {
            None
        } else {
            self.timers.earliest()
        }
    }

    /// The state.
    #[must_use]
    pub const fn state(&self) -> State {
        self.state
    }

    /// Why it is in that state, in words.
    #[must_use]
    pub fn reason(&self) -> &str {
        &self.reason
    }

    /// What it was configured with.
    #[must_use]
    pub const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// What it has seen and done.
    #[must_use]
    pub const fn counters(&self) -> &Counters {
        &self.counters
    }

    /// The router that is master, where it is another one.
    #[must_use]
    pub fn other_master(&self) -> Option<IpAddr> {
        self.master.map(|master| master.address)
    }

    /// Other `keel`s of this virtual router.
    pub fn peers(&self) -> impl Iterator<Item = &Peer> {
        self.peers.known()
    }

    /// The priority in force: tracking added, kept between 1 and 254; 255 for the owner whatever
    /// is tracked; 1 while the balancer is lost.
    #[must_use]
    pub fn effective_priority(&self) -> u8 {
        if !self.balancer_serving {
            return PRIORITY_LOWEST;
        }
        if self.settings.priority == PRIORITY_OWNER && !self.owner_conflict {
            return PRIORITY_OWNER;
        }
        let weight = match &self.tracked {
            Tracked::Fit { weight } => *weight,
            Tracked::Unknown | Tracked::Failed { .. } => 0,
        };
        let sum = i32::from(self.settings.priority).saturating_add(weight);
        let kept = sum.clamp(i32::from(PRIORITY_LOWEST), i32::from(PRIORITY_OWNER) - 1);
        u8::try_from(kept).expect("clamped to 1..=254")
    }

    /// What is to be said for this router should its process die now: an advert of priority 0 where
    /// it is master, and the hello that names it as gone.
    #[must_use]
    pub fn farewell(&self) -> (Option<Advert>, Option<Hello>) {
        if self.stopped || self.started_at.is_none() {
            return (None, None);
        }
        let is_master = self.state == State::Master;
        (
            is_master.then(|| self.settings.advert(0)),
            self.last_hello(),
        )
    }

    fn master_down_interval(&self) -> Duration {
        master_down_interval(
            &self.settings,
            self.effective_priority(),
            self.master_interval,
        )
    }

    fn command(&mut self, command: Command) {
        self.commands.push(command);
    }

    fn log(&mut self, text: impl Into<String>) {
        self.commands.push(Command::Log(text.into()));
    }
}
