use super::*;
use crate::tree::header::Writer;
use crate::tree::pack;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use tar::Header;

struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("masu-unpack-{name}-{}", std::process::id()));
        std::fs::create_dir_all(path.join("in")).unwrap();
        std::fs::write(path.join("secret"), "outside").unwrap();
        Self(path)
    }

    fn root(&self) -> Root {
        Root::new(file::open(self.0.join("in").to_str().unwrap(), OFlags::PATH | OFlags::DIRECTORY).unwrap())
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).unwrap();
    }
}

/// How entries of a container's own are unpacked, and how those on the host.
const INSIDE: UnpackOptions = UnpackOptions { archive: false, set_id: true, devices: true, links: true };
const OUTSIDE: UnpackOptions = UnpackOptions { archive: false, set_id: false, devices: false, links: false };

type Piece<'a> = (EntryType, &'a str, &'a str);

fn stream(pieces: &[Piece<'_>]) -> File {
    let file = File::from(rustix::fs::memfd_create(c"stream", rustix::fs::MemfdFlags::CLOEXEC).unwrap());
    let mut writer = Writer::new(file.try_clone().unwrap());
    for (kind, name, text) in pieces {
        let is_file = *kind == EntryType::Regular;
        let mut header = Header::new_gnu();
        header.set_entry_type(*kind);
        header.set_mode(0o4755);
        header.set_uid(0);
        header.set_gid(0);
        header.set_mtime(1_000_000_000);
        header.set_size(if is_file { text.len() as u64 } else { 0 });
        writer.entry(&mut header, name.as_bytes(), if is_file { b"" } else { text.as_bytes() }, &[]).unwrap();
        if is_file {
            writer.content(text.as_bytes()).unwrap();
        }
        writer.close().unwrap();
    }
    writer.finish().unwrap();
    std::io::Seek::seek(&mut &file, std::io::SeekFrom::Start(0)).unwrap();
    file
}

fn put(scratch: &Scratch, options: UnpackOptions, pieces: &[Piece<'_>]) -> Result<TreeAnswer, String> {
    unpack(scratch.root(), "/", options, !options.links, stream(pieces)).map_err(|error| error.message)
}

fn text(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap()
}

#[test]
fn unpack_stays_in_the_directory_whatever_names_say() {
    use EntryType::{Directory, Link, Regular, Symlink};
    let out = std::env::temp_dir().join(format!("masu-unpack-names-{}", std::process::id()));
    let secret = out.join("secret").to_str().unwrap().to_owned();
    let cases: Vec<(&str, Vec<Piece<'_>>, Option<&str>)> = vec![
        ("a way up", vec![(Regular, "../secret", "x")], Some("leads out of the directory")),
        ("a way up inside", vec![(Regular, "a/../../secret", "x")], Some("leads out of the directory")),
        ("an absolute name", vec![(Regular, &secret, "x")], None),
        ("a link, then through it", vec![(Symlink, "l", ".."), (Regular, "l/secret", "x")], Some("in the way")),
        ("a link, then a directory", vec![(Symlink, "d", ".."), (Directory, "d", "")], Some("in the way")),
        ("a link, then over it", vec![(Symlink, "s", &secret), (Regular, "s", "x")], None),
        ("a hard link out", vec![(Link, "h", "../secret")], Some("leads out of the directory")),
        ("an absolute hard link", vec![(Link, "h2", "/etc/passwd")], Some("is not there")),
        (
            "a hard link to a link, then over it",
            vec![(Symlink, "t", &secret), (Link, "u", "t"), (Regular, "u", "x")],
            None,
        ),
    ];
    let scratch = Scratch::new("names");
    for (name, pieces, expected) in cases {
        let error = put(&scratch, OUTSIDE, &pieces).err();
        match expected {
            None => assert_eq!(error, None, "{name}"),
            Some(expected) => assert!(error.clone().unwrap_or_default().contains(expected), "{name}: {error:?}"),
        }
        assert_eq!(text(&scratch.0.join("secret")), "outside", "{name}");
    }
    // An absolute name lies below the directory.
    assert_eq!(text(&scratch.0.join("in").join(&secret[1..])), "x");
}

#[test]
fn unpack_follows_links_of_a_container_below_its_root_only() {
    use EntryType::{Regular, Symlink};
    let scratch = Scratch::new("links");
    std::fs::create_dir_all(scratch.0.join("in/usr/lib")).unwrap();
    symlink("usr/lib", scratch.0.join("in/lib")).unwrap();
    symlink("/", scratch.0.join("in/top")).unwrap();
    put(&scratch, INSIDE, &[(Regular, "lib/x", "1"), (Regular, "top/secret", "2"), (Symlink, "up", "..")]).unwrap();
    put(&scratch, INSIDE, &[(Regular, "up/y", "3")]).unwrap();
    assert_eq!(text(&scratch.0.join("in/usr/lib/x")), "1");
    assert_eq!(text(&scratch.0.join("in/secret")), "2");
    assert_eq!(text(&scratch.0.join("in/y")), "3");
    assert_eq!(text(&scratch.0.join("secret")), "outside");
}

#[test]
fn unpack_replaces_files_and_nothing_else() {
    use EntryType::{Directory, Fifo, Regular};
    let scratch = Scratch::new("replace");
    std::fs::create_dir(scratch.0.join("in/dir")).unwrap();
    std::fs::write(scratch.0.join("in/file"), "old").unwrap();
    std::fs::hard_link(scratch.0.join("in/file"), scratch.0.join("in/other")).unwrap();
    put(&scratch, OUTSIDE, &[(Fifo, "fifo", ""), (Regular, "file", "new"), (Directory, "dir", "")]).unwrap();
    // Other names of the old file keep what they had.
    assert_eq!((text(&scratch.0.join("in/file")), text(&scratch.0.join("in/other"))), ("new".into(), "old".into()));
    for (pieces, expected) in [
        ([(Regular, "dir", "x")], "Is a directory"),
        ([(Directory, "file", "")], "in the way"),
        ([(Regular, "fifo", "x")], "File exists"),
        ([(Regular, "file/x", "x")], "in the way"),
    ] {
        let error = put(&scratch, OUTSIDE, &pieces).unwrap_err();
        assert!(error.contains(expected), "{pieces:?}: {error}");
    }
}

#[test]
fn unpack_keeps_set_id_bits_inside_only_and_makes_no_device_outside() {
    use EntryType::{Char, Regular};
    let scratch = Scratch::new("bits");
    let mode = |name: &str| std::fs::metadata(scratch.0.join("in").join(name)).unwrap().permissions().mode() & 0o7777;
    let answer = put(&scratch, OUTSIDE, &[(Regular, "a", "x"), (Char, "device", "")]).unwrap();
    assert_eq!((mode("a"), answer.failures.len()), (0o755, 1));
    assert!(answer.failures[0].error.message.contains("not made outside of containers"), "{answer:?}");
    assert!(!scratch.0.join("in/device").exists());
    put(&scratch, INSIDE, &[(Regular, "b", "x")]).unwrap();
    assert_eq!(mode("b"), 0o4755);
    assert_eq!(std::fs::metadata(scratch.0.join("in/b")).unwrap().mtime(), 1_000_000_000);
}

#[test]
fn pack_and_unpack_give_the_same_tree() {
    let scratch = Scratch::new("same");
    let from = scratch.0.join("in/from");
    std::fs::create_dir_all(from.join("b/c")).unwrap();
    std::fs::write(from.join("a"), "text").unwrap();
    std::fs::hard_link(from.join("a"), from.join("b/again")).unwrap();
    symlink("/nowhere", from.join("b/link")).unwrap();
    std::fs::write(from.join("b/c").join("n".repeat(200)), vec![9; 70_000]).unwrap();
    std::fs::set_permissions(from.join("b/c"), std::fs::Permissions::from_mode(0o500)).unwrap();
    let file = File::from(rustix::fs::memfd_create(c"stream", rustix::fs::MemfdFlags::CLOEXEC).unwrap());
    let wish = pack::Wish { path: "/from", name: "to", follow: false, attributes: true, cross: None };
    let packed = pack::pack(&scratch.root(), &wish, file.try_clone().unwrap()).unwrap();
    assert_eq!((packed.entries, packed.bytes, packed.failures.len()), (7, 70_004, 0));
    std::io::Seek::seek(&mut &file, std::io::SeekFrom::Start(0)).unwrap();
    let archive = UnpackOptions { archive: true, ..OUTSIDE };
    assert_eq!(unpack(scratch.root(), "/", archive, true, file).unwrap().failures.len(), 0);
    let to = scratch.0.join("in/to");
    assert_eq!(text(&to.join("a")), "text");
    let inode = |path: PathBuf| std::fs::metadata(path).unwrap().ino();
    assert_eq!(inode(to.join("a")), inode(to.join("b/again")));
    assert_eq!(std::fs::read_link(to.join("b/link")).unwrap(), Path::new("/nowhere"));
    assert_eq!(std::fs::read(to.join("b/c").join("n".repeat(200))).unwrap(), vec![9; 70_000]);
    let (one, other) = (std::fs::metadata(from.join("b/c")).unwrap(), std::fs::metadata(to.join("b/c")).unwrap());
    assert_eq!((one.mode(), one.mtime()), (other.mode(), other.mtime()));
    for path in [from, to] {
        std::fs::set_permissions(path.join("b/c"), std::fs::Permissions::from_mode(0o700)).unwrap();
    }
}
