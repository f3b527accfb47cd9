import type { Shape } from '../../api/types'
import { useWords } from '../../i18n/words'
import { Chip } from '../../ui/chip'
import { Icon } from '../../ui/icon'
import { useLanguageName } from './parts'

type Said = Shape<'SaidOut'>

interface Props {
  said: Said[]
  /** Which one is heard now. */
  at: number
  failed: ReadonlySet<number>
  language: string
}

/** What is said, one after the other; what nobody has recorded is shown. */
export function Heard({ said, at, failed, language }: Props) {
  return (
    <ol className="said-list">
      {said.map((one, index) => (
        <li key={index} aria-current={index === at ? 'step' : undefined}>
          <One one={one} failed={failed.has(index)} language={language} />
        </li>
      ))}
    </ol>
  )
}

function One({ one, failed, language }: { one: Said; failed: boolean; language: string }) {
  const words = useWords()
  const say = words.phrases.call
  const name = useLanguageName()
  if (one.kind !== 'phrase') return <p className="soft">{say.other[one.kind] ?? one.kind}</p>
  const missing = one.state === 'missing'
  return (
    <>
      {one.text && <blockquote dir="auto">{one.text}</blockquote>}
      <p className="soft said-how">
        <Icon name={one.recorded ? 'play' : missing ? 'warn' : 'feedback'} />
        <span>
          {one.language && one.language !== language && `${name(one.language)} · `}
          {one.recorded ? say.recorded : missing ? say.missing : one.key?.startsWith('phone.') ? say.spoken : say.written}
        </span>
        {(one.state === 'waiting' || one.state === 'rejected') && <Chip tone="warn">{say.notApproved}</Chip>}
        {failed && <Chip tone="bad">{say.failed}</Chip>}
      </p>
    </>
  )
}
