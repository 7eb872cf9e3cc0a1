//! The network: for each pair of nodes, each direction and each link, a path with its own delay,
//! weather and cuts.

use std::time::Duration;

use dice::Dice;

/// What happens to frames on their way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Weather {
    /// How many of a hundred are lost.
    pub loss_percent: u64,
    /// How many of a hundred come twice.
    pub duplicate_percent: u64,
    /// By how much delays differ.
    pub jitter: Duration,
    /// How many of a hundred are held up for a time below [`Weather::spike`].
    pub spike_percent: u64,
    /// See [`Weather::spike_percent`].
    pub spike: Duration,
}

impl Weather {
    /// A network that works.
    pub const CALM: Self = Self {
        loss_percent: 0,
        duplicate_percent: 0,
        jitter: Duration::from_micros(100),
        spike_percent: 0,
        spike: Duration::ZERO,
    };
}

/// One link from one node to another.
#[derive(Clone, Debug)]
struct Path {
    delay: Duration,
    weather: Weather,
    cut_until: Duration,
    latest_arrival: Duration,
}

/// All links.
#[derive(Debug)]
pub(crate) struct Network {
    nodes: usize,
    links: usize,
    in_order: bool,
    paths: Vec<Path>,
}

/// A link in one direction, nodes counted from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Way {
    pub from: usize,
    pub to: usize,
    pub link: usize,
}

impl Network {
    pub(crate) fn new(
        nodes: usize,
        links: usize,
        longest_delay: Duration,
        in_order: bool,
        dice: &mut Dice,
    ) -> Self {
        let path = |dice: &mut Dice| Path {
            delay: Duration::from_micros(20) + dice.time_below(longest_delay),
            weather: Weather::CALM,
            cut_until: Duration::ZERO,
            latest_arrival: Duration::ZERO,
        };
        let paths = (0..nodes * nodes * links).map(|_| path(dice)).collect();
        Self {
            nodes,
            links,
            in_order,
            paths,
        }
    }

    fn path(&mut self, way: Way) -> &mut Path {
        &mut self.paths[(way.from * self.nodes + way.to) * self.links + way.link]
    }

    /// All ways between different nodes.
    pub(crate) fn ways(&self) -> Vec<Way> {
        let pairs = (0..self.nodes).flat_map(|from| (0..self.nodes).map(move |to| (from, to)));
        let different = pairs.filter(|(from, to)| from != to);
        let ways = different
            .flat_map(|(from, to)| (0..self.links).map(move |link| Way { from, to, link }));
        ways.collect()
    }

    /// Nothing passes until then.
    pub(crate) fn cut(&mut self, way: Way, until: Duration) {
        let path = self.path(way);
        path.cut_until = path.cut_until.max(until);
    }

    pub(crate) fn is_cut(&mut self, now: Duration, way: Way) -> bool {
        self.path(way).cut_until > now
    }

    pub(crate) fn set_weather(&mut self, way: Way, weather: Weather) {
        self.path(way).weather = weather;
    }

    /// No cuts, no weather; what is sent from now on does not wait for what is held up.
    pub(crate) fn heal(&mut self) {
        for path in &mut self.paths {
            path.cut_until = Duration::ZERO;
            path.weather = Weather::CALM;
            path.latest_arrival = Duration::ZERO;
        }
    }

    /// When a frame that is sent now comes: never, once, or twice.
    pub(crate) fn arrivals(&mut self, now: Duration, way: Way, dice: &mut Dice) -> Vec<Duration> {
        let in_order = self.in_order;
        let path = self.path(way);
        if path.cut_until > now || dice.happens(path.weather.loss_percent) {
            return Vec::new();
        }
        let copies = if dice.happens(path.weather.duplicate_percent) {
            2
        } else {
            1
        };
        let mut arrivals = Vec::with_capacity(copies);
        for _ in 0..copies {
            let mut at = now + path.delay + dice.time_below(path.weather.jitter);
            if dice.happens(path.weather.spike_percent) {
                at += dice.time_below(path.weather.spike);
            }
            if in_order {
                at = at.max(path.latest_arrival + Duration::from_nanos(1));
                path.latest_arrival = at;
            }
            arrivals.push(at);
        }
        arrivals
    }
}
