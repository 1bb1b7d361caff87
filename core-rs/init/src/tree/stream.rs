//! The reading side of a tar stream. Whoever made it may be an enemy: every length is bounded, and nothing is taken for granted.

use std::io::{BufReader, Read};

use masu_steps::failure::failed;
use masu_sys::error::SysError;
use masu_wire::error::{CoreError, ErrorCode};
use tar::{EntryType, Header};

use super::attributes::Attributes;
use super::header::{ATTRIBUTE, BLOCK};
use super::patient::Patient;
use super::shown;

const BUFFER: usize = 256 << 10;
/// A name; the kernel takes 4,095 bytes at once.
const MAX_NAME: u64 = 64 << 10;
/// The pax records of one entry: each extended attribute has 64 KiB at most.
const MAX_RECORDS: u64 = 1 << 20;

/// One file of a stream.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) kind: EntryType,
    pub(super) name: Vec<u8>,
    /// Of a symbolic link what it points to; of a hard link another entry's name.
    pub(super) link: Vec<u8>,
    pub(super) mode: u32,
    pub(super) uid: u32,
    pub(super) gid: u32,
    /// Seconds since the epoch.
    pub(super) mtime: i64,
    pub(super) size: u64,
    pub(super) device: (u32, u32),
    /// Extended attributes.
    pub(super) attributes: Attributes,
}

/// What extensions say of the entry after them.
#[derive(Default)]
struct Extended {
    name: Option<Vec<u8>>,
    link: Option<Vec<u8>>,
    size: Option<u64>,
    uid: Option<u64>,
    gid: Option<u64>,
    mtime: Option<i64>,
    attributes: Attributes,
}

/// Reads a tar stream.
pub(super) struct Reader<R = Patient> {
    input: BufReader<R>,
    /// Content of the current entry that was not read yet, and what fills its last block.
    due: u64,
    padding: u64,
    begun: bool,
}

impl<R: Read> Reader<R> {
    pub(super) fn new(stream: R) -> Self {
        Self { input: BufReader::with_capacity(BUFFER, stream), due: 0, padding: 0, begun: false }
    }

    /// The next entry; none: the end. What is left of the one before is skipped.
    pub(super) fn next(&mut self) -> Result<Option<Entry>, CoreError> {
        let mut extended = Extended::default();
        loop {
            // Not their sum: a header may claim any size.
            self.skip(self.due)?;
            self.skip(self.padding)?;
            (self.due, self.padding) = (0, 0);
            let Some(header) = self.header()? else {
                self.drain()?;
                return Ok(None);
            };
            let size = header.entry_size().map_err(|_| malformed("a size is no number"))?;
            match header.entry_type() {
                EntryType::GNULongName => extended.name = Some(self.name(size)?),
                EntryType::GNULongLink => extended.link = Some(self.name(size)?),
                EntryType::XHeader => {
                    let records = self.extension(size, MAX_RECORDS, "its extended header")?;
                    read_records(&records, &mut extended)?;
                }
                // Comments, as git-archive(1) writes them: nothing that an entry needs.
                EntryType::XGlobalHeader => drop(self.extension(size, MAX_RECORDS, "its global header")?),
                _ => return self.entry(&header, size, extended).map(Some),
            }
        }
    }

    /// Reads the next of the entry's content; 0: that was all.
    pub(super) fn content(&mut self, buffer: &mut [u8]) -> Result<usize, CoreError> {
        let wanted = usize::try_from(self.due).unwrap_or(usize::MAX).min(buffer.len());
        let Some(part) = buffer.get_mut(..wanted).filter(|part| !part.is_empty()) else { return Ok(0) };
        let count = retry(|| self.input.read(part))?;
        if count == 0 {
            return Err(cut_off());
        }
        self.due -= count as u64;
        Ok(count)
    }

