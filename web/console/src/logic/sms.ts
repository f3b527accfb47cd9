// What an SMS costs, as utils/sms_encoding.py counts it: shown at every key, before the service is
// asked. Sources: 3GPP TS 23.038 (alphabets) and TS 23.040 (segments).

const BASE = new Set(
  '@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !"#¤%&\'()*+,-./0123456789:;<=>?' +
    '¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà',
)
const EXTENSION = new Set('\f^{}\\[~]|€')

export interface SmsCost {
  encoding: 'GSM-7' | 'UCS-2'
  units: number
  segments: number
  /** Room before another segment is needed, in units. */
  left: number
  /** Characters that make every other one cost twice as much, each once. */
  costly: string[]
}

export function smsCost(text: string): SmsCost {
  const characters = [...text]
  const costly = [...new Set(characters.filter((one) => !BASE.has(one) && !EXTENSION.has(one)))]
  if (costly.length > 0) return { encoding: 'UCS-2', ...fill(characters.map((one) => one.length), 70, 67), costly }
  return { encoding: 'GSM-7', ...fill(characters.map((one) => (EXTENSION.has(one) ? 2 : 1)), 160, 153), costly }
}

function fill(sizes: number[], single: number, part: number) {
  const units = sizes.reduce((sum, size) => sum + size, 0)
  if (units <= single) return { units, segments: 1, left: single - units }
  let segments = 1
  let used = 0
  for (const size of sizes) {
    if (used + size > part) {
      segments += 1
      used = 0
    }
    used += size
  }
  return { units, segments, left: part - used }
}
