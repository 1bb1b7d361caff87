//! HOME of a program whose environment has none: from the container's own /etc/passwd, which may be anything. passwd(5)

use std::borrow::Cow;
use std::os::fd::AsFd;

use masu_sys::file::{self, FileType, OFlags};
use masu_sys::resolve::Links;
use masu_wire::error::CoreError;

use super::container::Container;

/// Of a user without a line, or without a sensible one.
const NOWHERE: &str = "/";
/// As much of the file is read.
const LENGTH: usize = 1 << 20;

/// The environment with a HOME that is not empty: runc and crun give one to every program.
pub(super) fn with_home<'a>(
    container: &mut Container,
    environment: &'a [String],
) -> Result<Cow<'a, [String]>, CoreError> {
    if environment.iter().rev().find_map(|variable| variable.strip_prefix("HOME=")).is_some_and(|home| !home.is_empty())
    {
        return Ok(Cow::Borrowed(environment));
    }
    let text = read_passwd(container)?;
    let home = home_of(rustix::process::getuid().as_raw(), &text).unwrap_or(NOWHERE);
    let others = environment.iter().filter(|variable| !variable.starts_with("HOME=")).cloned();
    Ok(others.chain([format!("HOME={home}")]).collect())
}

/// What cannot be read is as good as empty: a container needs no users.
fn read_passwd(container: &mut Container) -> Result<Vec<u8>, CoreError> {
    // O_NONBLOCK: a fifo would be waited for.
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY;
    let opened = container.root()?.open("/etc/passwd", flags, Links::Follow);
    let regular = opened.and_then(|opened| {
        let is_file = file::kind(&file::status(opened.as_fd())?) == FileType::RegularFile;
        if is_file { file::read_start(opened.as_fd(), LENGTH) } else { Ok(Vec::new()) }
    });
    Ok(regular.unwrap_or_default())
}

/// The sixth field of the user's first line, where that is a path and nothing that drives a terminal.
fn home_of(uid: u32, passwd: &[u8]) -> Option<&str> {
    let lines = passwd.split(|byte| *byte == b'\n').filter_map(|line| std::str::from_utf8(line).ok());
    let mut lines = lines.map(|line| line.split(':'));
    let home = lines.find_map(|mut fields| (fields.nth(2)?.parse() == Ok(uid)).then(|| fields.nth(2)).flatten())?;
    (home.starts_with('/') && !home.chars().any(char::is_control)).then_some(home)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn home_of_does_what_its_table_says() {
        let passwd =
            b"root:x:0:0:root:/root:/bin/sh\nbroken\n\xff:x:1:1::/bad:\nada:x:1000:1000:Ada:/home/ada:/bin/sh\n\
            again:x:1000:1:::/other:\nrelative:x:7:7::home:\nodd:x:8:8::/a\x1b[2J:\nshort:x:9:9\n";
        for (uid, expected) in
            [(0, Some("/root")), (1, None), (1000, Some("/home/ada")), (7, None), (8, None), (9, None), (5, None)]
        {
            assert_eq!(home_of(uid, passwd), expected, "{uid}");
        }
    }

    proptest::proptest! {
        #[test]
        fn home_of_takes_any_bytes(
            passwd in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..200),
            lines in "([a-z:/0]{0,30}\n){0,5}",
        ) {
            for text in [passwd, lines.into_bytes()] {
                if let Some(home) = home_of(0, &text) {
                    proptest::prop_assert!(home.starts_with('/') && !home.contains(':'));
                }
            }
        }
    }
}
