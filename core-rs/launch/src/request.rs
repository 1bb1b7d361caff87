//! Reads a launch request: blanks are filled in on its text, so nothing is parsed twice.

use masu_steps::executor::Tools;
use masu_steps::failure::failed;
use masu_steps::process_identity::start_time;
use masu_steps::undo::Undo;
use masu_sys::descriptor::adopt;
use masu_wire::blank::{Blanks, fill_json, fill_text};
use masu_wire::error::CoreError;
use masu_wire::error::Group;
use masu_wire::plan::{HostStep, PLAN_VERSION, Plan};
use masu_wire::request::MonitorOptions;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use std::os::fd::{BorrowedFd, OwnedFd};

use crate::filter;

/// [`masu_wire::request::LaunchRequest`] with its plan still as text.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct LaunchText<'a> {
    #[serde(borrow)]
    plan: &'a RawValue,
    blanks: BTreeMap<String, String>,
    arguments: Vec<String>,
    monitor: MonitorOptions,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    stdio: Option<[i32; 3]>,
}

impl<'a> LaunchText<'a> {
    /// A launch of a plan whose blanks have these values, with nothing that only somebody who stays beside it wishes.
    #[must_use]
    pub fn of(plan: &'a RawValue, blanks: BTreeMap<String, String>, arguments: Vec<String>) -> Self {
        Self { plan, blanks, arguments, monitor: MonitorOptions::default(), stdio: None }
    }

    /// The plan, blanks and all.
    #[must_use]
    pub const fn plan(&self) -> &'a RawValue {
        self.plan
    }

    /// A blank's value; none: it has none.
    #[must_use]
    pub fn blank(&self, name: &str) -> Option<&str> {
        self.blanks.get(name).map(String::as_str)
    }

    /// Gives a blank its value.
    pub fn set_blank(&mut self, name: &str, value: String) {
        self.blanks.insert(name.to_owned(), value);
    }
}

/// How much of a plan is carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// From nothing, and back to nothing.
    Whole,
    /// A container that was created before, and stays when it has ended.
    Start,
}

/// The parts of a plan that are read again later.
#[derive(Deserialize)]
struct PlanLate<'a> {
    #[serde(borrow)]
    clone: CloneRecord<'a>,
    #[serde(borrow)]
    created: &'a RawValue,
    #[serde(borrow)]
    started: &'a RawValue,
}

#[derive(Deserialize)]
struct CloneRecord<'a> {
    #[serde(borrow)]
    record: &'a RawValue,
}

/// Steps whose blanks are known only when the container's first process exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Late {
    /// `plan.clone.record`
    Record,
    /// `plan.created`
    Created,
    /// `plan.started`
    Started,
}

/// A launch request, ready to be executed.
pub struct Launch<'a> {
    /// The plan without blanks, but for those of [`Late`].
    pub(super) plan: Plan,
    /// What undoes it.
    pub undo: Undo,
    /// How the monitor treats signals and keys.
    pub monitor: MonitorOptions,
    /// The sealed executable of the stage.
    pub(super) init: BorrowedFd<'a>,
    stdio: Option<[OwnedFd; 3]>,
    /// The connection to the seccomp agent.
    agent: Option<OwnedFd>,
    /// Signals that are blocked in the program; none: those that are blocked here.
    pub(super) signal_mask: Option<u64>,
    /// As [`Late`] numbers them.
    late: [String; 3],
    blanks: Blanks,
}

/// Fills the blanks in, parses the plan, compiles its filter.
pub fn read<'a>(text: LaunchText<'_>, init: BorrowedFd<'a>, scope: Scope) -> Result<Launch<'a>, CoreError> {
    let blanks = Blanks { text: text.blanks, arguments: text.arguments };
    // Their own text: a user's text that looks like a blank (`$${pid}`) must not become one by being filled in twice.
    let PlanLate { clone, created, started } = parse(text.plan.get())?;
    let late = [clone.record, created, started].map(|steps| steps.get().to_owned());
    let mut plan: Plan = parse(&fill_json(text.plan.get(), &blanks))?;
    if plan.version != PLAN_VERSION {
        return Err(CoreError::bug(format!(
            "Read a plan of version {}: this core knows version {PLAN_VERSION}",
            plan.version
        )));
    }
    let agent = filter::compile_in(&mut plan.exec)?;
    let mut monitor = text.monitor;
    if let Some(notify) = &mut monitor.notify {
        notify.path = fill_text(&notify.path, &blanks);
    }
    let stdio = text.stdio.map(take_over).transpose()?;
    if scope == Scope::Start {
        plan.create.clear();
        plan.delete.clear();
    }
    let undo = Undo::new(
        plan.create.iter().chain(&plan.before).chain(&plan.clone.record),
        [(Group::Afterwards, &*plan.afterwards), (Group::Delete, &*plan.delete)],
    );
    Ok(Launch { plan, undo, monitor, init, stdio, agent, signal_mask: None, late, blanks })
}

