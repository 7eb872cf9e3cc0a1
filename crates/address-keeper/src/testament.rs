//! What the supervisor does should this process die.

use vrrp::{HELLO_PORT, IP_PROTOCOL, State, encode};

use crate::addresses::held;
use crate::network::Network;
use crate::router::Router;
use crate::supervision::{Farewell, FarewellTransport, Testament};

/// The testament for the present state of all routers.
pub(crate) fn testament<'a>(
    routers: impl Iterator<Item = &'a Router>,
    network: &Network,
) -> Testament {
    let mut testament = Testament::default();
    for router in routers {
        if router.instance.state() == State::Master {
            testament.addresses.extend(held(&router.plan, network));
        }
        testament.farewells.extend(farewells(router, network));
    }
    testament
}

/// Both together: in force while addresses are being added or removed.
pub(crate) fn union(mut left: Testament, right: &Testament) -> Testament {
    for address in &right.addresses {
        if !left.addresses.contains(address) {
            left.addresses.push(address.clone());
        }
    }
    for farewell in &right.farewells {
        if !left.farewells.contains(farewell) {
            left.farewells.push(farewell.clone());
        }
    }
    left
}

fn farewells(router: &Router, network: &Network) -> Vec<Farewell> {
    let Some(link) = network.link(&router.plan.interface) else {
        return Vec::new();
    };
    let settings = router.instance.settings();
    let (advert, hello) = router.instance.farewell();
    let mut farewells = Vec::new();
    for destination in settings.destinations() {
        let farewell = |transport, payload| Farewell {
            interface_index: link.index,
            source: settings.source,
            destination: *destination,
            transport,
            payload,
        };
        if let Some(advert) = &advert {
            let payload = encode(advert, settings.source, *destination);
            let transport = FarewellTransport::Ip {
                protocol: IP_PROTOCOL,
            };
            farewells.push(farewell(transport, payload));
        }
        if let (Some(hello), Some(key)) = (&hello, &settings.hello) {
            let transport = FarewellTransport::Udp { port: HELLO_PORT };
            farewells.push(farewell(transport, hello.encode(key)));
        }
    }
    farewells
}
