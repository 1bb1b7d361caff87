//! Which part this process plays: `masu ROLE FD`, as the core starts it.

use masu_sys::descriptor::adopt;
use std::ffi::OsString;
use std::io::Write;
use std::os::fd::OwnedFd;

use crate::{attach, guard, monitor, probe, remove, stage, tree};

/// Wrong usage, as for every command of masu.
const WRONG_USAGE: i32 = 2;

/// Plays the role that argv names and returns the exit status.
pub(crate) fn play(arguments: impl Iterator<Item = OsString>) -> i32 {
    match parse(arguments) {
        Some((Role::Stage, descriptor)) => stage::run(descriptor),
        Some((Role::Become, descriptor)) => stage::r#become(descriptor),
        Some((Role::Monitor, descriptor)) => monitor::run(descriptor),
        Some((Role::Guard, descriptor)) => guard::run(descriptor),
        Some((Role::Remove, descriptor)) => remove::run(&descriptor),
        Some((Role::Tree, descriptor)) => tree::run(&descriptor),
        Some((Role::Attach, descriptor)) => attach::run(descriptor),
        Some((Role::Probe, descriptor)) => probe::run(&descriptor),
        None => {
            let _ = std::io::stderr()
                .write_all(b"init: this is a part of masu, which starts it; it does nothing by itself\n");
            WRONG_USAGE
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    Stage,
    Become,
    Monitor,
    Guard,
    Remove,
    Tree,
    Attach,
    Probe,
}

/// Exactly `ROLE FD` after argv[0].
fn parse(arguments: impl Iterator<Item = OsString>) -> Option<(Role, OwnedFd)> {
    let mut arguments = arguments.skip(1);
    let (role, number) = (arguments.next()?, arguments.next()?);
    let role = match role.to_str()? {
        "stage" => Role::Stage,
        "become" => Role::Become,
        "monitor" => Role::Monitor,
        "guard" => Role::Guard,
        "remove" => Role::Remove,
        "tree" => Role::Tree,
        "attach" => Role::Attach,
        "probe" => Role::Probe,
        _ => return None,
    };
    let number: u32 = number.to_str()?.parse().ok()?;
    let is_open = number > 2 && masu_sys::descriptor::flags(number).is_ok();
    let descriptor = adopt(i32::try_from(number).ok().filter(|_| is_open && arguments.next().is_none())?)?;
    Some((role, descriptor))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::fd::IntoRawFd;

    #[test]
    fn parse_takes_a_role_and_an_open_descriptor_only() {
        let descriptor = std::fs::File::open("/dev/null").unwrap().into_raw_fd().to_string();
        let parse = |words: &[&str]| parse(words.iter().map(OsString::from)).map(|(role, _)| role);
        for words in [
            &["init"][..],
            &["init", "guard"],
            &["init", "guard", "x"],
            &["init", "guard", "999999"],
            &["init", "guard", "1"],
        ] {
            assert_eq!(parse(words), None, "{words:?}");
        }
        assert_eq!(parse(&["init", "guard", &descriptor, "more"]), None);
        assert_eq!(parse(&["masu", "guard", &descriptor]), Some(Role::Guard));
    }
}
