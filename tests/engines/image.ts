/** The images of the engines' tests: busybox with a few accounts, packed once; no registry is asked. */
import { makeBusyboxRoot } from "../rootfs.ts";

/** Its name in the engines' stores. */
export const IMAGE = "localhost/masu-test:1";

/** The image of what holds a pod's namespaces: the same root, and a program that waits. */
export const PAUSE_IMAGE = "localhost/masu-pause:1";

let directory: Promise<string> | null = null;

/** The path of the archive of the root file system. Tests that use it need "busybox". */
export async function rootArchive(): Promise<string> {
  return `${await (directory ??= pack())}/root.tar`;
}

/** The path of an archive of both images, in the layout of OCI's image-spec. */
export async function imageArchive(): Promise<string> {
  return `${await (directory ??= pack())}/images.tar`;
}

async function pack(): Promise<string> {
  const directory = await Deno.makeTempDir({ prefix: "masu-test-image-" });
  globalThis.addEventListener("unload", () => Deno.removeSync(directory, { recursive: true }));
  await Deno.chmod(directory, 0o755);
  await Deno.mkdir(`${directory}/root`);
  await makeBusyboxRoot(`${directory}/root`);
  await Deno.writeTextFile(`${directory}/root/etc/not-executable`, "#!/bin/sh\n");
  await tar(`${directory}/root`, `${directory}/root.tar`);
  await writeLayout(`${directory}/layout`, await Deno.readFile(`${directory}/root.tar`));
  await tar(`${directory}/layout`, `${directory}/images.tar`);
  return directory;
}

async function writeLayout(directory: string, layer: Uint8Array<ArrayBuffer>): Promise<void> {
  const blobs = `${directory}/blobs/sha256`;
  await Deno.mkdir(blobs, { recursive: true });
  const put = async (mediaType: string, bytes: Uint8Array<ArrayBuffer>) => {
    const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
    await Deno.writeFile(`${blobs}/${hash}`, bytes);
    return { mediaType: `application/vnd.oci.image.${mediaType}`, digest: `sha256:${hash}`, size: bytes.length };
  };
  const layerBlob = await put("layer.v1.tar", layer);
  const manifests = [];
  for (const [name, command] of [[IMAGE, ["sh"]], [PAUSE_IMAGE, ["sleep", "1000000"]]] as const) {
    const config = await put(
      "config.v1+json",
      encode({
        architecture: { x86_64: "amd64", aarch64: "arm64" }[Deno.build.arch],
        os: "linux",
        config: { Cmd: command, Env: ["PATH=/usr/bin:/bin"] },
        rootfs: { type: "layers", diff_ids: [layerBlob.digest] },
      }),
    );
    const manifest = { schemaVersion: 2, config, layers: [layerBlob] };
    const annotations = { "io.containerd.image.name": name, "org.opencontainers.image.ref.name": name };
    manifests.push({ ...await put("manifest.v1+json", encode(manifest)), annotations });
  }
  await Deno.writeTextFile(`${directory}/oci-layout`, JSON.stringify({ imageLayoutVersion: "1.0.0" }));
  await Deno.writeTextFile(`${directory}/index.json`, JSON.stringify({ schemaVersion: 2, manifests }));
}

function encode(value: unknown): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(JSON.stringify(value));
}

async function tar(directory: string, path: string): Promise<void> {
  const command = new Deno.Command("tar", {
    args: ["-C", directory, "-cf", path, "."],
    stdin: "null",
    stderr: "piped",
  });
  const { success, stderr } = await command.output();
  if (!success) throw new Error(`tar failed:\n${new TextDecoder().decode(stderr)}`);
}
