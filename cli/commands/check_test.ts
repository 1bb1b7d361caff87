import { assertEquals } from "@std/assert";
import type { CheckReport } from "../../lib/engine/check.ts";
import { plain } from "../paint.ts";
import { checkText } from "./check.ts";

const REPORT: CheckReport = {
  ready: false,
  checks: [
    { key: "a.one", group: "A", name: "one", status: "ok", detail: "there", fix: null, essential: false },
    { key: "a.three", group: "A", name: "three", status: "missing", detail: "no", fix: "add it", essential: true },
    { key: "b.x", group: "B", name: "x", status: "limited", detail: "/\u001b[2J", fix: null, essential: false },
  ],
};

Deno.test("checkText() aligns lines under headings, with fixes below and control characters escaped", () => {
  assertEquals(
    checkText(REPORT, plain).split("\n"),
    [
      "A:",
      "  ok       one    there",
      "  missing  three  no",
      "                  fix: add it",
      "",
      "B:",
      "  limited  x      /\\u{1b}[2J",
      "",
      "masu run cannot work for this user: see what is missing.",
    ],
  );
});
