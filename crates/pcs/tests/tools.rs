//! Pacemaker's small tools, on a file: what real ones (2.1.5) print and change with the same words.

use cib::time::DateTime;
use pcs::pcs::agents::{AgentName, Agents, Call, CallAnswer, Metadata};
use pcs::{AGENT_TOOLS, MemoryFiles, Outcome, TOOLS};

const CIB: &str = include_str!("tools.xml");

fn files() -> MemoryFiles {
    let mut files = MemoryFiles::default();
    files.files.insert("cib.xml".to_owned(), CIB.into());
    let variables = [
        ("CIB_file", "cib.xml"),
        ("OCF_RESKEY_CRM_meta_on_node", "node1"),
    ];
    for (name, value) in variables {
        files.variables.insert(name.to_owned(), value.to_owned());
    }
    files
}

/// Two agents, of which one answers what it was called with.
struct TwoAgents;

impl Agents for TwoAgents {
    fn metadata(&mut self, _agent: &AgentName) -> Result<Metadata, String> {
        let text = "<resource-agent name='fence_x'><parameters><parameter name='ip' required='1'/>\
                    </parameters><actions/></resource-agent>";
        Metadata::parse(text.as_bytes()).map_err(|error| error.to_string())
    }

    fn call(&mut self, call: &Call<'_>) -> Result<CallAnswer, String> {
        let parameters = call.parameters.iter();
        let parameters: Vec<String> = parameters
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        Ok(CallAnswer {
            exit_code: if call.action == "monitor" { 7 } else { 0 },
            output: format!("{} {}\n", call.agent, parameters.join(" ")),
            errors: String::new(),
        })
    }

    fn installed(&mut self) -> Vec<AgentName> {
        vec![
            AgentName::new("ocf", Some("pacemaker"), "Dummy"),
            AgentName::new("stonith", None, "fence_x"),
        ]
    }
}

fn run(line: &str, files: &mut MemoryFiles) -> Outcome {
    // A blank within a word is written as an underscore with a hash.
    let words: Vec<String> = line.split(' ').map(|it| it.replace("_#", " ")).collect();
    let (name, words) = words.split_first().expect("there is a name");
    let now = DateTime::from_epoch_s(1_700_000_000);
    if let Some((_, tool)) = AGENT_TOOLS.iter().find(|(tool, _)| tool == name) {
        return tool(words, now, files, &mut TwoAgents);
    }
    let (_, tool) = TOOLS
        .iter()
        .find(|(tool, _)| tool == name)
        .expect("it is a tool");
    tool(words, now, files)
}

/// What is printed, and how it ends.
fn says(line: &str, output: &str, exit_code: u8) {
    let mut files = files();
    let outcome = run(line, &mut files);
    assert_eq!(
        outcome.standard_output.trim_end(),
        output,
        "{line}: {outcome:?}"
    );
    assert_eq!(outcome.exit_code.0, exit_code, "{line}: {outcome:?}");
    assert_eq!(files.text("cib.xml"), Some(CIB), "{line}");
}

/// Which pieces of XML there are afterwards that were not there before, and the version.
fn makes(line: &str, pieces: &[&str], version: &str) {
    let mut files = files();
    let outcome = run(line, &mut files);
    assert_eq!(outcome.exit_code.0, 0, "{line}: {outcome:?}");
    let after = files.text("cib.xml").expect("it is there");
    for piece in pieces {
        let (piece, is_wanted) = match piece.strip_prefix('!') {
            Some(piece) => (piece, false),
            None => (*piece, true),
        };
        assert_eq!(after.contains(piece), is_wanted, "{line}: {piece}: {after}");
        assert_eq!(CIB.contains(piece), !is_wanted, "{line}: {piece}");
    }
    let document = cib::xml::Document::parse(after).expect("it is XML");
    assert_eq!(
        cib::CibVersion::of(document.root()).to_string(),
        version,
        "{line}"
    );
}

