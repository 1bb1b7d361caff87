use super::*;
use masu_wire::container::LogDriver;

struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("masu-log-{name}-{}", std::process::id()));
        std::fs::create_dir(&path).unwrap();
        Self(path)
    }

    fn settings(&self, max_bytes: u64, max_files: u32) -> LogSettings {
        let path = self.0.join("log.json").to_str().unwrap().to_owned();
        LogSettings { driver: LogDriver::JsonFile, path, max_bytes, max_files }
    }

    /// The files that are there, the oldest first.
    fn files(&self) -> Vec<String> {
        let path = self.0.join("log.json");
        let name = |number: u32| if number == 0 { path.clone() } else { self.0.join(format!("log.json.{number}")) };
        (0..10).rev().filter_map(|number| std::fs::read_to_string(name(number)).ok()).collect()
    }

    fn texts(&self) -> Vec<String> {
        let all = self.files().concat();
        all.lines().map(|line| serde_json::from_str::<Line>(line).unwrap().log).collect()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).unwrap();
    }
}

#[test]
fn append_rotates_without_losing_or_doubling_a_line() {
    let scratch = Scratch::new("rotate");
    let mut log = Log::open(&scratch.settings(1000, 9)).unwrap();
    // Blocks that end anywhere in a line, and some with many lines.
    let text: String = (0..60).map(|number| format!("line {number}\n")).collect();
    for block in text.as_bytes().chunks(37) {
        log.append(Stream::Stdout, block);
    }
    log.append(Stream::Stderr, b"x\ny\n");
    log.finish();
    let files = scratch.files();
    assert!(files.len() > 3 && files.iter().all(|file| file.len() <= 1000), "{files:?}");
    assert_eq!(scratch.texts().concat(), text + "x\ny\n");
}

#[test]
fn append_keeps_so_many_files_and_a_line_that_is_longer_than_a_file() {
    for (max_files, expected) in [(1, 1), (3, 3)] {
        let scratch = Scratch::new(&format!("count-{max_files}"));
        let mut log = Log::open(&scratch.settings(200, max_files)).unwrap();
        for number in 0..20 {
            log.append(Stream::Stdout, format!("line {number}\n").as_bytes());
        }
        assert_eq!(scratch.files().len(), expected);
        assert_eq!(scratch.texts().last().map(String::as_str), Some("line 19\n"));
        let long = "x".repeat(500) + "\n";
        log.append(Stream::Stdout, long.as_bytes());
        log.append(Stream::Stdout, b"after\n");
        assert_eq!(scratch.files().len(), expected);
        assert_eq!(scratch.texts().last().map(String::as_str), Some("after\n"));
    }
}

#[test]
fn open_goes_on_after_a_line_that_was_cut_off() {
    let scratch = Scratch::new("cut");
    let settings = scratch.settings(0, 3);
    Log::open(&settings).unwrap().append(Stream::Stdout, b"one\n");
    let whole = std::fs::read(&settings.path).unwrap();
    std::fs::write(&settings.path, [&whole[..], b"{\"time\":\"20"].concat()).unwrap();
    let mut log = Log::open(&settings).unwrap();
    log.append(Stream::Stdout, b"two\n");
    let file = scratch.files().concat();
    let lines: Vec<&str> = file.lines().collect();
    assert_eq!((lines.len(), lines[1]), (3, "{\"time\":\"20"));
    assert_eq!(log.last_lines(), ["one", "two"]);
}

#[test]
fn last_lines_are_of_the_last_start_and_reach_across_a_rotation() {
    let scratch = Scratch::new("last");
    let mut log = Log::open(&scratch.settings(700, 3)).unwrap();
    log.append(Stream::Stdout, b"before\n");
    log.mark_start();
    assert_eq!(log.last_lines(), [""; 0]);
    for number in 0..9 {
        log.append(Stream::Stdout, format!("{number}\r\n").as_bytes());
    }
    log.append(Stream::Stderr, b"no newline");
    log.finish();
    assert!(scratch.files().len() > 1);
    assert_eq!(log.last_lines(), ["0", "1", "2", "3", "4", "5", "6", "7", "8", "no newline"]);
}

#[test]
fn append_counts_what_a_full_disk_loses_and_goes_on() {
    let scratch = Scratch::new("full");
    let mut log = Log::open(&scratch.settings(0, 3)).unwrap();
    log.append(Stream::Stdout, b"one\n");
    let full = || Some(File::options().write(true).open("/dev/full").unwrap());
    let kept = std::mem::replace(&mut log.files.file, full());
    log.append(Stream::Stdout, b"lost\nlost too\n");
    log.files.file = full();
    log.append(Stream::Stderr, b"lost as well\n");
    log.files.file = kept;
    log.append(Stream::Stdout, b"two\n");
    assert_eq!(
        scratch.texts(),
        ["one\n", "masu: lines of output that could not be kept: 3 (No space left on device)\n", "two\n"]
    );
}

#[test]
fn append_makes_the_file_again_when_its_directory_has_room_for_one() {
    let scratch = Scratch::new("again");
    let settings = scratch.settings(0, 2);
    let mut log = Log::open(&settings).unwrap();
    log.append(Stream::Stdout, b"one\n");
    log.files.file = None;
    std::fs::remove_file(&settings.path).unwrap();
    std::fs::create_dir(&settings.path).unwrap();
    log.append(Stream::Stdout, b"two\n");
    std::fs::remove_dir(&settings.path).unwrap();
    log.append(Stream::Stdout, b"three\n");
    assert_eq!(scratch.texts(), ["masu: lines of output that could not be kept: 1 (Is a directory)\n", "three\n"]);
}
