//! Tests of the diagnosis, on files of their own.

use super::*;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

struct Directory(PathBuf);

impl Drop for Directory {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).unwrap();
    }
}

fn directory(name: &str) -> Directory {
    let path = std::env::temp_dir().join(format!("masu-diagnosis-{name}-{}", std::process::id()));
    fs::create_dir(&path).unwrap();
    Directory(path)
}

/// An ELF file with this machine and loader.
fn elf_file(machine: u16, loader: &str) -> Vec<u8> {
    let mut bytes = vec![0u8; 64 + 56];
    bytes[..6].copy_from_slice(b"\x7fELF\x02\x01");
    bytes[18..20].copy_from_slice(&machine.to_le_bytes());
    bytes[32..40].copy_from_slice(&64u64.to_le_bytes());
    bytes[54..56].copy_from_slice(&56u16.to_le_bytes());
    bytes[56..58].copy_from_slice(&1u16.to_le_bytes());
    bytes[64..68].copy_from_slice(&3u32.to_le_bytes());
    bytes[72..80].copy_from_slice(&120u64.to_le_bytes());
    bytes[96..104].copy_from_slice(&(loader.len() as u64 + 1).to_le_bytes());
    bytes.extend_from_slice(loader.as_bytes());
    bytes.push(0);
    bytes
}

#[test]
fn kind_of_does_what_its_table_says() {
    let script = |interpreter: &str| Kind::Script { interpreter: interpreter.to_owned() };
    for (name, start, expected) in [
        ("nothing", b"".to_vec(), Kind::Empty),
        ("text", b"echo hello\n".to_vec(), Kind::Other),
        ("a script", b"#!/bin/sh\necho".to_vec(), script("/bin/sh")),
        ("a script with spaces and an argument", b"#!  /usr/bin/env bash\n".to_vec(), script("/usr/bin/env")),
        ("a script from Windows", b"#!/bin/sh\r\necho".to_vec(), script("/bin/sh\r")),
        ("an ELF file", elf_file(62, "/lib/ld.so"), Kind::Elf { machine: 62, loader: Some((120, 11)) }),
        ("an ELF file of another machine", elf_file(183, "x"), Kind::Elf { machine: 183, loader: Some((120, 2)) }),
        ("an ELF file cut off", elf_file(62, "x")[..30].to_vec(), Kind::Other),
        (
            "a big-endian ELF file",
            [b"\x7fELF\x02\x02".as_slice(), &[0; 12], &[0, 22, 0, 0]].concat(),
            Kind::Elf { machine: 22, loader: None },
        ),
    ] {
        assert_eq!(kind_of(&start), expected, "{name}");
    }
}

#[test]
fn elf_survives_headers_that_point_anywhere() {
    let whole = elf_file(62, "/lib/ld.so");
    for place in 0..whole.len() {
        for value in [0xff, 0x80, 0x7f, 0] {
            let mut damaged = whole.clone();
            damaged[place] = value;
            elf(&damaged);
            elf(&damaged[..place]);
        }
    }
}

#[test]
fn explain_says_what_is_missing_or_wrong() {
    let directory = directory("explain");
    let foreign = if std::env::consts::ARCH == "aarch64" { 62 } else { 183 };
    for (name, content, mode, errno, code, message, hint) in [
        (
            "script",
            b"#!/no/such\n".to_vec(),
            0o755,
            ENOENT,
            ErrorCode::ProgramNotExecutable,
            "the interpreter \"/no/such\" in its first line is missing",
            "install",
        ),
        (
            "windows",
            b"#!/bin/sh\r\n".to_vec(),
            0o755,
            ENOENT,
            ErrorCode::ProgramNotExecutable,
            "\"/bin/sh\\r\"",
            "carriage",
        ),
        (
            "loader",
            elf_file(62, "/lib64/ld-none.so.2"),
            0o755,
            ENOENT,
            ErrorCode::ProgramNotExecutable,
            "its ELF loader \"/lib64/ld-none.so.2\" is missing",
            "C library",
        ),
        (
            "musl",
            elf_file(62, "/lib/ld-musl-none.so.1"),
            0o755,
            ENOENT,
            ErrorCode::ProgramNotExecutable,
            "ld-musl-none",
            "built for musl",
        ),
        (
            "foreign",
            elf_file(foreign, "x"),
            0o755,
            ENOEXEC,
            ErrorCode::ProgramNotExecutable,
            "it was built for ",
            "binfmt_misc",
        ),
        (
            "text",
            b"echo\n".to_vec(),
            0o755,
            ENOEXEC,
            ErrorCode::ProgramNotExecutable,
            "neither an ELF file nor a script",
            "#!/bin/sh",
        ),
        ("empty", b"".to_vec(), 0o755, ENOEXEC, ErrorCode::ProgramNotExecutable, "the file is empty", "copy"),
        (
            "mode",
            b"#!/bin/sh\n".to_vec(),
            0o644,
            EACCES,
            ErrorCode::ProgramNotExecutable,
            "it is not executable",
            "chmod +x",
        ),
    ] {
        let path = directory.0.join(name);
        fs::write(&path, content).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        let path = path.to_str().unwrap();
        let error = explain(path, &[(path.to_owned(), SysError::new("execve", errno))]);
        assert_eq!(error.code, code, "{name}");
        assert!(error.message.contains(message), "{name}: {}", error.message);
        assert!(error.hint.as_deref().unwrap_or_default().contains(hint), "{name}: {:?}", error.hint);
    }
}

#[test]
fn explain_tells_absent_from_not_in_path() {
    let absent = |path: &str| (path.to_owned(), SysError::new("execve", ENOENT));
    let error = explain("nosuch", &[absent("/usr/bin/nosuch"), absent("/bin/nosuch")]);
    assert_eq!(error.message, "Execute \"nosuch\": executable file not found in $PATH (ENOENT from execve(2))");
    assert_eq!(error.code, ErrorCode::ProgramNotFound);
    let error = explain("/no/such", &[absent("/no/such")]);
    assert_eq!(error.message, "Execute \"/no/such\": no such file or directory (ENOENT from execve(2))");
    assert_eq!(error.code, ErrorCode::ProgramNotFound);
    assert_eq!(explain("", &[]).code, ErrorCode::ProgramNotFound);
}

#[test]
fn explain_takes_a_directory_in_path_for_nothing() {
    let directory = directory("path");
    fs::create_dir(directory.0.join("tool")).unwrap();
    let path = directory.0.join("tool").to_str().unwrap().to_owned();
    let denied = SysError::new("execve", EACCES);
    assert_eq!(explain("tool", &[(path.clone(), denied)]).code, ErrorCode::ProgramNotFound);
    let error = explain(&path, &[(path.clone(), denied)]);
    assert_eq!(error.code, ErrorCode::ProgramNotExecutable);
    assert!(error.message.contains("it is a directory"), "{}", error.message);
}
