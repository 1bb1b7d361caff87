//! Maps an image as execve(2) does: one reservation, then each segment over it.

use std::ffi::CStr;
use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd as _, RawFd};
use std::ptr;

use libc::{c_int, c_void};

use super::elf::{Layout, Part, Protection};

const ANONYMOUS: c_int = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;

/// Maps `layout` from `file`; returns the address of the image's zero. The image stays mapped until the process ends.
///
/// The kernel picks the place, at random unless personality(2) forbids it.
/// Errors: as mmap(2).
pub(super) fn map(file: &File, layout: &Layout) -> io::Result<usize> {
    let base = reserve(layout)?;
    for part in layout.parts() {
        map_part(file, part, base)?;
    }
    Ok(base)
}

/// Reserves room for the whole image, so that nothing else can lie between its segments, and returns where its zero is.
fn reserve(layout: &Layout) -> io::Result<usize> {
    let (low, span) = (layout.low(), layout.span());
    // mmap(2) aligns to pages only; what a larger alignment needs is reserved too, and stays unused and without memory.
    let slack = layout.align - 1;
    let length = span.checked_add(slack).ok_or_else(|| io::Error::from_raw_os_error(libc::ENOMEM))?;
    let start = reserve_anywhere(length)?;
    Ok((start.wrapping_sub(low) + slack) & !slack)
}

#[expect(unsafe_code, reason = "mmap(2)")]
fn reserve_anywhere(length: usize) -> io::Result<usize> {
    // SAFETY: without MAP_FIXED the kernel takes addresses that nothing uses.
    check(unsafe { libc::mmap(ptr::null_mut(), length, libc::PROT_NONE, ANONYMOUS | libc::MAP_NORESERVE, -1, 0) })
}

fn map_part(file: &File, part: &Part, base: usize) -> io::Result<()> {
    let address = base + part.start;
    if part.from_file > 0 {
        let source = Source { fd: file.as_raw_fd(), offset: part.file_at, flags: libc::MAP_PRIVATE };
        map_over(address, part.from_file, part.protection, source)?;
        if part.protection.write {
            populate(address, part.from_file);
        }
        clear(address + part.from_file - part.clear, part.clear);
    }
    if part.fresh > 0 {
        let source = Source { fd: -1, offset: 0, flags: ANONYMOUS };
        map_over(address + part.from_file, part.fresh, part.protection, source)?;
    }
    Ok(())
}

/// Where the bytes of a mapping come from.
struct Source {
    fd: RawFd,
    offset: usize,
    flags: c_int,
}

#[expect(unsafe_code, reason = "mmap(2)")]
fn map_over(address: usize, length: usize, protection: Protection, source: Source) -> io::Result<()> {
    let offset = libc::off_t::try_from(source.offset).map_err(|_| io::Error::from_raw_os_error(libc::EINVAL))?;
    let flags = source.flags | libc::MAP_FIXED;
    let address = ptr::without_provenance_mut::<c_void>(address);
    // SAFETY: `Layout` promises that all parts lie in its span, which `reserve` has just reserved for them; so MAP_FIXED
    // replaces nothing but that reservation.
    check(unsafe { libc::mmap(address, length, bits(protection), flags, source.fd, offset) })?;
    Ok(())
}

/// Makes private copies of a writable mapping's pages at once: the loader's relocations write to nearly all of them, and one
/// call costs half of what as many faults do.
#[expect(unsafe_code, reason = "madvise(2)")]
fn populate(address: usize, length: usize) {
    // SAFETY: the range is a mapping that `map_over` has just made, and the advice leaves its content as it is. Kernels before
    // 5.14 do not know it (EINVAL), and fault as ever.
    unsafe { libc::madvise(ptr::with_exposed_provenance_mut::<c_void>(address), length, libc::MADV_POPULATE_WRITE) };
}

/// Makes the last bytes of a writable mapping zero.
#[expect(unsafe_code, reason = "writes to a mapping that Rust does not know of")]
fn clear(address: usize, length: usize) {
    // SAFETY: `length` is the end of a private mapping that `map_over` has just made, less than a page of it, and
    // `Part::clear` is not 0 only for writable ones; the file reaches into that page, so that it can be touched.
    unsafe { ptr::write_bytes(ptr::with_exposed_provenance_mut::<u8>(address), 0, length) };
}

fn bits(protection: Protection) -> c_int {
    let bit = |is_set, bit| if is_set { bit } else { 0 };
    bit(protection.read, libc::PROT_READ)
        | bit(protection.write, libc::PROT_WRITE)
        | bit(protection.execute, libc::PROT_EXEC)
}

fn check(address: *mut c_void) -> io::Result<usize> {
    if address == libc::MAP_FAILED { Err(io::Error::last_os_error()) } else { Ok(address.expose_provenance()) }
}

/// The text of the symbolic link `path`, cut to `buffer`; None when it is not one.
#[expect(
    unsafe_code,
    reason = "readlink(2) without the memory that std's needs: the program's own break begins at our end"
)]
pub(super) fn link_text<'buffer>(path: &CStr, buffer: &'buffer mut [u8]) -> Option<&'buffer [u8]> {
    // SAFETY: `path` ends with NUL, and readlink writes at most the buffer's length.
    let length = unsafe { libc::readlink(path.as_ptr(), buffer.as_mut_ptr().cast(), buffer.len()) };
    buffer.get(..usize::try_from(length).ok()?)
}
