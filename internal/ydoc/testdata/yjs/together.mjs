// together.mjs makes edits that it is told, of every type, and describes documents
// as values: the other side does the same with package ydoc.

export const together = ({ Y, enc, dec, doc, take, remote }) => {
  const root = (d, n) => [d.getText('text'), d.getText('rich'), d.getArray('array'), d.getMap('map')][n]

  // value: 0 any | 1 bytes | 2 guid options | 3 values | 4 {key value}… | 5 text
  const value = r => {
    switch (dec.readVarUint(r)) {
      case 0: return dec.readAny(r)
      case 1: return dec.readVarUint8Array(r).slice()
      case 2: return new Y.Doc({ guid: dec.readVarString(r), ...dec.readAny(r) })
      case 3: return Y.Array.from(values(r))
      case 4: {
        const m = new Y.Map()
        for (let n = dec.readVarUint(r); n > 0; n--) m.set(dec.readVarString(r), value(r))
        return m
      }
      default: return new Y.Text(dec.readVarString(r))
    }
  }
  const values = r => {
    const all = []
    for (let n = dec.readVarUint(r); n > 0; n--) all.push(value(r))
    return all
  }
  const inside = t => t.toDelta().map(op => op.insert).filter(x => x instanceof Y.AbstractType)

  // target: root count {0 position | 1 key | 2 number of a type in a text}…
  const target = (d, r) => {
    let t = root(d, dec.readVarUint(r))
    for (let n = dec.readVarUint(r); n > 0; n--) {
      switch (dec.readVarUint(r)) {
        case 0: t = t.get(dec.readVarUint(r)); break
        case 1: t = t.get(dec.readVarString(r)); break
        default: t = inside(t)[dec.readVarUint(r)]
      }
    }
    return t
  }
  const number = r => dec.readVarUint(r)
  const text = r => dec.readVarString(r)
  const any = r => dec.readAny(r)
  const edits = [
    (t, r) => t.insert(number(r), text(r)),
    (t, r) => t.delete(number(r), number(r)),
    (t, r) => t.insert(number(r), text(r), any(r)),
    (t, r) => t.format(number(r), number(r), any(r)),
    (t, r) => t.insertEmbed(number(r), any(r), any(r)),
    (t, r) => t.insertEmbed(number(r), value(r), any(r)),
    (t, r) => t.applyDelta(any(r)),
    (t, r) => t.setAttribute(text(r), any(r)),
    (t, r) => t.removeAttribute(text(r)),
    (t, r) => t.insert(number(r), values(r)),
    (t, r) => t.push(values(r)),
    (t, r) => t.set(text(r), value(r)),
    (t, r) => t.delete(text(r)),
    t => t.clear()
  ]

  const pairs = o => Object.entries(o ?? {}).sort((a, b) => a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0).map(([k, v]) => [k, show(v)])
  const show = v => {
    if (v instanceof Y.Text) return ['text', v.length, v.toDelta().map(op => [show(op.insert), pairs(op.attributes)]), pairs(v.getAttributes())]
    if (v instanceof Y.Array) return ['array', v.length, v.toArray().map(show)]
    if (v instanceof Y.Map) return ['map', pairs(Object.fromEntries(v.entries()))]
    if (v instanceof Y.Doc) return ['doc', v.guid]
    if (Array.isArray(v)) return ['list', v.map(show)]
    if (v !== null && typeof v === 'object' && !(v instanceof Uint8Array)) return ['object', pairs(v)]
    return v
  }
  const version = { 1: Y.applyUpdate, 2: Y.applyUpdateV2 }
  return [
    // 18 do: doc count {target edit arguments}…  →  update
    (r, w) => {
      const t = doc(r)
      t.doc.transact(() => {
        for (let n = number(r); n > 0; n--) {
          const on = target(t.doc, r)
          edits[number(r)](on, r)
        }
      })
      enc.writeVarUint8Array(w, take(t.local))
    },
    // 19 get: doc version update  →  effective update, what yjs cleaned up after it
    (r, w) => {
      const t = doc(r)
      version[number(r)](t.doc, dec.readVarUint8Array(r), remote)
      enc.writeVarUint8Array(w, take(t.remote))
      enc.writeVarUint8Array(w, take(t.local))
    },
    // 20 show: doc  →  a value that is equal for equal content, state vector, state in V1 and V2, pending
    (r, w) => {
      const d = doc(r).doc
      enc.writeAny(w, [0, 1, 2, 3].map(n => show(root(d, n))))
      enc.writeVarUint8Array(w, Y.encodeStateVector(d))
      enc.writeVarUint8Array(w, Y.encodeStateAsUpdate(d))
      enc.writeVarUint8Array(w, Y.encodeStateAsUpdateV2(d))
      enc.writeVarUint(w, d.store.pendingStructs !== null || d.store.pendingDs !== null ? 1 : 0)
    },
    // 21 shape: doc; makes the types that are shown, so that yjs knows what they are
    r => {
      const d = doc(r).doc
      for (let n = 0; n < 4; n++) root(d, n)
    }
  ]
}
