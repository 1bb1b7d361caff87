//! Reads a launch request: blanks are filled in on its text, so nothing is parsed twice.

use masu_steps::undo::Undo;
use masu_wire::blank::{Blanks, fill_json};
use masu_wire::error::CoreError;
use masu_wire::plan::{HostStep, PLAN_VERSION, Plan};
use masu_wire::request::MonitorOptions;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::BTreeMap;

use crate::dispatch::unreadable;
use crate::filter;

/// [`masu_wire::request::LaunchRequest`] with its plan still as text.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LaunchText<'a> {
    #[serde(borrow)]
    plan: &'a RawValue,
    blanks: BTreeMap<String, String>,
    arguments: Vec<String>,
    monitor: MonitorOptions,
}

/// The one part of a plan that is read again later.
#[derive(Deserialize)]
struct PlanRecord<'a> {
    #[serde(borrow)]
    clone: CloneRecord<'a>,
}

#[derive(Deserialize)]
struct CloneRecord<'a> {
    #[serde(borrow)]
    record: &'a RawValue,
}

/// A launch request, ready to be executed.
pub(super) struct Launch {
    /// The plan without blanks; `clone.record` and `afterwards` are elsewhere.
    pub(super) plan: Plan,
    /// What undoes it.
    pub(super) undo: Undo,
    /// How the monitor treats signals and keys.
    pub(super) monitor: MonitorOptions,
    record: String,
    blanks: Blanks,
}

/// Fills the blanks in, parses the plan, compiles its filter.
pub(super) fn read(text: LaunchText<'_>) -> Result<Launch, CoreError> {
    let blanks = Blanks { text: text.blanks, arguments: text.arguments };
    // The record's own text: a user's text that looks like a blank (`$${pid}`) must not become one by being filled in twice.
    let record: PlanRecord<'_> = parse(text.plan.get())?;
    let record = record.clone.record.get().to_owned();
    let mut plan: Plan = parse(&fill_json(text.plan.get(), &blanks))?;
    if plan.version != PLAN_VERSION {
        return Err(CoreError::bug(format!(
            "Read a plan of version {}: this core knows version {PLAN_VERSION}",
            plan.version
        )));
    }
    filter::compile_in(&mut plan.exec)?;
    let undo = Undo::new(&plan.before, &plan.clone.record, std::mem::take(&mut plan.afterwards));
    Ok(Launch { plan, undo, monitor: text.monitor, record, blanks })
}

impl Launch {
    /// `plan.clone.record`, where `${pid}` and `${start}` are now known.
    pub(super) fn record(&self, pid: u32, start: u64) -> Result<Vec<HostStep>, CoreError> {
        let mut blanks = self.blanks.clone();
        blanks.text.insert("pid".to_owned(), pid.to_string());
        blanks.text.insert("start".to_owned(), start.to_string());
        parse(&fill_json(&self.record, &blanks))
    }
}

fn parse<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, CoreError> {
    serde_json::from_str(text).map_err(|error| unreadable("launch", &error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn request() -> serde_json::Value {
        json!({
            "plan": {
                "version": PLAN_VERSION, "facts": [], "network": [], "inside": [],
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
        let launch = read(serde_json::from_str(&text).unwrap()).unwrap();
        let execute = serde_json::to_value(&launch.plan.exec[0]).unwrap();
        assert_eq!(execute["arguments"], json!(["sh", "-c", "echo ${id} \"${pid}\""]));
        assert_eq!(execute["environment"], json!(["A=${id}"]));
        let record = serde_json::to_value(launch.record(42, 7).unwrap()).unwrap();
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
        assert!(read(serde_json::from_str(&text).unwrap()).is_ok());
    }

    #[test]
    fn read_refuses_a_plan_of_another_version() {
        let mut request = request();
        request["plan"]["version"] = json!(4711);
        let text = request.to_string();
        let error = read(serde_json::from_str(&text).unwrap()).map(drop).unwrap_err();
        assert!(error.message.contains("4711"), "{error}");
    }
}