#[test]
fn attributes_are_asked_for() {
    let option = "scope=crm_config  name=stonith-enabled value=false";
    says(
        "crm_attribute -t crm_config -n stonith-enabled -G",
        option,
        0,
    );
    says("crm_attribute -n stonith-enabled", option, 0);
    says("crm_attribute --name=stonith-enabled -G -q", "false", 0);
    says("crm_attribute -t crm_config -n nope -G", "", 105);
    says(
        "crm_attribute -n nope -G -d 7",
        "scope=crm_config  name=nope value=7",
        0,
    );
    says(
        "crm_attribute -N node2 -n x -G",
        "scope=nodes  name=x value=5",
        0,
    );
    says("crm_attribute -t nodes --node node2 -n x -G -q", "5", 0);
    says(
        "crm_attribute -l reboot -n p",
        "scope=status  name=p value=7",
        0,
    );
    says(
        "crm_attribute -N node2 -P ^x -G",
        "scope=nodes  name=x value=5",
        0,
    );
    says("crm_attribute -N nodeX -n p -l reboot -G", "", 105);
    says("crm_attribute -l sometimes -n p", "", 64);
    says("crm_attribute -t crm_confg -n p", "", 64);
    says("crm_attribute -n", "", 64);
    says(
        "attrd_updater -n p -Q",
        "name=\"p\" host=\"node1\" value=\"7\"",
        0,
    );
    says(
        "attrd_updater -p -n p -A",
        "name=\"p\" host=\"node1\" value=\"7\"",
        0,
    );
    says("attrd_updater -n none -Q", "", 105);
    says("attrd_updater -Q", "", 64);
    says("attrd_updater -n p -B 3", "", 64);
    says("crm_standby -G", "scope=status  name=standby value=off", 0);
    says(
        "crm_failcount -G -r D",
        "scope=status  name=fail-count-D value=2",
        0,
    );
    says("crm_failcount -G -r D -n start -q", "0", 0);
    says("crm_failcount -G -r D -n monitor -I 10s -q", "2", 0);
    says("crm_failcount -G", "", 64);
}

#[test]
fn attributes_are_set_with_the_ids_that_pacemaker_gives() {
    let configuration = "0.2.0";
    let status = "0.1.1";
    makes(
        "crm_attribute -n nope -v 3",
        &["<nvpair id=\"cib-bootstrap-options-nope\" name=\"nope\" value=\"3\"/>"],
        configuration,
    );
    makes(
        "crm_attribute -n nope -v 3 -s other",
        &["<cluster_property_set id=\"other\">", "other-nope"],
        configuration,
    );
    makes(
        "crm_attribute -n stonith-enabled -D",
        &["!cib-bootstrap-options-stonith-enabled"],
        configuration,
    );
    makes("crm_attribute -n nope -D", &[], "0.1.0");
    makes(
        "crm_attribute -N node1 -n y -v 2",
        &["<instance_attributes id=\"nodes-1\">", "nodes-1-y"],
        configuration,
    );
    makes(
        "crm_attribute -l forever -n y -v 2 -z",
        &[
            "<utilization id=\"nodes-1-utilization\">",
            "nodes-1-utilization-y",
        ],
        configuration,
    );
    makes(
        "crm_attribute -N node2 -n x -D",
        &["!nodes-2-x"],
        configuration,
    );
    makes(
        "crm_attribute -n p -l reboot -v 9",
        &["id=\"status-1-p\" name=\"p\" value=\"9\""],
        status,
    );
    makes(
        "crm_attribute -N node2 -n p -l reboot -v 9",
        &[
            "<transient_attributes id=\"2\">",
            "<instance_attributes id=\"status-2\">",
            "status-2-p",
        ],
        status,
    );
    makes("crm_attribute -n p -l reboot -D", &["!status-1-p"], status);
    makes(
        "crm_attribute --promotion=D:1 -v 2",
        &["id=\"status-1-master-D\" name=\"master-D\" value=\"2\""],
        status,
    );
    makes(
        "crm_attribute -t rsc_defaults -n resource-stickiness -v 2",
        &[
            "<meta_attributes id=\"rsc-options\">",
            "rsc-options-resource-stickiness",
        ],
        configuration,
    );
    makes(
        "crm_master -l reboot -v 10 -r P",
        &["status-1-master-P"],
        status,
    );
    makes(
        "attrd_updater -n p -U 8 -d 5s",
        &["id=\"status-1-p\" name=\"p\" value=\"8\""],
        status,
    );
    makes(
        "attrd_updater -n p -v p++",
        &["id=\"status-1-p\" name=\"p\" value=\"8\""],
        status,
    );
    makes(
        "attrd_updater -n #health-cpu -B red -d 30s -N node2",
        &["name=\"#health-cpu\" value=\"red\""],
        status,
    );
    makes("attrd_updater -D -n p", &["!status-1-p"], status);
    makes("crm_standby -v on", &["nodes-1-standby"], configuration);
    makes(
        "crm_standby -v on -l reboot -N node2",
        &["status-2-standby"],
        status,
    );
    makes(
        "crm_failcount -D -r D",
        &[
            "!fail-count-D",
            "!last-failure-D",
            "!<lrm_resource id=\"D\"",
        ],
        status,
    );
}

