// types.mjs has the commands of driver.mjs that edit every type, with events,
// undo, relative positions and snapshots. See typed_test.go for the other side.

// Values are lib0's any, or new types: 0 any | 1 text | 2 array | 3 map | 4 rich text.
const readValue = (Y, dec, r) => {
  switch (dec.readVarUint(r)) {
    case 0: return dec.readAny(r)
    case 1: return new Y.Text(dec.readVarString(r))
    case 2: return Y.Array.from(readValues(Y, dec, r))
    case 3: {
      const m = new Y.Map()
      for (let n = dec.readVarUint(r); n > 0; n--) m.set(dec.readVarString(r), readValue(Y, dec, r))
      return m
    }
    default: {
      const t = new Y.Text()
      t.applyDelta(JSON.parse(dec.readVarString(r)))
      return t
    }
  }
}

const readValues = (Y, dec, r) => {
  const vs = []
  for (let n = dec.readVarUint(r); n > 0; n--) vs.push(readValue(Y, dec, r))
  return vs
}

const roots = { text: 'Text', rich: 'Text', array: 'Array', map: 'Map' }
const root = (Y, doc, name) => doc.get(name, Y[roots[name]])

// target: 0 name | 1 client clock
const readTarget = (Y, dec, r, doc) => {
  if (dec.readVarUint(r) === 0) return root(Y, doc, dec.readVarString(r))
  const id = Y.createID(dec.readVarUint(r), dec.readVarUint(r))
  return Y.getItem(doc.store, id).content.type
}

const readJSON = (dec, r) => JSON.parse(dec.readVarString(r))

const edit = (Y, dec, r, doc) => {
  const t = readTarget(Y, dec, r, doc)
  const at = () => dec.readVarUint(r)
  switch (dec.readVarUint(r)) {
    case 0: return t.insert(at(), dec.readVarString(r))
    case 1: return t.insert(at(), dec.readVarString(r), readJSON(dec, r))
    case 2: return t.insertEmbed(at(), readJSON(dec, r), readJSON(dec, r))
    case 3: return t.format(at(), at(), readJSON(dec, r))
    case 4: return t.delete(at(), at())
    case 5: return t.applyDelta(readJSON(dec, r))
    case 6: return t.insert(at(), readValues(Y, dec, r))
    case 7: return t.push(readValues(Y, dec, r))
    case 8: return t.set(dec.readVarString(r), readValue(Y, dec, r))
    case 9: return t.delete(dec.readVarString(r))
    case 10: return t.clear()
    case 11: return t.setAttribute(dec.readVarString(r), readValue(Y, dec, r))
    case 12: return t.insertEmbed(at(), readValue(Y, dec, r), readJSON(dec, r))
    default: return t.removeAttribute(dec.readVarString(r))
  }
}

// show makes every value printable and distinct.
const show = (Y, v) => {
  if (v instanceof Y.Text) return { text: v.toDelta().map(op => showOp(Y, op)), attributes: showObject(Y, v.getAttributes()) }
  if (v instanceof Y.Array) return { array: v.toArray().map(x => show(Y, x)) }
  if (v instanceof Y.Map) return { map: showObject(Y, Object.fromEntries(v.entries())) }
  if (v instanceof Uint8Array) return { bytes: Array.from(v) }
  if (typeof v === 'bigint') return { bigint: String(v) }
  if (v === undefined) return { undefined: true }
  if (Number.isNaN(v)) return { nan: true }
  if (Array.isArray(v)) return v.map(x => show(Y, x))
  if (v !== null && typeof v === 'object') return { object: showObject(Y, v) }
  return v
}

const showObject = (Y, o) => Object.entries(o).map(([k, x]) => [k, show(Y, x)]).sort((a, b) => a[0] < b[0] ? -1 : 1)

const showOp = (Y, op) => {
  const out = { ...op }
  if (op.insert !== undefined) out.insert = show(Y, op.insert)
  if (op.attributes !== undefined && Object.keys(op.attributes).length === 0) delete out.attributes
  return out
}

const showEvent = (Y, name, e) => ({
  transaction: e.transaction,
  root: name,
  path: e.path,
  delta: e.changes.delta.map(op => showOp(Y, op)),
  keys: Array.from(e.changes.keys.entries()).map(([k, c]) => [k, c.action, c.oldValue === undefined ? null : show(Y, c.oldValue)]).sort((a, b) => a[0] < b[0] ? -1 : 1)
})

const watch = (Y, t) => {
  t.events = []
  for (const name of Object.keys(roots)) {
    root(Y, t.doc, name).observeDeep(es => { for (const e of es) t.events.push(showEvent(Y, name, e)) })
  }
}

const origins = [null, 'one', 'two']

const showPosition = (Y, p) => p === null
  ? null
  : { type: p.type._item === null ? Y.findRootTypeKey(p.type) : [p.type._item.id.client, p.type._item.id.clock], index: p.index }

