// Sealing for the establishment, as utils/envelope.py opens it: ephemeral ECDH on P-256, HKDF with
// SHA-256, AES-256-GCM. Nothing on this device can open what it has sealed.

export interface PublicKey {
  id: string
  public: string // base64 of the uncompressed point
}

const VERSION = 1
const CURVE = { name: 'ECDH', namedCurve: 'P-256' }
const encoder = new TextEncoder()

export const fromBase64 = (text: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0))

export function toBase64(bytes: ArrayBuffer): string {
  let text = ''
  for (const byte of new Uint8Array(bytes)) text += String.fromCharCode(byte)
  return btoa(text)
}

// `context` says what it is and whose: `item:<UUID>` or `recording:<UUID>`.
export async function seal(
  plain: BufferSource,
  key: PublicKey,
  context: string,
): Promise<ArrayBuffer> {
  const subtle = crypto.subtle
  const theirs = fromBase64(key.public)
  const recipient = await subtle.importKey('raw', theirs, CURVE, false, [])
  const ephemeral = await subtle.generateKey(CURVE, false, ['deriveBits'])
  const point = new Uint8Array(await subtle.exportKey('raw', ephemeral.publicKey))
  const secret = await subtle.deriveBits({ name: 'ECDH', public: recipient }, ephemeral.privateKey, 256)
  const material = await subtle.importKey('raw', secret, 'HKDF', false, ['deriveBits'])
  const derived = await subtle.deriveBits(
    {
      name: 'HKDF',
      hash: 'SHA-256',
      salt: joined(point, theirs),
      info: encoder.encode('careloop envelope 1'),
    },
    material,
    352,
  )
  const aes = await subtle.importKey('raw', derived.slice(0, 32), 'AES-GCM', false, ['encrypt'])
  const body = await subtle.encrypt(
    { name: 'AES-GCM', iv: derived.slice(32), additionalData: encoder.encode(context) },
    aes,
    plain,
  )
  return joined(Uint8Array.of(VERSION), point, new Uint8Array(body)).buffer
}

function joined(...parts: Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}

// A UUID in order of time (RFC 9562, version 7). Made once; it is the submission's identity.
export function uuid7(now = Date.now()): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  for (let place = 0; place < 6; place++) bytes[place] = Math.floor(now / 2 ** (40 - 8 * place)) % 256
  bytes[6] = (bytes[6]! & 0x0f) | 0x70
  bytes[8] = (bytes[8]! & 0x3f) | 0x80
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
}
