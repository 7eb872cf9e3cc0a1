//! How fast things are noticed, and which option each time comes from.

use std::time::Duration;

use corosync_config::Configuration;
use diagnostics::Diagnostic;
use membership::Timing;
use serde::Serialize;

/// The heartbeat, where only the floor is given: so many go into it.
const HEARTBEATS_IN_FLOOR: u32 = 6;

/// The group's times from the configuration.
///
/// `keel { … }` says them directly. Where only corosync's `token` is written, it is what it says:
/// the longest silence that is tolerated. It becomes the ceiling; and the floor, where it is shorter
/// than the default one.
pub(super) fn of(configuration: &Configuration) -> Result<Timing, Diagnostic> {
    let keel = &configuration.keel;
    let ms = |option: &Option<diagnostics::Spanned<u32>>| {
        option
            .as_ref()
            .map(|ms| Duration::from_millis(ms.value.into()))
    };
    let default = Timing::default();
    let token = configuration
        .times
        .token_ms
        .as_ref()
        .map(|token| Duration::from_millis(token.value.into()));
    let floor = ms(&keel.detection_floor_ms).unwrap_or_else(|| match token {
        Some(token) => token.min(default.detection_floor),
        None => default.detection_floor,
    });
    let heartbeat = ms(&keel.heartbeat_ms)
        .unwrap_or_else(|| default.heartbeat.min(floor / HEARTBEATS_IN_FLOOR));
    let ceiling = ms(&keel.detection_ceiling_ms).unwrap_or_else(|| match token {
        Some(token) => token.max(floor),
        None => default.detection_ceiling.min(floor * 5).max(floor),
    });
    let timing = Timing {
        heartbeat,
        detection_floor: floor,
        detection_ceiling: ceiling,
    };
    timing.check().map_err(|error| {
        let spans = [
            keel.heartbeat_ms.as_ref().map(|option| option.span),
            keel.detection_floor_ms.as_ref().map(|option| option.span),
            keel.detection_ceiling_ms.as_ref().map(|option| option.span),
            configuration
                .times
                .token_ms
                .as_ref()
                .map(|option| option.span),
        ];
        let message = Diagnostic::error(error.to_string());
        spans.into_iter().flatten().fold(message, Diagnostic::at)
    })
}

/// One part of a sum of times.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Part {
    /// What takes the time.
    pub what: String,
    /// How long at worst, in milliseconds, on a quiet machine.
    pub ms: f64,
    /// The option that it comes from, with its file and line where it is written.
    pub option: String,
}

/// How long the worst case takes, and why.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TimingReport {
    /// A node dies: until the others know it.
    pub detection: Vec<Part>,
    /// From then until the others have a view with quorum.
    pub takeover: Vec<Part>,
    /// The sum of both, in milliseconds.
    pub worst_ms: f64,
    /// The same where a node's heartbeats have been so irregular that the ceiling holds.
    pub busy_worst_ms: f64,
    /// For how long a node that is cut off still believes in its quorum, in milliseconds.
    pub lease_ms: f64,
    /// What corosync would need with the same file, in milliseconds.
    pub corosync_ms: f64,
}

impl TimingReport {
    /// Adds up the worst case. `place`: where a span stands, for people.
    #[must_use]
    pub fn of(
        configuration: &Configuration,
        timing: &Timing,
        place: impl Fn(diagnostics::Span) -> String,
    ) -> Self {
        let ms = |time: Duration| time.as_secs_f64() * 1000.0;
        let keel = &configuration.keel;
        let option = |name: &str, written: &Option<diagnostics::Spanned<u32>>| match (
            written,
            &configuration.times.token_ms,
        ) {
            (Some(option), _) => format!("keel.{name} ({})", place(option.span)),
            (None, Some(token)) => format!("keel.{name}, from totem.token ({})", place(token.span)),
            (None, None) => format!("keel.{name}, its default"),
        };
        let part = |what: &str, time: Duration, option: String| Part {
            what: what.to_owned(),
            ms: ms(time),
            option,
        };
        let heartbeat = option("heartbeat_ms", &keel.heartbeat_ms);
        let floor = option("detection_floor_ms", &keel.detection_floor_ms);
        let detection = vec![part(
            "the silence that makes a node dead, from its last heartbeat",
            timing.detection_floor,
            floor,
        )];
        let takeover = vec![
            part(
                "a member whose turn comes second proposes the view, where the first one died, too",
                timing.stagger(),
                heartbeat.clone(),
            ),
            part(
                "the others answer, or a lost packet is sent again",
                timing.retransmit(),
                heartbeat.clone(),
            ),
            part(
                "the first heartbeats of the new view give it its lease",
                timing.retransmit(),
                heartbeat,
            ),
        ];
        let sum = |parts: &[Part]| parts.iter().map(|part| part.ms).sum::<f64>();
        let nodes = configuration.nodes.len();
        let corosync =
            configuration.times.token_ms(nodes) + configuration.times.consensus_ms(nodes);
        Self {
            worst_ms: sum(&detection) + sum(&takeover),
            busy_worst_ms: ms(timing.detection_ceiling) + sum(&takeover),
            lease_ms: ms(timing.lease()),
            corosync_ms: f64::from(corosync),
            detection,
            takeover,
        }
    }
}
