import { Link, useLocation } from 'wouter'

import { useWords } from '../../i18n/words'
import { useFilters } from '../../logic/filters'
import { isTodo } from '../../logic/phrases'
import type { Me } from '../../session/session'
import { LinkButton } from '../../ui/button'
import { Chip } from '../../ui/chip'
import { Choice, OneOf } from '../../ui/field'
import { Asked, Empty, Page } from '../../ui/page'
import { Editor } from './editor'
import { type Flow as FlowShape, keyOf, originalOf, pathOf, STATE_TONES, useFlow, useLanguageName } from './parts'
import './phrases.css'
import { Standing } from './standing'

const HEARD = /_by_phone$|_by_app$|^no_service$/

interface Props {
  flow: string
  language: string
  chosen: string | null
  me: Me
}

export default function Flow({ flow, language, chosen, me }: Props) {
  const words = useWords()
  const say = words.phrases
  const name = useLanguageName()
  const [, navigate] = useLocation()
  const query = useFlow(flow, language)
  const phrase = chosen === null ? null : keyOf(chosen)
  return (
    <Page
      title={`${say.flows[flow] ?? flow} · ${name(language)}`}
      lead={say.flowTexts[flow]}
      above={{ to: '/phrases', name: say.title }}
      wide
      actions={
        HEARD.test(flow) && (
          <LinkButton icon="listen" to={`${pathOf(flow, language)}/call`}>
            {say.hear}
          </LinkButton>
        )
      }
    >
      <div className="flow-top">
        <Choice
          label={say.language}
          value={language}
          options={Object.entries(words.common.patientLanguages)}
          onChange={(other) => navigate(pathOf(flow, other, phrase ?? ''))}
        />
        {query.data && <Standing flow={query.data} me={me} />}
      </div>
      <div className={phrase === null ? 'two' : 'two chosen-one'}>
        <section aria-label={say.listOf(say.flows[flow] ?? flow)}>
          <Asked query={query} lines={8}>
            {(found) => <PhraseList flow={found} chosen={phrase} />}
          </Asked>
        </section>
        <div>
          {phrase === null ? (
            <Empty title={say.choose} />
          ) : (
            <Asked query={query}>
              {(found) => <Editor key={`${phrase}/${language}`} flow={found} chosen={phrase} me={me} />}
            </Asked>
          )}
        </div>
      </div>
    </Page>
  )
}

const ALL = { show: 'all' }

function PhraseList({ flow, chosen }: { flow: FlowShape; chosen: string | null }) {
  const words = useWords()
  const say = words.phrases
  const filters = useFilters(ALL)
  const show = filters.values.show === 'todo' ? 'todo' : 'all'
  const listed = flow.phrases.filter((one) => show === 'all' || isTodo(one))
  return (
    <div className="stack">
      <OneOf
        label={say.show}
        quietLabel
        value={show}
        options={(['all', 'todo'] as const).map((one) => [one, say.shows[one]] as const)}
        onChange={(wanted) => filters.set({ show: wanted })}
      />
      {listed.length === 0 ? (
        <Empty title={say.allDone} />
      ) : (
        <ul className="rows">
          {listed.map((one) => (
            <li key={one.key}>
              <Link
                href={`${pathOf(flow.flow, flow.language, one.key)}${show === 'todo' ? '?show=todo' : ''}`}
                className="row"
                aria-current={one.key === chosen ? 'page' : undefined}
              >
                <span className="line">
                  <span className="excerpt" dir="auto">
                    {one.words.text ?? originalOf(one, words.tag)}
                  </span>
                  <small className="soft">{one.key}</small>
                </span>
                <Chip tone={STATE_TONES[one.state]}>{say.states[one.state]}</Chip>
              </Link>
            </li>
          ))}
        </ul>
      )}
    </div>
  )
}
