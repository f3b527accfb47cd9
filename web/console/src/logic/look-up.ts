// What somebody may mean who types into the search for a patient.

interface LookUp {
  patient_id?: string
  phone?: string
  email?: string
  name?: string
}

const SHORTEST_NAME = 3
const PHONE = /^\+?[\d\s().-]{8,}$/

export function lookUps(typed: string): LookUp[] {
  const text = typed.trim()
  if (text.includes('@')) return /\S@\S+\.\S/.test(text) ? [{ email: text }] : []
  if (PHONE.test(text)) return [{ phone: text }, { patient_id: text }]
  const found: LookUp[] = []
  if (text.length >= 2 && text.length <= 64) found.push({ patient_id: text })
  if ((text.match(/\p{L}/gu)?.length ?? 0) >= SHORTEST_NAME && !/\d/.test(text)) found.push({ name: text })
  return found
}
