//! Hands a seccomp listener over while the process that has the filter does nothing but wait: any call of its could be one that the listener
//! is asked about. seccomp_unotify(2)
//!
//! Two ways, by who sends the descriptor: [`load_and_hand_over`] starts a helper that shares memory and descriptors and is not filtered;
//! [`SharedNumber`] tells the number to a parent that shares the descriptors.
#![allow(unsafe_code)]

use crate::clone::arch;
use crate::error::{Result, SysError, check, named};
use crate::seccomp::{Instruction, load_with_listener};
use rustix::mm::{MapFlags, ProtFlags};
use std::os::fd::{AsRawFd, BorrowedFd};
use std::ptr::NonNull;
use std::sync::atomic::{AtomicI32, AtomicU32, Ordering};

/// The helper makes calls with few arguments; its stack is ample.
const STACK_BYTES: usize = 16 << 10;
/// No descriptor yet.
const NOT_YET: i32 = -1;
/// There will be none.
const NEVER: i32 = -2;
/// What the waiting process does besides, once the helper's memory is gone: its parent's signal is still to be sent.
const SPINS_AT_THE_END: u32 = 100_000;

/// What is sent where.
#[derive(Clone, Copy, Debug)]
pub struct Notice<'a> {
    /// A connected stream socket of whoever listens.
    pub socket: BorrowedFd<'a>,
    /// Goes with the descriptor.
    pub text: &'a [u8],
    /// Gets `complaint` where the descriptor could not be sent: this process cannot say so any more.
    pub supervisor: BorrowedFd<'a>,
    /// What it gets.
    pub complaint: &'a [u8],
}

/// One descriptor as ancillary data of sendmsg(2): CMSG_SPACE of one number, aligned as a header.
#[repr(C, align(8))]
struct Control {
    header: libc::cmsghdr,
    number: i32,
    padding: i32,
}

/// What the helper runs on, reads and writes. It stays where it is.
#[repr(C, align(16))]
struct Shared {
    stack: [u8; STACK_BYTES],
    /// The listener's number, or why there is none. Written by the filtered process.
    number: AtomicI32,
    /// errno(3) of the helper; 0: it was sent.
    failure: AtomicI32,
    /// Not 0 as long as the helper can execute anything: the kernel clears it (CLONE_CHILD_CLEARTID).
    helper: AtomicU32,
    parent: libc::c_long,
    socket: libc::c_long,
    supervisor: libc::c_long,
    complaint: (*const u8, usize),
    message: libc::msghdr,
    text: libc::iovec,
    control: Control,
}

/// Loads a filter with SECCOMP_FILTER_FLAG_NEW_LISTENER, and returns when the listener was sent and its descriptor here is closed.
///
/// From seccomp(2) on this process makes no call, and its few KiB for the helper stay. The helper is gone when this returns: nothing that is executed next finds an unfiltered
/// process. It leaves no zombie, but for the moment in which the kernel ends it.
/// Errors: of seccomp(2) and clone(2); of sendmsg(2): the filter is loaded, the complaint was sent, and this process must end.
pub fn load_and_hand_over(flags: u32, instructions: &[Instruction], notice: &Notice<'_>) -> Result<()> {
    leave_no_zombies()?;
    // Never freed: that could be a system call, too.
    let place: *mut Shared = Box::leak(Box::new(Shared::new(notice)));
    // SAFETY: it does not move, and nobody else has it yet.
    unsafe {
        (*place).text.iov_base = notice.text.as_ptr().cast_mut().cast();
        (*place).message.msg_iov = &raw mut (*place).text;
        (*place).message.msg_control = (&raw mut (*place).control).cast();
    }
    start_helper(place)?;
    let loaded = load_with_listener(flags, instructions);
    // SAFETY: shared with the helper are atomics only, as long as that runs.
    let (number, failure, helper) = unsafe { (&(*place).number, &(*place).failure, &(*place).helper) };
    number.store(*loaded.as_ref().unwrap_or(&NEVER), Ordering::Release);
    while helper.load(Ordering::Acquire) != 0 {
        std::hint::spin_loop();
    }
    (0..SPINS_AT_THE_END).for_each(|_| std::hint::spin_loop());
    match (loaded, failure.load(Ordering::Acquire)) {
        (Err(error), _) => Err(error),
        (Ok(_), 0) => Ok(()),
        (Ok(_), errno) => Err(SysError::new("sendmsg", errno)),
    }
}

