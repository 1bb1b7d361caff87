use super::*;
use masu_steps::monitor_protocol::{MonitorAnswer, frame};
use masu_steps::stage_protocol::receive;
use masu_sys::socket::stream_pair;
use rustix::event::{PollFd, Timespec, poll};
use std::io::{Read, Write};

const ATTACH: Attach = Attach { stdin: true, screen: true, rows: 0, columns: 0 };

fn settings(driver: LogDriver) -> LogSettings {
    LogSettings { driver, path: "/nowhere/log.json".to_owned(), max_bytes: 0, max_files: 1 }
}

/// What a monitor's loop does, until nothing happens any more.
fn settle(streams: &mut Streams) -> Vec<Effect> {
    let mut effects = Vec::new();
    loop {
        let wanted = streams.wanted();
        let mut polled: Vec<_> = wanted.iter().map(|(_, fd, flags)| PollFd::from_borrowed_fd(*fd, *flags)).collect();
        let limit = Timespec { tv_sec: 0, tv_nsec: 50_000_000 };
        if poll(&mut polled, Some(&limit)).unwrap() == 0 {
            return effects;
        }
        let ready: Vec<_> =
            wanted.iter().zip(&polled).map(|((token, ..), polled)| (*token, polled.revents())).collect();
        for (token, ready) in ready.into_iter().filter(|(_, ready)| !ready.is_empty()) {
            effects.extend(streams.advance(token, ready));
        }
    }
}

fn attach(streams: &mut Streams) -> std::fs::File {
    let (ours, theirs) = stream_pair().unwrap();
    assert!(streams.add_client(ours, ATTACH));
    assert!(receive::<MonitorAnswer>(theirs.as_fd()).unwrap().is_some());
    std::fs::File::from(theirs)
}

fn framed(kind: u8, body: &[u8]) -> Vec<u8> {
    [&frame::header(kind, body.len())[..], body].concat()
}

#[test]
fn streams_reach_everybody_who_is_attached_and_stdin_comes_from_all_of_them() {
    let mut streams = Streams::open(&settings(LogDriver::None), false, true, None).unwrap();
    let mut early = attach(&mut streams);
    early.write_all(&framed(frame::STDIN, b"typed early\n")).unwrap();
    settle(&mut streams);
    let [stdin, stdout, stderr] = streams.stdio().unwrap().map(std::fs::File::from);
    let mut late = attach(&mut streams);
    late.write_all(&framed(frame::STDIN, b"and late\n")).unwrap();
    late.write_all(&framed(frame::SIGNAL, &2i32.to_le_bytes())).unwrap();
    (&stdout).write_all(b"out").unwrap();
    assert_eq!(settle(&mut streams), [Effect::Signal(2)]);
    (&stderr).write_all(b"err").unwrap();
    late.write_all(&framed(frame::STDIN_END, b"")).unwrap();
    settle(&mut streams);
    let mut typed = String::new();
    (&stdin).read_to_string(&mut typed).unwrap();
    assert_eq!(typed, "typed early\nand late\n");
    (&stdout).write_all(b"last").unwrap();
    streams.drain();
    streams.ended(3);
    drop(streams);
    let ended = framed(frame::ENDED, &3i32.to_le_bytes());
    let output =
        [framed(frame::STDOUT, b"out"), framed(frame::STDERR, b"err"), framed(frame::STDOUT, b"last")].concat();
    for (mut client, taken) in [(early, 12u32), (late, 9)] {
        let mut received = Vec::new();
        client.read_to_end(&mut received).unwrap();
        let taken = framed(frame::STDIN_TAKEN, &taken.to_le_bytes());
        let at = received.windows(taken.len()).position(|window| window == taken).unwrap();
        received.drain(at..at + taken.len());
        assert_eq!(received, [&output[..], &ended].concat());
    }
}

#[test]
fn a_client_that_leaves_is_told_of_and_stdin_stays_open() {
    let mut streams = Streams::open(&settings(LogDriver::None), false, true, None).unwrap();
    let [stdin, ..] = streams.stdio().unwrap();
    drop(attach(&mut streams));
    assert_eq!(settle(&mut streams), [Effect::Detached]);
    let flags = fcntl_getfl(&stdin).unwrap();
    fcntl_setfl(&stdin, flags | OFlags::NONBLOCK).unwrap();
    assert_eq!(rustix::io::read(&stdin, &mut [0; 1]), Err(Errno::AGAIN));
}