impl Launch<'_> {
    /// What host steps need.
    pub fn tools(&self) -> Tools<'_> {
        Tools { init: Some(self.init) }
    }

    /// The program gets these as stdin, stdout and stderr.
    pub fn set_stdio(&mut self, stdio: [OwnedFd; 3]) {
        self.stdio = Some(stdio);
    }

    /// Signals that are blocked in the program, as bits: signal n is bit n - 1. For who has others blocked for itself.
    pub const fn set_signal_mask(&mut self, mask: u64) {
        self.signal_mask = Some(mask);
    }

    /// It is needed once: the stage gets it.
    pub(super) fn take_agent(&mut self) -> Option<OwnedFd> {
        self.agent.take()
    }

    /// They are needed once.
    pub(super) fn take_stdio(&mut self) -> Option<[OwnedFd; 3]> {
        self.stdio.take()
    }

    /// Steps all of whose blanks are known now: of the container's first process, and of this one, which watches it.
    pub(super) fn late(&self, which: Late, pid: u32, start: u64) -> Result<Vec<HostStep>, CoreError> {
        let [record, created, started] = &self.late;
        let text = match which {
            Late::Record => record,
            Late::Created => created,
            Late::Started => started,
        };
        if text == "[]" {
            return Ok(Vec::new());
        }
        let mut blanks = self.blanks.clone();
        let own = std::process::id();
        let own_start = start_time(own).map_err(|error| failed("Read this process's start time", error))?;
        let known = [
            ("pid", pid.to_string()),
            ("start", start.to_string()),
            ("monitor", own.to_string()),
            ("monitorStart", own_start.to_string()),
            ("started", masu_steps::time::now()),
        ];
        blanks.text.extend(known.map(|(name, value)| (name.to_owned(), value)));
        parse(&fill_json(text, &blanks))
    }
}

/// The caller gave them away.
fn take_over(numbers: [i32; 3]) -> Result<[OwnedFd; 3], CoreError> {
    let [stdin, stdout, stderr] = numbers.map(adopt);
    let all = stdin.zip(stdout).zip(stderr).map(|((stdin, stdout), stderr)| [stdin, stdout, stderr]);
    all.ok_or_else(|| CoreError::bug(format!("Use descriptors {numbers:?} as stdin, stdout and stderr")))
}

fn parse<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, CoreError> {
    serde_json::from_str(text).map_err(|error| CoreError::unreadable("launch", &error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn request() -> serde_json::Value {
        json!({
            "plan": {
                "version": PLAN_VERSION, "facts": [], "create": [], "network": [], "inside": [], "created": [], "started": [], "delete": [],
                "before": [{"kind": "make_directory", "path": "/run/masu/${id}", "mode": 448, "parents": false, "owner": null}],
                "clone": {
                    "namespaces": [], "join": [], "user": null, "timeOffsets": [], "cgroup": null,
                    "record": [{"kind": "write_file", "path": "/run/masu/${id}/state", "text": "${pid} ${start} $${pid} ${id}", "mode": 384, "exclusive": false}],
                },
                "exec": [{"kind": "execute", "arguments": ["sh", "${arguments}"], "environment": ["A=$${id}"], "reaper": false}],
                "afterwards": [{"kind": "remove_tree", "path": "/run/masu/${id}", "user": null}],
            },
            "blanks": {"id": "0f3a"},
            "arguments": ["-c", "echo ${id} \"${pid}\""],
            "monitor": {"bareInit": true, "detachKeys": []},
        })
    }

    #[test]
    fn read_fills_each_blank_once() {
        let text = request().to_string();
        let launch = read(serde_json::from_str(&text).unwrap(), rustix::stdio::stdin(), Scope::Whole).unwrap();
        let execute = serde_json::to_value(&launch.plan.exec[0]).unwrap();
        assert_eq!(execute["arguments"], json!(["sh", "-c", "echo ${id} \"${pid}\""]));
        assert_eq!(execute["environment"], json!(["A=${id}"]));
        let record = serde_json::to_value(launch.late(Late::Record, 42, 7).unwrap()).unwrap();
        assert_eq!(
            (&record[0]["path"], &record[0]["text"]),
            (&json!("/run/masu/0f3a/state"), &json!("42 7 ${pid} 0f3a"))
        );
        assert_eq!((launch.undo.due(0).count(), launch.undo.due(1).count()), (0, 1));
    }

    #[test]
    fn read_takes_what_the_wire_type_is() {
        let request: masu_wire::request::LaunchRequest = serde_json::from_value(request()).unwrap();
        let text = serde_json::to_string(&request).unwrap();
        assert!(read(serde_json::from_str(&text).unwrap(), rustix::stdio::stdin(), Scope::Whole).is_ok());
    }

    #[test]
    fn read_refuses_a_plan_of_another_version() {
        let mut request = request();
        request["plan"]["version"] = json!(4711);
        let text = request.to_string();
        let error =
            read(serde_json::from_str(&text).unwrap(), rustix::stdio::stdin(), Scope::Whole).map(drop).unwrap_err();
        assert!(error.message.contains("4711"), "{error}");
    }
}
