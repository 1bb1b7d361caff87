//! One health check: a program in the container, started and watched by a child of the monitor, because to enter a container can take
//! as long as the container wants: it may be frozen, or at its memory limit.

use masu_containers::exec_plan;
use masu_containers::freeze::is_frozen;
use masu_launch::{Launched, Scope};
use masu_steps::failure::failed;
use masu_steps::time::now;
use masu_sys::error::SysError;
use masu_sys::file::{self, OFlags};
use masu_sys::process::{self, Side, SingleThread};
use masu_sys::wait::{self, End};
use masu_sys::{descriptor, pidfd, signal, signalfd};
use masu_wire::container::{HealthCheck, HealthResult};
use masu_wire::error::{CoreError, ErrorCode};
use masu_wire::lifecycle::ExecOptions;
use rustix::fs::{fcntl_getfl, fcntl_setfl};
use rustix::pipe::{PipeFlags, pipe_with};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

use super::home::Home;
use super::running::sealed_init;

/// So much of its output is kept.
const KEPT: usize = 4096;
/// Beyond its time limit: the child itself is stuck in the container's way.
const PATIENCE: Duration = Duration::from_secs(10);
/// Where there are no pidfds to wait for.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

const SIGKILL: i32 = 9;
/// How the child says what no exit status can: it ends by this signal.
const NOT_STARTED: i32 = 10;
const FROZEN: i32 = 12;
const TOO_LONG: i32 = 14;

/// One that runs.
pub(super) struct Probe {
    child: u32,
    output: Option<OwnedFd>,
    kept: Vec<u8>,
    started: String,
    give_up_at: Instant,
}

impl Probe {
    /// Errors: those of pipe(2) and clone(2).
    pub(super) fn start(home: &Home, check: &HealthCheck) -> Result<Self, SysError> {
        let (output, theirs) =
            pipe_with(PipeFlags::CLOEXEC).map_err(|errno| SysError::new("pipe2", errno.raw_os_error()))?;
        let flags = fcntl_getfl(&output).map_err(|errno| SysError::new("fcntl", errno.raw_os_error()))?;
        fcntl_setfl(&output, flags | OFlags::NONBLOCK).map_err(|errno| SysError::new("fcntl", errno.raw_os_error()))?;
        let timeout = Duration::from_millis(check.timeout_ms);
        match process::fork(SingleThread::prove()?)? {
            Side::Parent { pid, .. } => Ok(Self {
                child: pid,
                output: Some(output),
                kept: Vec::new(),
                started: now(),
                give_up_at: Instant::now() + timeout + PATIENCE,
            }),
            Side::Child => {
                // Nothing of the monitor must seem to live on in it.
                let _ = descriptor::close_from(3, &[theirs.as_raw_fd().unsigned_abs()]);
                let _ = process::set_name(c"masu-health");
                finish(watch(home, &check.command, timeout, theirs.as_fd()), theirs.as_fd())
            }
        }
    }

    /// Readable: it has written something.
    pub(super) fn output(&self) -> Option<BorrowedFd<'_>> {
        self.output.as_ref().map(AsFd::as_fd)
    }

    /// When it has to be killed from here.
    pub(super) const fn give_up_at(&self) -> Instant {
        self.give_up_at
    }

    /// Takes what it has written, whether or not it is kept: nobody waits for a full pipe.
    pub(super) fn read(&mut self) {
        let mut block = [0; 1024];
        while let Some(output) = &self.output {
            match rustix::io::retry_on_intr(|| rustix::io::read(output, &mut block)) {
                Ok(count) if count > 0 => {
                    let room = KEPT - self.kept.len();
                    self.kept.extend_from_slice(block.get(..count.min(room)).unwrap_or_default());
                    if count < block.len() {
                        return;
                    }
                }
                Err(rustix::io::Errno::AGAIN) => return,
                Ok(_) | Err(_) => self.output = None,
            }
        }
    }

    pub(super) fn has_ended(&self) -> bool {
        wait::has_ended(self.child).unwrap_or(true)
    }

    /// Once it has ended, what it said; none: the container is frozen, and was not asked.
    pub(super) fn result(mut self) -> Option<HealthResult> {
        self.read();
        let status = match wait::reap(self.child) {
            Ok(End::Exited(status)) => status,
            Ok(End::Signalled(FROZEN)) => return None,
            Ok(End::Signalled(TOO_LONG)) => {
                self.kept = b"it took too long and was killed".to_vec();
                -1
            }
            _ => -1,
        };
        Some(HealthResult {
            started: self.started,
            finished: now(),
            status,
            output: String::from_utf8_lossy(&self.kept).into_owned(),
        })
    }

    /// What it runs ends with its container, or is ended by this: it kills what it has started, or is killed before it has.
    pub(super) fn kill(&mut self) {
        let _ = signalfd::kill(self.child, SIGKILL);
        self.give_up_at += PATIENCE;
    }

    /// Ends it, without a result.
    pub(super) fn abandon(mut self) {
        self.kill();
        let _ = wait::reap(self.child);
    }
}

