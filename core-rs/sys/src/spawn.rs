//! Programs of others, started with nothing of masu's but what they are given. fork(2), execve(2)
#![allow(unsafe_code)]

use crate::process::close_on_exec_from;
use crate::signal;
use std::os::unix::process::CommandExt;
use std::process::Command;

/// The program gets no descriptor but stdin, stdout and stderr, also where others are open here to be inherited, and leads a process group. No signal is
/// blocked in it, whatever is blocked here.
///
/// Before Linux 5.11 it gets what is inherited here.
pub fn isolate(command: &mut Command) -> &mut Command {
    command.process_group(0);
    // SAFETY: the closure makes two system calls, which neither allocate nor take a lock; they change descriptors and the mask of the child alone.
    unsafe {
        command.pre_exec(|| {
            // A kernel without the call is no reason not to run the program.
            let _ = close_on_exec_from(3);
            // The standard library lets it inherit the mask.
            signal::set_mask(0).map_err(|error| std::io::Error::from_raw_os_error(error.errno))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::fd::{AsFd, AsRawFd};

    #[test]
    fn isolate_blocks_no_signal() {
        std::thread::spawn(|| {
            signal::block_all().unwrap();
            let output = isolate(Command::new("grep").args(["SigBlk", "/proc/self/status"])).output().unwrap();
            assert_eq!(String::from_utf8_lossy(&output.stdout), "SigBlk:\t0000000000000000\n");
        })
        .join()
        .unwrap();
    }

    #[test]
    fn isolate_lets_no_other_descriptor_through() {
        let file = std::fs::File::open("/dev/null").unwrap();
        crate::descriptor::keep_through_exec(file.as_fd()).unwrap();
        let script = format!("test ! -e /proc/self/fd/{}", file.as_raw_fd());
        let status = |command: &mut Command| command.args(["-c", &script]).status().unwrap().code();
        assert_eq!(status(&mut Command::new("sh")), Some(1));
        assert_eq!(status(isolate(&mut Command::new("sh"))), Some(0));
    }
}
