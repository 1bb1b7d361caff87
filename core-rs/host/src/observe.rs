//! Op `observe`: reads of the host, or of a tree that a container can change, many in one call.

use std::fs::File;
use std::io::Read;
use std::os::fd::OwnedFd;

use masu_sys::resolve::{Links, Root};
use masu_wire::blank::{Blanks, fill_text};
use masu_wire::error::CoreError;
use masu_wire::request::{DirectoryEntry, FileKind, FileStatus, Look, ObserveReply, ObserveRequest, Seen, Want};
use rustix::fs::{self, AtFlags, Dir, FileType, Mode, OFlags, Stat};
use rustix::io::{Errno, retry_on_intr};

/// The most that one `text` look reads. A control file or a passwd is far smaller; a container could make it anything. Documents of engines
/// are some 100 KiB at most: `LARGEST` of `lib/engine/small_document.ts`.
pub(crate) const TEXT_LIMIT: u64 = 16 << 20;

/// Looks at everything in order. What fails is in the answer, not an error.
pub fn observe(request: ObserveRequest) -> Result<ObserveReply, CoreError> {
    let ObserveRequest { looks, blanks } = request;
    let blanks = blanks.map(|text| Blanks { text, arguments: Vec::new() });
    Ok(ObserveReply { seen: looks.iter().map(|look| see_filled(look, blanks.as_ref())).collect() })
}

fn see_filled(look: &Look, blanks: Option<&Blanks>) -> Seen {
    let Some(blanks) = blanks else { return see(look) };
    see(&Look {
        path: fill_text(&look.path, blanks),
        root: look.root.as_ref().map(|root| fill_text(root, blanks)),
        want: look.want,
    })
}

fn see(look: &Look) -> Seen {
    look_at(look).unwrap_or_else(|errno| Seen { errno: Some(errno.raw_os_error()), ..Seen::default() })
}

fn look_at(look: &Look) -> Result<Seen, Errno> {
    match look.want {
        Want::Stat => status(look, OFlags::PATH),
        Want::Lstat => status(look, OFlags::PATH | OFlags::NOFOLLOW),
        Want::Text => text(look),
        Want::List => list(look),
        Want::Link => link(look),
        Want::FileSystem => file_system(look),
    }
}

/// Opens the path, below its root when it has one: then symbolic links, even absolute ones, and `..` stay in that.
fn open(look: &Look, flags: OFlags) -> Result<OwnedFd, Errno> {
    let flags = flags | OFlags::CLOEXEC;
    let Some(root) = &look.root else {
        return retry_on_intr(|| fs::open(look.path.as_str(), flags, Mode::empty()));
    };
    let root = Root::new(fs::open(root.as_str(), OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?);
    let links = if flags.contains(OFlags::NOFOLLOW) { Links::NotLast } else { Links::Follow };
    root.open(&look.path, flags, links).map_err(|error| Errno::from_raw_os_error(error.errno))
}

fn status(look: &Look, flags: OFlags) -> Result<Seen, Errno> {
    let status = match &look.root {
        None if flags.contains(OFlags::NOFOLLOW) => fs::lstat(look.path.as_str())?,
        None => fs::stat(look.path.as_str())?,
        Some(_) => fs::fstat(open(look, flags)?)?,
    };
    Ok(Seen { status: Some(file_status(&status)), ..Seen::default() })
}

/// A fifo without a writer or a device could block or react: only a regular file is read, and O_NONBLOCK keeps the open itself from waiting.
fn text(look: &Look) -> Result<Seen, Errno> {
    let file = open(look, OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY)?;
    let (text, status) = regular_text(file)?;
    Ok(Seen { text: Some(text), status: Some(file_status(&status)), ..Seen::default() })
}

/// The text of a regular file, what is no UTF-8 replaced. Errors: EISDIR, EINVAL it is no regular file; EFBIG it is longer than [`TEXT_LIMIT`].
pub(crate) fn regular_text(file: OwnedFd) -> Result<(String, Stat), Errno> {
    let status = fs::fstat(&file)?;
    match FileType::from_raw_mode(status.st_mode) {
        FileType::RegularFile => {}
        FileType::Directory => return Err(Errno::ISDIR),
        _ => return Err(Errno::INVAL),
    }
    let mut bytes = Vec::with_capacity(usize::try_from(status.st_size).unwrap_or(0).min(1 << 20) + 1);
    let read = File::from(file).take(TEXT_LIMIT + 1).read_to_end(&mut bytes);
    read.map_err(|error| Errno::from_io_error(&error).unwrap_or(Errno::IO))?;
    if bytes.len() as u64 > TEXT_LIMIT {
        return Err(Errno::FBIG);
    }
    let text = String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned());
    Ok((text, status))
}

