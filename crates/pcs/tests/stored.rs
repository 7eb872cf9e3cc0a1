//! What pcs stores beside resources: tags, alerts, access control, rules. The texts are those of pcs
//! 0.11.5 for the same commands.

mod no_hosts;

use cib::time::DateTime;
use pcs::MemoryFiles;
use pcs::pcs::agents::MachineAgents;
use pcs::pcs::{Machine, run};

/// Runs commands one after the other on one CIB; each prints what stands behind it.
fn check(steps: &[(&str, &str)], pieces: &[&str]) {
    let mut files = MemoryFiles::default();
    let cib = include_str!("tools.xml");
    files.files.insert("cib".to_owned(), cib.into());
    files
        .variables
        .insert("CIB_file".to_owned(), "cib".to_owned());
    for (line, expected) in steps {
        let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
        let mut machine = Machine {
            files: &mut files,
            agents: &mut MachineAgents::default(),
            hosts: &mut no_hosts::NoHosts,
            now: DateTime::from_epoch_s(1_700_000_000),
        };
        let outcome = run(&words, &mut machine);
        let said = format!("{}{}", outcome.standard_output, outcome.standard_error);
        assert_eq!(said.trim_end(), *expected, "{line}");
        assert_eq!(outcome.exit_code.0 != 0, said.contains("Error:"), "{line}");
    }
    let after = files.text("cib").expect("it is there");
    for piece in pieces {
        assert!(after.contains(piece), "{piece}: {after}");
    }
}

#[test]
fn tags() {
    check(
        &[
            ("tag create t1 D A", ""),
            (
                "tag create t2 nope",
                "Error: bundle/clone/group/resource 'nope' does not exist\nError: Errors have \
                 occurred, therefore pcs is unable to continue",
            ),
            ("tag", "t1\n  D\n  A"),
            ("tag update t1 add B remove A", ""),
            ("tag config t1", "t1\n  D\n  B"),
            ("tag update t1 add A --after D", ""),
            ("tag config", "t1\n  D\n  A\n  B"),
            ("tag remove t1", ""),
            ("tag", " No tags defined"),
        ],
        &[],
    );
}

#[test]
fn alerts() {
    check(
        &[
            (
                "alert create path=/bin/x id=al options a=1 meta timeout=5s",
                "",
            ),
            ("alert recipient add al value=admin id=rec options b=2", ""),
            (
                "alert",
                "Alerts:\n Alert: al (path=/bin/x)\n  Options: a=1\n  Meta options: timeout=5s\n  \
                 Recipients:\n   Recipient: rec (value=admin)\n    Options: b=2",
            ),
            ("alert update al path=/bin/y options a=", ""),
            ("alert recipient update rec value=other", ""),
            (
                "alert config",
                "Alerts:\n Alert: al (path=/bin/y)\n  Meta options: timeout=5s\n  Recipients:\n   \
                 Recipient: rec (value=other)\n    Options: b=2",
            ),
            (
                "alert create id=b",
                "Error: required option 'path' is missing",
            ),
        ],
        &[
            "<nvpair id=\"al-meta_attributes-timeout\" name=\"timeout\" value=\"5s\"/>",
            "<nvpair id=\"rec-instance_attributes-b\" name=\"b\" value=\"2\"/>",
        ],
    );
    check(
        &[
            ("alert create path=/bin/x", ""),
            ("alert remove alert", ""),
            ("alert", "Alerts:\n No alerts defined"),
        ],
        &[],
    );
}

#[test]
fn access_control() {
    check(
        &[
            (
                "acl role create r1 description=foo read xpath //x write id D",
                "",
            ),
            ("acl user create u1 r1", ""),
            ("acl group create g1 r1", ""),
            ("acl permission add r1 deny xpath //y", ""),
            (
                "acl",
                "ACLs are disabled, run 'pcs acl enable' to enable\n\nUser: u1\n  Roles: r1\nGroup: \
                 g1\n  Roles: r1\nRole: r1\n  Description: foo\n  Permission: read xpath //x \
                 (r1-read)\n  Permission: write id D (r1-write)\n  Permission: deny xpath //y \
                 (r1-deny)",
            ),
            (
                "acl role assign r1 to user u1",
                "Error: Role 'r1' is already assigned to 'u1'",
            ),
            ("acl role unassign r1 from user u1", ""),
            ("acl user delete u1", ""),
            ("acl role delete r1", ""),
            ("acl enable", ""),
            ("acl", "ACLs are enabled\n\nGroup: g1\n  Roles:"),
            (
                "acl permission delete nope",
                "Error: ACL permission 'nope' does not exist",
            ),
        ],
        &["<acl_group id=\"g1\"/>"],
    );
}

#[test]
fn rules() {
    const NONE: &str = "Location Constraints:\nOrdering Constraints:\nColocation Constraints:\nTicket \
                        Constraints:";
    const DEPRECATED: &str = "Deprecation Warning: This command is deprecated and will be removed.";
    let removed = format!("{DEPRECATED}\nRemoving Constraint: location-D");
    check(
        &[
            (
                "constraint location D rule id=r1 score=5 date lt 2021-01-01",
                "",
            ),
            ("constraint", NONE),
            (
                "constraint --all --full",
                "Location Constraints:\n  Resource: D\n    Constraint (expired): location-D\n      \
                 Rule (expired): score=5 (id:r1)\n        Expression: date lt 2021-01-01 \
                 (id:r1-expr)\nOrdering Constraints:\nColocation Constraints:\nTicket Constraints:",
            ),
            ("constraint rule remove r1", &removed),
            (
                "constraint location D rule role=master a eq 1 or date gt 2020-01-01",
                "",
            ),
            (
                "constraint location",
                "Location Constraints:\n  Resource: D\n    Constraint: location-D\n      Rule: \
                 boolean-op=or role=Promoted score=INFINITY\n        Expression: a eq 1\n        \
                 Expression: date gt 2020-01-01",
            ),
            (
                "resource defaults set create id=s meta a=5 rule date lt 2021-01-01",
                "Warning: Defaults do not apply to resources which override them with their own \
                 defined values",
            ),
            ("resource defaults", "No defaults set"),
            (
                "resource defaults config --all --full",
                "Meta Attrs (expired): s\n  a=5\n  Rule (expired): boolean-op=and score=INFINITY \
                 (id:s-rule)\n    Expression: date lt 2021-01-01 (id:s-rule-expr)",
            ),
        ],
        &["<rule id=\"location-D-rule\" boolean-op=\"or\" role=\"Promoted\" score=\"INFINITY\">"],
    );
}

#[test]
fn relations() {
    check(
        &[
            (
                "resource relations A",
                "A\n`- outer resource\n   `- g\n      `- inner resource(s)\n         |  members: A \
                 B\n         `- B",
            ),
            ("resource relations D", "D"),
            (
                "resource relations X",
                "Error: bundle/clone/group/resource 'X' does not exist",
            ),
        ],
        &[],
    );
}
