//! Access control lists, from 1.x to 2.0.
//!
//! | before | after |
//! | --- | --- |
//! | `acl_user` with `role_ref`s | `acl_target` with `role`s |
//! | `acl_user` with permissions of its own | `acl_target` with the role `auto-ID`, which has them |
//! | `read`, `write`, `deny` | `acl_permission` of that `kind` |
//! | `ref`, whatever else there is | `reference` |
//! | `tag`, with or without `attribute` | `object-type`, `attribute` |
//! | `xpath` with `attribute` | `xpath` that asks for the attribute |

use super::super::Notice;
use super::Upgrade;
use crate::xml::XmlId;

pub(super) fn upgrade(upgrade: &mut Upgrade<'_>) {
    for role in upgrade.find(|it| it.name() == "role_ref") {
        upgrade.cib.rename(role, "role");
    }
    for permission in upgrade.find(|it| matches!(it.name(), "read" | "write" | "deny")) {
        rewrite_permission(upgrade, permission);
    }
    for user in upgrade.find(|it| it.name() == "acl_user") {
        upgrade.cib.rename(user, "acl_target");
        move_permissions(upgrade, user);
    }
}

fn rewrite_permission(upgrade: &mut Upgrade<'_>, permission: XmlId) {
    let kind = upgrade.element(permission).name().to_owned();
    upgrade.cib.rename(permission, "acl_permission");
    upgrade.cib.set(permission, "kind", &kind);
    let has = |name| upgrade.element(permission).attribute(name).is_some();
    let (has_ref, has_tag) = (has("ref"), has("tag"));
    let attribute = upgrade.text(permission, "attribute");
    if has_ref {
        for name in ["tag", "xpath", "attribute"] {
            upgrade.cib.unset(permission, name);
        }
        upgrade.rename_attribute(permission, "ref", "reference");
        if attribute.is_some() {
            let text =
                "ACLs: @attribute cannot accompany @ref for upgrade-1.3.xsl purposes, ignoring";
            tell(upgrade, text.to_owned());
        }
        return;
    }
    let Some(attribute) = attribute else {
        upgrade.rename_attribute(permission, "tag", "object-type");
        return;
    };
    let with = if has_tag { "@tag" } else { "@xpath" };
    tell(
        upgrade,
        format!(
            "ACLs: @attribute (with {with}) handling generalized a bit for upgrade-1.3.xsl purposes"
        ),
    );
    if has_tag {
        upgrade.rename_attribute(permission, "tag", "object-type");
    } else {
        let path = upgrade.text(permission, "xpath").unwrap_or_default();
        upgrade.cib.unset(permission, "attribute");
        upgrade
            .cib
            .set(permission, "xpath", &format!("{path}[@{attribute}]"));
    }
}

/// Tells something as the upgrade of that time does: without saying how much it matters.
fn tell(upgrade: &mut Upgrade<'_>, text: String) {
    upgrade.notices.push(Notice {
        importance: None,
        text,
    });
}

/// Moves the permissions of one user to a role of its own.
fn move_permissions(upgrade: &mut Upgrade<'_>, user: XmlId) {
    let permissions: Vec<_> = upgrade
        .element(user)
        .children_named("acl_permission")
        .map(|it| it.xml_id())
        .collect();
    if permissions.is_empty() {
        return;
    }
    let id = format!("auto-{}", upgrade.id_of(user));
    let role = upgrade.cib.add_after(user, "acl_role");
    upgrade.cib.set(role, "id", &id);
    for permission in permissions {
        upgrade.cib.move_into(permission, role);
    }
    upgrade.add(user, "role", &[("id", &id)]);
}
