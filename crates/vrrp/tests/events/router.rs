//! One router under test, told what happens and asked what it commands, in words.

use std::net::IpAddr;
use std::time::Duration;

use vrrp::{
    Announcements, Command, Event, Hello, HelloKey, Instance, Received, Settings, State, encode,
};

/// The incarnation of the router under test.
pub const OURS: u64 = 7;
/// The address of the other router, higher than ours.
pub const OTHER: &str = "10.0.0.9";

pub fn address(text: &str) -> IpAddr {
    text.parse().expect("a test's address")
}

/// VRRPv2, priority 100, no repeated announcements, so that only the election commands.
pub fn settings() -> Settings {
    let mut settings = Settings::new(51, address("10.0.0.1"), vec![address("10.0.0.200")]);
    settings.announcements = Announcements {
        delay: Duration::ZERO,
        lower_priority_delay: Duration::ZERO,
        lower_priority_repeat: 2,
        repeat: 5,
        ..Announcements::default()
    };
    settings
}

pub struct Router {
    pub instance: Instance,
    pub now: Duration,
    sequence: u32,
}

impl Router {
    pub fn new(settings: Settings) -> Self {
        Self {
            instance: Instance::new(settings, OURS),
            now: Duration::from_secs(100),
            sequence: 0,
        }
    }

    /// Started, a backup.
    pub fn backup(settings: Settings) -> Self {
        let mut router = Self::new(settings);
        router.tell(Event::Start);
        assert_eq!(router.instance.state(), State::Backup);
        router
    }

    /// Started, and master as nobody else was there.
    pub fn master(settings: Settings) -> Self {
        let mut router = Self::backup(settings);
        router.wait_ms(5000);
        assert_eq!(router.instance.state(), State::Master);
        router
    }

    /// The commands in short words; logs and hellos that say nothing new are left out.
    pub fn tell(&mut self, event: Event<'_>) -> String {
        let commands = self.instance.handle(event, self.now);
        let words: Vec<String> = commands.iter().filter_map(word).collect();
        words.join(" ")
    }

    /// Lets that much time pass and wakes the router whenever it asks to be.
    pub fn wait_ms(&mut self, length_ms: u64) -> String {
        let end = self.now + Duration::from_millis(length_ms);
        let mut words = Vec::new();
        while let Some(due) = self.instance.deadline().filter(|due| *due <= end) {
            self.now = due.max(self.now);
            words.push(self.tell(Event::Timer));
        }
        self.now = end;
        words.retain(|word| !word.is_empty());
        words.join(" ")
    }

    /// When the router next becomes master by itself, from now on.
    pub fn master_in_ms(&mut self) -> Option<u128> {
        let from = self.now;
        for _ in 0..20_000 {
            if self.instance.state() == State::Master {
                return Some((self.now - from).as_millis());
            }
            self.wait_ms(1);
        }
        None
    }

    /// An advert of another router that is configured like ours.
    pub fn hear(&mut self, source: &str, priority: u8) -> String {
        let settings = self.instance.settings().clone();
        self.hear_as(source, priority, &settings)
    }

    /// An advert of another router with other settings.
    pub fn hear_as(&mut self, source: &str, priority: u8, settings: &Settings) -> String {
        let source = address(source);
        let destination = settings.group;
        let payload = encode(&settings.advert(priority), source, destination);
        let hop_limit = Some(255);
        self.tell(Event::Advert(Received {
            source,
            destination,
            hop_limit,
            payload: &payload,
        }))
    }

    /// A hello of another router; `change` makes it say more than that it is a backup.
    pub fn hello(&mut self, source: &str, priority: u8, change: impl Fn(&mut Hello)) -> String {
        self.sequence += 1;
        let settings = self.instance.settings();
        let mut hello = Hello {
            family: settings.family,
            virtual_router_id: settings.virtual_router_id,
            priority,
            state: State::Backup,
            primary: address(source),
            incarnation: 1000 + u64::from(priority),
            sequence: self.sequence,
            leaving: false,
            balancer_lost: false,
            preempts: true,
            heir: None,
        };
        change(&mut hello);
        let payload = hello.encode(&HelloKey::none());
        let source = address(source);
        self.tell(Event::Hello {
            source,
            hop_limit: Some(255),
            payload: &payload,
        })
    }

    pub fn state(&self) -> State {
        self.instance.state()
    }
}

fn word(command: &Command) -> Option<String> {
    match command {
        Command::AddAddresses => Some("add".to_owned()),
        Command::RemoveAddresses => Some("remove".to_owned()),
        Command::Announce { repeat } => Some(format!("announce:{repeat}")),
        Command::SendAdvert { priority } => Some(format!("advert:{priority}")),
        Command::SendHello(hello) => {
            let leaving = if hello.leaving { "leaving" } else { "" };
            let heir = hello
                .heir
                .map(|heir| format!("heir={heir}"))
                .unwrap_or_default();
            let said = format!("{leaving}{heir}");
            (!said.is_empty()).then(|| format!("hello:{said}"))
        }
        Command::Notify(notification) => Some(format!("{notification:?}").to_lowercase()),
        Command::Log(_) => None,
        Command::Stopped => Some("stopped".to_owned()),
    }
}
