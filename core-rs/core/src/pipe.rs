//! Ops on the pipes of a program that was launched with them. Those that wait are called on a thread of their own.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::{AsFd, AsRawFd, IntoRawFd, OwnedFd};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use masu_steps::failure::failed;
use masu_sys::descriptor::{adopt, duplicate_number};
use masu_sys::error::SysError;
use masu_sys::wait::{End, reap, reap_pidfd};
use masu_sys::{pidfd, signalfd};
use masu_wire::error::CoreError;
use masu_wire::pipe::{
    CloseDescriptorsReply, CloseDescriptorsRequest, CollectReply, CollectRequest, PipesReply, PipesRequest,
    ReadPipeReply, ReadPipeRequest, SignalProcessReply, SignalProcessRequest, WritePipeReply, WritePipeRequest,
};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::{Errno, retry_on_intr};
use rustix::pipe::{PipeFlags, pipe_with};

/// One read takes no more.
const MAX_READ: u32 = 1 << 20;

/// Makes pipes.
pub(crate) fn pipes(request: PipesRequest) -> Result<PipesReply, CoreError> {
    let made: Result<Vec<(OwnedFd, OwnedFd)>, Errno> =
        (0..request.count).map(|_| pipe_with(PipeFlags::CLOEXEC)).collect();
    let made = made.map_err(|errno| failed("Make a pipe", SysError::new("pipe2", errno.raw_os_error())))?;
    let numbers = made.into_iter().map(|(reader, writer)| [reader.into_raw_fd(), writer.into_raw_fd()]);
    Ok(PipesReply { pipes: numbers.collect() })
}

/// Waits for something to read. Cancelled: as at the end.
pub(crate) fn read_pipe(request: ReadPipeRequest) -> Result<ReadPipeReply, CoreError> {
    let mut file = duplicate(request.descriptor)?;
    if is_cancelled(&file, PollFlags::IN, request.cancel)? {
        return Ok(ReadPipeReply { data: String::new() });
    }
    let mut bytes = vec![0; usize::try_from(request.bytes.clamp(1, MAX_READ)).unwrap_or(1)];
    let count = retry(|| file.read(&mut bytes)).map_err(|error| of(request.descriptor, "read", &error))?;
    bytes.truncate(count);
    Ok(ReadPipeReply { data: STANDARD.encode(bytes) })
}

/// Writes all of it.
pub(crate) fn write_pipe(request: WritePipeRequest) -> Result<WritePipeReply, CoreError> {
    let mut file = duplicate(request.descriptor)?;
    match write_blocks(&mut file, &decode(&request.data)?, request.cancel)? {
        Ok(taken) => Ok(WritePipeReply { taken }),
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(WritePipeReply { taken: false }),
        Err(error) => Err(of(request.descriptor, "write", &error)),
    }
}

/// So that no write waits once there is room: pipe(7), PIPE_BUF. False: cancelled.
fn write_blocks(file: &mut File, bytes: &[u8], cancel: Option<i32>) -> Result<std::io::Result<bool>, CoreError> {
    for block in bytes.chunks(if cancel.is_some() { 4096 } else { usize::MAX }) {
        if is_cancelled(file, PollFlags::OUT, cancel)? {
            return Ok(Ok(false));
        }
        if let Err(error) = file.write_all(block) {
            return Ok(Err(error));
        }
    }
    Ok(Ok(true))
}

/// Waits until the pipe is ready, or nobody wants that any more.
fn is_cancelled(file: &File, flags: PollFlags, cancel: Option<i32>) -> Result<bool, CoreError> {
    let Some(number) = cancel else { return Ok(false) };
    let cancel = duplicate(number)?;
    let mut polled = [PollFd::new(&cancel, PollFlags::IN), PollFd::new(file, flags)];
    let waited = retry_on_intr(|| poll(&mut polled, None));
    waited.map_err(|errno| failed("Wait for a pipe", SysError::new("poll", errno.raw_os_error())))?;
    Ok(!polled[0].revents().is_empty())
}

/// Closes what this process was given.
pub(crate) fn close_descriptors(request: CloseDescriptorsRequest) -> Result<CloseDescriptorsReply, CoreError> {
    request.descriptors.into_iter().for_each(|number| drop(adopt(number)));
    Ok(CloseDescriptorsReply {})
}

/// Everything that a child has to say, and how it ended.
pub(crate) fn collect(request: CollectRequest) -> Result<CollectReply, CoreError> {
    let input = decode(&request.input)?;
    let file = |number| adopt(number).map(File::from);
    let (stdin, stdout, stderr) = (file(request.stdin), file(request.stdout), file(request.stderr));
    let cancel = request.cancel;
    let limit = usize::try_from(request.limit_bytes).unwrap_or(usize::MAX);
    let (out, err) = std::thread::scope(|scope| {
        if let Some(mut stdin) = stdin {
            // A child that does not read it all is none of ours to judge.
            scope.spawn(move || drop(write_blocks(&mut stdin, &input, cancel)));
        }
        let err = stderr.map(|stderr| scope.spawn(move || read_all(stderr, limit, cancel)));
        let out = stdout.map(|stdout| read_all(stdout, limit, cancel));
        (out.unwrap_or_default(), err.and_then(|err| err.join().ok()).unwrap_or_default())
    });
    let end = match adopt(request.pidfd) {
        Some(pidfd) => reap_pidfd(pidfd.as_fd()),
        None => reap(request.pid),
    };
    let (status, signal) = match end.map_err(|error| failed(format!("Wait for process {}", request.pid), error))? {
        End::Exited(status) => (Some(status), None),
        End::Signalled(signal) => (None, Some(signal)),
    };
    let truncated = out.truncated || err.truncated;
    Ok(CollectReply {
        status,
        signal,
        stdout: STANDARD.encode(out.bytes),
        stderr: STANDARD.encode(err.bytes),
        truncated,
    })
}

