//! `pcs stonith …`: fence devices.

use ::cib::xml::Element;

use super::cib_edit::{self, resource_of};
use super::session::{Done, Refusal, Session};
use super::{resource_state, resource_structure, resource_update};

/// The full name of a primitive's agent.
pub(super) fn agent_of(primitive: Element<'_>) -> String {
    let attribute = |name| primitive.attribute(name).unwrap_or("");
    match primitive.attribute("provider") {
        Some(provider) => format!("{}:{provider}:{}", attribute("class"), attribute("type")),
        None => format!("{}:{}", attribute("class"), attribute("type")),
    }
}

/// Whether a primitive is a fence device.
pub(super) fn is_device(element: Element<'_>) -> bool {
    element.name() == "primitive" && element.attribute("class") == Some("stonith")
}

fn refuse_other(session: &Session<'_>, id: &str, verb: &str) -> Done {
    match cib_edit::resource(&session.cib, id) {
        Some(it) if !is_device(it) => Err(Refusal::said(format!(
            "'{id}' is not a stonith device, use 'pcs resource {verb}'"
        ))),
        _ => Ok(()),
    }
}

/// `stonith update DEVICE …`
pub(super) fn update(session: &mut Session<'_>, words: &[String]) -> Done {
    if let Some(id) = words.first() {
        refuse_other(session, id, "update")?;
    }
    resource_update::update(session, words)
}

/// `stonith delete|remove DEVICE`
pub(super) fn delete(session: &mut Session<'_>, words: &[String]) -> Done {
    if let Some(id) = words.first() {
        refuse_other(session, id, "delete")?;
    }
    resource_structure::delete(session, words)
}

fn check_devices(session: &Session<'_>, words: &[String], verb: &str) -> Done {
    words
        .iter()
        .try_for_each(|id| refuse_other(session, id, verb))
}

/// `stonith enable DEVICE…`
pub(super) fn enable(session: &mut Session<'_>, words: &[String]) -> Done {
    check_devices(session, words, "enable")?;
    resource_state::enable(session, words)
}

/// `stonith disable DEVICE…`
pub(super) fn disable(session: &mut Session<'_>, words: &[String]) -> Done {
    check_devices(session, words, "disable")?;
    resource_state::disable(session, words)
}

/// Whether there is a fence device of that name.
pub(super) fn exists(session: &Session<'_>, id: &str) -> bool {
    resource_of(&session.cib, id, "primitive").is_some_and(is_device)
}
