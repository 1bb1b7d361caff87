//! The writing side of a tar stream: GNU's format, which every tar reads, with pax records where there are extended attributes.

use std::fs::File;
use std::io::{BufWriter, Write};

use libc::EIO;
use masu_sys::error::SysError;
use tar::{EntryType, Header};

use super::patient::Patient;

/// A header and what comes with it is a multiple of this.
pub(super) const BLOCK: usize = 512;
/// What pax records of extended attributes are called: those of star(1), GNU tar and docker.
pub(super) const ATTRIBUTE: &[u8] = b"SCHILY.xattr.";

const BUFFER: usize = 256 << 10;

/// Writes a tar stream.
pub(super) struct Writer {
    out: BufWriter<Patient>,
    /// Bytes of file content that still have to come.
    due: u64,
    size: u64,
}

impl Writer {
    pub(super) fn new(stream: File) -> Self {
        Self { out: BufWriter::with_capacity(BUFFER, Patient(stream)), due: 0, size: 0 }
    }

    /// An entry; what of its `size` is content is to be written next.
    pub(super) fn entry(
        &mut self,
        header: &mut Header,
        name: &[u8],
        link: &[u8],
        attributes: &[(Vec<u8>, Vec<u8>)],
    ) -> Result<(), SysError> {
        if !attributes.is_empty() {
            let records: Vec<u8> = attributes.iter().flat_map(|(key, value)| record(key, value)).collect();
            self.extension(EntryType::XHeader, b"./PaxHeaders/masu", &records)?;
        }
        if !fits(&mut header.as_old_mut().name, name) {
            self.extension(EntryType::GNULongName, b"././@LongLink", &ended(name))?;
        }
        if !fits(&mut header.as_old_mut().linkname, link) {
            self.extension(EntryType::GNULongLink, b"././@LongLink", &ended(link))?;
        }
        header.set_cksum();
        self.write(header.as_bytes())?;
        self.size = header.size().map_err(|_| SysError::new("write", EIO))?;
        self.due = self.size;
        Ok(())
    }

    /// An entry of which only the following ones are meant.
    fn extension(&mut self, kind: EntryType, name: &[u8], content: &[u8]) -> Result<(), SysError> {
        let mut header = Header::new_gnu();
        fits(&mut header.as_old_mut().name, name);
        header.set_entry_type(kind);
        header.set_mode(0o644);
        header.set_uid(0);
        header.set_gid(0);
        header.set_size(content.len() as u64);
        header.set_cksum();
        self.write(header.as_bytes())?;
        self.write(content)?;
        self.pad(content.len() as u64)
    }

    /// How much of the entry's content is still to come.
    pub(super) fn due(&self) -> u64 {
        self.due
    }

    /// The next of the entry's content, which is no more than is due.
    pub(super) fn content(&mut self, bytes: &[u8]) -> Result<(), SysError> {
        self.due = self.due.saturating_sub(bytes.len() as u64);
        self.write(bytes)
    }

    /// The entry's content is complete; what is missing are zeros.
    pub(super) fn close(&mut self) -> Result<(), SysError> {
        let zeros = [0; BLOCK];
        while self.due > 0 {
            let count = usize::try_from(self.due).unwrap_or(BLOCK).min(BLOCK);
            self.content(zeros.get(..count).unwrap_or_default())?;
        }
        self.pad(self.size)
    }

    fn pad(&mut self, size: u64) -> Result<(), SysError> {
        let beyond = usize::try_from(size % BLOCK as u64).unwrap_or(0);
        if beyond == 0 { Ok(()) } else { self.write(&vec![0; BLOCK - beyond]) }
    }

    /// The end of the stream, without which it counts as cut off.
    pub(super) fn finish(mut self) -> Result<(), SysError> {
        self.write(&[0; 2 * BLOCK])?;
        self.out.flush().map_err(|error| SysError::from_io("write", &error))
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), SysError> {
        self.out.write_all(bytes).map_err(|error| SysError::from_io("write", &error))
    }
}

/// Puts as much of a name into a header's field as fits; false: that is not all.
fn fits(field: &mut [u8; 100], name: &[u8]) -> bool {
    field.fill(0);
    for (to, from) in field.iter_mut().zip(name) {
        *to = *from;
    }
    name.len() <= field.len()
}

fn ended(name: &[u8]) -> Vec<u8> {
    [name, b"\0"].concat()
}

/// `LENGTH KEY=VALUE\n`, where the length counts itself. pax(1)
fn record(key: &[u8], value: &[u8]) -> Vec<u8> {
    let rest = [b" ", ATTRIBUTE, key, b"=", value, b"\n"].concat();
    let mut length = rest.len();
    while length != rest.len() + length.to_string().len() {
        length = rest.len() + length.to_string().len();
    }
    [length.to_string().as_bytes(), &rest].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn record_counts_its_own_length() {
        for (value, expected) in [
            ("x", "31 SCHILY.xattr.user.comment=x\n"),
            (&"x".repeat(69), &*format!("99 SCHILY.xattr.user.comment={}\n", "x".repeat(69))),
            (&"x".repeat(70), &*format!("101 SCHILY.xattr.user.comment={}\n", "x".repeat(70))),
        ] {
            assert_eq!(String::from_utf8(record(b"user.comment", value.as_bytes())).unwrap(), expected);
            assert_eq!(expected.split(' ').next().unwrap().parse::<usize>().unwrap(), expected.len());
        }
    }
}
