//! `keel cluster keys`: the certificates by which the nodes know each other.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Subcommand};
use cluster_api::{Answer, Client, Request};
use corosync_config::Configuration;

use super::{Place, failure};
use crate::keys::{
    Authority, create_authority, issue, read_authority, write_authority, write_node,
};
use crate::setup;
use crate::witness::WITNESS_NODE;

/// The folder of the witness' keys.
const WITNESS: &str = "witness";

/// Verbs of `keys`.
#[derive(Debug, Subcommand)]
pub(super) enum KeysVerb {
    /// Make an authority, and a folder with the keys of each node of the configuration
    #[command(
        after_help = "Each node's folder is to be copied to its /etc/keel/cluster; authority.key stays where it was made, \
                            and is needed again when a node is added."
    )]
    Create(CreateOptions),
    /// Make the keys of a node that was added, with the authority that there is
    Issue(IssueOptions),
    /// Let the running daemon read its keys again
    Reload,
}

/// Options of `keys create`.
#[derive(Debug, Args)]
pub(super) struct CreateOptions {
    #[command(flatten)]
    place: Place,
    /// The folder in which the authority's files and a folder for each node are made
    #[arg(long, value_name = "FOLDER")]
    into: PathBuf,
}

/// Options of `keys issue`.
#[derive(Debug, Args)]
pub(super) struct IssueOptions {
    #[command(flatten)]
    place: Place,
    /// The folder with the authority's files
    #[arg(long, value_name = "FOLDER")]
    into: PathBuf,
    /// The node's name
    name: String,
}

pub(super) fn keys(verb: &KeysVerb) -> ExitCode {
    let result = match verb {
        KeysVerb::Create(options) => create(options),
        KeysVerb::Issue(options) => issue_one(options),
        KeysVerb::Reload => reload(),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failure(&error),
    }
}

fn create(options: &CreateOptions) -> Result<(), String> {
    let (configuration, _) = setup::read(&options.place.path())?;
    if options.into.join(crate::keys::AUTHORITY_KEY).exists() {
        return Err(format!(
            "{} has an authority already: 'keys issue' makes more nodes",
            options.into.display()
        ));
    }
    let authority =
        create_authority(&configuration.cluster_name.value).map_err(|error| error.to_string())?;
    write_authority(
        &options.into,
        &authority.certificates_pem,
        Some(&authority.key_pem),
    )
    .map_err(|error| error.to_string())?;
    for node in &configuration.nodes {
        write_keys(
            &options.into,
            &configuration,
            &authority,
            node.id.value,
            &node.name.value,
        )?;
    }
    if configuration.quorum.device.is_some() {
        write_keys(
            &options.into,
            &configuration,
            &authority,
            WITNESS_NODE,
            WITNESS,
        )?;
    }
    Ok(())
}

fn issue_one(options: &IssueOptions) -> Result<(), String> {
    let (configuration, _) = setup::read(&options.place.path())?;
    let authority = read_authority(&options.into).map_err(|error| error.to_string())?;
    let node = configuration.node_named(&options.name);
    let node =
        node.ok_or_else(|| format!("there is no node '{}' in the configuration", options.name))?;
    write_keys(
        &options.into,
        &configuration,
        &authority,
        node.id.value,
        &node.name.value,
    )
}

fn write_keys(
    into: &Path,
    configuration: &Configuration,
    authority: &Authority,
    node: u32,
    name: &str,
) -> Result<(), String> {
    let folder = into.join(name);
    let issued = issue(authority, &configuration.cluster_name.value, node, name)
        .map_err(|error| error.to_string())?;
    write_authority(&folder, &authority.certificates_pem, None)
        .map_err(|error| error.to_string())?;
    write_node(&folder, &issued).map_err(|error| error.to_string())?;
    println!("{}", folder.display());
    Ok(())
}

fn reload() -> Result<(), String> {
    let mut client = Client::connect().map_err(|error| error.to_string())?;
    match client
        .ask(&Request::ReloadKeys)
        .map_err(|error| error.to_string())?
    {
        Answer::Refused(refusal) => Err(refusal.reason),
        _ => Ok(()),
    }
}
