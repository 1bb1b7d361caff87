//! `config.json` of an OCI bundle: read whole.

use masu_steps::failure::failed;
use masu_sys::error::SysError;
use masu_wire::error::{CoreError, ErrorCode};
use rustix::fs::{Mode, OFlags, open};
use rustix::io::{Errno, retry_on_intr};

use crate::observe::{TEXT_LIMIT, regular_text};

/// What it is called in the bundle's directory.
const NAME: &str = "config.json";

/// The document's text; what is no UTF-8 is replaced.
///
/// Errors: `not_found` there is none; `invalid_config` it is too large; those of open(2): a symbolic link is not followed (ELOOP).
pub fn read_document(bundle: &str) -> Result<String, CoreError> {
    let path = &format!("{bundle}/{NAME}");
    let explain = |error| failed(format!("Read {path:?}"), error);
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let file = match retry_on_intr(|| open(path.as_str(), flags, Mode::empty())) {
        Ok(file) => file,
        Err(Errno::NOENT) => {
            return Err(CoreError::new(ErrorCode::NotFound, format!("Read {path:?}: no such file or directory")));
        }
        Err(errno) => return Err(explain(SysError::new("open", errno.raw_os_error()))),
    };
    match regular_text(file) {
        Ok((text, _)) => Ok(text),
        Err(Errno::FBIG) => {
            let message = format!("Read {path:?}: it is larger than {TEXT_LIMIT} bytes");
            Err(CoreError::new(ErrorCode::InvalidConfig, message))
        }
        Err(errno) => Err(explain(SysError::new("read", errno.raw_os_error()))),
    }
}
