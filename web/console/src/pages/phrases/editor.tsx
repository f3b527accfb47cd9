// One phrase in one language: what it is for, how it reads and sounds, and who has looked at it.

import { Link } from 'wouter'

import { useWords } from '../../i18n/words'
import { type Me, may } from '../../session/session'
import { Chip } from '../../ui/chip'
import { Icon } from '../../ui/icon'
import { Empty } from '../../ui/page'
import { Approval } from './approval'
import { type Flow, pathOf, type Phrase, STATE_TONES } from './parts'
import { TextForm } from './text'
import { PhraseVoice } from './voice'

export interface PartProps {
  flow: Flow
  phrase: Phrase
  me: Me
}

export function Editor({ flow, chosen, me }: { flow: Flow; chosen: string; me: Me }) {
  const words = useWords()
  const say = words.phrases
  const phrase = flow.phrases.find((one) => one.key === chosen)
  if (!phrase) return <Empty title={words.common.notFound} />
  const about = phrase.about[words.tag] ?? phrase.about['fr']
  const part = { flow, phrase, me }
  return (
    <article className="card editor">
      <Link href={pathOf(flow.flow, flow.language)} className="above only-narrow">
        <Icon name="back" />
        {say.flows[flow.flow] ?? flow.flow}
      </Link>
      <header>
        <h2 className="detail-title phrase-key">{phrase.key}</h2>
        <Chip tone={STATE_TONES[phrase.state]}>{say.states[phrase.state]}</Chip>
      </header>
      {about && <p>{about}</p>}
      <Originals flow={flow} phrase={phrase} />
      <Approval {...part} />
      {may(me, 'staff') ? <TextForm {...part} /> : <Written phrase={phrase} />}
      {phrase.spoken && <PhraseVoice {...part} />}
    </article>
  )
}

/** The words that ship: what a translator goes by. */
function Originals({ flow, phrase }: { flow: Flow; phrase: Phrase }) {
  const say = useWords().phrases
  const shipped = phrase.words.shipped
  if (flow.ships && shipped?.text) {
    return (
      <dl className="originals">
        <dt>{say.shippedAs}</dt>
        <dd dir="auto">{shipped.text}</dd>
        {shipped.sms_text && (
          <>
            <dt>{say.sms}</dt>
            <dd dir="auto">{shipped.sms_text}</dd>
          </>
        )}
      </dl>
    )
  }
  return (
    <dl className="originals">
      {(['fr', 'en'] as const).map((tag) => {
        const text = phrase.originals[tag]?.text
        return (
          text && (
            <div key={tag}>
              <dt>{say.original[tag]}</dt>
              <dd lang={tag} dir="auto">
                {text}
              </dd>
            </div>
          )
        )
      })}
    </dl>
  )
}

function Written({ phrase }: { phrase: Phrase }) {
  const say = useWords().phrases
  const own = phrase.words.own
  if (!own?.text) return null
  return (
    <dl className="originals">
      <dt>{say.text}</dt>
      <dd dir="auto">{own.text}</dd>
      {own.sms_text && (
        <>
          <dt>{say.sms}</dt>
          <dd dir="auto">{own.sms_text}</dd>
        </>
      )}
    </dl>
  )
}
