// The words, their spelling for SMS, and what they cost; the words in braces are looked after.

import { keepPreviousData, useMutation, useQuery } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'

import { api, got } from '../../api/client'
import { ApiError } from '../../api/problem'
import { useFormat } from '../../i18n/format'
import { useWords } from '../../i18n/words'
import { useDraft } from '../../logic/drafts'
import { type BraceProblems, braceProblems, filledIn } from '../../logic/phrases'
import { useSettled } from '../../logic/settled'
import { smsCost } from '../../logic/sms'
import { Button } from '../../ui/button'
import { TextArea } from '../../ui/field'
import { Notice, say as sayBriefly, Trouble } from '../../ui/notice'
import { useFieldProblem } from '../../ui/problem'
import type { PartProps } from './editor'
import { type Flow, type Phrase, useLookAgain } from './parts'

interface Typed {
  text: string
  sms: string
  version: number
}

export function TextForm({ flow, phrase }: PartProps) {
  const words = useWords()
  const say = words.phrases
  const { key, placeholders } = phrase
  const own = phrase.words.own
  const written: Typed = { text: own?.text ?? '', sms: own?.sms_text ?? '', version: own?.version ?? 0 }
  const [empty] = useState(written)
  const draft = useDraft(`phrases/${key}/${flow.language}`, empty)
  const typed = draft.touched ? draft.value : written
  const change = (part: Partial<Typed>) => draft.change(draft.touched ? part : { ...written, ...part })
  const lookAgain = useLookAgain()
  const save = useMutation({
    mutationFn: () =>
      got(
        api.PUT('/api/v1/phrases/{key}/{language}', {
          params: { path: { key, language: flow.language }, header: { 'If-Match': `"${typed.version}"` } },
          body: { text: typed.text.trim() || null, sms_text: typed.sms.trim() || null },
        }),
      ),
    onSuccess: () => {
      draft.clear()
      sayBriefly(say.saved)
    },
    onSettled: lookAgain,
  })
  const wrong = useFieldProblem(save.error)
  const told = useBraces()
  const problems = {
    text: typed.text.trim() ? braceProblems(typed.text, placeholders) : null,
    sms: typed.sms.trim() ? braceProblems(typed.sms, placeholders) : null,
  }
  const changed = typed.text.trim() !== written.text || typed.sms.trim() !== written.sms
  const ships = phrase.words.shipped?.text ?? null
  const saidNow = own?.text ?? ships // what the recording says; where nothing ships, the text follows it
  const says = typed.text.trim() !== '' || own?.has_recording === true
  const overtaken = save.error instanceof ApiError && save.error.changedMeanwhile

  function submit(event: FormEvent) {
    event.preventDefault()
    if (!save.isPending && says && !problems.text && !problems.sms) save.mutate()
  }
  return (
    <form className="words-form" onSubmit={submit}>
      <TextArea
        label={say.text}
        hint={hintOf(flow, phrase, say.textHint)}
        value={typed.text}
        maxLength={600}
        rows={4}
        error={told(problems.text) ?? wrong('text')}
        onChange={(text) => change({ text })}
      />
      {!typed.text && phrase.words.shipped?.text && (
        <Button
          look="quiet"
          className="start"
          onClick={() => change({ text: phrase.words.shipped?.text ?? '', sms: phrase.words.shipped?.sms_text ?? '' })}
        >
          {say.startFrom}
        </Button>
      )}
      <Braces flow={flow} names={placeholders} problems={problems.text} add={(name) => change({ text: `${typed.text.trimEnd()} {${name}}`.trimStart() })} />
      {phrase.by_sms && (
        <>
          <TextArea
            label={say.sms}
            hint={say.smsHint}
            value={typed.sms}
            maxLength={459}
            rows={3}
            error={told(problems.sms) ?? wrong('sms_text')}
            onChange={(sms) => change({ sms })}
          />
          {!problems.text && !problems.sms && <AsSms flow={flow} phrase={phrase} typed={typed} />}
        </>
      )}
      {own?.has_recording && saidNow !== null && (typed.text.trim() || ships) !== saidNow && (
        <Notice tone="warn">{say.losesRecording}</Notice>
      )}
      {overtaken ? (
        <Overtaken
          text={own?.text}
          onTake={() => {
            draft.change({ version: own?.version ?? 0 })
            save.reset()
          }}
        />
      ) : (
        !wrong('text') && !wrong('sms_text') && <Trouble error={save.error} />
      )}
      {changed && (
        <Button
          look="main"
          type="submit"
          busy={save.isPending}
          disabled={overtaken || !says || problems.text !== null || problems.sms !== null}
        >
          {say.save}
        </Button>
      )}
    </form>
  )
}

