// codec.mjs has the commands about updates without a document, and awareness.

// codec returns commands 11 to 17 of driver.mjs.
export const codec = ({ Y, awareness, enc, dec, doc }) => {
  // A version is 1 or 2.
  const of = (one, two) => r => dec.readVarUint(r) === 1 ? one : two
  const merge = of(Y.mergeUpdates, Y.mergeUpdatesV2)
  const diff = of(Y.diffUpdate, Y.diffUpdateV2)
  const vector = of(Y.encodeStateVectorFromUpdate, Y.encodeStateVectorFromUpdateV2)
  const convert = of(Y.convertUpdateFormatV2ToV1, Y.convertUpdateFormatV1ToV2)
  const aware = new Map()
  const people = change => ['added', 'updated', 'removed'].map(k => change[k].join()).join(';')
  return [
    // 11 state2: doc vector  →  state in V2
    (r, w) => { enc.writeVarUint8Array(w, Y.encodeStateAsUpdateV2(doc(r).doc, dec.readVarUint8Array(r))) },
    // 12 merge: version count update…  →  update
    (r, w) => {
      const f = merge(r)
      const us = []
      for (let n = dec.readVarUint(r); n > 0; n--) us.push(dec.readVarUint8Array(r))
      enc.writeVarUint8Array(w, f(us))
    },
    // 13 diff: version update vector  →  update
    (r, w) => { enc.writeVarUint8Array(w, diff(r)(dec.readVarUint8Array(r), dec.readVarUint8Array(r))) },
    // 14 convert: version update  →  update in that version
    (r, w) => { enc.writeVarUint8Array(w, convert(r)(dec.readVarUint8Array(r))) },
    // 15 vector: version update  →  state vector
    (r, w) => { enc.writeVarUint8Array(w, vector(r)(dec.readVarUint8Array(r))) },
    // 16 apply2: doc update
    r => {
      const t = doc(r)
      Y.applyUpdateV2(t.doc, dec.readVarUint8Array(r))
    },
    // 17 awareness: client {0 | 1 text | 2 update | 3 clients…}  →  what was heard as update and change, update
    // with all clients. 0 makes it, 1 sets the own state ("" for none), 2 applies, 3 removes.
    (r, w) => {
      const client = dec.readVarUint(r)
      const what = dec.readVarUint(r)
      if (what === 0) {
        const a = new awareness.Awareness(Object.assign(new Y.Doc(), { clientID: client }))
        clearInterval(a._checkInterval)
        aware.set(client, a)
      }
      const a = aware.get(client)
      let heard = ''
      const note = sort => change => { heard += sort + people(change) + ' ' }
      const onUpdate = note('u')
      const onChange = note('c')
      a.on('update', onUpdate)
      a.on('change', onChange)
      if (what === 1) {
        const text = dec.readVarString(r)
        a.setLocalState(text === '' ? null : JSON.parse(text))
      } else if (what === 2) {
        awareness.applyAwarenessUpdate(a, dec.readVarUint8Array(r), 'test')
      } else if (what === 3) {
        const ids = []
        for (let n = dec.readVarUint(r); n > 0; n--) ids.push(dec.readVarUint(r))
        awareness.removeAwarenessStates(a, ids, 'test')
      }
      a.off('update', onUpdate)
      a.off('change', onChange)
      enc.writeVarString(w, heard)
      enc.writeVarUint8Array(w, awareness.encodeAwarenessUpdate(a, Array.from(a.meta.keys()).sort((x, y) => x - y)))
    }
  ]
}
