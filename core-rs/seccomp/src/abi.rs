//! The kernel's calling conventions, as a seccomp filter sees them.

/// A calling convention with its own system call numbers. The value is its column in [`Row::numbers`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Abi {
    /// 64-bit calls of x86.
    X86_64,
    /// 64-bit calls with 32-bit pointers: the same audit architecture as x86-64, told apart by [`X32_BIT`].
    X32,
    /// 32-bit calls of x86.
    X86,
    /// 64-bit calls of Arm.
    Aarch64,
    /// 32-bit calls of Arm.
    Arm,
}

/// asm/unistd.h, `__X32_SYSCALL_BIT`.
pub const X32_BIT: u32 = 0x4000_0000;

/// Arm's private calls start here (asm/unistd.h, `__ARM_NR_BASE`); they say nothing about how new a call is.
pub(crate) const FIRST_PRIVATE: u32 = 0x000f_0000;

/// One system call: its number in each ABI, `u32::MAX` where there is none.
pub(crate) struct Row {
    pub(crate) name: &'static str,
    pub(crate) numbers: [u32; 5],
}

impl Row {
    /// The number that seccomp(2) sees in `seccomp_data.nr`.
    pub(crate) fn number(&self, abi: Abi) -> Option<u32> {
        let number = self.numbers[abi as usize];
        let bit = if abi == Abi::X32 { X32_BIT } else { 0 };
        (number != u32::MAX).then_some(number | bit)
    }
}

impl Abi {
    /// linux/audit.h, `AUDIT_ARCH_*`: what is in `seccomp_data.arch`.
    pub fn audit(self) -> u32 {
        match self {
            Self::X86_64 | Self::X32 => 0xc000_003e,
            Self::X86 => 0x4000_0003,
            Self::Aarch64 => 0xc000_00b7,
            Self::Arm => 0x4000_0028,
        }
    }

    /// Arguments are 64 bits wide. Of the others a filter compares the low word only, as libseccomp does.
    pub(crate) fn is_wide(self) -> bool {
        matches!(self, Self::X86_64 | Self::Aarch64)
    }
}

impl Abi {
    /// As libseccomp has it, without `SCMP_ARCH_`, in small letters.
    pub fn name(self) -> &'static str {
        match self {
            Self::X86_64 => "x86_64",
            Self::X32 => "x32",
            Self::X86 => "x86",
            Self::Aarch64 => "aarch64",
            Self::Arm => "arm",
        }
    }

    /// Whose kernel has it.
    pub fn machine(self) -> Machine {
        match self {
            Self::X86_64 | Self::X32 | Self::X86 => Machine::X86_64,
            Self::Aarch64 | Self::Arm => Machine::Aarch64,
        }
    }

    /// Of its name.
    pub fn of(name: &str) -> Option<Self> {
        [Self::X86_64, Self::X32, Self::X86, Self::Aarch64, Self::Arm].into_iter().find(|abi| abi.name() == name)
    }
}

/// What runs the filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Machine {
    /// x86-64, with the calls of x32 and x86.
    X86_64,
    /// aarch64, with the calls of 32-bit Arm.
    Aarch64,
}

impl Machine {
    /// The machine that this is compiled for.
    pub const HOST: Self = if cfg!(target_arch = "aarch64") { Self::Aarch64 } else { Self::X86_64 };

    /// Every ABI that this machine's kernel may know, its own first.
    pub fn abis(self) -> &'static [Abi] {
        match self {
            Self::X86_64 => &[Abi::X86_64, Abi::X32, Abi::X86],
            Self::Aarch64 => &[Abi::Aarch64, Abi::Arm],
        }
    }
}

/// OCI runtime-spec, config-linux.md, "Seccomp": the architectures of libseccomp.
/// `None`: a call of this architecture cannot occur on the machines that masu runs on.
pub(crate) const ARCHITECTURES: [(&str, Option<Abi>); 23] = [
    ("SCMP_ARCH_X86_64", Some(Abi::X86_64)),
    ("SCMP_ARCH_X32", Some(Abi::X32)),
    ("SCMP_ARCH_X86", Some(Abi::X86)),
    ("SCMP_ARCH_AARCH64", Some(Abi::Aarch64)),
    ("SCMP_ARCH_ARM", Some(Abi::Arm)),
    ("SCMP_ARCH_LOONGARCH64", None),
    ("SCMP_ARCH_M68K", None),
    ("SCMP_ARCH_MIPS", None),
    ("SCMP_ARCH_MIPS64", None),
    ("SCMP_ARCH_MIPS64N32", None),
    ("SCMP_ARCH_MIPSEL", None),
    ("SCMP_ARCH_MIPSEL64", None),
    ("SCMP_ARCH_MIPSEL64N32", None),
    ("SCMP_ARCH_PARISC", None),
    ("SCMP_ARCH_PARISC64", None),
    ("SCMP_ARCH_PPC", None),
    ("SCMP_ARCH_PPC64", None),
    ("SCMP_ARCH_PPC64LE", None),
    ("SCMP_ARCH_RISCV64", None),
    ("SCMP_ARCH_S390", None),
    ("SCMP_ARCH_S390X", None),
    ("SCMP_ARCH_SH", None),
    ("SCMP_ARCH_SHEB", None),
];

/// Calls that 32-bit x86 also makes through socketcall(2), 102, or ipc(2), 117, with this first argument. By name.
/// Source: linux/net.h, `SYS_*`; linux/ipc.h.
pub(crate) const MULTIPLEXED: [(&str, u32, u32); 32] = [
    ("accept", 102, 5),
    ("accept4", 102, 18),
    ("bind", 102, 2),
    ("connect", 102, 3),
    ("getpeername", 102, 7),
    ("getsockname", 102, 6),
    ("getsockopt", 102, 15),
    ("listen", 102, 4),
    ("msgctl", 117, 14),
    ("msgget", 117, 13),
    ("msgrcv", 117, 12),
    ("msgsnd", 117, 11),
    ("recv", 102, 10),
    ("recvfrom", 102, 12),
    ("recvmmsg", 102, 19),
    ("recvmsg", 102, 17),
    ("semctl", 117, 3),
    ("semget", 117, 2),
    ("semop", 117, 1),
    ("semtimedop", 117, 4),
    ("send", 102, 9),
    ("sendmmsg", 102, 20),
    ("sendmsg", 102, 16),
    ("sendto", 102, 11),
    ("setsockopt", 102, 14),
    ("shmat", 117, 21),
    ("shmctl", 117, 24),
    ("shmdt", 117, 22),
    ("shmget", 117, 23),
    ("shutdown", 102, 13),
    ("socket", 102, 1),
    ("socketpair", 102, 8),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_sorted_as_their_searches_need() {
        assert!(MULTIPLEXED.is_sorted_by_key(|row| row.0));
        assert!(crate::syscalls::SYSCALLS.is_sorted_by_key(|row| row.name));
    }
}
