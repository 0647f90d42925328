// Two unmodified y-websocket clients of one document, driven line by line:
//
//   node ywebsocket.mjs <web folder> <server URL> <room>
//
//   insert <who> <position> <JSON string>   an edit by client 0 or 1
//   until <JSON string>                     wait until both agree and hold the text; answers their text as JSON
//   seen                                    wait until client 1 sees the awareness of client 0; answers its name
import { createRequire } from 'node:module'
import { createInterface } from 'node:readline'

const [, , web, url, room] = process.argv
const require = createRequire(`${web}/package.json`)
const Y = require('yjs')
const { WebsocketProvider } = require('y-websocket')
const WebSocketPolyfill = require('ws')

const clients = [0, 1].map(n => {
  const doc = new Y.Doc()
  // Without the broadcast channel, by which they would find each other in this process.
  const provider = new WebsocketProvider(url, room, doc, { WebSocketPolyfill, disableBc: true, maxBackoffTime: 200 })
  provider.awareness.setLocalStateField('user', { name: `client ${n}` })
  return { doc, provider, text: doc.getText('text') }
})

const until = async ready => {
  for (const end = Date.now() + 30000; Date.now() < end; await new Promise(r => setTimeout(r, 10))) {
    const answer = ready()
    if (answer !== undefined) return answer
  }
  throw new Error(`waited in vain; the texts are ${JSON.stringify(clients.map(c => c.text.toString()))}`)
}

const commands = {
  insert: async args => {
    const [, who, at, text] = args.match(/^(\d) (\d+) (.*)$/)
    clients[who].text.insert(Number(at), JSON.parse(text))
    return 'ok'
  },
  until: async args => {
    const want = JSON.parse(args)
    return JSON.stringify(await until(() => {
      const [a, b] = clients.map(c => c.text.toString())
      return clients.every(c => c.provider.synced) && a === b && a.includes(want) ? a : undefined
    }))
  },
  seen: async () => until(() => clients[1].provider.awareness.getStates().get(clients[0].doc.clientID)?.user?.name),
}

for await (const line of createInterface({ input: process.stdin })) {
  const [name] = line.split(' ', 1)
  console.log(await commands[name](line.slice(name.length + 1)))
}
process.exit(0)
