/**
 * Paths as they are written, made absolute.
 *
 * @module
 */
import { mistake } from "./mistake.ts";
import { plainWord } from "./text.ts";

/**
 * A path of the runtime namespace, against the caller's directory. `..` stays: only the kernel knows what is above a
 * symbolic link.
 */
export function hostPath(where: string, path: string, directory: () => string): string {
  plainWord(where, path);
  const whole = path.startsWith("/") ? path : `${directory()}/${path}`;
  return `/${whole.split("/").filter((part) => part !== "" && part !== ".").join("/")}`;
}

/** An absolute path in the container, `.` and `..` resolved as text. Refuses `/` itself. */
export function containerPath(where: string, path: string): string {
  const clean = containerDirectory(where, path);
  if (clean === "/") throw mistake(where, path, "the container's root itself cannot be mounted over");
  return clean;
}

/** An absolute path in the container, `.` and `..` resolved as text. */
export function containerDirectory(where: string, path: string): string {
  plainWord(where, path);
  if (!path.startsWith("/")) throw mistake(where, path, "not an absolute path in the container");
  const parts: string[] = [];
  for (const part of path.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  return `/${parts.join("/")}`;
}
