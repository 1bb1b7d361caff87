//! `config.json` of an OCI bundle: read whole.

use std::fs::File;
use std::io::Read;

use masu_steps::failure::failed;
use masu_sys::error::SysError;
use masu_wire::error::{CoreError, ErrorCode};
use rustix::fs::{FileType, Mode, OFlags, fstat, open};
use rustix::io::{Errno, retry_on_intr};

/// `LARGEST` of `lib/engine/small_document.ts`. The largest that engines write are some 100 KiB.
const MAX_BYTES: u64 = 16 << 20;

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
    let status = fstat(&file).map_err(|errno| explain(SysError::new("fstat", errno.raw_os_error())))?;
    match FileType::from_raw_mode(status.st_mode) {
        FileType::RegularFile => {}
        FileType::Directory => return Err(explain(SysError::new("read", Errno::ISDIR.raw_os_error()))),
        _ => return Err(explain(SysError::new("read", Errno::INVAL.raw_os_error()))),
    }
    let mut bytes = Vec::with_capacity(usize::try_from(status.st_size).unwrap_or(0).min(1 << 20) + 1);
    let read = File::from(file).take(MAX_BYTES + 1).read_to_end(&mut bytes);
    read.map_err(|error| explain(SysError::from_io("read", &error)))?;
    if bytes.len() as u64 > MAX_BYTES {
        let message = format!("Read {path:?}: it is larger than {MAX_BYTES} bytes");
        return Err(CoreError::new(ErrorCode::InvalidConfig, message));
    }
    Ok(String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()))
}
