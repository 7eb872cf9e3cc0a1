//! A configuration put in force: the first one, and each one after it.

use keepalived_config::model::VirtualAddress;
use vrrp::{Event, State};

use super::Keeper;
use crate::addresses;
use crate::configuration::{self, Accepted, Shape};
use crate::executable::{Executable, Unusable};
use crate::notify::notify_deleted;
use crate::plan::{Plan, RouterPlan};
use crate::router::{Router, source};
use crate::scripts::Runner;
use crate::supervision::FromKeeper;

impl Keeper {
    /// Starts the routers of the first configuration.
    pub(super) fn begin(&mut self, plan: Plan) {
        self.fit_static_addresses(plan.static_addresses);
        self.fit_scripts(&plan.tracked_scripts);
        for router in plan.routers {
            self.add_router(router);
        }
    }

    /// Reads the configuration again. A refused one changes nothing.
    pub(super) fn reload(&mut self) {
        if self.stopping {
            return;
        }
        match configuration::read(&self.options, Some(&self.network), Shape::Line) {
            Ok(accepted) => {
                self.put_in_force(accepted);
                self.log.info("configuration reloaded");
                self.say(&FromKeeper::Ready);
            }
            Err(messages) => {
                for message in &messages {
                    self.log.warning(message);
                }
                self.log
                    .warning("configuration refused: the one before stays in force");
                self.say(&FromKeeper::Refused {
                    reason: messages.join("\n"),
                });
            }
        }
        self.status_changed = true;
    }

    fn put_in_force(&mut self, accepted: Accepted) {
        let Accepted {
            configuration,
            plan,
            messages,
        } = accepted;
        for message in &messages {
            self.log.warning(message);
        }
        self.configuration = configuration;
        // Sockets for the old and the new ones, so that the old ones can still say good-bye.
        let old = self.routers.iter().map(|router| &router.plan);
        let failed = self.sockets.fit(old.chain(&plan.routers), &self.network);
        for (key, error) in failed {
            self.log
                .warning(&format!("socket on {}: {error}", key.interface));
        }
        self.fit_static_addresses(plan.static_addresses);
        self.fit_scripts(&plan.tracked_scripts);
        for place in 0..self.routers.len() {
            let router = &self.routers[place];
            let stays = plan
                .routers
                .iter()
                .any(|new| new.is_same_router(&router.plan));
            if !stays && !router.removed {
                self.remove_router(place);
            }
        }
        for new in plan.routers {
            let is_it = |old: &Router| !old.removed && new.is_same_router(&old.plan);
            match self.routers.iter().position(is_it) {
                Some(place) => self.change_router(place, new),
                None => self.add_router(new),
            }
        }
        self.tell_routers();
    }

    fn add_router(&mut self, plan: RouterPlan) {
        let router = Router::new(plan, &self.network, self.incarnation);
        let fault = router.interface_fault(&self.network);
        let tracked = self.tracking.judge(&router.plan, &self.network);
        let place = self.routers.len();
        self.routers.push(router);
        if let Some(reason) = &fault {
            self.routers[place].interface_fault.clone_from(&fault);
            self.handle(place, Event::InterfaceDown { reason });
        }
        self.tell_tracked(place, tracked);
        self.handle(
            place,
            Event::Balancer {
                serving: self.balancer_serving,
            },
        );
        self.handle(place, Event::Start);
    }

    fn remove_router(&mut self, place: usize) {
        self.handle(place, Event::Stop);
        let router = &mut self.routers[place];
        router.removed = true;
        let global = &self.configuration.global;
        let priority = router.plan.settings.priority;
        notify_deleted(
            &router.plan.name,
            &router.plan.notify,
            priority,
            global,
            &self.log,
        );
    }

    /// What is as before is not touched: a master stays master and keeps its addresses.
    fn change_router(&mut self, place: usize, mut new: RouterPlan) {
        let router = &mut self.routers[place];
        if let Some(source) = source(&new, &self.network) {
            new.settings.source = source;
        }
        let old = std::mem::replace(&mut router.plan, new);
        let settings = router.plan.settings.clone();
        let is_master = router.instance.state() == State::Master;
        let addresses_differ = router.plan.addresses != old.addresses;
        if is_master && addresses_differ {
            let kept = router.plan.virtual_addresses();
            let is_gone = |address: &VirtualAddress| !kept.contains(&address.address);
            for (address, error) in
                addresses::remove(&old, is_gone, &self.network, &mut self.netlink)
            {
                self.log
                    .warning(&format!("({}) cannot remove {address}: {error}", old.name));
            }
        }
        if settings != old.settings {
            self.handle(place, Event::Reconfigured(Box::new(settings)));
        }
        if is_master && addresses_differ {
            self.add_addresses(place);
        }
    }

    fn fit_static_addresses(&mut self, wanted: Vec<(String, VirtualAddress)>) {
        let is_same = |left: &(String, VirtualAddress), right: &(String, VirtualAddress)| {
            left.0 == right.0 && left.1.address == right.1.address
        };
        let old = std::mem::take(&mut self.static_addresses);
        let gone = old
            .iter()
            .filter(|old| !wanted.iter().any(|new| is_same(old, new)));
        let (network, netlink) = (&self.network, &mut self.netlink);
        for (interface, address) in gone {
            if let Err(error) = addresses::remove_static(interface, address, network, netlink) {
                self.log
                    .warning(&format!("cannot remove {}: {error}", address.address));
            }
        }
        for (interface, address) in &wanted {
            if let Err(error) = addresses::add_static(interface, address, network, netlink) {
                self.log
                    .warning(&format!("cannot add {}: {error}", address.address));
            }
        }
        self.static_addresses = wanted;
    }

    /// Runs the tracked scripts; those that are as before go on.
    fn fit_scripts(&mut self, names: &[String]) {
        let mut wanted = Vec::new();
        let global = &self.configuration.global;
        let mut is_risky = false;
        for script in names
            .iter()
            .filter_map(|name| self.configuration.script(name))
        {
            let prepared = Executable::prepare(&script.command, global, &[]);
            is_risky |= prepared.as_ref().is_ok_and(|ready| ready.is_risky);
            self.tracking.track(script, prepared.is_err());
            match prepared {
                Ok(executable) => wanted.push((script.clone(), executable)),
                Err(unusable) => self.warn_about_script(&script.name.value, &unusable),
            }
        }
        if is_risky {
            self.log.warning(
                "scripts that others than root can alter are run as root: set script_user, or \
                 enable_script_security",
            );
        }
        self.tracking.keep_only(names);
        self.runners.retain(|runner| {
            wanted.iter().any(|(script, executable)| {
                is_same_script(&runner.script, script) && runner.executable == *executable
            })
        });
        for (script, executable) in wanted {
            let runs = |runner: &Runner| runner.script.name.value == script.name.value;
            if !self.runners.iter().any(runs) {
                let sender = self.results_sender.clone();
                self.runners.push(Runner::start(script, executable, sender));
            }
        }
    }

    fn warn_about_script(&self, name: &str, unusable: &Unusable) {
        self.log.warning(&format!(
            "vrrp_script {name} is not run and does not count: {unusable}"
        ));
    }
}

/// Where it was written does not matter.
fn is_same_script(
    left: &keepalived_config::model::TrackScript,
    right: &keepalived_config::model::TrackScript,
) -> bool {
    left.name.value == right.name.value
        && left.interval == right.interval
        && left.timeout == right.timeout
}
