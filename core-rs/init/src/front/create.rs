//! `masu create` of an OCI bundle by a plan that was kept of another one of its kind: `cli/bundle.ts`.

use masu_containers::kept_bundle::{self, Wanted};
use masu_wire::bundle::{BundleSettings, Handover};

use super::answer::Answer;
use super::context::{Context, host_path};
use super::exec::{optional, parse_count};
use super::parse::Parsed;

/// Makes the container. None: it is of no bundle, no plan was kept for such a one, or something that it was made of has changed.
pub(super) fn create(parsed: &Parsed<'_>, context: Context<'_>) -> Answer {
    let [id] = *parsed.operands else { return None };
    // What is noted of a document, and sockets that are passed on, only the program knows.
    let has_sockets = ["LISTEN_FDS", "NOTIFY_SOCKET"].iter().any(|name| context.variable(name).is_some());
    if parsed.global("debug") == Some("true") || has_sockets {
        return None;
    }
    let bundle = host_path(parsed.text("bundle")?)?;
    let settings = settings(parsed, context)?;
    let handover = Handover {
        console_socket: optional(parsed.text("console-socket"), host_path)?,
        pidfd_socket: optional(parsed.text("pidfd-socket"), host_path)?,
        pid_file: optional(parsed.text("pidfile"), host_path)?,
    };
    let wanted = Wanted { id, bundle: &bundle, settings: &settings, handover };
    let made = kept_bundle::create(wanted, || context.init())?;
    Some(context.as_runtime().end(parsed, made))
}

/// As `settingsOf` of `lib/engine/bundle.ts`.
fn settings(parsed: &Parsed<'_>, context: Context<'_>) -> Option<BundleSettings> {
    let by_systemd = parsed.global("systemd-cgroup") == Some("true");
    let manager = if by_systemd { "systemd" } else { parsed.global("cgroup-manager").unwrap_or("cgroupfs") };
    Some(BundleSettings {
        store: context.store(parsed)?,
        cgroup_manager: manager.to_owned(),
        preserve_fds: optional(parsed.text("preserve-fds"), parse_count)?.unwrap_or_default(),
        keyring: !parsed.is_on("no-new-keyring"),
        console_socket: parsed.text("console-socket").is_some(),
    })
}
