//! Who the program is and what it may do and use. credentials(7), capabilities(7)

use std::ffi::CString;

use masu_steps::failure::failed;
use masu_sys::credential::{self, Sets};
use masu_sys::errno::values::{EDQUOT, EINVAL, ENOSYS, EPERM, EROFS};
use masu_sys::error::SysError;
use masu_sys::file::{self, FileType};
use masu_sys::{capability, process, rlimit};
use masu_wire::error::{CoreError, ErrorCode};

pub(super) fn new_keyring(name: &str) -> Result<(), CoreError> {
    let action = || format!("Make the session keyring {name:?}");
    let text = CString::new(name).map_err(|_| failed(action(), SysError::new("keyctl", EINVAL)))?;
    match process::new_session_keyring(&text) {
        Ok(()) => Ok(()),
        // A kernel without keys, or a filter of a container around this one that hides them: the program has no keyring to share either.
        Err(error) if matches!(error.errno, ENOSYS | EPERM) => Ok(()),
        Err(error) if error.errno == EDQUOT => Err(failed(action(), error)
            .with_hint("the user's keys are used up: raise /proc/sys/kernel/keys/maxkeys and maxbytes")),
        Err(error) => Err(failed(action(), error)),
    }
}

pub(super) fn set_rlimit(resource: &str, soft: i64, hard: i64) -> Result<(), CoreError> {
    let Some(number) = rlimit::number(resource) else {
        return Err(CoreError::new(
            ErrorCode::InvalidConfig,
            format!("Set the limit {resource:?}: there is no such limit"),
        ));
    };
    rlimit::set(number, soft, hard).map_err(|error| {
        let failure = failed(format!("Set the limit {resource:?} to \"{}:{}\"", shown(soft), shown(hard)), error);
        match error.errno {
            EPERM => failure.with_hint("a hard limit can be raised only with CAP_SYS_RESOURCE in the initial user namespace, RLIMIT_NOFILE up to /proc/sys/fs/nr_open"),
            EINVAL => failure.with_hint("the soft limit must not be above the hard one"),
            _ => failure,
        }
    })
}

fn shown(limit: i64) -> String {
    if limit < 0 { "unlimited".to_owned() } else { limit.to_string() }
}

pub(super) fn set_bounding_set(keep: &[String]) -> Result<(), CoreError> {
    let kept = set_of(keep)?;
    for number in (0..64).filter(|number| kept & 1 << number == 0) {
        match credential::drop_from_bounding_set(number) {
            // Past the kernel's last capability.
            Err(error) if error.errno == EINVAL => break,
            dropped => dropped.map_err(|error| failed("Limit the capability bounding set", error))?,
        }
    }
    Ok(())
}

pub(super) fn set_user(uid: u32, gid: u32, groups: Option<&[u32]>) -> Result<(), CoreError> {
    let explain = |error: SysError| {
        let failure = failed(format!("Become the user \"{uid}:{gid}\""), error);
        match error.errno {
            EINVAL => failure.with_hint("the container's user namespace does not map this id"),
            EPERM if error.call == "setgroups" => {
                failure.with_hint("a user namespace of a single id denies further groups")
            }
            _ => failure,
        }
    };
    own_pipes(uid).map_err(explain)?;
    if let Some(groups) = groups {
        credential::set_groups(groups).map_err(explain)?;
    }
    credential::set_group(gid).map_err(explain)?;
    if uid != credential::user() {
        credential::keep_capabilities(true).map_err(explain)?;
        credential::set_user(uid).map_err(explain)?;
        credential::keep_capabilities(false).map_err(explain)?;
    }
    Ok(())
}

/// The ids of one part: who real and effective users and groups are.
pub(super) struct Ids<'a> {
    pub(super) users: [Option<u32>; 2],
    pub(super) groups: [Option<u32>; 2],
    pub(super) supplementary: Option<&'a [u32]>,
    pub(super) keep_capabilities: bool,
}

/// Each of what is given, groups while the user may still change them.
pub(super) fn set_ids(ids: &Ids<'_>) -> Result<(), CoreError> {
    let [real_user, effective_user] = ids.users;
    let [real_group, effective_group] = ids.groups;
    let explain = |error: SysError| {
        let failure = failed(format!("Become {}", shown_ids(ids)), error);
        match error.errno {
            EINVAL => failure.with_hint("the user namespace does not map this id"),
            EPERM if error.call == "setgroups" => {
                failure.with_hint("only root may, and nobody in a user namespace in which setgroups(2) is denied")
            }
            EPERM => failure.with_hint("only root may become others"),
            _ => failure,
        }
    };
    if let Some(groups) = ids.supplementary {
        credential::set_groups(groups).map_err(explain)?;
    }
    credential::set_groups_of_process(real_group, effective_group).map_err(explain)?;
    if ids.users != [None; 2] {
        credential::keep_capabilities(ids.keep_capabilities).map_err(explain)?;
        credential::set_users(real_user, effective_user).map_err(explain)?;
        credential::keep_capabilities(false).map_err(explain)?;
    }
    Ok(())
}

