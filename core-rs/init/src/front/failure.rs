//! Why the program that follows could not be entered, in the form of all of masu's errors.

use std::borrow::Cow;
use std::fmt;
use std::io;

use super::elf::Defect;

/// One failure: `Action "object": cause (ERRNO from call(2))` and what to do about it.
#[derive(Debug)]
pub(super) struct Failure {
    action: &'static str,
    object: String,
    cause: String,
    hint: Option<&'static str>,
}

impl Failure {
    /// A failure without a system call.
    pub(super) fn new(action: &'static str, object: &str, cause: impl Into<Cow<'static, str>>) -> Self {
        Self { action, object: object.to_owned(), cause: cause.into().into_owned(), hint: None }
    }

    /// A failed system call; `call` is its man-page name.
    pub(super) fn from_io(action: &'static str, object: &str, error: &io::Error, call: &str) -> Self {
        Self::new(action, object, describe(error, call))
    }

    /// A file that is not what it should be.
    pub(super) fn from_defect(object: &str, defect: Defect) -> Self {
        Self::new("Load", object, defect.cause())
    }

    /// The same with the one thing to do.
    pub(super) fn hint(self, hint: &'static str) -> Self {
        Self { hint: Some(hint), ..self }
    }

    /// Writes the failure to standard error.
    pub(super) fn report(&self) {
        use io::Write as _;
        // Nobody is left to be told that standard error cannot be written.
        let _ = io::stderr().write_all(self.to_string().as_bytes());
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "masu: {} {:?}: {}", self.action, self.object, self.cause)?;
        self.hint.map_or(Ok(()), |hint| writeln!(f, "hint: {hint}"))
    }
}

/// `No such file or directory (ENOENT from open(2))`
fn describe(error: &io::Error, call: &str) -> String {
    let Some(errno) = error.raw_os_error() else {
        return error.to_string();
    };
    let text = error.to_string();
    let text = text.strip_suffix(&format!(" (os error {errno})")).unwrap_or(&text);
    match name(errno) {
        Some(name) => format!("{text} ({name} from {call}(2))"),
        None => format!("{text} (errno {errno} from {call}(2))"),
    }
}

/// The names of what open(2), pread(2), statx(2) and mmap(2) answer.
fn name(errno: i32) -> Option<&'static str> {
    Some(match errno {
        libc::EACCES => "EACCES",
        libc::EAGAIN => "EAGAIN",
        libc::EINVAL => "EINVAL",
        libc::EIO => "EIO",
        libc::EISDIR => "EISDIR",
        libc::ELOOP => "ELOOP",
        libc::EMFILE => "EMFILE",
        libc::ENFILE => "ENFILE",
        libc::ENODEV => "ENODEV",
        libc::ENOENT => "ENOENT",
        libc::ENOMEM => "ENOMEM",
        libc::ENOTDIR => "ENOTDIR",
        libc::EPERM => "EPERM",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failure_is_one_line_with_object_errno_and_call_and_one_with_the_hint() {
        let error = io::Error::from_raw_os_error(libc::ENOENT);
        let failure = Failure::from_io("Load", "/lib64/ld.so", &error, "open").hint("install it");
        assert_eq!(
            failure.to_string(),
            "masu: Load \"/lib64/ld.so\": No such file or directory (ENOENT from open(2))\nhint: install it\n"
        );
    }

    #[test]
    fn failure_gives_the_number_of_an_errno_without_a_name_here() {
        let error = io::Error::from_raw_os_error(libc::EOVERFLOW);
        let text = Failure::from_io("Load", "x", &error, "statx").to_string();
        assert!(text.ends_with("(errno 75 from statx(2))\n"), "{text}");
    }

    #[test]
    fn failure_keeps_an_object_with_a_line_break_on_one_line() {
        assert_eq!(Failure::new("Load", "a\nb", "c").to_string().lines().count(), 1);
    }
}
