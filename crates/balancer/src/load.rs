//! From a command line to a configuration that can run: on the supervisor's side with the machine's
//! files at hand, on the balancer's side from the bundle alone.
//!
//! ```text
//! supervisor:  Options ── files::read ──► texts ── parse ──► references ── files, names ──► Bundle
//! both:        Bundle ── prepare ──► Prepared (configuration without names, files, sockets, TLS)
//! ```
//!
//! Both sides run the same [`prepare`], so the balancer never refuses what the supervisor accepted
//! for a reason that lies in the text.

mod files;
mod names;
mod report;

pub use files::Files;
pub(crate) use files::{is_companion, key_beside, reason};
pub use report::{Report, alert_lines};

use std::collections::BTreeMap;
use std::sync::Arc;

use diagnostics::{Diagnostic, Diagnostics, Severity, Sources};
use haproxy_config::model::Config;
use haproxy_config::{Load, Parsed, Process, Text};
use rules::{Inputs, Programs};

use crate::check;
use crate::command_line::{Options, Verb};
use crate::listen::{self, Listener, Owner};
use crate::privileges;
use crate::snapshot::{BuildError, Materials, Snapshot, SocketOwner};
use crate::state::ProcessState;
use crate::stats_hook::{StatsHandler, StatsResponse};
use crate::supervision::Bundle;
use crate::tls::{self, TlsSettings};

/// A configuration that can run.
#[derive(Debug)]
pub struct Prepared {
    /// Every host is an address by now.
    pub config: Config,
    /// What the command line adds.
    pub options: Options,
    /// The contents of the files that the configuration names.
    pub files: Files,
    /// TLS settings of the `ssl` bind lines.
    pub tls: TlsSettings,
    /// The rules of every proxy.
    pub programs: Arc<Programs>,
    /// Every socket to listen at.
    pub listeners: Vec<Listener>,
    /// The environment after `setenv` and its kin.
    pub environment: BTreeMap<String, String>,
}

impl Prepared {
    /// What a snapshot is built from besides the configuration; `stats` answers requests for
    /// statistics pages.
    #[must_use]
    pub fn materials(&self, stats: StatsHandler) -> Materials {
        let error_files = self
            .config
            .proxies
            .iter()
            .flat_map(|proxy| &proxy.error_files);
        Materials {
            error_files: error_files
                .filter_map(|file| {
                    let content = self.files.content(&file.path.value)?;
                    Some((file.path.value.clone(), content.into()))
                })
                .collect(),
            tls: self.tls.clone(),
            programs: Arc::clone(&self.programs),
            sockets: self
                .listeners
                .iter()
                .filter_map(|listener| match listener.owner {
                    Owner::Bind { proxy, bind } => Some(SocketOwner {
                        key: listener.key.clone(),
                        proxy,
                        bind,
                    }),
                    Owner::StatsSocket(_) => None,
                })
                .collect(),
            stats,
        }
    }

    /// Builds the snapshot once and throws it away.
    fn try_to_build(&self) -> Result<(), BuildError> {
        let nobody_asks: StatsHandler = Arc::new(|_| StatsResponse {
            status: 404,
            headers: Vec::new(),
            body: Vec::new(),
        });
        Snapshot::build(
            0,
            Arc::new(self.config.clone()),
            &self.materials(nobody_asks),
            ProcessState::new(1),
            1,
            None,
        )
        .map(drop)
    }
}

/// What a load ends with: a configuration, or reasons why there is none.
#[derive(Debug)]
pub struct Outcome {
    /// None where any message is an error.
    pub prepared: Option<Prepared>,
    /// What to send to the balancer. Complete where `prepared` is there.
    pub bundle: Bundle,
    /// The messages and the texts they point into.
    pub report: Report,
}

/// Reads, parses and checks what the command line names. Privileged: reads files and looks names
/// up. The caller has changed to `-C`'s folder before.
///
/// Where `-c` is asked for, what depends on the moment (a `chroot` folder) is not looked at.
#[must_use]
pub fn load(options: &Options, environment: BTreeMap<String, String>, generation: u64) -> Outcome {
    let mut diagnostics = Diagnostics::new();
    let mut bundle = Bundle {
        generation,
        environment: with_own_variables(environment, options)
            .into_iter()
            .collect(),
        options: options.configuration_words(),
        ..Bundle::default()
    };
    match files::read_configuration(&options.files) {
        Ok(texts) => bundle.texts = texts,
        Err(problems) => {
            problems.into_iter().for_each(|p| diagnostics.push(p));
            return Outcome {
                prepared: None,
                bundle,
                report: Report::new(Sources::new(), diagnostics),
            };
        }
    }
    let parsed = parse(&bundle, options);
    for reference in &parsed.references {
        match files::read_reference(reference, &mut bundle.files) {
            Ok(()) => {}
            Err(problem) => diagnostics.push(problem),
        }
    }
    if let Some(config) = &parsed.config {
        names::look_up(
            config,
            options.ignore_unresolved,
            &mut bundle.names,
            &mut diagnostics,
        );
        check_machine(config, options, &mut diagnostics);
        for (proxy, problem) in check::invalid_patterns(config) {
            let message = format!("'http-check expect' has no valid regular expression: {problem}");
            diagnostics.push(Diagnostic::error(message).at(config.proxies[proxy].span));
        }
    }
    let (mut prepared, mut report) = finish(parsed, &bundle, options.clone(), diagnostics);
    if let Some(Err(error)) = prepared.as_ref().map(Prepared::try_to_build) {
        report
            .diagnostics
            .push(Diagnostic::error(error.to_string()));
        prepared = None;
    }
    Outcome {
        prepared,
        bundle,
        report,
    }
}

