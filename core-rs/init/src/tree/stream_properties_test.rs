//! Streams that nobody packed: the reading side takes them or says what is wrong, in the time that their bytes take.

use super::*;
use crate::tree::target::names;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

/// A header whose checksum is right and whose fields are anything, with content that may not fit it.
fn piece() -> impl Strategy<Value = Vec<u8>> {
    let kind = select(b"0157LKxg2346SZ\0".to_vec());
    let number = prop_oneof![
        "[0-7]{0,11}".prop_map(String::into_bytes),
        vec(any::<u8>(), 0..12),
        Just(b"\x80\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff".to_vec()),
        Just(b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff".to_vec()),
    ];
    let content = prop_oneof![
        vec(any::<u8>(), 0..600),
        "([0-9]{1,3} (path|size|uid|mtime|GNU.sparse.size|SCHILY.xattr.user.a)=[0-9a-z/.]{0,20}\n){0,3}"
            .prop_map(String::into_bytes),
        Just(b"30 size=18446744073709551615\n\n".to_vec()),
        Just(b"29 size=18446744073709551615\n".to_vec()),
    ];
    (kind, vec(any::<u8>(), 0..100), number, content, any::<bool>()).prop_map(|(kind, name, size, content, fitting)| {
        let mut header = Header::new_ustar();
        for number in [Header::set_uid, Header::set_gid, Header::set_mtime] {
            number(&mut header, 0);
        }
        header.set_mode(0o644);
        let bytes = header.as_mut_bytes();
        bytes[..name.len()].copy_from_slice(&name);
        bytes[124..124 + size.len().min(12)].copy_from_slice(&size[..size.len().min(12)]);
        if fitting {
            header.set_size(content.len() as u64);
        }
        header.set_entry_type(EntryType::new(kind));
        header.set_cksum();
        let mut all = header.as_bytes().to_vec();
        all.extend(content);
        all.resize(all.len().next_multiple_of(BLOCK), 0);
        all
    })
}

/// Reads all of it. No entry has more content than the stream has bytes.
fn read_all(bytes: &[u8]) -> Result<(), TestCaseError> {
    let mut reader = Reader::new(bytes);
    let mut buffer = [0; 100];
    let mut total = 0;
    let mut turn = 0;
    while let Ok(Some(entry)) = reader.next() {
        if let Ok(names) = names(&entry.name) {
            prop_assert!(names.iter().all(|name| name != ".." && name != "." && !name.is_empty()));
        }
        // Each other entry is skipped.
        turn += 1;
        if turn % 2 == 0 {
            while let Ok(count @ 1..) = reader.content(&mut buffer) {
                total += count;
            }
        }
        prop_assert!(total <= bytes.len());
    }
    Ok(())
}

proptest! {
    #[test]
    fn next_takes_or_refuses_any_headers(pieces in vec(piece(), 0..6), rest in vec(any::<u8>(), 0..600)) {
        read_all(&[pieces.concat(), rest].concat())?;
    }

    #[test]
    fn read_records_takes_or_refuses_any_bytes(records in prop_oneof![
        vec(any::<u8>(), 0..200),
        "([0-9]{1,20} [a-z.A-Z]{0,10}=?[0-9a-z\n]{0,20}\n?){0,4}".prop_map(String::into_bytes),
    ]) {
        let _ = read_records(&records, &mut Extended::default());
    }
}

#[test]
fn a_size_of_all_bytes_that_there_can_be_is_cut_off_and_not_nothing() {
    let mut records = Header::new_ustar();
    records.set_entry_type(EntryType::XHeader);
    records.set_size(29);
    records.set_cksum();
    let mut file = Header::new_ustar();
    for number in [Header::set_uid, Header::set_gid, Header::set_mtime, Header::set_size] {
        number(&mut file, 0);
    }
    file.set_mode(0o644);
    file.set_entry_type(EntryType::Regular);
    file.set_cksum();
    let mut bytes = records.as_bytes().to_vec();
    bytes.extend(b"29 size=18446744073709551615\n");
    bytes.resize(2 * BLOCK, 0);
    bytes.extend(file.as_bytes());
    bytes.extend([0; 4 * BLOCK]);
    let mut reader = Reader::new(&*bytes);
    assert!(reader.next().unwrap().is_some());
    assert_eq!(reader.next().unwrap_err().message, "Read the tar stream: it is cut off");
}
