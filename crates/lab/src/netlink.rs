//! Links, switches and addresses of the network namespace that this thread is in.

use std::io;
use std::os::fd::{AsRawFd, OwnedFd};

use nix::net::if_::if_nametoindex;
use rtnetlink::packet_route::link::{InfoBridge, InfoData};
use rtnetlink::{Handle, LinkBridge, LinkMessageBuilder, LinkUnspec, LinkVeth, new_connection};
use tokio::runtime::{Builder, Runtime};

use crate::protocol::AddressSpec;

/// A route-netlink connection used one request at a time.
pub(crate) struct Netlink {
    runtime: Runtime,
    handle: Handle,
}

impl Netlink {
    /// Connects to the network namespace of the calling thread, and stays with it.
    pub(crate) fn new() -> io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let handle = {
            let _context = runtime.enter();
            let (connection, handle, _) = new_connection()?;
            runtime.spawn(connection);
            handle
        };
        Ok(Self { runtime, handle })
    }

    /// Makes a switch: a bridge that forwards every frame at once and filters no multicast.
    pub(crate) fn add_switch(&self, name: &str) -> io::Result<()> {
        let message = LinkBridge::new(name)
            .set_info_data(InfoData::Bridge(vec![InfoBridge::MulticastSnooping(false)]))
            .up()
            .build();
        self.wait(self.handle.link().add(message).execute())
    }

    /// Makes a cable between two new devices of this namespace.
    pub(crate) fn add_cable(&self, one: &str, other: &str) -> io::Result<()> {
        self.wait(
            self.handle
                .link()
                .add(LinkVeth::new(one, other).build())
                .execute(),
        )
    }

    /// Moves a device into another network namespace.
    pub(crate) fn move_to(&self, device: &str, namespace: &OwnedFd) -> io::Result<()> {
        let message = unspecific(device)?.setns_by_fd(namespace.as_raw_fd());
        self.set(message)
    }

    /// Plugs a device into a switch.
    pub(crate) fn plug(&self, device: &str, switch: &str) -> io::Result<()> {
        let message = unspecific(device)?.controller(if_nametoindex(switch)?);
        self.set(message)
    }

    /// Gives a device another name.
    pub(crate) fn rename(&self, device: &str, name: &str) -> io::Result<()> {
        self.set(unspecific(device)?.name(name.to_owned()))
    }

    /// Gives a device its hardware address.
    pub(crate) fn set_hardware_address(&self, device: &str, address: [u8; 6]) -> io::Result<()> {
        self.set(unspecific(device)?.address(address.to_vec()))
    }

    /// Sets a device up or down.
    pub(crate) fn set_up(&self, device: &str, up: bool) -> io::Result<()> {
        let message = unspecific(device)?;
        self.set(if up { message.up() } else { message.down() })
    }

    /// Takes a device out of its switch; its carrier stays.
    pub(crate) fn unplug(&self, device: &str) -> io::Result<()> {
        self.set(unspecific(device)?.nocontroller())
    }

    /// Deletes a device; that it is gone already is no error.
    pub(crate) fn delete(&self, device: &str) -> io::Result<()> {
        match if_nametoindex(device) {
            Ok(index) => self.wait(self.handle.link().del(index).execute()),
            Err(_) => Ok(()),
        }
    }

    /// Adds an address.
    pub(crate) fn add_address(&self, device: &str, spec: AddressSpec) -> io::Result<()> {
        let index = if_nametoindex(device)?;
        self.wait(
            self.handle
                .address()
                .add(index, spec.address, spec.prefix_len)
                .execute(),
        )
    }

    fn set(&self, message: LinkMessageBuilder<LinkUnspec>) -> io::Result<()> {
        self.wait(self.handle.link().set(message.build()).execute())
    }

    fn wait(&self, request: impl Future<Output = Result<(), rtnetlink::Error>>) -> io::Result<()> {
        self.runtime.block_on(request).map_err(|error| match error {
            rtnetlink::Error::NetlinkError(refusal) => refusal.to_io(),
            other => io::Error::other(other),
        })
    }
}

fn unspecific(device: &str) -> io::Result<LinkMessageBuilder<LinkUnspec>> {
    Ok(LinkUnspec::new_with_index(if_nametoindex(device)?))
}
