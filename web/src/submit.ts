// From what a patient said to an item that only the hospital can open.

import { askForBackgroundSync, driveNow } from './drive'
import type { Form } from './form'
import { seal, uuid7 } from './seal'
import { type Item, type Voice, keep } from './store'

export interface Draft {
  face: number // 0 to 4; -1: none
  stars: number // 1 to 5; 0: none
  text: string
  voice: Blob | null
}

export const EMPTY: Draft = { face: -1, stars: 0, text: '', voice: null }

export const saysSomething = (draft: Draft): boolean =>
  draft.face >= 0 || draft.stars > 0 || draft.text.trim() !== '' || draft.voice !== null

// Resolves with the identity when the item is on the disk. Rejects when it cannot be kept.
export async function submit(
  draft: Draft,
  about: { form: Form; language: string; department: string; base: string },
): Promise<string> {
  const { form, language, department, base } = about
  const id = uuid7()
  const voice = draft.voice && (await sealedVoice(draft.voice, form))
  const said = {
    type: 'feedback',
    client_id: id,
    recorded_at: new Date().toISOString(),
    language,
    channel: 'app',
    ...(draft.face >= 0 && { emoji: form.faces[draft.face] }),
    ...(draft.stars > 0 && { rating: draft.stars }),
    ...(draft.text.trim() && { content: draft.text.trim() }),
    ...(department && { department }),
    ...(voice && { recording: voice.id }),
  }
  const plain = new TextEncoder().encode(JSON.stringify(said))
  const item: Item = {
    id,
    made: Date.now(),
    base,
    keyId: form.key.id,
    sealed: await seal(plain, form.key, `item:${id}`),
    said: false,
    ...(voice && { voice }),
  }
  await keep(item)
  void askForBackgroundSync()
  driveNow()
  return id
}

async function sealedVoice(audio: Blob, form: Form): Promise<Voice> {
  const id = uuid7()
  const plain = await audio.arrayBuffer()
  return { id, keyId: form.key.id, sealed: await seal(plain, form.key, `recording:${id}`) }
}
