//! What an ELF file wants mapped. Decided from the file's first bytes, which may be anything, and from nothing else.
//! Source: elf(5); the kernel's load_elf_binary for what a loader may expect.

use std::ffi::CStr;

/// How many of a file's first bytes are looked at. Header, program headers and the loader's name must lie in them, as every
/// linker puts them; the join tool checks it.
pub(super) const HEAD_LENGTH: usize = 4096;

/// More loadable segments than any linker makes.
const MAX_PARTS: usize = 16;

/// Above every address of a process without LA57 or LVA, which mmap(2) does not use unasked.
const ADDRESS_END: usize = 1 << 47;

const HEADER_LENGTH: usize = 64;
const PROGRAM_HEADER_LENGTH: usize = 56;
/// \x7fELF, 64 bits, little-endian, version 1.
const IDENT: [u8; 7] = *b"\x7fELF\x02\x01\x01";
const ET_DYN: usize = 3;
const PT_LOAD: usize = 1;
const PT_INTERP: usize = 3;
const PF_X: usize = 1;
const PF_W: usize = 2;
const PF_R: usize = 4;

#[cfg(target_arch = "x86_64")]
const MACHINE: usize = 62;
#[cfg(target_arch = "aarch64")]
const MACHINE: usize = 183;

/// Why a file cannot be mapped as a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Defect {
    /// No ELF magic, or not 64 bits and little-endian.
    NotElf,
    /// For another machine.
    OtherMachine,
    /// Not position-independent.
    FixedAddress,
    /// The headers or the loader's name are not in the file's first bytes.
    HeadersOutside,
    /// No PT_INTERP, or not an absolute name.
    NoLoader,
    /// No loadable segments, or more than [`MAX_PARTS`].
    SegmentCount,
    /// Segments that overlap, descend or are larger in the file than in memory.
    SegmentOrder,
    /// A segment whose place in the file does not fit the page size.
    Misaligned,
    /// A segment reaches behind the end of the file.
    Truncated,
    /// The entry point is not in an executable segment.
    NoEntry,
}

impl Defect {
    /// For a person.
    pub(super) fn cause(self) -> &'static str {
        match self {
            Self::NotElf => "Not a 64-bit ELF file",
            Self::OtherMachine => "Built for another kind of machine",
            Self::FixedAddress => "Not position-independent",
            Self::HeadersOutside => "Its ELF headers are not at the beginning of the file",
            Self::NoLoader => "It names no loader",
            Self::SegmentCount => "Not a possible number of loadable segments",
            Self::SegmentOrder => "Its segments overlap or are out of order",
            Self::Misaligned => "Its segments do not fit this system's page size",
            Self::Truncated => "The file ends before its segments do",
            Self::NoEntry => "Its entry point is not in executable memory",
        }
    }
}

/// The part of a file that is the ELF file.
#[derive(Clone, Copy, Debug)]
pub(super) struct Window {
    /// Where it begins, in bytes.
    pub(super) at: usize,
    /// Its length in bytes.
    pub(super) length: usize,
}

/// Memory protection of a segment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Protection {
    pub(super) read: bool,
    pub(super) write: bool,
    pub(super) execute: bool,
}

/// One loadable segment, in whole pages. Addresses are relative to the image's own zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Part {
    /// First address, a multiple of the page size.
    pub(super) start: usize,
    /// Bytes from `start` that are mapped from the file, whole pages.
    pub(super) from_file: usize,
    /// Where in the file these bytes are, a multiple of the page size.
    pub(super) file_at: usize,
    /// Bytes at the end of `from_file` that must read as zero, up to the page's end: behind the segment's own data the file
    /// goes on, and ld.so's first allocator takes the rest of its own last page, expecting zeros as the kernel leaves them.
    pub(super) clear: usize,
    /// Bytes of fresh memory behind `from_file`, whole pages.
    pub(super) fresh: usize,
    /// What the segment may be used for.
    pub(super) protection: Protection,
}

