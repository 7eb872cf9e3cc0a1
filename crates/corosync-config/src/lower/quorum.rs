//! `quorum`: options of votes, and the witness.

use diagnostics::{Span, Spanned};

use super::nodelist::address;
use super::settings::Datum;
use super::{Reading, Settings, merged};
use crate::model::{
    Algorithm, Command, Device, Heuristics, HeuristicsMode, Net, Quorum, TieBreaker, Tls,
};

pub(super) fn read(top: &Settings<'_>, reading: &mut Reading<'_>) -> Quorum {
    let Some((settings, _)) = merged(top, "quorum", reading) else {
        return Quorum::default();
    };
    let tie_breaker = settings.text("auto_tie_breaker_node");
    Quorum {
        provider: settings.span("provider"),
        expected_votes: settings.number("expected_votes"),
        two_node: settings.switch("two_node"),
        wait_for_all: settings.switch("wait_for_all"),
        auto_tie_breaker: settings.switch("auto_tie_breaker"),
        auto_tie_breaker_node: tie_breaker.and_then(|text| tie_breaker_of(text, true, reading)),
        last_man_standing: settings.switch("last_man_standing"),
        last_man_standing_window_ms: settings.number("last_man_standing_window"),
        allow_downscale: settings.switch("allow_downscale"),
        expected_votes_tracking: settings.switch("expected_votes_tracking"),
        device: merged(&settings, "device", reading)
            .and_then(|(settings, span)| device(&settings, span, reading)),
    }
}

/// `lowest`, `highest` or ids; `list` tells whether there may be several.
fn tie_breaker_of(
    text: Spanned<String>,
    list: bool,
    reading: &mut Reading<'_>,
) -> Option<Spanned<TieBreaker>> {
    let ids = || -> Option<Vec<u32>> {
        let ids = text.value.split_ascii_whitespace();
        ids.map(|id| id.parse().ok().filter(|id| *id > 0)).collect()
    };
    let found = match text.value.as_str() {
        "lowest" => Some(TieBreaker::Lowest),
        "highest" => Some(TieBreaker::Highest),
        _ => ids()
            .filter(|ids| list || ids.len() == 1)
            .map(TieBreaker::Nodes),
    };
    match found {
        Some(found) => Some(Spanned::new(found, text.span)),
        None => {
            let ids = if list { "nodeids" } else { "a nodeid" };
            let message = format!("'{}' is not lowest, highest or {ids}", text.value);
            let message = diagnostics::Diagnostic::error(message).at(text.span);
            reading.tell(message.suggest(&text.value, ["lowest", "highest"]));
            None
        }
    }
}

fn device(settings: &Settings<'_>, span: Span, reading: &mut Reading<'_>) -> Option<Device> {
    if settings.setting("model").is_none() {
        let help = "write 'model: net': a witness on another machine";
        reading.error_with_help(span, "this device has no model", help);
    }
    let heuristics = merged(settings, "heuristics", reading)
        .map(|(settings, span)| heuristics(&settings, span, reading))
        .unwrap_or_default();
    let Some((net, net_span)) = merged(settings, "net", reading) else {
        let help = "write 'net {' with the witness's host and algorithm";
        reading.error_with_help(span, "this device has no section 'net'", help);
        return None;
    };
    Some(Device {
        votes: settings.number("votes"),
        timeout_ms: settings.number("timeout"),
        sync_timeout_ms: settings.number("sync_timeout"),
        master_wins: settings.switch("master_wins"),
        net: net_of(&net, net_span, reading)?,
        heuristics,
        span,
    })
}

fn net_of(settings: &Settings<'_>, span: Span, reading: &mut Reading<'_>) -> Option<Net> {
    if settings.setting("host").is_none() {
        let help = "write 'host: ADDRESS': where the witness is";
        reading.error_with_help(span, "this witness has no host", help);
    }
    let host = settings
        .text("host")
        .and_then(|text| address(&text, reading));
    let tie_breaker = settings.text("tie_breaker");
    Some(Net {
        port: settings.number("port"),
        algorithm: algorithm(settings, reading),
        tie_breaker: tie_breaker.and_then(|text| tie_breaker_of(text, false, reading)),
        tls: settings.one_of("tls", |word| match word {
            "off" => Tls::Off,
            "required" => Tls::Required,
            _ => Tls::On,
        }),
        connect_timeout_ms: settings.number("connect_timeout"),
        ip_version: settings
            .one_of("force_ip_version", |word| match word {
                "4" => 4,
                "6" => 6,
                _ => 0,
            })
            .filter(|version| version.value > 0),
        keep_active_partition: settings.switch("keep_active_partition_tie_breaker"),
        host: host?,
    })
}

fn algorithm(settings: &Settings<'_>, reading: &mut Reading<'_>) -> Option<Spanned<Algorithm>> {
    let word = settings.one_of("algorithm", |word| word)?;
    let algorithm = match word.value {
        "ffsplit" => Algorithm::Ffsplit,
        "lms" => Algorithm::Lms,
        developers => {
            let message = format!("algorithm '{developers}' is for developers of corosync alone");
            reading.error_with_help(word.span, message, "use ffsplit or lms");
            return None;
        }
    };
    Some(Spanned::new(algorithm, word.span))
}

fn heuristics(settings: &Settings<'_>, span: Span, reading: &mut Reading<'_>) -> Heuristics {
    let commands: Vec<Command> = settings
        .settings
        .iter()
        .filter_map(|setting| {
            let name = setting.keyword.text.strip_prefix("exec_")?;
            let Datum::Text(line) = &setting.value.value else {
                return None;
            };
            Some(Command {
                name: name.to_owned(),
                line: Spanned::new(line.clone(), setting.value.span),
            })
        })
        .collect();
    if commands.len() > Heuristics::MAX_COMMANDS {
        let most = Heuristics::MAX_COMMANDS;
        reading.error(span, format!("heuristics have at most {most} commands"));
    }
    let mode = settings.one_of("mode", |word| match word {
        "on" => HeuristicsMode::On,
        "sync" => HeuristicsMode::Sync,
        _ => HeuristicsMode::Off,
    });
    let runs = mode
        .as_ref()
        .is_some_and(|mode| mode.value != HeuristicsMode::Off);
    if runs && commands.is_empty() {
        let help = "write 'exec_NAME: COMMAND' for each";
        reading.error_with_help(span, "these heuristics have no command", help);
    }
    if !runs && !commands.is_empty() {
        let message = "these heuristics never run: their mode is off";
        reading.warning(span, message);
    }
    Heuristics {
        mode,
        timeout_ms: settings.number("timeout"),
        sync_timeout_ms: settings.number("sync_timeout"),
        interval_ms: settings.number("interval"),
        commands,
    }
}
