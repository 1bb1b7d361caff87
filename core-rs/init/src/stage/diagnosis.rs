//! Why a program could not be executed, from what its file says of itself. execve(2), elf(5)

use std::os::fd::AsFd;

use masu_steps::failure::{failed, failed_because};
use masu_sys::errno::values::{E2BIG, EACCES, ENOENT, ENOEXEC, ENOTDIR, EPERM, ETXTBSY};
use masu_sys::error::SysError;
use masu_sys::file::{self, FileType, OFlags};
use masu_sys::mount::ms;
use masu_wire::error::{CoreError, ErrorCode};

/// Enough for a script's first line and an executable's headers.
const START_BYTES: usize = 4096;
/// The kernel's own limit of interpreters that are scripts themselves.
const MAX_DEPTH: u32 = 5;

/// What a file is to execve(2).
#[derive(Debug, PartialEq, Eq)]
enum Kind {
    /// It starts with `#!`.
    Script {
        interpreter: String,
    },
    /// An ELF file for this `e_machine`; its loader's place in the file, when it names one.
    Elf {
        machine: u16,
        loader: Option<(u64, usize)>,
    },
    Empty,
    Other,
}

/// A cause and what to do about it.
struct Finding {
    cause: String,
    hint: String,
}

/// The error for the files that were tried, each with its failure.
pub(super) fn explain(program: &str, failures: &[(String, SysError)]) -> CoreError {
    let action = format!("Execute {program:?}");
    let by_path = program.contains('/');
    // A file that is there says more than those that are not; directories in PATH are none.
    let there = failures.iter().find_map(|(path, error)| {
        let status = file::open(path, OFlags::PATH).and_then(|file| file::status(file.as_fd())).ok()?;
        let directory = file::kind(&status) == FileType::Directory;
        (by_path || !directory).then_some((path, *error, status))
    });
    let Some((path, error, status)) = there else {
        let error = failures.last().map_or(SysError::new("execve", ENOENT), |(_, error)| *error);
        return missing(&action, by_path, error);
    };
    let mut failure = match find(path, error, &status) {
        Some(finding) => {
            // Engines look for these words to tell a program that may not be executed from one that is missing.
            let refusal = if error.errno == EACCES { "permission denied: " } else { "" };
            failed_because(&action, &format!("{refusal}{}", finding.cause), error).with_hint(finding.hint)
        }
        None => failed(&action, error),
    };
    // sh(1), "Exit Status for Commands": 127 is for a file that is not there. This one is, whatever it lacks.
    failure.code = ErrorCode::ProgramNotExecutable;
    failure
}

fn missing(action: &str, by_path: bool, error: SysError) -> CoreError {
    let not_there = matches!(error.errno, ENOENT | ENOTDIR | EACCES);
    let mut failure = match (by_path, not_there) {
        (false, true) => failed_because(action, "executable file not found in $PATH", SysError::new("execve", ENOENT)),
        // Docker looks for these words as Go writes them.
        (true, true) if error.errno == ENOENT => failed_because(action, "no such file or directory", error),
        (true, true) if error.errno == ENOTDIR => failed_because(action, "not a directory", error),
        _ => failed(action, error),
    };
    failure.code = if matches!(error.errno, ENOENT | ENOTDIR) || !by_path {
        ErrorCode::ProgramNotFound
    } else {
        ErrorCode::ProgramNotExecutable
    };
    failure
}