fn list(look: &Look) -> Result<Seen, Errno> {
    let directory = open(look, OFlags::RDONLY | OFlags::DIRECTORY)?;
    let mut entries = Vec::new();
    for entry in Dir::read_from(&directory)? {
        let entry = entry?;
        let name = entry.file_name();
        if name == c"." || name == c".." {
            continue;
        }
        let file_type = match entry.file_type() {
            // The file system does not say: ask the file. It may be gone meanwhile.
            FileType::Unknown => match fs::statat(&directory, name, AtFlags::SYMLINK_NOFOLLOW) {
                Ok(status) => FileType::from_raw_mode(status.st_mode),
                Err(Errno::NOENT) => continue,
                Err(errno) => return Err(errno),
            },
            known => known,
        };
        entries.push(DirectoryEntry { name: name.to_string_lossy().into_owned(), kind: kind_of(file_type) });
    }
    entries.sort_by(|left, right| left.name.cmp(&right.name));
    Ok(Seen { entries: Some(entries), ..Seen::default() })
}

fn link(look: &Look) -> Result<Seen, Errno> {
    let target = match &look.root {
        None => fs::readlink(look.path.as_str(), Vec::new())?,
        // readlink(2): an empty path with a descriptor of the link itself.
        Some(_) => fs::readlinkat(open(look, OFlags::PATH | OFlags::NOFOLLOW)?, c"", Vec::new())?,
    };
    Ok(Seen { text: Some(target.to_string_lossy().into_owned()), ..Seen::default() })
}

fn file_system(look: &Look) -> Result<Seen, Errno> {
    let statfs = match &look.root {
        None => fs::statfs(look.path.as_str())?,
        Some(_) => fs::fstatfs(open(look, OFlags::PATH)?)?,
    };
    // `f_type` is a C long, but every magic number has 32 bits.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let magic = statfs.f_type as u32;
    Ok(Seen { magic: Some(magic), ..Seen::default() })
}

/// A status as it crosses to TypeScript.
#[must_use]
#[allow(clippy::cast_precision_loss, reason = "milliseconds are exact up to the year 287396")]
pub fn file_status(status: &Stat) -> FileStatus {
    FileStatus {
        kind: kind_of(FileType::from_raw_mode(status.st_mode)),
        device: status.st_dev,
        inode: status.st_ino,
        mtime_ms: status.st_mtime as f64 * 1000.0 + status.st_mtime_nsec as f64 / 1_000_000.0,
        mode: status.st_mode & 0o7777,
        uid: status.st_uid,
        gid: status.st_gid,
        size: u64::try_from(status.st_size).unwrap_or(0),
        major: fs::major(status.st_rdev),
        minor: fs::minor(status.st_rdev),
    }
}

