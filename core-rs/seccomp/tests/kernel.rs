//! The default filter in the kernel.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::cast_possible_truncation
)]
#![allow(missing_docs, reason = "a test")]
#![allow(unsafe_code, reason = "a filter can only be tried in a process of its own")]

use masu_seccomp::{Instruction, compile, default_program};
use serde_json::json;

/// Loads the filter into a child and makes the calls there: for each, errno(3) or 0. None: the child was killed by this signal.
fn in_child(instructions: &[Instruction], flags: u32, calls: &[(i64, [u64; 3])]) -> Result<Vec<i32>, i32> {
    let filter: Vec<libc::sock_filter> =
        instructions.iter().map(|one| libc::sock_filter { code: one.code, jt: one.jt, jf: one.jf, k: one.k }).collect();
    let program = libc::sock_fprog { len: u16::try_from(filter.len()).unwrap(), filter: filter.as_ptr().cast_mut() };
    let mut pipe = [0; 2];
    // SAFETY: the child of this many-threaded process makes system calls only and leaves by _exit; all memory outlives it.
    unsafe {
        assert_eq!(libc::pipe2(pipe.as_mut_ptr(), libc::O_CLOEXEC), 0);
        let pid = libc::fork();
        assert!(pid >= 0);
        if pid == 0 {
            let loaded = libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0
                && libc::syscall(libc::SYS_seccomp, libc::SECCOMP_SET_MODE_FILTER, flags, &raw const program) == 0;
            if !loaded {
                libc::_exit(2);
            }
            for (number, [a, b, c]) in calls {
                let failed = libc::syscall(*number, *a, *b, *c) < 0;
                let errno = if failed { *libc::__errno_location() } else { 0 };
                libc::write(pipe[1], (&raw const errno).cast(), 4);
            }
            libc::_exit(0);
        }
        libc::close(pipe[1]);
        let mut status = 0;
        assert_eq!(libc::waitpid(pid, &raw mut status, 0), pid);
        let mut results = vec![0; calls.len()];
        let size = libc::read(pipe[0], results.as_mut_ptr().cast(), 4 * calls.len());
        libc::close(pipe[0]);
        if libc::WIFSIGNALED(status) {
            return Err(libc::WTERMSIG(status));
        }
        assert_eq!(libc::WEXITSTATUS(status), 0, "the kernel refused the filter");
        results.truncate(usize::try_from(size).unwrap() / 4);
        Ok(results)
    }
}

#[test]
fn default_filter_is_enforced_by_the_kernel() {
    let calls = [
        (libc::SYS_getpid, [0; 3]),
        (libc::SYS_unshare, [0x1000_0000, 0, 0]),
        (9999, [0; 3]),
        (libc::SYS_clone3, [0; 3]),
        (libc::SYS_socket, [38, 5, 0]),
        (libc::SYS_keyctl, [0; 3]),
        (libc::SYS_close, [u64::MAX, 0, 0]),
    ];
    let expected = vec![0, libc::EPERM, libc::ENOSYS, libc::ENOSYS, libc::EPERM, libc::EPERM, libc::EBADF];
    let program = default_program();
    assert_eq!(in_child(&program.instructions, program.flags, &calls), Ok(expected));
}

#[test]
fn flags_and_kills_reach_the_kernel() {
    let program = compile(&json!({
        "defaultAction": "SCMP_ACT_ALLOW",
        "flags": ["SECCOMP_FILTER_FLAG_TSYNC", "SECCOMP_FILTER_FLAG_LOG", "SECCOMP_FILTER_FLAG_SPEC_ALLOW", "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"],
        "syscalls": [
            {"names": ["getppid"], "action": "SCMP_ACT_KILL_PROCESS"},
            {"names": ["getpriority"], "action": "SCMP_ACT_ERRNO", "errnoRet": 99, "args": [{"index": 1, "value": 5, "op": "SCMP_CMP_GT"}]},
        ],
    }))
    .unwrap();
    let calls = [(libc::SYS_getpriority, [0, 0, 0]), (libc::SYS_getpriority, [0, 1 << 32, 0])];
    assert_eq!(in_child(&program.instructions, program.flags, &calls), Ok(vec![0, 99]));
    assert_eq!(in_child(&program.instructions, program.flags, &[(libc::SYS_getppid, [0; 3])]), Err(libc::SIGSYS));
}

#[cfg(target_arch = "x86_64")]
#[test]
fn calls_that_are_tried_are_answered_so_by_the_kernel() {
    use masu_seccomp::{Abi, Call, Examination, Machine};
    let condition = |op: &str, value: u64| json!([{ "index": 0, "value": value, "op": op }]);
    let profile = json!({
        "defaultAction": "SCMP_ACT_ALLOW",
        "syscalls": [
            { "names": ["umask"], "action": "SCMP_ACT_ERRNO", "errnoRet": 90, "args": condition("SCMP_CMP_EQ", 7) },
            { "names": ["umask"], "action": "SCMP_ACT_ERRNO", "errnoRet": 91, "args": condition("SCMP_CMP_GT", 1 << 40) },
            { "names": ["umask"], "action": "SCMP_ACT_ERRNO", "errnoRet": 92,
              "args": [{ "index": 1, "value": 0xf0, "valueTwo": 0x30, "op": "SCMP_CMP_MASKED_EQ" }] },
            { "names": ["getppid"], "action": "SCMP_ACT_ERRNO", "errnoRet": 93 },
            { "names": ["getuid"], "action": "SCMP_ACT_LOG" },
        ],
    });
    let examination = Examination::new(&profile, Machine::HOST).unwrap();
    let mut calls = vec![(libc::SYS_getppid, [0; 3]), (libc::SYS_getuid, [0; 3]), (libc::SYS_getpid, [0; 3])];
    for first in [0, 6, 7, 8, 1 << 40, 1 << 40 | 1, 7 | 1 << 32, u64::MAX] {
        calls.extend([0, 0x30, 0x13f, 0x31 | 1 << 40].map(|second| (libc::SYS_umask, [first, second, 0])));
    }
    let answers = in_child(&examination.program.instructions, examination.program.flags, &calls).unwrap();
    for ((number, [a, b, c]), answer) in calls.iter().zip(answers) {
        let call = Call { abi: Abi::X86_64, number: *number as u32, arguments: [*a, *b, *c, 0, 0, 0] };
        let verdict = examination.judge(call).unwrap();
        assert_eq!(verdict.data.unwrap_or(0), answer as u32, "{call:?}: {verdict:?}");
    }
}
