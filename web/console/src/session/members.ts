import { useQuery } from '@tanstack/react-query'

import { api, got } from '../api/client'
import { useWords } from '../i18n/words'
import type { Me } from './session'

/** Who works here: to assign to, and to name who did what. */
export const useMembers = () =>
  useQuery({
    queryKey: ['members'],
    queryFn: ({ signal }) => got(api.GET('/api/v1/members', { signal })),
    staleTime: 300_000,
  })

/** A person's name by their number; "me" for whoever asks. */
export function usePersonName(me: Me): (id: number | null) => string {
  const words = useWords()
  const { data } = useMembers()
  return (id) => {
    if (id === null) return words.common.nobody
    if (id === me.user.id) return words.common.me
    return data?.find((one) => one.id === id)?.name ?? words.common.user(id)
  }
}

/** Whoever stands in a trail: a person by their name, else the service itself. */
export function useActorName(me: Me): (actor: string) => string {
  const words = useWords()
  const person = usePersonName(me)
  return (actor) => {
    const id = Number(/^user:(\d+)$/.exec(actor)?.[1])
    return id ? person(id) : words.common.product
  }
}
