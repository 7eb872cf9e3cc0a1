//! `fencedevices`, and how each node uses them.

use diagnostics::{Diagnostic, Span, Spanned};

use super::super::reading::Reading;
use super::super::settings::{Datum, Settings};
use super::super::{each, merged};
use crate::MAX_FENCE_DEVICES;
use crate::model::{FenceDevice, FenceMethod, FenceStep, Node};

pub(super) fn devices(cluster: &Settings<'_>, reading: &mut Reading<'_>) -> Vec<FenceDevice> {
    let Some((list, _)) = merged(cluster, "fencedevices", reading) else {
        return Vec::new();
    };
    let mut devices: Vec<FenceDevice> = Vec::new();
    for (settings, span) in each(&list, "fencedevice", reading) {
        if devices.len() == MAX_FENCE_DEVICES {
            let message = format!("there are at most {MAX_FENCE_DEVICES} fencedevices");
            reading.error(span, message);
            break;
        }
        let (name, agent) = (settings.text("name"), settings.text("agent"));
        for (word, is_there) in [("name", name.is_some()), ("agent", agent.is_some())] {
            if !is_there && settings.setting(word).is_none() {
                reading.error(span, format!("this fencedevice has no {word}"));
            }
        }
        let (Some(name), Some(agent)) = (name, agent) else {
            continue;
        };
        let mut others = devices.iter();
        if let Some(other) = others.find(|other| other.name.value == name.value) {
            let message = format!(
                "fencedevice '{}' is given twice, on lines {} and {}",
                name.value,
                reading.line(other.name.span),
                reading.line(name.span)
            );
            reading.error(name.span, message);
        }
        devices.push(FenceDevice {
            parameters: parameters(&settings, &["name", "agent"]),
            name,
            agent,
            span,
        });
    }
    devices
}

/// All attributes but those.
fn parameters(settings: &Settings<'_>, but: &[&str]) -> Vec<(String, Spanned<String>)> {
    let settings = settings.settings.iter();
    let others = settings.filter(|setting| !but.contains(&setting.keyword.text.as_str()));
    others
        .filter_map(|setting| match &setting.value.value {
            Datum::Text(text) => Some((
                setting.keyword.text.clone(),
                Spanned::new(text.clone(), setting.value.span),
            )),
            _ => None,
        })
        .collect()
}

/// The methods in `fence`, and the one that `unfence` is.
pub(super) fn methods(
    node: &Settings<'_>,
    reading: &mut Reading<'_>,
) -> (Vec<FenceMethod>, Option<FenceMethod>) {
    let mut methods = Vec::new();
    if let Some((fence, _)) = merged(node, "fence", reading) {
        for (settings, span) in each(&fence, "method", reading) {
            let name = settings.text("name").map(|name| name.value);
            if settings.setting("name").is_none() {
                reading.error(span, "this method has no name");
            }
            let method = method(&settings, name.unwrap_or_default(), span, reading);
            if method.steps.is_empty() {
                let message = "this method has no device, so it never succeeds";
                reading.warning(span, message);
            }
            methods.push(method);
        }
    }
    let unfence = merged(node, "unfence", reading)
        .map(|(settings, span)| method(&settings, String::new(), span, reading));
    (methods, unfence)
}

fn method(
    settings: &Settings<'_>,
    name: String,
    span: Span,
    reading: &mut Reading<'_>,
) -> FenceMethod {
    let mut steps = Vec::new();
    for (device, span) in each(settings, "device", reading) {
        match device.text("name") {
            Some(name) => steps.push(FenceStep {
                parameters: parameters(&device, &["name"]),
                device: name,
            }),
            None if device.setting("name").is_none() => {
                reading.error(span, "this device has no name");
            }
            None => {}
        }
    }
    FenceMethod { name, steps, span }
}

/// Every device that a node uses exists, and a redirection names a node.
pub(super) fn check(nodes: &[Node], devices: &[FenceDevice], reading: &mut Reading<'_>) {
    for node in nodes {
        let methods = node.fence_methods.iter().chain(&node.unfence);
        for step in methods.flat_map(|method| &method.steps) {
            let mut known = devices.iter();
            match known.find(|device| device.name.value == step.device.value) {
                Some(device) if device.leaves_fencing_to_resource_manager() => {
                    check_redirection(step, nodes, reading);
                }
                Some(_) => {}
                None => {
                    let name = step.device.value.as_str();
                    let message = format!("there is no fencedevice '{name}'");
                    let message = Diagnostic::error(message).at(step.device.span);
                    let names = devices.iter().map(|device| device.name.value.as_str());
                    reading.tell(message.suggest(name, names));
                }
            }
        }
    }
}

/// `fence_pcmk` is told by `port` which node to have fenced.
fn check_redirection(step: &FenceStep, nodes: &[Node], reading: &mut Reading<'_>) {
    let mut parameters = step.parameters.iter();
    let port = parameters.find(|(name, _)| matches!(name.as_str(), "port" | "nodename"));
    if let Some((_, port)) = port
        && !nodes.iter().any(|node| node.name.value == port.value)
    {
        let message = format!("there is no clusternode '{}'", port.value);
        let message = Diagnostic::error(message).at(port.span);
        let names = nodes.iter().map(|node| node.name.value.as_str());
        reading.tell(message.suggest(&port.value, names));
    }
}
