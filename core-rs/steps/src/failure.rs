//! How a failed system call becomes an error that names what was tried.

use masu_sys::errno::{self, values};
use masu_sys::error::SysError;
use masu_wire::error::{CoreError, ErrorCode};

/// `action: cause (ERRNO from call(2))`; the action names its object in double quotes: `Mount "proc" on "/proc"`.
#[must_use]
pub fn failed(action: impl AsRef<str>, error: SysError) -> CoreError {
    let mut failure = CoreError::new(code(error.errno), format!("{}: {error}", action.as_ref()));
    failure.call = Some(error.call.to_owned());
    failure.errno = Some(error.errno);
    failure
}

/// As [`failed`], where the errno's own text would mislead: `action: cause (ERRNO from call(2))`.
#[must_use]
pub fn failed_because(action: impl AsRef<str>, cause: &str, error: SysError) -> CoreError {
    let mut failure = failed(&action, error);
    failure.message = format!("{}: {cause} ({} from {}(2))", action.as_ref(), errno::name(error.errno), error.call);
    failure
}

/// The code that callers match for an errno(3) that nobody has a better word for.
#[must_use]
pub fn code(errno: i32) -> ErrorCode {
    match errno {
        values::ENOENT | values::ESRCH | values::ENXIO | values::ENODEV => ErrorCode::NotFound,
        values::EEXIST => ErrorCode::AlreadyExists,
        values::EPERM | values::EACCES | values::EROFS => ErrorCode::Denied,
        values::ENOSYS | values::EOPNOTSUPP => ErrorCode::KernelLacks,
        values::ENOSPC | values::ENOMEM | values::EMFILE | values::ENFILE | values::EDQUOT | values::EAGAIN => {
            ErrorCode::NoResources
        }
        _ => ErrorCode::Failed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failed_says_action_cause_errno_and_call() {
        let error = failed("Mount \"proc\" on \"/proc\"", SysError::new("mount", values::EPERM));
        assert_eq!(error.message, "Mount \"proc\" on \"/proc\": Operation not permitted (EPERM from mount(2))");
        assert_eq!((error.code, error.call.as_deref(), error.errno), (ErrorCode::Denied, Some("mount"), Some(1)));
    }
}
