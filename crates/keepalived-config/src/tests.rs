use std::collections::BTreeMap;

use diagnostics::{Sources, render_line};

use super::*;

/// Files in memory; a pattern matches as a whole path, with one `*`.
pub(crate) struct Texts(BTreeMap<String, String>);

impl Texts {
    pub(crate) fn new(texts: &[(&str, &str)]) -> Self {
        let owned = |(path, text): &(&str, &str)| (path.to_string(), text.to_string());
        Self(texts.iter().map(owned).collect())
    }
}

impl Files for Texts {
    fn matching(&mut self, directory: &str, pattern: &str) -> Result<Vec<String>, String> {
        let path = if pattern.starts_with('/') {
            pattern.to_owned()
        } else {
            format!("{}/{pattern}", directory.trim_end_matches('/'))
        };
        let (start, end) = path.split_once('*').unwrap_or((&path, ""));
        let matches = |name: &&String| {
            (path.contains('*') && name.starts_with(start) && name.ends_with(end)) || **name == path
        };
        Ok(self.0.keys().filter(matches).cloned().collect())
    }

    fn read(&mut self, path: &str) -> Result<String, String> {
        self.0
            .get(path)
            .cloned()
            .ok_or_else(|| "no such file".to_owned())
    }
}

/// Loads one text and renders what was said about it.
fn loaded(text: &str) -> (Option<Configuration>, Vec<String>) {
    loaded_as("", text)
}

fn loaded_as(config_id: &str, text: &str) -> (Option<Configuration>, Vec<String>) {
    let inputs = Inputs {
        config_id: config_id.to_owned(),
        ..Inputs::default()
    };
    let mut sources = Sources::new();
    let loaded = load(
        "k.conf",
        &inputs,
        &mut Texts::new(&[("k.conf", text)]),
        &mut sources,
    );
    let messages = loaded
        .diagnostics
        .iter()
        .map(|message| render_line(&sources, message))
        .collect();
    (loaded.configuration, messages)
}

const LANDLORD_SLAVE: &str = r#"
global_defs {
    # Keepalived process identifier
    lvs_id landlord_ethyl
}
# Script used to check if HAProxy is running
vrrp_script check_haproxy {
    script "killall -0 haproxy"
    interval 2
    weight 2
}
vrrp_instance router37 {
    state SLAVE
    interface eth1
    virtual_router_id 37
    priority 100
    # The virtual ip address shared between the two loadbalancers
    virtual_ipaddress {
        192.168.56.200
    }
    track_script {
        check_haproxy
    }
}
"#;

#[test]
fn the_landlords_file_is_understood_with_two_notices() {
    let (configuration, messages) = loaded(LANDLORD_SLAVE);
    assert_eq!(
        messages,
        [
            "k.conf:4:5: notice: 'lvs_id' is the old name of 'router_id'",
            "k.conf:13:11: notice: 'SLAVE' is the old name of 'BACKUP'",
        ]
    );
    insta::assert_debug_snapshot!(configuration.unwrap());
}
