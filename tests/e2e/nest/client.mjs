// @nestjs/microservices' TCP client, as its documentation tells to use it.
//
// Calls come as JSON lines: {n, send|emit: pattern, data}. For each one line goes out, in the order
// in which they end: {n, values} with all that the observable gave, or {n, error}. {close: true}
// closes the client at once, {hold: ms} waits.
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { pathToFileURL } from 'node:url'

const [modules, port, tls] = process.argv.slice(2)
const at = (name) => import(pathToFileURL(`${modules}/${name}`))
const { ClientProxyFactory, Transport } = await at('@nestjs/microservices/index.js')

const options = { host: '127.0.0.1', port: Number(port) }
if (tls) {
  const files = Object.entries(JSON.parse(tls)).map(([name, path]) => [name, readFileSync(path)])
  options.tlsOptions = { ...Object.fromEntries(files), servername: 'localhost' }
}
const client = ClientProxyFactory.create({ transport: Transport.TCP, options })

function told({ n, send, emit, data }) {
  return new Promise((resolve) => {
    const values = []
    const observable = send === undefined ? client.emit(emit, data) : client.send(send, data)
    const say = (line) => resolve(console.log(JSON.stringify({ n, ...line })))
    observable.subscribe({
      next: (value) => values.push(value === undefined ? null : value),
      error: (error) => say({ error: error instanceof Error ? String(error) : error }),
      complete: () => say({ values })
    })
  })
}

const under_way = []
for await (const line of createInterface({ input: process.stdin })) {
  const call = JSON.parse(line)
  if (call.close) client.close()
  else if (call.hold) await new Promise((go) => setTimeout(go, call.hold))
  else under_way.push(told(call))
}
await Promise.all(under_way)
client.close()
