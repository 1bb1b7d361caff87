//! What this process has read of the host so far: what a plan that it makes is based on.

use std::sync::{Mutex, MutexGuard, PoisonError};

use masu_containers::bundle_directory;
use masu_host::bundle_document::read_document;
use masu_host::bundle_form::{Form, form};
use masu_host::kept::Basis;
use masu_host::{observe, process};
use masu_steps::failure::failed;
use masu_sys::credential;
use masu_wire::bundle::{ReadBundleReply, ReadBundleRequest};
use masu_wire::error::CoreError;
use masu_wire::overlay::{SecurebitsReply, SecurebitsRequest};
use masu_wire::request::{ObserveReply, ObserveRequest, ProcessReply, ProcessRequest};

/// A command looks at less than this before it runs something; a program that stays forgets.
const MAX_LOOKS: usize = 2000;

/// None: forgotten.
static BASIS: Mutex<Option<Basis>> = Mutex::new(Some(Basis { process: None, looks: Vec::new(), form: None }));

/// [`observe::observe`], remembered.
pub(crate) fn observe(request: ObserveRequest) -> Result<ObserveReply, CoreError> {
    let looks = request.looks.clone();
    let reply = observe::observe(request)?;
    let mut basis = lock();
    if let Some(known) = basis.as_mut() {
        known.looks.extend(looks.into_iter().zip(reply.seen.iter().cloned()));
    }
    basis.take_if(|known| known.looks.len() > MAX_LOOKS);
    Ok(reply)
}

/// [`process::process`], remembered.
pub(crate) fn process(request: ProcessRequest) -> Result<ProcessReply, CoreError> {
    let reply = process::process(request)?;
    if let Some(known) = lock().as_mut() {
        known.process = Some(reply.clone());
    }
    Ok(reply)
}

/// Reads a bundle's document; its form is remembered.
pub(crate) fn read_bundle(ReadBundleRequest { bundle }: ReadBundleRequest) -> Result<ReadBundleReply, CoreError> {
    let bundle = bundle_directory(&bundle)?;
    let text = read_document(&bundle)?;
    let found = form(&text, &bundle);
    let mut basis = lock();
    if let Some(known) = basis.as_mut() {
        known.form = found.as_ref().map(|form| form.text.clone());
    }
    let Form { blanks, values, arguments, .. } = found.unwrap_or_default();
    Ok(ReadBundleReply { bundle, text, blanks, values, arguments: !arguments.is_empty() })
}

/// prctl(2) PR_GET_SECUREBITS: of this thread, and so of masu, which changes none of them.
pub(crate) fn securebits(SecurebitsRequest {}: SecurebitsRequest) -> Result<SecurebitsReply, CoreError> {
    let bits = credential::secure_bits().map_err(|error| failed("Read the securebits", error))?;
    Ok(SecurebitsReply { bits })
}

/// All of it; what is read from here on is another plan's. Whoever changes the host takes it too: what was seen before does not hold.
pub(crate) fn take() -> Option<Basis> {
    lock().as_mut().map(std::mem::take)
}

fn lock() -> MutexGuard<'static, Option<Basis>> {
    BASIS.lock().unwrap_or_else(PoisonError::into_inner)
}
