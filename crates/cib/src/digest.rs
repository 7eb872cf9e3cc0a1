//! Digests: short texts by which two configurations are told apart.
//!
//! All are MD5, as 32 hexadecimal digits, of XML without white space between its elements:
//!
//! | digest | of | text around it |
//! | --- | --- | --- |
//! | of an operation's parameters | `<parameters …/>`, attributes sorted by name | a blank before, a line feed after |
//! | of a CIB on disk | the whole, attributes as they come | a blank before, a line feed after |
//! | of a CIB in patches | the whole without what says who wrote it | none |

use std::fmt::Write;

use md5::{Digest, Md5};

use crate::xml::{Content, Element};

/// The digest of an operation's parameters, given in any order. Which parameters belong in it is for
/// the caller to say; see [`is_left_out`].
#[must_use]
pub fn of_parameters<'t>(parameters: impl IntoIterator<Item = (&'t str, &'t str)>) -> String {
    let mut sorted: Vec<_> = parameters.into_iter().collect();
    sorted.sort_unstable();
    let mut text = String::from(" <parameters");
    for (name, value) in sorted {
        write_attribute(&mut text, name, value);
    }
    text.push_str("/>\n");
    of_text(&text)
}

/// Whether a parameter never counts in an operation's digest: the cluster's own ones. The timeout of
/// a recurring operation (`CRM_meta_timeout`) does count, which is for the caller to see to.
#[must_use]
pub fn is_left_out(name: &str) -> bool {
    const OTHERS: [&str; 6] = [
        "id",
        "crm_feature_set",
        "op-digest",
        "on_node",
        "on_node_uuid",
        "pcmk_external_ip",
    ];
    name.starts_with("CRM_meta_") || OTHERS.contains(&name)
}

/// The digest of a CIB as it lies on disk, kept beside it.
#[must_use]
pub fn of_stored_cib(cib: Element<'_>) -> String {
    let mut text = String::from(" ");
    write_element(&mut text, cib, |_| true);
    text.push('\n');
    of_text(&text)
}

/// The digest by which the result of a patch is checked: of everything but attributes that say when,
/// where and by whom it was written.
#[must_use]
pub fn of_content(cib: Element<'_>) -> String {
    const ORIGINS: [&str; 5] = [
        "crm-debug-origin",
        "cib-last-written",
        "update-origin",
        "update-client",
        "update-user",
    ];
    let mut text = String::new();
    write_element(&mut text, cib, |name| !ORIGINS.contains(&name));
    of_text(&text)
}

/// The digest of any text.
#[must_use]
pub fn of_text(text: &str) -> String {
    let mut digits = String::with_capacity(32);
    for byte in Md5::digest(text.as_bytes()) {
        // Writing to a String cannot fail.
        let _ = write!(digits, "{byte:02x}");
    }
    digits
}

/// Elements and comments, nothing else.
fn write_element(text: &mut String, element: Element<'_>, keeps: fn(&str) -> bool) {
    text.push('<');
    text.push_str(element.name());
    for (name, value) in element.attributes().filter(|(name, _)| keeps(name)) {
        write_attribute(text, name, value);
    }
    let mut is_open = false;
    for content in element.nodes() {
        if !is_open && matches!(content, Content::Element(_) | Content::Comment(_)) {
            text.push('>');
            is_open = true;
        }
        match content {
            Content::Element(child) => write_element(text, child, keeps),
            Content::Comment(comment) => {
                let _ = write!(text, "<!--{comment}-->");
            }
            Content::Text(_) | Content::Instruction(_) => {}
        }
    }
    if is_open {
        let _ = write!(text, "</{}>", element.name());
    } else {
        text.push_str("/>");
    }
}

fn write_attribute(text: &mut String, name: &str, value: &str) {
    text.push(' ');
    text.push_str(name);
    text.push_str("=\"");
    for character in value.chars() {
        match character {
            '<' => text.push_str("&lt;"),
            '>' => text.push_str("&gt;"),
            '&' => text.push_str("&amp;"),
            '"' => text.push_str("&quot;"),
            _ if character.is_ascii_control() => {
                let _ = write!(text, "&#x{:02X};", u32::from(character));
            }
            _ => text.push(character),
        }
    }
    text.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::xml::Document;

    #[test]
    fn parameters() {
        // What history says of an operation of an agent without parameters, on every cluster.
        assert_eq!(of_parameters([]), "f2317cad3d54cec5d7d7aa7d0bf35cf8");
        assert_eq!(
            of_parameters([("b", "\"<\n>\""), ("a", "1")]),
            of_text(" <parameters a=\"1\" b=\"&quot;&lt;&#x0A;&gt;&quot;\"/>\n")
        );
    }

    #[test]
    fn documents() {
        let text = "<cib epoch=\"1\" update-user=\"x\"><a/> <!--c--> <b>\n</b></cib>";
        let document = Document::parse(text).expect("well-formed");
        assert_eq!(
            of_stored_cib(document.root()),
            of_text(" <cib epoch=\"1\" update-user=\"x\"><a/><!--c--><b/></cib>\n")
        );
        assert_eq!(
            of_content(document.root()),
            of_text("<cib epoch=\"1\"><a/><!--c--><b/></cib>")
        );
    }
}
