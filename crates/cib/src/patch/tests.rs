use super::*;
use crate::digest;
use crate::xml::Document;

fn parse(text: &str) -> Document {
    Document::parse(text).expect("well-formed")
}

/// A CIB with this in its configuration.
fn cib(epoch: u32, configuration: &str) -> Document {
    parse(&format!(
        "<cib admin_epoch='0' epoch='{epoch}' num_updates='0'><configuration>{configuration}\
         </configuration></cib>"
    ))
}

/// The changes that lead from one configuration to the other, and whether they do.
fn check(old: &str, new: &str, expected: &str) {
    let (old, new) = (cib(1, old), cib(2, new));
    let patch = diff(&old, &new).expect("they differ");
    let changes: Vec<_> = patch
        .root()
        .children_named("change")
        .filter(|change| change.attribute("path") != Some("/cib"))
        .map(|change| {
            let attribute = |name| change.attribute(name).unwrap_or("");
            let path = attribute("path").trim_start_matches("/cib/configuration");
            let text = format!(
                "{} {path} {}",
                attribute("operation"),
                attribute("position")
            );
            text.trim_end().to_owned()
        })
        .collect();
    assert_eq!(changes.join("; "), expected);
    let mut result = old.clone();
    apply(&mut result, &patch).expect("it applies");
    assert_eq!(result.to_string(), new.to_string());
}

#[test]
fn changes() {
    check("<a id='1'/>", "<a id='1' x='2'/>", "modify /a[@id='1']");
    check(
        "<a id='1' x='2' y='3'/>",
        "<a id='1' y='3'/>",
        "modify /a[@id='1']",
    );
    check(
        "<a id='1' x='2' y='3'/>",
        "<a id='1' y='3' x='2'/>",
        "modify /a[@id='1']",
    );
    check(
        "<a id='1'/><a id='2'/>",
        "<a id='2'/>",
        "delete /a[@id='1']",
    );
    check("<a id='2'/>", "<a id='1'/><a id='2'/>", "create  0");
    check(
        "<a id='1'><b/></a>",
        "<a id='1'><b><c/></b></a>",
        "create /a[@id='1']/b 0",
    );
    check(
        "<a id='1'/><a id='2'/><a id='3'/>",
        "<a id='3'/><a id='1'/><a id='2'/>",
        "move /a[@id='3'] 0",
    );
    check(
        "<a id='1'/><a id='2'/><a id='3'/>",
        "<a id='2'/><b id='4'/><a id='1'/>",
        "delete /a[@id='3']; move /a[@id='2'] 0; create  1",
    );
    check(
        "<!--x--><a id='1'/>",
        "<a id='1'/><!--y-->",
        "delete /comment 0; create  1",
    );
    check(
        "<a/><a x='1'/>",
        "<a/><a x='2'/>",
        "delete /a; delete /a; create  0; create  1",
    );
    check(
        "<a id=\"x/'] y\"/>",
        "<a id=\"x/'] y\" z='1'/>",
        "modify /a[@id='x/'] y']",
    );
}

#[test]
fn nothing_changed() {
    assert!(diff(&cib(1, "<a/>"), &cib(1, "<a/>")).is_none());
}

#[test]
fn form() {
    let patch = diff(&cib(1, "<a id='1' x='1'/>"), &cib(2, "<a id='1' y='2'/>"));
    let text = patch.expect("they differ").root().to_compact_text();
    assert_eq!(
        text.replace('"', "'"),
        "<diff format='2'><version><source admin_epoch='0' epoch='1' num_updates='0'/>\
         <target admin_epoch='0' epoch='2' num_updates='0'/></version>\
         <change operation='modify' path='/cib'><change-list>\
         <change-attr name='epoch' operation='set' value='2'/></change-list><change-result>\
         <cib admin_epoch='0' epoch='2' num_updates='0'/></change-result></change>\
         <change operation='modify' path='/cib/configuration/a[@id='1']'><change-list>\
         <change-attr name='y' operation='set' value='2'/>\
         <change-attr name='x' operation='unset'/></change-list><change-result>\
         <a id='1' y='2'/></change-result></change></diff>"
    );
}

