//! Two documents to a patch.

use crate::hashed::{HashMap, HashSet};

use super::path::path_of;
use crate::version::CibVersion;
use crate::xml::{Content, Document, Element, XmlId};

/// What has to be done to `old` so that it becomes `new`, whose root has the same name; nothing where
/// they are the same. The patch has no digest, which only a result in its final form can have.
#[must_use]
pub fn diff(old: &Document, new: &Document) -> Option<Document> {
    let mut changes = Changes::default();
    let (old_root, new_root) = (old.root(), new.root());
    if old_root.name() == new_root.name() {
        changes.elements(old_root, new_root);
    }
    if changes.deletions.is_empty() && changes.others.is_empty() {
        return None;
    }
    let mut patch = Document::new("diff");
    let root = patch.root().xml_id();
    patch.set(root, "format", "2");
    let version = patch.append(root, "version");
    for (name, cib) in [("source", old_root), ("target", new_root)] {
        let element = patch.append(version, name);
        let version = CibVersion::of(cib);
        patch.set(element, "admin_epoch", &version.admin_epoch.to_string());
        patch.set(element, "epoch", &version.epoch.to_string());
        patch.set(element, "num_updates", &version.num_updates.to_string());
    }
    for (path, position) in &changes.deletions {
        let change = add(&mut patch, "delete", path);
        if let Some(position) = position {
            patch.set(change, "position", &position.to_string());
        }
    }
    for change in changes.others {
        change.write(&mut patch);
    }
    Some(patch)
}

fn add(patch: &mut Document, operation: &str, path: &str) -> XmlId {
    let root = patch.root().xml_id();
    let change = patch.append(root, "change");
    patch.set(change, "operation", operation);
    patch.set(change, "path", path);
    change
}

/// A change that is no deletion.
enum Change<'n> {
    /// Attributes of an element have changed: which ones are set, and which are gone.
    Modify {
        element: Element<'n>,
        set: Vec<(&'n str, &'n str)>,
        unset: Vec<&'n str>,
    },
    /// Something is new, and where it stands.
    Create {
        parent: Element<'n>,
        content: Content<'n>,
        position: usize,
    },
    /// An element has another place.
    Move {
        element: Element<'n>,
        position: usize,
    },
}

impl Change<'_> {
    fn write(self, patch: &mut Document) {
        match self {
            Self::Modify {
                element,
                set,
                unset,
            } => {
                let change = add(patch, "modify", &path_of(element));
                let list = patch.append(change, "change-list");
                for (name, value) in set {
                    let attribute = patch.append(list, "change-attr");
                    patch.set(attribute, "name", name);
                    patch.set(attribute, "operation", "set");
                    patch.set(attribute, "value", value);
                }
                for name in unset {
                    let attribute = patch.append(list, "change-attr");
                    patch.set(attribute, "name", name);
                    patch.set(attribute, "operation", "unset");
                }
                let result = patch.append(change, "change-result");
                let copy = patch.append(result, element.name());
                for (name, value) in element.attributes() {
                    patch.set(copy, name, value);
                }
            }
            Self::Create {
                parent,
                content,
                position,
            } => {
                let change = add(patch, "create", &path_of(parent));
                patch.set(change, "position", &position.to_string());
                patch.append_content(change, content);
            }
            Self::Move { element, position } => {
                let change = add(patch, "move", &path_of(element));
                patch.set(change, "position", &position.to_string());
            }
        }
    }
}

#[derive(Default)]
struct Changes<'n> {
    /// Paths, and the positions of comments.
    deletions: Vec<(String, Option<usize>)>,
    others: Vec<Change<'n>>,
}

/// What tells the contents of an element apart.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Key<'d> {
    Element(&'d str, Option<&'d str>),
    Comment(&'d str),
    Instruction(&'d str),
}

impl<'n> Changes<'n> {
    /// Notes what differs between two elements that are told apart from their siblings alike.
    fn elements(&mut self, old: Element<'n>, new: Element<'n>) {
        self.attributes(old, new);
        let vague = vague_names(old, new);
        let (old_nodes, new_nodes) = (keyed(old, &vague), keyed(new, &vague));
        let kept = kept(&old_nodes, &new_nodes);
        self.deletions_in(old, &old_nodes, &kept);
        let in_place = longest_in_order(&kept);
        for (position, (_, content)) in new_nodes.iter().enumerate() {
            match (kept.to_old[position], content) {
                (Some(at), Content::Element(element)) => {
                    if let Content::Element(old_child) = old_nodes[at].1 {
                        self.elements(old_child, *element);
                    }
                    if !in_place[position] {
                        let element = *element;
                        self.others.push(Change::Move { element, position });
                    }
                }
                (Some(_), _) => {}
                (None, content) => self.others.push(Change::Create {
                    parent: new,
                    content: *content,
                    position,
                }),
            }
        }
    }

    fn attributes(&mut self, old: Element<'n>, new: Element<'n>) {
        if old.attributes().eq(new.attributes()) {
            return;
        }
        let changed = |(name, value): &(&str, &str)| old.attribute(name) != Some(value);
        let mut set: Vec<_> = new.attributes().filter(changed).collect();
        let gone = |(name, _): &(&str, &str)| new.attribute(name).is_none();
        let unset: Vec<_> = old
            .attributes()
            .filter(gone)
            .map(|(name, _)| name)
            .collect();
        if set.is_empty() && unset.is_empty() {
            // Only their order has changed.
            set = new.attributes().collect();
        }
        self.others.push(Change::Modify {
            element: new,
            set,
            unset,
        });
    }

    fn deletions_in(&mut self, parent: Element<'_>, nodes: &[(Key<'_>, Content<'_>)], kept: &Kept) {
        let mut remaining = 0;
        for (index, (_, content)) in nodes.iter().enumerate() {
            if kept.is_kept[index] {
                remaining += 1;
                continue;
            }
            match content {
                Content::Element(element) => self.deletions.push((path_of(*element), None)),
                Content::Comment(_) => self
                    .deletions
                    .push((format!("{}/comment", path_of(parent)), Some(remaining))),
                // There is no path to an instruction.
                Content::Instruction(_) | Content::Text(_) => remaining += 1,
            }
        }
    }
}

/// What stands in `element`, with what tells it apart. Elements whose name is `vague` are told apart by
/// nothing else.
fn keyed<'d>(element: Element<'d>, vague: &HashSet<&str>) -> Vec<(Key<'d>, Content<'d>)> {
    element
        .nodes()
        .filter_map(|content| {
            let key = match content {
                Content::Element(element) => {
                    let id = element.id().filter(|_| !vague.contains(element.name()));
                    Key::Element(element.name(), id)
                }
                Content::Comment(text) => Key::Comment(text),
                Content::Instruction(text) => Key::Instruction(text),
                Content::Text(_) => return None,
            };
            Some((key, content))
        })
        .collect()
}

