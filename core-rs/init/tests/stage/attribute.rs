//! What the program's process has besides ids and rights: its label, and when and where it runs.

use crate::run::{Run, Scratch, assert_failed, can_run, shell};
use masu_sys::wait::End;
use masu_wire::error::{ErrorCode, Group};
use serde_json::{Value, json};

fn scheduler(policy: u32, nice: i32, flags: u64) -> Value {
    json!({"kind": "set_scheduler", "policy": policy, "nice": nice, "priority": 0, "flags": flags, "runtime": 0, "deadline": 0, "period": 0})
}

#[test]
fn stage_hands_on_when_and_where_the_program_runs() {
    if !can_run() {
        return;
    }
    let scratch = Scratch::new();
    for name in ["cut", "grep", "ionice"] {
        std::os::unix::fs::symlink("busybox", scratch.root().join("bin").join(name)).unwrap();
    }
    let script = "exec > /out/result 2>&1; cut -d' ' -f19,41 /proc/self/stat; cat /proc/self/personality; ionice
        grep -o 'Cpus_allowed_list.*' /proc/self/status; grep -m1 -o 'bind:0' /proc/self/numa_maps";
    let mut inside = scratch.inside(&[]);
    inside.extend([
        json!({"kind": "set_affinity", "cpus": "0"}),
        json!({"kind": "set_memory_policy", "mode": 2, "flags": 0, "nodes": "0"}),
        json!({"kind": "set_io_priority", "class": 2, "priority": 6}),
        scheduler(3, 5, 0),
    ]);
    let user = json!({"kind": "set_user", "uid": 0, "gid": 0, "groups": []});
    let run = Run::new(&inside, &[json!({"kind": "set_personality", "persona": 8}), user, shell(script)]);
    let outcome = run.run();
    let result = scratch.out("result");
    assert!(outcome.error.is_none() && outcome.end == End::Exited(0), "{outcome:?}\n{result}");
    let lines: Vec<&str> = result.lines().collect();
    let expected = ["5 3", "00000008", "best-effort: prio 6", "Cpus_allowed_list:\t0", "bind:0"];
    assert_eq!(lines, expected, "{result}");
}

#[test]
fn stage_refuses_a_label_where_no_module_gives_any() {
    if !can_run() {
        return;
    }
    let scratch = Scratch::new();
    let label = |module: &str, label: &str| json!({"kind": "set_security_label", "module": module, "label": label});
    let modules = std::fs::read_to_string("/sys/kernel/security/lsm").unwrap_or_default();
    for (module, name, text) in [("apparmor", "AppArmor", "masu-none"), ("selinux", "SELinux", "u:r:t:s0")] {
        if modules.contains(module) {
            println!("{module} runs here: a label that it does not know is refused by it");
            continue;
        }
        let outcome = Run::new(&scratch.inside(&[]), &[label(module, text), shell("true")]).run();
        let place = (Group::Exec, 0);
        assert_failed(&outcome, place, "in `/proc/self/attr/exec`: this kernel runs no ");
        let error = outcome.error.unwrap();
        assert!(error.code == ErrorCode::KernelLacks && error.message.contains(name), "{error:?}");
    }
    let outcome = Run::new(&scratch.inside(&[]), &[label("apparmor", "unconfined"), shell("true")]).run();
    assert!(outcome.error.is_none(), "{outcome:?}");
}

#[test]
fn stage_refuses_what_the_kernel_and_a_list_do_not_take() {
    if !can_run() {
        return;
    }
    let scratch = Scratch::new();
    for (step, message) in [
        (scheduler(0, 0, 1 << 60), "Set the scheduling policy \"SCHED_OTHER\": "),
        (scheduler(99, 0, 0), "Set the scheduling policy \"99\": Invalid argument (EINVAL from sched_setattr(2))"),
        (json!({"kind": "set_io_priority", "class": 9, "priority": 0}), "Set the I/O priority \"9:0\": "),
        (json!({"kind": "set_affinity", "cpus": "2-1"}), "Run on the CPUs \"2-1\": this is no list of numbers"),
        (json!({"kind": "set_affinity", "cpus": "60000"}), "Run on the CPUs \"60000\": Invalid argument"),
        (
            json!({"kind": "set_memory_policy", "mode": 2, "flags": 0, "nodes": ""}),
            "Set the memory policy 2 for the nodes \"\": ",
        ),
    ] {
        let outcome = Run::new(&scratch.inside(&[]), &[step.clone(), shell("true")]).run();
        assert!(outcome.error.is_some(), "{step}");
        assert_failed(&outcome, (Group::Exec, 0), message);
    }
    let mut reaper = shell("true");
    reaper["reaper"] = json!(true);
    let outcome = Run::new(&scratch.inside(&[]), &[scheduler(0, 0, 1), reaper]).run();
    assert_failed(&outcome, (Group::Exec, 0), "no child inherits it, and the program's process is one here");
}
