//! The cluster's options (Pacemaker Explained, "Cluster Options"), typed, with their defaults.

mod table;

use cib::literal::{parse_boolean, parse_interval_ms};
use cib::score::HealthScores;
use cib::{Score, Values};

use self::table::{
    FENCING_ACTIONS, HEALTH_STRATEGIES, NO_QUORUM_POLICIES, PLACEMENT_STRATEGIES, complete,
};
use crate::configuration::parse_integer;

/// `no-quorum-policy`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum NoQuorumPolicy {
    /// Stop everything.
    #[default]
    Stop,
    /// Leave what runs, start nothing.
    Freeze,
    /// Go on as if there were quorum.
    Ignore,
    /// Demote promoted resources and stop the rest.
    Demote,
    /// Fence all nodes of the partition.
    Fence,
}

/// `placement-strategy`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PlacementStrategy {
    /// Utilization is not considered.
    #[default]
    Default,
    /// Utilization decides whether a node can take a resource.
    Utilization,
    /// … and nodes with more free capacity are preferred.
    Balanced,
    /// … and as few nodes as possible are used.
    Minimal,
}

/// The cluster options that the scheduler obeys.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is one option")]
pub struct Options<'c> {
    /// All options: as configured if the value is valid, by default otherwise; old names replaced
    /// by current ones.
    pub all: Values<'c>,
    /// `have-quorum` of the CIB.
    pub quorate: bool,
    /// `no-quorum-policy`.
    pub no_quorum_policy: NoQuorumPolicy,
    /// `symmetric-cluster`.
    pub symmetric: bool,
    /// `maintenance-mode`.
    pub maintenance: bool,
    /// `fencing-enabled`.
    pub fencing_enabled: bool,
    /// Whether there is a fencing device, or a watchdog.
    pub have_fencing: bool,
    /// `fencing-action`: `reboot` or `off`.
    pub fencing_action: &'static str,
    /// `fencing-timeout` in milliseconds.
    pub fencing_timeout_ms: u64,
    /// `fence-remote-without-quorum`.
    pub fence_remote_without_quorum: bool,
    /// `concurrent-fencing`.
    pub concurrent_fencing: bool,
    /// `startup-fencing`; never without fencing.
    pub startup_fencing: bool,
    /// `priority-fencing-delay` in milliseconds.
    pub priority_fencing_delay_ms: u64,
    /// Whether any resource needs or provides unfencing.
    pub unfencing: bool,
    /// `stop-all-resources`.
    pub stop_all: bool,
    /// `stop-removed-resources`.
    pub stop_removed_resources: bool,
    /// `cancel-removed-actions`.
    pub cancel_removed_actions: bool,
    /// `start-failure-is-fatal`.
    pub start_failure_is_fatal: bool,
    /// `enable-startup-probes`.
    pub startup_probes: bool,
    /// `shutdown-lock`.
    pub shutdown_lock: bool,
    /// `shutdown-lock-limit` in milliseconds; 0 for none.
    pub shutdown_lock_limit_ms: u64,
    /// `node-pending-timeout` in milliseconds.
    pub node_pending_timeout_ms: u64,
    /// `placement-strategy`.
    pub placement_strategy: PlacementStrategy,
    /// The cluster has remote nodes.
    pub have_remote_nodes: bool,
    /// `node-health-strategy`.
    pub node_health_strategy: &'static str,
    /// Score of health `red`.
    pub health_red: Score,
    /// Score of health `yellow`.
    pub health_yellow: Score,
    /// Score of health `green`.
    pub health_green: Score,
}

impl Default for Options<'_> {
    /// The options of a cluster that sets none.
    fn default() -> Self {
        Self::new(Values::new()).0
    }
}

impl<'c> Options<'c> {
    /// The options of a cluster that sets `configured`, and what is wrong with it, as Pacemaker
    /// words it. Missing and invalid values are replaced by defaults. What does not follow from
    /// options alone (quorum, whether there are fencing devices, remote nodes, unfencing) is left
    /// false.
    #[must_use]
    pub fn new(configured: Values<'c>) -> (Self, Vec<Problem>) {
        let mut all = configured;
        let problems = complete(&mut all);

        let is_true = |name: &str| all.get(name).and_then(parse_boolean) == Some(true);
        let duration_ms = |name: &str| all.get(name).map_or(0, parse_interval_ms).into();
        let fencing_enabled = is_true("fencing-enabled");
        let shutdown_lock = is_true("shutdown-lock");
        let node_health_strategy = word_of(&all, "node-health-strategy", &HEALTH_STRATEGIES);
        let [health_red, health_yellow, health_green] = health_scores(&all, node_health_strategy);
        let options = Self {
            quorate: false,
            no_quorum_policy: match word_of(&all, "no-quorum-policy", &NO_QUORUM_POLICIES) {
                "freeze" => NoQuorumPolicy::Freeze,
                "ignore" => NoQuorumPolicy::Ignore,
                "demote" => NoQuorumPolicy::Demote,
                "fence" | "suicide" => NoQuorumPolicy::Fence,
                _ => NoQuorumPolicy::Stop,
            },
            symmetric: is_true("symmetric-cluster"),
            maintenance: is_true("maintenance-mode"),
            fencing_enabled,
            have_fencing: is_true("have-watchdog"),
            fencing_action: word_of(&all, "fencing-action", &FENCING_ACTIONS),
            fencing_timeout_ms: duration_ms("fencing-timeout"),
            fence_remote_without_quorum: is_true("fence-remote-without-quorum"),
            concurrent_fencing: is_true("concurrent-fencing"),
            startup_fencing: fencing_enabled && is_true("startup-fencing"),
            priority_fencing_delay_ms: duration_ms("priority-fencing-delay"),
            unfencing: false,
            stop_all: is_true("stop-all-resources"),
            stop_removed_resources: is_true("stop-removed-resources"),
            cancel_removed_actions: is_true("cancel-removed-actions"),
            start_failure_is_fatal: is_true("start-failure-is-fatal"),
            startup_probes: is_true("enable-startup-probes"),
            shutdown_lock,
            shutdown_lock_limit_ms: if shutdown_lock {
                duration_ms("shutdown-lock-limit")
            } else {
                0
            },
            node_pending_timeout_ms: duration_ms("node-pending-timeout"),
            placement_strategy: match word_of(&all, "placement-strategy", &PLACEMENT_STRATEGIES) {
                "utilization" => PlacementStrategy::Utilization,
                "balanced" => PlacementStrategy::Balanced,
                "minimal" => PlacementStrategy::Minimal,
                _ => PlacementStrategy::Default,
            },
            have_remote_nodes: false,
            node_health_strategy,
            health_red,
            health_yellow,
            health_green,
            all,
        };
        (options, problems)
    }
}