impl Shared {
    fn new(notice: &Notice<'_>) -> Self {
        // SAFETY: a header of zeros is an empty one.
        let (mut message, header): (libc::msghdr, libc::cmsghdr) = unsafe { (std::mem::zeroed(), std::mem::zeroed()) };
        let mut control = Control { header, number: NOT_YET, padding: 0 };
        // CMSG_LEN of one number.
        control.header.cmsg_len = (size_of::<libc::cmsghdr>() + size_of::<i32>()) as _;
        (control.header.cmsg_level, control.header.cmsg_type) = (libc::SOL_SOCKET, libc::SCM_RIGHTS);
        message.msg_iovlen = 1;
        message.msg_controllen = size_of::<Control>() as _;
        Self {
            stack: [0; STACK_BYTES],
            number: AtomicI32::new(NOT_YET),
            failure: AtomicI32::new(0),
            helper: AtomicU32::new(1),
            // SAFETY: getpid reads no memory.
            parent: unsafe { libc::getpid() }.into(),
            socket: notice.socket.as_raw_fd().into(),
            supervisor: notice.supervisor.as_raw_fd().into(),
            complaint: (notice.complaint.as_ptr(), notice.complaint.len()),
            message,
            text: libc::iovec { iov_base: std::ptr::null_mut(), iov_len: notice.text.len() },
            control,
        }
    }
}

/// sigaction(2) SA_NOCLDWAIT: a child that ends is nobody's to wait for. execve(2) takes it back; a SIGCHLD that is ignored stays so.
fn leave_no_zombies() -> Result<()> {
    // SAFETY: sigaction reads and writes one structure each; one of zeros is SIG_DFL without flags.
    unsafe {
        let (mut old, mut new): (libc::sigaction, libc::sigaction) = (std::mem::zeroed(), std::mem::zeroed());
        check("sigaction", libc::sigaction(libc::SIGCHLD, std::ptr::null(), &raw mut old).into())?;
        if old.sa_sigaction == libc::SIG_IGN {
            return Ok(());
        }
        new.sa_flags = libc::SA_NOCLDWAIT;
        check("sigaction", libc::sigaction(libc::SIGCHLD, &raw const new, std::ptr::null_mut()).into()).map(drop)
    }
}

fn start_helper(shared: *mut Shared) -> Result<()> {
    let flags = libc::CLONE_VM | libc::CLONE_FILES | libc::CLONE_CHILD_CLEARTID | libc::SIGCHLD;
    // The helper has this process's handlers and must not run them.
    let mask = crate::signal::block_all()?;
    // SAFETY: the stack grows down from its end, which is aligned as `Shared` is; all lives until the helper is gone. `help` allocates
    // nothing, takes no lock and touches no thread-local storage.
    let pid = unsafe {
        let end = (&raw mut (*shared).stack).cast::<u8>().add(STACK_BYTES).cast::<libc::c_void>();
        let none = std::ptr::null_mut::<libc::c_void>();
        let helper = &raw mut (*shared).helper;
        libc::clone(help, end, flags, shared.cast(), none, none, helper)
    };
    let pid = check("clone", pid.into());
    crate::signal::set_mask(mask)?;
    pid.map(drop)
}

/// The helper's whole life.
extern "C" fn help(shared: *mut libc::c_void) -> libc::c_int {
    // SAFETY: the process that started it keeps `shared` until this has ended, and leaves all to it but `number`. Raw calls only: no errno,
    // no locks, no allocation.
    unsafe {
        let shared = shared.cast::<Shared>();
        arch::call(libc::SYS_prctl, [libc::PR_SET_PDEATHSIG.into(), libc::SIGKILL.into(), 0, 0, 0]);
        let number = loop {
            match (*shared).number.load(Ordering::Acquire) {
                NOT_YET => {
                    // It ended before it could be told of.
                    if arch::call(libc::SYS_getppid, [0; 5]) != (*shared).parent {
                        leave();
                    }
                    arch::call(libc::SYS_sched_yield, [0; 5]);
                }
                NEVER => leave(),
                number => break number,
            }
        };
        (*shared).control.number = number;
        let failure = send(shared);
        if failure != 0 {
            (*shared).failure.store(failure, Ordering::Release);
            let (text, length) = (*shared).complaint;
            send_all((*shared).supervisor, text, length);
        }
        arch::call(libc::SYS_close, [number.into(), 0, 0, 0, 0]);
        leave()
    }
}