/// The variables that HAProxy defines itself (configuration.txt, 2.4).
fn with_own_variables(
    mut environment: BTreeMap<String, String>,
    options: &Options,
) -> BTreeMap<String, String> {
    let own_name = || nix::unistd::gethostname().ok()?.into_string().ok();
    if let Some(peer) = options.local_peer.clone().or_else(own_name) {
        environment.insert("HAPROXY_LOCALPEER".to_owned(), peer);
    }
    let files: Vec<String> = options
        .files
        .iter()
        .map(|file| file.display().to_string())
        .collect();
    environment.insert("HAPROXY_CFGFILES".to_owned(), files.join(";"));
    if options.master_worker {
        environment.insert("HAPROXY_MWORKER".to_owned(), "1".to_owned());
    }
    environment
}

/// The balancer's side: the same configuration from the bundle, without a look at the machine.
#[must_use]
pub fn prepare(bundle: &Bundle) -> (Option<Prepared>, Report) {
    match Options::from_configuration_words(&bundle.options) {
        Ok(options) => {
            let parsed = parse(bundle, &options);
            finish(parsed, bundle, options, Diagnostics::new())
        }
        Err(error) => {
            let mut diagnostics = Diagnostics::new();
            diagnostics.push(Diagnostic::error(error.to_string()));
            (None, Report::new(Sources::new(), diagnostics))
        }
    }
}

fn parse(bundle: &Bundle, options: &Options) -> Parsed {
    let texts = bundle.texts.iter().map(|(name, text)| Text {
        name: name.clone(),
        text: text.clone(),
    });
    haproxy_config::parse(Load {
        texts: texts.collect(),
        environment: bundle.environment.iter().cloned().collect(),
        process: Process {
            diagnostic_mode: options.diagnostic_mode,
            ..process_facts()
        },
    })
}

/// What conditions (`.if`, `-cc`) may ask about this program.
#[must_use]
pub fn process_facts() -> Process {
    Process::default()
}

fn finish(
    parsed: Parsed,
    bundle: &Bundle,
    options: Options,
    found_outside: Diagnostics,
) -> (Option<Prepared>, Report) {
    let mut diagnostics = parsed.diagnostics;
    diagnostics.extend(found_outside);
    let files = Files::new(&bundle.files);
    let no_warnings = options.warnings_are_errors;
    let prepared = parsed.config.map(|mut config| {
        names::replace(&mut config, &bundle.names);
        apply_options(&mut config, &options);
        let listeners = listen::plan(&config);
        let tls = tls::build(&config, &files, &mut diagnostics);
        let programs = Arc::new(rules::compile(
            &config,
            &Inputs {
                pattern_file: &|path| {
                    let content = files.content(path)?;
                    String::from_utf8(content.to_vec()).ok()
                },
                environment: &parsed.environment,
                hostname: &hostname(),
            },
            &mut diagnostics,
        ));
        Prepared {
            config,
            options,
            files,
            tls,
            programs,
            listeners,
            environment: parsed.environment,
        }
    });
    let strict = no_warnings
        || prepared
            .as_ref()
            .is_some_and(|p| p.config.global.zero_warning);
    if strict && diagnostics.worst() == Some(Severity::Warning) {
        diagnostics.push(
            Diagnostic::error("some warnings were found and 'zero-warning' is set")
                .help("it is set by -dW or in 'global'"),
        );
    }
    let failed = diagnostics.has_errors();
    (
        prepared.filter(|_| !failed),
        Report::new(parsed.sources, diagnostics),
    )
}

/// This machine's name; empty where it has none.
fn hostname() -> String {
    nix::unistd::gethostname()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default()
}

/// The command line wins over the file.
fn apply_options(config: &mut Config, options: &Options) {
    if options.maxconn.is_some() {
        config.global.maxconn = options.maxconn;
    }
    if let Some(limit) = options.default_maxconn {
        for proxy in &mut config.proxies {
            proxy.maxconn.get_or_insert(limit);
        }
    }
}

/// What the machine must have: accounts, the chroot folder.
fn check_machine(config: &Config, options: &Options, diagnostics: &mut Diagnostics) {
    let global = &config.global;
    if let Some(user) = &global.user
        && let Err(unknown) = privileges::user_id(user)
    {
        diagnostics.push(
            Diagnostic::error(unknown.to_string())
                .at(user.span)
                .label("unknown user")
                .help("create it with `useradd --system --no-create-home NAME`"),
        );
    }
    if let Some(group) = &global.group
        && let Err(unknown) = privileges::group_id(group)
    {
        diagnostics.push(
            Diagnostic::error(unknown.to_string())
                .at(group.span)
                .label("unknown group")
                .help("create it with `groupadd --system NAME`"),
        );
    }
    if let Some(root) = &global.chroot
        && options.verb == Verb::Run
        && !root.value.is_dir()
    {
        diagnostics.push(
            Diagnostic::error(format!("cannot chroot to {}", root.value.display()))
                .at(root.span)
                .label("no such folder"),
        );
    }
}

#[cfg(test)]
mod tests;
