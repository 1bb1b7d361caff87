/** Debian's kernel for virtual machines, unpacked once into build/ and never installed. */
import { exists } from "../host.ts";

/** Where parts of machines are kept. */
export const BUILD = new URL("../../build/vm", import.meta.url).pathname;

/** One kernel. */
export interface Kernel {
  /** What a machine boots. */
  readonly image: string;
  /** The directory of its modules. */
  readonly modules: string;
}

/** Fetches it, the first time. */
export async function debianKernel(): Promise<Kernel> {
  const directory = `${BUILD}/kernel`;
  if (!exists(directory)) {
    await Deno.mkdir(BUILD, { recursive: true });
    // The package of that name is empty: it depends on the one with the kernel.
    await command(
      BUILD,
      "sh",
      "-ec",
      `package=$(apt-cache depends linux-image-cloud-amd64 | sed -n 's/^ *Depends: *\\(linux-image-[0-9].*\\)/\\1/p' | head -n 1)
      rm -rf linux-image-*.deb unpacked
      apt-get download -qq "$package"
      dpkg-deb -x linux-image-*.deb unpacked
      rm linux-image-*.deb
      mv unpacked kernel`,
    );
  }
  const [version] = [...Deno.readDirSync(`${directory}/lib/modules`)].map(({ name }) => name);
  if (version === undefined) throw new Error(`No kernel is in ${directory}`);
  return { image: `${directory}/boot/vmlinuz-${version}`, modules: `${directory}/lib/modules/${version}` };
}

/** Runs a command that has to succeed. */
export async function command(cwd: string, name: string, ...args: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command(name, { args, cwd, stdin: "null" }).output();
  if (!success) throw new Error(`${name} ${args.join(" ")} failed:\n${new TextDecoder().decode(stderr)}`);
}
