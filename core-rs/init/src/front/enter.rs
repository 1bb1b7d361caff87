//! The jump: this process becomes the program that follows.

use super::failure::Failure;
use super::load::Target;
use super::stack::Stack;

const AT_PHDR: usize = 3;
const AT_PHNUM: usize = 5;
const AT_BASE: usize = 7;
const AT_ENTRY: usize = 9;

/// Starts the loader on the kernel's stack, as execve(2) would have. Returns only with a failure.
///
/// What of this program stays: its mappings, and the break where its libc left it. Thread-local storage, the robust list and
/// the thread id's address are the kernel's for one libc at a time, and the new libc sets its own. The kernel's own copy of the
/// auxiliary vector (/proc/PID/auxv, NT_AUXV of a core dump) goes on describing this program: changing it takes prctl(2)'s
/// PR_SET_MM_MAP with values from /proc/PID/stat, on every start, for debuggers of a stripped program only.
pub(super) fn enter(mut stack: Stack, target: &Target) -> Result<i32, Failure> {
    let corrected = correct(stack.auxiliary(), target);
    if corrected != 4 {
        return Err(Failure::new("Start", "masu", "The kernel's auxiliary vector lacks what a loader needs"));
    }
    rseq::unregister();
    jump(stack, target.start)
}

/// Lets the auxiliary vector describe the new program; returns how many of its four entries were there.
fn correct(auxiliary: &mut [usize], target: &Target) -> usize {
    let mut corrected = 0;
    for entry in auxiliary.chunks_exact_mut(2) {
        entry[1] = match entry[0] {
            AT_PHDR => target.headers,
            AT_PHNUM => target.header_count,
            AT_BASE => target.loader_base,
            AT_ENTRY => target.entry,
            _ => continue,
        };
        corrected += 1;
    }
    corrected
}

/// Gives the stack back as the kernel made it and goes to `start`.
#[expect(unsafe_code, reason = "leaves this program")]
fn jump(stack: Stack, start: usize) -> ! {
    let stack = stack.into_pointer();
    // SAFETY: `start` is the entry point of a loader that `load` has mapped, in an executable segment. It is entered as the
    // x86-64 System V ABI's "Process Initialization" says: argc at the stack pointer, rdx 0 (no function to register with
    // atexit), rbp 0. Nothing of this program runs again, so that no live value is lost with its stack frames.
    #[cfg(target_arch = "x86_64")]
    unsafe {
        std::arch::asm!(
            "mov rsp, rax",
            "xor edx, edx",
            "xor ebp, ebp",
            "jmp rcx",
            in("rax") stack, in("rcx") start,
            options(noreturn),
        )
    }
    // SAFETY: as above; the AArch64 ABI wants argc at the stack pointer and, as the kernel leaves it, x0 0. x16 may be jumped
    // from to a `bti c`.
    #[cfg(target_arch = "aarch64")]
    unsafe {
        std::arch::asm!(
            "mov sp, x9",
            "mov x0, xzr",
            "mov x29, xzr",
            "mov x30, xzr",
            "br x16",
            in("x9") stack, in("x16") start,
            options(noreturn),
        )
    }
}

/// The area for restartable sequences, one a thread, which glibc 2.35 and newer register with the kernel.
mod rseq {
    use std::arch::asm;

    /// What the libc that registered the area said to recognise it by, RSEQ_SIG.
    #[cfg(target_arch = "x86_64")]
    const SIGNATURE: u32 = 0x5305_3053;
    #[cfg(target_arch = "aarch64")]
    const SIGNATURE: u32 = 0xd428_bc00;

    /// RSEQ_FLAG_UNREGISTER of rseq(2).
    const UNREGISTER: i32 = 1;

    /// The size of the first version of the area, and the unit of later ones.
    const AREA: usize = 32;

    /// Makes room for the new libc's own area: the kernel knows one a thread, and would go on writing to this one.
    ///
    /// Where it fails, the kernel goes on with this area, which stays mapped, and the new libc does without.
    #[expect(unsafe_code, reason = "rseq(2)")]
    pub(super) fn unregister() {
        let Some((area, size)) = registered() else {
            return;
        };
        // glibc registers the first version's size or more, later versions what the kernel's features need (AT_RSEQ_FEATURE_SIZE).
        for length in [size.max(AREA), size.next_multiple_of(AREA)] {
            // SAFETY: unregistering makes the kernel forget the area; nothing of this program uses it.
            let result = unsafe { libc::syscall(libc::SYS_rseq, area, length, UNREGISTER, SIGNATURE) };
            if result == 0 {
                return;
            }
        }
    }

    /// Address and size of the area that this program's libc has registered.
    #[expect(unsafe_code, reason = "symbols that only newer libcs have")]
    fn registered() -> Option<(usize, usize)> {
        let (offset, size): (*const isize, *const u32);
        let thread: usize;
        // SAFETY: reads the thread pointer, which every libc keeps at fs:0, and the addresses of two symbols, which are 0
        // where libc does not have them: weak, because glibc before 2.35 has not.
        #[cfg(target_arch = "x86_64")]
        unsafe {
            asm!(
                ".weak __rseq_offset",
                ".weak __rseq_size",
                "mov {offset}, qword ptr [rip + __rseq_offset@GOTPCREL]",
                "mov {size}, qword ptr [rip + __rseq_size@GOTPCREL]",
                "mov {thread}, qword ptr fs:[0]",
                offset = out(reg) offset, size = out(reg) size, thread = out(reg) thread,
                options(nostack, preserves_flags, readonly),
            );
        }
        // SAFETY: as above; the thread pointer is a register of its own.
        #[cfg(target_arch = "aarch64")]
        unsafe {
            asm!(
                ".weak __rseq_offset",
                ".weak __rseq_size",
                "adrp {offset}, :got:__rseq_offset",
                "ldr {offset}, [{offset}, :got_lo12:__rseq_offset]",
                "adrp {size}, :got:__rseq_size",
                "ldr {size}, [{size}, :got_lo12:__rseq_size]",
                "mrs {thread}, tpidr_el0",
                offset = out(reg) offset, size = out(reg) size, thread = out(reg) thread,
                options(nostack, preserves_flags, readonly),
            );
        }
        if offset.is_null() || size.is_null() {
            return None;
        }
        // SAFETY: both are symbols of glibc: `const ptrdiff_t __rseq_offset; const unsigned int __rseq_size;`, set before main.
        let (offset, size) = unsafe { (*offset, *size) };
        (size > 0).then(|| (thread.wrapping_add_signed(offset), size as usize))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TARGET: Target =
        Target { headers: 0x1040, header_count: 12, entry: 0x2000, loader_base: 0x3000, start: 0x3100 };

    #[test]
    fn correct_changes_the_four_entries_of_the_image_and_no_other() {
        let mut auxiliary = [33, 1, 3, 0, 4, 56, 5, 0, 6, 4096, 7, 0, 9, 0, 31, 77];
        assert_eq!(correct(&mut auxiliary, &TARGET), 4);
        assert_eq!(auxiliary, [33, 1, 3, 0x1040, 4, 56, 5, 12, 6, 4096, 7, 0x3000, 9, 0x2000, 31, 77]);
    }

    #[test]
    fn correct_says_how_many_were_missing() {
        assert_eq!(correct(&mut [6, 4096, 3, 0], &TARGET), 1);
    }
}
