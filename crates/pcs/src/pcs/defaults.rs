//! `pcs resource defaults`, `pcs resource op defaults`.

use ::cib::xml::{Element, XmlId};

use super::cib_edit::{add_set, as_id, id_exists, in_section, section, set_pairs};
use super::pairs;
use super::rules;
use super::session::{Done, Refusal, Session};

const WARNING: &str =
    "Defaults do not apply to resources which override them with their own defined values";

/// Whose defaults.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Defaults {
    section: &'static str,
    command: &'static str,
}

const OF_RESOURCES: Defaults = Defaults {
    section: "rsc_defaults",
    command: "resource defaults",
};
const OF_OPERATIONS: Defaults = Defaults {
    section: "op_defaults",
    command: "resource op defaults",
};

/// `resource defaults …`
pub(super) fn of_resources(session: &mut Session<'_>, words: &[String]) -> Done {
    OF_RESOURCES.act(session, words)
}

/// `resource op defaults …`
pub(super) fn of_operations(session: &mut Session<'_>, words: &[String]) -> Done {
    OF_OPERATIONS.act(session, words)
}

impl Defaults {
    fn act(self, session: &mut Session<'_>, words: &[String]) -> Done {
        let Some((first, rest)) = words.split_first() else {
            self.show(session);
            return Ok(());
        };
        match first.as_str() {
            "config" if rest.is_empty() => {
                self.show(session);
                Ok(())
            }
            "update" => self.update(session, rest),
            "set" => self.act_on_set(session, rest),
            _ if first.contains('=') => {
                session.deprecated(&format!(
                    "This command is deprecated and will be removed. Please use 'pcs {} update' \
                     instead.",
                    self.command
                ));
                self.update(session, words)
            }
            _ => Err(Refusal::Usage),
        }
    }

    fn sets<'d>(self, session: &'d Session<'_>) -> Vec<Element<'d>> {
        in_section(&session.cib, self.section)
            .filter(|it| it.name() == "meta_attributes")
            .collect()
    }

    fn update(self, session: &mut Session<'_>, words: &[String]) -> Done {
        let wanted = pairs::parse(words)?;
        session.warn(WARNING);
        let sets: Vec<XmlId> = self.sets(session).iter().map(|it| it.xml_id()).collect();
        match sets.as_slice() {
            [] if wanted.iter().all(|(_, value)| value.is_empty()) => {}
            [] => {
                let section = section(&mut session.cib, self.section);
                let id = format!("{}-meta_attributes", self.section);
                add_set(&mut session.cib, section, "meta_attributes", &id, &wanted);
            }
            [only] => set_pairs(&mut session.cib, *only, &wanted),
            _ => {
                return Err(Refusal::said(format!(
                    "Several options sets exist, please use the command 'pcs {} set update' or \
                     specify an option set id",
                    self.command
                )));
            }
        }
        Ok(())
    }

    fn act_on_set(self, session: &mut Session<'_>, words: &[String]) -> Done {
        let (verb, rest) = words.split_first().ok_or(Refusal::Usage)?;
        match verb.as_str() {
            "create" => self.create(session, rest),
            "delete" | "remove" => self.delete(session, rest),
            "update" => {
                let (id, rest) = rest.split_first().ok_or(Refusal::Usage)?;
                let wanted = pairs::parse(rest.strip_prefix(&["meta".to_owned()]).unwrap_or(rest))?;
                let set = self.find(session, id);
                session.check()?;
                session.warn(WARNING);
                if let Some(set) = set {
                    set_pairs(&mut session.cib, set, &wanted);
                }
                Ok(())
            }
            _ => Err(Refusal::Usage),
        }
    }

    fn find(self, session: &mut Session<'_>, id: &str) -> Option<XmlId> {
        let sets = self.sets(session);
        let found = sets
            .iter()
            .find(|it| it.id() == Some(id))
            .map(|it| it.xml_id());
        if found.is_none() {
            session.error(&format!("options set '{id}' does not exist"));
        }
        found
    }

    fn create(self, session: &mut Session<'_>, words: &[String]) -> Done {
        let rule = words.iter().position(|it| it == "rule");
        let (words, rule) = match rule {
            Some(at) => (&words[..at], Some(rules::parse(&words[at + 1..])?)),
            None => (words, None),
        };
        let meta = words
            .iter()
            .position(|it| it == "meta")
            .unwrap_or(words.len());
        let options = pairs::parse(&words[..meta])?;
        let wanted = pairs::parse(words.get(meta + 1..).unwrap_or_default())?;
        for (name, _) in options
            .iter()
            .filter(|(name, _)| name != "id" && name != "score")
        {
            session.objection(&format!(
                "invalid option '{name}', allowed options are: 'id', 'score'"
            ));
        }
        let wanted_id = pairs::get(&options, "id");
        if let Some(id) = wanted_id.filter(|id| id_exists(&session.cib, id)) {
            session.error(&format!("'{id}' already exists"));
        }
        session.check()?;
        session.warn(WARNING);
        let own = as_id(&format!("{}-meta_attributes", self.section));
        let id = wanted_id.unwrap_or(&own);
        let section = section(&mut session.cib, self.section);
        let wanted = pairs::sorted(wanted);
        let set = add_set(&mut session.cib, section, "meta_attributes", id, &wanted);
        for (name, value) in options.iter().filter(|(name, _)| name != "id") {
            session.cib.set(set, name, value);
        }
        if let Some(rule) = rule {
            let cib = &mut session.cib;
            let id = format!("{}-rule", cib.element(set).id().unwrap_or(""));
            let score = [("score".to_owned(), "INFINITY".to_owned())];
            let rule = rules::add(cib, set, &id, &rule, &score, true);
            let first = cib.element(set).children().next().map(Element::xml_id);
            if let Some(first) = first.filter(|it| *it != rule) {
                cib.insert_before(rule, first);
            }
        }
        Ok(())
    }

    fn delete(self, session: &mut Session<'_>, ids: &[String]) -> Done {
        if ids.is_empty() {
            return Err(Refusal::Usage);
        }
        let sets: Vec<_> = ids.iter().filter_map(|id| self.find(session, id)).collect();
        session.check()?;
        for set in sets {
            session.cib.remove(set);
        }
        Ok(())
    }

    fn show(self, session: &mut Session<'_>) {
        let mut lines = Vec::new();
        for set in self.sets(session) {
            let id = set.id().unwrap_or("");
            let score = set.attribute("score").map(|it| format!(" score={it}"));
            let rule = set.child("rule");
            let is_expired = rule.is_some_and(|it| rules::is_expired(it, session.now));
            if is_expired && !session.options.has("--all") {
                continue;
            }
            let expired = if is_expired { " (expired)" } else { "" };
            lines.push(format!(
                "Meta Attrs{expired}: {id}{}",
                score.unwrap_or_default()
            ));
            lines.extend(super::config_text::pairs_of(set).map(|it| format!("  {it}")));
            if let Some(rule) = rule {
                let at = lines.len();
                let full = session.options.has("--full");
                super::location::rule_lines(rule, full, 1, &mut lines);
                lines[at] = lines[at].replacen("Rule:", &format!("Rule{expired}:"), 1);
            }
        }
        if lines.is_empty() {
            lines.push("No defaults set".to_owned());
        }
        for line in lines {
            session.print(&line);
        }
    }
}