fn kind_of(file_type: FileType) -> FileKind {
    match file_type {
        FileType::Directory => FileKind::Directory,
        FileType::Symlink => FileKind::Symlink,
        FileType::BlockDevice => FileKind::BlockDevice,
        FileType::CharacterDevice => FileKind::CharacterDevice,
        FileType::Fifo => FileKind::Fifo,
        FileType::Socket => FileKind::Socket,
        FileType::RegularFile | FileType::Unknown => FileKind::File,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;
    use std::path::{Path, PathBuf};

    struct Scratch(PathBuf);

    impl Scratch {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("masu-observe-{name}-{}", std::process::id()));
            std::fs::create_dir(&path).unwrap();
            Self(path)
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            std::fs::remove_dir_all(&self.0).unwrap();
        }
    }

    fn look(root: Option<&Path>, path: &str, want: Want) -> Seen {
        let root = root.map(|root| root.to_str().unwrap().to_owned());
        see(&Look { path: path.to_owned(), root, want })
    }

    #[test]
    fn observe_fills_blanks_in_where_paths_have_some() {
        let look = |path: &str, root: Option<&str>| Look {
            path: path.to_owned(),
            root: root.map(ToOwned::to_owned),
            want: Want::Stat,
        };
        let looks = vec![look("/${value0}", None), look("/self", Some("/${value0}")), look("/$${value0}", None)];
        let found = |blanks: Option<std::collections::BTreeMap<String, String>>| {
            let seen = observe(ObserveRequest { looks: looks.clone(), blanks }).unwrap().seen;
            seen.iter().map(|seen| seen.status.is_some()).collect::<Vec<_>>()
        };
        let values = std::collections::BTreeMap::from([("value0".to_owned(), "proc".to_owned())]);
        assert_eq!(found(Some(values)), [true, true, false]);
        assert_eq!(found(None), [false; 3]);
    }

    #[test]
    fn observe_text_reads_a_file_of_procfs() {
        let seen = look(None, "/proc/sys/kernel/ostype", Want::Text);
        assert_eq!((seen.text.as_deref(), seen.errno), (Some("Linux\n"), None));
    }

    #[test]
    fn observe_text_refuses_what_is_no_regular_file() {
        let scratch = Scratch::new("fifo");
        let fifo = scratch.0.join("fifo");
        fs::mknodat(fs::CWD, &fifo, FileType::Fifo, Mode::from_raw_mode(0o600), 0).unwrap();
        for (path, errno) in
            [(fifo.to_str().unwrap(), libc_errno(Errno::INVAL)), ("/dev/zero", 22), ("/", 21), ("/does/not/exist", 2)]
        {
            assert_eq!(look(None, path, Want::Text).errno, Some(errno), "{path}");
        }
    }

    fn libc_errno(errno: Errno) -> i32 {
        errno.raw_os_error()
    }

    #[test]
    fn observe_keeps_symbolic_links_below_the_root() {
        let scratch = Scratch::new("root");
        std::fs::create_dir(scratch.0.join("etc")).unwrap();
        std::fs::write(scratch.0.join("etc/passwd"), "mine").unwrap();
        symlink("/etc/passwd", scratch.0.join("absolute")).unwrap();
        symlink("../../../../etc/passwd", scratch.0.join("up")).unwrap();
        for path in ["/absolute", "/up", "/etc/passwd", "etc/../../etc/passwd"] {
            assert_eq!(look(Some(&scratch.0), path, Want::Text).text.as_deref(), Some("mine"), "{path}");
        }
        assert_eq!(look(Some(&scratch.0), "/absolute", Want::Link).text.as_deref(), Some("/etc/passwd"));
        assert_eq!(look(Some(&scratch.0), "/absolute", Want::Lstat).status.unwrap().kind, FileKind::Symlink);
        assert_eq!(look(Some(&scratch.0), "/absolute", Want::Stat).status.unwrap().size, 4);
    }

    #[test]
    fn observe_list_sorts_names_and_tells_kinds() {
        let scratch = Scratch::new("list");
        std::fs::write(scratch.0.join("b"), "").unwrap();
        std::fs::create_dir(scratch.0.join("a")).unwrap();
        symlink("nowhere", scratch.0.join("c")).unwrap();
        let entries = look(None, scratch.0.to_str().unwrap(), Want::List).entries.unwrap();
        let entries: Vec<_> = entries.iter().map(|entry| (entry.name.as_str(), entry.kind)).collect();
        assert_eq!(entries, [("a", FileKind::Directory), ("b", FileKind::File), ("c", FileKind::Symlink)]);
    }

    #[test]
    fn observe_file_system_tells_procfs() {
        assert_eq!(look(None, "/proc", Want::FileSystem).magic, Some(0x9fa0));
    }
}
