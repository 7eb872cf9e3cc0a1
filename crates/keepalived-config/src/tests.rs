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

/// An instance that is complete, with `more` in it.
fn instance(more: &str) -> String {
    format!(
        "vrrp_instance V {{\ninterface eth0\nvirtual_router_id 1\n\
         virtual_ipaddress {{\n192.0.2.1/24\n}}\n{more}\n}}\n"
    )
}

#[test]
fn each_keyword_is_known_in_its_block() {
    for block in keywords::Block::ALL {
        for keyword in block.keywords() {
            let text = match block {
                keywords::Block::Top => format!("{keyword}\n"),
                keywords::Block::Authentication => {
                    instance(&format!("authentication {{\n{keyword}\n}}"))
                }
                keywords::Block::VrrpInstance => instance(keyword),
                _ => format!("{} x {{\n{keyword}\n}}\n", block.name()),
            };
            let (_, messages) = loaded(&text);
            let unknown = |message: &String| {
                let at_fault = format!("unknown keyword '{keyword}'");
                message.contains(&at_fault) || message.contains(&format!("'{keyword}' does not"))
            };
            assert!(!messages.iter().any(unknown), "{text}\n{messages:#?}");
        }
    }
}

#[test]
fn messages_end_at_their_limit_with_an_error() {
    let notice = "smtp_server x\n";
    for (count, expected) in [
        (MAX_MESSAGES, MAX_MESSAGES),
        (MAX_MESSAGES + 2, MAX_MESSAGES + 1),
    ] {
        let text = "global_defs {\nnotification_email_from x\n}\n".replace(
            "notification_email_from x\n",
            &notice.repeat(count.div_ceil(2)),
        );
        // Each line after the first has two messages: no effect, and given twice.
        let (configuration, messages) = loaded(&(text + "global_defs {\nsmtp_server x\n}\n"));
        assert_eq!(messages.len(), expected);
        assert_eq!(configuration.is_some(), expected == MAX_MESSAGES);
    }
}

proptest::proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "[ -~\n\t]{0,400}") {
        loaded(&text);
    }

    #[test]
    fn no_mixture_of_its_own_words_makes_it_panic(
        words in proptest::collection::vec(proptest::sample::select(WORDS), 0..80)
    ) {
        loaded_as("main", &words.concat());
    }
}

const WORDS: &[&str] = &[
    " ",
    "\n",
    "\n",
    "\t",
    "{",
    "}",
    "{\n",
    "}\n",
    "\"",
    "'",
    "\\",
    "\\\n",
    "#",
    "!",
    "@main ",
    "@^main ",
    "$A=",
    "$A",
    "${A}",
    "${_ENV X}",
    "${_RANDOM 1 2}",
    "${_HASH}",
    "~SEQ(A,1,3) ",
    "~SEQx(B, 1) ",
    "~LST({A,B},{1,2}) ",
    "include k.conf",
    "include *",
    "global_defs",
    "vrrp_instance V ",
    "vrrp_script s ",
    "virtual_ipaddress ",
    "192.0.2.1/24 ",
    "2001:db8::1 ",
    "track_script ",
    "weight ",
    "-5 ",
    "0 ",
    "9999999999999999999 ",
    "interface ",
    "eth0 ",
    "state ",
    "MASTER ",
    "advert_int ",
    "0.01 ",
    "notify ",
    "\"/bin/x 'y' z\" ",
    "authentication ",
    "auth_type ",
    "PASS ",
    "auth_pass ",
    "ö",
    "\u{0}",
    "unicast_peer ",
    "min_ttl ",
    "brd ",
    "+ ",
    "/",
    "priority ",
];

#[test]
fn weights_do_not_tear_a_sync_group_apart_unless_asked_to() {
    let text = |priority: u8, group: &str| {
        let member = |name: &str, id: u8, address: u8| {
            format!(
                "vrrp_instance {name} {{\n interface eth0\n virtual_router_id {id}\n \
                 priority {priority}\n track_script {{\n s\n t\n }}\n track_interface {{\n \
                 eth1 weight 5\n }}\n virtual_ipaddress {{\n 192.0.2.{address}\n }}\n}}\n"
            )
        };
        format!(
            "vrrp_script s {{\n script /bin/true\n weight 9\n}}\n\
             vrrp_script t {{\n script /bin/true\n}}\n{}{}{group}",
            member("a", 1, 1),
            member("b", 2, 2)
        )
    };
    let group = |more: &str| format!("vrrp_sync_group g {{\n group {{\n a\n b\n }}\n{more}}}\n");
    for (priority, group, scripts, interfaces, warnings) in [
        (100, String::new(), 2, vec![5], 0),
        (100, group(""), 1, vec![0], 4),
        (100, group(" sync_group_tracking_weight\n"), 2, vec![5], 0),
        (255, String::new(), 1, vec![], 4),
    ] {
        let (configuration, messages) = loaded(&text(priority, &group));
        let configuration = configuration.unwrap_or_else(|| panic!("{messages:#?}"));
        for instance in &configuration.instances {
            assert_eq!(instance.track_scripts.len(), scripts, "{priority} {group}");
            let weights = instance.track_interfaces.iter();
            let weights: Vec<i16> = weights.map(|tracked| tracked.weight.value).collect();
            assert_eq!(weights, interfaces, "{priority} {group}");
        }
        let ignored = messages
            .iter()
            .filter(|message| message.contains("is ignored:"));
        assert_eq!(ignored.count(), warnings, "{messages:#?}");
    }
}
