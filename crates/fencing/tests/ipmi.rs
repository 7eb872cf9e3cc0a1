//! The real `fence_ipmilan` against a simulated BMC: `ipmi_sim` of Debian's openipmi.

use std::fs;
use std::net::{SocketAddr, UdpSocket};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use fencing::call::{Answer, End, find, run};
use fencing::{Action, CallResult, Parameters};
use testing_support::{eventually, require_command};

const LIMIT: Duration = Duration::from_secs(20);

/// A BMC, as long as it is kept. Its power switch is a file.
struct Bmc {
    process: Child,
    folder: tempfile::TempDir,
    port: u16,
}

impl Drop for Bmc {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Bmc {
    /// None, with a recorded skip, where something that is needed is not installed.
    fn start() -> Option<Self> {
        let simulator = require_command("ipmi_sim", "openipmi")?;
        require_command("ipmitool", "ipmitool")?;
        require_command("fence_ipmilan", "fence-agents")?;
        let folder = tempfile::tempdir().expect("a folder");
        let port = free_port();
        write_configuration(folder.path(), port);
        let process = Command::new(simulator)
            .args(["-n", "-c", "lan.conf", "-f", "mc.emu", "-s", "state"])
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the simulator starts");
        let bmc = Self {
            process,
            folder,
            port,
        };
        eventually("the BMC listens", || {
            UdpSocket::bind(("127.0.0.1", port)).is_err().then_some(())
        });
        Some(bmc)
    }

    fn power(&self) -> String {
        let text = fs::read_to_string(self.folder.path().join("power"));
        text.expect("there is a switch").trim().to_owned()
    }

    /// Asks the agent, with parameters by their old names or by their new ones.
    async fn ask(&self, action: &str, names: [&str; 3], password: &str) -> Answer {
        let mut told = Parameters::default();
        let port = self.port.to_string();
        for (name, value) in [
            ("action", action),
            (names[0], "127.0.0.1"),
            (names[1], "admin"),
            (names[2], password),
            ("ipport", &port),
            ("lanplus", "1"),
            // The simulator knows no later one.
            ("cipher", "3"),
            ("power_wait", "0"),
            ("nodename", "node1"),
            ("port", "node1"),
        ] {
            told.set(name, value);
        }
        let path = find("fence_ipmilan").expect("it is installed");
        run(&path, &told, LIMIT).await.expect("the agent runs")
    }
}

fn free_port() -> u16 {
    let socket = UdpSocket::bind(("127.0.0.1", 0)).expect("a port");
    socket
        .local_addr()
        .map(|it: SocketAddr| it.port())
        .expect("it has one")
}

fn write_configuration(folder: &Path, port: u16) {
    let switch = folder.join("switch");
    let methods = "none md2 md5 straight";
    let levels: String = ["callback", "user", "operator", "admin"]
        .map(|level| format!("allowed_auths_{level} {methods}\n"))
        .concat();
    let lan = format!(
        "name \"bmc\"\nset_working_mc 0x20\nstartlan 1\naddr 127.0.0.1 {port}\npriv_limit admin\n\
         {levels}guid a123456789abcdefa123456789abcdef\nendlan\n\
         chassis_control \"{}\"\nuser 1 true \"\" \"\" user 10 {methods}\n\
         user 2 true \"admin\" \"hunter2\" admin 10 {methods}\n",
        switch.display()
    );
    let controller = "mc_setbmc 0x20\n\
         mc_add 0x20 0 no-device-sdrs 0x23 9 8 0x9f 0x1291 0xf02 persist_sdr\n\
         sel_enable 0x20 1000 0x0a\nmc_enable 0x20\n";
    // Called as `switch get power` and `switch set power 0`.
    let script = format!(
        "#!/bin/sh\ncd {} || exit 1\ncase \"$1 $2\" in\n\
         'get power') echo power:$(cat power);;\n'set power') echo $3 > power;;\n\
         'set reset') echo 1 > power;;\nesac\n",
        folder.display()
    );
    for (name, text) in [
        ("lan.conf", lan.as_str()),
        ("mc.emu", controller),
        ("switch", &script),
        ("power", "1\n"),
    ] {
        fs::write(folder.join(name), text).expect("it is written");
    }
    fs::create_dir(folder.join("state")).expect("a folder");
    fs::set_permissions(&switch, fs::Permissions::from_mode(0o755)).expect("it can be run");
}

#[tokio::test]
async fn fence_ipmilan_switches_a_simulated_machine() {
    let Some(bmc) = Bmc::start() else {
        return;
    };
    let (old, new) = (
        ["ipaddr", "login", "passwd"],
        ["ip", "username", "password"],
    );
    for (action, names, expected, power) in [
        ("status", old, End::Code(0), "1"),
        ("monitor", new, End::Code(0), "1"),
        ("off", old, End::Code(0), "0"),
        ("status", new, End::Code(2), "0"),
        ("on", new, End::Code(0), "1"),
        ("reboot", old, End::Code(0), "1"),
    ] {
        let answer = bmc.ask(action, names, "hunter2").await;
        assert_eq!(answer.end, expected, "{action}: {answer:?}");
        assert_eq!(bmc.power(), power, "{action}");
        assert!(!format!("{answer:?}").contains("hunter2"), "{action}");
    }
}

#[tokio::test]
async fn a_wrong_password_is_a_failure_and_not_shown() {
    let Some(bmc) = Bmc::start() else {
        return;
    };
    let answer = bmc
        .ask("off", ["ip", "username", "password"], "swordfish")
        .await;
    assert!(
        matches!(
            answer.result(Action::Off),
            CallResult::Failed { .. } | CallResult::TimedOut
        ),
        "{answer:?}"
    );
    assert_eq!(bmc.power(), "1");
    assert!(!format!("{answer:?}").contains("swordfish"));
}
