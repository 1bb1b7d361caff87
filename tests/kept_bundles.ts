/** What tests of bundles' kept plans look at. */
import { exists } from "./host.ts";

/** Each kept plan's file, which is another one whenever something was decided. `root`: of `--root`. */
export function keptPlans(root: string): string[] {
  const directory = `${root}/plans/bundles`;
  if (!exists(directory)) return [];
  const names = [...Deno.readDirSync(directory)].map(({ name }) => name);
  return names.map((name) => `${name} ${Deno.lstatSync(`${directory}/${name}`).ino}`).sort();
}

/** A container's record, without times and processes. */
export function recordOf(root: string, id: string): string {
  return Deno.readTextFileSync(`${root}/containers/${id}/state.json`)
    .replaceAll(/"(created|started)":"[^"]*"/g, '"$1":"TIME"')
    .replaceAll(/"(pid|start)":"?\d+"?/g, '"$1":0');
}
