//! A container of an OCI bundle, made by a plan that was kept of another bundle of its kind.

use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};

use masu_host::bundle_document::read_document;
use masu_host::bundle_form::{Form, form};
use masu_host::kept::{Basis, build};
use masu_host::kept_bundle;
use masu_launch::LaunchText;
use masu_steps::time;
use masu_wire::bundle::{BundleSettings, Handover};
use masu_wire::error::CoreError;
use masu_wire::lifecycle::Store;
use serde_json::value::RawValue;

use crate::bundle::{CreateBundleText, create_bundle};
use crate::bundle_directory::bundle_directory;
use crate::word::is_id;

/// Where plans of bundles are kept below the runtime directory.
const PLANS: &str = "plans/bundles";

/// A container that is to be made.
pub struct Wanted<'a> {
    /// Its ID.
    pub id: &'a str,
    /// Where the bundle's directory is, absolute.
    pub bundle: &'a str,
    /// What decides beside the bundle and the host.
    pub settings: &'a BundleSettings,
    /// Who is told of it.
    pub handover: Handover,
}

/// Makes the container, which then waits for `start`. None: there is no plan that holds, or the ID is none; nothing was done.
///
/// `init`: gives the sealed executable of its stage. Errors: as of [`create_bundle`].
pub fn create(wanted: Wanted<'_>, init: impl FnOnce() -> Option<OwnedFd>) -> Option<Result<(), CoreError>> {
    let Wanted { id, bundle, settings, handover } = wanted;
    if !is_id(id) {
        return None;
    }
    let bundle = &bundle_directory(bundle).ok()?;
    let Form { text, mut values, arguments, .. } = form(&read_document(bundle).ok()?, bundle)?;
    let store = &settings.store;
    values.insert("id".to_owned(), id.to_owned());
    let mut blanks = values.clone();
    let own = [("created", time::now()), ("command", serde_json::to_string(&arguments).ok()?)];
    blanks.extend(own.map(|(name, value)| (name.to_owned(), value)));
    let make = |plan: &RawValue| {
        let init = init()?;
        let request = CreateBundleText::of_kept(store.clone(), LaunchText::of(plan, blanks, arguments), handover);
        Some(create_bundle(request, init.as_fd()).map(drop))
    };
    kept_bundle::find(&plans(store), &build()?, settings, (&text, &values), make)?
}

/// Keeps the plan of a container that was made, for others of its kind. None: it cannot be kept.
pub fn keep(settings: BundleSettings, (basis, id): (Basis, &str), plan: &RawValue) -> Option<()> {
    kept_bundle::keep(&plans(&settings.store), &build()?, settings, (basis, id), plan)
}

fn plans(store: &Store) -> PathBuf {
    Path::new(&store.runtime).join(PLANS)
}
