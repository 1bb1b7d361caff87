//! What is told of a failure, and where: `tell` of `cli/report.ts`, and the contract of `cli/contract.ts`.

use masu_steps::log::append_line;
use masu_steps::time;
use masu_wire::error::{CoreError, ErrorCode};
use serde::Serialize;

use super::context::host_path;
use super::parse::Parsed;
use super::report::{Paint, error_lines, escape_json, escape_line, group_name};

/// How a command tells of its failure.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Telling<'a> {
    /// What engines expect of a runtime holds.
    pub(super) contract: bool,
    /// Of `--log`, as it was written.
    log: Option<&'a str>,
    /// `--log-format json`
    json: bool,
}

impl<'a> Telling<'a> {
    /// What the global flags say. `named`: masu is called by a runtime's name. None: something that the program knows what to say of.
    pub(super) fn of(parsed: &Parsed<'a>, named: bool) -> Option<Self> {
        let among = |name: &str, words: &[&str]| parsed.global(name).is_none_or(|written| words.contains(&written));
        let log = parsed.global("log");
        if let Some(written) = log {
            host_path(written)?;
        }
        let contract = parsed.command.runtime && (named || log.is_some());
        // The program has more to say then.
        let is_loud = parsed.global("debug") == Some("true") && !contract;
        let are_known = among("log-format", &["text", "json"])
            && among("rootless", &["auto", "true", "false"])
            && among("cgroup-manager", &["cgroupfs", "systemd", "disabled"]);
        let json = parsed.global("log-format") == Some("json");
        (are_known && !is_loud).then_some(Self { contract, log, json })
    }

    /// The same where what engines expect of a runtime holds.
    pub(super) const fn by_contract(self) -> Self {
        Self { contract: true, ..self }
    }

    /// Adds the failure to the log, and returns what stderr gets.
    pub(super) fn of_failure(self, error: &CoreError, paint: Paint) -> String {
        let line = if self.json { json_line(error) } else { logfmt_line(error) };
        let mut unlogged = None;
        let path = self.log.and_then(host_path);
        let logged = path.is_some_and(|path| match append_line(&path, &line) {
            Ok(()) => true,
            Err(failure) => {
                unlogged = Some(failure.message);
                false
            }
        });
        let warning =
            unlogged.map_or_else(String::new, |failure| format!("masu: warning: {}\n", escape_line(&failure)));
        let text = match (self.json && !logged, self.contract) {
            (true, _) => format!("{line}\n"),
            (false, true) => format!("{}\n", escape_line(&error.message)),
            (false, false) => error_lines(error, paint),
        };
        warning + &text
    }
}

/// logrus's JSON, which engines read: level, msg, time; ours beside it.
#[derive(Serialize)]
struct LogLine<'a> {
    level: &'static str,
    msg: &'a str,
    time: String,
    code: ErrorCode,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    step: Option<String>,
}

fn json_line(error: &CoreError) -> String {
    let line = LogLine {
        level: "error",
        msg: &error.message,
        time: time::now(),
        code: error.code,
        hint: error.hint.as_deref(),
        step: error.place.map(|place| format!("{} {}", group_name(place.group), place.index)),
    };
    // Texts and numbers can always be written.
    escape_json(&serde_json::to_string(&line).unwrap_or_default()).into_owned()
}

/// logrus's text.
fn logfmt_line(error: &CoreError) -> String {
    let quoted = |text: &str| escape_json(&serde_json::to_string(text).unwrap_or_default()).into_owned();
    let hint = error.hint.as_deref().map_or_else(String::new, |hint| format!(" hint={}", quoted(hint)));
    format!("time=\"{}\" level=error msg={}{hint}", time::now(), quoted(&error.message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_line_is_one_object_with_the_three_keys_that_engines_read() {
        let error = CoreError::new(ErrorCode::NotFound, "Find container \"a\u{9b}\": container does not exist");
        let line: serde_json::Value = serde_json::from_str(&json_line(&error)).unwrap();
        assert_eq!(
            (&line["level"], &line["msg"], &line["code"]),
            (&"error".into(), &error.message.as_str().into(), &"not_found".into())
        );
        assert!(line["time"].as_str().unwrap().ends_with('Z') && line.get("hint").is_none());
        assert!(!json_line(&error).contains('\u{9b}'));
    }

    #[test]
    fn of_failure_is_one_line_for_engines() {
        let error = CoreError::new(ErrorCode::Failed, "Mount \"a\": no\nspace").with_hint("make room");
        let plain = Paint::for_errors(Some(b"1"), None);
        let of = |contract, json| Telling { contract, log: None, json }.of_failure(&error, plain);
        assert_eq!(of(true, false), "Mount \"a\": no\\nspace\n");
        assert_eq!(of(false, false), "masu: Mount \"a\": no\\nspace\nhint: make room\n");
        assert!(of(true, true).starts_with("{\"level\":\"error\""));
    }

    #[test]
    fn of_failure_says_when_the_log_cannot_be_written() {
        let telling = Telling { contract: true, log: Some("/proc/nosuch/log"), json: true };
        let text = telling.of_failure(&CoreError::new(ErrorCode::Failed, "x"), Paint::for_errors(Some(b"1"), None));
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(
            lines[0],
            "masu: warning: Add to log \"/proc/nosuch/log\": No such file or directory (ENOENT from open(2))"
        );
        assert!(lines[1].contains("\"msg\":\"x\""), "{text}");
    }
}
