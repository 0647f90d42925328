// engine.mjs measures a JavaScript engine for shared documents, for the section
// `documents` of bench. document.go says what, and in which form.
//
//   node --expose-gc engine.mjs yjs|ywasm FOLDER edit|state FILE
//
// FOLDER has node_modules with the engine.

import { createRequire } from 'node:module'
import { createHash } from 'node:crypto'
import fs from 'node:fs'
import path from 'node:path'

const [library, folder, mode, file] = process.argv.slice(2)
const find = createRequire(path.join(path.resolve(folder), 'engine.js'))

const yjs = () => {
  const Y = find('yjs')
  return {
    open: client => Object.assign(new Y.Doc(), client ? { clientID: client } : {}),
    text: doc => doc.getText('text'),
    onUpdate: (doc, f) => doc.on('update', f),
    onText: (text, f) => text.observe(f),
    apply: Y.applyUpdate,
    state: doc => Y.encodeStateAsUpdate(doc)
  }
}

const ywasm = () => {
  const Y = find('ywasm')
  return {
    open: client => new Y.YDoc(client ? { clientId: client } : {}),
    text: doc => doc.getText('text'),
    onUpdate: (doc, f) => doc.onUpdate(f),
    onText: (text, f) => text.observe(f),
    apply: Y.applyUpdate,
    state: doc => Y.encodeStateAsUpdate(doc)
  }
}

const engine = library === 'ywasm' ? ywasm() : yjs()

const read = () => {
  const b = fs.readFileSync(file)
  let at = 0
  const number = () => { at += 4; return b.readUInt32LE(at - 4) }
  const bytes = () => { const n = number(); at += n; return b.subarray(at - n, at) }
  const edits = []
  for (let n = number(); n > 0; n--) edits.push([number(), number(), bytes().toString('utf8')])
  const updates = []
  for (let n = number(); n > 0; n--) updates.push(new Uint8Array(bytes()))
  return { edits, updates }
}

let heard = 0
const watched = (client, observe) => {
  const doc = engine.open(client)
  const text = engine.text(doc)
  engine.onUpdate(doc, u => { heard += u.length })
  if (observe) engine.onText(text, () => { heard++ }) // who asks for the delta makes yjs walk the whole text
  return [doc, text]
}

const collect = () => { for (let i = 0; i < 3; i++) global.gc() }

const percentile = (times, q) => Array.from(times).sort((a, b) => a - b)[Math.floor(times.length * q)]

const out = {}

const applyAll = updates => {
  const [doc] = watched(0)
  const start = performance.now()
  for (const u of updates) engine.apply(doc, u)
  out.apply = performance.now() - start
  const [third] = watched(0, true)
  const begin = performance.now()
  for (const u of updates) engine.apply(third, u)
  out.observed = performance.now() - begin
  const again = watched(0)[0]
  const each = new Float64Array(updates.length)
  for (let i = 0; i < updates.length; i++) {
    const t = performance.now()
    engine.apply(again, updates[i])
    each[i] = performance.now() - t
  }
  out.p50 = percentile(each, 0.5) * 1000
  out.p99 = percentile(each, 0.99) * 1000
  return doc
}

const editAll = edits => {
  const [doc, text] = watched(1)
  const start = performance.now()
  for (const [pos, remove, insert] of edits) {
    if (remove > 0) text.delete(pos, remove)
    if (insert !== '') text.insert(pos, insert)
  }
  out.edit = performance.now() - start
  return doc
}

const encode = doc => {
  const start = performance.now()
  const state = engine.state(doc)
  out.encode = performance.now() - start
  out.bytes = state.length
  out.sha = createHash('sha256').update(state).digest('hex')
  const text = engine.text(doc).toString()
  out.units = text.length
  out.text = createHash('sha256').update(text).digest('hex')
  return state
}

const load = (state, times) => {
  const loads = []
  for (let i = 0; i < times; i++) {
    collect()
    const start = performance.now()
    const doc = engine.open(0)
    engine.text(doc)
    engine.apply(doc, state)
    loads.push(performance.now() - start)
  }
  out.first = loads[0]
  out.load = percentile(loads, 0.5)
}

const resident = () => { collect(); return process.memoryUsage().rss }

const memory = (state, n) => {
  const docs = []
  const before = resident()
  for (let i = 0; i < n; i++) {
    const doc = engine.open(0)
    engine.text(doc)
    engine.apply(doc, state)
    docs.push(doc)
  }
  out.memory = (resident() - before) / docs.length
}

if (mode === 'edit') {
  const { edits, updates } = read()
  let doc
  if (edits.length > 0) doc = editAll(edits)
  if (updates.length > 0) doc = applyAll(updates)
  const state = encode(doc)
  load(state, 9)
  memory(state, 100)
} else {
  const state = new Uint8Array(fs.readFileSync(file))
  load(state, 3)
  out.bytes = state.length
}
out.heard = heard
console.log(JSON.stringify(out))
