//! `pcmk_host_map` and `pcmk_host_list`: names of nodes as a CIB writes them.

/// What each node is called at a device: `node1:1;node2:2,3`. Names are compared without regard to
/// case, as Pacemaker does.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HostMap(Vec<(String, String)>);

impl HostMap {
    /// Reads a map. A name ends with `:` or `=`, a value with `;`, a space, a tab or a new line; a
    /// backslash takes the meaning from what follows it. What has no name or no value is left out.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let mut pairs = Vec::new();
        let (mut name, mut word) = (None, String::new());
        let mut characters = text.chars();
        let mut end = |name: &mut Option<String>, word: &mut String| {
            let value = std::mem::take(word);
            if let Some(name) = name.take().filter(|_| !value.is_empty()) {
                pairs.push((name, value));
            }
        };
        while let Some(character) = characters.next() {
            match character {
                '\\' => word.extend(characters.next()),
                ':' | '=' if name.is_none() && !word.is_empty() => {
                    name = Some(std::mem::take(&mut word));
                }
                ';' | ' ' | '\t' | '\n' => end(&mut name, &mut word),
                _ => word.push(character),
            }
        }
        end(&mut name, &mut word);
        Self(pairs)
    }

    /// The value of a node.
    #[must_use]
    pub fn get(&self, node: &str) -> Option<&str> {
        let mut pairs = self.0.iter();
        pairs
            .find(|(name, _)| name.eq_ignore_ascii_case(node))
            .map(|(_, value)| value.as_str())
    }

    /// Names and values, in the order of the text.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Whether nothing is in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Reads a list of names: `node1,node2 node3;node4`.
#[must_use]
pub fn host_list(text: &str) -> Vec<String> {
    let names = text.split(|it: char| it == ',' || it == ';' || it.is_whitespace());
    names
        .filter(|name| !name.is_empty())
        .map(ToOwned::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn maps() {
        let check = |text: &str, expected: &[(&str, &str)]| {
            let map = HostMap::parse(text);
            assert_eq!(map.iter().collect::<Vec<_>>(), expected, "{text:?}");
        };
        check("", &[]);
        check("node1:1;node2:2,3", &[("node1", "1"), ("node2", "2,3")]);
        check("a:1 b:2\tc=3;", &[("a", "1"), ("b", "2"), ("c", "3")]);
        check("a:1;;b:2", &[("a", "1"), ("b", "2")]);
        check(r"a:rack\ 1\;x;b:2", &[("a", "rack 1;x"), ("b", "2")]);
        check("a:10.0.0.1:623", &[("a", "10.0.0.1:623")]);
        check("a;:1;b:;c", &[]);
        check("a:1\\", &[("a", "1")]);
        let map = HostMap::parse("Node1:7");
        assert_eq!((map.get("node1"), map.get("node2")), (Some("7"), None));
    }

    #[test]
    fn lists() {
        let check = |text: &str, expected: &[&str]| {
            assert_eq!(host_list(text), expected, "{text:?}");
        };
        check("", &[]);
        check("node1,node2,node3", &["node1", "node2", "node3"]);
        check(" a b;c,, d\n", &["a", "b", "c", "d"]);
    }
}
