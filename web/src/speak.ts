// Plays what somebody of the hospital has spoken: fetched once, then kept on the device, where it is
// heard without a network, too. It says nothing of a patient.

import { authorization } from './form'

const SHELF = 'spoken'
const MOST_KEPT = 60 // more than the app has phrases to say in two languages
const PATIENCE = 30_000

let hushed = () => {}
let turn = 0

// One voice at a time, and none while somebody is recorded; not one either that was still coming.
function hush() {
  turn += 1
  hushed()
}
addEventListener('careloop-hush', hush)

async function sound(address: string): Promise<Blob> {
  const shelf = await caches.open(SHELF).catch(() => undefined) // where nothing may be kept, it is still heard
  const kept = await shelf?.match(address)
  if (kept) return kept.blob()
  const answer = await fetch(address, {
    headers: await authorization(address.slice(0, address.indexOf('/sync/'))),
    signal: AbortSignal.timeout(PATIENCE),
  })
  if (!answer.ok) throw new Error(String(answer.status))
  const copy = answer.clone()
  await shelf?.put(address, copy).then(
    () => tidy(shelf),
    () => undefined, // the disk is full
  )
  return answer.blob()
}

async function tidy(shelf: Cache): Promise<void> {
  const old = (await shelf.keys()).slice(0, -MOST_KEPT)
  await Promise.all(old.map((one) => shelf.delete(one)))
}

// Resolves when it is heard, with what silences it, or to nothing when it was silenced before that;
// `over` is called when it has ended or was silenced.
export async function speak(address: string, over: () => void): Promise<(() => void) | undefined> {
  hush()
  const mine = turn
  const voice = await sound(address)
  if (mine !== turn) return
  const url = URL.createObjectURL(voice)
  const audio = new Audio(url)
  const end = () => {
    audio.pause()
    URL.revokeObjectURL(url)
    if (hushed === end) hushed = () => {}
    over()
  }
  audio.onended = end
  hushed = end
  try {
    await audio.play()
  } catch (error) {
    end()
    throw error
  }
  return end
}
