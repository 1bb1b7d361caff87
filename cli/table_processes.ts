/**
 * Processes as ps(1) prints them: its column names and its forms.
 *
 * @module
 */
import { notAmong } from "../lib/config/mistake.ts";
import type { ListedProcess } from "../lib/engine/processes.ts";
import type { Column } from "./table.ts";

type ProcessColumn = Column<ListedProcess>;

/** What is needed to say when something started. */
export interface ProcessStyle {
  readonly nowMs: number;
}

/** Columns by ps's names; several names may mean one. */
function columnsByName({ nowMs }: ProcessStyle): ReadonlyMap<string, ProcessColumn> {
  const kilobytes = (bytes: number) => `${Math.round(bytes / 1024)}`;
  const rows: [names: string, column: ProcessColumn][] = [
    ["pid", { title: "PID", right: true, cell: ({ pid }) => `${pid}` }],
    ["inner,nspid,hpid", { title: "INNER", right: true, cell: ({ innerPid }) => `${innerPid}` }],
    ["ppid", { title: "PPID", right: true, cell: ({ parent }) => `${parent}` }],
    ["user,euser,uname", { title: "USER", cell: ({ user }) => user }],
    ["uid,euid", { title: "UID", right: true, cell: ({ uid }) => `${uid}` }],
    ["%cpu,pcpu", { title: "%CPU", right: true, cell: ({ cpuPercent }) => cpuPercent.toFixed(1) }],
    ["c", { title: "C", right: true, cell: ({ cpuPercent }) => `${Math.floor(cpuPercent)}` }],
    ["%mem,pmem", { title: "%MEM", right: true, cell: ({ memoryPercent }) => memoryPercent.toFixed(1) }],
    ["rss,rssize", { title: "RSS", right: true, cell: ({ rssBytes }) => kilobytes(rssBytes) }],
    ["vsz,vsize", { title: "VSZ", right: true, cell: ({ virtualBytes }) => kilobytes(virtualBytes) }],
    ["tty,tt,tname", { title: "TTY", cell: ({ terminal }) => terminal ?? "?" }],
    ["stat,s,state", { title: "STAT", cell: ({ state }) => state }],
    ["start,stime,start_time,bsdstart", { title: "START", cell: ({ started }) => startWords(started, nowMs) }],
    ["lstart", { title: "STARTED", cell: ({ started }) => started }],
    ["etime", {
      title: "ELAPSED",
      right: true,
      cell: ({ started }) => clockWords((nowMs - Date.parse(started)) / 1000),
    }],
    ["time,cputime", { title: "TIME", right: true, cell: ({ cpuSeconds }) => clockWords(cpuSeconds) }],
    ["nlwp,thcount", { title: "NLWP", right: true, cell: ({ threads }) => `${threads}` }],
    ["ni,nice", { title: "NI", right: true, cell: ({ nice }) => `${nice}` }],
    ["comm,ucmd,ucomm", { title: "COMMAND", cell: ({ name }) => name }],
    ["args,cmd,command", { title: "COMMAND", cell: ({ command }) => command }],
  ];
  return new Map(rows.flatMap(([names, column]) => names.split(",").map((name) => [name, column])));
}

/** What ps's forms show. */
const FORMS = {
  own: "pid,inner,user,%cpu,rss,start,tty,time,args",
  full: "user,pid,ppid,c,start,tty,time,args",
  bsd: "user,pid,%cpu,%mem,vsz,rss,tty,stat,start,time,args",
  plain: "pid,tty,time,comm",
} as const;

/** One of ps's forms, or masu's own. */
export type ProcessForm = keyof typeof FORMS;

/** The columns of a form. */
export function formColumns(form: ProcessForm, style: ProcessStyle): ProcessColumn[] {
  return namedColumns([FORMS[form]], style);
}

/** Columns by name, with `NAME=TITLE` as ps has it. Errors: `invalid_config`. */
export function namedColumns(words: readonly string[], style: ProcessStyle): ProcessColumn[] {
  const known = columnsByName(style);
  return words.flatMap((word) => word.split(/[, ]/)).filter((word) => word !== "").map((word) => {
    const [name = "", ...title] = word.split("=");
    const column = known.get(name.toLowerCase());
    if (column === undefined) throw notAmong("-o", name, "masu has no such column", [...known.keys()]);
    return title.length === 0 ? column : { ...column, title: title.join("=") };
  });
}

/** `[[DD-]HH:]MM:SS` with the hours always, as ps has it. */
export function clockWords(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const two = (value: number) => `${value}`.padStart(2, "0");
  const clock = [whole / 3600 % 24, whole / 60 % 60, whole % 60].map((part) => two(Math.floor(part))).join(":");
  const days = Math.floor(whole / 86_400);
  return days === 0 ? clock : `${two(days)}-${clock}`;
}

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** `HH:MM` within a day, `Nov25` within a year, else the year; in this host's time. */
function startWords(started: string, nowMs: number): string {
  const date = new Date(started);
  const age = nowMs - date.getTime();
  const two = (value: number) => `${value}`.padStart(2, "0");
  if (age < 86_400_000) return `${two(date.getHours())}:${two(date.getMinutes())}`;
  if (age < 365 * 86_400_000) return `${MONTHS[date.getMonth()]}${two(date.getDate())}`;
  return `${date.getFullYear()}`;
}
