//! A failed system call.

/// A failed call. `Copy` and without text: what it was about is added by who called it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SysError {
    /// Which call, by man-page name.
    pub call: &'static str,
    /// errno(3) value, always > 0.
    pub errno: i32,
}

/// What every function here returns.
pub type Result<T> = std::result::Result<T, SysError>;

impl SysError {
    /// A failure of `call` with this errno(3).
    #[must_use]
    pub const fn new(call: &'static str, errno: i32) -> Self {
        Self { call, errno }
    }

    /// A failure of `call` as the standard library reports it.
    #[must_use]
    pub fn from_io(call: &'static str, error: &std::io::Error) -> Self {
        Self::new(call, error.raw_os_error().unwrap_or(libc::EIO))
    }
}

impl std::fmt::Display for SysError {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{} ({} from {}(2))", crate::errno::text(self.errno), crate::errno::name(self.errno), self.call)
    }
}

impl std::error::Error for SysError {}

/// Names the call of a rustix result.
pub(crate) fn named<T>(call: &'static str, result: rustix::io::Result<T>) -> Result<T> {
    result.map_err(|errno| SysError::new(call, errno.raw_os_error()))
}

/// Turns the return value of a libc call into a result.
pub(crate) fn check(call: &'static str, value: libc::c_long) -> Result<libc::c_long> {
    if value == -1 { Err(SysError::from_io(call, &std::io::Error::last_os_error())) } else { Ok(value) }
}
