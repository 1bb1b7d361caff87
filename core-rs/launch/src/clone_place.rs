//! The clone's places in the plan, as `--explain` numbers them: the clone, its cgroup, what is joined, the maps, the clocks, then the record.

use masu_steps::id_map::Map;
use masu_wire::plan::CloneStep;

/// A part of the clone step.
#[derive(Clone, Copy, Debug)]
pub(super) enum Part {
    /// clone3(2) itself.
    Clone,
    /// A map of ids.
    Map(Map),
    /// The first record step.
    Record,
}

/// The part's number in its group.
pub(super) fn index(step: &CloneStep, part: Part) -> usize {
    let maps = 1 + usize::from(step.cgroup.is_some()) + step.join.len() + usize::from(step.enter.is_some());
    let denies = step.user.as_ref().is_some_and(|user| user.deny_setgroups);
    match part {
        Part::Clone => 0,
        Part::Map(Map::Setgroups) => maps,
        Part::Map(Map::Users) => maps + usize::from(denies),
        Part::Map(Map::Groups) => maps + usize::from(denies) + 1,
        Part::Record => {
            let user = step.user.as_ref().map_or(0, |_| 2 + usize::from(denies));
            maps + user + step.time_offsets.len()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn index_counts_as_explain_does() {
        let step = |cgroup: Option<&str>, user: bool| -> CloneStep {
            let map = json!([{"containerID": 0, "hostID": 1000, "size": 1}]);
            let user =
                user.then(|| json!({"uidMappings": map, "gidMappings": map, "tools": null, "denySetgroups": true}));
            serde_json::from_value(json!({
                "namespaces": [], "join": [{"namespace": "network", "path": "/proc/1/ns/net"}], "user": user,
                "timeOffsets": [{"clock": "boottime", "seconds": 1, "nanoseconds": 0}], "cgroup": cgroup, "record": [],
            }))
            .unwrap()
        };
        let parts =
            [Part::Clone, Part::Map(Map::Setgroups), Part::Map(Map::Users), Part::Map(Map::Groups), Part::Record];
        assert_eq!(parts.map(|part| index(&step(Some("/c"), true), part)), [0, 3, 4, 5, 7]);
        assert_eq!(index(&step(None, false), Part::Record), 3);
        let enter = json!({"pid": 1, "start": 1, "namespaces": [], "cgroupTasks": []});
        let entering = CloneStep { enter: serde_json::from_value(enter).unwrap(), ..step(None, false) };
        assert_eq!(index(&entering, Part::Record), 4);
    }
}
