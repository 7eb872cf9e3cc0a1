//! The example configurations of this repository, unchanged.

use diagnostics::{Severity, Sources, render_line};
use keepalived_config::model::{InitialState, Transport, Version};
use keepalived_config::{Configuration, Files, Inputs, load};

struct One(&'static str);

impl Files for One {
    fn matching(&mut self, _: &str, _: &str) -> Result<Vec<String>, String> {
        Ok(Vec::new())
    }

    fn read(&mut self, _: &str) -> Result<String, String> {
        Ok(self.0.to_owned())
    }
}

fn understood(name: &str, text: &'static str) -> (Configuration, Vec<String>) {
    let mut sources = Sources::new();
    let loaded = load(name, &Inputs::default(), &mut One(text), &mut sources);
    let messages = loaded.diagnostics.iter();
    let messages = messages.map(|message| {
        assert_eq!(message.severity, Severity::Notice, "{message:?}");
        render_line(&sources, message)
    });
    let messages = messages.collect();
    (loaded.configuration.expect("no error"), messages)
}

#[test]
fn every_example_is_understood_with_nothing_worse_than_a_notice() {
    const LVS_ID: &str = "notice: 'lvs_id' is the old name of 'router_id'";
    const SLAVE: &str = "notice: 'SLAVE' is the old name of 'BACKUP'";
    use InitialState::{Backup, Master};
    type Row = (
        &'static str,
        &'static str,
        (InitialState, u8),
        &'static [&'static str],
    );
    let table: [Row; 4] = [
        (
            "fred",
            include_str!("../../../examples/landlord/fred/keepalived.conf"),
            (Master, 101),
            &[LVS_ID],
        ),
        (
            "ethyl",
            include_str!("../../../examples/landlord/ethyl/keepalived.conf"),
            (Backup, 100),
            &[LVS_ID, SLAVE],
        ),
        (
            "host1",
            include_str!("../../../examples/openstack/host1/keepalived.conf"),
            (Master, 101),
            &[],
        ),
        (
            "host2",
            include_str!("../../../examples/openstack/host2/keepalived.conf"),
            (Master, 100),
            &[],
        ),
    ];
    for (name, text, expected_start, expected) in table {
        let (configuration, messages) = understood(name, text);
        assert_eq!(messages.len(), expected.len(), "{name}: {messages:#?}");
        for (message, expected) in messages.iter().zip(expected) {
            assert!(message.contains(expected), "{message}");
        }
        let [instance] = configuration.instances.as_slice() else {
            panic!("{name}: one instance");
        };
        assert_eq!(instance.version, Version::V2, "{name}");
        assert_eq!(instance.track_scripts[0].weight.value, 2, "{name}");
        assert!(matches!(instance.transport, Transport::Multicast { .. }));
        let found = (instance.state, instance.priority);
        assert_eq!(found, expected_start, "{name}");
    }
}
