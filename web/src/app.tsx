// Which screen is shown, and what goes from one to the next. Nothing of a patient outlives it.

import { useCallback, useEffect, useMemo, useRef, useState } from 'preact/hooks'

import { startDriving, useBox } from './drive'
import { type Failure, type Known, refreshed, remembered } from './form'
import { useIdle } from './idle'
import { type Place, base, place } from './place'
import { Ask } from './screens/ask'
import { Enrol } from './screens/enrol'
import { Outbox } from './screens/outbox'
import { StillThere } from './screens/still-there'
import { Stopped, type Reason } from './screens/stopped'
import { Thanks } from './screens/thanks'
import { Welcome } from './screens/welcome'
import { type Room, room } from './store'
import { updateWhenIdle } from './update'
import { offered, ownWords, wordsOf } from './words'

type Screen = 'welcome' | 'ask' | 'thanks' | 'outbox'
type Start = { here: Place; known: Known; room: Room } | Reason | 'enrol' | undefined

async function begin(): Promise<Start> {
  if (!globalThis.isSecureContext || !crypto.subtle || !navigator.locks) return 'insecure'
  const space = await room()
  if (space === 'none') return 'storage'
  const here = await place()
  const at = base(here.slug)
  const old = await remembered(at)
  const found: Known | Failure = old ?? (await refreshed(at))
  if (typeof found === 'string') return found
  return { here, known: found, room: space }
}

export function App() {
  const [start, setStart] = useState<Start>()
  const [screen, setScreen] = useState<Screen>('welcome')
  const [language, setLanguage] = useState('')
  const [sent, setSent] = useState('')
  const [visit, setVisit] = useState(0)
  const box = useBox()
  const driving = useRef(false)

  const load = useCallback(async () => {
    const now = await begin().catch((): Start => 'storage')
    setStart(now)
    if (typeof now !== 'object') return
    if (!driving.current) startDriving()
    driving.current = true
    const fresh = await refreshed(base(now.here.slug))
    if (typeof fresh === 'object') setStart({ ...now, known: fresh })
    else if (fresh === 'enrol') setStart('enrol')
  }, [])
  useEffect(() => {
    void load()
    addEventListener('hashchange', load)
    return () => removeEventListener('hashchange', load)
  }, [load])

  const ready = typeof start === 'object' ? start : undefined
  const phrases = ready?.known.phrases
  const names = ready ? offered(ready.known.form.languages, phrases) : []
  const chosen = names.includes(language) ? language : names.length === 1 ? names[0]! : ''
  const spoken = chosen || names[0]
  const at = ready ? base(ready.here.slug) : ''
  const words = useMemo(() => (spoken ? wordsOf(spoken, phrases, at) : ownWords()), [spoken, phrases, at])
  const shown: Screen = screen === 'welcome' && names.length === 1 ? 'ask' : screen

  const goTo = (next: Screen) => {
    setScreen(next)
    scrollTo(0, 0)
  }
  const startOver = useCallback(() => {
    setVisit((count) => count + 1)
    setLanguage('')
    setScreen('welcome')
    void room().then((space) => {
      if (space === 'none') setStart('storage')
      else setStart((now) => (typeof now === 'object' ? { ...now, room: space } : now))
    })
    updateWhenIdle()
  }, [])
  const idle = useIdle(shown === 'ask' || shown === 'outbox', startOver)

  useEffect(() => {
    document.documentElement.lang = words.tag
    document.title = ready ? ready.known.form.establishment.name : 'Careloop'
  }, [words, ready])

  if (start === undefined) return <main class="loading" aria-busy="true" />
  if (start === 'enrol') return <Enrol words={words} done={load} />
  if (!ready) return <Stopped words={words} reason={start as Reason} again={load} />

  const { form, departments } = ready.known
  const department = departments.find((one) => one.code === ready.here.department)
  const waiting = box.waiting.length
  const frame = {
    words,
    hospital: form.establishment.name,
    department: department?.name ?? '',
    waiting,
    openBox: () => goTo('outbox'),
  }
  return (
    <>
      {shown === 'welcome' && (
        <Welcome
          frame={frame}
          languages={names.map((name) => ({ name, words: wordsOf(name, phrases, at) }))}
          choose={(name) => {
            setLanguage(name)
            goTo('ask')
          }}
        />
      )}
      {(shown === 'ask' || (shown === 'outbox' && chosen !== '')) && (
        <div hidden={shown !== 'ask'}>
          <Ask
            key={visit}
            frame={frame}
            about={{
              form,
              language: chosen,
              department: ready.here.department,
              base: at,
            }}
            room={ready.room}
            shown={shown === 'ask'}
            back={names.length > 1 ? startOver : undefined}
            done={(id) => {
              setSent(id)
              setVisit((count) => count + 1)
              goTo('thanks')
            }}
          />
        </div>
      )}
      {shown === 'thanks' && <Thanks frame={frame} box={box} id={sent} again={startOver} />}
      {shown === 'outbox' && (
        <Outbox frame={frame} box={box} base={at} close={() => goTo(chosen ? 'ask' : 'welcome')} />
      )}
      {idle.asking && <StillThere words={words} more={idle.more} over={startOver} />}
    </>
  )
}
