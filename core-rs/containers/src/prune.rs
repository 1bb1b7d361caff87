//! Op `prune`: removes what no container has any more.

use masu_steps::executor::{Tools, execute};
use masu_sys::file::{self, Stat};
use masu_wire::error::CoreError;
use masu_wire::lifecycle::{PruneReply, PruneRequest};
use masu_wire::plan::HostStep;
use rustix::fs::{AtFlags, CWD, statat};
use std::os::fd::{AsFd, BorrowedFd};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::cgroup_parents::parents;
use crate::delete::delete_found;
use crate::lock::{Lock, lock};
use crate::shared_init;
use crate::status::Condition;
use crate::store::{Entry, Shelf};
use crate::teardown::settle;
use crate::{document, monitor, paths, small_file, word};

/// What was made or changed less than these seconds ago may belong to a container that is being made.
const SETTLED: i64 = 10;

/// Removes leftovers, and containers that have ended when asked to. What cannot be removed is in the reply.
///
/// Errors: the store cannot be read.
pub fn prune(request: &PruneRequest, init: Option<BorrowedFd<'_>>) -> Result<PruneReply, CoreError> {
    prune_below(request, &parents(), init)
}

/// As [`prune`], where containers' cgroups are in these directories.
pub fn prune_below(
    request: &PruneRequest,
    cgroups: &[PathBuf],
    init: Option<BorrowedFd<'_>>,
) -> Result<PruneReply, CoreError> {
    let shelf = Shelf::open(&request.store)?;
    let reply = PruneReply { containers: Vec::new(), leftovers: Vec::new(), failures: Vec::new() };
    let mut sweep = Sweep { shelf: &shelf, init, dry: request.dry, reply };
    if request.containers {
        sweep.containers()?;
    }
    sweep.directories()?;
    sweep.doomed()?;
    sweep.names()?;
    sweep.sockets()?;
    sweep.executables()?;
    cgroups.iter().for_each(|parent| sweep.cgroups(parent));
    Ok(sweep.reply)
}

struct Sweep<'a> {
    shelf: &'a Shelf<'a>,
    init: Option<BorrowedFd<'a>>,
    dry: bool,
    reply: PruneReply,
}

