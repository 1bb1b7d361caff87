//! Writes `lib/core/wire.ts` to standard output: `cargo run -p masu-wire --features typescript --example typescript`.
#![allow(clippy::print_stdout)]

use masu_wire::{error, plan, request};
use ts_rs::TS;

/// One declaration with its documentation.
fn declare<T: TS>() {
    if let Some(docs) = T::docs() {
        print!("{docs}");
    }
    println!("export {}\n", T::decl());
}

macro_rules! declare_all {
    ($($kind:ty),* $(,)?) => { $(declare::<$kind>();)* };
}

fn main() {
    println!("// Generated from core-rs/wire by `make wire`; a test compares them. Do not edit.\n");
    println!("/** Raised on any change of an op, a field or a type; the core has the same number. */");
    println!("export const ABI_VERSION = {};\n", masu_wire::ABI_VERSION);
    println!("/** Raised on any change of the plan's shape. */");
    println!("export const PLAN_VERSION = {};\n", plan::PLAN_VERSION);
    declare_all!(
        error::ErrorCode,
        error::Group,
        error::Place,
        error::CoreError,
        plan::Plan,
        plan::Fact,
        plan::Witness,
        plan::HostStep,
        plan::Owner,
        plan::DeviceRule,
        plan::Namespace,
        plan::CloneStep,
        plan::JoinNamespace,
        plan::UserMapping,
        plan::IdMapping,
        plan::MapTools,
        plan::TimeOffset,
        plan::MountPoint,
        plan::RootSource,
        plan::OverlayLayer,
        plan::StageStep,
        plan::Propagation,
        plan::Filter,
        request::ObserveRequest,
        request::Look,
        request::Want,
        request::ObserveReply,
        request::Seen,
        request::FileStatus,
        request::FileKind,
        request::DirectoryEntry,
        request::ProcessRequest,
        request::ProcessReply,
        request::LaunchRequest,
        request::MonitorOptions,
        request::LaunchReply,
        request::WaitRequest,
        request::WaitReply,
        request::TeardownRequest,
        request::TeardownReply,
        request::CompileFilterRequest,
        request::CompileFilterReply,
        request::ProbeRequest,
        request::Probe,
        request::ProbeReply,
    );
    println!("/** The ops by name, with the number that the core knows. */");
    println!("export const OPS = {{");
    for (number, name) in request::OPS.iter().enumerate() {
        println!("  {name}: {number},");
    }
    println!("}} as const;\n");
    println!("/** What each op is asked. */\nexport interface Requests {{");
    for (name, kind) in NAMES {
        println!("  {name}: {kind}Request;");
    }
    println!("}}\n\n/** What each op answers. `run` does not return. */\nexport interface Replies {{");
    for (name, kind) in NAMES {
        let reply = if name == "run" { "never".to_owned() } else { format!("{kind}Reply") };
        println!("  {name}: {reply};");
    }
    println!("}}");
}

/// The ops with the stem of their types' names.
const NAMES: [(&str, &str); 8] = [
    ("observe", "Observe"),
    ("process", "Process"),
    ("launch", "Launch"),
    ("run", "Launch"),
    ("wait", "Wait"),
    ("teardown", "Teardown"),
    ("compile_filter", "CompileFilter"),
    ("probe", "Probe"),
];