#[test]
fn the_cib_is_asked_and_changed() {
    says(
        "cibadmin -Q --xpath //nvpair[@name=\"fake\"]",
        "<nvpair id=\"D-ia-fake\" name=\"fake\" value=\"1\"/>",
        0,
    );
    says("cibadmin -Q --xpath //nope", "", 105);
    says("cibadmin -Q -o constraints", "<constraints/>", 0);
    says("cibadmin -Q -o constrains", "", 64);
    says(
        "cibadmin -Q --xpath //op -e",
        "/cib/configuration/resources/primitive[@id='D']/operations/op[@id='D-m']",
        0,
    );
    says(
        "cibadmin -Q -n --xpath //primitive[@id='D']",
        "<primitive id=\"D\" class=\"ocf\" provider=\"pacemaker\" type=\"Dummy\"/>",
        0,
    );
    says(
        "cibadmin -C -o resources -X <primitive_#id='D'_#class='ocf'_#type='Dummy'/>",
        "",
        108,
    );
    says("cibadmin -C -o resources -X <primitivx_#id='D2'/>", "", 78);
    says("cibadmin -C -o resources -X <primitive", "", 78);
    says("cibadmin -M -X <nvpair_#id='none'/>", "", 105);
    says(
        "cibadmin -R -X <cib_#epoch='0'_#validate-with='pacemaker-3.7'><configuration/></cib>",
        "",
        103,
    );
    says("cibadmin -E", "", 107);
    says("cibadmin -d --xpath //op", "", 107);
    says("cibadmin", "", 64);
    makes(
        "cibadmin -M -X <nvpair_#id='D-ia-fake'_#value='9'/>",
        &["id=\"D-ia-fake\" name=\"fake\" value=\"9\""],
        "0.2.0",
    );
    makes(
        "cibadmin -D -X <op_#id='D-m'/>",
        &["!<op id=\"D-m\""],
        "0.2.0",
    );
    makes("cibadmin -D --xpath //op", &["!<op id=\"D-m\""], "0.2.0");
    makes(
        "cibadmin -d -f --xpath //nvpair[@id='pp']",
        &["!id=\"pp\""],
        "0.2.0",
    );
    makes("cibadmin -B", &[], "0.2.0");
    makes(
        "cibadmin --modify --xml-text <cib_#admin_epoch='admin_epoch++'/>",
        &[],
        "1.1.0",
    );
    makes(
        "cibadmin -R -o constraints -X <constraints><rsc_location_#id='l'_#rsc='D'_#node='node1'_#score='5'/></constraints>",
        &["<rsc_location id=\"l\""],
        "0.2.0",
    );
}

#[test]
fn nodes_are_told() {
    says("crm_node -n", "node1", 0);
    says("crm_node -i", "1", 0);
    says("crm_node -l", "1 node1 member\n2 node2 member", 0);
    says("crm_node -p", "node1 node2", 0);
    says("crm_node -q", "1", 0);
    says("crm_node -N 2", "node2", 0);
    says("crm_node -R node2", "", 64);
    makes("crm_node -R node2 -f", &["!uname=\"node2\""], "0.2.0");
    says("crmadmin -D", "Designated Controller is: node1", 0);
    says("crmadmin -D -q", "node1", 0);
    says(
        "crmadmin -N",
        "cluster node: node1 (1)\ncluster node: node2 (2)",
        0,
    );
    says(
        "crmadmin -S node2",
        "Status of crmd@node2: S_NOT_DC (ok)",
        0,
    );
}

