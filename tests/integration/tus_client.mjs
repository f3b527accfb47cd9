// Uploads standard input with tus-js-client as it is, as its users' own code does.
// node tus_client.mjs <web folder> <endpoint> <recording>

import { createRequire } from 'node:module'
import { buffer } from 'node:stream/consumers'

const [, , web, endpoint, recording] = process.argv
const { Upload } = createRequire(`${web}/package.json`)('tus-js-client')

new Upload(await buffer(process.stdin), {
  endpoint,
  metadata: { recording },
  chunkSize: 64 * 1024,
  retryDelays: new Array(200).fill(5),
  onSuccess: () => process.exit(0),
  onError: (error) => {
    console.error(String(error))
    process.exit(1)
  },
}).start()
