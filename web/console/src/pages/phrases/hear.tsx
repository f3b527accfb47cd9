// A whole flow as a patient hears it: a call with its keys, or one phrase after the other.

import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'

import { api, got } from '../../api/client'
import type { Shape } from '../../api/types'
import { useWords } from '../../i18n/words'
import { filledIn } from '../../logic/phrases'
import type { Me } from '../../session/session'
import { Button } from '../../ui/button'
import { OneOf } from '../../ui/field'
import { Asked, Page } from '../../ui/page'
import { Heard } from './heard'
import { Keypad, Others } from './keypad'
import { type Flow, pathOf, useFlow, useLanguageName } from './parts'
import './phrases.css'
import { usePlayback } from './playback'

export type Call = Pick<Shape<'CallOut'>, 'beginnings' | 'steps'>
type Props = { flow: string; language: string; me: Me }

/** What is asked at the end of another call is no call of its own. */
const isWholeCall = (flow: string) => flow.endsWith('_by_phone') && flow !== 'patient_by_phone'

export default function Hear({ flow, language }: Props) {
  const words = useWords()
  const say = words.phrases
  const name = useLanguageName()
  const isCall = isWholeCall(flow)
  const title = `${say.flows[flow] ?? flow} · ${name(language)}`
  return (
    <Page
      title={title}
      lead={isCall ? say.call.leadCall : say.call.leadRead}
      above={{ to: pathOf(flow, language), name: say.flows[flow] ?? flow }}
    >
      {isCall ? <WholeCall flow={flow} language={language} /> : <WholeList flow={flow} language={language} />}
    </Page>
  )
}

function WholeCall({ flow, language }: Omit<Props, 'me'>) {
  const query = useQuery({
    queryKey: ['phrases', 'call', flow, language],
    queryFn: ({ signal }) =>
      got(api.GET('/api/v1/phrases/flows/{flow}/{language}/call', { params: { path: { flow, language } }, signal })),
    staleTime: 60_000,
  })
  return <Asked query={query}>{(call) => <Handset call={call} language={language} />}</Asked>
}

function WholeList({ flow, language }: Omit<Props, 'me'>) {
  const query = useFlow(flow, language)
  return <Asked query={query}>{(found) => <Handset call={inOrder(found)} language={language} />}</Asked>
}

/** A flow without keys is a call with one step. */
const inOrder = (flow: Flow): Call => ({
  beginnings: [{ name: '', step: 0 }],
  steps: [
    {
      step: 'done',
      choices: [],
      said: flow.phrases.map((one) => ({
        kind: 'phrase',
        key: one.key,
        language: flow.language,
        text: one.words.text === null ? null : filledIn(one.words.text, flow.samples),
        recorded: one.words.own?.has_recording ?? false,
        state: one.state,
        seconds: null,
      })),
    },
  ],
})

/** Where the call stands; a press of the same key is another turn. */
interface Turn {
  step: number
  turn: number
  from: number
}

function Handset({ call, language }: { call: Call; language: string }) {
  const say = useWords().phrases.call
  const [beginning, setBeginning] = useState(call.beginnings[0]?.name ?? '')
  const [now, setNow] = useState<Turn | null>(null)
  const step = now === null ? undefined : call.steps[now.step]
  const heard = usePlayback(step?.said ?? [], now?.turn ?? 0, now?.from ?? 0)
  const isCall = call.steps.length > 1
  const go = (to: number, from = 0) => setNow({ step: to, turn: (now?.turn ?? 0) + 1, from })
  const act = (event: string) => {
    const choice = step?.choices.find((one) => one.event === event)
    if (choice) go(choice.to)
  }
  const first = call.beginnings.find((one) => one.name === beginning)?.step ?? 0
  return (
    <div className="handset">
      {call.beginnings.length > 1 && now === null && (
        <OneOf
          label={say.begin}
          value={beginning}
          options={call.beginnings.map((one) => [one.name, say.beginnings[one.name] ?? one.name] as const)}
          onChange={setBeginning}
        />
      )}
      {!step || !now ? (
        <Button look="main" icon={isCall ? 'voice' : 'play'} className="start" onClick={() => go(first)}>
          {isCall ? say.start : say.play}
        </Button>
      ) : (
        <div className="two-sides">
          <section className="card" aria-label={say.said}>
            <Heard said={step.said} at={heard.at} failed={heard.failed} language={language} />
            <p role="status" className="soft">
              {heard.over && (step.choices.length > 0 ? say.waiting : isCall ? say.over : say.readOver)}
            </p>
            <div className="actions">
              <Button onClick={() => go(now.step)}>{say.repeat}</Button>
              {!heard.over && heard.at + 1 < step.said.length && (
                <Button look="quiet" onClick={() => go(now.step, heard.at + 1)}>
                  {say.skip}
                </Button>
              )}
              <Button look="quiet" onClick={() => setNow(null)}>
                {step.choices.length > 0 || !heard.over ? say.hangUp : say.again}
              </Button>
            </div>
          </section>
          {isCall && (
            <section className="card keys" aria-label={say.keys}>
              <Keypad step={step} act={act} />
              <Others step={step} act={act} />
            </section>
          )}
        </div>
      )}
    </div>
  )
}
