//! An agent's metadata (OCF resource agent API, `ra-api-1.dtd`; fence agents' have the same form).

use ::cib::xml::{Document, Element, decode};

/// The most that an agent may say of itself.
pub(super) const MAX_METADATA_BYTES: u64 = 1 << 20;

/// Metadata that are none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no valid metadata: {0}")]
pub struct MetadataError(String);

/// What an agent says of itself, as far as it is of use here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Metadata {
    /// What it does, in one line.
    pub short_description: String,
    /// What it does.
    pub long_description: String,
    /// Its parameters, in its order.
    pub parameters: Vec<Parameter>,
    /// Its operations with their defaults, in its order.
    pub operations: Vec<OperationDefault>,
}

/// A parameter of an agent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// Whether it must be given.
    pub is_required: bool,
    /// Whether no two resources may have the same value: the group of parameters that are unique
    /// together.
    pub unique_group: Option<String>,
    /// Whether it should no longer be used.
    pub is_deprecated: bool,
    /// The older parameter that it takes the place of.
    pub obsoletes: Option<String>,
    /// What is taken where it is not given.
    pub default: Option<String>,
    /// What it is for, in one line.
    pub short_description: String,
}

/// An operation that an agent has, and what is proposed for it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OperationDefault {
    /// Its name.
    pub name: String,
    /// How often, as text with a unit.
    pub interval: Option<String>,
    /// How long it may take, as text with a unit.
    pub timeout: Option<String>,
    /// In which role.
    pub role: Option<String>,
    /// How thoroughly (`OCF_CHECK_LEVEL`).
    pub depth: Option<String>,
}

impl Metadata {
    /// Reads what an agent printed.
    ///
    /// # Errors
    /// It is no XML, or no metadata.
    pub fn parse(bytes: &[u8]) -> Result<Self, MetadataError> {
        let text = decode(bytes).map_err(|it| MetadataError(it.to_string()))?;
        let document = Document::parse(&text).map_err(|it| MetadataError(it.to_string()))?;
        let root = document.root();
        if root.name() != "resource-agent" {
            let name = root.name();
            return Err(MetadataError(format!(
                "<{name}> instead of <resource-agent>"
            )));
        }
        let within = |list: &str, name: &'static str| {
            let list = root.child(list);
            let elements: Vec<Element<'_>> = list
                .into_iter()
                .flat_map(Element::children)
                .filter(|it| it.name() == name)
                .collect();
            elements
        };
        Ok(Self {
            short_description: text_of(root, "shortdesc"),
            long_description: text_of(root, "longdesc"),
            parameters: within("parameters", "parameter")
                .into_iter()
                .filter_map(parameter)
                .collect(),
            operations: within("actions", "action")
                .into_iter()
                .filter_map(operation)
                .collect(),
        })
    }

    /// The parameter called `name`.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<&Parameter> {
        self.parameters.iter().find(|it| it.name == name)
    }
}

fn text_of(element: Element<'_>, name: &str) -> String {
    let text = element.child(name).map(|child| {
        let parts = child.nodes().filter_map(|it| match it {
            ::cib::xml::Content::Text(text) => Some(text),
            _ => None,
        });
        parts.collect::<String>()
    });
    text.unwrap_or_default().trim().to_owned()
}

fn parameter(element: Element<'_>) -> Option<Parameter> {
    let name = element.attribute("name")?.to_owned();
    let is = |attribute| element.attribute(attribute) == Some("1");
    let group = element.attribute("unique-group").map(str::to_owned);
    let own = || is("unique").then(|| format!("pcs-own-{name}"));
    let content = element.child("content");
    Some(Parameter {
        is_required: is("required"),
        unique_group: group.or_else(own),
        is_deprecated: is("deprecated") || element.child("deprecated").is_some(),
        obsoletes: element.attribute("obsoletes").map(str::to_owned),
        default: content
            .and_then(|it| it.attribute("default"))
            .map(str::to_owned),
        short_description: text_of(element, "shortdesc"),
        name,
    })
}

fn operation(element: Element<'_>) -> Option<OperationDefault> {
    let attribute = |name| {
        element
            .attribute(name)
            .filter(|it| !it.is_empty())
            .map(str::to_owned)
    };
    let role = attribute("role").map(|role| match role.as_str() {
        "Master" => "Promoted".to_owned(),
        "Slave" => "Unpromoted".to_owned(),
        _ => role,
    });
    Some(OperationDefault {
        name: attribute("name")?,
        interval: attribute("interval"),
        timeout: attribute("timeout"),
        role,
        depth: attribute("depth").filter(|it| it != "0"),
    })
}
