//! The command as a whole: where it reads and writes, and how it ends.

use cib::time::DateTime;
use pcs::{ExitCode, MemoryFiles, Outcome, crm_simulate};

const CIB: &str = r#"<cib validate-with="pacemaker-4.0" admin_epoch="0" epoch="1" num_updates="0" have-quorum="1">
  <configuration>
    <crm_config><cluster_property_set id="o"><nvpair id="o1" name="fencing-enabled" value="false"/></cluster_property_set></crm_config>
    <nodes><node id="1" uname="n1"/></nodes>
    <resources><primitive id="a" class="ocf" provider="heartbeat" type="Dummy"/></resources>
    <constraints/>
  </configuration>
  <status><node_state id="1" uname="n1" in_ccm="true" crmd="online" join="member" expected="member"/></status>
</cib>"#;

/// Runs the command on files in memory, where `cib` and `folder/one.xml` hold a CIB.
fn run(line: &str) -> (Outcome, MemoryFiles) {
    let mut files = MemoryFiles {
        standard_input: CIB.into(),
        ..MemoryFiles::default()
    };
    for path in [
        "cib",
        "folder/one.xml",
        "folder/.hidden.xml",
        "folder/other.txt",
    ] {
        files.files.insert(path.to_owned(), CIB.into());
    }
    let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
    let clock = || DateTime::from_epoch_s(1_700_000_000);
    (crm_simulate::run(&words, clock, &mut files), files)
}

#[test]
fn input_comes_from_a_file_or_from_standard_input() {
    let (from_file, _) = run("-x cib -R");
    assert!(
        from_file
            .standard_output
            .contains("  * Start      a       (    n1 )")
    );
    assert_eq!(from_file.exit_code, ExitCode::OK);
    for line in ["-R", "-p -R", "-x - -R", "-L -x cib -R"] {
        assert_eq!(run(line).0, from_file, "{line}");
    }
}

#[test]
fn what_cannot_be_used_is_refused() {
    for (line, exit_code, expected) in [
        (
            "-x nowhere",
            ExitCode::INVALID_DATA,
            "Could not read input XML",
        ),
        ("-L -S", ExitCode::DISCONNECTED, "is not connected"),
        (
            "--bogus",
            ExitCode::USAGE,
            "crm_simulate: Unknown option --bogus",
        ),
        (
            "-x",
            ExitCode::USAGE,
            "crm_simulate: Missing argument for -x",
        ),
        (
            "--output-as=html",
            ExitCode::NO_SUCH,
            "Unknown output format",
        ),
        ("-x folder/other.txt -P nowhere", ExitCode::OK, ""),
        ("-X", ExitCode::USAGE, "--in-place needs a file"),
        ("-x cib -O o.bz2", ExitCode::USAGE, "saved as plain XML"),
        ("-x cib -q no", ExitCode::USAGE, "Invalid value 'no' for -q"),
        ("-x cib -N 5x", ExitCode::USAGE, "Cannot parse integer"),
    ] {
        let (outcome, _) = run(line);
        assert_eq!(outcome.exit_code, exit_code, "{line}");
        assert!(
            outcome.standard_error.contains(expected),
            "{line}: {}",
            outcome.standard_error
        );
    }
    let mut files = MemoryFiles::default();
    for (cib, exit_code, expected) in [
        ("<cib", ExitCode::INVALID_DATA, "Could not read input XML"),
        ("<cib/>", ExitCode::CONFIGURATION, "missing validate-with"),
        (
            r#"<cib validate-with="x"/>"#,
            ExitCode::CONFIGURATION,
            "unknown validate-with",
        ),
        (
            "<cib validate-with=\"pacemaker-4.0\">\n<bogus/></cib>",
            ExitCode::CONFIGURATION,
            "bad:2: element bogus",
        ),
    ] {
        files.files.insert("bad".to_owned(), cib.into());
        let words = ["-x", "bad", "-S"].map(str::to_owned);
        let outcome = crm_simulate::run(&words, || DateTime::from_epoch_s(0), &mut files);
        assert_eq!(outcome.exit_code, exit_code, "{cib}");
        assert!(
            outcome.standard_error.contains(expected),
            "{}",
            outcome.standard_error
        );
        assert_eq!(outcome.standard_output, "");
    }
}

