//! A connection to a manager of systemd's: the system's, or a user's own.
//!
//! D-Bus Specification, "Authentication Protocol", "Message Bus"; org.freedesktop.systemd1(5)

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use masu_sys::errno::values::{EAGAIN, EIO, ENOENT, EPIPE, ETIMEDOUT};
use masu_sys::error::SysError;

use super::address::{Place, places};
use super::message::{self, FIXED, Object, Received};
use super::value::{Reader, Writer};

/// As long as others wait for systemd to start or stop a unit.
const PATIENCE: Duration = Duration::from_secs(30);
/// A line of the authentication: systemd's longest is 37 bytes.
const LONGEST_LINE: usize = 1024;

const MANAGER: Object = Object {
    destination: "org.freedesktop.systemd1",
    path: "/org/freedesktop/systemd1",
    interface: "org.freedesktop.systemd1.Manager",
};
/// The same object, by the interface that every object has.
const PROPERTIES: Object = Object { interface: "org.freedesktop.DBus.Properties", ..MANAGER };
const BUS: Object =
    Object { destination: "org.freedesktop.DBus", path: "/org/freedesktop/DBus", interface: "org.freedesktop.DBus" };
const JOB_REMOVED: &str = "JobRemoved";

/// Why nothing came of a call.
#[derive(Debug)]
pub(super) enum Fault {
    /// Nobody answers, or not in time.
    System(SysError),
    /// What was said is no D-Bus.
    Garbled,
    /// The answer is no.
    Refused {
        /// `org.freedesktop.systemd1.UnitExists` and so on.
        name: String,
        /// systemd's own words.
        message: String,
    },
}

impl From<SysError> for Fault {
    fn from(error: SysError) -> Self {
        Self::System(error)
    }
}

/// One connection, for a few calls.
pub(super) struct Connection {
    stream: UnixStream,
    deadline: Instant,
    serial: u32,
    /// Jobs that ended meanwhile, with their results.
    ended: Vec<(String, String)>,
}

impl Connection {
    /// To the first of the places where somebody answers. ENOENT, ECONNREFUSED: systemd is not there.
    pub(super) fn open(user: bool) -> Result<Self, Fault> {
        let mut first = None;
        for place in places(user) {
            let (Place::Direct(address) | Place::Bus(address)) = &place;
            match address.connect() {
                Ok(stream) => return Self::begin(stream, matches!(place, Place::Bus(_))),
                Err(error) => _ = first.get_or_insert(error),
            }
        }
        Err(Fault::System(first.unwrap_or(SysError::new("connect", ENOENT))))
    }

    fn begin(stream: UnixStream, bus: bool) -> Result<Self, Fault> {
        let mut connection = Self { stream, deadline: Instant::now() + PATIENCE, serial: 0, ended: Vec::new() };
        connection.authenticate()?;
        if bus {
            connection.ask(&BUS, "Hello", "", Writer::default())?;
            let mut rule = Writer::default();
            rule.text("type='signal',interface='org.freedesktop.systemd1.Manager',member='JobRemoved'");
            connection.ask(&BUS, "AddMatch", "s", rule)?;
        }
        Ok(connection)
    }

    /// EXTERNAL without a name: the kernel tells the other side who this is, also out of a user namespace that has other numbers.
    ///
    /// All in one go, and nothing more until it is answered: what systemd reads together with `BEGIN` it looks at only when more comes.
    fn authenticate(&mut self) -> Result<(), Fault> {
        self.write(b"\0AUTH EXTERNAL\r\nDATA\r\nBEGIN\r\n")?;
        // `DATA` and `OK`; before systemd 246, `OK` twice.
        let lines = [self.read_line()?, self.read_line()?];
        if lines[1].starts_with(b"OK") {
            return Ok(());
        }
        let message = String::from_utf8_lossy(&lines[0]).trim().to_owned();
        Err(Fault::Refused { name: "AUTH EXTERNAL".to_owned(), message })
    }

