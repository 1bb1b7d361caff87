//! The place in this executable where the join tool writes what follows it. `tools/join.ts` has the same layout.

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
    /// The version that `--version` prints, padded with NUL.
    version: [u8; 40],
}

impl Marker {
    /// The version without its padding.
    pub(super) fn version(&self) -> &[u8] {
        let length = self.version.iter().position(|&byte| byte == 0);
        &self.version[..length.unwrap_or(self.version.len())]
    }
}

#[used]
static MARKER: Marker =
    Marker { magic: MAGIC, program_at: 0, program_length: 0, core_at: 0, core_length: 0, version: [0; 40] };

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
        assert_eq!(std::mem::size_of::<Marker>(), 96);
        assert_eq!(std::mem::offset_of!(Marker, program_at), 24);
        assert_eq!(std::mem::offset_of!(Marker, program_length), 32);
        assert_eq!(std::mem::offset_of!(Marker, core_at), 40);
        assert_eq!(std::mem::offset_of!(Marker, core_length), 48);
        assert_eq!(std::mem::offset_of!(Marker, version), 56);
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