    fn entry(&mut self, header: &Header, size: u64, extended: Extended) -> Result<Entry, CoreError> {
        let number = |read: std::io::Result<u64>, what| read.map_err(|_| malformed(what));
        let id = |id: u64| u32::try_from(id).map_err(|_| malformed("an owner is no id"));
        let size = extended.size.unwrap_or(size);
        let name = extended.name.unwrap_or_else(|| header.path_bytes().into_owned());
        let mut kind = header.entry_type();
        // Before POSIX a directory was a file whose name ends in a slash.
        if matches!(kind, EntryType::Regular | EntryType::Continuous) {
            kind = if name.ends_with(b"/") { EntryType::Directory } else { EntryType::Regular };
        }
        // Whatever their headers say, only files have content.
        if kind == EntryType::Regular {
            self.expect(size);
        }
        let has_number = matches!(kind, EntryType::Char | EntryType::Block);
        let device = |read: std::io::Result<Option<u32>>| if has_number { read.ok().flatten() } else { None };
        let mtime = number(header.mtime(), "a time is no number")?;
        Ok(Entry {
            kind,
            link: extended.link.or_else(|| header.link_name_bytes().map(|link| link.into_owned())).unwrap_or_default(),
            mode: header.mode().map_err(|_| malformed("a mode is no number"))? & 0o7777,
            uid: id(extended.uid.map_or_else(|| number(header.uid(), "an owner is no number"), Ok)?)?,
            gid: id(extended.gid.map_or_else(|| number(header.gid(), "a group is no number"), Ok)?)?,
            // Before 1970 it is negative in two's complement.
            mtime: extended.mtime.unwrap_or(i64::from_ne_bytes(mtime.to_ne_bytes())),
            size: if kind == EntryType::Regular { size } else { 0 },
            device: (device(header.device_major()).unwrap_or(0), device(header.device_minor()).unwrap_or(0)),
            attributes: extended.attributes,
            name,
        })
    }

    /// The next header; none: the two blocks of zeros that end a stream.
    fn header(&mut self) -> Result<Option<Header>, CoreError> {
        let mut zeros = 0;
        loop {
            let mut header = Header::new_old();
            self.fill(header.as_mut_bytes())?;
            if header.as_bytes().iter().any(|byte| *byte != 0) {
                check(&header, self.begun)?;
                self.begun = true;
                return Ok(Some(header));
            }
            zeros += 1;
            if zeros == 2 {
                return Ok(None);
            }
        }
    }

    fn expect(&mut self, size: u64) {
        self.due = size;
        self.padding = (BLOCK as u64 - size % BLOCK as u64) % BLOCK as u64;
    }

    /// The content of an entry that only says something of the next.
    fn extension(&mut self, size: u64, maximum: u64, what: &str) -> Result<Vec<u8>, CoreError> {
        if size > maximum {
            return Err(malformed(&format!("{what} has {size} bytes, more than {maximum}")));
        }
        self.expect(size);
        let mut content = vec![0; usize::try_from(size).unwrap_or(0)];
        self.due = 0;
        self.fill(&mut content)?;
        Ok(content)
    }

    fn name(&mut self, size: u64) -> Result<Vec<u8>, CoreError> {
        let mut name = self.extension(size, MAX_NAME, "a name")?;
        // It ends with a NUL, which is counted.
        if let Some(end) = name.iter().position(|byte| *byte == 0) {
            name.truncate(end);
        }
        Ok(name)
    }

    fn fill(&mut self, buffer: &mut [u8]) -> Result<(), CoreError> {
        let mut filled = 0;
        while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            match retry(|| self.input.read(rest))? {
                0 => {
                    return Err(if self.begun || filled > 0 { cut_off() } else { malformed("there is nothing in it") });
                }
                count => filled += count,
            }
        }
        Ok(())
    }

    fn skip(&mut self, mut count: u64) -> Result<(), CoreError> {
        let mut buffer = [0; 4096];
        while count > 0 {
            let part = usize::try_from(count).unwrap_or(usize::MAX).min(buffer.len());
            self.fill(buffer.get_mut(..part).unwrap_or_default())?;
            count -= part as u64;
        }
        Ok(())
    }

    /// What follows the end fills the last record: whoever writes it shall not be told that nobody reads.
    fn drain(&mut self) -> Result<(), CoreError> {
        let mut buffer = [0; 4096];
        while retry(|| self.input.read(&mut buffer))? > 0 {}
        Ok(())
    }
}