/// Signals a child that was not waited for, so that its pid is its own still.
pub(crate) fn signal_process(request: SignalProcessRequest) -> Result<SignalProcessReply, CoreError> {
    let sent = match duplicate_number(request.pidfd) {
        Ok(descriptor) => pidfd::send_signal(descriptor.as_fd(), request.signal),
        Err(_) => signalfd::kill(request.pid, request.signal),
    };
    match sent {
        Err(error) if error.errno == Errno::SRCH.raw_os_error() => {}
        sent => sent.map_err(|error| failed(format!("Signal process {}", request.pid), error))?,
    }
    Ok(SignalProcessReply {})
}

/// What was read of one stream.
#[derive(Default)]
struct Kept {
    bytes: Vec<u8>,
    truncated: bool,
}

/// To the end, so that the writer never waits; a failed read is the end of what there is.
fn read_all(mut file: File, limit: usize, cancel: Option<i32>) -> Kept {
    let mut kept = Kept::default();
    let mut block = [0; 64 << 10];
    loop {
        if !matches!(is_cancelled(&file, PollFlags::IN, cancel), Ok(false)) {
            return kept;
        }
        match retry(|| file.read(&mut block)) {
            Ok(0) | Err(_) => return kept,
            Ok(count) => {
                let room = count.min(limit - kept.bytes.len());
                kept.bytes.extend_from_slice(block.get(..room).unwrap_or_default());
                kept.truncated |= room < count;
            }
        }
    }
}

fn retry<T>(mut call: impl FnMut() -> std::io::Result<T>) -> std::io::Result<T> {
    loop {
        match call() {
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            done => return done,
        }
    }
}

fn duplicate(number: i32) -> Result<File, CoreError> {
    let made = duplicate_number(number).map_err(|error| failed(format!("Use descriptor {number}"), error))?;
    debug_assert!(made.as_raw_fd() > 2);
    Ok(File::from(made))
}

fn decode(text: &str) -> Result<Vec<u8>, CoreError> {
    STANDARD.decode(text).map_err(|error| CoreError::bug(format!("Read bytes in base64: {error}")))
}

fn of(number: i32, call: &'static str, error: &std::io::Error) -> CoreError {
    failed(format!("Use descriptor {number}"), SysError::from_io(call, error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn read_pipe_returns_what_write_pipe_wrote_and_then_the_end() {
        let [[reader, writer]] = <[_; 1]>::try_from(pipes(PipesRequest { count: 1 }).unwrap().pipes).unwrap();
        let data = STANDARD.encode([0, 255, 10]);
        assert!(write_pipe(WritePipeRequest { descriptor: writer, data: data.clone(), cancel: None }).unwrap().taken);
        close_descriptors(CloseDescriptorsRequest { descriptors: vec![writer] }).unwrap();
        let read = || read_pipe(ReadPipeRequest { descriptor: reader, bytes: 100, cancel: None }).unwrap().data;
        assert_eq!((read(), read()), (data, String::new()));
        close_descriptors(CloseDescriptorsRequest { descriptors: vec![reader] }).unwrap();
    }

    #[test]
    fn cancelled_pipes_are_not_waited_for() {
        let [[reader, writer], [cancel, other]] =
            <[_; 2]>::try_from(pipes(PipesRequest { count: 2 }).unwrap().pipes).unwrap();
        let (data, cancelled) = (STANDARD.encode(vec![7; 4 << 20]), Some(cancel));
        let late = std::thread::spawn(move || {
            std::thread::sleep(std::time::Duration::from_millis(50));
            close_descriptors(CloseDescriptorsRequest { descriptors: vec![other] }).unwrap();
        });
        let request = WritePipeRequest { descriptor: writer, data, cancel: cancelled };
        assert!(!write_pipe(request).unwrap().taken);
        let request = ReadPipeRequest { descriptor: reader, bytes: 100, cancel: cancelled };
        assert_eq!(read_pipe(request).unwrap().data, "");
        late.join().unwrap();
        close_descriptors(CloseDescriptorsRequest { descriptors: vec![reader, writer, cancel] }).unwrap();
    }

    #[test]
    #[expect(clippy::zombie_processes, reason = "collect reaps it")]
    fn collect_reads_both_streams_of_a_child_and_loses_what_is_beyond_the_limit() {
        let mut child = std::process::Command::new("sh")
            .args(["-c", "cat; head -c 100000 /dev/zero >&2; exit 3"])
            .stdin(std::process::Stdio::piped())
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        let number = |fd: OwnedFd| fd.into_raw_fd();
        let request = CollectRequest {
            pid: child.id(),
            pidfd: -1,
            stdin: number(child.stdin.take().unwrap().into()),
            input: STANDARD.encode("hello"),
            stdout: number(child.stdout.take().unwrap().into()),
            stderr: number(child.stderr.take().unwrap().into()),
            limit_bytes: 70_000,
            cancel: None,
        };
        let reply = collect(request).unwrap();
        assert_eq!((reply.status, reply.signal, reply.truncated), (Some(3), None, true));
        assert_eq!(STANDARD.decode(reply.stdout).unwrap(), b"hello");
        assert_eq!(STANDARD.decode(reply.stderr).unwrap().len(), 70_000);
    }
}
