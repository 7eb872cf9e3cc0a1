//! `pcs alert`: programs that the cluster tells of its events.

use ::cib::xml::{Document, Element, XmlId};

use super::cib_edit::{as_id, free_id, id_exists, in_section, section, update_set};
use super::config_text::pairs_of;
use super::pairs::{self, Pairs};
use super::session::{Done, Refusal, Session};

/// `[NAME=VALUE…] [options NAME=VALUE…] [meta NAME=VALUE…]`
struct Wanted {
    own: Pairs,
    options: Pairs,
    meta: Pairs,
}

impl Wanted {
    fn parse(words: &[String], allowed: &[&str]) -> Done<Self> {
        let mut lists: [Vec<String>; 3] = Default::default();
        let mut at = 0;
        for word in words {
            match word.as_str() {
                "options" => at = 1,
                "meta" => at = 2,
                _ => lists[at].push(word.clone()),
            }
        }
        let [own, options, meta] = lists;
        let own = pairs::parse(&own)?;
        if let Some((name, _)) = own.iter().find(|(it, _)| !allowed.contains(&it.as_str())) {
            return Err(Refusal::said(format!(
                "invalid option '{name}', allowed options are: {}",
                pairs::quoted(allowed.iter().copied())
            )));
        }
        Ok(Self {
            own,
            options: pairs::parse(&options)?,
            meta: pairs::parse(&meta)?,
        })
    }

    /// Writes everything but the id.
    fn write(&self, cib: &mut Document, element: XmlId) {
        for (name, value) in self.own.iter().filter(|(name, _)| name != "id") {
            if value.is_empty() && name != "path" {
                cib.unset(element, name);
            } else {
                cib.set(element, name, value);
            }
        }
        update_set(cib, element, "meta_attributes", &self.meta);
        update_set(cib, element, "instance_attributes", &self.options);
    }
}

/// The id that is wanted, or a free one that begins so.
fn new_id(session: &Session<'_>, wanted: &Wanted, begin: &str) -> Done<String> {
    match pairs::get(&wanted.own, "id") {
        Some(id) if id_exists(&session.cib, id) => {
            Err(Refusal::said(format!("'{id}' already exists")))
        }
        Some(id) => Ok(id.to_owned()),
        None => Ok(free_id(&session.cib, &as_id(begin))),
    }
}

fn find(session: &Session<'_>, id: &str) -> Done<XmlId> {
    let mut alerts = in_section(&session.cib, "alerts");
    let found = alerts.find(|it| it.name() == "alert" && it.id() == Some(id));
    let missing = || Refusal::said(format!("alert '{id}' does not exist"));
    found.map(Element::xml_id).ok_or_else(missing)
}

fn find_recipient(session: &Session<'_>, id: &str) -> Done<XmlId> {
    let mut below = in_section(&session.cib, "alerts").flat_map(Element::children);
    let found = below.find(|it| it.name() == "recipient" && it.id() == Some(id));
    let missing = || Refusal::said(format!("recipient '{id}' does not exist"));
    found.map(Element::xml_id).ok_or_else(missing)
}

/// `alert [config]`
pub(super) fn config(session: &mut Session<'_>, words: &[String]) -> Done {
    if !words.is_empty() {
        return Err(Refusal::Usage);
    }
    let mut lines = vec!["Alerts:".to_owned()];
    for alert in in_section(&session.cib, "alerts").filter(|it| it.name() == "alert") {
        let (id, path) = (alert.id().unwrap_or(""), alert.attribute("path"));
        lines.push(format!(" Alert: {id} (path={})", path.unwrap_or("")));
        details(alert, "  ", &mut lines);
        let mut recipients = alert.children_named("recipient").peekable();
        if recipients.peek().is_some() {
            lines.push("  Recipients:".to_owned());
        }
        for recipient in recipients {
            let (id, value) = (recipient.id().unwrap_or(""), recipient.attribute("value"));
            lines.push(format!(
                "   Recipient: {id} (value={})",
                value.unwrap_or("")
            ));
            details(recipient, "    ", &mut lines);
        }
    }
    if lines.len() == 1 {
        lines.push(" No alerts defined".to_owned());
    }
    lines.iter().for_each(|line| session.print(line));
    Ok(())
}

