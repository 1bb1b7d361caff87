//! v1 cpusets: what a new one must be given before a task can join it.
//!
//! Source: cpuset(7); kernel, Documentation/admin-guide/cgroup-v1/cpusets.rst.

use masu_wire::error::CoreError;
use std::path::Path;

use crate::failure::failed;
use crate::file::write_control;
use masu_sys::error::SysError;

/// `HostStep::InheritCpuset`
pub(crate) fn inherit(path: &str) -> Result<(), CoreError> {
    for file in ["cpuset.cpus", "cpuset.mems"] {
        if read(&Path::new(path).join(file))?.is_empty() {
            let above = read(&Path::new(path).parent().unwrap_or(Path::new("/")).join(file))?;
            write_control(&format!("{path}/{file}"), &above)?;
        }
    }
    Ok(())
}

fn read(path: &Path) -> Result<String, CoreError> {
    let text = std::fs::read_to_string(path).map_err(|error| SysError::from_io("read", &error));
    text.map(|text| text.trim().to_owned()).map_err(|error| failed(format!("Read {path:?}"), error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inherit_fills_in_what_is_empty_and_leaves_the_rest() {
        let top = std::env::temp_dir().join(format!("masu-cpuset-{}", std::process::id()));
        let child = top.join("child");
        std::fs::create_dir_all(&child).unwrap();
        for (file, text) in [("cpuset.cpus", "0-3\n"), ("cpuset.mems", "0\n")] {
            std::fs::write(top.join(file), text).unwrap();
        }
        std::fs::write(child.join("cpuset.cpus"), "1\n").unwrap();
        std::fs::write(child.join("cpuset.mems"), "\n").unwrap();
        let outcome = inherit(child.to_str().unwrap());
        let texts = ["cpuset.cpus", "cpuset.mems"].map(|file| std::fs::read_to_string(child.join(file)).unwrap());
        std::fs::remove_dir_all(&top).unwrap();
        assert!(outcome.is_ok());
        assert_eq!([texts[0].trim(), &texts[1][..1]], ["1", "0"]);
    }
}
