import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { MasuError } from "../lib/error.ts";
import { createReport, PLAIN_SETTINGS, type ReportSettings, type Streams } from "./report.ts";

interface Recorder extends Streams {
  readonly out: { stdout: string; stderr: string };
}

function recorder(terminal = false): Recorder {
  const out = { stdout: "", stderr: "" };
  return { out, write: (stream, text) => out[stream] += text, isTerminal: () => terminal, colours: true };
}

function printed(settings: Partial<ReportSettings>, print: (report: ReturnType<typeof createReport>) => void) {
  const streams = recorder();
  print(createReport({ ...PLAIN_SETTINGS, ...settings }, streams));
  return streams.out;
}

const FAILURE = new MasuError("failed", 'Mount "/a": no space (ENOSPC from mount(2))', {
  hint: "make room",
  call: "mount",
  errno: 28,
  place: { group: "inside", index: 3 },
});

Deno.test("Report.error() prints message, step and hint on stderr", () => {
  assertEquals(printed({}, (report) => report.error(FAILURE)), {
    stdout: "",
    stderr: 'masu: Mount "/a": no space (ENOSPC from mount(2))\nstep: inside 3 of the plan\nhint: make room\n',
  });
});

Deno.test("Report.error() keeps a message on one line and escapes what steers a terminal", () => {
  const { stderr } = printed({}, (report) => report.error(new MasuError("failed", 'Run "a\n\u001b[2Jb"')));
  assertEquals(stderr, 'masu: Run "a\\n\\u{1b}[2Jb"\n');
});

Deno.test("Report.error() shows call and errno with --debug only", () => {
  const { stderr } = printed({ level: "debug" }, (report) => report.error(FAILURE));
  assertStringIncludes(stderr, "masu: debug: code=failed call=mount errno=28\n");
});

Deno.test("Report.error() calls any other error a mistake in masu", () => {
  const { stderr } = printed({}, (report) => report.error(new TypeError("x is undefined")));
  assertEquals(
    stderr,
    "masu: Run masu: TypeError: x is undefined\nhint: this is a mistake in masu; --debug shows where\n",
  );
});

Deno.test("Report.error() adds one JSON object to the log, and still prints on stderr", () => {
  const log: string[] = [];
  const { stderr } = printed({ logFormat: "json", log: (line) => log.push(line) }, (report) => report.error(FAILURE));
  assertEquals(log.length, 1);
  const { time, ...rest } = JSON.parse(log[0] ?? "");
  assertEquals(rest, { level: "error", msg: FAILURE.message, code: "failed", hint: "make room", step: "inside 3" });
  assertMatch(time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/); // RFC 3339
  assertStringIncludes(stderr, FAILURE.message);
});

Deno.test("Report.error() writes logfmt to a text log", () => {
  const log: string[] = [];
  printed({ log: (line) => log.push(line) }, (report) => report.error(FAILURE));
  assertMatch(log[0] ?? "", /^time="[^"]+" level=error msg="Mount \\"\/a\\": no space .*" hint="make room"$/);
});

Deno.test("Report.error() prints JSON on stderr when there is no log", () => {
  const { stderr } = printed({ logFormat: "json" }, (report) => report.error(FAILURE));
  assertEquals(JSON.parse(stderr).msg, FAILURE.message);
});

Deno.test("Report.error() does not lose the message when the log cannot be written", () => {
  const log = () => {
    throw new MasuError("denied", 'Write "/log": permission denied');
  };
  const { stderr } = printed({ log }, (report) => report.error(FAILURE));
  assertStringIncludes(stderr, 'masu: warning: Write "/log": permission denied\n');
  assertStringIncludes(stderr, FAILURE.message);
});

Deno.test("Report.warn() is silent with --quiet and with --log-level error", () => {
  assertEquals(printed({}, (report) => report.warn("careful")).stderr, "masu: warning: careful\n");
  assertEquals(printed({ quiet: true }, (report) => report.warn("careful")).stderr, "");
  assertEquals(printed({ level: "error" }, (report) => report.warn("careful")).stderr, "");
});

Deno.test("Report.warn() goes to the log alone when there is one", () => {
  const log: string[] = [];
  assertEquals(printed({ log: (line) => log.push(line) }, (report) => report.warn("careful")).stderr, "");
  assertMatch(log[0] ?? "", /level=warning msg="careful"$/);
});

Deno.test("Report.result() prints the text, or one document with --json", () => {
  assertEquals(printed({}, (report) => report.result({ a: 1 }, "text")).stdout, "text\n");
  assertEquals(printed({}, (report) => report.result({ a: 1 }, "")).stdout, "");
  assertEquals(printed({ json: true }, (report) => report.result({ a: 1 }, "text")).stdout, '{\n  "a": 1\n}\n');
});

Deno.test("Report paints on a terminal that wants colours only", () => {
  const terminal = recorder(true);
  createReport(PLAIN_SETTINGS, terminal).error(FAILURE);
  assert(terminal.out.stderr.startsWith("\u001b[31mmasu:\u001b[0m"));
  const colourless = { ...recorder(true), colours: false };
  createReport(PLAIN_SETTINGS, colourless).error(FAILURE);
  assert(colourless.out.stderr.startsWith("masu:"));
});
