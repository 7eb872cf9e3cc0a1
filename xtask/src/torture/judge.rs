//! Whether a round kept its promises.

use std::collections::BTreeMap;

use cluster_api::{Answer, Change, Edit, Request};
use cluster_lab::LabCluster;
use linearizability::Action;

use super::history::History;
use crate::Outcome;

/// How many violations are named.
const NAMED: usize = 10;

/// What the clients of the round before have left is removed.
pub fn clear(cluster: &LabCluster) -> Outcome {
    let change = Request::Change(Change {
        if_version: None,
        edits: vec![Edit::Delete {
            xpath: "//cluster_property_set[@id='lab']".to_owned(),
        }],
    });
    let mut client = cluster.client(1).map_err(|error| error.to_string())?;
    match client.ask(&change).map_err(|error| error.to_string())? {
        Answer::Changed(_) => Ok(()),
        other => Err(format!("a whole cluster does not take a change: {other:?}")),
    }
}

/// Judges a round at its end, when the cluster is whole and nobody changes anything.
///
/// # Errors
/// What is violated, in sentences.
pub fn judge(cluster: &LabCluster, history: &History) -> Outcome {
    let copies = copies(cluster)?;
    let [first, others @ ..] = &copies[..] else {
        return Err("there is no node".to_owned());
    };
    if let Some(place) = others.iter().position(|copy| copy != first) {
        return Err(format!(
            "node1 and node{} have different CIBs:\n{first}\n{}",
            place + 2,
            others[place]
        ));
    }
    let held = attributes(first);
    let lost = lost(history, &held);
    if !lost.is_empty() {
        let named = &lost[..lost.len().min(NAMED)];
        return Err(format!(
            "{} acknowledged changes are not in the CIB: {}",
            lost.len(),
            named.join(", ")
        ));
    }
    let mut operations = history.operations();
    operations.retain(|operation| operation.key.starts_with('r'));
    linearizability::check(&operations).map_err(|violation| violation.to_string())
}

fn copies(cluster: &LabCluster) -> Result<Vec<String>, String> {
    let copy = |node| {
        let mut client = cluster.client(node).map_err(|error| error.to_string())?;
        match client.ask(&Request::Cib { ordered: true }) {
            Ok(Answer::Cib(cib)) => Ok(cib.xml),
            Ok(other) => Err(format!("node{node} does not show its CIB: {other:?}")),
            Err(error) => Err(format!("node{node} does not show its CIB: {error}")),
        }
    };
    cluster.ids().map(copy).collect()
}

/// Attributes that were acknowledged and are not there. Each is given once.
fn lost(history: &History, held: &BTreeMap<&str, &str>) -> Vec<String> {
    let operations = history.operations().into_iter();
    operations
        .filter(|operation| operation.answered.is_some() && operation.key.starts_with('a'))
        .filter(|operation| {
            let value = held.get(operation.key.as_str()).map(|it| (*it).to_owned());
            operation.action != Action::Write(value)
        })
        .map(|operation| operation.key)
        .collect()
}

/// The attributes in a CIB, by name.
pub fn attributes(cib: &str) -> BTreeMap<&str, &str> {
    let elements = cib.split("<nvpair id=\"lab-").skip(1);
    let pair = |element| {
        let (element, _): (&str, &str) = str::split_once(element, '>')?;
        let (name, rest) = element.split_once('"')?;
        let (_, rest) = rest.split_once("value=\"")?;
        let (value, _) = rest.split_once('"')?;
        Some((name, value))
    };
    elements.filter_map(pair).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::torture::history::Told;

    #[test]
    fn what_was_acknowledged_must_be_there() {
        let cib = format!("<cib>{}</cib>", cluster_lab::attribute("a1.1", "given"));
        let held = attributes(&cib);
        assert_eq!(held, BTreeMap::from([("a1.1", "given")]));
        let history = History::new(1);
        let given = |number, told| {
            let action = Action::Write(Some("given".to_owned()));
            history.changed(0, &history.name("a", number), action, told);
        };
        given(1, Told::Acknowledged);
        given(2, Told::Unknown);
        given(3, Told::WithoutQuorum);
        given(4, Told::Refused);
        assert_eq!(lost(&history, &held), [""; 0]);
        given(5, Told::Acknowledged);
        assert_eq!(lost(&history, &held), ["a1.5"]);
    }
}
