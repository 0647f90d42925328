// An unmodified @jupyterlab/services against a project: contents, a session with a
// kernel over both forms of the WebSocket, kernelspecs, terminals.
//   node services.mjs BASE_URL TOKEN
import assert from "node:assert/strict";
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);
const { PageConfig } = require("@jupyterlab/coreutils");
PageConfig.setOption("terminalsAvailable", "true"); // as a page of JupyterLab says
const { ServerConnection, ServiceManager, KernelAPI } = require("@jupyterlab/services");
const [baseUrl, token] = process.argv.slice(2);
const serverSettings = ServerConnection.makeSettings({ baseUrl, wsUrl: baseUrl.replace(/^http/, "ws"), token, appendToken: true });
const m = new ServiceManager({ serverSettings });
await m.ready;

const { contents, sessions, kernelspecs, terminals } = m;
assert.equal(kernelspecs.specs.default, "python3");

const made = await contents.newUntitled({ path: "", type: "notebook" });
assert.equal(made.type, "notebook");
const got = await contents.get(made.path);
got.content.cells.push({ id: "c0", cell_type: "code", source: "1+1", metadata: {}, outputs: [], execution_count: null });
await contents.save(made.path, got);
assert.equal((await contents.get(made.path)).content.cells[0].source, "1+1");
const point = await contents.createCheckpoint(made.path);
assert.deepEqual((await contents.listCheckpoints(made.path)).map((c) => c.id), [point.id]);
await contents.restoreCheckpoint(made.path, point.id);
const moved = await contents.rename(made.path, "services.ipynb");
const copy = await contents.copy(moved.path, "");
assert.equal(copy.path, "services-Copy1.ipynb");
await contents.delete(copy.path);
await contents.save("plain.txt", { type: "file", format: "text", content: "text" });
assert.equal((await contents.get("plain.txt")).content, "text");
assert.ok((await contents.get("")).content.some((c) => c.path === "plain.txt"));
await assert.rejects(contents.get("missing.txt"), (e) => e.response?.status === 404);

for (const protocols of [["v1.kernel.websocket.jupyter.org"], []]) {
	const s = await sessions.startNew({ path: `run-${protocols.length}.ipynb`, name: "run", type: "notebook", kernel: { name: "python3" } });
	const k = s.kernel;
	assert.equal((await k.info).status, "ok");
	const said = [];
	const f = k.requestExecute({ code: "print(6*7)\n7*6" });
	f.onIOPub = (msg) => said.push([msg.header.msg_type, msg.content.text ?? msg.content.data?.["text/plain"] ?? ""].join(" ").trim());
	const reply = await f.done;
	assert.equal(reply.content.status, "ok");
	assert.ok(said.includes("stream 42"), said.join());
	assert.ok(said.includes("execute_result 42"), said.join());
	const asked = k.requestExecute({ code: "input('name? ')", allow_stdin: true });
	asked.onStdin = (msg) => {
		assert.equal(msg.content.prompt, "name? ");
		k.sendInputReply({ status: "ok", value: "Ada" }, msg.header);
	};
	let answer = "";
	asked.onIOPub = (msg) => {
		if (msg.header.msg_type === "execute_result") answer = msg.content.data["text/plain"];
	};
	await asked.done;
	assert.equal(answer, "'Ada'");
	const complete = await k.requestComplete({ code: "impo", cursor_pos: 4 });
	assert.ok(complete.content.matches.includes("import"));
	// A comm with binary buffers, there and back.
	await k.requestExecute({
		code: "def opened(comm, msg):\n    comm.on_msg(lambda m: comm.send({'n': len(m['buffers'])}, buffers=[bytes(b)[::-1] for b in m['buffers']]))\nget_ipython().kernel.comm_manager.register_target('echo', opened)",
	}).done;
	const comm = k.createComm("echo");
	await comm.open().done;
	const back = new Promise((done) => {
		comm.onMsg = (msg) => done(msg);
	});
	comm.send({}, {}, [new Uint8Array([1, 2, 3]).buffer]);
	const echo = await back;
	assert.equal(echo.content.data.n, 1);
	const view = echo.buffers[0];
	assert.deepEqual([...new Uint8Array(view.buffer ?? view, view.byteOffset ?? 0, view.byteLength)], [3, 2, 1]);
	const endless = k.requestExecute({ code: "while True: pass" });
	const interrupted = endless.done;
	await new Promise((done) => {
		endless.onIOPub = (msg) => msg.header.msg_type === "execute_input" && done();
	});
	await k.interrupt();
	assert.equal((await interrupted).content.ename, "KeyboardInterrupt");
	await k.restart();
	assert.equal((await k.requestExecute({ code: "1" }).done).content.execution_count, 1);
	await s.shutdown();
}
assert.deepEqual(await KernelAPI.listRunning(serverSettings), []);

const t = await terminals.startNew();
let screen = "";
const seen = new Promise((done) => {
	t.messageReceived.connect((_, msg) => {
		if (msg.type === "stdout") screen += msg.content[0];
		if (screen.includes("42")) done();
	});
});
t.send({ type: "set_size", content: [30, 100, 600, 800] });
t.send({ type: "stdin", content: ["echo $((6*7))\r"] });
await seen;
await t.shutdown();
console.log("services: all well");
process.exit(0);