impl Sweep<'_> {
    /// Those that have ended, were never started, or are broken.
    fn containers(&mut self) -> Result<(), CoreError> {
        for entry in self.shelf.all()? {
            let condition = Condition::of(entry);
            let stays = condition.is_lasting() || condition.bundle().is_some();
            if condition.alive || !stays || condition.is_watched(self.shelf.store) {
                continue;
            }
            let broken = condition.error.is_some();
            let deleted =
                self.dry || self.keep(delete_found(self.shelf, condition.id(), broken, self.init)) == Some(true);
            if deleted {
                self.reply.containers.push(condition.id().to_owned());
            }
        }
        Ok(())
    }

    /// What runs of containers left, and directories without a container.
    fn directories(&mut self) -> Result<(), CoreError> {
        for id in self.shelf.ids()? {
            let entry = self.shelf.entry(&id);
            if !entry.is_container() {
                self.abandoned(entry);
            } else if self.is_over(entry) {
                let torn_down = self.dry || self.tear_down(&id);
                if torn_down {
                    self.reply.leftovers.push(paths::runtime(self.shelf.store, &id));
                }
            }
        }
        Ok(())
    }

    /// It has a runtime directory although nothing of it is alive.
    fn is_over(&self, entry: Entry) -> bool {
        let is_there = entry.runtime().is_some();
        let condition = Condition::of(entry);
        let foreground = || condition.watcher().is_some();
        is_there
            && condition.error.is_none()
            // It stays until it is deleted.
            && condition.bundle().is_none()
            && !condition.alive
            && !foreground()
            && !condition.is_watched(self.shelf.store)
    }

    fn tear_down(&mut self, id: &str) -> bool {
        let torn_down = lock(self.shelf, id).and_then(|locked| {
            let Some(locked) = locked else { return Ok(false) };
            let over = self.is_over(self.shelf.entry(id));
            if over {
                settle(&Condition::of(locked.entry), self.init)?;
            }
            Ok(over)
        });
        self.keep(torn_down) == Some(true)
    }

    /// Left by one that was killed while it was made or removed.
    fn abandoned(&mut self, entry: Entry) {
        for (place, remaining) in [(entry.data(), &entry.data), (entry.runtime(), &entry.runtime)] {
            let (Some(place), Some(directory)) = (place, remaining.directory()) else { continue };
            if !file::status(directory).is_ok_and(|status| is_old(&status)) {
                continue;
            }
            // Whoever has the lock is at it.
            let Some(Some(lock)) = self.keep(Lock::try_of(place)) else { continue };
            if self.shelf.entry(&entry.id).is_container() {
                continue;
            }
            if !self.dry && entry.is_half() {
                let half = Condition::of(self.shelf.entry(&entry.id));
                if self.keep(settle(&half, self.init)).is_none() {
                    continue;
                }
            }
            self.remove(HostStep::RemoveTree { path: place.path.to_owned(), user: None }, place.path);
            drop(lock);
        }
    }

    /// Left by a delete that was killed in its last moment.
    fn doomed(&mut self) -> Result<(), CoreError> {
        let all = paths::all_data(self.shelf.store);
        let Some(directory) = small_file::open_directory(&all)? else { return Ok(()) };
        let names = small_file::all_names(directory.as_fd())
            .map_err(|error| masu_steps::failure::failed(format!("List directory {all:?}"), error))?;
        for path in names.iter().filter(|name| name.starts_with(paths::DOOMED)).map(|name| format!("{all}/{name}")) {
            // Whoever removes it goes on: what is gone is fine for both.
            self.remove(HostStep::RemoveTree { path: path.clone(), user: None }, &path);
        }
        Ok(())
    }

    /// Names that lead to no container, or to one that has another name.
    fn names(&mut self) -> Result<(), CoreError> {
        for name in self.shelf.names()? {
            let path = paths::name(self.shelf.store, &name);
            // Something that masu did not make is left alone.
            let Some(id) = self.shelf.named(&name) else { continue };
            let is_settled = statat(CWD, &*path, AtFlags::SYMLINK_NOFOLLOW).is_ok_and(|status| is_old(&status));
            if is_settled && self.is_dead(&name, &id) {
                let step = HostStep::RemoveFile { path: path.clone(), target: Some(paths::name_target(&id)) };
                self.remove(step, &path);
            }
        }
        Ok(())
    }

    fn is_dead(&self, name: &str, id: &str) -> bool {
        let entry = self.shelf.entry(id);
        if let Some(place) = entry.data() {
            match Lock::try_of(place) {
                Ok(Some(_)) => {}
                // It is being made, renamed or deleted.
                _ => return false,
            }
            match document::read_head(place) {
                Ok(Some(head)) => return head.name.as_deref() != Some(name),
                Ok(None) => {}
                Err(_) => return false,
            }
        }
        !entry.is_container()
    }

    /// Sockets that no monitor listens on.
    fn sockets(&mut self) -> Result<(), CoreError> {
        let all = paths::monitors(self.shelf.store);
        for id in names_in(&all)?.iter().filter(|id| word::is_id(id)) {
            let entry = self.shelf.entry(id);
            // A start that is under way holds the lock: its monitor may be about to listen.
            let lock = entry.data().map(Lock::try_of);
            if matches!(lock, Some(Ok(None) | Err(_))) {
                continue;
            }
            if let Some(None) = self.keep(monitor::connect(self.shelf.store, id)) {
                let path = paths::monitor(self.shelf.store, id);
                self.remove(HostStep::RemoveFile { path: path.clone(), target: None }, &path);
            }
        }
        Ok(())
    }

    /// The monitors' executables of other builds. A monitor that runs keeps its own.
    fn executables(&mut self) -> Result<(), CoreError> {
        let Some(current) = self.init.and_then(|init| shared_init::name(init).ok()) else { return Ok(()) };
        let store = self.shelf.store;
        for directory in [&store.runtime, &store.data] {
            let others = names_in(directory)?.into_iter().filter(|name| is_executable(name) && *name != current);
            for path in others.map(|name| format!("{directory}/{name}")) {
                self.remove(HostStep::RemoveFile { path: path.clone(), target: None }, &path);
            }
        }
        Ok(())
    }

    /// Cgroups of this user's that have nobody's ID and no process.
    fn cgroups(&mut self, parent: &Path) {
        let own = rustix::process::geteuid().as_raw();
        for id in names_in(&parent.to_string_lossy()).unwrap_or_default() {
            let path = parent.join(&id);
            let Ok(status) = statat(CWD, &path, AtFlags::SYMLINK_NOFOLLOW) else { continue };
            let is_directory = file::kind(&status) == file::FileType::Directory;
            if !is_directory || status.st_uid != own || !is_old(&status) || !word::is_id(&id) {
                continue;
            }
            if self.shelf.entry(&id).is_container() || !masu_steps::cgroup::processes(&path).is_empty() {
                continue;
            }
            let path = path.to_string_lossy().into_owned();
            self.remove(HostStep::RemoveCgroup { path: path.clone(), recursive: Some(true) }, &path);
        }
    }

    fn remove(&mut self, step: HostStep, path: &str) {
        let removed = self.dry || self.keep(execute(&step, Tools { init: self.init })).is_some();
        if removed {
            self.reply.leftovers.push(path.to_owned());
        }
    }

    /// What went wrong is told in the reply.
    fn keep<T>(&mut self, done: Result<T, CoreError>) -> Option<T> {
        done.map_err(|error| self.reply.failures.push(error)).ok()
    }
}

fn is_executable(name: &str) -> bool {
    let hash = name.strip_prefix(shared_init::PREFIX);
    hash.is_some_and(|hash| hash.len() == 16 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

fn names_in(path: &str) -> Result<Vec<String>, CoreError> {
    let Some(directory) = small_file::open_directory(path)? else { return Ok(Vec::new()) };
    small_file::names(directory.as_fd())
        .map_err(|error| masu_steps::failure::failed(format!("List directory {path:?}"), error))
}

fn is_old(status: &Stat) -> bool {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    i64::try_from(now).unwrap_or(i64::MAX).saturating_sub(status.st_mtime) >= SETTLED
}
