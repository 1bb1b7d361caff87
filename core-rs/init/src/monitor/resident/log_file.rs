//! The files that a container's output is kept in. No trouble with them stops the container: what cannot be written is counted.

use masu_steps::time;
use masu_sys::error::SysError;
use masu_wire::container::LogSettings;
use rustix::fs::{Mode, OFlags, ftruncate};
use rustix::io::Errno;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::time::SystemTime;

use super::log_line::{Splitter, Stream, append_json};

/// One write(2) has little more than this.
const BATCH: usize = 64 << 10;
/// How much of the end of the log is looked at for its last lines.
const TAIL: u64 = 64 << 10;
/// So many of them.
const LAST_LINES: usize = 10;

/// Both streams and where they go.
pub(super) struct Log {
    stdout: Splitter,
    stderr: Splitter,
    files: Files,
}

impl Log {
    /// Goes on at the end of an existing log. Errors: those of open(2).
    pub(super) fn open(settings: &LogSettings) -> Result<Self, SysError> {
        let mut files = Files {
            path: PathBuf::from(&settings.path),
            max_bytes: settings.max_bytes,
            max_files: settings.max_files.max(1),
            rotate_at: settings.max_bytes,
            file: None,
            size: 0,
            batch: Vec::new(),
            batch_lines: 0,
            lost_lines: 0,
            reason: Errno::IO,
            started: String::new(),
        };
        files.reopen().map_err(|errno| SysError::new("open", errno.raw_os_error()))?;
        Ok(Self { stdout: Splitter::default(), stderr: Splitter::default(), files })
    }

    /// A new start of the container begins.
    pub(super) fn mark_start(&mut self) {
        self.files.started = now();
    }

    /// Keeps output, lines of one call with one time.
    pub(super) fn append(&mut self, stream: Stream, bytes: &[u8]) {
        let (time, files) = (now(), &mut self.files);
        let splitter = match stream {
            Stream::Stdout => &mut self.stdout,
            Stream::Stderr => &mut self.stderr,
        };
        splitter.push(bytes, &mut |line| files.add(&time, stream, line));
        files.flush();
    }

    /// Keeps what no newline came after.
    pub(super) fn finish(&mut self) {
        let (time, files) = (now(), &mut self.files);
        self.stdout.finish(&mut |line| files.add(&time, Stream::Stdout, line));
        self.stderr.finish(&mut |line| files.add(&time, Stream::Stderr, line));
        files.flush();
        files.batch = Vec::new();
    }

    /// The last lines since the last start, without their ends.
    pub(super) fn last_lines(&self) -> Vec<String> {
        let mut lines = self.files.tail();
        lines.drain(..lines.len().saturating_sub(LAST_LINES));
        lines
    }
}

fn now() -> String {
    time::text(SystemTime::now(), 9)
}

struct Files {
    path: PathBuf,
    /// 0: without end.
    max_bytes: u64,
    max_files: u32,
    /// The size beyond which the file is rotated next.
    rotate_at: u64,
    file: Option<File>,
    size: u64,
    /// Lines for one write(2).
    batch: Vec<u8>,
    batch_lines: u64,
    /// Lines that could not be written, and why.
    lost_lines: u64,
    reason: Errno,
    /// When the container was started last.
    started: String,
}

/// One line of the log, as it is read again.
#[derive(serde::Deserialize)]
struct Line {
    time: String,
    log: String,
}

impl Files {
    fn add(&mut self, time: &str, stream: Stream, text: &[u8]) {
        let before = self.batch.len();
        append_json(&mut self.batch, time, stream, text);
        let end = self.size + self.batch.len() as u64;
        if self.max_bytes > 0 && end > self.rotate_at && self.size + before as u64 > 0 {
            let line = self.batch.split_off(before);
            self.flush();
            self.rotate();
            self.batch.extend(line);
        }
        self.batch_lines += 1;
        // Short lines become many times longer.
        if self.batch.len() >= BATCH {
            self.flush();
        }
    }

