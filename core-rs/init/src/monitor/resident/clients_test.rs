use super::*;
use masu_steps::stage_protocol::receive;
use std::io::{Read, Write};

const ATTACH: Attach = Attach { stdin: true, screen: false, rows: 0, columns: 0 };

fn attached(clients: &mut Clients, attach: Attach) -> (u64, std::fs::File) {
    let (ours, theirs) = socket::stream_pair().unwrap();
    let id = clients.add(ours, attach, false).unwrap();
    let answer = receive::<MonitorAnswer>(theirs.as_fd()).unwrap().unwrap().message;
    assert!(matches!(answer, MonitorAnswer::Attached { terminal: false }));
    (id, std::fs::File::from(theirs))
}

fn framed(kind: u8, body: &[u8]) -> Vec<u8> {
    let mut bytes = frame::header(kind, body.len()).to_vec();
    bytes.extend_from_slice(body);
    bytes
}

#[test]
fn hear_understands_frames_however_they_are_cut() {
    let mut clients = Clients::default();
    let (id, mut other) = attached(&mut clients, ATTACH);
    let all = [
        framed(frame::STDIN, b"abc"),
        framed(frame::WINDOW, &[24, 0, 80, 0]),
        framed(frame::SIGNAL, &15i32.to_le_bytes()),
        framed(99, b"of a later version"),
        framed(frame::STDIN_END, b""),
    ]
    .concat();
    let mut heard = Vec::new();
    for byte in all {
        other.write_all(&[byte]).unwrap();
        heard.extend(clients.hear(id));
    }
    assert_eq!(heard, [Heard::Input(b"abc".to_vec()), Heard::Window, Heard::Signal(15), Heard::InputEnd]);
    assert_eq!(clients.window(), Some((24, 80)));
    drop(other);
    assert!(!clients.remove_gone(id) && clients.hear(id).is_empty() && clients.remove_gone(id));
}

#[test]
fn hear_ignores_stdin_of_one_that_only_looks_and_drops_one_that_breaks_the_rules() {
    let mut clients = Clients::default();
    let (id, mut other) = attached(&mut clients, Attach { stdin: false, ..ATTACH });
    other.write_all(&framed(frame::STDIN, b"abc")).unwrap();
    assert_eq!(clients.hear(id), []);
    other.write_all(&[frame::STDIN, 0, 0, 0, 1]).unwrap();
    assert_eq!((clients.hear(id), clients.remove_gone(id)), (vec![], true));
}

#[test]
fn one_that_is_expected_gets_what_was_written_before_it_came() {
    let mut clients = Clients::default();
    let (ours, theirs) = socket::stream_pair().unwrap();
    let id = clients.expect(ours, true).unwrap();
    clients.send(Stream::Stdout, b"early");
    let mut other = std::fs::File::from(theirs);
    let arrival = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(50));
        let request = MonitorRequest::Attach { stdin: true, screen: false, rows: 5, columns: 6 };
        send(other.as_fd(), &request, &[]).unwrap();
        let answer = receive::<MonitorAnswer>(other.as_fd()).unwrap().unwrap().message;
        assert!(matches!(answer, MonitorAnswer::Attached { terminal: true }));
        let mut received = Vec::new();
        other.read_to_end(&mut received).map(|_| received).unwrap()
    });
    assert_eq!(clients.hear(id), []);
    // The container has ended before it has come.
    clients.end(0);
    let expected = [framed(frame::STDOUT, b"early"), framed(frame::ENDED, &[0; 4])].concat();
    assert_eq!(arrival.join().unwrap(), expected);
}

#[test]
fn one_that_is_expected_and_says_something_else_is_dropped() {
    for said in [&b"\x03\0\0\0no!"[..], b"\xff\xff\xff\xff", b"\x0f\0\0\0{\"kind\":\"wait\"}"] {
        let mut clients = Clients::default();
        let (ours, theirs) = socket::stream_pair().unwrap();
        let id = clients.expect(ours, true).unwrap();
        std::fs::File::from(theirs).write_all(said).unwrap();
        assert_eq!((clients.hear(id), clients.remove_gone(id)), (vec![], true));
    }
}

#[test]
fn window_is_that_of_who_typed_last() {
    let mut clients = Clients::default();
    let (first, mut one) = attached(&mut clients, Attach { rows: 10, columns: 20, ..ATTACH });
    let _other = attached(&mut clients, Attach { rows: 30, columns: 40, ..ATTACH });
    assert_eq!(clients.window(), Some((30, 40)));
    one.write_all(&framed(frame::STDIN, b"x")).unwrap();
    clients.hear(first);
    assert_eq!(clients.window(), Some((10, 20)));
}

#[test]
fn send_does_not_wait_for_one_that_takes_nothing() {
    let mut clients = Clients::default();
    let (_, mut slow) = attached(&mut clients, ATTACH);
    for _ in 0..500 {
        clients.send(Stream::Stdout, &[b'x'; 32 << 10]);
    }
    assert!(clients.is_any_full() && clients.is_any_busy());
    clients.stop_waiting();
    assert!(!clients.is_any_full() && !clients.is_any_busy());
    let reader = std::thread::spawn(move || {
        let mut received = Vec::new();
        slow.read_to_end(&mut received).map(|_| received).unwrap()
    });
    clients.end(7);
    let received = reader.join().unwrap();
    assert!(received.ends_with(&framed(frame::ENDED, &7i32.to_le_bytes())), "{}", received.len());
    let notice = b"bytes of output were left out";
    assert!(received.windows(notice.len()).any(|window| window == notice));
    assert!(received.len() < 2 << 20, "{}", received.len());
}
