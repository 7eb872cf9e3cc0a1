//! A simulated BMC for each node, as rehearsals have them, and one of no machine.

use std::path::PathBuf;

use cluster_lab::name;
use lab::power::{self, Power, PowerSwitches};
use lab::{Bmc, NodeSpec};

use super::machines::{LIMIT, Machines, beside, folder, said};
use crate::Outcome;

/// Who may switch.
const USER: &str = "admin";
const PASSWORD: &str = "hunter2";
/// The BMC of no machine, for the agent alone.
const SPARE: u32 = 0;
/// The name that the agent alone is started under.
const ALONE: &str = "agent";
/// Calls the agent as clusters do, and prints how many microseconds it took.
const TIMED: &str = "\
began=$(date +%s%N)
printf '%s\\n' action=reboot \"$1\" | fence_ipmilan
code=$?
echo $((($(date +%s%N) - began) / 1000))
exit $code";
/// What has to be installed, and its package.
const PROGRAMS: [(&str, &str); 3] = [
    ("ipmi_sim", "openipmi"),
    ("ipmitool", "ipmitool"),
    ("fence_ipmilan", "fence-agents"),
];

/// The BMCs of a cluster.
pub struct Bmcs {
    nodes: u32,
}

impl Bmcs {
    /// What is missing here, if something is.
    pub fn missing() -> Option<String> {
        let missing = PROGRAMS
            .iter()
            .find(|(program, _)| testing_support::find_command(program).is_none());
        let (program, package) = missing?;
        Some(format!(
            "{program} is not installed (sudo apt-get install {package})"
        ))
    }

    /// One for each of so many nodes, and one more.
    pub fn of(nodes: u32) -> Self {
        Self { nodes }
    }

    fn all(&self) -> impl Iterator<Item = u32> + use<> {
        SPARE..=self.nodes
    }

    /// The machines that they are.
    pub fn machines(&self) -> Result<Vec<NodeSpec>, String> {
        self.all()
            .map(|node| {
                let bmc = Bmc {
                    name: bmc_name(node),
                    node: name(node),
                    user: USER.to_owned(),
                    password: PASSWORD.to_owned(),
                };
                let mut spec = NodeSpec::new(bmc.name.clone());
                spec = spec.interface("eth0", "link0", address(node), 24);
                power::prepare(&mut spec, &bmc, &state(node)).map_err(said)?;
                Ok(spec)
            })
            .collect()
    }

    /// Starts them; they switch as long as what is returned is kept.
    pub fn run(&self, machines: &Machines) -> Result<PowerSwitches, String> {
        let lab = machines.lab();
        let command = power::command();
        for node in self.all() {
            let machine = lab.node(&bmc_name(node));
            machine.spawn(&command.name, &command.argv).map_err(said)?;
        }
        let switched = self
            .all()
            .map(|node| Power::of(&name(node), state(node), Vec::new()));
        Ok(PowerSwitches::watch(switched.collect(), lab))
    }

    /// Tells the cluster of them.
    pub fn configure(&self, machines: &Machines) -> Outcome {
        for node in machines.all() {
            let device = format!("fence-{}", name(node));
            let host = format!("pcmk_host_list={}", name(node));
            let parameters = parameters(node);
            let words = ["stonith", "create", &device, "fence_ipmilan", &host];
            let parameters = parameters.iter().map(String::as_str);
            let words: Vec<&str> = words.into_iter().chain(parameters).collect();
            machines.pcs(1, &words)?;
        }
        Ok(())
    }

    /// How long the agent takes by itself to switch a machine off and on, in milliseconds.
    pub fn agent_alone(&self, machines: &Machines) -> Result<f64, String> {
        let options = parameters(SPARE).join("\n");
        let node = machines.node(1);
        // The lab has other things to do meanwhile: to switch.
        let words = ["sh", "-c", TIMED, "agent", &options];
        node.spawn(ALONE, &words).map_err(said)?;
        let end = node.wait_for_end(ALONE, LIMIT).map_err(said)?;
        // The last line may still be on its way to the log.
        std::thread::sleep(std::time::Duration::from_millis(50));
        let log = node.log(ALONE).map_err(said)?;
        let took = log.lines().last().and_then(|line| line.parse::<f64>().ok());
        took.filter(|_| end == "exit 0")
            .map(|microseconds| microseconds / 1000.0)
            .ok_or_else(|| format!("fence_ipmilan: {end}: {log}"))
    }
}

fn bmc_name(node: u32) -> String {
    format!("bmc{node}")
}

/// The machine beside the nodes that asks is the first one.
fn address(node: u32) -> std::net::Ipv4Addr {
    beside(1 + node)
}

/// Where a BMC keeps its state.
fn state(node: u32) -> PathBuf {
    folder().join(bmc_name(node))
}

/// Of the device, as `NAME=VALUE`.
fn parameters(node: u32) -> Vec<String> {
    vec![
        format!("ip={}", address(node)),
        format!("username={USER}"),
        format!("password={PASSWORD}"),
        "lanplus=1".to_owned(),
        // The simulator knows no later one.
        "cipher=3".to_owned(),
        "power_wait=0".to_owned(),
    ]
}
