// What an entry of the audit log says has changed.

export interface Difference {
  name: string
  before: string
  after: string
}

const isPlain = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

function shown(value: unknown): string {
  if (value === null || value === undefined || value === '') return '–'
  if (typeof value === 'string') return value
  return JSON.stringify(value)
}

/** Each fact that is not the same before and after; of what is new or gone, all that is known. */
export function differences(before: unknown, after: unknown): Difference[] {
  const [old, now] = [isPlain(before) ? before : {}, isPlain(after) ? after : {}]
  const names = [...new Set([...Object.keys(old), ...Object.keys(now)])]
  return names
    .map((name) => ({ name, before: shown(old[name]), after: shown(now[name]) }))
    .filter((one) => one.before !== one.after)
}
