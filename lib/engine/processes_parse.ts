/**
 * One process, of the files that the kernel shows of it. Source: proc_pid_stat(5), proc_pid_status(5), proc_pid_cmdline(5).
 *
 * @module
 */

/** A process of a container. */
export interface ListedProcess {
  /** As this user's host sees it. */
  readonly pid: number;
  /** As the container sees it. */
  readonly innerPid: number;
  readonly parent: number;
  /** Name by the host's /etc/passwd, else the number. */
  readonly user: string;
  readonly uid: number;
  /** `S`, `R` and so on. */
  readonly state: string;
  /** Of one CPU. */
  readonly cpuPercent: number;
  readonly memoryPercent: number;
  readonly rssBytes: number;
  readonly virtualBytes: number;
  readonly threads: number;
  readonly nice: number;
  /** `pts/0`; null: none. Terminals of a container are numbered by its own devpts. */
  readonly terminal: string | null;
  /** RFC 3339, UTC. */
  readonly started: string;
  /** Clock ticks since boot. */
  readonly startTicks: number;
  readonly cpuSeconds: number;
  readonly name: string;
  /** With arguments; the name in brackets when it has none. */
  readonly command: string;
}

/** What the kernel shows of one process; null: it has ended. */
export interface ProcessFiles {
  readonly pid: number;
  readonly stat: string | null;
  readonly status: string | null;
  readonly commandLine: string | null;
}

/** What figures of a process relate to. */
export interface HostClock {
  readonly uptimeSeconds: number;
  /** Since 1970. */
  readonly bootSeconds: number;
  readonly memoryBytes: number;
  readonly users: ReadonlyMap<number, string>;
}

/** CPU time of processes at one moment, by `PID START`. */
export interface CpuTimes {
  readonly uptimeSeconds: number;
  readonly cpuSeconds: ReadonlyMap<string, number>;
}

/** What a process is read with. */
export interface ProcessContext {
  readonly clock: HostClock;
  /** How many pid namespaces lie between this one and the container's. */
  readonly depth: number;
  readonly before?: CpuTimes | undefined;
}

/** USER_HZ, on every architecture that masu runs on. */
const TICKS = 100;

/** The process; null: it has ended. */
export function parseProcess(files: ProcessFiles, { clock, depth, before }: ProcessContext): ListedProcess | null {
  const { pid, stat, status, commandLine } = files;
  if (stat === null || status === null) return null;
  const name = stat.slice(stat.indexOf("(") + 1, stat.lastIndexOf(")"));
  // From the third field on: the name may hold anything.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).trim().split(" ");
  const number = (field: number) => Number(fields[field - 3]);
  const cpuSeconds = (number(14) + number(15)) / TICKS;
  const startTicks = number(22);
  const uid = Number(line(status, "Uid").split(/\s+/)[1]);
  const rssBytes = kilobytes(status, "VmRSS") ?? 0; // a zombie has no memory
  return {
    pid,
    innerPid: Number(line(status, "NSpid").split(/\s+/)[depth] ?? pid),
    parent: number(4),
    user: clock.users.get(uid) ?? `${uid}`,
    uid,
    state: fields[0] ?? "?",
    cpuPercent: cpuPercent({ key: `${pid} ${startTicks}`, cpuSeconds, startTicks }, clock, before),
    memoryPercent: Math.round(rssBytes / clock.memoryBytes * 1000) / 10,
    rssBytes,
    virtualBytes: number(23),
    threads: number(20),
    nice: number(19),
    terminal: terminalName(number(7)),
    started: new Date((clock.bootSeconds + startTicks / TICKS) * 1000).toISOString(),
    startTicks,
    cpuSeconds,
    name,
    command: commandOf(commandLine, name),
  };
}

interface Used {
  readonly key: string;
  readonly cpuSeconds: number;
  readonly startTicks: number;
}

function cpuPercent({ key, cpuSeconds, startTicks }: Used, { uptimeSeconds }: HostClock, before?: CpuTimes): number {
  const earlier = before?.cpuSeconds.get(key);
  const [used, passed] = earlier === undefined || before === undefined
    ? [cpuSeconds, uptimeSeconds - startTicks / TICKS]
    : [cpuSeconds - earlier, uptimeSeconds - before.uptimeSeconds];
  return passed <= 0 ? 0 : Math.round(Math.max(0, used) / passed * 1000) / 10;
}

function line(status: string, name: string): string {
  return new RegExp(`^${name}:\\s*(.*)$`, "m").exec(status)?.[1] ?? "";
}

function kilobytes(status: string, name: string): number | null {
  const [, digits] = /^(\d+) kB$/.exec(line(status, name)) ?? [];
  return digits === undefined ? null : Number(digits) * 1024;
}

function commandOf(text: string | null, name: string): string {
  const words = (text ?? "").replace(/\0+$/, "").split("\0");
  return words[0] === "" ? `[${name}]` : words.join(" ");
}

/** devices.txt of the kernel: 136 to 143 are pseudoterminals, 4 is virtual consoles and serial lines. */
function terminalName(device: number): string | null {
  if (device === 0) return null;
  const major = device >> 8 & 0xfff;
  const minor = device & 0xff | device >> 12 & 0xfff00;
  if (major >= 136 && major <= 143) return `pts/${(major - 136) * 256 + minor}`;
  if (major === 4) return minor < 64 ? `tty${minor}` : `ttyS${minor - 64}`;
  return `${major}:${minor}`;
}
