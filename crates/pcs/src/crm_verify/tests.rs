use super::*;
use crate::MemoryFiles;

/// A CIB with these properties and resources, which follows 3.10.
fn cib(properties: &str, resources: &str) -> String {
    format!(
        "<cib validate-with='pacemaker-3.10' admin_epoch='0' epoch='1' num_updates='0' \
         have-quorum='1'>\n<configuration><crm_config><cluster_property_set id='p'>{properties}\
         </cluster_property_set></crm_config>\n<nodes><node id='1' uname='a'/></nodes>\
         <resources>{resources}</resources>\n<constraints/></configuration></cib>"
    )
}

const NO_FENCING: &str = "<nvpair id='n' name='fencing-enabled' value='false'/>";
const DUMMY: &str = "<primitive id='A' class='ocf' provider='heartbeat' type='Dummy'/>";

fn run_on(text: &str, line: &str) -> Outcome {
    let mut files = MemoryFiles::default();
    files.files.insert("cib.xml".to_owned(), text.into());
    files.standard_input = text.into();
    let words: Vec<_> = line.split_whitespace().map(str::to_owned).collect();
    run(&words, || DateTime::from_epoch_s(1_700_000_000), &mut files)
}

/// What is said on standard error, and how it ends.
fn check(text: &str, line: &str, expected: &str, exit_code: ExitCode) {
    let outcome = run_on(text, line);
    assert_eq!(outcome.standard_error, expected, "{line}");
    assert_eq!(outcome.exit_code, exit_code, "{line}");
    assert_eq!(outcome.standard_output, "", "{line}");
}

#[test]
fn without_anything_to_fence_with() {
    let text = cib("", DUMMY);
    check(
        &text,
        "-x cib.xml -V",
        "error: Resource start-up disabled since no fencing resources have been defined. Either \
         configure some or disable fencing with the fencing-enabled option. NOTE: Clusters with \
         shared data need fencing to ensure data integrity.\n\
         error: CIB did not pass schema validation\n\
         Configuration invalid\n",
        ExitCode::CONFIGURATION,
    );
    check(
        &text,
        "-x cib.xml",
        "Configuration invalid (-V may provide more detail)\n",
        ExitCode::CONFIGURATION,
    );
    check(&text, "-p -Vq", "", ExitCode::CONFIGURATION);
    check(&cib(NO_FENCING, DUMMY), "-x cib.xml -V", "", ExitCode::OK);
}

#[test]
fn what_is_no_configuration() {
    check(
        &cib(NO_FENCING, "<primitive id='A' class='lsb'/>"),
        "-x cib.xml",
        "cib.xml:3: element primitive 'A': validity error : attribute type is missing\n\
         Configuration invalid (-V may provide more detail)\n",
        ExitCode::CONFIGURATION,
    );
    check(
        "<cib>",
        "-x cib.xml",
        "crm_verify: Verification failed: Unable to parse CIB XML (cib.xml: line 1, column 6: \
         <cib> is not closed)\n",
        ExitCode::CONFIGURATION,
    );
    check(
        "<configuration/>",
        "-x cib.xml",
        "Input is not a CIB (outermost element is configuration not cib)\n\
         Configuration invalid (-V may provide more detail)\n",
        ExitCode::CONFIGURATION,
    );
    check(
        "<cib/>",
        "-x cib.xml -V",
        "error: Cannot validate CIB with missing validate-with (manually edit to use a known \
         schema)\nerror: CIB did not pass schema validation\nConfiguration invalid\n",
        ExitCode::CONFIGURATION,
    );
}

#[test]
fn what_is_not_asked_well() {
    check("", "", "crm_verify: No input specified\n", ExitCode::ERROR);
    check("", "-Z", "crm_verify: Unknown option -Z\n", ExitCode::USAGE);
    let live = "crm_verify: Could not connect to the CIB: Transport endpoint is not connected\n";
    check("", "-L -V", live, ExitCode::DISCONNECTED);
}

#[test]
fn xml_and_names_of_files_are_told_apart() {
    let text = cib(NO_FENCING, DUMMY);
    for line in [
        "-x cib.xml -V",
        "-X cib.xml -V",
        "-X - -V",
        "-x - -V",
        "-p -V",
    ] {
        check(&text, line, "", ExitCode::OK);
    }
    check(
        "",
        "-x <cib/>",
        "Configuration invalid (-V may provide more detail)\n",
        ExitCode::CONFIGURATION,
    );
}

#[test]
fn where_output_cannot_go() {
    let problem = "crm_verify: Error creating output format html: Unknown output format\n";
    check("", "--output-as=html", problem, ExitCode::ERROR);
}

#[test]
fn what_happens_is_told_with_the_third_v() {
    let text = cib(NO_FENCING, DUMMY).replace(
        "</cib>",
        "<status><node_state id='1' uname='a' in_ccm='true' crmd='online' join='member' \
         expected='member'/></status></cib>",
    );
    let odd = "warning: Blind faith: not fencing unseen nodes\n";
    check(&text, "-x cib.xml -V", "", ExitCode::OK);
    check(&text, "-x cib.xml -VV", odd, ExitCode::OK);
    let action = "notice: Actions: Start      A       (     a )\n";
    check(
        &text,
        "-x cib.xml -VVV",
        &format!("{odd}{action}"),
        ExitCode::OK,
    );
}

#[test]
fn warnings_may_need_attention() {
    let text = cib(NO_FENCING, DUMMY).replace("pacemaker-3.10", "none");
    let outcome = run_on(&text, "-x cib.xml");
    let last = outcome.standard_error.lines().last();
    assert_eq!(
        last,
        Some("Configuration may need attention (-V may provide more detail)")
    );
    assert_eq!(outcome.exit_code, ExitCode::CONFIGURATION);
}

#[test]
fn forms_for_programs() {
    let text = cib("", DUMMY);
    insta::assert_snapshot!(run_on(&text, "-x cib.xml --output-as=xml").standard_output, @r#"
    <pacemaker-result api-version="2.42" request="crm_verify -x cib.xml --output-as=xml">
      <status code="78" message="Invalid configuration">
        <errors>
          <error>error: Resource start-up disabled since no fencing resources have been defined. Either configure some or disable fencing with the fencing-enabled option. NOTE: Clusters with shared data need fencing to ensure data integrity.</error>
          <error>error: CIB did not pass schema validation</error>
          <error>Configuration invalid</error>
        </errors>
      </status>
    </pacemaker-result>
    "#);
    insta::assert_snapshot!(run_on(&text, "-x cib.xml --output-as=json").standard_output, @r#"
    {
      "request": "crm_verify -x cib.xml --output-as=json",
      "status": {
        "code": 78,
        "errors": [
          "error: Resource start-up disabled since no fencing resources have been defined. Either configure some or disable fencing with the fencing-enabled option. NOTE: Clusters with shared data need fencing to ensure data integrity.",
          "error: CIB did not pass schema validation",
          "Configuration invalid"
        ],
        "message": "Invalid configuration"
      },
      "verdict": "invalid"
    }
    "#);
}
