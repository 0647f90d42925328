// rich.mjs makes random edits of every type that yjs has, and describes the
// content of a document.

// random returns a generator of integers below n (mulberry32).
const random = seed => n => {
  seed = (seed + 0x6D2B79F5) | 0
  let t = Math.imul(seed ^ (seed >>> 15), 1 | seed)
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
  return ((t ^ (t >>> 14)) >>> 0) % n
}

const words = ['a', 'bc', 'né', '😀', 'e\u0301', '\n', '漢字', '👩‍👩‍👧', '', ' ', '0123456789', '\u0000', '\u2028']
const keys = ['k', 'l', '1', 'длина', '__proto', '']

const any = (rnd, depth = 0) => {
  switch (rnd(depth > 2 ? 13 : 15)) {
    case 0: return null
    case 1: return true
    case 2: return false
    case 3: return rnd(1000)
    case 4: return -rnd(2 ** 31)
    case 5: return rnd(2 ** 31) * 2 ** 20
    case 6: return rnd(1000) / 8
    case 7: return rnd(1000) / 7
    case 8: return BigInt(rnd(1000)) * -(2n ** 40n)
    case 9: return undefined
    case 10: return new Uint8Array([rnd(256), rnd(256)])
    case 11: return Number.NaN
    case 12: return words[rnd(words.length)]
    case 13: return Array.from({ length: rnd(4) }, () => any(rnd, depth + 1))
    default: return Object.fromEntries(Array.from({ length: rnd(4) }, () => [keys[rnd(keys.length)], any(rnd, depth + 1)]))
  }
}

// json is what an embed or a format may hold: it travels as JSON.
const json = rnd => JSON.parse(JSON.stringify([rnd(2) ? words[rnd(words.length)] : { n: rnd(9), s: words[rnd(words.length)] }]))[0]

const nested = (Y, rnd) => {
  switch (rnd(8)) {
    case 0: return new Y.Array()
    case 1: return new Y.Map()
    case 2: return new Y.Text(words[rnd(words.length)])
    case 3: return new Y.XmlElement('p' + rnd(3))
    case 4: return new Y.XmlText(words[rnd(words.length)])
    case 5: return new Y.XmlFragment()
    case 6: return new Y.Doc({ guid: 'sub-' + rnd(1000), autoLoad: rnd(2) === 1, meta: rnd(2) ? { a: [1] } : null })
    default: return new Y.Map(Object.entries({ inner: any(rnd) }))
  }
}

const value = (Y, rnd) => rnd(4) === 0 ? nested(Y, rnd) : any(rnd)

const attributes = rnd => ({ [['b', 'i', 'link'][rnd(3)]]: [true, null, json(rnd)][rnd(3)] })

const span = (rnd, len) => {
  const at = rnd(len + 1)
  return [at, Math.min(len - at, rnd(6))]
}

// whole widens a span so that it divides no pair of surrogates: where a format
// changes nothing, yjs would replace the halves here but tell nobody.
const whole = (t, at, n) => {
  const s = t.toDelta().map(op => typeof op.insert === 'string' ? op.insert : '-').join('')
  const inside = i => i > 0 && i < s.length && /[\uD800-\uDBFF]/.test(s[i - 1]) && /[\uDC00-\uDFFF]/.test(s[i])
  const from = inside(at) ? at - 1 : at
  const to = inside(at + n) ? at + n + 1 : at + n
  return [from, to - from]
}

const editText = (Y, rnd, t) => {
  const [at, n] = span(rnd, t.length)
  switch (rnd(7)) {
    case 0: return t.insert(at, words[rnd(words.length)], attributes(rnd))
    case 1: return t.insertEmbed(at, rnd(3) ? { embed: json(rnd) } : new Y.Map(), rnd(2) ? attributes(rnd) : {})
    case 2: return t.format(...whole(t, at, n), attributes(rnd))
    case 3: return t.delete(at, n)
    case 4: return t.setAttribute?.('attr' + rnd(2), rnd(9))
    default: return t.insert(at, words[rnd(words.length)])
  }
}

