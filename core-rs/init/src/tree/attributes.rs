//! Extended attributes that are kept with files. xattr(7)

use std::ffi::CStr;
use std::os::fd::AsFd;

use libc::{ENODATA, EOPNOTSUPP};
use masu_sys::error::SysError;
use rustix::fs::{XattrFlags, fgetxattr, flistxattr, fsetxattr};

use super::named;

/// Names of all attributes together, and the value of one, have 64 KiB at most. xattr(7)
const MOST: usize = 64 << 10;

/// Names and values.
pub(crate) type Attributes = Vec<(Vec<u8>, Vec<u8>)>;

/// What is a file's own. Others are the file system's, or the security module's.
pub(super) fn is_kept(name: &[u8]) -> bool {
    name.starts_with(b"user.") && !name.starts_with(b"user.overlay.") || name == b"security.capability"
}

/// Those of an open file that are kept.
pub(super) fn read(file: impl AsFd) -> Result<Attributes, SysError> {
    read_those(file, is_kept)
}

/// Those of an open file whose names are wanted.
pub(crate) fn read_those(file: impl AsFd, is_wanted: fn(&[u8]) -> bool) -> Result<Attributes, SysError> {
    let mut names = vec![0; MOST];
    let length = match named("flistxattr", flistxattr(&file, &mut names[..])) {
        Err(error) if error.errno == EOPNOTSUPP => 0,
        length => length?,
    };
    names.truncate(length);
    let mut found = Vec::new();
    for name in names.split_inclusive(|byte| *byte == 0).filter_map(|name| CStr::from_bytes_with_nul(name).ok()) {
        if !is_wanted(name.to_bytes()) {
            continue;
        }
        let mut value = vec![0; MOST];
        match named("fgetxattr", fgetxattr(&file, name, &mut value[..])) {
            Ok(length) => {
                value.truncate(length);
                found.push((name.to_bytes().to_vec(), value));
            }
            // It was taken away meanwhile.
            Err(error) if error.errno == ENODATA => {}
            Err(error) => return Err(error),
        }
    }
    Ok(found)
}

/// Gives an open file one.
pub(crate) fn write(file: impl AsFd, name: &[u8], value: &[u8]) -> Result<(), SysError> {
    named("fsetxattr", fsetxattr(file, name, value, XattrFlags::empty()))
}