#[test]
fn a_client_that_takes_nothing_delays_the_container_for_a_moment_only() {
    let mut streams = Streams::open(&settings(LogDriver::None), false, false, None).unwrap();
    let [_, stdout, _] = streams.stdio().unwrap();
    let _stalled = attach(&mut streams);
    let writer = std::thread::spawn(move || std::fs::File::from(stdout).write_all(&vec![b'x'; 8 << 20]).unwrap());
    let begin = std::time::Instant::now();
    while !writer.is_finished() {
        settle(&mut streams);
    }
    writer.join().unwrap();
    assert!((1..5).contains(&begin.elapsed().as_secs()), "{:?}", begin.elapsed());
}

#[test]
fn a_client_that_is_merely_slower_gets_everything() {
    let mut streams = Streams::open(&settings(LogDriver::None), false, false, None).unwrap();
    let [_, stdout, _] = streams.stdio().unwrap();
    let mut client = attach(&mut streams);
    let size = 8 << 20;
    let writer = std::thread::spawn(move || std::fs::File::from(stdout).write_all(&vec![b'x'; size]).unwrap());
    let reader = std::thread::spawn(move || {
        let (mut count, mut block) = (0, vec![0; 64 << 10]);
        loop {
            match client.read(&mut block).unwrap() {
                0 => return count,
                read => count += block[..read].iter().filter(|byte| **byte == b'x').count(),
            }
            std::thread::sleep(std::time::Duration::from_millis(2));
        }
    });
    while !writer.is_finished() {
        settle(&mut streams);
    }
    streams.drain();
    while streams.clients.is_any_busy() {
        settle(&mut streams);
    }
    streams.ended(0);
    writer.join().unwrap();
    assert_eq!(reader.join().unwrap(), size);
}

#[test]
fn drain_does_not_wait_for_one_who_has_the_streams_open_still() {
    let mut streams = Streams::open(&settings(LogDriver::None), false, true, None).unwrap();
    let [_stdin, stdout, _] = streams.stdio().unwrap();
    let stray = std::thread::spawn(move || while rustix::io::write(&stdout, &[b'x'; 4096]).is_ok() {});
    std::thread::sleep(std::time::Duration::from_millis(20));
    let _ = masu_sys::signal::block_all();
    streams.drain();
    stray.join().unwrap();
}

#[test]
fn a_terminal_shows_who_attaches_its_last_screenful_and_gets_the_other_s_size() {
    // /dev/ptmx itself may be a device file outside devpts.
    let Ok(master) = file::open("/dev/pts/ptmx", OFlags::RDWR | OFlags::NOCTTY) else {
        return println!("skipped: /dev/pts/ptmx cannot be opened");
    };
    let mut streams = Streams::open(&settings(LogDriver::None), true, false, None).unwrap();
    streams.stdio().unwrap();
    streams.set_terminal(master).unwrap();
    let slave = std::fs::File::from(pty::open_slave(streams.master().unwrap()).unwrap());
    (&slave).write_all(b"$ ").unwrap();
    settle(&mut streams);
    let (ours, theirs) = stream_pair().unwrap();
    assert!(streams.add_client(ours, Attach { rows: 33, columns: 77, ..ATTACH }));
    let size = rustix::termios::tcgetwinsize(&slave).unwrap();
    assert_eq!((size.ws_row, size.ws_col), (33, 77));
    let mut client = std::fs::File::from(theirs);
    assert!(receive::<MonitorAnswer>(client.as_fd()).unwrap().is_some());
    client.write_all(&framed(frame::STDIN, b"ls\n")).unwrap();
    client.write_all(&framed(frame::STDIN_END, b"")).unwrap();
    settle(&mut streams);
    let mut typed = String::new();
    (&slave).read_to_string(&mut typed).unwrap();
    assert_eq!(typed, "ls\n");
    drop(slave);
    streams.drain();
    streams.ended(0);
    let mut received = Vec::new();
    client.read_to_end(&mut received).unwrap();
    assert!(received.starts_with(&framed(frame::STDOUT, b"$ ")), "{received:?}");
}
