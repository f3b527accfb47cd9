// A file that somebody has chosen: read once, so that it is still there when their session has
// ended or the file has moved; a CSV goes over the link compressed.

import { sendLong } from './client'
import { ApiError, problemOf } from './problem'

export const MOST_BYTES = 4 * 1024 * 1024

export interface Upload {
  name: string
  /** Tells two files apart, of one name too. */
  key: string
  type: string
  bytes: ArrayBuffer
  compressed: boolean
}

const XLSX = 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet'

/** Read a file; throws `ApiError` when it is too large to be sent. */
export async function upload(file: File): Promise<Upload> {
  if (file.size > MOST_BYTES) throw new ApiError(413, { code: 'file_too_large' })
  const workbook = /\.xlsx$/i.test(file.name)
  const plain = await file.arrayBuffer()
  const compressed = !workbook && typeof CompressionStream === 'function'
  return {
    name: file.name,
    key: crypto.randomUUID(),
    type: workbook ? XLSX : 'text/csv',
    bytes: compressed ? await gzip(plain) : plain,
    compressed,
  }
}

const gzip = (bytes: ArrayBuffer) =>
  new Response(new Blob([bytes]).stream().pipeThrough(new CompressionStream('gzip'))).arrayBuffer()

interface How {
  query: URLSearchParams
  key?: string
  signal?: AbortSignal
}

/** Send a file as the body of a POST; `key` makes it one however often it is sent. */
export async function send<Answer>(path: string, file: Upload, { query, key, signal }: How): Promise<Answer> {
  const url = new URL(`${path}?${query}`, location.origin)
  const headers = {
    'Content-Type': file.type,
    ...(file.compressed && { 'Content-Encoding': 'gzip' }),
    ...(key && { 'Idempotency-Key': key }),
  }
  const response = await sendLong(new Request(url, { method: 'POST', headers, body: file.bytes, ...(signal && { signal }) }))
  if (!response.ok) throw await problemOf(response)
  return (await response.json()) as Answer
}