/// The checksum, which tells a header from anything else.
fn check(header: &Header, begun: bool) -> Result<(), CoreError> {
    let sum: u32 = header.as_bytes().iter().enumerate().fold(0, |sum, (at, byte)| {
        // The field itself counts as spaces.
        sum + u32::from(if (148..156).contains(&at) { b' ' } else { *byte })
    });
    if header.cksum().is_ok_and(|written| written == sum) {
        return Ok(());
    }
    if begun {
        return Err(malformed("a header's checksum is wrong"));
    }
    Err(match compression(header.as_bytes()) {
        Some((name, program)) => malformed(&format!("it is compressed with {name}"))
            .with_hint(format!("unpack it first: {program} <FILE | masu cp - CONTAINER:DIRECTORY")),
        None => malformed("it does not begin with a header"),
    })
}

fn compression(bytes: &[u8]) -> Option<(&'static str, &'static str)> {
    let known: [(&[u8], _); 4] = [
        (b"\x1f\x8b", ("gzip", "gunzip")),
        (b"BZh", ("bzip2", "bunzip2")),
        (b"\xfd7zXZ\0", ("xz", "unxz")),
        (b"\x28\xb5\x2f\xfd", ("zstd", "unzstd")),
    ];
    known.into_iter().find(|(magic, _)| bytes.starts_with(magic)).map(|(_, names)| names)
}

/// Records `LENGTH KEY=VALUE\n`. pax(1)
fn read_records(mut records: &[u8], extended: &mut Extended) -> Result<(), CoreError> {
    let broken = || malformed("an extended header is not made of records");
    while !records.is_empty() {
        let digits = records.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let length = std::str::from_utf8(records.get(..digits).unwrap_or_default()).ok();
        let length: usize = length.and_then(|text| text.parse().ok()).ok_or_else(broken)?;
        let record = records.get(digits..length).and_then(|rest| rest.strip_prefix(b" ")).ok_or_else(broken)?;
        let record = record.strip_suffix(b"\n").ok_or_else(broken)?;
        let equals = record.iter().position(|byte| *byte == b'=').ok_or_else(broken)?;
        let (key, value) = record.split_at(equals);
        take_record(key, value.get(1..).unwrap_or_default(), extended)?;
        records = records.get(length..).unwrap_or_default();
    }
    Ok(())
}

fn take_record(key: &[u8], value: &[u8], extended: &mut Extended) -> Result<(), CoreError> {
    let text = || std::str::from_utf8(value).map_err(|_| malformed(&format!("{:?} is no number", shown(key))));
    let number = || text()?.parse().map_err(|_| malformed(&format!("{:?} is no number", shown(key))));
    match key {
        b"path" => extended.name = Some(value.to_vec()),
        b"linkpath" => extended.link = Some(value.to_vec()),
        b"size" => extended.size = Some(number()?),
        b"uid" => extended.uid = Some(number()?),
        b"gid" => extended.gid = Some(number()?),
        b"mtime" => extended.mtime = text()?.split('.').next().and_then(|seconds| seconds.parse().ok()),
        _ if key.starts_with(b"GNU.sparse.") => return Err(sparse(extended.name.as_deref().unwrap_or_default())),
        _ => {
            if let Some(name) = key.strip_prefix(ATTRIBUTE) {
                extended.attributes.push((name.to_vec(), value.to_vec()));
            }
        }
    }
    Ok(())
}

/// A sparse file can claim any size, and what is not its content would be written as such.
pub(super) fn sparse(name: &[u8]) -> CoreError {
    let name = shown(name);
    CoreError::new(ErrorCode::Failed, format!("Unpack {name:?}: sparse files are not supported"))
        .with_hint("make the archive without tar's --sparse")
}

fn cut_off() -> CoreError {
    malformed("it is cut off")
}

fn malformed(cause: &str) -> CoreError {
    CoreError::new(ErrorCode::Failed, format!("Read the tar stream: {cause}"))
}

fn retry(mut read: impl FnMut() -> std::io::Result<usize>) -> Result<usize, CoreError> {
    loop {
        match read() {
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            other => {
                return other.map_err(|error| failed("Read the tar stream", SysError::from_io("read", &error)));
            }
        }
    }
}

#[cfg(test)]
#[path = "stream_test.rs"]
mod tests;

#[cfg(test)]
#[path = "stream_properties_test.rs"]
mod properties;