// typeCommands are appended to those of the driver.
export const typeCommands = ({ Y, enc, dec, doc, applyTo, clock }) => {
  // Yjs tells of its cleaning up too, in transactions of their own: the first one counts.
  const told = t => {
    const all = (t.events ?? []).splice(0)
    return all.filter(e => e.transaction === all[0].transaction).map(e => ({ ...e, transaction: undefined }))
  }
  // report: the first update that was emitted here, what yjs did by itself after
  // it, or "", and the events since
  const report = (t, w, list) => {
    const [first, ...more] = list.splice(0)
    const rest = more.concat(list === t.local ? [] : t.local.splice(0))
    enc.writeVarUint8Array(w, first ?? new Uint8Array())
    enc.writeVarUint8Array(w, rest.length === 0 ? new Uint8Array() : Y.mergeUpdates(rest))
    enc.writeVarString(w, JSON.stringify(told(t)))
  }
  const readType = (r, t) => readTarget(Y, dec, r, t.doc)
  return [
    // 0 types: doc watch  makes the roots, with observers if watch is 1
    r => {
      const t = doc(r)
      for (const name of Object.keys(roots)) root(Y, t.doc, name)
      if (dec.readVarUint(r) === 1) watch(Y, t)
    },
    // 1 change: doc origin count {target edit}…  →  report
    (r, w) => {
      const t = doc(r)
      const origin = origins[dec.readVarUint(r)]
      t.changing = true
      t.doc.transact(() => { for (let n = dec.readVarUint(r); n > 0; n--) edit(Y, dec, r, t.doc) }, origin)
      t.changing = false
      report(t, w, t.local)
    },
    // 2 receive: doc update  →  report
    (r, w) => {
      const t = doc(r)
      applyTo(t, dec.readVarUint8Array(r))
      report(t, w, t.remote)
    },
    // 3 show: doc  →  content of all roots as JSON
    (r, w) => {
      const t = doc(r)
      enc.writeVarString(w, JSON.stringify(Object.keys(roots).map(name => show(Y, root(Y, t.doc, name)))))
    },
    // 4 manage: doc capture count root…  makes an UndoManager that tracks null and "one"
    r => {
      const t = doc(r)
      const captureTimeout = dec.readVarUint(r)
      const scope = []
      for (let n = dec.readVarUint(r); n > 0; n--) scope.push(root(Y, t.doc, dec.readVarString(r)))
      // With the whole document as its scope, yjs makes entries of nothing.
      for (const name of scope.length > 0 ? [] : Object.keys(roots)) scope.push(root(Y, t.doc, name))
      t.undo = new Y.UndoManager(scope, {
        captureTimeout,
        trackedOrigins: new Set([null, 'one']),
        // Yjs would also take back what it cleans up after an update: ydoc does not.
        captureTransaction: () => t.changing
      })
    },
    // 5 undo: doc 0 undo | 1 redo | 2 stop | 3 clear  →  report, undoable, redoable
    (r, w) => {
      const t = doc(r)
      t.changing = true
      switch (dec.readVarUint(r)) {
        case 0: t.undo.undo(); break
        case 1: t.undo.redo(); break
        case 2: t.undo.stopCapturing(); break
        default: t.undo.clear()
      }
      t.changing = false
      report(t, w, t.local)
      enc.writeVarUint(w, t.undo.undoStack.length)
      enc.writeVarUint(w, t.undo.redoStack.length)
    },
    // 6 clock: milliseconds  sets the clock of the world
    r => { clock.world.now = dec.readVarUint(r) },
    // 7 relative: doc target index assoc+1  →  bytes, JSON
    (r, w) => {
      const t = doc(r)
      const p = Y.createRelativePositionFromTypeIndex(readType(r, t), dec.readVarUint(r), dec.readVarUint(r) - 1)
      enc.writeVarUint8Array(w, Y.encodeRelativePosition(p))
      enc.writeVarString(w, JSON.stringify(Y.relativePositionToJSON(p)))
    },
    // 8 absolute: doc bytes  →  JSON
    (r, w) => {
      const t = doc(r)
      const p = Y.decodeRelativePosition(dec.readVarUint8Array(r))
      enc.writeVarString(w, JSON.stringify(showPosition(Y, Y.createAbsolutePositionFromRelativePosition(p, t.doc))))
    },
    // 9 snapshot: doc  →  bytes in V1, in V2
    (r, w) => {
      const s = Y.snapshot(doc(r).doc)
      enc.writeVarUint8Array(w, Y.encodeSnapshot(s))
      enc.writeVarUint8Array(w, Y.encodeSnapshotV2(s))
    },
    // 10 past: doc snapshot  →  state and content of the document that it makes
    (r, w) => {
      const t = doc(r)
      const past = Y.createDocFromSnapshot(t.doc, Y.decodeSnapshot(dec.readVarUint8Array(r)), new Y.Doc({ gc: false }))
      enc.writeVarUint8Array(w, Y.encodeStateAsUpdate(past))
      enc.writeVarString(w, JSON.stringify(Object.keys(roots).map(name => show(Y, root(Y, past, name)))))
    },
    // 11 compare: doc root snapshot earlier-snapshot  →  delta that marks the changes
    (r, w) => {
      const t = doc(r)
      const text = root(Y, t.doc, dec.readVarString(r))
      const now = Y.decodeSnapshot(dec.readVarUint8Array(r))
      const before = Y.decodeSnapshot(dec.readVarUint8Array(r))
      enc.writeVarString(w, JSON.stringify(text.toDelta(now, before).map(op => showOp(Y, op))))
    }
  ]
}
