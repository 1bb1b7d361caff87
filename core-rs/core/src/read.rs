//! Op `read`: bytes of a file that others write, as text.

use masu_steps::failure::failed;
use masu_sys::descriptor::duplicate_number;
use masu_sys::error::SysError;
use masu_wire::error::CoreError;
use masu_wire::follow::{ReadReply, ReadRequest};
use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags, Statx, StatxFlags, open, statx};
use rustix::io::{Errno, retry_on_intr};
use std::fs::File;
use std::os::fd::{AsFd, IntoRawFd};
use std::os::unix::fs::FileExt;

/// One read takes no more.
const MAX_BYTES: u32 = 1 << 20;

/// Reads what is there; a file that is not there is none. Where nothing is wanted of it, it is not opened, and may be of any kind.
pub(crate) fn read(request: ReadRequest) -> Result<ReadReply, CoreError> {
    match read_file(&request) {
        Ok(reply) => Ok(reply),
        Err(error) if error.errno == Errno::NOENT.raw_os_error() => {
            Ok(ReadReply { file: None, size: 0, text: String::new(), next: request.offset, descriptor: None })
        }
        Err(error) => Err(failed(format!("Read {:?}", request.path), error)),
    }
}

fn read_file(request: &ReadRequest) -> Result<ReadReply, SysError> {
    let only_looks = request.bytes == 0 && !request.keep && request.descriptor.is_none();
    if only_looks {
        let (identity, status) = identify(CWD, &request.path).map_err(|errno| of("statx", errno))?;
        return Ok(ReadReply {
            file: Some(identity),
            size: status.stx_size,
            text: String::new(),
            next: request.offset,
            descriptor: None,
        });
    }
    let file = match request.descriptor {
        Some(number) => File::from(duplicate_number(number)?),
        None => open_file(&request.path)?,
    };
    let (identity, status) = identify(file.as_fd(), "").map_err(|errno| of("statx", errno))?;
    if FileType::from_raw_mode(status.stx_mode.into()) != FileType::RegularFile {
        return Err(of("read", Errno::INVAL));
    }
    let size = status.stx_size;
    let wanted = u64::from(request.bytes.min(MAX_BYTES)).min(size.saturating_sub(request.offset));
    let mut bytes = vec![0; usize::try_from(wanted).unwrap_or(0)];
    let mut filled = 0;
    while let Some(rest) = bytes.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match file.read_at(rest, request.offset + filled as u64) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(SysError::from_io("pread", &error)),
        }
    }
    bytes.truncate(filled);
    let is_full = filled >= usize::try_from(request.bytes).unwrap_or(usize::MAX);
    bytes.truncate(if request.lines { whole_lines(&bytes, is_full) } else { whole_characters(&bytes) });
    let next = request.offset + bytes.len() as u64;
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let descriptor = request.keep.then(|| file.into_raw_fd());
    Ok(ReadReply { file: Some(identity), size, text, next, descriptor })
}

fn open_file(path: &str) -> Result<File, SysError> {
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let file = retry_on_intr(|| open(path, flags, Mode::empty()));
    file.map(File::from).map_err(|errno| of("open", errno))
}

fn of(call: &'static str, errno: Errno) -> SysError {
    SysError::new(call, errno.raw_os_error())
}

/// Which file it is. With its birth, because inode numbers are used again.
pub(crate) fn identify(place: impl AsFd, path: &str) -> rustix::io::Result<(String, Statx)> {
    let flags = AtFlags::EMPTY_PATH | AtFlags::SYMLINK_NOFOLLOW;
    let status = statx(place, path, flags, StatxFlags::BASIC_STATS | StatxFlags::BTIME)?;
    let birth = (status.stx_btime.tv_sec, status.stx_btime.tv_nsec);
    let device = (status.stx_dev_major, status.stx_dev_minor);
    let identity = format!("{}:{}-{}-{}.{:09}", device.0, device.1, status.stx_ino, birth.0, birth.1);
    Ok((identity, status))
}

/// Up to the last newline; without one, everything or nothing.
fn whole_lines(bytes: &[u8], is_full: bool) -> usize {
    match bytes.iter().rposition(|byte| *byte == b'\n') {
        Some(end) => end + 1,
        None if is_full => whole_characters(bytes),
        None => 0,
    }
}

/// How much of it does not end within a UTF-8 sequence.
fn whole_characters(bytes: &[u8]) -> usize {
    match std::str::from_utf8(bytes) {
        // No error length: more bytes could complete it.
        Err(error) if error.error_len().is_none() => error.valid_up_to(),
        Err(_) => bytes.len() - incomplete_end(bytes),
        Ok(_) => bytes.len(),
    }
}