#[test]
fn resources_are_asked_for() {
    let list = "Full List of Resources:\n  * D\t(ocf:pacemaker:Dummy):\t Started node1\n  * Resource Group: \
                g:\n    * A\t(ocf:pacemaker:Dummy):\t Stopped\n    * B\t(ocf:pacemaker:Dummy):\t Stopped\n  \
                * Clone Set: P-clone [P] (promotable):\n    * Stopped: [ node1 node2 ]";
    says("crm_resource", list, 0);
    says("crm_resource -L", list, 0);
    says("crm_resource -l", "D\nA\nB\nP:0\nP:1", 0);
    says("crm_resource -W -r D", "resource D is running on: node1", 0);
    says("crm_resource -Q -W -r D", "node1", 0);
    says("crm_resource -W -r A", "resource A is NOT running", 0);
    says("crm_resource -W -r nope", "", 105);
    says("crm_resource -W", "", 64);
    says("crm_resource -r D -g fake", "1", 0);
    says("crm_resource -r D -g nope", "", 105);
    says("crm_resource -r P-clone -m -g promotable", "true", 0);
    says(
        "crm_resource -q -r g -Q",
        "Resource XML:\n<group id=\"g\">\n  <primitive id=\"A\" class=\"ocf\" provider=\"pacemaker\" type=\"Dummy\"/>\n  <primitive id=\"B\" class=\"ocf\" provider=\"pacemaker\" type=\"Dummy\"/>\n</group>",
        0,
    );
    says(
        "crm_resource -O -r D",
        "D\t(ocf:pacemaker:Dummy):\t Started: D_start_0 (node=node1, call=5, rc=0, last-rc-change='Tue Nov 14 22:13:20 2023', exec=12ms): complete\nD\t(ocf:pacemaker:Dummy):\t Started: D_monitor_10000 (node=node1, call=6, rc=0, last-rc-change='Tue Nov 14 22:13:20 2023', exec=12ms): complete",
        0,
    );
    says("crm_resource -Y -r D", "Resource D is running", 0);
    says("crm_resource -Y -r A", "Resource A is not running", 0);
    says("crm_resource --list-ocf-providers", "pacemaker", 0);
    says("crm_resource --list-agents ocf:pacemaker", "Dummy", 0);
    says("crm_resource --list-standards", "ocf\nstonith", 0);
    says("stonith_admin -I", "fence_x\n1 fence device found", 0);
    says(
        "stonith_admin -K -a fence_x -o ip=1",
        "Validation of fence_x succeeded",
        0,
    );
    says("stonith_admin -K -a fence_x -q", "", 1);
    says("stonith_admin -F node2", "", 102);
}

#[test]
fn waiting_says_what_for() {
    let outcome = run("crm_resource --wait -T 1s", &mut files());
    assert_eq!(outcome.exit_code.0, 124, "{outcome:?}");
    for line in ["\tprobe of D on node2\n", "\tstart of A on node2\n"] {
        assert!(outcome.standard_output.contains(line), "{outcome:?}");
    }
}

#[test]
fn agents_are_called_past_the_cluster() {
    says(
        "crm_resource --force-start -r D",
        "Operation start for D (ocf:pacemaker:Dummy) returned: 'OK' (0)\n >  stdout: ocf:pacemaker:Dummy fake=1",
        0,
    );
    says(
        "crm_resource --force-check -r D",
        "Operation monitor for D (ocf:pacemaker:Dummy) returned: 'Not running' (7)\n >  stdout: ocf:pacemaker:Dummy fake=1",
        7,
    );
    says(
        "crm_resource --validate --class ocf --provider pacemaker --agent Dummy --option a=b",
        "Operation validate-all for test (ocf:pacemaker:Dummy) returned: 'OK' (0)\n >  stdout: ocf:pacemaker:Dummy a=b",
        0,
    );
}

