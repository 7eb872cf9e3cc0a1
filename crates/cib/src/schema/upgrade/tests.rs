use super::super::upgrade;
use crate::xml::Document;

/// What becomes of a configuration that follows `version`, and how many notices there are.
fn check(version: &str, before: &str, after: &str, notices: usize) {
    let text = format!(
        "<cib validate-with=\"pacemaker-{version}\"><configuration>{before}</configuration></cib>"
    );
    let mut cib = Document::parse(&text).expect("well-formed");
    let found = upgrade(&mut cib).expect("a known version");
    assert_eq!(cib.root().attribute("validate-with"), Some("pacemaker-4.0"));
    let configuration = cib.root().child("configuration").expect("is kept");
    let text: String = configuration
        .children()
        .map(|child| child.to_compact_text())
        .collect();
    assert_eq!(text.replace('"', "'"), after, "from {version}");
    assert_eq!(found.len(), notices, "{found:?}");
}

/// What is the same before and after.
fn keeps(version: &str, configuration: &str) {
    check(version, configuration, configuration, 0);
}

#[test]
fn access_lists() {
    check(
        "1.2",
        "<acls><acl_user id='a'><role_ref id='r'/></acl_user>\
         <acl_user id='b'><read id='p' tag='x'/></acl_user>\
         <acl_role id='r'><deny id='q' xpath='//x' attribute='y'/></acl_role></acls>",
        "<acls><acl_target id='a'><role id='r'/></acl_target>\
         <acl_target id='b'><role id='auto-b'/></acl_target>\
         <acl_role id='auto-b'><acl_permission id='p' kind='read' object-type='x'/></acl_role>\
         <acl_role id='r'><acl_permission id='q' xpath='//x[@y]' kind='deny'/></acl_role></acls>",
        1,
    );
}

#[test]
fn properties() {
    check(
        "2.0",
        "<crm_config><cluster_property_set id='s'>\
         <nvpair id='a' name='stonith_enabled' value='1'/>\
         <nvpair id='b' name='default-resource-stickiness' value='7'/>\
         <nvpair id='c' name='is_managed_default' value='0'/></cluster_property_set>\
         <cluster_property_set id='t'>\
         <nvpair id='d' name='expected-quorum-votes' value='2'/></cluster_property_set>\
         </crm_config><rsc_defaults><meta_attributes id='m'>\
         <nvpair id='e' name='is-managed' value='1'/></meta_attributes></rsc_defaults>",
        "<crm_config><cluster_property_set id='s'>\
         <nvpair id='a' name='stonith-enabled' value='1'/></cluster_property_set>\
         </crm_config><rsc_defaults><meta_attributes id='m'>\
         <nvpair id='e' name='is-managed' value='1'/>\
         <nvpair id='b' name='resource-stickiness' value='7'/></meta_attributes></rsc_defaults>",
        5,
    );
    check(
        "2.0",
        "<crm_config><cluster_property_set id='s'><rule id='r' score='0'/>\
         <nvpair id='a' name='default-action-timeout' value='1'/></cluster_property_set>\
         </crm_config>",
        "<crm_config/><op_defaults><meta_attributes id='_2TO3_s'>\
         <rule id='_2TO3_r' score='0'/><nvpair id='a' name='timeout' value='1'/>\
         </meta_attributes></op_defaults>",
        1,
    );
    keeps(
        "3.0",
        "<crm_config><cluster_property_set id='s'>\
         <nvpair id='a' name='stonith_enabled' value='1'/></cluster_property_set></crm_config>",
    );
    check(
        "3.9",
        "<crm_config><cluster_property_set id='s'>\
         <nvpair id='a' name='crmd-transition-delay' value='1'/>\
         <nvpair id='b' name='stonith-action' value='poweroff'/>\
         <nvpair id='c' name='remove-after-stop' value='1'/></cluster_property_set></crm_config>",
        "<crm_config><cluster_property_set id='s'>\
         <nvpair id='a' name='transition-delay' value='1'/>\
         <nvpair id='b' name='stonith-action' value='off'/></cluster_property_set></crm_config>",
        1,
    );
}

