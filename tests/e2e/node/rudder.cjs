// @rudderstack/rudder-sdk-node, as its documentation tells to use it. Without an errorHandler a
// refusal would end the process.
const Analytics = require('@rudderstack/rudder-sdk-node')
const { giveAccounts, options } = require('./account.cjs')

const { url, key, ...rest } = options()
const client = new Analytics(key, {
  dataPlaneUrl: url,
  errorHandler: (error) => console.error(`errorHandler: ${error.message}`),
  logLevel: 'error',
  ...rest,
})

// One flush takes one batch, and the next may be waiting for it.
async function flush(told) {
  let open = true
  told.then(() => (open = false))
  while (open) {
    await client.flush()
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

giveAccounts((type, message, done) => client[type](message, done), flush)
