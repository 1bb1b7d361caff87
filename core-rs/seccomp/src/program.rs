//! Classic BPF, as seccomp(2) takes it.

/// linux/filter.h, `struct sock_filter`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Instruction {
    /// The operation, one of [`op`].
    pub code: u16,
    /// Instructions to skip when a test holds.
    pub jt: u8,
    /// Instructions to skip when a test does not hold.
    pub jf: u8,
    /// The operand.
    pub k: u32,
}

/// A filter for seccomp(2) SECCOMP_SET_MODE_FILTER.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    /// `SECCOMP_FILTER_FLAG_*` bits.
    pub flags: u32,
    /// At most [`MAXIMUM`] instructions.
    pub instructions: Vec<Instruction>,
    /// Who is asked, where an instruction says [`verdict::NOTIFY`].
    pub listener: Option<Listener>,
}

/// A seccomp agent. OCI runtime-spec, config-linux.md, "Seccomp", `listenerPath` and `listenerMetadata`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listener {
    /// Its Unix socket.
    pub path: String,
    /// What it is told besides; nothing: empty.
    pub metadata: String,
}

/// linux/seccomp.h: `SECCOMP_FILTER_FLAG_*`.
pub mod flag {
    /// SECCOMP_FILTER_FLAG_TSYNC
    pub const TSYNC: u32 = 1 << 0;
    /// SECCOMP_FILTER_FLAG_LOG
    pub const LOG: u32 = 1 << 1;
    /// SECCOMP_FILTER_FLAG_SPEC_ALLOW
    pub const SPEC_ALLOW: u32 = 1 << 2;
    /// SECCOMP_FILTER_FLAG_NEW_LISTENER
    pub const NEW_LISTENER: u32 = 1 << 3;
    /// SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
    pub const WAIT_KILLABLE_RECV: u32 = 1 << 5;
}

/// linux/bpf_common.h, `BPF_MAXINSNS`.
pub const MAXIMUM: usize = 4096;

/// linux/bpf_common.h: the operations that filters are made of.
pub mod op {
    /// BPF_LD | BPF_W | BPF_ABS: loads a word of `struct seccomp_data`.
    pub const LOAD: u16 = 0x20;
    /// BPF_ALU | BPF_AND | BPF_K
    pub const AND: u16 = 0x54;
    /// BPF_JMP | BPF_JA
    pub const JUMP: u16 = 0x05;
    /// BPF_JMP | BPF_JEQ | BPF_K
    pub const EQUAL: u16 = 0x15;
    /// BPF_JMP | BPF_JGT | BPF_K
    pub const GREATER: u16 = 0x25;
    /// BPF_JMP | BPF_JGE | BPF_K
    pub const GREATER_EQUAL: u16 = 0x35;
    /// BPF_JMP | BPF_JSET | BPF_K
    pub const ANY_BIT: u16 = 0x45;
    /// BPF_RET | BPF_K
    pub const RETURN: u16 = 0x06;
}

/// linux/seccomp.h: offsets in `struct seccomp_data`.
pub(crate) mod data {
    pub(crate) const NUMBER: u32 = 0;
    pub(crate) const ARCHITECTURE: u32 = 4;

    /// The low word of an argument. Every supported machine is little-endian.
    pub(crate) fn low(argument: u32) -> u32 {
        16 + 8 * argument
    }

    /// The high word of an argument.
    pub(crate) fn high(argument: u32) -> u32 {
        low(argument) + 4
    }
}

/// linux/seccomp.h: `SECCOMP_RET_*`.
pub mod verdict {
    /// SECCOMP_RET_KILL_PROCESS
    pub const KILL_PROCESS: u32 = 0x8000_0000;
    /// SECCOMP_RET_KILL_THREAD
    pub const KILL_THREAD: u32 = 0;
    /// SECCOMP_RET_TRAP
    pub const TRAP: u32 = 0x0003_0000;
    /// SECCOMP_RET_ERRNO; the low 16 bits are the errno.
    pub const ERRNO: u32 = 0x0005_0000;
    /// SECCOMP_RET_TRACE; the low 16 bits are the tracer's.
    pub const TRACE: u32 = 0x7ff0_0000;
    /// SECCOMP_RET_USER_NOTIF
    pub const NOTIFY: u32 = 0x7fc0_0000;
    /// SECCOMP_RET_LOG
    pub const LOG: u32 = 0x7ffc_0000;
    /// SECCOMP_RET_ALLOW
    pub const ALLOW: u32 = 0x7fff_0000;
    /// SECCOMP_RET_ERRNO with ENOSYS
    pub const NO_SUCH_CALL: u32 = ERRNO | 38;
}
