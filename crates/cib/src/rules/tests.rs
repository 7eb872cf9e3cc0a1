use super::*;
use crate::xml::Document;

/// The verdict on a rule with these conditions on 20 January 2005, 12:30:15, a Thursday, and when it
/// changes (in seconds from then).
fn check(conditions: &str, expected: Verdict, changes_in_s: Option<i64>) -> Vec<String> {
    let now = DateTime::parse("2005-020T12:30:15Z", DateTime::default()).expect("a date");
    let text = format!("<rules><rule id='r' boolean-op='and'>{conditions}</rule></rules>");
    let document = Document::parse(&text).expect("well-formed");
    let rule = document.root().child("rule").expect("is there");
    let mut attributes = Values::new();
    for (name, value) in [("#uname", "node1"), ("pingd", "100"), ("loc-db", "4.5")] {
        attributes.set(name, value);
    }
    let mut parameters = Values::new();
    parameters.set("limit", "99");
    let input = Input {
        now,
        node_attributes: Some(&attributes),
        parameters: Some(&parameters),
        class: Some("ocf"),
        provider: Some("heartbeat"),
        agent: Some("IPaddr2"),
        operation: Some("monitor"),
        operation_interval_ms: 10_000,
        captures: Some(&[Some("ip-db"), Some("db")]),
        ..Input::default()
    };
    let mut findings = Findings::default();
    let verdict = evaluate(rule, &input, &mut findings);
    assert_eq!(verdict, expected, "{conditions}");
    let changes = findings
        .next_change
        .map(|time| time.epoch_s() - now.epoch_s());
    assert_eq!(changes, changes_in_s, "{conditions}");
    findings.problems.into_iter().map(|it| it.text).collect()
}

fn holds(conditions: &str) {
    assert_eq!(
        check(conditions, Verdict::Satisfied, None),
        <Vec<String>>::new()
    );
}

fn fails(conditions: &str) {
    assert_eq!(
        check(conditions, Verdict::Unsatisfied, None),
        <Vec<String>>::new()
    );
}

fn fails_because(conditions: &str, problem: &str) {
    let expected = vec![problem.to_owned()];
    assert_eq!(check(conditions, Verdict::Unsatisfied, None), expected);
}

#[test]
fn attributes() {
    holds("<expression id='e' attribute='pingd' operation='defined'/>");
    fails("<expression id='e' attribute='pingd' operation='not_defined'/>");
    holds("<expression id='e' attribute='#uname' operation='eq' value='NODE1'/>");
    holds("<expression id='e' attribute='pingd' operation='gt' value='99'/>");
    fails("<expression id='e' attribute='pingd' operation='gt' type='string' value='99'/>");
    holds("<expression id='e' attribute='loc-%1' operation='lt' value='10'/>");
    holds(
        "<expression id='e' attribute='pingd' operation='gt' value='limit' value-source='param'/>",
    );
    fails(
        "<expression id='e' attribute='pingd' operation='gt' value='none' value-source='param'/>",
    );
    fails("<expression id='e' attribute='none' operation='lt' value='1'/>");
    holds("<expression id='e' attribute='none' operation='ne' value='1'/>");
    fails_because(
        "<expression id='e' attribute='a' operation='defined' value='1'/>",
        "Treating expression e as not passing because value is not allowed when operation is \
         defined",
    );
    fails_because(
        "<expression id='e' attribute='a' operation='is' value='1'/>",
        "Treating expression e as not passing because 'is' is not a valid operation",
    );
}

#[test]
fn dates() {
    let date = |rest: &str| format!("<date_expression id='d' {rest}</date_expression>");
    let spec = |rest: &str| date(&format!("operation='date_spec'><date_spec id='s' {rest}/>"));
    let changes = |text: &str, verdict, seconds| {
        assert!(check(&date(text), verdict, seconds).is_empty());
    };
    changes("operation='gt' start='2005-019'>", Verdict::Satisfied, None);
    changes(
        "operation='gt' start='2005-01-20 12:30:15Z'>",
        Verdict::Unsatisfied,
        Some(1),
    );
    changes(
        "operation='lt' end='2005-01-20 12:30:16Z'>",
        Verdict::Satisfied,
        Some(1),
    );
    changes(
        "start='2005-01-20 12:30:15Z' end='2005-01-20 12:30:15Z'>",
        Verdict::Satisfied,
        Some(1),
    );
    changes(
        "start='2005-01-20 12:30:20Z'>",
        Verdict::Unsatisfied,
        Some(5),
    );
    changes(
        "start='2005-01-20 12:30:10Z'><duration id='u' minutes='1'/>",
        Verdict::Satisfied,
        Some(56),
    );
    changes(
        "start='2005-01-20 12:30:00Z'><duration id='u' seconds='14'/>",
        Verdict::Unsatisfied,
        None,
    );
    holds(&spec(
        "years='2005' hours='9-16' weekdays='1-5' weeks='3' yeardays='20'",
    ));
    holds(&spec("months='-6' minutes='30-'"));
    fails(&spec("hours='13-'"));
    fails_because(
        &spec("hours='1,2'"),
        "Treating date_expression d as not passing because '1,2' is not a valid range for \
         date_spec attribute hours",
    );
    fails_because(
        &date("start='yesterday'>"),
        "Treating date_expression d as not passing because start is invalid",
    );
}

#[test]
fn agents_and_operations() {
    holds("<rsc_expression id='x' class='ocf' provider='heartbeat' type='IPaddr2'/>");
    holds("<rsc_expression id='x'/>");
    fails("<rsc_expression id='x' type='ipaddr2'/>");
    holds("<op_expression id='x' name='monitor'/>");
    holds("<op_expression id='x' name='monitor' interval='10'/>");
    fails("<op_expression id='x' name='monitor' interval='11s'/>");
    fails_because(
        "<op_expression id='x' name='monitor' interval='often'/>",
        "Treating op_expression x as not passing because 'often' is not a valid interval",
    );
}

#[test]
fn combinations() {
    let yes = "<rsc_expression id='y'/>";
    let no = "<rsc_expression id='n' type='no'/>";
    holds(&format!("{yes}{yes}"));
    fails(&format!("{yes}{no}"));
    holds(&format!("<rule id='i' boolean-op='OR'>{no}{yes}</rule>"));
    fails(&format!("<rule id='i' boolean-op='or'>{no}{no}</rule>"));
    assert_eq!(
        check("", Verdict::Satisfied, None),
        ["Ignoring rule r because it contains no conditions"]
    );
    fails_because(
        "<rule id='i' boolean-op='xor'/>",
        "Treating rule i as not passing because 'xor' is not a valid boolean-op",
    );
    fails_because(
        "<role_expression id='i'/>",
        "Treating rule condition i as not passing because role_expression is not a valid \
         condition type",
    );
    fails_because(
        "<rule id-ref='none'/>",
        "Ignoring invalid rule configuration: id-ref 'none' does not reference a valid object",
    );
}

#[test]
fn a_rule_that_holds_itself_ends() {
    fails_because(
        "<rule id-ref='r'/>",
        "Treating rule r as not passing because rules nest deeper than 64",
    );
    let twice = "<rule id-ref='r'/>".repeat(2);
    let text = format!("<rule id='i' boolean-op='or'>{twice}</rule>");
    let problems = check(&text, Verdict::Unsatisfied, None);
    assert!(problems.len() <= MAX_CONDITIONS);
}
