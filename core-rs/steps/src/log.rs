//! The file of `--log`.

use masu_sys::error::SysError;
use masu_wire::error::CoreError;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;

use crate::failure::failed;

/// Only whoever masu runs as reads its log.
const MODE: u32 = 0o600;

/// Adds a line, by one write(2) where the file is a file: several processes write to one log. Errors: those of open(2) and write(2).
pub fn append_line(path: &str, line: &str) -> Result<(), CoreError> {
    let explain = |call: &'static str| {
        move |error: std::io::Error| {
            let errno = error.raw_os_error().unwrap_or_default();
            failed(format!("Add to log {path:?}"), SysError::new(call, errno))
        }
    };
    let mut file = OpenOptions::new().append(true).create(true).mode(MODE).open(path).map_err(explain("open"))?;
    file.write_all(format!("{line}\n").as_bytes()).map_err(explain("write"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn append_line_leaves_what_is_there() {
        let path = std::env::temp_dir().join(format!("masu-log-{}", std::process::id()));
        let text = path.to_str().unwrap();
        append_line(text, "one").unwrap();
        append_line(text, "two").unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "one\ntwo\n");
        std::fs::remove_file(&path).unwrap();
        let error = append_line("/proc/nosuch/log", "one").unwrap_err();
        assert_eq!(error.message, "Add to log \"/proc/nosuch/log\": No such file or directory (ENOENT from open(2))");
    }
}