    /// Writes the batch, all of it or nothing.
    fn flush(&mut self) {
        if self.batch.is_empty() {
            return;
        }
        if self.lost_lines > 0 {
            let reason = masu_sys::errno::text(self.reason.raw_os_error());
            let notice = format!("masu: lines of output that could not be kept: {} ({reason})\n", self.lost_lines);
            let mut text = Vec::new();
            append_json(&mut text, &now(), Stream::Stderr, notice.as_bytes());
            self.batch.splice(..0, text);
        }
        match self.write() {
            Ok(()) => self.lost_lines = 0,
            Err(errno) => {
                self.lost_lines += self.batch_lines;
                self.reason = errno;
            }
        }
        self.batch.clear();
        self.batch_lines = 0;
    }

    fn write(&mut self) -> Result<(), Errno> {
        if self.file.is_none() {
            self.reopen()?;
        }
        let Some(file) = &self.file else { return Err(Errno::BADF) };
        let mut rest = &*self.batch;
        while !rest.is_empty() {
            match rustix::io::write(file, rest) {
                Err(Errno::INTR) => {}
                Ok(count) if count > 0 => rest = rest.get(count..).unwrap_or_default(),
                stopped => {
                    // No half line stays. Where even that fails, opening it anew ends the line.
                    if ftruncate(file, self.size).is_err() {
                        self.file = None;
                    }
                    return Err(stopped.err().unwrap_or(Errno::NOSPC));
                }
            }
        }
        self.size += self.batch.len() as u64;
        Ok(())
    }

    /// Appends to the file that is there, or makes one.
    fn reopen(&mut self) -> Result<(), Errno> {
        let flags = OFlags::RDWR | OFlags::APPEND | OFlags::CREATE | OFlags::CLOEXEC | OFlags::NOFOLLOW;
        let mode = Mode::from_raw_mode(0o600);
        let file = File::from(rustix::io::retry_on_intr(|| rustix::fs::open(&self.path, flags, mode))?);
        let mut size = u64::try_from(rustix::fs::fstat(&file)?.st_size).unwrap_or(0);
        let mut last = [b'\n'];
        let read = if size > 0 { file.read_at(&mut last, size - 1) } else { Ok(0) };
        if read.is_err() || last != [b'\n'] {
            // A monitor was killed, or the machine went down, in the middle of a line.
            size += rustix::io::write(&file, b"\n")? as u64;
        }
        (self.file, self.size) = (Some(file), size);
        Ok(())
    }

    /// `log.json` becomes `log.json.1`, and so on; the oldest goes. A reader that has one open reads it to its end.
    fn rotate(&mut self) {
        if self.shift().is_err() {
            // It grows, until the next try.
            self.rotate_at = self.size + self.max_bytes;
            return;
        }
        (self.file, self.size, self.rotate_at) = (None, 0, self.max_bytes);
        // When it fails, every write tries again.
        let _ = self.reopen();
    }

    fn shift(&self) -> std::io::Result<()> {
        if self.max_files == 1 {
            return std::fs::remove_file(&self.path);
        }
        for number in (1..self.max_files).rev() {
            let from = if number == 1 { self.path.clone() } else { self.numbered(number - 1) };
            match std::fs::rename(from, self.numbered(number)) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }

    fn numbered(&self, number: u32) -> PathBuf {
        let mut path = self.path.clone().into_os_string();
        path.push(format!(".{number}"));
        PathBuf::from(path)
    }

    /// Lines since the last start near the end of the log, across a rotation.
    fn tail(&self) -> Vec<String> {
        let mut text = Vec::new();
        if self.size < TAIL && self.max_files > 1 {
            text = File::open(self.numbered(1)).map(|file| end_of(&file)).unwrap_or_default();
        }
        text.extend(self.file.as_ref().map(end_of).unwrap_or_default());
        let lines = text.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice::<Line>(line).ok());
        let lines = lines.filter(|line| line.time >= self.started);
        lines.map(|line| line.log.trim_end_matches(['\n', '\r']).to_owned()).collect()
    }
}

fn end_of(file: &File) -> Vec<u8> {
    let size = file.metadata().map_or(0, |status| status.len());
    let mut bytes = vec![0; usize::try_from(size.min(TAIL)).unwrap_or(0)];
    let read = file.read_exact_at(&mut bytes, size.saturating_sub(TAIL));
    if read.is_ok() { bytes } else { Vec::new() }
}

#[cfg(test)]
#[path = "log_file_test.rs"]
mod tests;
