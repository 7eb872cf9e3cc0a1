//! Other machines: none.

use pcs::pcs::hosts::{Authority, Hosts, Login};
use pcsd_api::{Answer, CallError, KnownHost, KnownHosts, NodeKeys, Request};

/// A machine that knows no other, and without a pcsd.
pub struct NoHosts;

impl Hosts for NoHosts {
    fn known(&mut self) -> Result<KnownHosts, String> {
        Ok(KnownHosts::default())
    }

    fn keep(&mut self, _known: &KnownHosts) -> Result<(), String> {
        Err("there is no disk".to_owned())
    }

    fn ask(&mut self, requests: &[(KnownHost, Request)], _: u64) -> Vec<Result<Answer, CallError>> {
        requests
            .iter()
            .map(|_| self.ask_local(&Request::Status))
            .collect()
    }

    fn ask_local(&mut self, _request: &Request) -> Result<Answer, CallError> {
        Err(CallError::Unreachable(
            "No such file or directory".to_owned(),
        ))
    }

    fn authenticate(&mut self, logins: &[Login], _: u64) -> Vec<Result<KnownHost, CallError>> {
        let refused = |_| CallError::Unreachable("Connection refused".to_owned());
        logins.iter().map(|login| Err(refused(login))).collect()
    }

    fn is_resolved(&mut self, name: &str) -> bool {
        !name.starts_with("unknown")
    }

    fn question(&mut self, _prompt: &str, _is_hidden: bool) -> Result<String, String> {
        Err("nobody types".to_owned())
    }

    fn make_keys(
        &mut self,
        _cluster: &str,
        _authority: Option<&Authority>,
        _nodes: &[(u32, String)],
    ) -> Result<Vec<NodeKeys>, String> {
        Err("there is no chance".to_owned())
    }

    fn random_digits(&mut self) -> Result<String, String> {
        Ok("0123456789abcdef0123456789abcdef".to_owned())
    }
}
