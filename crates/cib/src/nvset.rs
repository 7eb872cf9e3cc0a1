//! Name-value sets (`meta_attributes`, `instance_attributes`, …): which pairs hold now.
//!
//! - A set may stand for another one by `id-ref`, and so may each pair in it.
//! - A set with a rule counts only while the rule holds; further rules in it are not looked at.
//! - Sets with a higher score come first; of sets with the same score, the *last* one of the
//!   document comes first (Pacemaker says that this is not defined, and always does it). One set may
//!   be named that comes before all others.
//! - Of several values for one name the first counts.
//! - The value `#default` takes back what was said before it, and is deprecated.

use crate::rules::{self, Findings, Input};
use crate::score::Score;
use crate::values::Values;
use crate::xml::Element;

/// Adds to `into` what the sets called `set_name` (`meta_attributes`, `instance_attributes`,
/// `utilization`, `cluster_property_set`) directly below `parent` say, where their rules hold and
/// `into` says nothing yet. The set with the id `first` is taken before all others.
pub fn collect<'c>(
    parent: Element<'c>,
    set_name: &str,
    first: Option<&str>,
    input: &Input<'_>,
    into: &mut Values<'c>,
    findings: &mut Findings,
) {
    for set in ordered(parent, set_name, first, findings) {
        if let Some(rule) = set.child("rule")
            && !rules::evaluate(rule, input, findings).holds()
        {
            continue;
        }
        // Before 1.0, the pairs stood in an element of their own.
        let pairs = set.children().next().filter(|it| it.name() == "attributes");
        for pair in pairs.unwrap_or(set).children_named("nvpair") {
            add(pair, into, findings);
        }
    }
}

/// The sets in the order in which they count.
fn ordered<'c>(
    parent: Element<'c>,
    set_name: &str,
    first: Option<&str>,
    findings: &mut Findings,
) -> Vec<Element<'c>> {
    let mut sets: Vec<_> = parent
        .children_named(set_name)
        .filter_map(|set| findings.resolve(set))
        .collect();
    if sets.len() > 1 {
        sets.reverse();
        sets.sort_by_cached_key(|&set| {
            let is_first = first.is_some() && set.id() == first;
            (!is_first, -score(set, findings))
        });
    }
    sets
}

fn score(set: Element<'_>, findings: &mut Findings) -> Score {
    let Some(text) = set.attribute("score") else {
        return Score::ZERO;
    };
    Score::parse(text).unwrap_or_else(|| {
        findings.warning(format!(
            "Using 0 as {} score because '{text}' is not a valid score: Bad input value provided",
            set.id().unwrap_or_default()
        ));
        Score::ZERO
    })
}

fn add<'c>(pair: Element<'c>, into: &mut Values<'c>, findings: &mut Findings) {
    let Some(pair) = findings.resolve(pair) else {
        return;
    };
    let (Some(name), Some(value)) = (pair.attribute("name"), pair.attribute("value")) else {
        return;
    };
    if value.eq_ignore_ascii_case("#default") {
        findings.warning(format!(
            "Support for setting meta-attributes (such as {name}) to the explicit value '#default' \
             is deprecated and will be removed in a future release"
        ));
        into.remove(name);
    } else {
        into.set_default(name, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::xml::Document;

    #[test]
    fn sets() {
        let check = |sets: &str, first: Option<&str>, expected: &str| {
            let document = Document::parse(&format!("<p>{sets}</p>")).expect("well-formed");
            let mut values = Values::new();
            let mut findings = Findings::default();
            collect(
                document.root(),
                "s",
                first,
                &Input::default(),
                &mut values,
                &mut findings,
            );
            let found: Vec<_> = values
                .iter()
                .map(|(name, value)| format!("{name}={value}"))
                .collect();
            assert_eq!(found.join(" "), expected, "{sets}");
            findings.problems.len()
        };
        let a = |value: &str| format!("<nvpair id='a{value}' name='a' value='{value}'/>");
        let (a1, a2) = (a("1"), a("2"));
        assert_eq!(
            check(
                &format!("<s id='x'>{a1}</s><s id='y'>{a2}</s>"),
                None,
                "a=2"
            ),
            0
        );
        assert_eq!(check(&format!("<s id='x'>{a1}{a2}</s>"), None, "a=1"), 0);
        assert_eq!(
            check(
                &format!("<s id='x' score='1'>{a1}</s><s id='y'>{a2}</s>"),
                None,
                "a=1"
            ),
            0
        );
        assert_eq!(
            check(
                &format!("<s id='x' score='1'>{a1}</s><s id='y'>{a2}</s>"),
                Some("y"),
                "a=2"
            ),
            0
        );
        assert_eq!(
            check(
                &format!("<s id='x' score='z'>{a1}</s><s id='y'>{a2}</s>"),
                None,
                "a=2"
            ),
            1
        );
        assert_eq!(
            check(
                &format!("<t><s id='x'>{a1}</s></t><s id-ref='x'/>"),
                None,
                "a=1"
            ),
            0
        );
        assert_eq!(check("<s id='x'><nvpair id-ref='n'/></s>", None, ""), 1);
        assert_eq!(
            check(
                &format!("<t>{a1}</t><s id='x'><nvpair id-ref='a1'/></s>"),
                None,
                "a=1"
            ),
            0
        );
        let reset = "<nvpair id='r' name='a' value='#default'/>";
        assert_eq!(check(&format!("<s id='x'>{a1}{reset}</s>"), None, ""), 1);
        let never = "<rule id='r' boolean-op='or'><rsc_expression id='e' type='x'/></rule>";
        assert_eq!(
            check(
                &format!("<s id='x'>{a1}</s><s id='y'>{never}{a2}</s>"),
                None,
                "a=1"
            ),
            0
        );
    }
}
