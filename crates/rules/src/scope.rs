//! What the words of a proxy are compiled in.

use std::collections::BTreeMap;
use std::path::Path;

use haproxy_config::model::{Config, Proxy};

use crate::acl::Stage;

/// What compiling needs from outside the configuration.
#[derive(Clone, Copy)]
pub struct Inputs<'a> {
    /// The text of a pattern file (`-f`), as read by the loader; none where it could not be read.
    pub pattern_file: &'a dyn Fn(&Path) -> Option<String>,
    /// For `env()`.
    pub environment: &'a BTreeMap<String, String>,
    /// This machine's name, for `hostname` and `%H`.
    pub hostname: &'a str,
}

/// The proxy at hand, and everything around it.
#[derive(Clone, Copy)]
pub(crate) struct Scope<'a> {
    pub(crate) config: &'a Config,
    pub(crate) proxy: &'a Proxy,
    pub(crate) index: usize,
    /// Where the formats at hand are evaluated.
    pub(crate) stage: Stage,
    pub(crate) environment: &'a BTreeMap<String, String>,
    pub(crate) hostname: &'a str,
    pub(crate) pattern_file: &'a dyn Fn(&Path) -> Option<String>,
}

impl Scope<'_> {
    /// The index of a backend by name; without one, the proxy at hand.
    pub(crate) fn backend(&self, name: Option<&str>) -> Option<usize> {
        match name {
            None => self.proxy.kind.is_backend().then_some(self.index),
            Some(name) => self.find(|proxy| proxy.kind.is_backend() && proxy.name.value == name),
        }
    }

    /// The index of a frontend by name; without one, the proxy at hand.
    pub(crate) fn frontend(&self, name: Option<&str>) -> Option<usize> {
        match name {
            None => self.proxy.kind.is_frontend().then_some(self.index),
            Some(name) => self.find(|proxy| proxy.kind.is_frontend() && proxy.name.value == name),
        }
    }

    fn find(&self, is: impl Fn(&Proxy) -> bool) -> Option<usize> {
        self.config.proxies.iter().position(is)
    }
}