impl Part {
    fn end(&self) -> usize {
        self.start + self.from_file + self.fresh
    }
}

/// What to map, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Layout {
    parts: [Part; MAX_PARTS],
    count: usize,
    /// Alignment of the image's zero: the largest that a segment asks for, at least a page.
    pub(super) align: usize,
    /// Address of the program headers.
    pub(super) headers: usize,
    /// Number of the program headers.
    pub(super) header_count: usize,
    /// Address of the entry point.
    pub(super) entry: usize,
}

impl Layout {
    /// The segments in ascending order, not overlapping; at least one.
    pub(super) fn parts(&self) -> &[Part] {
        &self.parts[..self.count]
    }

    /// First address.
    pub(super) fn low(&self) -> usize {
        self.parts[0].start
    }

    /// Bytes from the first address to the end of the last segment.
    pub(super) fn span(&self) -> usize {
        self.parts[self.count - 1].end() - self.low()
    }
}

/// One program header.
struct Segment {
    kind: usize,
    flags: usize,
    offset: usize,
    address: usize,
    in_file: usize,
    in_memory: usize,
    align: usize,
}

/// A file's first bytes, with a header that makes sense.
#[derive(Clone, Copy, Debug)]
pub(super) struct Image<'head> {
    head: &'head [u8],
    /// Where the program headers are.
    table: &'head [u8],
    table_at: usize,
    entry: usize,
}

impl<'head> Image<'head> {
    /// Reads the header. `head` is the beginning of the file: all of it, or [`HEAD_LENGTH`] bytes.
    pub(super) fn parse(head: &'head [u8]) -> Result<Self, Defect> {
        if head.len() < HEADER_LENGTH || head[..IDENT.len()] != IDENT {
            return Err(Defect::NotElf);
        }
        if half(head, 18) != MACHINE {
            return Err(Defect::OtherMachine);
        }
        if half(head, 16) != ET_DYN {
            return Err(Defect::FixedAddress);
        }
        let (table_at, count) = (long(head, 32), half(head, 56));
        if half(head, 54) != PROGRAM_HEADER_LENGTH {
            return Err(Defect::HeadersOutside);
        }
        let table = slice(head, table_at, count * PROGRAM_HEADER_LENGTH).ok_or(Defect::HeadersOutside)?;
        Ok(Self { head, table, table_at, entry: long(head, 24) })
    }

    fn segments(&self) -> impl Iterator<Item = Segment> {
        self.table.chunks_exact(PROGRAM_HEADER_LENGTH).map(|header| Segment {
            kind: word(header, 0),
            flags: word(header, 4),
            offset: long(header, 8),
            address: long(header, 16),
            in_file: long(header, 32),
            in_memory: long(header, 40),
            align: long(header, 48),
        })
    }

    /// The absolute name of the loader.
    pub(super) fn loader(&self) -> Result<&'head CStr, Defect> {
        let segment = self.segments().find(|segment| segment.kind == PT_INTERP).ok_or(Defect::NoLoader)?;
        let bytes = slice(self.head, segment.offset, segment.in_file).ok_or(Defect::HeadersOutside)?;
        let name = CStr::from_bytes_with_nul(bytes).map_err(|_| Defect::NoLoader)?;
        if name.to_bytes().starts_with(b"/") { Ok(name) } else { Err(Defect::NoLoader) }
    }

    /// Decides what to map. `page` is the page size, `window` where in the file the image is.
    ///
    /// All parts lie between `low` and `low + span`, in ascending order, and in the window.
    pub(super) fn layout(&self, window: Window, page: usize) -> Result<Layout, Defect> {
        let mut layout = Layout {
            parts: [Part::default(); MAX_PARTS],
            count: 0,
            align: page,
            headers: 0,
            header_count: self.table.len() / PROGRAM_HEADER_LENGTH,
            entry: self.entry,
        };
        let (mut headers, mut entry_is_code) = (None, false);
        for segment in self.segments().filter(|segment| segment.kind == PT_LOAD && segment.in_memory > 0) {
            let part = segment.part(window, page)?;
            if layout.count > 0 && part.start < layout.parts[layout.count - 1].end() {
                return Err(Defect::SegmentOrder);
            }
            *layout.parts.get_mut(layout.count).ok_or(Defect::SegmentCount)? = part;
            layout.count += 1;
            layout.align = layout.align.max(segment.align);
            headers = headers.or_else(|| segment.address_of(self.table_at, self.table.len()));
            entry_is_code |= segment.holds_code_at(self.entry);
        }
        if layout.count == 0 {
            return Err(Defect::SegmentCount);
        }
        if !entry_is_code {
            return Err(Defect::NoEntry);
        }
        layout.headers = headers.ok_or(Defect::HeadersOutside)?;
        Ok(layout)
    }
}

