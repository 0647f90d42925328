// A client of tus that is not ours: what others write for the protocol works here.
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import * as tus from "tus-js-client";
import { afterEach, describe, expect, test } from "vitest";
import { Desk, makeProject } from "./desk.ts";
import { Journey } from "./harness.ts";

/** What a client keeps of uploads that are not finished. */
class Kept implements tus.UrlStorage {
  #all = new Map<string, tus.PreviousUpload>();

  findAllUploads = async () => [...this.#all.values()];
  findUploadsByFingerprint = this.findAllUploads; // there is one file
  removeUpload = async (key: string) => void this.#all.delete(key);
  addUpload = async (_: string, upload: tus.PreviousUpload) => {
    const urlStorageKey = String(this.#all.size);
    this.#all.set(urlStorageKey, { ...upload, urlStorageKey });
    return urlStorageKey;
  };
}

describe("tus-js-client", () => {
  const journey = new Journey();
  afterEach(() => journey.over());

  /** A project, and what a program needs to upload to it. */
  async function place() {
    const ada = await journey.admin();
    const d = new Desk(ada, await makeProject(ada, "Waves", { "taken.bin": "theirs" }));
    const { secret } = await ada.api<{ secret: string }>("POST", "account/tokens", {
      name: "client",
      scope: "write",
      days: 1,
    });
    const options = {
      endpoint: new URL(`p/${d.project}/uploads`, journey.site.url).href,
      headers: { Authorization: `Bearer ${secret}` },
      chunkSize: 1_000_000,
      retryDelays: [0, 500, 1000],
      urlStorage: new Kept(),
      fingerprint: async () => "the file",
    };
    return { d, options };
  }

  /** Sends until it is over; stop is asked after each chunk. */
  function send(
    content: Buffer,
    options: tus.UploadOptions,
    stop = (_: number) => false,
  ): Promise<tus.Upload> {
    return new Promise((resolve, reject) => {
      const upload: tus.Upload = new tus.Upload(content, {
        ...options,
        onSuccess: () => resolve(upload),
        onError: reject,
        onChunkComplete: (_, sent) => {
          if (stop(sent)) void upload.abort().then(() => resolve(upload), reject);
        },
      });
      void upload.findPreviousUploads().then(([previous]) => {
        if (previous) upload.resumeFromPreviousUpload(previous);
        upload.start();
      }, reject);
    });
  }

  test("sends a file in chunks, breaks off, finds it again and goes on", async () => {
    const { d, options } = await place();
    const content = randomBytes(5_500_000);
    const metadata = { filename: "Tide räume.bin", filetype: "application/octet-stream" };
    await send(content, { ...options, metadata }, (sent) => sent >= 2_000_000);
    expect(() => readFileSync(d.path("Tide räume.bin"))).toThrow(/ENOENT/);
    let first = -1;
    await send(content, {
      ...options,
      metadata,
      onProgress: (sent) => {
        if (first < 0) first = sent;
      },
    });
    expect(first).toBeGreaterThanOrEqual(2_000_000);
    expect(readFileSync(d.path("Tide räume.bin")).equals(content)).toBe(true);
  });

  test("sends the first bytes with the creation, and its server may be away", async () => {
    const { d, options } = await place();
    const content = randomBytes(3_000_000);
    let killed = false;
    const sent = send(content, {
      ...options,
      uploadDataDuringCreation: true,
      metadata: { filename: "with.bin" },
      onShouldRetry: () => true,
      onProgress: (n) => {
        if (killed || n < 1_000_000) return;
        killed = true;
        process.kill(d.serverPid(), "SIGKILL");
      },
      retryDelays: [500, 1000, 2000, 4000, 8000],
    });
    await sent;
    expect(killed).toBe(true);
    expect(readFileSync(d.path("with.bin")).equals(content)).toBe(true);
  });

  test("is told why not, and gives up what it began", async () => {
    const { d, options } = await place();
    const content = randomBytes(2_500_000);
    await expect(send(content, { ...options, metadata: { filename: "taken.bin" } })).rejects.toThrow(
      /response code: 409/,
    );
    const begun = await send(content, { ...options, metadata: { filename: "b" } }, () => true);
    const unfinished = async () => (await fetch(options.endpoint, { headers: options.headers })).json();
    expect(await unfinished()).toHaveLength(1);
    await begun.abort(true);
    expect(await unfinished()).toEqual([]);
    expect(d.read("taken.bin")).toBe("theirs");
  });
});
