//! `crm_resource`: what there is to know of resources, and what can be done with them.
//!
//! | module | asks and does |
//! | --- | --- |
//! | [`queries`] | lists, XML, places, operations, why something does not run |
//! | [`parameters`] | parameters, meta-attributes and utilization: asked, set, deleted |
//! | [`placing`] | move, ban, clear, delete, fail, cleanup, refresh, restart, wait |
//! | [`agents`] | agents: which there are, what they say, and calling them past the cluster |

mod agents;
mod options;
mod parameters;
mod placing;
mod queries;

use cib::query::Query;
use cib::time::DateTime;
use cib::xml::{Document, Element};

use crate::pcs::agents::Agents;
use crate::tool::{self, Done, Failure, Workplace};
use crate::{ExitCode, Files, Outcome};
use options::{Command, GRAMMAR, Options, take};

const NAME: &str = "crm_resource";

/// Runs the command with `arguments` (without its own name) at the time `now`, with the agents of this
/// machine.
#[must_use]
pub fn run(
    arguments: &[String],
    now: DateTime,
    files: &mut dyn Files,
    agents: &mut dyn Agents,
) -> Outcome {
    tool::run(
        &GRAMMAR,
        arguments,
        now,
        files,
        take,
        |options, workplace| act(options, workplace, agents),
    )
}

fn act(options: &Options, workplace: &mut Workplace<'_>, agents: &mut dyn Agents) -> Done {
    match &options.command {
        Command::List => queries::list(workplace),
        Command::ListRaw => queries::list_raw(workplace),
        Command::ListOperations => queries::operations(options, workplace),
        Command::Query => queries::xml(required(options)?, true, workplace),
        Command::QueryRaw => queries::xml(required(options)?, false, workplace),
        Command::Locate => queries::locate(required(options)?, workplace),
        Command::Constraints => queries::constraints(required(options)?, workplace),
        Command::Why => queries::why(options, workplace),
        Command::Digests => queries::digests(options, workplace),
        Command::Get(name) => parameters::get(options, name, workplace),
        Command::Set(name) => parameters::set(options, name, workplace),
        Command::DeleteParameter(name) => parameters::delete(options, name, workplace),
        Command::Cleanup => placing::forget(options, true, workplace),
        Command::Refresh => placing::forget(options, false, workplace),
        Command::Move => placing::move_away(options, workplace),
        Command::Ban => placing::ban(options, workplace),
        Command::Clear => placing::clear(options, workplace),
        Command::Delete => placing::delete(options, workplace),
        Command::Wait => placing::wait(options, workplace),
        Command::Restart => placing::restart(options, workplace),
        Command::Fail => placing::fail(options, workplace),
        Command::ListStandards
        | Command::ListProviders
        | Command::ListAgents(_)
        | Command::ListAlternatives(_) => agents::list(&options.command, workplace, agents),
        Command::ShowMetadata(name) => agents::metadata(name, workplace, agents),
        Command::Force(action) => agents::force(options, action, workplace, agents),
        Command::Validate => agents::force(options, "validate-all", workplace, agents),
    }
}

/// The resource that has to be named.
fn required(options: &Options) -> Done<&str> {
    let named = options.resource.as_deref();
    named.ok_or_else(|| Failure::usage("Must supply a resource id with -r"))
}

fn not_found(id: &str) -> Failure {
    Failure::new(
        format!("Resource '{id}' not found\nError performing operation: No such object"),
        ExitCode::NO_SUCH,
    )
}

/// The configuration of a resource, of any instance.
fn find<'d>(cib: &'d Document, id: &str) -> Done<Element<'d>> {
    const KINDS: [&str; 5] = ["primitive", "group", "clone", "master", "bundle"];
    let bare = crate::history::without_instance(id);
    let query = Query::parse("/cib/configuration/resources//*");
    let all = query.and_then(|it| it.select(cib)).unwrap_or_default();
    let named = |name: &str| {
        let mut all = all.iter().copied();
        all.find(|it| KINDS.contains(&it.name()) && it.id() == Some(name))
    };
    named(id)
        .or_else(|| named(bare))
        .ok_or_else(|| not_found(id))
}