    /// Calls a method of the manager's and returns what it answers.
    pub(super) fn call(&mut self, method: &str, signature: &str, body: Writer) -> Result<Received, Fault> {
        self.ask(&MANAGER, method, signature, body)
    }

    /// As [`Connection::call`], of one that answers with a job's path. Returns that.
    pub(super) fn call_for_job(&mut self, method: &str, signature: &str, body: Writer) -> Result<String, Fault> {
        let answer = self.call(method, signature, body)?;
        let path = (answer.signature == "o").then(|| Reader::new(&answer.body).text().map(str::to_owned)).flatten();
        path.ok_or(Fault::Garbled)
    }

    /// systemd's version: `252.38-1~deb12u1` is 252.
    pub(super) fn version(&mut self) -> Result<u32, Fault> {
        let mut body = Writer::default();
        body.text(MANAGER.interface);
        body.text("Version");
        let answer = self.ask(&PROPERTIES, "Get", "ss", body)?;
        let mut value = Reader::new(&answer.body);
        let text = (value.signature() == Some("s")).then(|| value.text()).flatten();
        text.and_then(version_number).ok_or(Fault::Garbled)
    }

    /// Waits until a job has ended. Returns its result: `done`, `failed`, `canceled`, `timeout`, `dependency`, `skipped`.
    pub(super) fn wait_for(&mut self, job: &str) -> Result<String, Fault> {
        loop {
            if let Some(at) = self.ended.iter().position(|(ended, _)| ended == job) {
                return Ok(self.ended.swap_remove(at).1);
            }
            let received = self.receive()?;
            self.hear(&received)?;
        }
    }

    fn ask(&mut self, object: &Object, method: &str, signature: &str, body: Writer) -> Result<Received, Fault> {
        self.serial += 1;
        let call = message::call(object, method, signature, &body.into_bytes(), self.serial);
        self.write(&call)?;
        loop {
            let received = self.receive()?;
            match received.kind {
                Received::ANSWER if received.reply_to == Some(self.serial) => return Ok(received),
                Received::ERROR if received.reply_to == Some(self.serial) => return Err(refusal(received)),
                _ => self.hear(&received)?,
            }
        }
    }

    /// `JobRemoved(u id, o job, s unit, s result)`; whatever else is said is for others.
    fn hear(&mut self, received: &Received) -> Result<(), Fault> {
        if received.kind != Received::SIGNAL || received.member != JOB_REMOVED || received.signature != "uoss" {
            return Ok(());
        }
        let mut body = Reader::new(&received.body);
        let ended = body.number().and_then(|_| Some((body.text()?, body.text()?, body.text()?)));
        let (job, _, result) = ended.ok_or(Fault::Garbled)?;
        self.ended.push((job.to_owned(), result.to_owned()));
        Ok(())
    }

    fn receive(&mut self) -> Result<Received, Fault> {
        let mut fixed = [0; FIXED];
        self.read(&mut fixed)?;
        let (fields, body) = message::rest(&fixed).ok_or(Fault::Garbled)?;
        let mut header = fixed.to_vec();
        header.resize(FIXED + fields, 0);
        self.read(header.get_mut(FIXED..).unwrap_or_default())?;
        let mut bytes = vec![0; body];
        self.read(&mut bytes)?;
        message::parse(&header, bytes).ok_or(Fault::Garbled)
    }

    fn read_line(&mut self) -> Result<Vec<u8>, Fault> {
        let mut line = Vec::new();
        while !line.ends_with(b"\r\n") {
            let mut byte = [0];
            self.read(&mut byte)?;
            line.extend(byte);
            if line.len() > LONGEST_LINE {
                return Err(Fault::Garbled);
            }
        }
        Ok(line)
    }

