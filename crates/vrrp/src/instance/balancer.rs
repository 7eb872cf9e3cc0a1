//! What the loss of this machine's balancer does.

use std::time::Duration;

use super::{Instance, State};

impl Instance {
    /// A master whose balancer is lost gives way at once; its priority becomes the lowest, so that
    /// everybody else is preferred and the address is still not lost for ever where there is nobody.
    /// It gives way once: two routers that both lost their balancers do not pass the address to and
    /// fro.
    pub(super) fn hear_balancer(&mut self, serving: bool, now: Duration) {
        if serving == self.balancer_serving {
            return;
        }
        let is_master = self.state == State::Master && !self.is_leaving();
        if !serving && is_master {
            self.balancer_serving = false;
            self.give_way("the balancer is lost", now);
            return;
        }
        self.change(now, |instance| instance.balancer_serving = serving);
        match (self.state, serving) {
            (State::Backup, false) => self.reason = "the balancer is lost".to_owned(),
            (State::Backup, true) => self.reason = "the balancer serves again".to_owned(),
            (State::Master, true) => {
                self.reason = "the balancer serves again".to_owned();
                self.send_advert(now);
                self.timers.advert = Some(now + self.settings.advert_interval);
            }
            _ => {}
        }
    }
}
