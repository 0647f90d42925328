// driver.mjs runs scripts of commands on documents of the npm package yjs, for
// the differential tests of package ydoc.
//
//   node driver.mjs <node_modules with yjs>
//
// On stdin and stdout: frames of a 32-bit length (little endian) and that many
// bytes, in the encoding of lib0. A request is a list of commands to the end of
// its frame; each begins with its number (see commands below). The answer is 0 and
// the commands' results one after the other, or 1 and a message.

import { createRequire } from 'node:module'
import path from 'node:path'
import { makeRich, describe } from './rich.mjs'
import { typeCommands } from './types.mjs'
import { codec } from './codec.mjs'
import { together } from './together.mjs'

console.log = console.error // stdout carries the answers

// The clock of UndoManagers, which keep Date.now from when yjs is loaded: each
// world has its own.
const clock = { world: null }
Date.now = () => clock.world?.now ?? 1

const find = createRequire(path.join(path.resolve(process.argv[2]), 'driver.js'))
const Y = find('yjs')
const findLib0 = createRequire(find.resolve('yjs'))
const enc = findLib0('lib0/encoding')
const dec = findLib0('lib0/decoding')
const awareness = find('y-protocols/awareness')

// A world holds the documents and updates of one test.
const worlds = new Map()
let world = null
const remote = Symbol('remote')

// open makes a document that remembers the updates it emits.
const open = (clientID, gc) => {
  const doc = new Y.Doc({ gc })
  doc.clientID = clientID
  doc.getText('text') // yjs finds other places in a text that it knows to have formats
  const t = { doc, local: [], remote: [] }
  doc.on('update', (u, origin) => (origin === remote ? t.remote : t.local).push(u))
  return t
}

const none = new Uint8Array()
const take = list => {
  const us = list.splice(0)
  return us.length === 0 ? none : us.length === 1 ? us[0] : Y.mergeUpdates(us)
}

const isPending = doc => doc.store.pendingStructs !== null || doc.store.pendingDs !== null

const applyTo = (t, update) => Y.applyUpdate(t.doc, update, remote)

const editText = (text, r) => {
  for (let n = dec.readVarUint(r); n > 0; n--) {
    const insert = dec.readVarUint(r) === 1
    const at = dec.readVarUint(r)
    if (insert) {
      text.insert(at % (text.length + 1), dec.readVarString(r))
      continue
    }
    const len = dec.readVarUint(r)
    if (text.length > 0) {
      const pos = at % text.length
      text.delete(pos, Math.min(len, text.length - pos))
    }
  }
}

const doc = r => world.docs.get(dec.readVarUint(r))

const commands = [
  // 0 world: number fresh; each script begins with it
  r => {
    const n = dec.readVarUint(r)
    if (dec.readVarUint(r) === 1) worlds.set(n, { docs: new Map(), updates: [] })
    world = clock.world = worlds.get(n)
  },
  // 1 open: number client gc
  r => { world.docs.set(dec.readVarUint(r), open(dec.readVarUint(r), dec.readVarUint(r) === 1)) },
  // 2 edit: doc count {1 at string | 0 at length}…  →  update; positions are modulo the length
  (r, w) => {
    const t = doc(r)
    t.doc.transact(() => editText(t.doc.getText('text'), r))
    const u = take(t.local)
    world.updates.push(u)
    enc.writeVarUint8Array(w, u)
  },
  // 3 deliver: doc update-number  →  effective update, state vector if pending or ""
  (r, w) => {
    const t = doc(r)
    const u = world.updates[dec.readVarUint(r)]
    if (u.length > 0) applyTo(t, u)
    enc.writeVarUint8Array(w, take(t.remote))
    enc.writeVarUint8Array(w, isPending(t.doc) ? Y.encodeStateVector(t.doc) : none)
  },
  // 4 sync: from to  →  update with what to lacks
  (r, w) => {
    const from = doc(r)
    const to = doc(r)
    const u = Y.encodeStateAsUpdate(from.doc, Y.encodeStateVector(to.doc))
    world.updates.push(u)
    enc.writeVarUint8Array(w, u)
  },
  // 5 state: doc  →  state vector, state, text, pending
  (r, w) => {
    const t = doc(r)
    enc.writeVarUint8Array(w, Y.encodeStateVector(t.doc))
    enc.writeVarUint8Array(w, Y.encodeStateAsUpdate(t.doc))
    enc.writeVarString(w, t.doc.getText('text').toString())
    enc.writeVarUint(w, isPending(t.doc) ? 1 : 0)
  },
  // 6 apply: doc update
  r => { applyTo(doc(r), dec.readVarUint8Array(r)) },
  // 7 rich: doc seed count  →  count updates, made by random edits of all types
  (r, w) => {
    const t = doc(r)
    const seed = dec.readVarUint(r)
    const n = dec.readVarUint(r)
    makeRich(Y, t.doc, seed, n, () => enc.writeVarUint8Array(w, take(t.local)))
  },
  // 8 describe: doc  →  text that is equal for equal content
  (r, w) => { enc.writeVarString(w, describe(Y, doc(r).doc)) },
  // 9 drain: doc  →  what it changed by itself since (clean-up of formats)
  (r, w) => { enc.writeVarUint8Array(w, take(doc(r).local)) },
  // 10 time: count update…  →  microseconds to apply them one by one to a new
  // document, microseconds to load its state into another, bytes of the state
  (r, w) => {
    const us = []
    for (let n = dec.readVarUint(r); n > 0; n--) us.push(dec.readVarUint8Array(r))
    const a = new Y.Doc()
    a.on('update', () => {})
    const t0 = performance.now()
    for (const u of us) Y.applyUpdate(a, u)
    const t1 = performance.now()
    const state = Y.encodeStateAsUpdate(a)
    const t2 = performance.now()
    Y.applyUpdate(new Y.Doc(), state)
    const t3 = performance.now()
    enc.writeVarUint(w, Math.round(1000 * (t1 - t0)))
    enc.writeVarUint(w, Math.round(1000 * (t3 - t2)))
    enc.writeVarUint(w, state.length)
  },
  ...codec({ Y, awareness, enc, dec, doc }),
  ...together({ Y, enc, dec, doc, take, remote })
]

// From 64 on: those of types.mjs.
typeCommands({ Y, enc, dec, doc, applyTo, clock }).forEach((c, i) => { commands[64 + i] = c })

const answer = request => {
  const r = dec.createDecoder(request)
  const w = enc.createEncoder()
  enc.writeVarUint(w, 0)
  let n = 0
  try {
    for (; dec.hasContent(r); n++) commands[dec.readVarUint(r)](r, w)
    return enc.toUint8Array(w)
  } catch (err) {
    const e = enc.createEncoder()
    enc.writeVarUint(e, 1)
    enc.writeVarString(e, `command ${n}: ${err.stack}`)
    return enc.toUint8Array(e)
  }
}

let chunks = []
let have = 0
const pump = () => {
  while (have >= 4) {
    const all = chunks.length === 1 ? chunks[0] : Buffer.concat(chunks)
    chunks = [all]
    const size = all.readUInt32LE(0)
    if (all.length < 4 + size) return
    const out = answer(all.subarray(4, 4 + size))
    const head = Buffer.alloc(4)
    head.writeUInt32LE(out.length)
    process.stdout.write(head)
    process.stdout.write(out)
    chunks = [all.subarray(4 + size)]
    have = chunks[0].length
  }
}
process.stdin.on('data', c => {
  chunks.push(c)
  have += c.length
  pump()
})
