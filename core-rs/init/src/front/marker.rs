//! The place in this executable where the join tool writes what follows it. `tools/join.ts` has the same layout.

use std::os::fd::{AsFd, OwnedFd};

use masu_sys::error::SysError;
use masu_sys::memfd::sealed_executable_copy;

/// 24 bytes that occur once in this executable; the join tool finds the marker by them.
const MAGIC: [u8; 24] = *b"\x7fmasu: program follows\n\0";

/// What follows this executable in its file. All zero behind the magic until the join tool has written it.
#[repr(C)]
#[derive(Clone, Copy)]
pub(super) struct Marker {
    magic: [u8; 24],
    /// Where in the file the program begins, in bytes; 0: none follows.
    pub(super) program_at: usize,
    /// The program's length in bytes; the file ends with it.
    pub(super) program_length: usize,
    /// Where in the file the core is, which the program embeds; 0: not known.
    pub(super) core_at: u64,
    /// The core's length in bytes.
    pub(super) core_length: usize,
    /// The length of this executable in its file, before it was padded.
    pub(super) own_length: usize,
    /// Where in the file this marker is.
    pub(super) marker_at: u64,
    /// The version that `--version` prints, padded with NUL.
    version: [u8; 40],
}

impl Marker {
    /// Nothing follows.
    const UNJOINED: Self = Self {
        magic: MAGIC,
        program_at: 0,
        program_length: 0,
        core_at: 0,
        core_length: 0,
        own_length: 0,
        marker_at: 0,
        version: [0; 40],
    };

    /// The bytes of a marker.
    const LENGTH: usize = size_of::<Self>();

    /// The file's own beginning with nothing behind it, in sealed memory: the same bytes as the core's `init`.
    ///
    /// `file`: the joined file. Errors: those of memfd_create(2) and sendfile(2).
    pub(super) fn sealed_init(&self, file: impl AsFd) -> Result<OwnedFd, SysError> {
        let fields = [0; Self::LENGTH - MAGIC.len()];
        let fields_at = self.marker_at.saturating_add(MAGIC.len() as u64);
        sealed_executable_copy(c"masu", file, self.own_length, (fields_at, &fields))
    }

    /// The version without its padding.
    pub(super) fn version(&self) -> &[u8] {
        let length = self.version.iter().position(|&byte| byte == 0);
        &self.version[..length.unwrap_or(self.version.len())]
    }
}

#[used]
static MARKER: Marker = Marker::UNJOINED;

/// The marker as it is in the file.
#[expect(
    unsafe_code,
    reason = "a plain read would be folded to what the compiler saw, not to what the join tool wrote"
)]
pub(super) fn read() -> Marker {
    // SAFETY: `MARKER` is a valid, aligned static that nobody writes at run time, and any bytes are a valid Marker.
    unsafe { std::ptr::read_volatile(&raw const MARKER) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn read_finds_no_program_before_joining() {
        let marker = read();
        assert_eq!((marker.program_at, marker.program_length, marker.version()), (0, 0, &b""[..]));
        assert_eq!(marker.magic, MAGIC);
    }

    #[test]
    fn the_layout_is_the_one_of_the_join_tool() {
        assert_eq!(std::mem::size_of::<Marker>(), Marker::LENGTH);
        assert_eq!(Marker::LENGTH, 112);
        assert_eq!(std::mem::offset_of!(Marker, program_at), 24);
        assert_eq!(std::mem::offset_of!(Marker, program_length), 32);
        assert_eq!(std::mem::offset_of!(Marker, core_at), 40);
        assert_eq!(std::mem::offset_of!(Marker, core_length), 48);
        assert_eq!(std::mem::offset_of!(Marker, own_length), 56);
        assert_eq!(std::mem::offset_of!(Marker, marker_at), 64);
        assert_eq!(std::mem::offset_of!(Marker, version), 72);
    }

    #[test]
    fn version_ends_at_the_padding_or_the_field() {
        let mut marker = read();
        marker.version[..5].copy_from_slice(b"0.1.0");
        assert_eq!(marker.version(), b"0.1.0");
        marker.version = [b'9'; 40];
        assert_eq!(marker.version(), [b'9'; 40]);
    }
}
