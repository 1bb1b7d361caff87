//! Loads the program that follows and the loader that it names.
//!
//! A glibc that is too old is not looked for here: its version is in a file that only the loader finds, and ld.so(8) itself
//! says in one line which version it lacks. What would fail obscurely is said here: no loader, musl's, a damaged file.

use std::ffi::{CStr, OsStr};
use std::fs::File;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::FileExt as _;

use super::elf::{Defect, HEAD_LENGTH, Image, Window};
use super::failure::Failure;
use super::hand_over::hand_over_core;
use super::map::{link_text, map};
use super::marker::Marker;

/// The file that the kernel started. A magic link of procfs: it leads there even when the file was renamed or removed.
const OWN_FILE: &str = "/proc/self/exe";

const HINT_GLIBC: &str = "masu needs the GNU C library (glibc) 2.28 or newer; musl (Alpine) and gcompat are not enough. \
                          Run masu on a system with glibc, or in a chroot of one";
const HINT_PROC: &str = "masu needs /proc: mount -t proc proc /proc";
const HINT_COPY: &str = "The copy is damaged: install masu again";

/// Where the program and its loader were mapped: what the loader expects in the auxiliary vector, and its first instruction.
pub(super) struct Target {
    /// AT_PHDR
    pub(super) headers: usize,
    /// AT_PHNUM
    pub(super) header_count: usize,
    /// AT_ENTRY
    pub(super) entry: usize,
    /// AT_BASE
    pub(super) loader_base: usize,
    /// The loader's entry point.
    pub(super) start: usize,
}

/// Maps the program and its loader.
pub(super) fn load(marker: &Marker, page: usize) -> Result<Target, Failure> {
    let file = File::open(OWN_FILE).map_err(|error| open_failed(OWN_FILE, &error, HINT_PROC))?;
    let window = own_window(&file, marker)?;
    let mut head = [0; HEAD_LENGTH];
    let image = read_image(&file, window, &mut head, OWN_FILE).map_err(|failure| failure.hint(HINT_COPY))?;
    let name = image.loader().map_err(|defect| damaged(OWN_FILE, defect))?;
    let (loader_base, start) = load_loader(name, page)?;

    let layout = image.layout(window, page).map_err(|defect| damaged(OWN_FILE, defect))?;
    let base = map(&file, &layout).map_err(|error| Failure::from_io("Load", OWN_FILE, &error, "mmap"))?;
    hand_over_core(&file, marker);
    Ok(Target {
        headers: base.wrapping_add(layout.headers),
        header_count: layout.header_count,
        entry: base.wrapping_add(layout.entry),
        loader_base,
        start,
    })
}

/// Where in this file the program is, once it is certain that this is the file that was joined, and all of it.
fn own_window(file: &File, marker: &Marker) -> Result<Window, Failure> {
    let length = length_of(file, OWN_FILE)?;
    let expected = marker.program_at.saturating_add(marker.program_length);
    if length == expected {
        return Ok(Window { at: marker.program_at, length: marker.program_length });
    }
    // gcompat, in glibc's place, executes musl's loader on this file: then the kernel's "own file" is that loader.
    let own = std::fs::read_link(OWN_FILE).unwrap_or_else(|_| OWN_FILE.into());
    let failure = Failure::new("Load", &own.to_string_lossy(), format!("It has {length} bytes instead of {expected}"));
    Err(failure.hint(if mentions_musl(own.as_os_str().as_bytes()) { HINT_GLIBC } else { HINT_COPY }))
}

