//! What the front's commands know of the process that they run in.

use std::fs::File;
use std::os::fd::{AsFd as _, IntoRawFd as _, OwnedFd};

use masu_containers::directories::{Caller, home_of, store_of};
use masu_host::process::in_initial_user_namespace;
use masu_sys::descriptor;
use masu_sys::file::OFlags;
use masu_wire::error::CoreError;
use masu_wire::lifecycle::Store;
use rustix::process::geteuid;
use rustix::thread::CapabilitySet;

use super::grammar::RUNTIMES;
use super::marker::Marker;
use super::parse::Parsed;
use super::report::{EXEC_FAILED, FAILED, Paint, exit_status, unwritten, write_all};
use super::stack::Stack;
use super::telling::Telling;

/// The user database.
const PASSWD: &str = "/etc/passwd";
/// The file that the kernel started.
const OWN_FILE: &str = "/proc/self/exe";

/// This process.
#[derive(Clone, Copy)]
pub(super) struct Context<'a> {
    stack: &'a Stack,
    marker: &'a Marker,
    telling: Telling<'a>,
}

impl<'a> Context<'a> {
    /// A standard descriptor that is closed becomes `/dev/null`, as the program's runtime makes it: what is opened here would take its place.
    /// None: it cannot.
    pub(super) fn new(stack: &'a Stack, marker: &'a Marker) -> Option<Self> {
        for number in (0..=2).filter(|number| descriptor::flags(*number).is_err()) {
            // It gets the lowest number that is free, and stays.
            let opened = masu_sys::file::open("/dev/null", OFlags::RDWR).ok()?;
            descriptor::keep_through_exec(opened.as_fd()).ok()?;
            u32::try_from(opened.into_raw_fd()).ok().filter(|place| *place == number)?;
        }
        Some(Self { stack, marker, telling: Telling::default() })
    }

    /// The same where failures are told of in this way.
    pub(super) const fn telling(self, telling: Telling<'a>) -> Self {
        Self { telling, ..self }
    }

    /// The same where what engines expect of a runtime holds in any case.
    pub(super) const fn as_runtime(self) -> Self {
        Self { telling: self.telling.by_contract(), ..self }
    }

    /// What engines expect of a runtime holds.
    pub(super) const fn follows_contract(&self) -> bool {
        self.telling.contract
    }

    /// The same where one of these containers was made from a bundle: then it holds, whatever masu is called as.
    pub(super) fn following(self, store: &Store, words: &[&str]) -> Self {
        let contract = self.telling.contract || words.iter().any(|word| masu_containers::is_bundle(store, word));
        if contract { self.as_runtime() } else { self }
    }

    /// Where containers are. None: something about it that the program knows what to say of.
    pub(super) fn store(&self, parsed: &Parsed<'_>) -> Option<Store> {
        self.store_below(parsed.global("root"))
    }

    /// The same, where `--root` says this.
    pub(super) fn store_below(&self, root: Option<&str>) -> Option<Store> {
        let uid = geteuid().as_raw();
        let root = match root {
            Some(written) => Some(host_path(written)?),
            None => None,
        };
        let [runtime, data, home] = ["XDG_RUNTIME_DIR", "XDG_DATA_HOME", "HOME"].map(|name| self.variable(name));
        // Without a runtime directory, root's own place is the same in every namespace.
        let in_user_namespace = uid == 0 && runtime.is_some() && !in_initial_user_namespace();
        if root.is_some() || uid == 0 && !in_user_namespace {
            return store_of(Caller { uid, root: root.as_deref(), ..Caller::default() });
        }
        let passwd = if uid != 0 && home.is_none() { std::fs::read_to_string(PASSWD).ok()? } else { String::new() };
        let text = |value: Option<&'a [u8]>| value.map(std::str::from_utf8).transpose().ok();
        store_of(Caller {
            uid,
            in_user_namespace,
            root: root.as_deref(),
            runtime: text(runtime)?,
            data: text(data)?,
            home: text(home)?.or_else(|| home_of(&passwd, uid)),
        })
    }

    /// The same executable without what follows it, in sealed memory.
    pub(super) fn init(&self) -> Option<OwnedFd> {
        self.marker.sealed_init(File::open(OWN_FILE).ok()?).ok()
    }

