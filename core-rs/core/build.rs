//! Puts the static executable that `MASU_INIT` names where `include_bytes!` finds it.

use std::path::PathBuf;
use std::{env, fs, io};

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-env-changed=MASU_INIT");
    let variable = |name: &str| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let out = variable("OUT_DIR").ok_or(io::ErrorKind::NotFound)?.join("init");
    // Without it the library still builds, for the ops that start nothing; launching then says what is missing.
    let Some(init) = variable("MASU_INIT") else { return fs::write(out, []) };
    println!("cargo::rerun-if-changed={}", init.display());
    fs::copy(init, out).map(drop)
}
