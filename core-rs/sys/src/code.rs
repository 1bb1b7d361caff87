//! This program's own code in memory.
#![allow(unsafe_code)]

use std::ptr::addr_of;

unsafe extern "C" {
    /// Where the linker put the program's first byte. ld(1)
    static __executable_start: u8;
    /// The first byte after its code.
    static etext: u8;
}

/// Takes the code that was used so far out of this process's memory: what is needed again is mapped again as it is needed.
///
/// For a process that has done nearly all that it will ever do, and now waits. madvise(2), MADV_DONTNEED: the pages are those of a file and
/// were never written to. Where it fails, the process is a little larger.
pub fn let_go() {
    let (start, end) = (addr_of!(__executable_start) as usize, addr_of!(etext) as usize);
    let page = rustix::param::page_size();
    let length = (end - start) / page * page;
    // SAFETY: the range is the program's read-only code and constants, mapped privately from its file by execve(2) from a page's start on; what is
    // let go is read from the file again.
    let _ = unsafe { libc::madvise(start as *mut libc::c_void, length, libc::MADV_DONTNEED) };
}

#[cfg(test)]
mod tests {
    #[test]
    fn let_go_leaves_code_that_runs() {
        super::let_go();
        assert_eq!("12".parse::<u32>().map(|number| number * 2), Ok(24));
    }
}