    /// The same for who only cleans up: none where this process can remove whatever a container left by itself.
    ///
    /// The outer none: it cannot be made.
    pub(super) fn init_to_remove(&self) -> Option<Option<OwnedFd>> {
        let needed = CapabilitySet::DAC_OVERRIDE | CapabilitySet::FOWNER;
        let held = rustix::thread::capabilities(None).ok()?.effective;
        if geteuid().is_root() && held.contains(needed) { Some(None) } else { self.init().map(Some) }
    }

    /// Prints the ID of a container that runs, and returns the exit status.
    pub(super) fn told(&self, id: &str) -> i32 {
        match write_all(rustix::stdio::stdout(), &format!("{id}\n")).map_err(unwritten) {
            Ok(()) => 0,
            Err((None, status)) => status,
            Err((Some(error), _)) => self.failed(&error),
        }
    }

    /// Prints why a program does not run, and returns the exit status.
    pub(super) fn failed(&self, error: &CoreError) -> i32 {
        self.tell(error).err().unwrap_or_else(|| exit_status(error.code, true))
    }

    /// Prints what failed, if anything did, and returns the exit status.
    pub(super) fn end(&self, parsed: &Parsed<'_>, done: Result<(), CoreError>) -> i32 {
        let Err(error) = done else { return 0 };
        self.tell(&error).err().unwrap_or_else(|| match (self.telling.contract, parsed.command.runs_program) {
            (true, true) => EXEC_FAILED,
            (true, false) => FAILED,
            (false, runs_program) => exit_status(error.code, runs_program),
        })
    }

    /// Prints an error. When that fails, it is the exit status that is returned.
    pub(super) fn tell(&self, error: &CoreError) -> Result<(), i32> {
        let paint = Paint::for_errors(self.variable("NO_COLOR"), self.variable("TERM"));
        write_all(rustix::stdio::stderr(), &self.telling.of_failure(error, paint)).map_err(|errno| unwritten(errno).1)
    }

    /// Prints a result. When that fails, it is the exit status that is returned.
    pub(super) fn print(&self, parsed: &Parsed<'_>, text: &str) -> Result<(), i32> {
        write_all(rustix::stdio::stdout(), text).map_err(|errno| match unwritten(errno) {
            (None, status) => status,
            (Some(error), _) => self.end(parsed, Err(error)),
        })
    }

    /// A variable of the environment; the last one of that name.
    pub(super) fn variable(&self, name: &str) -> Option<&'a [u8]> {
        let entries = self.stack.environment().map(std::ffi::CStr::to_bytes);
        entries.filter_map(|entry| entry.strip_prefix(name.as_bytes())?.strip_prefix(b"=")).last()
    }
}

/// The runtime that masu is called as.
pub(super) fn called_as(stack: &Stack) -> Option<&'static str> {
    let base = stack.argument(0)?.to_bytes().rsplit(|byte| *byte == b'/').next()?;
    RUNTIMES.iter().find(|name| name.as_bytes() == base).copied()
}

/// `hostPath` of `lib/config/path.ts`: absolute, without `.` and doubled slashes; `..` stays.
pub(super) fn host_path(written: &str) -> Option<String> {
    if written.is_empty() || written.chars().any(char::is_control) {
        return None;
    }
    let directory = if written.starts_with('/') { None } else { Some(std::env::current_dir().ok()?) };
    let directory = match &directory {
        Some(directory) => directory.to_str()?,
        None => "",
    };
    let parts = directory.split('/').chain(written.split('/')).filter(|part| !matches!(*part, "" | "."));
    let mut path = String::new();
    for part in parts {
        path.push('/');
        path.push_str(part);
    }
    Some(if path.is_empty() { "/".to_owned() } else { path })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_path_is_absolute_and_keeps_what_only_the_kernel_knows() {
        let here = std::env::current_dir().unwrap();
        let here = here.to_str().unwrap();
        for (written, expected) in [
            ("/a//b/./c/", Some("/a/b/c".to_owned())),
            ("/a/../b", Some("/a/../b".to_owned())),
            ("/", Some("/".to_owned())),
            ("x/../y", Some(format!("{here}/x/../y"))),
            (".", Some(here.to_owned())),
            ("", None),
            ("/a\nb", None),
        ] {
            assert_eq!(host_path(written), expected, "{written:?}");
        }
    }
}
