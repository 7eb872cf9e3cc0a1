//! Links, switches and addresses of the network namespace that this was opened in, by name.

use std::io;
use std::os::fd::{AsFd, OwnedFd};

use system::address::NewAddress;
use system::netlink::{Netlink as Kernel, NetlinkError};

use crate::protocol::AddressSpec;

/// A conversation with the kernel about devices.
pub(crate) struct Netlink(Kernel);

impl Netlink {
    /// Connects to the network namespace of the calling thread, and stays with it.
    pub(crate) fn new() -> io::Result<Self> {
        Kernel::open().map(Self).map_err(told)
    }

    /// Makes a switch: a bridge that forwards every frame at once and filters no multicast.
    pub(crate) fn add_switch(&mut self, name: &str) -> io::Result<()> {
        self.0.create_bridge(name).map_err(told)?;
        self.set_up(name, true)
    }

    /// Makes a cable between two new devices of this namespace.
    pub(crate) fn add_cable(&mut self, one: &str, other: &str) -> io::Result<()> {
        self.0.create_veth(one, other).map_err(told)
    }

    /// Moves a device into another network namespace; it keeps its name.
    pub(crate) fn move_to(&mut self, device: &str, namespace: &OwnedFd) -> io::Result<()> {
        let index = self.index(device)?;
        let moved = self.0.move_link_to(index, namespace.as_fd(), device);
        moved.map_err(told)
    }

    /// Plugs a device into a switch.
    pub(crate) fn plug(&mut self, device: &str, switch: &str) -> io::Result<()> {
        let (index, switch) = (self.index(device)?, self.index(switch)?);
        self.0.set_controller(index, Some(switch)).map_err(told)
    }

    /// Takes a device out of its switch; its carrier stays.
    pub(crate) fn unplug(&mut self, device: &str) -> io::Result<()> {
        let index = self.index(device)?;
        self.0.set_controller(index, None).map_err(told)
    }

    /// Gives a device another name.
    pub(crate) fn rename(&mut self, device: &str, name: &str) -> io::Result<()> {
        let index = self.index(device)?;
        self.0.rename(index, name).map_err(told)
    }

    /// Gives a device its hardware address.
    pub(crate) fn set_hardware_address(
        &mut self,
        device: &str,
        address: [u8; 6],
    ) -> io::Result<()> {
        let index = self.index(device)?;
        self.0.set_mac(index, address).map_err(told)
    }

    /// Sets a device up or down.
    pub(crate) fn set_up(&mut self, device: &str, up: bool) -> io::Result<()> {
        let index = self.index(device)?;
        self.0.set_up(index, up).map_err(told)
    }

    /// Deletes a device; that it is gone already is no error.
    pub(crate) fn delete(&mut self, device: &str) -> io::Result<()> {
        match self.0.link_by_name(device).map_err(told)? {
            Some(link) => self.0.remove_link(link.index).map_err(told),
            None => Ok(()),
        }
    }

    /// Adds an address.
    pub(crate) fn add_address(&mut self, device: &str, spec: AddressSpec) -> io::Result<()> {
        let index = self.index(device)?;
        let new = NewAddress::new(index, spec.address, spec.prefix_len);
        self.0.add_address(&new).map(drop).map_err(told)
    }

    fn index(&mut self, device: &str) -> io::Result<u32> {
        match self.0.link_by_name(device).map_err(told)? {
            Some(link) => Ok(link.index),
            None => Err(io::Error::new(
                io::ErrorKind::NotFound,
                format!("there is no device {device}"),
            )),
        }
    }
}

fn told(error: NetlinkError) -> io::Error {
    io::Error::other(error)
}