impl Segment {
    fn part(&self, window: Window, page: usize) -> Result<Part, Defect> {
        let memory_end = self.address.checked_add(self.in_memory).filter(|&end| end <= ADDRESS_END);
        let memory_end = memory_end.ok_or(Defect::SegmentOrder)?;
        if self.in_file > self.in_memory {
            return Err(Defect::SegmentOrder);
        }
        let file_end = self.offset.checked_add(self.in_file).ok_or(Defect::Truncated)?;
        if file_end > window.length {
            return Err(Defect::Truncated);
        }
        let in_page = self.address % page;
        let align_is_possible = self.align <= 1 || self.align.is_power_of_two() && self.align <= ADDRESS_END;
        if !align_is_possible || self.offset % page != in_page || window.at % page != 0 {
            return Err(Defect::Misaligned);
        }
        let start = self.address - in_page;
        let data_end = in_page + self.in_file;
        let from_file = if self.in_file == 0 { 0 } else { data_end.next_multiple_of(page) };
        let protection =
            Protection { read: self.flags & PF_R != 0, write: self.flags & PF_W != 0, execute: self.flags & PF_X != 0 };
        Ok(Part {
            start,
            from_file,
            file_at: window.at + self.offset - in_page,
            clear: if protection.write && self.in_memory > self.in_file {
                from_file.saturating_sub(data_end)
            } else {
                0
            },
            fresh: (memory_end - start).next_multiple_of(page).saturating_sub(from_file),
            protection,
        })
    }

    /// The address of `length` bytes of the file from `offset`, if this segment maps them all.
    fn address_of(&self, offset: usize, length: usize) -> Option<usize> {
        let into = offset.checked_sub(self.offset)?;
        (into.checked_add(length)? <= self.in_file).then(|| self.address + into)
    }

    fn holds_code_at(&self, address: usize) -> bool {
        self.flags & PF_X != 0 && address.checked_sub(self.address).is_some_and(|into| into < self.in_file)
    }
}

fn slice(bytes: &[u8], at: usize, length: usize) -> Option<&[u8]> {
    bytes.get(at..at.checked_add(length)?)
}

/// The little-endian number of `N` bytes at `at`, which the caller has checked to be inside.
fn number<const N: usize>(bytes: &[u8], at: usize) -> usize {
    bytes[at..at + N].iter().rev().fold(0, |number, &byte| number << 8 | usize::from(byte))
}

fn half(bytes: &[u8], at: usize) -> usize {
    number::<2>(bytes, at)
}

fn word(bytes: &[u8], at: usize) -> usize {
    number::<4>(bytes, at)
}

fn long(bytes: &[u8], at: usize) -> usize {
    number::<8>(bytes, at)
}

// The numbers of a 64-bit ELF file are kept in usize.
const _: () = assert!(usize::BITS == 64);

#[cfg(test)]
#[path = "elf_test.rs"]
mod tests;
