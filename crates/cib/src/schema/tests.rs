use super::*;

/// A CIB of `version` with these sections besides the required ones, on line 2.
fn cib(version: &str, resources: &str, rest: &str) -> Document {
    let text = format!(
        "<cib validate-with='{version}' admin_epoch='0' epoch='1' num_updates='0'><configuration>\n\
         <crm_config/><nodes/><resources>{resources}</resources><constraints/>{rest}\
         </configuration><status><anything goes='here'>x</anything></status></cib>"
    );
    Document::parse(&text).expect("well-formed")
}

fn check(version: &str, resources: &str, rest: &str, expected: &[&str]) {
    let found = validate(&cib(version, resources, rest)).expect("a known schema");
    let found: Vec<_> = found.iter().map(ToString::to_string).collect();
    assert_eq!(found, expected, "{version}: {resources}{rest}");
}

const DUMMY: &str = "<primitive id='A' class='ocf' provider='heartbeat' type='Dummy'/>";

#[test]
fn what_is_right() {
    for version in Version::all() {
        let bundle = "<bundle id='B'><docker image='x'/></bundle>";
        check(&version.to_string(), DUMMY, "", &[]);
        let has_bundles = version >= Version::new(2, 8);
        let found = validate(&cib(&version.to_string(), bundle, "")).expect("known");
        assert_eq!(found.is_empty(), has_bundles, "{version}");
    }
    check("none", "<nonsense/>", "", &[]);
}

#[test]
fn what_is_wrong() {
    let check =
        |resources: &str, expected: &[&str]| check("pacemaker-3.10", resources, "", expected);
    check(
        "<primitive id='A' class='ocf' type='x'/>",
        &["2: element primitive 'A': attribute provider is missing"],
    );
    check(
        "<primitive id='A' class='lsb' provider='x' type='x'/>",
        &[
            "2: element primitive 'A': attribute provider is not allowed beside the attributes \
           before it",
        ],
    );
    check(
        "<primitive id='A' class='lsb' type='x' colour='red'/>",
        &["2: element primitive 'A': attribute colour is not allowed here"],
    );
    check(
        "<primitive id='A:1' class='lsb' type='x'/>",
        &[
            "2: element primitive 'A:1': attribute id must not be 'A:1' here (expected: an identifier \
           (a letter or underscore, then letters, digits, '-', '_' and '.'))",
        ],
    );
    check(
        "<clone id='C'/>",
        &["2: element clone 'C': element <primitive> is missing"],
    );
    check(
        &format!("<clone id='C'>{DUMMY}<group id='G'/></clone>"),
        &[
            "2: element group 'G': element <group> is not allowed at this place (expected: \
             <meta_attributes>, <instance_attributes>)",
            "2: element group 'G': element <primitive> is missing",
        ],
    );
    check(
        &format!("{DUMMY}{DUMMY}"),
        &["2: element primitive 'A': id 'A' is taken by <primitive> in line 2"],
    );
    check(
        "<widget/>",
        &[
            "2: element widget: element <widget> is not allowed here (expected: <primitive>, \
           <template>, <group>, <clone>, <master>, <bundle>)",
        ],
    );
    check(
        "<primitive id='A' template='T'/>",
        &["2: element primitive 'A': IDREF attribute template references an unknown ID \"T\""],
    );
    check("text", &["2: element resources: text is not allowed here"]);
}

#[test]
fn preparation() {
    let mut claims_too_little = cib(
        "pacemaker-1.0",
        "<template id='T' class='lsb' type='x'/><primitive id='A' template='T'/>",
        "",
    );
    let prepared = prepare(&mut claims_too_little).expect("follows 1.2");
    assert!(prepared.is_checked);
    let version = claims_too_little.root().attribute("validate-with");
    assert_eq!(version, Some("pacemaker-4.0"));

    let refusal = |mut cib: Document| prepare(&mut cib).expect_err("is wrong").to_string();
    assert_eq!(
        refusal(cib("pacemaker-3.9", "<widget/>", "")),
        "Cannot upgrade configuration (claiming pacemaker-3.9 schema) to at least pacemaker-4.0 \
         because it does not validate with any schema from pacemaker-3.9 to the latest"
    );
    assert_eq!(
        refusal(cib("pacemaker-0.7", "", "")),
        "Cannot validate CIB with unknown validate-with (manually edit to use a known schema)"
    );
    let mut unchecked = cib("none", "<widget/>", "");
    assert!(!prepare(&mut unchecked).expect("is not checked").is_checked);
}