#[test]
fn resources() {
    check(
        "2.3",
        "<resources><primitive id='A'><operations>\
         <op id='o' name='start' interval='0' requires='nothing'/>\
         <op id='p' name='stop' interval='0' requires='quorum'/></operations>\
         <instance_attributes id='i'><nvpair id='j' name='pcmk_arg_map' value='port:x'/>\
         </instance_attributes></primitive>\
         <primitive id='B'><instance_attributes id-ref='i'/></primitive></resources>",
        "<resources><primitive id='A'><operations><op id='o' name='start' interval='0'/>\
         <op id='p' name='stop' interval='0'/></operations><instance_attributes id='i'>\
         <nvpair id='j' name='pcmk_host_argument' value='x'/></instance_attributes>\
         <meta_attributes id='_2TO3_A-meta'>\
         <nvpair id='_2TO3_o-meta-requires' name='requires' value='nothing'/></meta_attributes>\
         </primitive><primitive id='B'><instance_attributes id-ref='i'/></primitive></resources>",
        5,
    );
    check(
        "3.0",
        "<resources><master id='M'><primitive id='A'/></master>\
         <bundle id='K'><podman image='x' masters='1'/></bundle></resources>",
        "<resources><clone id='M'><meta_attributes \
         id='pcmk__3_10_upgrade-promotable-legacy-M-meta_attributes' score='INFINITY'>\
         <nvpair id='pcmk__3_10_upgrade-promotable-legacy-M-meta_attributes-promotable' \
         name='promotable' value='true'/></meta_attributes><primitive id='A'/></clone>\
         <bundle id='K'><podman image='x' promoted-max='1'/></bundle></resources>",
        0,
    );
    check(
        "3.0",
        "<resources><group id='G'><primitive id='A' class='nagios'/></group>\
         <primitive id='B' class='ocf'/></resources><constraints>\
         <rsc_order id='o' first='A' then='B'/><rsc_ticket id='t' ticket='x'>\
         <resource_set id='s'><resource_ref id='A'/></resource_set>\
         <resource_set id='u'><resource_ref id='B'/></resource_set></rsc_ticket></constraints>",
        "<resources><primitive id='B' class='ocf'/></resources><constraints>\
         <rsc_ticket id='t' ticket='x'>\
         <resource_set id='u'><resource_ref id='B'/></resource_set></rsc_ticket></constraints>",
        2,
    );
}

#[test]
fn locations() {
    check(
        "3.0",
        "<constraints><rsc_location id='L' rsc='A'><rule id='r'/><rule id='s'/></rsc_location>\
         </constraints><acls><acl_permission id='p' reference='L'/></acls>",
        "<constraints><rsc_location id='pcmk__3_10_upgrade-L-1' rsc='A'><rule id='r'/>\
         </rsc_location><rsc_location id='pcmk__3_10_upgrade-L-2' rsc='A'><rule id='s'/>\
         </rsc_location></constraints><acls><acl_permission id='p' xpath='//*[@id = \
         &apos;pcmk__3_10_upgrade-L-1&apos; or @id = &apos;pcmk__3_10_upgrade-L-2&apos;]'/></acls>"
            .replace("&apos;", "'")
            .as_str(),
        0,
    );
    check(
        "3.0",
        "<constraints><rsc_location id='L' rsc='A' node='n' score='5'><lifetime><rule id='r'/>\
         </lifetime></rsc_location><rsc_colocation id='C'><lifetime><rule id='s'/></lifetime>\
         </rsc_colocation></constraints>",
        "<constraints><rsc_location id='L' rsc='A'>\
         <rule id='pcmk__3_10_upgrade-L-lifetime-and-rule' boolean-op='and' score='5'>\
         <rule id='pcmk__3_10_upgrade-L-node-score-rule' score='5'>\
         <expression id='pcmk__3_10_upgrade-L-node-score-rule-expr' attribute='#uname' \
         operation='eq' value='n'/></rule><rule id='r'/></rule></rsc_location>\
         <rsc_colocation id='C'/></constraints>",
        1,
    );
    check(
        "3.0",
        "<nodes><node id='1' uname='n' type='ping'/></nodes><constraints/>",
        "<nodes><node id='1' uname='n' type='member'/></nodes><constraints>\
         <rsc_location id='pcmk__3_10_upgrade-ping-node-ban-n' rsc-pattern='.*' node='n' \
         score='-INFINITY' resource-discovery='never'/></constraints>",
        0,
    );
}