#[test]
fn resources_are_changed() {
    makes(
        "crm_resource -r D -p fake -v 3",
        &["id=\"D-ia-fake\" name=\"fake\" value=\"3\""],
        "0.2.0",
    );
    makes(
        "crm_resource -r D -p other -v 3",
        &[
            "<instance_attributes id=\"D-instance_attributes\">",
            "D-instance_attributes-other",
        ],
        "0.2.0",
    );
    makes(
        "crm_resource -r g -m -p target-role -v Stopped",
        &["g-meta_attributes-target-role"],
        "0.2.0",
    );
    makes(
        "crm_resource -r D -z -p cpu -v 3",
        &["<utilization id=\"D-utilization\">"],
        "0.2.0",
    );
    makes("crm_resource -r D -d fake", &["!D-ia-fake"], "0.2.0");
    makes(
        "crm_resource -M -r D -N node2",
        &[
            "<rsc_location id=\"cli-prefer-D\" rsc=\"D\" role=\"Started\" node=\"node2\" score=\"INFINITY\"/>",
        ],
        "0.2.0",
    );
    makes(
        "crm_resource -M -r D",
        &[
            "<rsc_location id=\"cli-ban-D-on-node1\" rsc=\"D\" role=\"Started\" node=\"node1\" score=\"-INFINITY\"/>",
        ],
        "0.2.0",
    );
    makes(
        "crm_resource -M -r D -N node2 -u PT1H",
        &["cli-prefer-rule-D", "end=\"2023-11-14 23:13:20Z\""],
        "0.2.0",
    );
    makes(
        "crm_resource -B -r P-clone --promoted -N node1",
        &["id=\"cli-ban-P-clone-on-node1\" rsc=\"P-clone\" role=\"Promoted\""],
        "0.2.0",
    );
    says("crm_resource -M -r D -N node1", "", 108);
    says("crm_resource -B -r A", "", 64);
    makes(
        "crm_resource -D -r D -t primitive",
        &["!<primitive id=\"D\""],
        "0.2.0",
    );
    makes(
        "crm_resource -C -r D -N node1",
        &["!fail-count-D", "!<lrm_resource id=\"D\""],
        "0.1.1",
    );
    makes("crm_resource -R", &["!<lrm_resource id=\"D\""], "0.1.1");
    makes(
        "crm_resource -F -r D -N node1",
        &["D_last_failure_0", "D_asyncmon_0"],
        "0.1.1",
    );
}

#[test]
fn tickets_are_given_and_taken_by_force_only() {
    says("crm_ticket -w", "", 0);
    says("crm_ticket -g -t T", "", 4);
    says("crm_ticket -t T -G granted", "", 105);
    says("crm_ticket", "", 64);
    makes(
        "crm_ticket -t T --grant --force",
        &["<ticket_state id=\"T\" granted=\"true\" last-granted=\"1700000000\"/>"],
        "0.1.1",
    );
    makes(
        "crm_ticket -t T -S standby -v true",
        &["<ticket_state id=\"T\" standby=\"true\"/>"],
        "0.1.1",
    );
    let mut files = files();
    for (line, output, exit_code) in [
        ("crm_ticket -t T -g -f", "", 0),
        (
            "crm_ticket -l",
            "T\tgranted           last-granted='Tue Nov 14 22:13:20 2023'\n",
            0,
        ),
        ("crm_ticket -t T -G granted", "true\n", 0),
        ("crm_ticket -t T -r", "", 4),
        ("crm_ticket -t T -C", "", 4),
        ("crm_ticket -t T -C -f", "Cleaned up T\n", 0),
        ("crm_ticket -t T -l", "", 105),
    ] {
        let outcome = run(line, &mut files);
        assert_eq!(outcome.standard_output, output, "{line}");
        assert_eq!(outcome.exit_code.0, exit_code, "{line}");
    }
}

#[test]
fn programs_get_xml_and_json() {
    let mut files = files();
    let outcome = run(
        "crm_attribute -n stonith-enabled --output-as=xml",
        &mut files,
    );
    let element = "<attribute name=\"stonith-enabled\" value=\"false\" scope=\"crm_config\"/>";
    assert!(outcome.standard_output.contains(element), "{outcome:?}");
    let outcome = run("crm_node -l --output-as=json", &mut files);
    let value: serde_json::Value =
        serde_json::from_str(&outcome.standard_output).expect("it is JSON");
    assert_eq!(value["nodes"][0]["node"][1]["name"], "node2");
    assert_eq!(value["status"]["code"], 0);
}

#[test]
fn without_a_cluster_tools_end_as_pacemakers_do() {
    for (line, said) in [
        (
            "crm_node -n",
            "error: Could not connect to controller: Connection refused",
        ),
        (
            "attrd_updater -n a -Q",
            "attrd_updater: Could not connect to attrd: Connection refused",
        ),
        (
            "crm_attribute -n a",
            "crm_attribute: Could not connect to the CIB: Transport endpoint is not connected",
        ),
        (
            "cibadmin -Q",
            "cibadmin: Could not connect to the CIB: Transport endpoint is not connected",
        ),
    ] {
        let outcome = run(line, &mut MemoryFiles::default());
        assert_eq!(outcome.standard_error.trim_end(), said, "{line}");
        assert_eq!(outcome.exit_code.0, 102, "{line}");
    }
}
