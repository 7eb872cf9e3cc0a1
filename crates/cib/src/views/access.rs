//! Access control lists: what a user may read and write.
//!
//! - A user has the permissions of the roles of the targets with its name and of the groups that it is
//!   in. Where the option `enable-acl` is not set, and for the superuser, nothing is asked.
//! - A permission speaks of the elements that its query finds, and of all below them. What is denied
//!   is denied whatever else is said; what may be written may be read.
//! - Of what cannot be read, only the names and ids of elements are shown that lead to something that
//!   can.

use crate::hashed::HashMap;

use crate::query::{Query, QueryError};
use crate::rules::Findings;
use crate::xml::{Document, Element, XmlId};

/// What a permission allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Reading.
    Read,
    /// Reading and writing.
    Write,
    /// Nothing.
    Deny,
}

/// What a user may do with some elements.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Permission {
    /// What is allowed.
    pub kind: Kind,
    /// The elements in question.
    pub query: String,
}

/// The permissions of `user`, who is in `groups`, in the order in which they are configured.
#[must_use]
pub fn permissions(
    cib: &Document,
    user: &str,
    groups: &[&str],
    findings: &mut Findings,
) -> Vec<Permission> {
    let section = cib
        .root()
        .child("configuration")
        .and_then(|it| it.child("acls"));
    let mut permissions = Vec::new();
    for holder in section.into_iter().flat_map(Element::children) {
        let name = holder.attribute("name").or(holder.id()).unwrap_or_default();
        let is_meant = match holder.name() {
            "acl_target" => name == user,
            "acl_group" => groups.contains(&name),
            _ => false,
        };
        if !is_meant {
            continue;
        }
        for child in holder.children() {
            match child.name() {
                "role" => permissions.extend(of_role(child, holder, findings)),
                "acl_permission" => permissions.extend(permission(child, findings)),
                _ => {}
            }
        }
    }
    permissions
}

fn of_role(
    reference: Element<'_>,
    holder: Element<'_>,
    findings: &mut Findings,
) -> Vec<Permission> {
    let id = reference.id().unwrap_or_default();
    let role = reference
        .document()
        .with_id(id)
        .find(|it| it.name() == "acl_role");
    let Some(role) = role else {
        findings.error(format!(
            "Ignoring <role> element {id} in <{}> {}: no <acl_role> with matching id found",
            holder.name(),
            holder.id().unwrap_or("without ID")
        ));
        return Vec::new();
    };
    let elements = role.children_named("acl_permission");
    elements.filter_map(|it| permission(it, findings)).collect()
}

fn permission(element: Element<'_>, findings: &mut Findings) -> Option<Permission> {
    let mut ignore = |reason: &str| {
        let parent = element.parent();
        findings.error(format!(
            "Ignoring <acl_permission> element {} (in <{}> {}) {reason}",
            element.id().unwrap_or("without ID"),
            parent.map_or("", Element::name),
            parent.and_then(Element::id).unwrap_or("without ID")
        ));
        None
    };
    let kind = match element.attribute("kind") {
        Some("read") => Kind::Read,
        Some("write") => Kind::Write,
        Some("deny") => Kind::Deny,
        Some(other) => return ignore(&format!("with unknown ACL kind '{other}'")),
        None => return ignore("with no kind attribute"),
    };
    let attribute = |name| element.attribute(name);
    let (reference, object_type) = (attribute("reference"), attribute("object-type"));
    let query = match (
        attribute("xpath"),
        reference.is_some() || object_type.is_some(),
    ) {
        (Some(path), _) => path.to_owned(),
        (None, true) => {
            let tests: Vec<_> = reference
                .map(|id| format!("@id='{id}'"))
                .into_iter()
                .chain(attribute("attribute").map(|name| format!("@{name}")))
                .collect();
            let name = object_type.unwrap_or("*");
            if tests.is_empty() {
                format!("//{name}")
            } else {
                format!("//{name}[{}]", tests.join(" and "))
            }
        }
        (None, false) => {
            return ignore(
                "without selection criteria. Exactly one of the following attributes is required: \
                 object-type, reference, xpath.",
            );
        }
    };
    Some(Permission { kind, query })
}