const hintOf = (flow: Flow, phrase: Phrase, hints: Record<'sms' | 'call' | 'voice' | 'app' | 'list', string>) => {
  if (phrase.word_list) return hints.list
  if (phrase.by_sms) return hints.sms
  if (!phrase.key.startsWith('phone.')) return hints.app
  return flow.needs === 'recording' ? hints.call : hints.voice
}

function Overtaken({ text, onTake }: { text: string | null | undefined; onTake: () => void }) {
  const words = useWords()
  return (
    <Notice tone="warn" told>
      <p>{words.common.changedMeanwhile}</p>
      {text && <blockquote dir="auto">{text}</blockquote>}
      <Button onClick={onTake}>{words.common.takeTheirs}</Button>
    </Notice>
  )
}

/** What is wrong with the words in braces, in a sentence; null when nothing is. */
function useBraces(): (problems: BraceProblems | null) => string | null {
  const say = useWords().phrases.wrong
  const format = useFormat()
  const listed = (names: string[]) => format.list(names.map((name) => `{${name}}`))
  return (problems) => {
    if (!problems) return null
    if (problems.broken) return say.broken
    const parts = [
      problems.missing.length > 0 && say.missing(listed(problems.missing)),
      problems.unknown.length > 0 && say.unknown(listed(problems.unknown)),
    ]
    return parts.filter(Boolean).join(' ')
  }
}

interface BracesProps {
  flow: Flow
  names: string[]
  problems: BraceProblems | null
  add: (name: string) => void
}

/** What the words in braces stand for; one that is missing is added with a press. */
function Braces({ flow, names, problems, add }: BracesProps) {
  const say = useWords().phrases
  if (names.length === 0) return null
  return (
    <div className="braces">
      <p className="label">{say.placeholders}</p>
      <ul>
        {names.map((name) => (
          <li key={name}>
            <code>{`{${name}}`}</code> {say.placeholder[name]?.(flow.samples[name] ?? '')}
            {problems?.missing.includes(name) && (
              <Button look="quiet" icon="plus" onClick={() => add(name)}>
                {say.insert(name)}
              </Button>
            )}
          </li>
        ))}
      </ul>
    </div>
  )
}

/** Counted here at every key, then by the service, which knows how this hospital has it sent. */
function AsSms({ flow, phrase, typed }: { flow: Flow; phrase: Phrase; typed: Typed }) {
  const words = useWords()
  const say = words.reminders.preview
  const text = typed.sms.trim() || typed.text.trim() || phrase.words.shipped?.sms_text || phrase.words.shipped?.text || ''
  const settled = useSettled(text, 400)
  const query = useQuery({
    queryKey: ['phrases', 'preview', phrase.key, flow.language, settled],
    queryFn: ({ signal }) =>
      got(
        api.POST('/api/v1/phrases/{key}/{language}/preview', {
          params: { path: { key: phrase.key, language: flow.language } },
          body: { text: settled },
          signal,
        }),
      ),
    enabled: settled !== '' && braceProblems(settled, phrase.placeholders) === null,
    placeholderData: keepPreviousData,
    staleTime: 60_000,
  })
  if (!text) return null
  const known = settled === text && !query.isPlaceholderData && !query.error ? query.data : undefined
  const shown = known?.goes_out ?? filledIn(text, flow.samples)
  const cost = smsCost(shown)
  return (
    <figure className="bubble">
      <p className="label">{words.phrases.asSms}</p>
      <blockquote dir="auto">{shown}</blockquote>
      <figcaption aria-live="polite">
        <span>
          {say.cost(known?.segments ?? cost.segments, known?.encoding ?? cost.encoding)} · {say.left(cost.left)}
        </span>
        {cost.costly.length > 0 && <span className="costly">{say.costly(cost.costly.slice(0, 12).join(' '))}</span>}
      </figcaption>
    </figure>
  )
}
