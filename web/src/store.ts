// What this device keeps. Items are sealed; facts are the establishment's own, not a patient's.

import { type DBSchema, type IDBPDatabase, openDB } from 'idb'

export interface Voice {
  id: string
  keyId: string
  sealed: ArrayBuffer
  url?: string // where the upload goes on
}

export interface Item {
  id: string // the submission's identity
  made: number // by this device's clock
  base: string // the API of its establishment
  keyId: string
  sealed: ArrayBuffer
  said: boolean // the words have arrived; the voice may not have
  voice?: Voice
  refused?: string // the server's code: kept, and shown to people
}

export interface Arrived {
  id: string
  at: number
  voice: boolean
}

interface Shape extends DBSchema {
  items: { key: string; value: Item }
  arrived: { key: string; value: Arrived }
  facts: { key: string; value: unknown }
}

const ARRIVED_KEPT = 20
const DURABLE = { durability: 'strict' } as const
const WORDS_ROOM = 128 * 1024
const VOICE_ROOM = 768 * 1024 // three times the longest recording
const RANDOM_AT_ONCE = 64 * 1024

let opened: Promise<IDBPDatabase<Shape>> | undefined

function database(): Promise<IDBPDatabase<Shape>> {
  opened ??= openDB<Shape>('careloop', 1, {
    upgrade(db) {
      db.createObjectStore('items', { keyPath: 'id' })
      db.createObjectStore('arrived', { keyPath: 'id' })
      db.createObjectStore('facts')
    },
    terminated() {
      opened = undefined
    },
  })
  opened.catch(() => {
    opened = undefined
  })
  return opened
}

export const changes = new BroadcastChannel('careloop')

// A channel does not hear itself: the page that changed something has to be told as well.
function tell(): void {
  changes.postMessage('changed')
  globalThis.dispatchEvent(new Event('careloop'))
}

// Resolves when the item is on the disk: only then is anybody thanked.
export async function keep(item: Item): Promise<void> {
  const tx = (await database()).transaction('items', 'readwrite', DURABLE)
  await Promise.all([tx.store.add(item), tx.done])
  tell()
}

export const items = async (): Promise<Item[]> => (await database()).getAll('items')

export async function arrivals(): Promise<Arrived[]> {
  const found = await (await database()).getAll('arrived')
  return found.sort((a, b) => b.at - a.at)
}

// Changes an item that is still here, in one transaction with reading it.
export async function amend(id: string, change: (item: Item) => Item): Promise<void> {
  const tx = (await database()).transaction('items', 'readwrite', DURABLE)
  const found = await tx.store.get(id)
  await Promise.all([found && tx.store.put(change(found)), tx.done])
  tell()
}

// The item is at the hospital, all of it: nothing of it stays but that it went.
export async function release(id: string, voice: boolean): Promise<void> {
  const tx = (await database()).transaction(['items', 'arrived'], 'readwrite', DURABLE)
  const arrived = tx.objectStore('arrived')
  tx.objectStore('items').delete(id)
  arrived.put({ id, at: Date.now(), voice })
  const old = (await arrived.getAll()).sort((a, b) => b.at - a.at).slice(ARRIVED_KEPT)
  await Promise.all([...old.map((one) => arrived.delete(one.id)), tx.done])
  tell()
}

export const fact = async <T>(name: string): Promise<T | undefined> =>
  (await (await database()).get('facts', name)) as T | undefined

export async function note(name: string, value: unknown): Promise<void> {
  await (await database()).put('facts', value, name)
}

export type Room = 'none' | 'words' | 'voice'

// Asked before anybody begins: is there a place to keep what they will say? It is tried, because
// what a browser estimates is no longer what it allows.
export async function room(): Promise<Room> {
  if (!(await hasRoom(WORDS_ROOM))) return 'none'
  return (await hasRoom(VOICE_ROOM)) ? 'voice' : 'words'
}

async function hasRoom(bytes: number): Promise<boolean> {
  try {
    const db = await database()
    const probe = new Uint8Array(bytes) // random: it is not to become smaller on the disk
    for (let at = 0; at < bytes; at += RANDOM_AT_ONCE) {
      crypto.getRandomValues(probe.subarray(at, at + RANDOM_AT_ONCE))
    }
    await db.put('facts', probe.buffer, 'probe')
    await db.delete('facts', 'probe')
    return true
  } catch {
    return false
  }
}
