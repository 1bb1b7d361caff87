//! The files that kept plans are in: one for each plan, in a directory of this user's own.

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::Path;

use rustix::fs::{Mode, OFlags, open};
use serde::Serialize;

/// So many are kept; one more, and all make room.
const MAX_FILES: usize = 64;
/// A file longer than this is not read.
const MAX_BYTES: u64 = 4 << 20;

/// FNV-1a of all words. It tells files apart most of the time; what is in one says what it is for.
pub(crate) fn name<'a>(words: impl Iterator<Item = &'a str>) -> String {
    let bytes = words.flat_map(|word| word.bytes().chain([0]));
    let hash =
        bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    format!("{hash:016x}")
}

/// Writes a file at once, so that a reader finds it whole. What cannot be written is decided again the next time.
pub(crate) fn write(directory: &Path, name: &str, kept: &impl Serialize) -> Option<()> {
    let text = serde_json::to_vec(kept).ok()?;
    make_room(directory)?;
    let beside = directory.join(format!(".{}", std::process::id()));
    let file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&beside);
    let written =
        file.and_then(|mut file| file.write_all(&text)).and_then(|()| fs::rename(&beside, directory.join(name)));
    written.inspect_err(|_| drop(fs::remove_file(&beside))).ok()
}

/// Reads a file of this user's; none: there is none, or it is no plain file of theirs.
pub(crate) fn read(directory: &Path, name: &str, uid: u32) -> Option<String> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = File::from(open(directory.join(name), flags, Mode::empty()).ok()?);
    let found = file.metadata().ok()?;
    // Nobody but this user, or root, says what this user's containers are.
    if !found.is_file() || found.uid() != uid || found.len() > MAX_BYTES {
        return None;
    }
    std::io::read_to_string(file).ok()
}

fn make_room(directory: &Path) -> Option<()> {
    let entries: Vec<_> = match fs::read_dir(directory) {
        Ok(entries) => entries.flatten().collect(),
        Err(_) => {
            fs::DirBuilder::new().recursive(true).mode(0o700).create(directory).ok()?;
            return Some(());
        }
    };
    if entries.len() >= MAX_FILES {
        entries.iter().for_each(|entry| drop(fs::remove_file(entry.path())));
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn write_makes_room_when_there_are_many() {
        let directory = std::env::temp_dir().join(format!("masu-kept-room-{}", std::process::id()));
        for number in 0..2 * MAX_FILES {
            write(&directory, &number.to_string(), &number).unwrap();
        }
        let left = fs::read_dir(&directory).unwrap().count();
        let uid = fs::metadata(&directory).unwrap().uid();
        let last = read(&directory, &(2 * MAX_FILES - 1).to_string(), uid);
        fs::remove_dir_all(&directory).unwrap();
        assert!(left <= MAX_FILES, "{left}");
        assert_eq!(last, Some((2 * MAX_FILES - 1).to_string()));
    }

    #[test]
    fn name_tells_where_words_end() {
        assert_ne!(name(["ab", "c"].into_iter()), name(["a", "bc"].into_iter()));
    }
}
