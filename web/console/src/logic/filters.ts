// Filters in the address: a list can be sent to a colleague, and Back leads back to it.

import { useSearchParams } from 'wouter'

export interface Filters<Values> {
  values: Values
  any: boolean
  set: (part: Partial<Values>) => void
  clear: () => void
}

export function useFilters<Values extends Record<string, string>>(empty: Values): Filters<Values> {
  const [parameters, setParameters] = useSearchParams()
  const names = Object.keys(empty)
  const values = Object.fromEntries(
    names.map((name) => [name, parameters.get(name) ?? empty[name]]),
  ) as Values
  return {
    values,
    any: names.some((name) => parameters.has(name)),
    set: (part) =>
      setParameters(
        (now) => {
          const next = new URLSearchParams(now)
          for (const [name, value] of Object.entries(part)) {
            if (value === empty[name]) next.delete(name)
            else next.set(name, value as string)
          }
          return next
        },
        { replace: true },
      ),
    clear: () => setParameters(new URLSearchParams(), { replace: true }),
  }
}