    /// Fills `buffer`, before the deadline.
    fn read(&mut self, buffer: &mut [u8]) -> Result<(), Fault> {
        let mut filled = 0;
        while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            self.stream
                .set_read_timeout(Some(self.left()?))
                .map_err(|error| SysError::from_io("setsockopt", &error))?;
            match self.stream.read(rest) {
                Ok(0) => return Err(Fault::System(SysError::new("recv", EPIPE))),
                Ok(count) => filled += count,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return Err(Fault::System(in_time("recv", &error))),
            }
        }
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        self.stream.set_write_timeout(Some(self.left()?)).map_err(|error| SysError::from_io("setsockopt", &error))?;
        self.stream.write_all(bytes).map_err(|error| Fault::System(in_time("send", &error)))
    }

    /// What is left of the time for all of it.
    fn left(&self) -> Result<Duration, Fault> {
        let left = self.deadline.saturating_duration_since(Instant::now());
        if left.is_zero() { Err(Fault::System(SysError::new("recv", ETIMEDOUT))) } else { Ok(left) }
    }
}

/// A time limit of a socket is EAGAIN. socket(7), SO_RCVTIMEO
fn in_time(call: &'static str, error: &std::io::Error) -> SysError {
    match error.raw_os_error() {
        Some(EAGAIN) => SysError::new(call, ETIMEDOUT),
        Some(errno) => SysError::new(call, errno),
        None => SysError::new(call, EIO),
    }
}

/// Distributions add to the number, and some put a `v` before it.
fn version_number(text: &str) -> Option<u32> {
    let digits = text.trim_start_matches('v');
    digits.split(|other: char| !other.is_ascii_digit()).next()?.parse().ok()
}

fn refusal(received: Received) -> Fault {
    let message = Reader::new(&received.body).text().filter(|_| received.signature.starts_with('s'));
    Fault::Refused { message: message.unwrap_or_default().to_owned(), name: received.error }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread::{JoinHandle, spawn};

    /// The other side of a connection: it says these bytes, whatever is asked, and then nothing until it is closed.
    fn other_side(said: &'static [u8]) -> (UnixStream, JoinHandle<()>) {
        let (here, mut there) = UnixStream::pair().unwrap();
        let thread = spawn(move || {
            there.write_all(said).unwrap();
            let _ = there.read_to_end(&mut Vec::new());
        });
        (here, thread)
    }

    #[test]
    fn begin_authenticates_whether_or_not_it_is_asked_for_a_name() {
        for said in [b"OK 0123\r\nOK 0123\r\n" as &[u8], b"DATA\r\nOK 0123\r\n"] {
            let (here, thread) = other_side(said);
            drop(Connection::begin(here, false).unwrap());
            thread.join().unwrap();
        }
    }

    #[test]
    fn begin_tells_what_it_cannot_read() {
        let (here, _thread) = other_side(b"REJECTED EXTERNAL\r\nERROR\r\n");
        assert!(
            matches!(Connection::begin(here, false), Err(Fault::Refused { message, .. }) if message == "REJECTED EXTERNAL")
        );
        let (here, _thread) = other_side(&[b'x'; LONGEST_LINE + 1]);
        assert!(matches!(Connection::begin(here, false), Err(Fault::Garbled)));
    }

    #[test]
    fn version_number_is_what_a_version_begins_with() {
        for (text, expected) in [
            ("252.38-1~deb12u1", Some(252)),
            ("v245", Some(245)),
            ("219", Some(219)),
            ("256~rc1", Some(256)),
            ("", None),
        ] {
            assert_eq!(version_number(text), expected, "{text}");
        }
    }

    #[test]
    fn call_ends_when_the_time_is_over_and_when_the_other_side_is_gone() {
        let (here, _thread) = other_side(b"DATA\r\nOK 0123\r\n");
        let mut connection = Connection::begin(here, false).unwrap();
        connection.deadline = Instant::now() + Duration::from_millis(20);
        let silent = connection.call("Reload", "", Writer::default());
        assert!(matches!(silent, Err(Fault::System(SysError { errno: ETIMEDOUT, .. }))));
        let (here, there) = UnixStream::pair().unwrap();
        drop(there);
        assert!(matches!(Connection::begin(here, false), Err(Fault::System(SysError { errno: EPIPE, .. }))));
    }
}