/// What a user may do with the elements of one document.
#[derive(Clone, Debug, Default)]
pub struct Access {
    /// The kinds of permissions that speak of an element itself.
    said: HashMap<XmlId, Said>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Said {
    read: bool,
    write: bool,
    deny: bool,
}

impl Access {
    /// What `permissions` say of the elements of `document`.
    ///
    /// # Errors
    /// A query that is not understood or too costly.
    pub fn new(document: &Document, permissions: &[Permission]) -> Result<Self, QueryError> {
        let mut access = Self::default();
        for permission in permissions {
            for element in Query::parse(&permission.query)?.select(document)? {
                let said = access.said.entry(element.xml_id()).or_default();
                match permission.kind {
                    Kind::Read => said.read = true,
                    Kind::Write => said.write = true,
                    Kind::Deny => said.deny = true,
                }
            }
        }
        Ok(access)
    }

    /// Whether `element` may be read.
    #[must_use]
    pub fn may_read(&self, element: Element<'_>) -> bool {
        self.decides(element)
            .is_some_and(|said| !said.deny && (said.read || said.write))
    }

    /// Whether `element` may be written.
    #[must_use]
    pub fn may_write(&self, element: Element<'_>) -> bool {
        self.decides(element)
            .is_some_and(|said| !said.deny && said.write)
    }

    /// What is said of `element`, or of the nearest element that it stands in of which something is.
    fn decides(&self, element: Element<'_>) -> Option<Said> {
        let mut at = Some(element);
        while let Some(element) = at {
            if let Some(said) = self.said.get(&element.xml_id()) {
                return Some(*said);
            }
            at = element.parent();
        }
        None
    }

