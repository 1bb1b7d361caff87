//! Units of systemd's that hold a container's cgroup. org.freedesktop.systemd1(5)

mod address;
mod connection;
mod message;
mod value;

use masu_sys::errno::values::{EACCES, ECONNREFUSED, ENOENT, ETIMEDOUT};
use masu_sys::error::SysError;
use masu_wire::error::{CoreError, ErrorCode};
use masu_wire::plan::{UnitProperty, UnitValue};

use crate::failure::{failed, failed_because};
use connection::{Connection, Fault};
use value::Writer;

const UNIT_EXISTS: &str = "org.freedesktop.systemd1.UnitExists";
const NO_SUCH_UNIT: &str = "org.freedesktop.systemd1.NoSuchUnit";

/// What a unit's job can end with.
const DONE: &str = "done";

/// A unit, and whose manager has it.
#[derive(Clone, Copy)]
pub(crate) struct Unit<'a> {
    /// `NAME.scope`, or `NAME.slice`.
    pub(crate) name: &'a str,
    /// The user's own manager.
    pub(crate) user: bool,
}

/// `HostStep::StartUnit`
pub(crate) fn start(unit: Unit<'_>, pid: &str, properties: &[UnitProperty]) -> Result<(), CoreError> {
    let action = || format!("Start unit {:?}", unit.name);
    let explain = |fault| failure(action(), unit, fault);
    let mut connection = Connection::open(unit.user).map_err(explain)?;
    let mut known = known_to(&mut connection, properties).map_err(explain)?;
    if !pid.is_empty() {
        let value = UnitValue::Numbers(vec![pid.to_owned()]);
        known.push(UnitProperty { name: "PIDs".to_owned(), value, since: None });
    }
    let mut started = start_job(&mut connection, unit.name, &known)?;
    if matches!(&started, Err(Fault::Refused { name, .. }) if name == UNIT_EXISTS) {
        // One that failed stays until somebody has read of it; one that runs is somebody else's.
        let _ = connection.call("ResetFailedUnit", "s", text(unit.name));
        started = start_job(&mut connection, unit.name, &known)?;
    }
    let result = started.and_then(|job| connection.wait_for(&job)).map_err(explain)?;
    if result == DONE {
        return Ok(());
    }
    let error = CoreError::new(ErrorCode::Failed, format!("{}: systemd's job for it ended with {result:?}", action()));
    Err(error.with_hint(format!("systemctl {}status {}", user_flag(unit), unit.name)))
}

/// What this systemd knows of them.
fn known_to(connection: &mut Connection, properties: &[UnitProperty]) -> Result<Vec<UnitProperty>, Fault> {
    let newest = properties.iter().filter_map(|property| property.since).max();
    let version = if newest.is_some() { connection.version()? } else { 0 };
    Ok(properties.iter().filter(|property| property.since.is_none_or(|since| since <= version)).cloned().collect())
}

/// `StartTransientUnit(s name, s mode, a(sv) properties, a(sa(sv)) aux)`. Errors: a property that cannot be written; the inner ones are systemd's.
fn start_job(
    connection: &mut Connection,
    name: &str,
    properties: &[UnitProperty],
) -> Result<Result<String, Fault>, CoreError> {
    let mut body = text(name);
    body.text("replace");
    body.properties(properties)?;
    body.array(8, |_| Ok::<(), CoreError>(()))?;
    Ok(connection.call_for_job("StartTransientUnit", "ssa(sv)a(sa(sv))", body))
}

/// `HostStep::SetUnitProperties`
pub(crate) fn set_properties(unit: Unit<'_>, properties: &[UnitProperty]) -> Result<(), CoreError> {
    let explain = |fault| failure(format!("Change unit {:?}", unit.name), unit, fault);
    let mut connection = Connection::open(unit.user).map_err(explain)?;
    let known = known_to(&mut connection, properties).map_err(explain)?;
    let mut body = text(unit.name);
    body.boolean(true);
    body.properties(&known)?;
    connection.call("SetUnitProperties", "sba(sv)", body).map_err(explain)?;
    Ok(())
}

/// `HostStep::StopUnit`
pub(crate) fn stop(unit: Unit<'_>) -> Result<(), CoreError> {
    stop_job(unit).map_err(|fault| failure(format!("Stop unit {:?}", unit.name), unit, fault))
}

