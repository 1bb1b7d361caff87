//! Owner, mode, times and attributes of what was unpacked, by descriptor.

use std::os::fd::{AsFd, BorrowedFd};

use masu_steps::failure::failed;
use masu_sys::errno::values::{EINVAL, EPERM};
use masu_sys::error::SysError;
use masu_wire::error::CoreError;
use masu_wire::tree::UnpackOptions;
use rustix::fs::{self, AtFlags, Gid, Mode, Timespec, Timestamps, UTIME_OMIT, Uid};

use super::attributes::{self, Attributes};
use super::findings::Findings;
use super::named;
use super::shown;
use super::stream::Entry;

/// What of an entry its file gets.
#[derive(Debug)]
pub(super) struct Metadata {
    name: Vec<u8>,
    uid: u32,
    gid: u32,
    mode: u32,
    mtime: i64,
    attributes: Attributes,
}

/// Decides what of entries their files get.
pub(super) struct Policy {
    options: UnpackOptions,
    uid: u32,
    gid: u32,
}

/// S_ISUID and S_ISGID
const SET_ID: u32 = 0o6000;

impl Policy {
    pub(super) fn new(options: UnpackOptions, caller: bool) -> Self {
        let (uid, gid) = (masu_sys::credential::user(), masu_sys::credential::group());
        // An ordinary user can give nothing away, so that a set-user-ID file would get rights of that user's.
        let ordinary = caller && uid != 0;
        Self { options: UnpackOptions { set_id: options.set_id && !ordinary, ..options }, uid, gid }
    }

    pub(super) fn options(&self) -> UnpackOptions {
        self.options
    }

    pub(super) fn of(&self, entry: &mut Entry) -> Metadata {
        let owners = self.options.archive && self.uid == 0;
        let attributes = if self.options.archive { std::mem::take(&mut entry.attributes) } else { Vec::new() };
        Metadata {
            name: entry.name.clone(),
            uid: if owners { entry.uid } else { self.uid },
            gid: if owners { entry.gid } else { self.gid },
            mode: if self.options.set_id { entry.mode } else { entry.mode & !SET_ID },
            mtime: entry.mtime,
            attributes,
        }
    }
}

impl Metadata {
    /// All of it, for an open file or directory. What this user may not do is noted.
    pub(super) fn apply(&self, file: BorrowedFd<'_>, findings: &mut Findings) -> Result<(), CoreError> {
        let explain = |error| failed(format!("Unpack {:?}", shown(&self.name)), error);
        let status = named("fstat", fs::fstat(file)).map_err(explain)?;
        if (status.st_uid, status.st_gid) != (self.uid, self.gid) {
            let owned = fs::fchown(file, Some(Uid::from_raw(self.uid)), Some(Gid::from_raw(self.gid)));
            self.allow("its owner cannot be kept", named("fchown", owned), findings)?;
        }
        for (name, value) in self.attributes.iter().filter(|(name, _)| attributes::is_kept(name)) {
            let written = attributes::write(file, name, value);
            self.allow("an extended attribute cannot be kept", written, findings)?;
        }
        // After fchown(2), which takes the set-user-ID bit away.
        let mode = Mode::from_raw_mode(self.mode_for(file)?);
        self.allow("its mode cannot be kept", named("fchmod", fs::fchmod(file, mode)), findings)?;
        named("futimens", fs::futimens(file, &self.times())).map_err(explain)
    }

    /// Where the owner could not be kept, a set-user-ID file would be somebody else's.
    fn mode_for(&self, file: BorrowedFd<'_>) -> Result<u32, CoreError> {
        if self.mode & SET_ID == 0 {
            return Ok(self.mode);
        }
        let status = named("fstat", fs::fstat(file));
        let status = status.map_err(|error| failed(format!("Unpack {:?}", shown(&self.name)), error))?;
        let kept = (status.st_uid, status.st_gid) == (self.uid, self.gid);
        Ok(if kept { self.mode } else { self.mode & !SET_ID })
    }

    /// Owner and time of what cannot be opened: symbolic links, fifos, devices. Their modes are made with them.
    pub(super) fn apply_in(
        &self,
        directory: BorrowedFd<'_>,
        name: &std::ffi::OsStr,
        findings: &mut Findings,
    ) -> Result<(), CoreError> {
        let explain = |error| failed(format!("Unpack {:?}", shown(&self.name)), error);
        let no_follow = AtFlags::SYMLINK_NOFOLLOW;
        let status = named("fstatat", fs::statat(directory, name, no_follow)).map_err(explain)?;
        if (status.st_uid, status.st_gid) != (self.uid, self.gid) {
            let (uid, gid) = (Uid::from_raw(self.uid), Gid::from_raw(self.gid));
            let owned = named("fchownat", fs::chownat(directory, name, Some(uid), Some(gid), no_follow));
            self.allow("its owner cannot be kept", owned, findings)?;
        }
        named("utimensat", fs::utimensat(directory, name, &self.times(), no_follow)).map_err(explain)
    }

    fn times(&self) -> Timestamps {
        Timestamps {
            last_access: Timespec { tv_sec: 0, tv_nsec: UTIME_OMIT },
            last_modification: Timespec { tv_sec: self.mtime, tv_nsec: 0 },
        }
    }

    /// EPERM: not this user's right; EINVAL: no such id in the container; EOPNOTSUPP: nothing that this file system keeps.
    fn allow(&self, what: &str, result: Result<(), SysError>, findings: &mut Findings) -> Result<(), CoreError> {
        let Err(error) = result else { return Ok(()) };
        let failure = masu_steps::failure::failed_because(format!("Unpack {:?}", shown(&self.name)), what, error);
        if !matches!(error.errno, EPERM | EINVAL | masu_sys::errno::values::EOPNOTSUPP) {
            return Err(failure);
        }
        findings.note(&self.name, failure);
        Ok(())
    }

    /// Permission bits for the time until everything is in it.
    pub(super) fn mode(&self) -> u32 {
        self.mode
    }
}

/// Whether a status is of the same file as before.
pub(super) fn identity(file: impl AsFd) -> Result<(u64, u64), SysError> {
    let status = named("fstat", fs::fstat(file))?;
    Ok((status.st_dev, status.st_ino))
}