impl Options<'_> {
    /// The score that `text` says; health colours are worth what the options say.
    #[must_use]
    pub fn parse_score(&self, text: &str) -> Option<Score> {
        let health = HealthScores {
            red: self.health_red,
            yellow: self.health_yellow,
            green: self.health_green,
        };
        Score::parse_with_health(text, health)
    }
}

/// Something odd about an option.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// The value cannot be used.
    Invalid(String),
    /// The name has been replaced by another.
    LegacyName(String),
}

/// The word that option `name` has, in the spelling of `words`; the first of them if none.
fn word_of(all: &Values<'_>, name: &str, words: &[&'static str]) -> &'static str {
    let value = all.get(name).unwrap_or_default();
    words
        .iter()
        .find(|word| word.eq_ignore_ascii_case(value))
        .or(words.first())
        .copied()
        .unwrap_or_default()
}

/// What the colours red, yellow and green are worth.
fn health_scores(all: &Values<'_>, strategy: &str) -> [Score; 3] {
    let configured = |name: &str| match all.get(name) {
        Some("INFINITY" | "+INFINITY") => Score::INFINITY,
        Some("-INFINITY") => Score::MINUS_INFINITY,
        value => value
            .and_then(parse_integer)
            .map_or(Score::ZERO, Score::new),
    };
    match strategy {
        "migrate-on-red" => [Score::MINUS_INFINITY, Score::ZERO, Score::ZERO],
        "only-green" => [Score::MINUS_INFINITY, Score::MINUS_INFINITY, Score::ZERO],
        "progressive" | "custom" => [
            configured("node-health-red"),
            configured("node-health-yellow"),
            configured("node-health-green"),
        ],
        _ => [Score::ZERO; 3],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(pairs: &[(&'static str, &'static str)]) -> (Options<'static>, Vec<Problem>) {
        let mut values = Values::new();
        for &(name, value) in pairs {
            values.set(name, value);
        }
        Options::new(values)
    }

    #[test]
    fn defaults_are_pacemakers() {
        let (options, problems) = options(&[]);
        assert!(problems.is_empty());
        assert!(options.fencing_enabled && options.startup_fencing && options.symmetric);
        assert!(options.stop_removed_resources && options.cancel_removed_actions);
        assert!(options.start_failure_is_fatal && options.startup_probes);
        assert_eq!(options.fencing_timeout_ms, 60_000);
        assert_eq!(options.fencing_action, "reboot");
        assert_eq!(options.no_quorum_policy, NoQuorumPolicy::Stop);
        assert_eq!(options.all.get("cluster-delay"), Some("60s"));
        assert_eq!(options.all.get("cluster-name"), None);
    }

    #[test]
    fn both_spellings_are_understood() {
        let (options, problems) = options(&[
            ("stonith-enabled", "false"),
            ("stop-orphan-resources", "no"),
            ("fencing-action", "off"),
        ]);
        assert!(!options.fencing_enabled && !options.startup_fencing);
        assert!(!options.stop_removed_resources);
        assert_eq!(options.fencing_action, "off");
        assert_eq!(problems.len(), 2);
    }

    #[test]
    fn invalid_values_give_way_to_defaults() {
        let (options, problems) = options(&[
            ("symmetric-cluster", "perhaps"),
            ("no-quorum-policy", "FREEZE"),
            ("batch-limit", "many"),
        ]);
        assert!(options.symmetric);
        assert_eq!(options.no_quorum_policy, NoQuorumPolicy::Freeze);
        assert_eq!(options.all.get("batch-limit"), Some("0"));
        let texts: Vec<Problem> = [
            "symmetric-cluster' because 'perhaps",
            "batch-limit' because 'many",
        ]
        .map(|text| {
            Problem::Invalid(format!(
                "Using default value for cluster option '{text}' is invalid"
            ))
        })
        .to_vec();
        assert_eq!(problems, texts);
    }
}