fn stop_job(unit: Unit<'_>) -> Result<(), Fault> {
    let mut connection = Connection::open(unit.user)?;
    let mut body = text(unit.name);
    body.text("replace");
    match connection.call_for_job("StopUnit", "ss", body) {
        // Whatever it ended with: it is failed at worst, which is forgotten now.
        Ok(job) => drop(connection.wait_for(&job)?),
        Err(Fault::Refused { name, .. }) if name == NO_SUCH_UNIT => return Ok(()),
        Err(fault) => return Err(fault),
    }
    match connection.call("ResetFailedUnit", "s", text(unit.name)) {
        // It is gone with the end of its last process, unless it failed.
        Err(Fault::Refused { .. }) | Ok(_) => Ok(()),
        Err(fault) => Err(fault),
    }
}

/// Has the user's own manager put a process of theirs into the cgroup of a unit of theirs, wherever it is now; false: it is no such cgroup.
///
/// cgroup-v2.rst, "Delegation Containment": the kernel itself lets a user move none between two trees that were given to them apart, as a
/// session's and the manager's are. systemd asks the system's manager for it.
pub fn attach(cgroup: &str, pid: u32) -> Result<bool, CoreError> {
    let Some(name) = unit_of_user(cgroup) else { return Ok(false) };
    let unit = Unit { name, user: true };
    let explain = |fault| failure(format!("Attach a process to unit {name:?}"), unit, fault);
    let mut body = text(name);
    body.text("");
    body.array(4, |out| {
        out.number(pid);
        Ok::<(), CoreError>(())
    })?;
    let mut connection = Connection::open(unit.user).map_err(explain)?;
    connection.call("AttachProcessesToUnit", "ssau", body).map_err(explain)?;
    Ok(true)
}

/// The scope that this is the cgroup of: `.../user@1000.service/.../NAME.scope`.
fn unit_of_user(cgroup: &str) -> Option<&str> {
    let (_, below) = cgroup.split_once("/user@")?;
    let (service, path) = below.split_once('/')?;
    let name = path.rsplit('/').next()?;
    (service.ends_with(".service") && name.ends_with(".scope")).then_some(name)
}

fn text(value: &str) -> Writer {
    let mut body = Writer::default();
    body.text(value);
    body
}

const fn user_flag(unit: Unit<'_>) -> &'static str {
    if unit.user { "--user " } else { "" }
}

/// What became of a call, in masu's words.
fn failure(action: String, unit: Unit<'_>, fault: Fault) -> CoreError {
    match fault {
        Fault::System(error @ SysError { errno: ENOENT | ECONNREFUSED | EACCES, call: "connect" }) => {
            let (cause, hint) = if unit.user {
                (
                    "this user's systemd is not running here",
                    "have it run: loginctl enable-linger; or do without: --cgroup-manager cgroupfs",
                )
            } else {
                ("systemd is not running here", "do without: --cgroup-manager cgroupfs")
            };
            failed_because(action, cause, error).with_hint(hint)
        }
        Fault::System(error @ SysError { errno: ETIMEDOUT, .. }) => {
            failed_because(action, "systemd does not answer", error)
        }
        Fault::System(error) => failed(action, error),
        Fault::Garbled => CoreError::new(ErrorCode::Failed, format!("{action}: what answers is not systemd")),
        Fault::Refused { name, message } => {
            let code = match name.as_str() {
                UNIT_EXISTS => ErrorCode::AlreadyExists,
                NO_SUCH_UNIT => ErrorCode::NotFound,
                "org.freedesktop.DBus.Error.AccessDenied" => ErrorCode::Denied,
                "org.freedesktop.DBus.Error.InvalidArgs" | "org.freedesktop.DBus.Error.PropertyReadOnly" => {
                    ErrorCode::InvalidConfig
                }
                _ => ErrorCode::Failed,
            };
            CoreError::new(code, format!("{action}: {} ({name} from systemd)", message.trim_end_matches('.')))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unit_of_user_is_a_scope_below_a_users_manager() {
        let own = "/sys/fs/cgroup/user.slice/user-1000.slice/user@1000.service";
        for (path, expected) in [
            ("/user.slice/masu-1.scope", Some("masu-1.scope")),
            ("/masu-1.scope", Some("masu-1.scope")),
            ("/masu/1", None),
            ("", None),
        ] {
            assert_eq!(unit_of_user(&format!("{own}{path}")), expected, "{path}");
        }
        assert_eq!(unit_of_user("/sys/fs/cgroup/system.slice/masu-1.scope"), None);
    }
}
