import { assertEquals, assertThrows } from "@std/assert";
import { type Fields, readTemplate, templateFields } from "./template.ts";

const ROW: Fields = {
  ID: "0123456789ab",
  Names: "web",
  Count: 3,
  Up: true,
  None: null,
  List: ["a", "b"],
  Empty: [],
  Labels: new Map([["b", "2"], ["a", "1"]]),
  State: { Status: "running", Pid: 42, Health: null },
  Items: [{ Name: "x" }, { Name: "y" }],
};

const PRINTS: [template: string, text: string][] = [
  ["{{.ID}} {{.Names}}", "0123456789ab web"],
  ["{{ .State.Status }}:{{.State.Pid}}", "running:42"],
  ["{{.ID}}\\t{{.Names}}\\n", "0123456789ab\tweb\n"],
  [
    "{{json .List}} {{json .Labels}} {{json .State}}",
    '["a","b"] {"b":"2","a":"1"} {"Status":"running","Pid":42,"Health":null}',
  ],
  ['{{join .List ", "}}', "a, b"],
  ['{{.Names | upper | printf "%-5s|"}}', "WEB  |"],
  ['{{upper "a"}}{{lower `B`}}{{title "c d"}}', "AbC D"],
  ["{{len .List}} {{len .Labels}} {{len .Names}}", "2 2 3"],
  ["{{if .Up}}up{{else}}down{{end}}", "up"],
  ["{{if .Empty}}some{{else if .None}}x{{else}}none{{end}}", "none"],
  ["{{if and .Up (eq .Count 3)}}yes{{end}}", "yes"],
  ["{{if not (or .None .Empty)}}nothing{{end}}", "nothing"],
  ['{{if gt .Count 2}}many{{end}}{{if ne .Names "web"}}other{{end}}', "many"],
  ["{{range .List}}[{{.}}]{{end}}", "[a][b]"],
  ["{{range $i, $v := .List}}{{$i}}={{$v}} {{end}}", "0=a 1=b "],
  ["{{range $k, $v := .Labels}}{{$k}}={{$v}} {{end}}", "a=1 b=2 "],
  ["{{range .Empty}}x{{else}}nothing{{end}}", "nothing"],
  ["{{range .Items}}{{.Name}}{{$.Names}} {{end}}", "xweb yweb "],
  ["{{with .State}}{{.Pid}}{{end}}{{.Names}}", "42web"],
  ["{{with .None}}x{{else}}y{{end}}", "y"],
  ["{{$x := .State}}{{$x.Pid}}", "42"],
  ['{{index .Labels "a"}}{{index .List 1}}{{(index .Items 0).Name}}', "1bx"],
  ["{{.Labels.a}} {{.Labels.absent}}", "1 <no value>"],
  ['{{.Labels "a"}}{{.Labels "absent"}}', "1"],
  ["{{.None}}", "<no value>"],
  ["{{.List}} {{.Labels}}", "[a b] map[a:1 b:2]"],
  ["a {{- .Names -}} b", "awebb"],
  ["{{/* nothing */}}{{.Names}}", "web"],
  ['{{slice .ID 0 4}} {{truncate .Names 2}} {{split "a:b" ":"}}', "0123 we [a b]"],
  ['{{printf "%s has %d%%" .Names .Count}}', "web has 3%"],
  ["{{println .Names}}", "web\n"],
  ["}} {", "}} {"],
];
for (const [template, text] of PRINTS) {
  Deno.test(`readTemplate() prints ${template}`, () => assertEquals(readTemplate(template).lines([ROW]), text));
}

const WRONG: [template: string, cause: string][] = [
  ["{{.Name}}", "there is no field .Name"],
  ["{{.State.Stat}}", "there is no field .Stat"],
  ["{{.Names.X}}", ".X of what has no fields"],
  ["{{.Names", "{{ without }}"],
  ["{{}}", "{{}} is empty"],
  ["{{end}}", "{{end}} without an action before it"],
  ["{{if .Up}}", "{{if}} without {{end}}"],
  ["{{range .Names}}{{end}}", "{{range}} needs a list or a map"],
  ["{{uper .Names}}", "there is no function uper"],
  ['{{template "x"}}', "{{template}} is not supported"],
  ['{{printf "%x" .Count}}', "printf: %x is not supported"],
  ["{{.Names .ID}}", "only a function takes values"],
  ["{{(.Names}}", "( without )"],
  ["{{.Names)}}", '")" is one too many'],
  ["{{$x}}", "there is no variable $x"],
  ["{{json}}", "json: nothing to work on"],
  ["{{.Names | }}", "a value is missing"],
  ["{{index .List 5}}", "index: there is no element 5, only 2"],
  ["{{.Names # 1}}", '"# 1" is not understood'],
];
for (const [template, cause] of WRONG) {
  Deno.test(`readTemplate() refuses ${template}`, () => {
    const error = assertThrows(() => readTemplate(template).lines([ROW]), Error);
    assertEquals(error.message.startsWith(`Read --format "${template}": ${cause}`), true, error.message);
  });
}

Deno.test("readTemplate() prints titles above a table", () => {
  const rows = [{ ID: "1", CreatedAt: "now" }, { ID: "22", CreatedAt: "then" }];
  assertEquals(
    readTemplate("table {{.ID}}\\t{{.CreatedAt}}").lines(rows),
    "CONTAINER ID   CREATED AT\n1              now\n22             then",
  );
});
Deno.test("readTemplate() escapes what could steer a terminal, in JSON as JSON", () => {
  const rows = [{ Name: "a\u001b[2J\u202e" }];
  assertEquals(readTemplate("{{.Name}} {{json .Name}}").lines(rows), 'a\\u{1b}[2J\\u{202e} "a\\u001b[2J\\u202e"');
});
Deno.test("templateFields() lets labels be asked for any name, and nothing else", () => {
  const row = templateFields({ Config: { Labels: { a: "1" }, User: null }, List: [{ x: 1 }] });
  assertEquals(
    readTemplate("{{.Config.Labels.b}} {{(index .List 0).x}} {{json .}}").lines([row]),
    '<no value> 1 {"Config":{"Labels":{"a":"1"},"User":null},"List":[{"x":1}]}',
  );
  assertThrows(() => readTemplate("{{.Config.Labls}}").lines([row]), Error, "there is no field .Labls");
});