/// After an earlier mistake: the length of a sequence that the last bytes begin.
fn incomplete_end(bytes: &[u8]) -> usize {
    let ends = (1..=bytes.len().min(3)).filter(|length| {
        let end = bytes.get(bytes.len() - length..).unwrap_or_default();
        matches!(std::str::from_utf8(end), Err(error) if error.error_len().is_none() && error.valid_up_to() == 0)
    });
    ends.max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    struct Scratch(PathBuf);

    impl Drop for Scratch {
        fn drop(&mut self) {
            std::fs::remove_file(&self.0).unwrap();
        }
    }

    fn file(name: &str, content: &[u8]) -> Scratch {
        let path = std::env::temp_dir().join(format!("masu-read-{name}-{}", std::process::id()));
        std::fs::write(&path, content).unwrap();
        Scratch(path)
    }

    fn request(path: &Scratch, offset: u64, bytes: u32, lines: bool) -> ReadReply {
        read(ReadRequest {
            path: path.0.to_str().unwrap().to_owned(),
            offset,
            bytes,
            lines,
            descriptor: None,
            keep: false,
        })
        .unwrap()
    }

    /// Content, offset, bytes, lines; text and next.
    type Row = (&'static [u8], u64, u32, bool, &'static str, u64);

    #[test]
    fn read_does_what_its_table_says() {
        let rows: [Row; 11] = [
            (b"one\ntwo\n", 0, 100, false, "one\ntwo\n", 8),
            (b"one\ntwo", 0, 100, true, "one\n", 4),
            (b"one\ntwo", 4, 100, true, "", 4),
            (b"one\ntwo", 4, 3, true, "two", 7),
            (b"one\ntwo", 4, 2, true, "tw", 6),
            (b"one", 9, 100, false, "", 9),
            (b"one", 0, 0, true, "", 0),
            ("caf\u{e9}".as_bytes(), 0, 4, false, "caf", 3),
            (b"a\xffb\xe2\x82", 0, 100, false, "a\u{fffd}b", 3),
            (b"\xff\xfe", 0, 100, false, "\u{fffd}\u{fffd}", 2),
            (b"a\xff\n", 0, 100, true, "a\u{fffd}\n", 3),
        ];
        for (number, (content, offset, bytes, lines, text, next)) in rows.into_iter().enumerate() {
            let path = file(&format!("table-{number}"), content);
            let reply = request(&path, offset, bytes, lines);
            assert_eq!((reply.text.as_str(), reply.next, reply.size), (text, next, content.len() as u64), "{number}");
        }
    }

    #[test]
    fn read_tells_files_apart_whatever_they_are_called() {
        let one = file("one", b"1");
        let two = Scratch(one.0.with_extension("two"));
        let before = request(&one, 0, 0, false).file;
        std::fs::rename(&one.0, &two.0).unwrap();
        assert!(before.is_some() && request(&one, 5, 9, false).file.is_none());
        std::fs::write(&one.0, b"1").unwrap();
        assert_ne!(request(&one, 0, 0, false).file, before);
        assert_eq!(request(&two, 0, 0, false).file, before);
    }

    #[test]
    fn read_goes_on_in_a_file_that_was_kept_open_and_has_been_deleted() {
        let path = std::env::temp_dir().join(format!("masu-read-kept-{}", std::process::id()));
        std::fs::write(&path, b"one\ntwo\n").unwrap();
        let request = |offset, descriptor, keep| ReadRequest {
            path: path.to_str().unwrap().to_owned(),
            offset,
            bytes: 4,
            lines: true,
            descriptor,
            keep,
        };
        let first = read(request(0, None, true)).unwrap();
        std::fs::remove_file(&path).unwrap();
        let second = read(request(first.next, first.descriptor, false)).unwrap();
        assert_eq!((first.text.as_str(), second.text.as_str()), ("one\n", "two\n"));
        assert_eq!((second.file, second.descriptor), (first.file, None));
        drop(masu_sys::descriptor::adopt(first.descriptor.unwrap()));
    }

    #[test]
    fn read_refuses_what_is_no_regular_file() {
        let path = |path: &str| ReadRequest {
            path: path.to_owned(),
            offset: 0,
            bytes: 10,
            lines: false,
            descriptor: None,
            keep: false,
        };
        assert_eq!(
            read(path("/dev/zero")).unwrap_err().message,
            "Read \"/dev/zero\": Invalid argument (EINVAL from read(2))"
        );
        assert_eq!(read(path("/tmp")).unwrap_err().errno, Some(22));
        assert_eq!(read(path("/proc/self")).unwrap_err().errno, Some(40));
    }
}