/// How the child's work ended.
enum Verdict {
    Status(i32),
    Frozen,
    TooLong,
}

/// In the child: tells by its own end.
fn finish(verdict: Result<Verdict, CoreError>, output: BorrowedFd<'_>) -> ! {
    let signal = match verdict {
        Ok(Verdict::Status(status)) => process::exit(status),
        Ok(Verdict::Frozen) => FROZEN,
        Ok(Verdict::TooLong) => TOO_LONG,
        Err(error) => {
            let _ = rustix::io::write(output, error.message.as_bytes());
            NOT_STARTED
        }
    };
    let _ = signal::set_mask(0);
    let _ = signalfd::kill(std::process::id(), signal);
    process::exit(255)
}

fn watch(home: &Home, command: &[String], timeout: Duration, output: BorrowedFd<'_>) -> Result<Verdict, CoreError> {
    let record = home.record().ok_or_else(|| {
        CoreError::new(ErrorCode::NotFound, format!("Check the health of container {:?}: it has no record", home.id))
    })?;
    if record.masu.cgroups.freezer.as_ref().is_some_and(is_frozen) {
        return Ok(Verdict::Frozen);
    }
    let options = ExecOptions {
        arguments: command.to_vec(),
        environment: Vec::new(),
        directory: None,
        terminal: None,
        preserve_fds: 0,
        pid_file: None,
        steps: None,
        process: None,
        handover: None,
        cgroups: Vec::new(),
        ignore_paused: None,
    };
    let request = exec_plan(&record, &options)?;
    let text = serde_json::to_string(&request).map_err(|error| CoreError::bug(format!("Write a launch: {error}")))?;
    let text = serde_json::from_str(&text).map_err(|error| CoreError::unreadable("launch", &error))?;
    let init = sealed_init()?;
    let mut launch = masu_launch::read(text, init.as_fd(), Scope::Start)?;
    launch.set_stdio(stdio(output).map_err(|error| failed("Make the streams of a health check", error))?);
    launch.set_signal_mask(0);
    let launched = masu_launch::start(&mut launch)?;
    Ok(await_end(&launched, timeout))
}

fn stdio(output: BorrowedFd<'_>) -> Result<[OwnedFd; 3], SysError> {
    let again = || descriptor::duplicate_from(output, 3);
    Ok([file::open("/dev/null", OFlags::RDONLY)?, again()?, again()?])
}

fn await_end(launched: &Launched, timeout: Duration) -> Verdict {
    let ended = match &launched.pidfd {
        Some(pidfd) => {
            let timeout = u32::try_from(timeout.as_millis()).unwrap_or(u32::MAX);
            pidfd::wait(pidfd.as_fd(), Some(timeout)).unwrap_or(false)
        }
        None => await_pid(launched.pid, timeout),
    };
    if !ended {
        let _ = signalfd::kill(launched.pid, SIGKILL);
    }
    let end = wait::reap(launched.pid);
    if ended { Verdict::Status(end.map_or(255, End::status)) } else { Verdict::TooLong }
}

fn await_pid(pid: u32, timeout: Duration) -> bool {
    let limit = Instant::now() + timeout;
    while !wait::has_ended(pid).unwrap_or(true) {
        if Instant::now() > limit {
            return false;
        }
        std::thread::sleep(LOOK_AGAIN);
    }
    true
}