/// Sends the descriptor and all of the text; returns errno(3), or 0.
///
/// # Safety
/// As [`help`].
unsafe fn send(shared: *mut Shared) -> i32 {
    // SAFETY: the caller's; the message points to what lives as long as `shared`.
    unsafe {
        let message = (&raw const (*shared).message) as libc::c_long;
        let sent = loop {
            let sent = arch::call(libc::SYS_sendmsg, [(*shared).socket, message, libc::MSG_NOSIGNAL.into(), 0, 0]);
            if sent != -libc::c_long::from(libc::EINTR) {
                break sent;
            }
        };
        let libc::iovec { iov_base, iov_len } = (*shared).text;
        match usize::try_from(sent) {
            Ok(sent) => send_all((*shared).socket, iov_base.cast::<u8>().add(sent), iov_len - sent),
            Err(_) => negated(sent),
        }
    }
}

/// # Safety
/// As [`help`]; `length` bytes can be read from `text` on.
unsafe fn send_all(socket: libc::c_long, mut text: *const u8, mut length: usize) -> i32 {
    while length > 0 {
        let flags = libc::MSG_NOSIGNAL.into();
        // SAFETY: the caller's. write(2) would raise SIGPIPE.
        let sent = unsafe { send_some(socket, text, length, flags) };
        match usize::try_from(sent) {
            // SAFETY: no more than `length` were sent.
            Ok(sent) => (text, length) = (unsafe { text.add(sent) }, length - sent),
            Err(_) if sent == -libc::c_long::from(libc::EINTR) => {}
            Err(_) => return negated(sent),
        }
    }
    0
}

/// sendmsg(2) of bytes alone.
///
/// # Safety
/// As [`send_all`].
unsafe fn send_some(socket: libc::c_long, text: *const u8, length: usize, flags: libc::c_long) -> libc::c_long {
    let mut part = libc::iovec { iov_base: text.cast_mut().cast(), iov_len: length };
    // SAFETY: a header of zeros is an empty one; all outlives the call.
    unsafe {
        let mut message: libc::msghdr = std::mem::zeroed();
        (message.msg_iov, message.msg_iovlen) = (&raw mut part, 1);
        arch::call(libc::SYS_sendmsg, [socket, (&raw const message) as libc::c_long, flags, 0, 0])
    }
}

fn negated(result: libc::c_long) -> i32 {
    i32::try_from(-result).unwrap_or(libc::EIO)
}

/// # Safety
/// As [`help`].
unsafe fn leave() -> ! {
    loop {
        // SAFETY: exit_group reads no memory.
        unsafe { arch::call(libc::SYS_exit_group, [0; 5]) };
    }
}

/// A number in memory that a process shares with the children that it forks.
#[derive(Debug)]
pub struct SharedNumber(NonNull<AtomicI32>);

impl SharedNumber {
    /// None yet. It stays until the process ends or executes another program.
    pub fn new() -> Result<Self> {
        let (protection, flags) = (ProtFlags::READ | ProtFlags::WRITE, MapFlags::SHARED);
        // SAFETY: a new mapping at a place of the kernel's choice.
        let mapped =
            unsafe { rustix::mm::mmap_anonymous(std::ptr::null_mut(), size_of::<AtomicI32>(), protection, flags) };
        let number =
            NonNull::new(named("mmap", mapped)?.cast::<AtomicI32>()).ok_or(SysError::new("mmap", libc::EIO))?;
        let shared = Self(number);
        shared.number().store(NOT_YET, Ordering::Release);
        Ok(shared)
    }

    fn number(&self) -> &AtomicI32 {
        // SAFETY: the mapping is never taken away, is large enough and aligned to a page.
        unsafe { self.0.as_ref() }
    }

    /// None: not yet. Some of none: there will be none.
    #[must_use]
    pub fn get(&self) -> Option<Option<i32>> {
        match self.number().load(Ordering::Acquire) {
            NOT_YET => None,
            NEVER => Some(None),
            number => Some(Some(number)),
        }
    }

    /// Loads a filter with SECCOMP_FILTER_FLAG_NEW_LISTENER and tells the listener's number, without a call in between or afterwards.
    pub fn load(&self, flags: u32, instructions: &[Instruction]) -> Result<()> {
        let loaded = load_with_listener(flags, instructions);
        self.number().store(*loaded.as_ref().unwrap_or(&NEVER), Ordering::Release);
        loaded.map(drop)
    }
}