fn find(path: &str, error: SysError, status: &file::Stat) -> Option<Finding> {
    let finding = |cause: &str, hint: &str| Some(Finding { cause: cause.to_owned(), hint: hint.to_owned() });
    match error.errno {
        ENOENT => missing_interpreter(path, 0),
        ENOEXEC => wrong_format(path),
        EACCES if file::kind(status) == FileType::Directory => finding("it is a directory", "name the program in it"),
        EACCES if status.st_mode & 0o111 == 0 => {
            Some(Finding { cause: "it is not executable".to_owned(), hint: format!("chmod +x {path}") })
        }
        EACCES if is_on_noexec(path) => {
            finding("its file system is mounted with noexec", "put the program elsewhere, or mount it with exec")
        }
        EACCES => finding(
            "the container's user may not execute it, or its interpreter",
            "see the modes of the file and of the directories above it",
        ),
        ETXTBSY => finding("somebody has it open for writing", "wait until the copy is complete"),
        E2BIG => finding("its arguments and environment are too long", "pass them in a file"),
        EPERM => finding("it was refused", "a seccomp filter or a security module forbids it"),
        _ => None,
    }
}

fn is_on_noexec(path: &str) -> bool {
    let system = file::open(path, OFlags::PATH).and_then(|file| file::file_system(file.as_fd()));
    system.is_ok_and(|system| system.mount_flags & ms::NOEXEC != 0)
}

/// The file is there, so that something it needs is not.
fn missing_interpreter(path: &str, depth: u32) -> Option<Finding> {
    let (kind, opened) = read(path)?;
    match kind {
        Kind::Script { interpreter } => {
            if file::open(&interpreter, OFlags::PATH).is_ok() && depth < MAX_DEPTH {
                return missing_interpreter(&interpreter, depth + 1);
            }
            let cause = format!("the interpreter {interpreter:?} in its first line is missing");
            let hint = match interpreter.strip_suffix('\r') {
                Some(_) => "the line ends as on Windows: remove the carriage returns, sed -i 's/\\r$//'".to_owned(),
                None => format!("install {interpreter:?} in the container, or change the first line of {path:?}"),
            };
            Some(Finding { cause, hint })
        }
        Kind::Elf { loader: Some((offset, length)), .. } => {
            let name = file::read_at(opened.as_fd(), offset, length.min(START_BYTES)).ok()?;
            let loader = String::from_utf8_lossy(&name).trim_end_matches('\0').to_owned();
            let cause = format!("its ELF loader {loader:?} is missing");
            Some(Finding { cause, hint: loader_hint(&loader, &musl_loader()) })
        }
        _ => None,
    }
}

/// musl's loader, where the container has one.
fn musl_loader() -> Option<String> {
    let loader = format!("/lib/ld-musl-{}.so.1", std::env::consts::ARCH);
    file::open(&loader, OFlags::PATH).is_ok().then_some(loader)
}

fn loader_hint(loader: &str, musl: &Option<String>) -> String {
    if loader.contains("ld-musl") {
        return "the program was built for musl (Alpine), and the container has another C library: use a build for glibc, or a static one"
            .to_owned();
    }
    match musl {
        Some(_) if loader.contains("ld-linux") => {
            "the program was built for glibc, and the container has musl (Alpine): install gcompat, or use a build for musl, or a static one".to_owned()
        }
        _ => "install the C library that the program was built for in the container, or use a static build".to_owned(),
    }
}

fn wrong_format(path: &str) -> Option<Finding> {
    let (kind, _) = read(path)?;
    let (cause, hint) = match kind {
        Kind::Elf { machine, .. } if architecture(machine) != Some(std::env::consts::ARCH) => {
            let built =
                architecture(machine).map_or_else(|| format!("another machine (e_machine {machine})"), str::to_owned);
            let here = std::env::consts::ARCH;
            (
                format!("it was built for {built}, and this machine is {here}"),
                format!("use a root for {here}, or register an emulator (binfmt_misc)"),
            )
        }
        Kind::Empty => ("the file is empty".to_owned(), "copy it again".to_owned()),
        Kind::Other => (
            "it is neither an ELF file nor a script".to_owned(),
            "a script needs a first line such as #!/bin/sh".to_owned(),
        ),
        Kind::Elf { .. } => ("the ELF file is damaged or not an executable".to_owned(), "copy it again".to_owned()),
        Kind::Script { .. } => {
            ("its interpreter cannot be executed".to_owned(), format!("see the first line of {path:?}"))
        }
    };
    Some(Finding { cause, hint })
}

