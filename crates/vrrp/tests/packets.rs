//! Adverts byte for byte, as keepalived 2.2.7 sends them (captured with tcpdump), and what is no
//! advert.

use std::net::IpAddr;
use std::time::Duration;

use proptest::prelude::{any, prop_assert_eq, proptest};
use vrrp::{
    Advert, Authentication, Event, Family, Hello, HelloKey, Instance, Received, Settings, Version,
    encode,
};

fn address(text: &str) -> IpAddr {
    text.parse().expect("a test's address")
}

fn bytes(hexadecimal: &str) -> Vec<u8> {
    let digits: Vec<char> = hexadecimal
        .chars()
        .filter(|letter| *letter != ' ')
        .collect();
    let byte = |pair: &[char]| u8::from_str_radix(&pair.iter().collect::<String>(), 16);
    digits
        .chunks(2)
        .map(|pair| byte(pair).expect("a test's digits"))
        .collect()
}

#[test]
fn keepalived_and_we_agree_on_every_byte() {
    let check = |advert: Advert, source: &str, destination: &str, expected: &str| {
        let (source, destination) = (address(source), address(destination));
        assert_eq!(encode(&advert, source, destination), bytes(expected));
        let parsed = Advert::parse(&bytes(expected), Family::of(source));
        assert_eq!(parsed, Ok(advert));
    };
    let advert = |version, virtual_router_id, priority, interval_ms, addresses: &[&str]| Advert {
        version,
        virtual_router_id,
        priority,
        interval: Duration::from_millis(interval_ms),
        authentication: Authentication::None,
        addresses: addresses.iter().map(|text| address(text)).collect(),
    };
    check(
        Advert {
            authentication: Authentication::pass(b"secret12"),
            ..advert(Version::V2, 51, 150, 1000, &["10.77.0.200", "10.77.0.201"])
        },
        "10.77.0.1",
        "224.0.0.18",
        "2133 9602 0101 c41f 0a4d 00c8 0a4d 00c9 7365 6372 6574 3132",
    );
    check(
        advert(Version::V2, 54, 100, 1000, &["10.77.0.204"]),
        "10.77.0.1",
        "224.0.0.18",
        "2136 6401 0001 6fae 0a4d 00cc 0000 0000 0000 0000",
    );
    check(
        advert(Version::V3, 52, 110, 100, &["10.77.0.202"]),
        "10.77.0.1",
        "224.0.0.18",
        "3134 6e01 000a 6acc 0a4d 00ca",
    );
    check(
        advert(Version::V3, 55, 100, 1000, &["10.77.0.205"]),
        "10.77.0.1",
        "10.77.0.2",
        "3137 6401 0064 4a30 0a4d 00cd",
    );
    check(
        advert(Version::V3, 53, 110, 1000, &["fe80::99:1", "2001:db8::200"]),
        "fe80::1c18:a6ff:fe96:aca",
        "ff02::12",
        "3135 6e02 0064 66e9 fe80 0000 0000 0000 0000 0000 0099 0001 \
         2001 0db8 0000 0000 0000 0000 0000 0200",
    );
}

#[test]
fn the_most_that_fits_is_encoded_and_nothing_beyond() {
    let many: Vec<IpAddr> = (0..300_u32)
        .map(|number| IpAddr::V4(std::net::Ipv4Addr::from(number)))
        .collect();
    let source = address("10.0.0.1");
    let settings = Settings::new(1, source, many);
    let encoded = encode(&settings.advert(100), source, settings.group);
    let parsed = Advert::parse(&encoded, Family::V4).expect("our own bytes");
    assert_eq!(parsed.addresses.len(), 255);
}

proptest! {
    #[test]
    fn no_bytes_make_a_router_panic(payload in any::<Vec<u8>>(), version_2 in any::<bool>()) {
        let source = address("10.0.0.2");
        let mut settings = Settings::new(51, address("10.0.0.1"), vec![address("10.0.0.200")]);
        settings.version = if version_2 { Version::V2 } else { Version::V3 };
        let destination = settings.group;
        let mut instance = Instance::new(settings, 1);
        let now = Duration::ZERO;
        let mut commands = instance.handle(Event::Start, now);
        let hop_limit = Some(255);
        let received = Received { source, destination, hop_limit, payload: &payload };
        commands.extend(instance.handle(Event::Advert(received), now));
        commands.extend(instance.handle(Event::Hello { source, hop_limit, payload: &payload }, now));
        drop(commands);
        let _ = Hello::parse(&payload, &HelloKey::none());
        let _ = Advert::parse(&payload, Family::V6);
    }

    #[test]
    fn what_is_encoded_is_read_back(
        virtual_router_id in any::<u8>(),
        priority in any::<u8>(),
        centiseconds in 1_u64..4096,
        addresses in proptest::collection::vec(any::<u32>(), 0..20),
    ) {
        let source = address("10.0.0.2");
        let advert = Advert {
            version: Version::V3,
            virtual_router_id,
            priority,
            interval: Duration::from_millis(centiseconds * 10),
            authentication: Authentication::None,
            addresses: addresses
                .into_iter()
                .map(|number| IpAddr::V4(std::net::Ipv4Addr::from(number)))
                .collect(),
        };
        let encoded = encode(&advert, source, address("224.0.0.18"));
        prop_assert_eq!(Advert::parse(&encoded, Family::V4), Ok(advert));
    }
}
