//! Compiles the default profile for the target machine.

#![allow(dead_code, unreachable_pub, reason = "a part of the library's modules serves here")]

#[path = "src/abi.rs"]
mod abi;
#[path = "src/arguments.rs"]
mod arguments;
#[path = "src/assemble.rs"]
mod assemble;
#[path = "src/compile.rs"]
mod compile;
#[path = "src/graph.rs"]
mod graph;
#[path = "src/profile.rs"]
mod profile;
#[path = "src/program.rs"]
mod program;
#[path = "src/rules.rs"]
mod rules;
#[path = "src/syscalls.rs"]
mod syscalls;

use std::error::Error;
use std::fmt::Write;
use std::path::Path;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=src");
    println!("cargo::rerun-if-changed=default_profile.json");
    let target = std::env::var("CARGO_CFG_TARGET_ARCH")?;
    let machine = match target.as_str() {
        "x86_64" => abi::Machine::X86_64,
        "aarch64" => abi::Machine::Aarch64,
        _ => return Err(format!("masu does not know the system calls of {target}").into()),
    };
    let profiles: serde_json::Value = serde_json::from_str(&std::fs::read_to_string("default_profile.json")?)?;
    let program = compile::compile(&profile::read(&profiles[&target])?, machine)?;
    let mut source = format!(
        "const DEFAULT_FLAGS: u32 = {};\nstatic DEFAULT_INSTRUCTIONS: [Instruction; {}] = [\n",
        program.flags,
        program.instructions.len()
    );
    for program::Instruction { code, jt, jf, k } in program.instructions {
        writeln!(source, "    Instruction {{ code: {code}, jt: {jt}, jf: {jf}, k: {k} }},")?;
    }
    source.push_str("];\n");
    std::fs::write(Path::new(&std::env::var("OUT_DIR")?).join("default_program.rs"), source)?;
    Ok(())
}
