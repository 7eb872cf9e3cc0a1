//! What the words of `cluster setup` ask for.

use super::super::session::{Done, Refusal, Session};

/// Options by name.
pub(in super::super) type Pairs = Vec<(String, String)>;

/// A cluster as it is wished for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in super::super) struct Wish {
    /// Its name.
    pub name: String,
    /// Its nodes.
    pub nodes: Vec<WishedNode>,
    /// `knet`, `udp` or `udpu`.
    pub transport: String,
    /// Of the transport itself.
    pub transport_options: Pairs,
    /// Of links, those of each `link` together.
    pub links: Vec<Pairs>,
    /// Of compression.
    pub compression: Pairs,
    /// Of encryption.
    pub crypto: Pairs,
    /// Of totem.
    pub totem: Pairs,
    /// Of quorum.
    pub quorum: Pairs,
}

/// A node as it is wished for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) struct WishedNode {
    /// Its name.
    pub name: String,
    /// Its address on each link.
    pub addresses: Vec<String>,
}

impl Wish {
    /// Reads the words, in the form of pcs 0.11, or of 0.9 where `--name` is given.
    pub fn parse(session: &Session<'_>, words: &[String]) -> Done<Self> {
        let mut wish = match session.options.value("--name") {
            Some(name) => Self::old(name, words)?,
            None => Self::new(words)?,
        };
        if let Some(transport) = session.options.value("--transport") {
            transport.clone_into(&mut wish.transport);
        }
        if wish.transport.is_empty() {
            "knet".clone_into(&mut wish.transport);
        }
        if wish.name.is_empty() || wish.nodes.is_empty() {
            return Err(Refusal::Usage);
        }
        let names = wish.names();
        let twice = names
            .iter()
            .enumerate()
            .find(|(at, name)| names[..*at].contains(name));
        if let Some((_, name)) = twice {
            return Err(Refusal::said(format!(
                "Node name '{name}' defined multiple times"
            )));
        }
        Ok(wish)
    }

    /// The names of all nodes.
    pub fn names(&self) -> Vec<String> {
        self.nodes.iter().map(|node| node.name.clone()).collect()
    }

    /// Whether the transport has several links and encryption.
    pub fn is_knet(&self) -> bool {
        self.transport == "knet"
    }

    /// `NODE[,ADDRESS]...`: the addresses of the first and second ring.
    fn old(name: &str, words: &[String]) -> Done<Self> {
        let node = |word: &String| {
            let mut parts = word.split(',').map(str::to_owned);
            let name = parts.next().unwrap_or_default();
            let others: Vec<String> = parts.collect();
            WishedNode {
                addresses: match others.is_empty() {
                    true => Vec::new(),
                    false => std::iter::once(name.clone()).chain(others).collect(),
                },
                name,
            }
        };
        if let Some(word) = words.iter().find(|word| word.contains('=')) {
            return Err(Refusal::said(format!(
                "'{word}' is no node: with --name, the words are the nodes' names"
            )));
        }
        Ok(Self {
            name: name.to_owned(),
            nodes: words.iter().map(node).collect(),
            ..Self::default()
        })
    }

    fn new(words: &[String]) -> Done<Self> {
        const SECTIONS: [&str; 3] = ["transport", "totem", "quorum"];
        let Some((name, words)) = words.split_first() else {
            return Err(Refusal::Usage);
        };
        let mut wish = Self {
            name: name.clone(),
            ..Self::default()
        };
        let begin = words
            .iter()
            .position(|word| SECTIONS.contains(&word.as_str()));
        let (nodes, options) = words.split_at(begin.unwrap_or(words.len()));
        wish.nodes = wished_nodes(nodes)?;
        let mut section = "";
        let mut has_transport = true;
        for word in options {
            match word.as_str() {
                "transport" | "totem" | "quorum" => {
                    section = word;
                    has_transport = word != "transport";
                }
                "link" if is_of_transport(section) => {
                    wish.links.push(Vec::new());
                    section = "link";
                }
                "compression" if is_of_transport(section) => section = "compression",
                "crypto" if is_of_transport(section) => section = "crypto",
                word if !has_transport => {
                    word.clone_into(&mut wish.transport);
                    has_transport = true;
                }
                word => {
                    let pair = word.split_once('=').filter(|(name, _)| !name.is_empty());
                    let (name, value) = pair.ok_or_else(|| {
                        Refusal::said(format!("missing value of '{word}' option"))
                    })?;
                    wish.options_of(section)
                        .push((name.to_owned(), value.to_owned()));
                }
            }
        }
        if !has_transport {
            return Err(Refusal::Usage);
        }
        Ok(wish)
    }

    fn options_of(&mut self, section: &str) -> &mut Pairs {
        match section {
            "link" => {
                if self.links.is_empty() {
                    self.links.push(Vec::new());
                }
                let last = self.links.len() - 1;
                &mut self.links[last]
            }
            "compression" => &mut self.compression,
            "crypto" => &mut self.crypto,
            "totem" => &mut self.totem,
            "quorum" => &mut self.quorum,
            _ => &mut self.transport_options,
        }
    }
}

fn is_of_transport(section: &str) -> bool {
    ["transport", "link", "compression", "crypto"].contains(&section)
}

/// `(NODE [addr=ADDRESS]...)...`
pub(in super::super) fn wished_nodes(words: &[String]) -> Done<Vec<WishedNode>> {
    let mut nodes: Vec<WishedNode> = Vec::new();
    for word in words {
        match (word.split_once('='), nodes.last_mut()) {
            (None, _) => nodes.push(WishedNode {
                name: word.clone(),
                addresses: Vec::new(),
            }),
            (Some(("addr", address)), Some(node)) => node.addresses.push(address.to_owned()),
            (Some((option, _)), Some(node)) => {
                return Err(Refusal::said(format!(
                    "Unknown options '{option}' for node '{}'",
                    node.name
                )));
            }
            (Some(_), None) => return Err(Refusal::Usage),
        }
    }
    Ok(nodes)
}
