//! A container that lives on, made and started by a plan that was kept.

use std::path::Path;

use masu_host::kept::{Work, build, find};
use masu_steps::failure::failed;
use masu_steps::time;
use masu_sys::error::SysError;
use masu_wire::error::CoreError;
use masu_wire::lifecycle::{DeleteRequest, Store};
use rustix::rand::{GetRandomFlags, getrandom};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::os::fd::BorrowedFd;

use crate::create::create_text;
use crate::delete::delete;
use crate::start::{Wishes, start_found};
use crate::store::Shelf;

/// Bytes of an ID: as many hexadecimal digits twice.
const ID_BYTES: usize = 6;

/// What a kept document says of the container that it was made for.
#[derive(Deserialize)]
struct Named<'a> {
    id: &'a str,
    created: &'a str,
}

/// Makes and starts the container, and returns its ID; none: there is no plan that holds, and nothing was done.
///
/// Errors: as of `create` and `start`; nothing is left of the container then.
pub fn run_kept(
    store: &Store,
    directory: &Path,
    command: &[String],
    variable: impl Fn(&str) -> Option<String>,
    init: BorrowedFd<'_>,
) -> Result<Option<String>, CoreError> {
    let Some(build) = build() else { return Ok(None) };
    let run = |work: Work<'_>| match work {
        Work::Document(text) => run_document(store, text, init).map(Some),
        Work::Launch(_) => Ok(None),
    };
    find(directory, &build, command, variable, run).unwrap_or(Ok(None))
}

/// The document of another container of the same plan, made this one's.
pub fn run_document(store: &Store, text: &RawValue, init: BorrowedFd<'_>) -> Result<String, CoreError> {
    let Named { id: old, created } =
        serde_json::from_str(text.get()).map_err(|error| CoreError::unreadable("run_kept", &error))?;
    let id = new_id()?;
    // Nobody could guess the old one and write it anywhere else.
    let text = text.get().replace(old, &id).replace(created, &time::now());
    create_text(store, &text, Some(init))?;
    let started = Shelf::open(store).and_then(|shelf| start_found(&shelf, &id, Wishes::default(), init));
    if let Err(error) = started {
        let request = DeleteRequest { store: store.clone(), words: vec![id], force: true, ignore: true };
        // What cannot be removed either is shown by `list`; the failed start is what is told.
        let _ = delete(&request, Some(init));
        return Err(error);
    }
    Ok(id)
}

/// An ID that nobody can guess.
pub fn new_id() -> Result<String, CoreError> {
    let mut bytes = [0; ID_BYTES];
    let filled = rustix::io::retry_on_intr(|| getrandom(&mut bytes, GetRandomFlags::empty()));
    filled.map_err(|errno| failed("Make an ID", SysError::new("getrandom", errno.raw_os_error())))?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn new_id_returns_another_one_each_time() {
        let (one, other) = (new_id().unwrap(), new_id().unwrap());
        assert!(one != other && one.len() == 12 && one.bytes().all(|byte| byte.is_ascii_hexdigit()), "{one} {other}");
    }
}
