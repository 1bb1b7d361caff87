//! A program's word that it is ready, passed on to whoever started masu as a service. sd_notify(3)
//!
//! The container has a socket of its own: whoever listens on the other one takes messages of that service's processes only.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Duration;

use masu_sys::error::SysError;
use masu_sys::local_socket::{receive_at, send_to};
use masu_wire::error::CoreError;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

use crate::failure::failed;
use crate::named;

/// The program may be any user.
const MODE: u32 = 0o777;
/// One message; more of it is lost, as with runc.
const LONGEST: usize = 4096;
/// What it says when it is ready.
const READY: &[u8] = b"READY=";
/// Where the kernel has no pidfds to wait for.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// The container's socket, as long as nothing came.
pub struct Notify {
    socket: OwnedFd,
    /// `NOTIFY_SOCKET` of masu's caller.
    to: String,
}

impl Notify {
    /// Makes the socket. Errors: something is there; those of bind(2).
    pub fn listen(path: &str, to: &str) -> Result<Self, CoreError> {
        let socket = receive_at(path, MODE).map_err(|error| failed(format!("Listen on {path:?}"), error))?;
        Ok(Self { socket, to: to.to_owned() })
    }

    /// One that was made before.
    #[must_use]
    pub const fn adopted(socket: OwnedFd, to: String) -> Self {
        Self { socket, to }
    }

    /// To poll(2): something came.
    #[must_use]
    pub fn socket(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }

    /// Reads what came, and passes it on once the program is ready: then it returns true, and there is nothing left to do.
    ///
    /// `main`: the process that is the service's from now on. Errors: nobody listens there.
    pub fn advance(&self, main: Option<u32>) -> Result<bool, CoreError> {
        let mut message = [0; LONGEST];
        loop {
            let length = match rustix::io::read(&self.socket, &mut message) {
                Ok(length) => length,
                Err(Errno::INTR) => continue,
                Err(Errno::AGAIN) => return Ok(false),
                Err(errno) => return Err(self.explain(SysError::new("read", errno.raw_os_error()))),
            };
            let said = message.get(..length).unwrap_or_default();
            if let Some(line) = said.split(|byte| *byte == b'\n').find(|line| line.starts_with(READY)) {
                self.tell(&[line, b"\n"].concat())?;
                main.map_or(Ok(()), |pid| self.tell(format!("MAINPID={pid}\n").as_bytes()))?;
                return Ok(true);
            }
        }
    }

    /// Passes the program's word on, or returns when `main` has ended without one. `pidfd`: of that, where there are any.
    ///
    /// Errors: nobody listens there.
    pub fn wait(
        &self,
        main: u32,
        pidfd: Option<BorrowedFd<'_>>,
        has_ended: impl Fn() -> bool,
    ) -> Result<(), CoreError> {
        let timeout = pidfd
            .is_none()
            .then_some(LOOK_AGAIN)
            .map(|time| Timespec { tv_sec: 0, tv_nsec: time.subsec_nanos().into() });
        loop {
            // What it said at last counts too.
            let ended = has_ended();
            if self.advance(Some(main))? || ended {
                return Ok(());
            }
            let mut polled: Vec<PollFd<'_>> = [Some(self.socket()), pidfd]
                .into_iter()
                .flatten()
                .map(|one| PollFd::from_borrowed_fd(one, PollFlags::IN))
                .collect();
            named("poll", rustix::io::retry_on_intr(|| poll(&mut polled, timeout.as_ref())))
                .map_err(|error| self.explain(error))?;
        }
    }

    fn tell(&self, message: &[u8]) -> Result<(), CoreError> {
        send_to(&self.to, message).map_err(|error| self.explain(error))
    }

    fn explain(&self, error: SysError) -> CoreError {
        failed(format!("Tell {:?} that the program is ready (NOTIFY_SOCKET)", self.to), error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scratch(name: &str) -> String {
        let path = std::env::temp_dir().join(format!("masu-notify-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir(&path).unwrap();
        path.to_str().unwrap().to_owned()
    }

    fn heard(socket: &OwnedFd) -> Option<String> {
        let mut message = [0; LONGEST];
        let length = rustix::io::read(socket, &mut message).ok()?;
        Some(String::from_utf8_lossy(&message[..length]).into_owned())
    }

    #[test]
    fn advance_passes_on_that_the_program_is_ready_and_nothing_else() {
        let top = scratch("ready");
        let (own, other) = (format!("{top}/own"), format!("{top}/other"));
        let service = receive_at(&other, 0o700).unwrap();
        let notify = Notify::listen(&own, &other).unwrap();
        assert!(!notify.advance(Some(7)).unwrap());
        send_to(&own, b"STATUS=begins").unwrap();
        assert!(!notify.advance(Some(7)).unwrap());
        send_to(&own, b"STATUS=runs\nREADY=1\nMAINPID=1").unwrap();
        assert!(notify.advance(Some(7)).unwrap());
        assert_eq!(
            [heard(&service), heard(&service), heard(&service)],
            [Some("READY=1\n".to_owned()), Some("MAINPID=7\n".to_owned()), None]
        );
        std::fs::remove_dir_all(top).unwrap();
    }

    #[test]
    fn wait_returns_when_the_process_has_ended() {
        let top = scratch("ended");
        let notify = Notify::listen(&format!("{top}/own"), &format!("{top}/nobody")).unwrap();
        notify.wait(7, None, || true).unwrap();
        send_to(&format!("{top}/own"), b"READY=1").unwrap();
        let error = notify.wait(7, None, || false).unwrap_err();
        assert!(error.message.contains("NOTIFY_SOCKET"), "{error}");
        std::fs::remove_dir_all(top).unwrap();
    }
}