/// The names of elements that paths cannot tell apart: a path without an id leads to the first element
/// of that name, with an id or not.
fn vague_names<'d>(old: Element<'d>, new: Element<'d>) -> HashSet<&'d str> {
    let mut vague = HashSet::default();
    for element in [old, new] {
        let mut met: HashMap<&str, (usize, bool)> = HashMap::default();
        for child in element.children() {
            let (count, lacks_id) = met.entry(child.name()).or_default();
            *count += 1;
            *lacks_id |= child.id().is_none();
            if *count > 1 && *lacks_id {
                vague.insert(child.name());
            }
        }
    }
    vague
}

/// Which nodes of the one list are in the other.
struct Kept {
    /// Of each new node, the place of the old one that it was.
    to_old: Vec<Option<usize>>,
    /// Of each old node, whether it is still there.
    is_kept: Vec<bool>,
}

/// Pairs nodes with the same key, the first with the first. Elements that a path cannot tell apart are
/// only paired if all of them are as they were.
fn kept(old: &[(Key<'_>, Content<'_>)], new: &[(Key<'_>, Content<'_>)]) -> Kept {
    let mut kept = Kept {
        to_old: vec![None; new.len()],
        is_kept: vec![false; old.len()],
    };
    for (olds, news) in alike(old, new) {
        let is_ambiguous = olds.len() > 1 || news.len() > 1;
        if is_ambiguous && !are_same(&olds, old, &news, new) {
            continue;
        }
        for (at, position) in olds.into_iter().zip(news) {
            kept.to_old[position] = Some(at);
            kept.is_kept[at] = true;
        }
    }
    kept
}

/// The places of old and of new nodes with the same key.
fn alike(
    old: &[(Key<'_>, Content<'_>)],
    new: &[(Key<'_>, Content<'_>)],
) -> Vec<(Vec<usize>, Vec<usize>)> {
    let mut numbers: HashMap<Key<'_>, usize> = HashMap::default();
    let mut groups: Vec<(Vec<usize>, Vec<usize>)> = Vec::new();
    for (index, (key, _)) in old.iter().enumerate() {
        let next = groups.len();
        let number = *numbers.entry(*key).or_insert(next);
        if number == next {
            groups.push((Vec::new(), Vec::new()));
        }
        groups[number].0.push(index);
    }
    for (index, (key, _)) in new.iter().enumerate() {
        if let Some(&number) = numbers.get(key) {
            groups[number].1.push(index);
        }
    }
    groups
}

fn are_same(
    olds: &[usize],
    old: &[(Key<'_>, Content<'_>)],
    news: &[usize],
    new: &[(Key<'_>, Content<'_>)],
) -> bool {
    let text = |content: &Content<'_>| match content {
        Content::Element(element) => element.to_compact_text(),
        Content::Comment(text) | Content::Instruction(text) | Content::Text(text) => {
            (*text).to_owned()
        }
    };
    olds.len() == news.len()
        && olds
            .iter()
            .zip(news)
            .all(|(&left, &right)| text(&old[left].1) == text(&new[right].1))
}

/// Which of the kept nodes need not move: as many as possible that are in the same order as before.
fn longest_in_order(kept: &Kept) -> Vec<bool> {
    // The places in `to_old` of the last nodes of the longest runs of each length, and the node before
    // each node in its run.
    let mut ends: Vec<usize> = Vec::new();
    let mut before = vec![None; kept.to_old.len()];
    for (position, old) in kept.to_old.iter().enumerate() {
        let Some(old) = *old else { continue };
        let length = ends.partition_point(|&end| kept.to_old[end].is_some_and(|it| it < old));
        before[position] = length.checked_sub(1).map(|shorter| ends[shorter]);
        if length == ends.len() {
            ends.push(position);
        } else {
            ends[length] = position;
        }
    }
    let mut in_place = vec![false; kept.to_old.len()];
    let mut at = ends.last().copied();
    while let Some(position) = at {
        in_place[position] = true;
        at = before[position];
    }
    in_place
}
