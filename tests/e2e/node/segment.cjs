// @segment/analytics-node, as its documentation tells to use it.
const { Analytics } = require('@segment/analytics-node')
const { giveAccounts, options } = require('./account.cjs')

const { url, key, ...rest } = options()
const client = new Analytics({ writeKey: key, host: url, ...rest })

async function flush(told) {
  await client.flush()
  await told
}

giveAccounts((type, message, done) => client[type](message, done), flush).then(() =>
  client.closeAndFlush()
)
