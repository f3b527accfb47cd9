// Who is signed in. The tokens are in cookies that no script can read; what is here says only
// whether the service knows us.

import { patiently } from '../api/patience'
import { ApiError, AwayError, problemOf } from '../api/problem'
import { lost } from '../api/reach'
import { createStore, until } from '../logic/store'

export type Role = 'viewer' | 'staff' | 'admin'

export interface Membership {
  establishment_id: number
  slug: string
  name: string
  time_zone: string
  languages: string[]
  role: Role
}

export interface Me {
  user: { id: number; email: string; name: string | null }
  /** Where they work now. */
  current: Membership
  memberships: Membership[]
}

export type Session =
  | { state: 'asking' }
  | { state: 'out' }
  | { state: 'in'; me: Me }
  | { state: 'expired'; me: Me }

export const session = createStore<Session>({ state: 'asking' })

const HEADERS = { 'X-Careloop-Console': '1' }
const SESSION = '/api/v1/console/session'
const LEVEL: Record<Role, number> = { viewer: 1, staff: 2, admin: 3 }

export const may = (me: Me, role: Role) => LEVEL[me.current.role] >= LEVEL[role]

async function plain(path: string, init: RequestInit = {}): Promise<Response> {
  let response: Response
  try {
    response = await patiently(path, { ...init, headers: { ...HEADERS, ...init.headers }, cache: 'no-store' })
  } catch {
    lost()
    throw new AwayError()
  }
  if (response.status >= 502) {
    lost()
    throw new AwayError()
  }
  return response
}

let renewing: Promise<boolean> | null = null

/** Ask for a new access cookie, once however many requests need one; false: sign in again. */
export function renewed(): Promise<boolean> {
  renewing ??= plain(`${SESSION}/refresh`, { method: 'POST' })
    .then((response) => response.ok)
    .finally(() => {
      renewing = null
    })
  return renewing
}

async function whoAmI(): Promise<Me | null> {
  let response = await plain('/api/v1/console/me')
  if (response.status === 401 && (await renewed())) response = await plain('/api/v1/console/me')
  if (response.status === 401) return null
  if (!response.ok) throw await problemOf(response)
  return (await response.json()) as Me
}

/** Look whether somebody is signed in; throws `AwayError` when the service does not answer. */
export async function resume(): Promise<void> {
  const me = await whoAmI()
  session.set(me ? { state: 'in', me } : { state: 'out' })
}

/** Sign in; throws `ApiError` when the service does not take it. */
export async function signIn(username: string, password: string, establishment?: string): Promise<void> {
  const form = new URLSearchParams({ username, password })
  if (establishment) form.set('establishment', establishment)
  const response = await plain(SESSION, { method: 'POST', body: form })
  if (!response.ok) throw await problemOf(response)
  const me = await whoAmI()
  if (!me) throw new ApiError(401, { code: 'cookies_refused' })
  session.set({ state: 'in', me })
}

/** Resolves when somebody has signed in over what is on the screen; rejects when they leave. */
export async function signedInAgain(signal?: AbortSignal): Promise<void> {
  const now = session.get()
  if (now.state === 'in') session.set({ state: 'expired', me: now.me })
  const after = await until(session, (value) => value.state === 'in' || value.state === 'out', signal)
  if (after.state === 'out') throw new ApiError(401, { code: 'signed_out' })
}

/** Work for another establishment; everything that is on the screen belongs to the old one. */
export async function switchTo(establishment: number): Promise<void> {
  const response = await plain('/api/v1/console/establishment', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ establishment_id: establishment }),
  })
  if (!response.ok) throw await problemOf(response)
  await resume()
}

export async function signOut(everywhere = false): Promise<void> {
  if (everywhere) await plain('/api/v1/console/sessions', { method: 'DELETE' })
  await plain(SESSION, { method: 'DELETE' })
  session.set({ state: 'out' })
}
