//! Which mount a file is seen on, and of which kind.

use std::os::fd::{AsFd, AsRawFd, OwnedFd};

use masu_sys::errno::values::ENOSYS;
use masu_sys::error::SysError;
use masu_sys::file;
use rustix::fs::{AtFlags, StatxFlags, statx};

use super::named;

/// `f_type` of file systems that hold no files of anybody's: what is read there is made by the kernel at that moment. statfs(2)
const KERNELS: [u64; 16] = [
    file::PROC_MAGIC,
    file::SYSFS_MAGIC,
    file::DEVPTS_MAGIC,
    0x0027_e0eb, // cgroup
    0x6367_7270, // cgroup2
    0x1980_0202, // mqueue
    0x6462_6720, // debugfs
    0x7472_6163, // tracefs
    0x7363_6673, // securityfs
    0xcafe_4a11, // bpf
    0x6265_6570, // configfs
    0xf97c_ff8c, // selinuxfs
    0x0187,      // autofs
    0x4249_4e4d, // binfmt_misc
    0x6e73_6673, // nsfs
    0xde5e_81e4, // efivarfs
];

/// It is on a file system of the kernel's own.
pub(super) fn is_kernels(found: &OwnedFd) -> Result<bool, SysError> {
    Ok(KERNELS.contains(&file::file_system(found.as_fd())?.magic))
}

/// The mount's id: it tells a mount point from its directory also where both are on one file system.
pub(super) fn mount_id(found: &OwnedFd) -> Result<u64, SysError> {
    match statx(found, "", AtFlags::EMPTY_PATH, StatxFlags::MNT_ID) {
        Ok(status) if StatxFlags::from_bits_retain(status.stx_mask).contains(StatxFlags::MNT_ID) => {
            Ok(status.stx_mnt_id)
        }
        // Before Linux 5.8.
        _ => listed_id(found),
    }
}

/// `/proc/PID/fdinfo/FD` has it since Linux 3.15. proc_pid_fdinfo(5)
fn listed_id(found: &OwnedFd) -> Result<u64, SysError> {
    let path = format!("/proc/self/fdinfo/{}", found.as_raw_fd());
    let opened = file::open(&path, file::OFlags::RDONLY)?;
    let mut text = vec![0; 1024];
    let length = named("read", rustix::io::read(&opened, &mut text[..]))?;
    text.truncate(length);
    let text = String::from_utf8_lossy(&text);
    let id = text.lines().find_map(|line| line.strip_prefix("mnt_id:")?.trim().parse().ok());
    id.ok_or(SysError::new("statx", ENOSYS))
}

#[cfg(test)]
mod tests {
    use super::*;
    use masu_sys::file::OFlags;

    #[test]
    fn mount_id_is_the_listed_one_and_tells_proc_from_root() {
        let open = |path| file::open(path, OFlags::PATH).unwrap();
        let (root, proc) = (open("/"), open("/proc"));
        assert_eq!(mount_id(&root), listed_id(&root));
        assert_eq!(mount_id(&proc), listed_id(&proc));
        assert_ne!(mount_id(&root), mount_id(&proc));
        assert_eq!((is_kernels(&root), is_kernels(&proc)), (Ok(false), Ok(true)));
    }
}
