// The service as a test wants it to answer: at the network, so that everything of ours is real.

import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { render } from '@testing-library/react'
import type { ReactNode } from 'react'
import { Router } from 'wouter'
import { memoryLocation } from 'wouter/memory-location'

import { fr } from '../i18n/fr'
import { WithWords } from '../i18n/words'
import { type Me, session } from '../session/session'

export const ME: Me = {
  user: { id: 7, email: 'solange@north.example', name: 'Solange' },
  current: {
    establishment_id: 1,
    slug: 'north',
    name: 'Hôpital Nord',
    time_zone: 'Africa/Douala',
    languages: ['french', 'english'],
    role: 'staff',
  },
  memberships: [],
}

export interface Asked {
  method: string
  path: string
  query: URLSearchParams
  headers: Headers
  body: unknown
}

/** Silent: what was sent is swallowed, until whoever asked gives up. */
type Answer = { status?: number; body?: unknown } | 'away' | 'silent'

/** Answers every request; returns what was asked, in order. */
export function service(answer: (asked: Asked) => Answer): Asked[] {
  const asked: Asked[] = []
  globalThis.fetch = async (input, init) => {
    const request = new Request(new URL(input instanceof Request ? input.url : String(input), location.origin), {
      ...(input instanceof Request && { method: input.method, headers: input.headers }),
      ...init,
      signal: null,
    })
    const text = input instanceof Request ? await input.clone().text() : String(init?.body ?? '')
    const url = new URL(request.url)
    const one: Asked = {
      method: request.method,
      path: url.pathname,
      query: url.searchParams,
      headers: request.headers,
      body: text.startsWith('{') ? JSON.parse(text) : text,
    }
    asked.push(one)
    const found = answer(one)
    if (found === 'silent') await new Promise((_, fail) => init?.signal?.addEventListener('abort', () => fail(new Error('gave up'))))
    if (found === 'silent' || found === 'away') throw new TypeError('Failed to fetch')
    const { status = 200, body } = found
    return new Response(body === undefined ? null : JSON.stringify(body), {
      status,
      headers: { 'Content-Type': status < 400 ? 'application/json' : 'application/problem+json' },
    })
  }
  return asked
}

export function shown(page: ReactNode, path = '/') {
  session.set({ state: 'in', me: ME })
  const client = new QueryClient({
    defaultOptions: { queries: { retry: false, networkMode: 'always' }, mutations: { networkMode: 'always' } },
  })
  const { hook, searchHook, history } = memoryLocation({ path, record: true })
  const view = render(
    <WithWords value={fr}>
      <QueryClientProvider client={client}>
        <Router hook={hook} searchHook={searchHook}>
          {page}
        </Router>
      </QueryClientProvider>
    </WithWords>,
  )
  return { ...view, client, history: history as string[] }
}