fn read(path: &str) -> Option<(Kind, std::os::fd::OwnedFd)> {
    let opened = file::open(path, OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY).ok()?;
    if file::kind(&file::status(opened.as_fd()).ok()?) != FileType::RegularFile {
        return None;
    }
    let start = file::read_start(opened.as_fd(), START_BYTES).ok()?;
    Some((kind_of(&start), opened))
}

fn kind_of(start: &[u8]) -> Kind {
    if start.is_empty() {
        return Kind::Empty;
    }
    if let Some(rest) = start.strip_prefix(b"#!") {
        let line = rest.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let line = String::from_utf8_lossy(line);
        let interpreter = line.trim_start_matches([' ', '\t']).split([' ', '\t']).next().unwrap_or_default();
        return Kind::Script { interpreter: interpreter.to_owned() };
    }
    elf(start).unwrap_or(Kind::Other)
}

/// The offsets of elf(5): of the program headers, their size and number, and in one of them of the segment's place and size.
struct Layout {
    headers: usize,
    header_bytes: usize,
    header_count: usize,
    offset: usize,
    size: usize,
    wide: bool,
}

fn elf(start: &[u8]) -> Option<Kind> {
    let layout = match start {
        [0x7f, b'E', b'L', b'F', 2, 1, ..] => {
            Layout { headers: 32, header_bytes: 54, header_count: 56, offset: 8, size: 32, wide: true }
        }
        [0x7f, b'E', b'L', b'F', 1, 1, ..] => {
            Layout { headers: 28, header_bytes: 42, header_count: 44, offset: 4, size: 16, wide: false }
        }
        // Big-endian: no machine that masu runs on. Its number is all that is asked.
        [0x7f, b'E', b'L', b'F', _, 2, ..] => {
            return Some(Kind::Elf { machine: u16::from_be_bytes(start.get(18..20)?.try_into().ok()?), loader: None });
        }
        _ => return None,
    };
    let half = |at: usize| Some(u16::from_le_bytes(start.get(at..at + 2)?.try_into().ok()?));
    let word = |at: usize| Some(u32::from_le_bytes(start.get(at..at + 4)?.try_into().ok()?));
    let address = |at: usize| match layout.wide {
        true => Some(u64::from_le_bytes(start.get(at..at + 8)?.try_into().ok()?)),
        false => word(at).map(u64::from),
    };
    let machine = half(18)?;
    let first = usize::try_from(address(layout.headers)?).ok()?;
    let (bytes, count) = (usize::from(half(layout.header_bytes)?), usize::from(half(layout.header_count)?));
    let places =
        (0..count).map_while(|number| first.checked_add(number * bytes).filter(|at| at + bytes <= start.len()));
    // PT_INTERP
    let mut loaders = places.filter(|at| word(*at) == Some(3));
    let loader = loaders
        .next()
        .and_then(|at| Some((address(at + layout.offset)?, usize::try_from(address(at + layout.size)?).ok()?)));
    Some(Kind::Elf { machine, loader })
}

/// `e_machine` of elf.h, by the names that Rust and uname(1) have for them.
fn architecture(machine: u16) -> Option<&'static str> {
    const MACHINES: [(u16, &str); 11] = [
        (3, "x86"),
        (8, "mips"),
        (20, "powerpc"),
        (21, "powerpc64"),
        (22, "s390x"),
        (40, "arm"),
        (43, "sparc64"),
        (62, "x86_64"),
        (183, "aarch64"),
        (243, "riscv64"),
        (258, "loongarch64"),
    ];
    MACHINES.iter().find(|(number, _)| *number == machine).map(|(_, name)| *name)
}

#[cfg(test)]
#[path = "diagnosis_test.rs"]
mod tests;