const editArray = (Y, rnd, a) => {
  const [at, n] = span(rnd, a.length)
  if (rnd(3) === 0) return a.delete(at, n)
  // An array takes neither bigint nor undefined as they are.
  const item = v => v === undefined || typeof v === 'bigint' ? [v] : v
  a.insert(at, Array.from({ length: 1 + rnd(3) }, () => item(value(Y, rnd))))
}

const editMap = (Y, rnd, m) => {
  const k = keys[rnd(keys.length)]
  switch (rnd(8)) {
    case 0: return m.delete(k)
    case 1: return m.clear()
    default: m.set(k, value(Y, rnd))
  }
}

const editXml = (Y, rnd, x) => {
  const [at, n] = span(rnd, x.length)
  switch (rnd(5)) {
    case 0: return x.delete(at, n)
    case 1: return x.setAttribute?.('a' + rnd(3), words[rnd(words.length)])
    case 2: return x.removeAttribute?.('a' + rnd(3))
    default: x.insert(at, [rnd(2) ? new Y.XmlElement('e' + rnd(3)) : new Y.XmlText(words[rnd(words.length)])])
  }
}

// roots are the top-level types that makeRich edits.
const roots = (Y, doc) => [doc.getText('text'), doc.getText('rich'), doc.getArray('array'), doc.getMap('map'), doc.get('xml', Y.XmlFragment)]

// types lists all shared types below the roots that are still there.
const types = (Y, doc) => {
  const all = []
  const walk = t => {
    all.push(t)
    for (let i = t._start; i !== null; i = i.right) if (!i.deleted && i.content.type) walk(i.content.type)
    for (const i of t._map.values()) if (!i.deleted && i.content.type) walk(i.content.type)
  }
  roots(Y, doc).forEach(walk)
  return all
}

const edit = (Y, rnd, t) => {
  if (t instanceof Y.Text) return editText(Y, rnd, t)
  if (t instanceof Y.Array) return editArray(Y, rnd, t)
  if (t instanceof Y.Map) return editMap(Y, rnd, t)
  editXml(Y, rnd, t)
}

// makeRich runs n transactions of 1 to 3 edits and calls done after each.
export const makeRich = (Y, doc, seed, n, done) => {
  const rnd = random(seed)
  for (; n > 0; n--) {
    doc.transact(() => {
      for (let k = 1 + rnd(3); k > 0; k--) {
        const all = types(Y, doc)
        edit(Y, rnd, all[rnd(2) ? rnd(all.length) : rnd(Math.min(5, all.length))])
      }
    })
    done()
  }
}

// show makes every value printable and distinct.
const show = (Y, v) => {
  if (v instanceof Y.AbstractType) return tree(Y, v)
  if (v instanceof Y.Doc) return { doc: v.guid, opts: [v.autoLoad, v.meta, v.gc] }
  if (v instanceof Uint8Array) return { bytes: Array.from(v) }
  if (typeof v === 'bigint') return { bigint: String(v) }
  if (v === undefined) return { undefined: true }
  if (Number.isNaN(v)) return { nan: true }
  if (Array.isArray(v)) return v.map(x => show(Y, x))
  if (v !== null && typeof v === 'object') return { object: Object.entries(v).map(([k, x]) => [k, show(Y, x)]) }
  return v
}

const tree = (Y, t) => {
  const out = { type: t._item === null ? 'root' : t.constructor.name, name: t.nodeName, length: t._length, items: [], keys: [] }
  if (t instanceof Y.Text) out.delta = t.toDelta().map(op => ({ ...op, insert: show(Y, op.insert) }))
  else for (let i = t._start; i !== null; i = i.right) if (!i.deleted) for (const c of i.content.getContent()) out.items.push(show(Y, c))
  for (const [k, i] of t._map) if (!i.deleted) out.keys.push([k, show(Y, i.content.getContent()[i.length - 1])])
  out.keys.sort((a, b) => a[0] < b[0] ? -1 : 1)
  return out
}

export const describe = (Y, doc) => JSON.stringify(roots(Y, doc).map(t => tree(Y, t)))