    /// An element that a user must not change, and that is another one in `after` than in `before`;
    /// `access_before` and `access_after` say what the user may do with either document.
    #[must_use]
    pub fn forbidden_change(
        (before, access_before): (Element<'_>, &Self),
        (after, access_after): (Element<'_>, &Self),
    ) -> Option<String> {
        let may_write = access_before.may_write(before) && access_after.may_write(after);
        // The cluster itself counts the versions of the whole.
        let is_counted = before.parent().is_none();
        if !may_write && !is_counted && !before.attributes().eq(after.attributes()) {
            return Some(named(after));
        }
        let mut rest: Vec<Element<'_>> = before.children().collect();
        for child in after.children() {
            let same = |it: &Element<'_>| it.name() == child.name() && it.id() == child.id();
            let forbidden = match rest.iter().position(same) {
                // Moving is changing what they stand in.
                Some(at) if at > 0 && !may_write => Some(named(after)),
                Some(at) => {
                    let former = rest.remove(at);
                    Self::forbidden_change((former, access_before), (child, access_after))
                }
                None => (!access_after.may_write(child)).then(|| named(child)),
            };
            if forbidden.is_some() {
                return forbidden;
            }
        }
        let gone = rest.into_iter().find(|it| !access_before.may_write(*it));
        gone.map(named)
    }

    /// A copy of `document` with what may be read; none where nothing may.
    #[must_use]
    pub fn readable_copy(&self, document: &Document) -> Option<Document> {
        let mut copy = Document::new(document.root().name());
        let root = copy.root().xml_id();
        self.copy_readable(document.root(), false, &mut copy, root)
            .then_some(copy)
    }

    /// Copies what may be read of `source` into `target`; `inherited` says whether what it stands in
    /// may be read. Says whether there is anything.
    fn copy_readable(
        &self,
        source: Element<'_>,
        inherited: bool,
        copy: &mut Document,
        target: XmlId,
    ) -> bool {
        let said = self.said.get(&source.xml_id());
        let readable = said.map_or(inherited, |it| !it.deny && (it.read || it.write));
        for (name, value) in source.attributes() {
            if readable || name == "id" {
                copy.set(target, name, value);
            }
        }
        let mut has_any = readable;
        for child in source.children() {
            let place = copy.append(target, child.name());
            if self.copy_readable(child, readable, copy, place) {
                has_any = true;
            } else {
                copy.remove(place);
            }
        }
        has_any
    }
}

fn named(element: Element<'_>) -> String {
    match element.id() {
        Some(id) => format!("{} '{id}'", element.name()),
        None => element.name().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CIB: &str = "<cib epoch='1'><configuration><resources>\
         <primitive id='A' class='ocf'><nvpair id='n' name='password' value='secret'/></primitive>\
         <primitive id='B' class='lsb'/></resources><acls>\
         <acl_target id='u'><role id='r'/><role id='none'/></acl_target>\
         <acl_group id='g'><role id='w'/></acl_group>\
         <acl_role id='r'><acl_permission id='p1' kind='read' reference='A'/>\
         <acl_permission id='p2' kind='deny' xpath=\"//nvpair[@name='password']\"/></acl_role>\
         <acl_role id='w'><acl_permission id='p3' kind='write' object-type='primitive' \
         attribute='class'/><acl_permission id='p4' kind='all' xpath='/'/></acl_role>\
         </acls></configuration></cib>";

    fn queries(permissions: &[Permission]) -> Vec<(Kind, &str)> {
        permissions.iter().map(|it| (it.kind, &*it.query)).collect()
    }

    #[test]
    fn roles() {
        let cib = Document::parse(CIB).expect("well-formed");
        let mut findings = Findings::default();
        let found = permissions(&cib, "u", &["g"], &mut findings);
        assert_eq!(
            queries(&found),
            [
                (Kind::Read, "//*[@id='A']"),
                (Kind::Deny, "//nvpair[@name='password']"),
                (Kind::Write, "//primitive[@class]"),
            ]
        );
        assert_eq!(findings.problems.len(), 2);
        assert!(permissions(&cib, "x", &[], &mut findings).is_empty());
    }

    #[test]
    fn what_may_be_seen() {
        let cib = Document::parse(CIB).expect("well-formed");
        let found = permissions(&cib, "u", &[], &mut Findings::default());
        let access = Access::new(&cib, &found).expect("queries are fine");
        let copy = access.readable_copy(&cib).expect("something is readable");
        assert_eq!(
            copy.root().to_compact_text().replace('"', "'"),
            "<cib><configuration><resources><primitive id='A' class='ocf'/></resources>\
             </configuration></cib>"
        );
        let element = |id| cib.with_id(id).next().expect("is there");
        assert!(access.may_read(element("A")) && !access.may_write(element("A")));
        assert!(!access.may_read(element("n")) && !access.may_read(element("B")));
        assert!(Access::default().readable_copy(&cib).is_none());
    }

    #[test]
    fn what_may_be_changed() {
        const CIB: &str = "<cib epoch='1'><configuration><resources>\
             <primitive id='A'><meta_attributes id='m'><nvpair id='t' name='target-role'/>\
             </meta_attributes></primitive><primitive id='B'/></resources>\
             <constraints/></configuration></cib>";
        let permissions = [
            (Kind::Read, "/cib"),
            (Kind::Write, "//nvpair[@name='target-role']"),
            (Kind::Write, "//constraints"),
        ]
        .map(|(kind, query)| Permission {
            kind,
            query: query.to_owned(),
        });
        let before = Document::parse(CIB).expect("well-formed");
        for (from, to, forbidden) in [
            ("epoch='1'", "epoch='2'", None),
            (
                "name='target-role'",
                "name='target-role' value='Stopped'",
                None,
            ),
            (
                "<constraints/>",
                "<constraints><rsc_order id='o'/></constraints>",
                None,
            ),
            ("<primitive id='B'/>", "", Some("primitive 'B'")),
            ("id='B'", "id='B' class='ocf'", Some("primitive 'B'")),
            (
                "<primitive id='B'/>",
                "<primitive id='B'/><primitive id='C'/>",
                Some("primitive 'C'"),
            ),
            ("<nvpair id='t' name='target-role'/>", "", None),
        ] {
            let after = Document::parse(&CIB.replace(from, to)).expect("well-formed");
            let access = |document| Access::new(document, &permissions).expect("queries");
            let found = Access::forbidden_change(
                (before.root(), &access(&before)),
                (after.root(), &access(&after)),
            );
            assert_eq!(found.as_deref(), forbidden, "{from} → {to}");
        }
    }
}
