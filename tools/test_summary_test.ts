import { assertEquals } from "@std/assert";
import { readCargo, readJunit } from "./test_summary.ts";

const JUNIT = `<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="deno test" tests="3" failures="1" errors="0" time="0.011">
    <testsuite name="./m_test.ts" tests="3" disabled="1" errors="0" failures="1">
        <testcase name="f() &quot;x&quot; &lt;y&gt;" classname="./m_test.ts" time="0.001" line="2" col="6">
            <failure message="Uncaught">NotCapable:
    at a &lt;testcase name=&quot;no&quot;/&gt;</failure>
        </testcase>
        <testcase name="g() z [skipped: no x]" classname="./m_test.ts" time="0.000" line="3" col="6">
            <skipped/>
        </testcase>
        <testcase name="h()" classname="./m_test.ts" time="0.000" line="4" col="6">
        </testcase>
    </testsuite>
</testsuites>`;

const CARGO = `running 5 tests
test a::passes ... ok
test a::talks ... ok
test a::lacks ... ok
test a::needs_root ... ignored, needs root
test a::breaks ... FAILED
test src/lib.rs - f (line 3) ... ok

successes:

---- a::talks stdout ----
hello

---- a::lacks stdout ----
skipped: no libseccomp.so.2

successes:
    a::passes

test result: FAILED. 1 passed; 1 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s
`;

Deno.test("readJunit() tells passed, failed and skipped tests apart", () => {
  assertEquals(readJunit(JUNIT), { passed: 1, failed: ['f() "x" <y>'], skipped: ["g() z [skipped: no x]"] });
});

Deno.test("readCargo() tells passed, failed and ignored tests apart, doc tests too", () => {
  assertEquals(readCargo(CARGO), {
    passed: 3,
    failed: ["a::breaks"],
    skipped: ["a::lacks [skipped: no libseccomp.so.2]", "a::needs_root [skipped: needs root]"],
  });
});
