// Drives unmodified y-websocket clients for interop_test.go:
//
//   node client.mjs <node_modules> <ws://host:port>
//
// Each line of the input is a JSON request, each line of the output its answer:
//   {"op":"open","who":0,"room":"a"}            connects a client of that number
//   {"op":"insert","who":0,"at":0,"text":"x"}
//   {"op":"delete","who":0,"at":0,"n":1}
//   {"op":"until","who":0,"text":"x"}           answers when the text is that
//   {"op":"presence","who":0,"state":{}}        sets the local awareness state
//   {"op":"others","who":0,"n":1}               answers with the states of the n others when there are n
//   {"op":"offline","who":0}, {"op":"online","who":0}
//   {"op":"closed","who":0,"code":4409}         answers when a connection is closed with that code
import { createRequire } from 'node:module'
import { createInterface } from 'node:readline'

const [modules, url] = process.argv.slice(2)
const require = createRequire(modules + '/x.js')
const Y = require('yjs')
const { WebsocketProvider } = require('y-websocket')
const WebSocketPolyfill = require('ws')

const people = new Map()

function open (who, room) {
  const doc = new Y.Doc()
  // Tabs of one browser talk to each other directly; these must not.
  const provider = new WebsocketProvider(url, room, doc, { WebSocketPolyfill, disableBc: true, maxBackoffTime: 100 })
  people.set(who, { doc, text: doc.getText('text'), provider })
}

const until = (on, off, ok, value) => new Promise(resolve => {
  const look = () => { if (ok()) { off(look); resolve(value()) } }
  on(look)
  look()
})

async function act (q) {
  if (q.op === 'open') return open(q.who, q.room)
  const { doc, text, provider } = people.get(q.who)
  const awareness = provider.awareness
  const others = () => [...awareness.getStates()].filter(([id]) => id !== doc.clientID).map(([, s]) => s)
  switch (q.op) {
    case 'insert': return text.insert(q.at, q.text)
    case 'delete': return text.delete(q.at, q.n)
    case 'until': return until(f => doc.on('update', f), f => doc.off('update', f), () => text.toString() === q.text, () => true)
    case 'text': return text.toString()
    case 'presence': return awareness.setLocalState(q.state)
    case 'others': return until(f => awareness.on('change', f), f => awareness.off('change', f), () => others().length === q.n, others)
    case 'offline': return provider.disconnect()
    case 'online': return provider.connect()
    case 'closed': return new Promise(resolve => provider.on('connection-close', e => e.code === q.code && resolve(true)))
  }
  throw new Error('unknown request ' + q.op)
}

for await (const line of createInterface({ input: process.stdin })) {
  let answer
  try {
    answer = { value: (await act(JSON.parse(line))) ?? null }
  } catch (e) {
    answer = { error: String(e.stack) }
  }
  process.stdout.write(JSON.stringify(answer) + '\n')
}
process.exit(0)
