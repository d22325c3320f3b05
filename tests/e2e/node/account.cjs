// Calls come as JSON lines, one list a line; for each line one line goes out: the SDK's own account.
const readline = require('node:readline')

exports.options = () => {
  const [url, key, options] = process.argv.slice(2)
  return { url, key, ...JSON.parse(options) }
}

exports.giveAccounts = async (send, flush) => {
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const account = { delivered: [], failed: {} }
    const told = JSON.parse(line).map((call) => told_of(call, send, account))
    await flush(Promise.all(told))
    console.log(JSON.stringify(account))
  }
}

function told_of({ type, timestamp, ...message }, send, account) {
  if (timestamp) message.timestamp = new Date(timestamp)
  return new Promise((resolve) => {
    send(type, message, (error) => {
      if (error) account.failed[message.userId] = String(error.message ?? error)
      else account.delivered.push(message.userId)
      resolve()
    })
  })
}