#[test]
fn what_does_not_apply() {
    let (old, new) = (cib(1, "<a id='1'/>"), cib(2, "<a id='1' x='2'/>"));
    let mut patch = diff(&old, &new).expect("they differ");
    let refusal = |cib: &Document, patch: &Document| {
        let mut result = cib.clone();
        let error = apply(&mut result, patch).expect_err("does not apply");
        assert_eq!(result.to_string(), cib.to_string(), "is as it was");
        error.to_string()
    };
    assert_eq!(
        refusal(&new, &patch),
        "The CIB has version 0.2.0 already, the patch leads to 0.2.0"
    );
    assert_eq!(
        refusal(&cib(0, ""), &patch),
        "The CIB has version 0.0.0, the patch needs 0.1.0"
    );
    assert_eq!(
        refusal(&cib(1, ""), &patch),
        "There is nothing to modify at /cib/configuration/a[@id='1']"
    );
    let root = patch.root().xml_id();
    patch.set(root, "digest", &digest::of_content(new.root()));
    apply(&mut old.clone(), &patch).expect("the digest is right");
    patch.set(root, "digest", "0");
    assert!(refusal(&old, &patch).starts_with("The result of the patch has the digest"));
    patch.set(root, "format", "1");
    assert_eq!(refusal(&old, &patch), "Unknown patch format: 1");
}

/// Random edits, made again from their patch.
#[test]
fn any_change_can_be_made_again() {
    let mut state = 1_u64;
    let mut next = |bound: usize| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        usize::try_from(state >> 33).unwrap_or(0) % bound
    };
    for round in 0..300 {
        let mut text = String::new();
        for _ in 0..next(8) {
            let (name, id) = (["a", "b"][next(2)], next(6));
            text += &match next(4) {
                0 => format!("<{name}/>"),
                1 => format!("<!--{id}-->"),
                _ => format!(
                    "<{name} id='{id}' x='{}'><c id='{}'/><d/></{name}>",
                    next(3),
                    next(3)
                ),
            };
        }
        let old = cib(1, &text);
        let mut new = cib(2, &text);
        for _ in 0..=next(5) {
            let elements: Vec<_> = new
                .root()
                .descendants()
                .skip(2)
                .map(|it| it.xml_id())
                .collect();
            if elements.is_empty() {
                break;
            }
            let (one, other) = (
                elements[next(elements.len())],
                elements[next(elements.len())],
            );
            match next(5) {
                0 => new.set(one, "x", &next(9).to_string()),
                1 => new.remove(one),
                2 => {
                    let parent = new.element(one).parent().map(Element::xml_id);
                    new.insert_after(one, parent.unwrap_or(one));
                }
                3 => {
                    let siblings = new.element(one).parent() == new.element(other).parent();
                    if siblings && one != other {
                        new.insert_before(one, other);
                    }
                }
                _ => {
                    let made = new.append(one, "e");
                    new.set(made, "id", &next(4).to_string());
                }
            }
        }
        let patch = diff(&old, &new).expect("the version differs");
        let mut result = old.clone();
        apply(&mut result, &patch).expect("it applies");
        let (result, new) = (
            result.root().to_compact_text(),
            new.root().to_compact_text(),
        );
        assert_eq!(
            result,
            new,
            "round {round}: {}",
            old.root().to_compact_text()
        );
    }
}

#[test]
fn a_patch_without_versions_holds_for_any_that_has_what_it_changes() {
    let old = "<cib epoch='1'><configuration><a id='1' x='1'/></configuration><status/></cib>";
    let new = old.replace("x='1'", "x='2'");
    let read = |text: &str| Document::parse(text).expect("it is XML");
    let mut patch = diff(&read(old), &read(&new)).expect("they differ");
    let mut later = read(&old.replace("<status/>", "<status><b id='2'/></status>"));
    later.set(later.root().xml_id(), "num_updates", "7");
    apply(&mut later.clone(), &patch).expect_err("it is of another version");
    remove_versions(&mut patch);
    apply(&mut later, &patch).expect("it applies");
    assert!(
        later
            .root()
            .to_compact_text()
            .contains("<a id=\"1\" x=\"2\"/>")
    );
    for (path, expected) in [
        ("/cib/configuration", true),
        ("/cib/configuration/a[@id='1']", true),
        ("/cib/conf", false),
        ("/cib/status", false),
    ] {
        assert_eq!(touches(&patch, path), expected, "{path}");
    }
}
