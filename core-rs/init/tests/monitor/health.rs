//! Health checks in a running container.

use serde_json::{Value, json};
use std::time::{Duration, Instant};

use crate::container::{Container, can_run, until};

const SCRIPT: &str = "touch /out/ready; exec sleep 100";

fn container(command: &str, timeout_ms: u64, retries: u32) -> Container {
    Container::new(SCRIPT).with(
        "health",
        json!({
            "command": ["sh", "-c", command], "intervalMs": 50, "timeoutMs": timeout_ms, "startPeriodMs": 0,
            "startIntervalMs": 50, "retries": retries,
        }),
    )
}

fn health(container: &Container) -> Value {
    std::fs::read_to_string(container.runtime().join("health.json"))
        .ok()
        .and_then(|text| serde_json::from_str(&text).ok())
        .unwrap_or_default()
}

#[test]
fn a_check_that_succeeds_and_then_fails_makes_the_container_healthy_and_then_unhealthy() {
    if !can_run("a_check_that_succeeds_and_then_fails_makes_the_container_healthy_and_then_unhealthy") {
        return;
    }
    let mut container = container("echo checked $$; test ! -e /out/ill || exit 4", 10_000, 2);
    container.start();
    assert_eq!(health(&container)["status"], "starting");
    until(|| health(&container)["status"] == "healthy");
    let log = health(&container)["log"].clone();
    assert_eq!(log[0]["status"], 0);
    // It is one more process of the container's pid namespace.
    assert!(log[0]["output"].as_str().unwrap().starts_with("checked "), "{log}");
    std::fs::write(container.top.join("out/ill"), "").unwrap();
    until(|| health(&container)["status"] == "unhealthy");
    let now = health(&container);
    assert!(now["failingStreak"].as_u64().unwrap() >= 2, "{now}");
    assert_eq!(now["log"].as_array().unwrap().last().unwrap()["status"], 4);
    until(|| health(&container)["log"].as_array().is_some_and(|log| log.len() == 5));
    assert_eq!(container.stopped().status, 137);
    assert_eq!(container.events(), ["start", "health_status healthy", "health_status unhealthy", "die 137 9"]);
    container.until_down();
}

#[test]
fn a_check_that_takes_too_long_is_killed_and_one_that_cannot_be_started_says_why() {
    if !can_run("a_check_that_takes_too_long_is_killed_and_one_that_cannot_be_started_says_why") {
        return;
    }
    let mut container = container("echo $$ >> /out/pids; exec sleep 50", 100, 1);
    container.start();
    until(|| health(&container)["status"] == "unhealthy");
    let result = health(&container)["log"][0].clone();
    assert_eq!((&result["status"], &result["output"]), (&json!(-1), &json!("it took too long and was killed")));
    let begun = Instant::now();
    container.stopped();
    // A check that runs does not keep its container.
    assert!(begun.elapsed() < Duration::from_secs(5));
    container.until_down();
    container.document["health"]["command"] = json!(["/absent"]);
    container.start();
    until(|| health(&container)["status"] == "unhealthy");
    let result = health(&container)["log"][0].clone();
    assert_eq!(result["status"], -1);
    assert!(result["output"].as_str().unwrap().contains("/absent"), "{result}");
    container.stopped();
    container.until_down();
}

#[test]
fn what_a_check_writes_is_cut_and_makes_nobody_wait() {
    if !can_run("what_a_check_writes_is_cut_and_makes_nobody_wait") {
        return;
    }
    let mut container = container("seq 100000", 10_000, 1);
    container.start();
    until(|| health(&container)["status"] == "healthy");
    let output = health(&container)["log"][0]["output"].as_str().unwrap().to_owned();
    assert!(output.starts_with("1\n2\n") && output.len() == 4096, "{}", output.len());
    container.stopped();
    container.until_down();
}