#[test]
fn results_are_saved_where_they_are_wanted() {
    let (_, files) = run("-x cib -S -u n2 -I in -O out -G graph -D dot");
    let saved = |path: &str| files.text(path).unwrap_or_default();
    assert!(saved("in").contains(r#"<node id="n2" uname="n2"/>"#));
    assert!(!saved("in").contains("lrm_rsc_op"));
    assert!(saved("out").contains(r#"operation="start""#));
    assert!(saved("graph").starts_with("<transition_graph"));
    assert!(saved("dot").starts_with(" digraph \"g\" {\n"));
    assert_eq!(saved("cib"), CIB);

    let (_, files) = run("-x cib -X");
    assert!(files.text("cib").unwrap().contains("lrm_rsc_op"));

    let (outcome, files) = run("-x cib -R --output-to=text");
    assert_eq!(outcome.standard_output, "");
    assert!(files.text("text").unwrap().contains("Transition Summary"));
}

#[test]
fn the_saved_result_has_a_version_of_its_own() {
    let (_, files) = run("-x cib -S -O out");
    let out = files.text("out").unwrap();
    assert!(out.contains(r#"epoch="1" num_updates="2""#), "{out}");
}

#[test]
fn the_environment_may_name_a_cluster() {
    let mut files = MemoryFiles::default();
    files.files.insert("saved".to_owned(), CIB.into());
    files
        .variables
        .insert("CIB_file".to_owned(), "saved".to_owned());
    let words = ["-LR".to_owned()];
    let outcome = crm_simulate::run(&words, || DateTime::from_epoch_s(0), &mut files);
    assert_eq!(outcome.exit_code, ExitCode::OK);
    files.files.clear();
    let outcome = crm_simulate::run(&words, || DateTime::from_epoch_s(0), &mut files);
    assert_eq!(outcome.exit_code, ExitCode::NO_SUCH);
}

#[test]
fn help_and_version_have_the_form_that_was_asked_for() {
    let help = |line| run(line).0.standard_output;
    assert!(help("-R --help-source --bogus").contains("\nData Source:\n  -L, --live-check"));
    assert!(help("-Rh").contains("Help Options:\n  -h, --help                       Show help"));
    assert!(help("--version").starts_with("Pacemaker 3."));
    assert!(help("--version --output-as=xml").contains(r#"<version program="Pacemaker""#));
    assert_eq!(help("--version --output-as=none"), "");
}

#[test]
fn a_quiet_run_has_scores_only() {
    let (outcome, _) = run("-x cib -SQs");
    assert_eq!(
        outcome.standard_output,
        // What is set off from them is quiet.
        "pcmk__primitive_assign: a allocation score on n1: 0\n\n"
    );
    assert_eq!(run("-x cib -SQ").0.standard_output, "");
}

#[test]
fn each_file_of_a_folder_is_timed() {
    let (outcome, _) = run("-P folder -N 2");
    let lines: Vec<&str> = outcome.standard_output.lines().collect();
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert_eq!(lines[0], "Timings:");
    assert!(lines[1].starts_with("  * Testing folder/one.xml ... "));
}

#[test]
fn time_is_that_of_the_run_of_the_cib_or_of_now() {
    let (outcome, _) = run("-x cib -t 2024-02-29T12:00:00Z");
    assert!(
        outcome
            .standard_output
            .starts_with("Setting effective cluster time: 2024-02-29T12:00:00Z\n")
    );
    let mut files = MemoryFiles::default();
    let cib = CIB.replace("<cib ", r#"<cib execution-date="1600000000" "#);
    files.files.insert("cib".to_owned(), cib.into());
    let words = ["-x", "cib"].map(str::to_owned);
    let outcome = crm_simulate::run(&words, || DateTime::from_epoch_s(0), &mut files);
    assert!(
        outcome
            .standard_output
            .starts_with("Using the original execution date of: 2020-09-13 12:26:40Z\n")
    );
}

#[test]
fn changes_are_made_before_and_failures_during_the_transition() {
    let (outcome, _) =
        run("-x cib -S -q true -w 1 -g t -b t -i a_monitor_10000@n1=7 -F a_start_0@n1=1");
    let output = &outcome.standard_output;
    for line in [
        "Performing Requested Modifications:",
        "  * Setting quorum: true",
        "  * Setting watchdog: 1",
        "  * Granting ticket t",
        "  * Making ticket t standby",
        "  * Injecting a_monitor_10000@n1=7 into the configuration",
        "  * Injecting attribute fail-count-a#monitor_10000=1 into /node_state '1'",
        "  * Injecting attribute last-failure-a#monitor_10000=1700000000 into /node_state '1'",
        "  * Injecting attribute fail-count-a#start_0=INFINITY into /node_state '1'",
    ] {
        assert!(
            output.lines().any(|printed| printed == line),
            "{line}\n{output}"
        );
    }
    assert!(
        output
            .lines()
            .any(|line| line.starts_with("Pretending action "))
    );
    assert!(output.contains("    * a\t(ocf:heartbeat:Dummy):\t FAILED n1"));
}
