//! Cluster options, for those who need one of them and no plan.

use crate::literal::parse_boolean;
use crate::xml::{Document, Element};

/// The set of options that goes before all others.
const FIRST: &str = "cib-bootstrap-options";

/// What a cluster option says that is yes or no; none where it is not set, or is neither. Rules are not
/// evaluated.
#[must_use]
pub fn boolean_option(cib: &Document, name: &str) -> Option<bool> {
    let sets = cib.root().child("configuration")?.child("crm_config")?;
    let mut sets: Vec<Element<'_>> = sets.children_named("cluster_property_set").collect();
    sets.sort_by_key(|set| set.id() != Some(FIRST));
    let mut pairs = sets.into_iter().flat_map(Element::children);
    let pair = pairs.find(|pair| pair.attribute("name") == Some(name))?;
    parse_boolean(pair.attribute("value")?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_set_goes_before_the_others() {
        let cib = "<cib><configuration><crm_config><cluster_property_set id='other'>\
             <nvpair id='1' name='a' value='no'/><nvpair id='2' name='b' value='yes'/>\
             <nvpair id='3' name='c' value='perhaps'/></cluster_property_set>\
             <cluster_property_set id='cib-bootstrap-options'>\
             <nvpair id='4' name='a' value='true'/></cluster_property_set></crm_config>\
             </configuration></cib>";
        let cib = Document::parse(cib).expect("well-formed");
        for (name, expected) in [
            ("a", Some(true)),
            ("b", Some(true)),
            ("c", None),
            ("d", None),
        ] {
            assert_eq!(boolean_option(&cib, name), expected, "{name}");
        }
        let empty = Document::parse("<cib/>").expect("well-formed");
        assert_eq!(boolean_option(&empty, "a"), None);
    }
}
