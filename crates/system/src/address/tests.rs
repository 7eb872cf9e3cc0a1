use super::*;
use crate::namespace::tests::{connected_pair, in_own_network};

#[test]
fn an_address_comes_and_goes_and_twice_is_no_error() {
    in_own_network(|| {
        let mut netlink = Netlink::open().unwrap();
        let (a, _) = connected_pair(&mut netlink);
        for (address, prefix_len) in [("192.0.2.1", 24), ("192.0.2.9", 32), ("2001:db8::1", 64)] {
            let new = NewAddress::new(a.index, address.parse().unwrap(), prefix_len);
            assert_eq!(netlink.add_address(&new).unwrap(), Added::Added);
            assert_eq!(netlink.add_address(&new).unwrap(), Added::AlreadyThere);
            let held = netlink.addresses(Some(a.index)).unwrap();
            let found = held.iter().find(|held| held.address == new.address);
            assert_eq!(found.map(|found| found.prefix_len), Some(prefix_len));
            let mut remove = || {
                netlink
                    .remove_address(a.index, new.address, prefix_len)
                    .unwrap()
            };
            assert_eq!(remove(), Removed::Removed);
            assert_eq!(remove(), Removed::NotThere);
        }
    });
}

#[test]
fn what_is_special_about_an_address_is_told_to_the_kernel() {
    in_own_network(|| {
        let mut netlink = Netlink::open().unwrap();
        let (a, _) = connected_pair(&mut netlink);
        let labelled = NewAddress {
            label: Some("a:vip".into()),
            scope: 253, // One network has one scope: the kernel refuses others.
            broadcast: Some([192, 0, 2, 255].into()),
            ..NewAddress::new(a.index, [192, 0, 2, 1].into(), 24)
        };
        let second = NewAddress {
            scope: 253,
            ..NewAddress::new(a.index, [192, 0, 2, 2].into(), 24)
        };
        let peer: IpAddr = [198, 51, 100, 2].into();
        let to_peer = NewAddress {
            peer: Some(peer),
            ..NewAddress::new(a.index, [198, 51, 100, 1].into(), 32)
        };
        let v6 = NewAddress {
            flags: AddressFlags {
                no_dad: true,
                no_prefix_route: true,
                ..Default::default()
            },
            preferred_lifetime_s: Some(0),
            ..NewAddress::new(a.index, "2001:db8::5".parse().unwrap(), 128)
        };
        for new in [&labelled, &second, &to_peer, &v6] {
            assert_eq!(netlink.add_address(new).unwrap(), Added::Added, "{new:?}");
        }
        let held = netlink.addresses(Some(a.index)).unwrap();
        let find = |new: &NewAddress| {
            held.iter()
                .find(|held| held.address == new.address)
                .unwrap_or_else(|| panic!("{} is missing", new.address))
        };
        assert_eq!(find(&labelled).label.as_deref(), Some("a:vip"));
        assert_eq!(find(&labelled).scope, 253);
        assert!(find(&second).secondary);
        assert_eq!(find(&to_peer).peer, Some(peer));
        assert!(!find(&v6).tentative, "no duplicate address detection");
        assert!(find(&v6).deprecated);
        let removed = netlink
            .remove_address(a.index, to_peer.address, 32)
            .unwrap();
        assert_eq!(removed, Removed::Removed);
    });
}

#[test]
fn the_reason_of_a_refusal_is_typed() {
    in_own_network(|| {
        let mut netlink = Netlink::open().unwrap();
        let (a, _) = connected_pair(&mut netlink);
        let nowhere = NewAddress::new(9999, [192, 0, 2, 1].into(), 24);
        assert!(matches!(
            netlink.add_address(&nowhere),
            Err(NetlinkError::NoSuchInterface)
        ));
        let gone = netlink.remove_address(9999, nowhere.address, 24).unwrap();
        assert_eq!(gone, Removed::NotThere);
        let too_long = NewAddress::new(a.index, [192, 0, 2, 1].into(), 33);
        let refused = netlink.add_address(&too_long).unwrap_err();
        assert!(
            matches!(&refused, NetlinkError::Refused { reason, .. } if !reason.is_empty()),
            "{refused}"
        );
    });
}

#[test]
fn a_long_list_is_complete() {
    in_own_network(|| {
        let mut netlink = Netlink::open().unwrap();
        let (a, _) = connected_pair(&mut netlink);
        for index in 0..2000u32 {
            let address = IpAddr::from((0x0a00_0001u32 + index).to_be_bytes());
            netlink
                .add_address(&NewAddress::new(a.index, address, 32))
                .unwrap();
        }
        let held = netlink.addresses(Some(a.index)).unwrap();
        assert_eq!(
            held.iter().filter(|held| held.address.is_ipv4()).count(),
            2000
        );
        assert!(netlink.addresses(None).unwrap().len() >= 2000);
    });
}