/// Maps the loader; returns its base and its entry point.
fn load_loader(name: &CStr, page: usize) -> Result<(usize, usize), Failure> {
    let path = OsStr::from_bytes(name.to_bytes());
    let shown = &*path.to_string_lossy();
    if link_text(name, &mut [0; 256]).is_some_and(mentions_musl) {
        return Err(Failure::new("Load", shown, "It is the loader of musl, not of glibc").hint(HINT_GLIBC));
    }
    let file = File::open(path).map_err(|error| open_failed(shown, &error, HINT_GLIBC))?;
    let window = Window { at: 0, length: length_of(&file, shown)? };
    let mut head = [0; HEAD_LENGTH];
    let image = read_image(&file, window, &mut head, shown)?;
    let layout = image.layout(window, page).map_err(|defect| Failure::from_defect(shown, defect))?;
    let base = map(&file, &layout).map_err(|error| Failure::from_io("Load", shown, &error, "mmap"))?;
    Ok((base, base.wrapping_add(layout.entry)))
}

fn length_of(file: &File, name: &str) -> Result<usize, Failure> {
    let metadata = file.metadata().map_err(|error| Failure::from_io("Load", name, &error, "statx"))?;
    usize::try_from(metadata.len()).map_err(|_| Failure::from_defect(name, Defect::Truncated))
}

/// Reads the beginning of the image into `head`.
fn read_image<'head>(
    file: &File,
    window: Window,
    head: &'head mut [u8; HEAD_LENGTH],
    name: &str,
) -> Result<Image<'head>, Failure> {
    let length = window.length.min(HEAD_LENGTH);
    file.read_exact_at(&mut head[..length], window.at as u64).map_err(|error| match error.kind() {
        io::ErrorKind::UnexpectedEof => Failure::from_defect(name, Defect::Truncated),
        _ => Failure::from_io("Load", name, &error, "pread"),
    })?;
    Image::parse(&head[..length]).map_err(|defect| Failure::from_defect(name, defect))
}

fn open_failed(name: &str, error: &io::Error, hint: &'static str) -> Failure {
    let failure = Failure::from_io("Load", name, error, "open");
    // Any other errno is about permissions or limits, which the hint does not help with.
    if error.raw_os_error() == Some(libc::ENOENT) { failure.hint(hint) } else { failure }
}

fn damaged(name: &str, defect: Defect) -> Failure {
    Failure::from_defect(name, defect).hint(HINT_COPY)
}

fn mentions_musl(path: &[u8]) -> bool {
    path.windows(4).any(|part| part == b"musl")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn load_loader_names_the_missing_file_and_glibc() {
        let failure = load_loader(c"/nonexistent/ld.so", 4096).map(drop).unwrap_err().to_string();
        assert!(
            failure.starts_with("masu: Load \"/nonexistent/ld.so\": No such file or directory (ENOENT from open(2))\n")
        );
        assert!(failure.contains("hint: masu needs the GNU C library"), "{failure}");
    }

    #[test]
    fn load_loader_refuses_what_is_not_elf() {
        let failure = load_loader(c"/proc/self/status", 4096).map(drop).unwrap_err().to_string();
        assert_eq!(failure, "masu: Load \"/proc/self/status\": Not a 64-bit ELF file\n");
    }

    #[test]
    fn load_loader_recognises_musl_behind_a_link() {
        let directory = std::env::temp_dir().join(format!("masu-front-{}", std::process::id()));
        std::fs::create_dir(&directory).unwrap();
        let link = directory.join("ld-linux.so.2");
        std::os::unix::fs::symlink("/lib/ld-musl-x86_64.so.1", &link).unwrap();
        let name = std::ffi::CString::new(link.as_os_str().as_bytes()).unwrap();
        let failure = load_loader(&name, 4096).map(drop).unwrap_err().to_string();
        std::fs::remove_dir_all(&directory).unwrap();
        assert!(failure.contains("It is the loader of musl, not of glibc\nhint: "), "{failure}");
    }

    #[test]
    fn own_window_refuses_a_file_of_another_length() {
        let file = File::open(OWN_FILE).unwrap();
        let failure = own_window(&file, &super::super::marker::read()).map(drop).unwrap_err().to_string();
        assert!(failure.contains(" bytes instead of 0\nhint: The copy is damaged"), "{failure}");
    }
}
