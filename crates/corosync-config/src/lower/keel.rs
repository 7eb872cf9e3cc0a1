//! `keel`: options of our own.

use super::{Reading, Settings, merged};
use crate::model::{Acknowledge, Keel, MessageTransport};
use crate::read::Item;

/// What `keel.transport` says, before anything else is read: what other keywords mean depends on it.
pub(super) fn transport(items: &[Item]) -> MessageTransport {
    let mut transport = MessageTransport::default();
    for item in items {
        let Item::Section { name, items } = item else {
            continue;
        };
        for item in items.iter().filter(|_| name.text == "keel") {
            match item {
                Item::Setting { keyword, value } if keyword.text == "transport" => {
                    transport = transport_of(&value.text);
                }
                _ => {}
            }
        }
    }
    transport
}

fn transport_of(word: &str) -> MessageTransport {
    match word {
        "corosync" => MessageTransport::Corosync,
        _ => MessageTransport::Embedded,
    }
}

pub(super) fn read(top: &Settings<'_>, reading: &mut Reading<'_>) -> Keel {
    let Some((settings, _)) = merged(top, "keel", reading) else {
        return Keel::default();
    };
    let keel = Keel {
        transport: settings.one_of("transport", transport_of),
        heartbeat_ms: settings.number("heartbeat_ms"),
        detection_floor_ms: settings.number("detection_floor_ms"),
        detection_ceiling_ms: settings.number("detection_ceiling_ms"),
        port: settings.number("port"),
        certificates: settings.text("certificates"),
        cib: settings.text("cib"),
        acknowledge: settings.one_of("acknowledge", |word| match word {
            "quorum" => Acknowledge::Quorum,
            _ => Acknowledge::All,
        }),
        generations: settings.number("generations"),
        authority: None,
    };
    check(&keel, reading);
    keel
}

fn check(keel: &Keel, reading: &mut Reading<'_>) {
    if let (Some(heartbeat), Some(floor)) = (&keel.heartbeat_ms, &keel.detection_floor_ms)
        && heartbeat.value >= floor.value
    {
        let message = format!(
            "a heartbeat every {} ms is not sooner than the detection floor of {} ms on line {}",
            heartbeat.value,
            floor.value,
            reading.line(floor.span)
        );
        let help = "several heartbeats should fit into the floor";
        reading.error_with_help(heartbeat.span, message, help);
    }
    if let (Some(floor), Some(ceiling)) = (&keel.detection_floor_ms, &keel.detection_ceiling_ms)
        && ceiling.value < floor.value
    {
        let message = format!(
            "the detection ceiling of {} ms is below the floor of {} ms on line {}",
            ceiling.value,
            floor.value,
            reading.line(floor.span)
        );
        reading.error(ceiling.span, message);
    }
}
