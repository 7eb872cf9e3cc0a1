//! Attributes of the cluster, as a unit of what is written and read.

use cluster_api::{Change, Edit, Request};

/// A change that gives a cluster property a value. `if_version`: only if the CIB has it.
#[must_use]
pub fn change_attribute(name: &str, value: &str, if_version: Option<String>) -> Request {
    Request::Change(Change {
        if_version,
        edits: vec![Edit::Modify {
            xml: attribute(name, value),
            may_create: true,
        }],
    })
}

/// A cluster property as it stands in a CIB. `name` must be a name in the sense of XML.
#[must_use]
pub fn attribute(name: &str, value: &str) -> String {
    format!(
        "<crm_config><cluster_property_set id=\"lab\">\
         <nvpair id=\"lab-{name}\" name=\"{name}\" value=\"{value}\"/>\
         </cluster_property_set></crm_config>"
    )
}

/// The value that a cluster property has in the text of a CIB.
#[must_use]
pub fn attribute_of<'a>(cib: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = cib.split_once(&format!("id=\"lab-{name}\""))?;
    let (element, _) = rest.split_once("/>")?;
    let (_, value) = element.split_once("value=\"")?;
    value.split_once('"').map(|(value, _)| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_set_is_found() {
        let cib = format!("<cib>{}</cib>", attribute("a", "1"));
        assert_eq!(attribute_of(&cib, "a"), Some("1"));
        assert_eq!(attribute_of(&cib, "b"), None);
    }
}
