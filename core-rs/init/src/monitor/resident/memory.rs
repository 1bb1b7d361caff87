//! Lack of memory, seen as it happens: the kernel says that it kills, and the counter says how often it has.

use masu_containers::memory::kills;
use masu_steps::control_watch::{Control, ControlWatch};
use masu_wire::container::MemoryFiles;
use std::os::fd::BorrowedFd;
use std::time::{Duration, Instant};

/// v1 signals before it kills, and does not say when it has: the counter is read again after this, and after twice that, and so on.
const FIRST_LOOK: Duration = Duration::from_millis(1);
/// By then the victim was killed, or nobody was.
const LAST_LOOK: Duration = Duration::from_millis(500);

/// One run of the container.
pub(super) struct Memory {
    events: String,
    /// None: the kernel takes no registration here; what was killed is still counted at the end.
    watch: Option<ControlWatch>,
    /// So many were told.
    told: u64,
    /// Signalled, and not counted yet: when to look, and how long it was waited for that.
    look: Option<(Instant, Duration)>,
}

impl Memory {
    /// Of a container that has started just now: its cgroup is new.
    pub(super) fn start(files: &MemoryFiles) -> Self {
        let registration = files.events.ends_with("/memory.oom_control").then_some("");
        let watch = ControlWatch::open(&[Control { path: &files.events, registration }]).ok();
        // What was killed before this looked is told at the first look.
        Self { events: files.events.clone(), watch, told: 0, look: Some((Instant::now(), LAST_LOOK)) }
    }

    /// Readable: something has happened.
    pub(super) fn descriptors(&self) -> impl Iterator<Item = BorrowedFd<'_>> {
        self.watch.iter().flat_map(ControlWatch::descriptors)
    }

    /// When something has to be done although nothing has happened.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.look.map(|(due, _)| due)
    }

    /// Something has happened.
    pub(super) fn wake(&mut self) {
        let signalled = self.watch.as_ref().is_some_and(|watch| !watch.take().is_empty());
        self.look = Some((Instant::now(), if signalled { FIRST_LOOK } else { LAST_LOOK }));
    }

    /// Looks where that is due. Returns how many were killed by now, where that is more than was told.
    pub(super) fn advance(&mut self) -> Option<u64> {
        let (_, waited) = self.look.take_if(|(due, _)| *due <= Instant::now())?;
        let news = self.news();
        if news.is_none() && waited < LAST_LOOK {
            self.look = Some((Instant::now() + waited, waited * 2));
        }
        news
    }

    /// How many were killed by now, where that is more than was told. From then on they are told.
    pub(super) fn news(&mut self) -> Option<u64> {
        let killed = kills(&self.events);
        (killed > self.told).then(|| {
            self.told = killed;
            killed
        })
    }
}