fn shown_ids(ids: &Ids<'_>) -> String {
    let number = |id: Option<u32>| id.map_or_else(String::new, |id| id.to_string());
    let shown = |[real, effective]: [Option<u32>; 2]| {
        if real == effective { number(real) } else { format!("{}/{}", number(real), number(effective)) }
    };
    match (shown(ids.users), shown(ids.groups)) {
        (user, group) if !group.is_empty() && user.is_empty() => format!("the group {group:?}"),
        (user, group) if user.is_empty() && group.is_empty() => "a member of other groups".to_owned(),
        (user, group) if group.is_empty() => format!("the user {user:?}"),
        (user, group) => format!("the user \"{user}:{group}\""),
    }
}

pub(super) fn set_parent_death_signal(signal: i32) -> Result<(), CoreError> {
    credential::set_parent_death_signal(signal)
        .map_err(|error| failed(format!("Set the parent death signal {signal}"), error))
}

/// Pipes among stdin, stdout and stderr become the user's, so that `/dev/stdout` can be opened; files and terminals stay whose they are.
fn own_pipes(uid: u32) -> Result<(), SysError> {
    for stream in process::stdio() {
        // EBADF: masu was started with it closed.
        let Ok(status) = file::status(stream) else { continue };
        if file::kind(&status) != FileType::Fifo || status.st_uid == uid {
            continue;
        }
        match file::change_user(stream, uid) {
            // The owner has no id in this user namespace, or the fifo is on a read-only file system: the descriptor itself works all the same.
            Err(error) if matches!(error.errno, EPERM | EINVAL | EROFS) => {}
            changed => changed?,
        }
    }
    Ok(())
}

/// `sets` are the effective, permitted and inheritable one.
pub(super) fn set_capabilities(sets: [&[String]; 3], ambient: &[String]) -> Result<(), CoreError> {
    let [effective, permitted, inheritable] = sets;
    let sets = Sets { effective: set_of(effective)?, permitted: set_of(permitted)?, inheritable: set_of(inheritable)? };
    let explain = |error: SysError| {
        let failure = failed("Set the capabilities", error);
        if error.errno == EPERM {
            failure.with_hint("masu itself lacks one of them: nothing can be given that is not there")
        } else {
            failure
        }
    };
    credential::clear_ambient().map_err(explain)?;
    credential::set_capabilities(&sets).map_err(explain)?;
    for name in ambient {
        let number = number_of(name)?;
        credential::raise_ambient(number).map_err(|error| {
            failed(format!("Make the capability {name:?} ambient"), error)
                .with_hint("an ambient capability must be permitted and inheritable too")
        })?;
    }
    Ok(())
}

fn set_of(names: &[String]) -> Result<u64, CoreError> {
    names.iter().try_fold(0, |set, name| Ok(set | 1 << number_of(name)?))
}

fn number_of(name: &str) -> Result<u32, CoreError> {
    capability::number(name).ok_or_else(|| {
        CoreError::new(ErrorCode::InvalidConfig, format!("Set the capability {name:?}: there is no such capability"))
    })
}

pub(super) fn set_securebits(bits: u32) -> Result<(), CoreError> {
    credential::set_secure_bits(bits).map_err(|error| {
        let failure = failed(format!("Set the securebits {bits:#x}"), error);
        if error.errno == EPERM {
            failure.with_hint("it needs CAP_SETPCAP, and bits that are locked stay as they are: capabilities(7)")
        } else {
            failure
        }
    })
}

pub(super) fn no_new_privileges() -> Result<(), CoreError> {
    credential::set_no_new_privileges().map_err(|error| failed("Forbid new privileges", error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn set_of_names_what_it_does_not_know() {
        let names = |list: &[&str]| list.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        assert_eq!(set_of(&names(&["CAP_CHOWN", "CAP_SYS_ADMIN"])).unwrap(), 1 | 1 << 21);
        assert_eq!(
            set_of(&names(&["CAP_NONE"])).unwrap_err().message,
            "Set the capability \"CAP_NONE\": there is no such capability"
        );
    }
}
