//! A stream that waits where its descriptor does not: whoever gave it to masu may have made it non-blocking, for their own end's sake.

use std::fs::File;
use std::io::{ErrorKind, Read, Result, Write};

use rustix::event::{PollFd, PollFlags, poll};

/// The stream.
pub(super) struct Patient(pub(super) File);

impl Patient {
    fn wait(&self, flags: PollFlags) -> Result<()> {
        rustix::io::retry_on_intr(|| poll(&mut [PollFd::new(&self.0, flags)], None))?;
        Ok(())
    }
}

impl Read for Patient {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        loop {
            match self.0.read(buffer) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => self.wait(PollFlags::IN)?,
                read => return read,
            }
        }
    }
}

impl Write for Patient {
    fn write(&mut self, bytes: &[u8]) -> Result<usize> {
        loop {
            match self.0.write(bytes) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => self.wait(PollFlags::OUT)?,
                written => return written,
            }
        }
    }

    fn flush(&mut self) -> Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::pipe::{PipeFlags, pipe_with};

    #[test]
    fn patient_waits_for_the_other_end() {
        let (reader, writer) = pipe_with(PipeFlags::CLOEXEC | PipeFlags::NONBLOCK).unwrap();
        let bytes = vec![7; 1 << 20];
        let copy = bytes.clone();
        let writing = std::thread::spawn(move || Patient(writer.into()).write_all(&copy).unwrap());
        let mut read = Vec::new();
        Patient(reader.into()).read_to_end(&mut read).unwrap();
        writing.join().unwrap();
        assert_eq!(read, bytes);
    }
}
