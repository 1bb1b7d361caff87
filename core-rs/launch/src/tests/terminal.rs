//! `run` with a terminal, from a pseudoterminal of the test's own.

use super::container::{Container, Options, can_run};
use masu_sys::pty;
use masu_sys::terminal::Modes;
use rustix::pty::{OpenptFlags, ioctl_tiocgptpeer, openpt, unlockpt};
use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::process::Child;

/// Where a person would sit.
struct Seat {
    master: OwnedFd,
    slave: OwnedFd,
    before: Vec<u8>,
}

impl Seat {
    fn new() -> Self {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
        unlockpt(&master).unwrap();
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
        let slave = ioctl_tiocgptpeer(&master, flags).unwrap();
        let before = Modes::of(slave.as_fd()).unwrap().to_bytes();
        Self { master, slave, before }
    }

    fn run(&self, container: &Container) -> Child {
        let end = || self.slave.try_clone().unwrap();
        container.command().stdin(end()).stdout(end()).stderr(end()).spawn().unwrap()
    }

    fn is_as_before(&self) -> bool {
        Modes::of(self.slave.as_fd()).unwrap().to_bytes() == self.before
    }

    fn type_in(&self, text: &[u8]) {
        File::from(self.master.try_clone().unwrap()).write_all(text).unwrap();
    }

    /// Everything shown until the run and this seat have closed the terminal.
    fn read_to_end(self) -> String {
        let Self { master, slave, .. } = self;
        let mut shown = Vec::new();
        let reader = std::thread::spawn(move || {
            // The end of a pseudoterminal is EIO.
            let _ = File::from(master).read_to_end(&mut shown);
            String::from_utf8_lossy(&shown).into_owned()
        });
        drop(slave);
        reader.join().unwrap()
    }
}

fn terminal(name: &str, arguments: &[&str]) -> Container {
    Container::new(name, arguments, Options { terminal: true, ..Options::default() })
}

#[test]
fn run_with_a_terminal_sizes_it_and_gives_the_caller_s_back() {
    if !can_run("run_with_a_terminal_sizes_it_and_gives_the_caller_s_back") {
        return;
    }
    let seat = Seat::new();
    pty::set_size(seat.slave.as_fd(), 33, 77).unwrap();
    // Until the monitor has set it, it is 0 0, of which stty makes a message and no output.
    let script = "while size=$(stty size 2>/dev/null); test -z \"$size\"; do :; done; echo \"$size\"; exit 4";
    let container = terminal("size", &["sh", "-c", script]);
    let mut run = seat.run(&container);
    assert_eq!(run.wait().unwrap().code(), Some(4));
    assert!(seat.is_as_before());
    let shown = seat.read_to_end();
    assert!(shown.contains("33 77\r\n"), "{shown:?}");
}

/// As a shell without job control starts what it puts into the background; the container's program inherits it.
fn ignores_interrupts() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:\t")).unwrap();
    u64::from_str_radix(ignored, 16).unwrap() & masu_sys::signal::bit(2) != 0
}

#[test]
fn run_with_a_terminal_is_ended_by_its_interrupt_key() {
    if !can_run("run_with_a_terminal_is_ended_by_its_interrupt_key") {
        return;
    }
    if ignores_interrupts() {
        return println!("run_with_a_terminal_is_ended_by_its_interrupt_key [skipped: the caller ignores SIGINT]");
    }
    let (seat, container) = (Seat::new(), terminal("key", &["sh", "-c", "touch /dev/ready; exec sleep 100"]));
    let mut run = seat.run(&container);
    container.wait_until_ready(&run);
    container.wait_until(|| !seat.is_as_before());
    // Until it becomes sleep, the shell catches SIGINT.
    container.wait_until(|| {
        std::fs::read_to_string(format!("/proc/{}/comm", container.pid())).is_ok_and(|name| name == "sleep\n")
    });
    seat.type_in(b"\x03");
    assert_eq!(run.wait().unwrap().code(), Some(130));
    assert!(seat.is_as_before());
}

#[test]
fn run_with_a_terminal_killed_gives_the_caller_s_back() {
    if !can_run("run_with_a_terminal_killed_gives_the_caller_s_back") {
        return;
    }
    let (seat, container) = (Seat::new(), terminal("raw", &["sh", "-c", "touch /dev/ready; exec sleep 100"]));
    let mut run = seat.run(&container);
    container.wait_until_ready(&run);
    container.wait_until(|| !seat.is_as_before());
    run.kill().unwrap();
    run.wait().unwrap();
    container.wait_until(|| seat.is_as_before());
    container.wait_until(|| !container.directory().exists());
}

#[test]
fn run_with_a_terminal_shows_every_byte() {
    if !can_run("run_with_a_terminal_shows_every_byte") {
        return;
    }
    let (seat, container) = (Seat::new(), terminal("bytes", &["seq", "5000"]));
    let mut run = seat.run(&container);
    let shown = seat.read_to_end();
    assert_eq!(run.wait().unwrap().code(), Some(0));
    let numbers = shown.lines().filter_map(|line| line.parse::<u32>().ok());
    assert!(numbers.eq(1..=5000), "{} bytes", shown.len());
}
