// Nobody presses a button twice because of us: what waits, goes on by itself.

import { QueryClient } from '@tanstack/react-query'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'

import { session } from '../session/session'
import { ME, service } from '../testing/service'
import { api, got } from './client'
import { follow, live, topicsIn } from './live'
import { ApiError, AwayError } from './problem'
import { away } from './reach'

const UNKNOWN = { status: 401, body: { code: 'unauthenticated', detail: 'Log in.' } }
const reminders = () => got(api.GET('/api/v1/reminders', {}))
const cancel = (key?: string) =>
  got(api.POST('/api/v1/reminders/{reminder_id}/cancel', {
    params: { path: { reminder_id: 5 }, ...(key && { header: { 'Idempotency-Key': key } }) },
  }))
const settle = () => vi.advanceTimersByTimeAsync(0)

beforeEach(() => {
  vi.useFakeTimers()
  session.set({ state: 'in', me: ME })
})

afterEach(async () => {
  away.set(false)
  await vi.runOnlyPendingTimersAsync()
  vi.useRealTimers()
})

describe('a session', () => {
  test('is renewed once for all who need it, and nobody notices', async () => {
    let fresh = false
    const asked = service(({ path }) => {
      if (path.endsWith('/refresh')) {
        fresh = true
        return { status: 204 }
      }
      return fresh ? { body: { items: [], cursor: null } } : UNKNOWN
    })
    await Promise.all([reminders(), reminders()])
    expect(asked.filter(({ path }) => path.endsWith('/refresh'))).toHaveLength(1)
    expect(session.get().state).toBe('in')
  })

  test('that has ended holds what was asked until somebody signs in again', async () => {
    let signedIn = false
    const asked = service(({ path }) => (signedIn && !path.endsWith('/refresh') ? { body: { id: 5 } } : UNKNOWN))
    const waiting = cancel('k-1')
    await settle()
    expect(session.get().state).toBe('expired')
    signedIn = true
    session.set({ state: 'in', me: ME })
    await expect(waiting).resolves.toEqual({ id: 5 })
    const cancels = asked.filter(({ path }) => path.endsWith('/cancel'))
    expect(cancels.map(({ headers }) => headers.get('Idempotency-Key'))).toEqual(['k-1', 'k-1'])
  })

  test('that somebody leaves ends what waited for it', async () => {
    service(() => UNKNOWN)
    const waiting = reminders()
    const caught = expect(waiting).rejects.toBeInstanceOf(ApiError)
    await settle()
    session.set({ state: 'out' })
    await caught
  })

  test('every request says that the console asks, and for which hospital', async () => {
    const asked = service(() => ({ body: { items: [], cursor: null } }))
    await reminders()
    expect(asked[0]?.headers.get('X-Careloop-Console')).toBe('1')
    expect(asked[0]?.headers.get('X-Careloop-Establishment')).toBe('1')
  })
})

describe('a service that is away', () => {
  function comesBack() {
    let there = false
    const asked = service(() => (there ? { body: { id: 5, items: [] } } : 'away'))
    return { asked, comes: () => (there = true) }
  }

  test('a question waits for it', async () => {
    const { comes } = comesBack()
    const waiting = reminders()
    await settle()
    expect(away.get()).toBe(true)
    comes()
    await vi.advanceTimersByTimeAsync(5000)
    await expect(waiting).resolves.toBeDefined()
    expect(away.get()).toBe(false)
  })

  test('so does what can be sent again without happening twice', async () => {
    const { asked, comes } = comesBack()
    const waiting = cancel('k-2')
    await settle()
    comes()
    await vi.advanceTimersByTimeAsync(5000)
    await waiting
    expect(asked.filter(({ path }) => path.endsWith('/cancel'))).toHaveLength(2)
  })

  test('what could happen twice is given back at once', async () => {
    const { asked } = comesBack()
    await expect(cancel()).rejects.toBeInstanceOf(AwayError)
    expect(asked.filter(({ path }) => path.endsWith('/cancel'))).toHaveLength(1)
  })

  test('so does a question that a link swallows: it is not waited for without an end', async () => {
    let there = false
    const asked = service(() => (there ? { body: { id: 5, items: [] } } : 'silent'))
    const waiting = reminders()
    await vi.advanceTimersByTimeAsync(30_000)
    expect(away.get()).toBe(true)
    await vi.advanceTimersByTimeAsync(60_000)
    expect(asked.filter(({ path }) => path === '/health/ready').length).toBeGreaterThan(2)
    there = true
    await vi.advanceTimersByTimeAsync(30_000)
    await expect(waiting).resolves.toBeDefined()
    expect(away.get()).toBe(false)
  })

  test('a session that can be renewed when it is back holds what waits', async () => {
    let there = false
    let fresh = false
    service(({ path }) => {
      if (!there && path !== '/api/v1/reminders') return 'away'
      if (path.endsWith('/refresh')) fresh = true
      return fresh || path === '/health/ready' ? { body: { items: [] } } : UNKNOWN
    })
    const waiting = reminders()
    await settle()
    expect(away.get()).toBe(true)
    there = true
    await vi.advanceTimersByTimeAsync(5000)
    await expect(waiting).resolves.toBeDefined()
  })

  test.each([502, 503, 504])('a %i is the same', async (status) => {
    service(() => ({ status }))
    await expect(cancel()).rejects.toBeInstanceOf(AwayError)
    expect(away.get()).toBe(true)
  })
})

test('a problem names its field and never what was sent', async () => {
  service(() => ({ status: 422, body: { code: 'phone_invalid', field: 'phone_number', detail: '…' } }))
  const error = await cancel('k').catch((reason: unknown) => reason as ApiError)
  expect(error).toMatchObject({ status: 422, code: 'phone_invalid' })
  expect((error as ApiError).about('phone_number')).toBe(true)
  expect((error as ApiError).about('phone')).toBe(false)
})

test('a stream that does not come through says nothing about the service', async () => {
  const asked = service(({ path }) => (path.endsWith('/events') ? 'away' : { body: {} }))
  const client = new QueryClient()
  const again = vi.spyOn(client, 'invalidateQueries')
  const stop = new AbortController()
  void follow(client, stop.signal)
  await vi.advanceTimersByTimeAsync(29_000)
  expect(asked.length).toBeGreaterThan(3)
  expect(away.get()).toBe(false)
  expect(again).toHaveBeenCalledTimes(1) // by the clock
  stop.abort()
})

test('a stream that stays silent is given up, and pages are asked for again by the clock', async () => {
  const client = new QueryClient()
  const again = vi.spyOn(client, 'invalidateQueries')
  const stop = new AbortController()
  let streams = 0
  globalThis.fetch = async () => {
    streams += 1
    return new Response(new ReadableStream({ start: (out) => void (streams === 1 && out.enqueue(new TextEncoder().encode('retry: 1\n\n'))) }))
  }
  void follow(client, stop.signal)
  await vi.advanceTimersByTimeAsync(1000)
  expect([live.get(), again.mock.calls.length]).toEqual([true, 1])
  await vi.advanceTimersByTimeAsync(45_000)
  expect([live.get(), streams]).toEqual([false, 2])
  again.mockClear()
  await vi.advanceTimersByTimeAsync(15_000)
  expect(again).toHaveBeenCalled()
  stop.abort()
})

test.each([
  ['event: delivery\ndata: {"id":1}', ['delivery']],
  [': keep alive', []],
  ['event:task\r\ndata: {}', ['task']],
])('an event stream says what changed: %#', (block, topics) => {
  expect(topicsIn(block)).toEqual(topics)
})