fn details(element: Element<'_>, indent: &str, lines: &mut Vec<String>) {
    if let Some(text) = element.attribute("description") {
        lines.push(format!("{indent}Description: {text}"));
    }
    for (kind, title) in [
        ("instance_attributes", "Options"),
        ("meta_attributes", "Meta options"),
    ] {
        let sets = element.children_named(kind);
        let pairs: Vec<String> = sets.flat_map(pairs_of).collect();
        if !pairs.is_empty() {
            lines.push(format!("{indent}{title}: {}", pairs.join(" ")));
        }
    }
}

/// `alert create path=PATH [id=ID] [description=TEXT] [options …] [meta …]`
pub(super) fn create(session: &mut Session<'_>, words: &[String]) -> Done {
    let wanted = Wanted::parse(words, &["description", "id", "path"])?;
    if pairs::get(&wanted.own, "path").is_none_or(str::is_empty) {
        return Err(Refusal::said("required option 'path' is missing"));
    }
    let id = new_id(session, &wanted, "alert")?;
    let parent = section(&mut session.cib, "alerts");
    let alert = session.cib.append(parent, "alert");
    session.cib.set(alert, "id", &id);
    wanted.write(&mut session.cib, alert);
    Ok(())
}

/// `alert update ID [path=PATH] [description=TEXT] [options …] [meta …]`
pub(super) fn update(session: &mut Session<'_>, words: &[String]) -> Done {
    let (id, words) = words.split_first().ok_or(Refusal::Usage)?;
    let alert = find(session, id)?;
    let wanted = Wanted::parse(words, &["description", "path"])?;
    wanted.write(&mut session.cib, alert);
    Ok(())
}

/// `alert delete|remove ID…`
pub(super) fn delete(session: &mut Session<'_>, words: &[String]) -> Done {
    if words.is_empty() {
        return Err(Refusal::Usage);
    }
    for id in words {
        let alert = find(session, id)?;
        session.cib.remove(alert);
    }
    Ok(())
}

/// `alert recipient add|update|delete|remove …`
pub(super) fn recipient(session: &mut Session<'_>, words: &[String]) -> Done {
    let (verb, rest) = words.split_first().ok_or(Refusal::Usage)?;
    match (verb.as_str(), rest) {
        ("add", [id, rest @ ..]) => {
            let alert = find(session, id)?;
            let wanted = Wanted::parse(rest, &["description", "id", "value"])?;
            let Some(value) = pairs::get(&wanted.own, "value").filter(|it| !it.is_empty()) else {
                return Err(Refusal::said("required option 'value' is missing"));
            };
            let mut all = session.cib.element(alert).children_named("recipient");
            let is_there = all.any(|it| it.attribute("value") == Some(value));
            drop(all);
            if is_there && !session.is_forced() {
                return Err(Refusal::said(format!(
                    "Recipient '{value}' in alert '{id}' already exists, use --force to override"
                )));
            }
            let own = new_id(session, &wanted, &format!("{id}-recipient"))?;
            let recipient = session.cib.append(alert, "recipient");
            session.cib.set(recipient, "id", &own);
            wanted.write(&mut session.cib, recipient);
            Ok(())
        }
        ("update", [id, rest @ ..]) => {
            let recipient = find_recipient(session, id)?;
            let wanted = Wanted::parse(rest, &["description", "value"])?;
            wanted.write(&mut session.cib, recipient);
            Ok(())
        }
        ("delete" | "remove", ids) if !ids.is_empty() => {
            for id in ids {
                let recipient = find_recipient(session, id)?;
                session.cib.remove(recipient);
            }
            Ok(())
        }
        _ => Err(Refusal::Usage),
    }
}
