use super::*;
use crate::tree::header::Writer;
use std::fs::File;
use std::io::{Seek, SeekFrom, Write as _};

type Piece<'a> = (EntryType, &'a [u8], &'a [u8], &'a [u8]);

/// A stream as the writing side makes it: (kind, name, link, content).
fn written(entries: &[Piece<'_>]) -> Vec<u8> {
    let mut file = tempfile();
    let mut writer = Writer::new(file.try_clone().unwrap());
    for (kind, name, link, content) in entries {
        let mut header = Header::new_gnu();
        header.set_entry_type(*kind);
        header.set_mode(0o4755);
        header.set_uid(1 << 31);
        header.set_gid(5);
        header.set_mtime(1_700_000_000);
        header.set_size(content.len() as u64);
        writer.entry(&mut header, name, link, &[(b"user.a".to_vec(), b"1\n2\0".to_vec())]).unwrap();
        writer.content(content).unwrap();
        writer.close().unwrap();
    }
    writer.finish().unwrap();
    let mut bytes = Vec::new();
    file.seek(SeekFrom::Start(0)).unwrap();
    file.read_to_end(&mut bytes).unwrap();
    bytes
}

fn tempfile() -> File {
    rustix::fs::memfd_create(c"stream", rustix::fs::MemfdFlags::CLOEXEC).map(File::from).unwrap()
}

/// One entry with a header of one's own choice, and no end.
fn raw(kind: u8, name: &[u8], content: &[u8]) -> Vec<u8> {
    let mut header = Header::new_ustar();
    header.as_old_mut().name[..name.len()].copy_from_slice(name);
    header.set_entry_type(EntryType::new(kind));
    header.set_mode(0o644);
    header.set_uid(0);
    header.set_gid(0);
    header.set_size(content.len() as u64);
    header.set_cksum();
    let mut bytes = header.as_bytes().to_vec();
    bytes.extend(content);
    bytes.resize(bytes.len().next_multiple_of(BLOCK), 0);
    bytes
}

fn read(bytes: &[u8]) -> Result<Vec<(Entry, Vec<u8>)>, String> {
    let mut reader = Reader::new(bytes);
    let mut entries = Vec::new();
    while let Some(entry) = reader.next().map_err(|error| error.message)? {
        let (mut content, mut buffer) = (Vec::new(), [0; 7]);
        loop {
            match reader.content(&mut buffer).map_err(|error| error.message)? {
                0 => break,
                count => content.extend(&buffer[..count]),
            }
        }
        entries.push((entry, content));
    }
    Ok(entries)
}

#[test]
fn next_gives_back_what_the_writer_was_given() {
    let long = [b"d/".repeat(150), b"\xff".to_vec()].concat();
    let entries = read(&written(&[
        (EntryType::Regular, b"a", b"", &[7; 1000]),
        (EntryType::Directory, b"dir/", b"", b""),
        (EntryType::Symlink, b"link", &long, b""),
        (EntryType::Regular, &long, b"", b""),
        (EntryType::Link, b"same", b"a", b""),
    ]));
    let entries = entries.unwrap();
    let told: Vec<_> = entries.iter().map(|(entry, _)| (entry.kind, &*entry.name, &*entry.link)).collect();
    assert_eq!(
        told,
        [
            (EntryType::Regular, &b"a"[..], &b""[..]),
            (EntryType::Directory, b"dir/", b""),
            (EntryType::Symlink, b"link", &long),
            (EntryType::Regular, &long, b""),
            (EntryType::Link, b"same", b"a"),
        ]
    );
    let (first, content) = &entries[0];
    assert_eq!((first.mode, first.uid, first.gid, first.mtime), (0o4755, 1 << 31, 5, 1_700_000_000));
    assert_eq!((content.as_slice(), first.size), (&[7; 1000][..], 1000));
    assert_eq!(first.attributes, [(b"user.a".to_vec(), b"1\n2\0".to_vec())]);
}

#[test]
fn next_skips_content_that_nobody_reads() {
    let bytes = written(&[(EntryType::Regular, b"a", b"", &[7; 100_000]), (EntryType::Regular, b"b", b"", b"x")]);
    let mut reader = Reader::new(&bytes[..]);
    let mut names = Vec::new();
    while let Some(entry) = reader.next().unwrap() {
        names.push(entry.name);
    }
    assert_eq!(names, [b"a", b"b"]);
}

#[test]
fn next_refuses_what_its_table_says() {
    let end = vec![0; 2 * BLOCK];
    let entry = raw(b'0', b"a", b"content");
    let mut broken = entry.clone();
    broken[0] = b'b';
    let mut gzip = vec![0x1f, 0x8b];
    gzip.resize(BLOCK, 1);
    let endless = {
        let mut header = Header::new_gnu();
        header.set_entry_type(EntryType::GNULongName);
        header.set_size(1 << 40);
        header.set_mode(0);
        header.set_uid(0);
        header.set_gid(0);
        header.set_cksum();
        header.as_bytes().to_vec()
    };
    for (name, bytes, expected) in [
        ("nothing", vec![], "there is nothing in it"),
        ("no tar", vec![b'x'; BLOCK], "it does not begin with a header"),
        ("gzip", gzip, "it is compressed with gzip"),
        ("no end", entry.clone(), "it is cut off"),
        ("half a content", entry[..BLOCK + 3].to_vec(), "it is cut off"),
        ("a changed header", [entry, broken, end.clone()].concat(), "a header's checksum is wrong"),
        ("a name of a terabyte", endless, "a name has 1099511627776 bytes, more than 65536"),
        ("records without length", [raw(b'x', b"h", b"path=a\n"), end.clone()].concat(), "not made of records"),
        ("a record that is longer", [raw(b'x', b"h", b"99 path=a\n"), end.clone()].concat(), "not made of records"),
        ("a record of no length", [raw(b'x', b"h", b"0 path=a\n"), end.clone()].concat(), "not made of records"),
        (
            "a sparse file",
            [raw(b'x', b"h", b"22 GNU.sparse.major=1\n"), end].concat(),
            "sparse files are not supported",
        ),
    ] {
        let error = read(&bytes).unwrap_err();
        assert!(error.contains(expected), "{name}: {error}");
    }
}

#[test]
fn next_takes_pax_records_before_header_fields() {
    let records = b"11 path=yy\n11 size=12\n21 mtime=-5.25000000\n13 uid=70000\n";
    let mut bytes = raw(b'x', b"h", records);
    let mut file = raw(b'0', b"x", b"");
    file.extend(b"twelve bytes");
    file.resize(2 * BLOCK, 0);
    bytes.extend(file);
    bytes.extend([0; 2 * BLOCK]);
    let entries = read(&bytes).unwrap();
    let (entry, content) = &entries[0];
    assert_eq!((&*entry.name, entry.size, entry.mtime, entry.uid), (&b"yy"[..], 12, -5, 70000));
    assert_eq!(content, b"twelve bytes");
}

#[test]
fn writer_fills_up_what_is_missing() {
    let file = tempfile();
    let mut writer = Writer::new(file.try_clone().unwrap());
    let mut header = Header::new_gnu();
    for number in [Header::set_uid, Header::set_gid, Header::set_mtime] {
        number(&mut header, 0);
    }
    header.set_entry_type(EntryType::Regular);
    header.set_mode(0o600);
    header.set_size(2000);
    writer.entry(&mut header, b"a", b"", &[]).unwrap();
    writer.content(b"short").unwrap();
    writer.close().unwrap();
    writer.finish().unwrap();
    let mut file = file;
    file.seek(SeekFrom::Start(0)).unwrap();
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).unwrap();
    let entries = read(&bytes).unwrap();
    assert_eq!((entries[0].1.len(), &entries[0].1[..6]), (2000, &b"short\0"[..]));
    let _ = file.flush();
}
