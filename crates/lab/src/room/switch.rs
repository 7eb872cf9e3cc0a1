//! The switches of the room and the cables that end in them.

use std::collections::BTreeMap;
use std::io;

use system::netlink::{Netlink, NetlinkError};
use system::process::Pid;

use crate::protocol::{InterfaceSpec, LinkState};

/// The most switches and cables of a lab: their devices are numbered, and a name has 15 bytes.
const MAX_DEVICES: u32 = 9_999;

pub(super) struct Switches {
    netlink: Netlink,
    devices: Devices,
    ports: Vec<Port>,
    made: u32,
}

struct Port {
    node: String,
    interface: String,
    switch: String,
    /// The index of its device.
    device: u32,
    /// Which of the switch's parts it is plugged into; 0 unless the switch is parted.
    part: usize,
}

impl Switches {
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self {
            netlink: Netlink::open()?,
            devices: BTreeMap::new(),
            ports: Vec::new(),
            made: 0,
        })
    }

    pub(super) fn add(&mut self, name: &str) -> io::Result<()> {
        if self.devices.contains_key(name) {
            return Err(io::Error::other(format!("switch {name} exists already")));
        }
        let device = self.add_device()?;
        self.devices.insert(name.to_owned(), vec![device]);
        Ok(())
    }

    /// Lays a cable from the interface's switch into the network of a node's first process, where
    /// its end has the interface's name.
    pub(super) fn connect(
        &mut self,
        node: &str,
        interface: &InterfaceSpec,
        first: Pid,
    ) -> io::Result<()> {
        let switch = self
            .devices
            .get(&interface.switch)
            .and_then(|devices| devices.first().copied())
            .ok_or_else(|| io::Error::other(format!("no switch {}", interface.switch)))?;
        let number = self.number()?;
        let (here, there) = (format!("port{number}"), format!("cable{number}"));
        let [here, there] = self.netlink.create_veth(&here, &there)?;
        let pid = first.as_raw().cast_unsigned();
        self.netlink.move_link(there, pid, &interface.name)?;
        self.netlink.set_controller(here, Some(switch))?;
        self.netlink.set_up(here, true)?;
        self.ports.push(Port {
            node: node.to_owned(),
            interface: interface.name.clone(),
            switch: interface.switch.clone(),
            device: here,
            part: 0,
        });
        Ok(())
    }

    /// Takes a node's cables away; they may have gone with its network already.
    pub(super) fn disconnect(&mut self, node: &str) -> io::Result<()> {
        let unplugged = self.ports.extract_if(.., |port| port.node == node);
        for port in unplugged {
            match self.netlink.remove_link(port.device) {
                Ok(()) | Err(NetlinkError::NoSuchInterface) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    pub(super) fn set_link(
        &mut self,
        node: &str,
        interface: Option<&str>,
        state: LinkState,
    ) -> io::Result<()> {
        let mut found = false;
        for port in &self.ports {
            if port.node == node && interface.is_none_or(|wanted| wanted == port.interface) {
                found = true;
                set_port(&mut self.netlink, &self.devices, port, state)?;
            }
        }
        if found {
            Ok(())
        } else {
            let interface = interface.unwrap_or("any");
            Err(io::Error::other(format!(
                "node {node} has no link at interface {interface}"
            )))
        }
    }

    /// Each group behind the first gets switches of its own.
    pub(super) fn partition(&mut self, groups: &[Vec<String>]) -> io::Result<()> {
        let names: Vec<String> = self.devices.keys().cloned().collect();
        for name in names {
            for group in 1..groups.len() {
                if self.devices[&name].len() <= group {
                    let device = self.add_device()?;
                    self.devices.entry(name.clone()).or_default().push(device);
                }
            }
        }
        for port in &mut self.ports {
            port.part = groups
                .iter()
                .position(|group| group.contains(&port.node))
                .unwrap_or(0);
        }
        for port in &self.ports {
            plug(&mut self.netlink, &self.devices, port)?;
        }
        Ok(())
    }

    pub(super) fn mend(&mut self) -> io::Result<()> {
        for port in &mut self.ports {
            port.part = 0;
        }
        for port in &self.ports {
            set_port(&mut self.netlink, &self.devices, port, LinkState::Up)?;
        }
        Ok(())
    }

    fn add_device(&mut self) -> io::Result<u32> {
        let name = format!("switch{}", self.number()?);
        let device = self.netlink.create_bridge(&name)?;
        self.netlink.set_up(device, true)?;
        Ok(device)
    }

    fn number(&mut self) -> io::Result<u32> {
        if self.made == MAX_DEVICES {
            return Err(io::Error::other("too many cables were laid in this lab"));
        }
        self.made += 1;
        Ok(self.made)
    }
}

/// The indexes of each switch's devices: its own, and those that its partitions made, by the number
/// of the group.
type Devices = BTreeMap<String, Vec<u32>>;

fn plug(netlink: &mut Netlink, devices: &Devices, port: &Port) -> Result<(), NetlinkError> {
    netlink.set_controller(port.device, Some(devices[&port.switch][port.part]))
}

fn set_port(
    netlink: &mut Netlink,
    devices: &Devices,
    port: &Port,
    state: LinkState,
) -> Result<(), NetlinkError> {
    match state {
        LinkState::Up => {
            plug(netlink, devices, port)?;
            netlink.set_up(port.device, true)
        }
        LinkState::Cut => netlink.set_up(port.device, false),
        // Its carrier stays.
        LinkState::Silent => netlink.set_controller(port.device, None),
    }
}
