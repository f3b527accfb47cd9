// What waits for a second person, and what was sent back: the oldest first.

import { useQuery } from '@tanstack/react-query'
import { Link } from 'wouter'

import { api, got } from '../../api/client'
import { useFormat } from '../../i18n/format'
import { useWords } from '../../i18n/words'
import { actorOf } from '../../logic/phrases'
import { type Me, may } from '../../session/session'
import { Chip } from '../../ui/chip'
import { Asked } from '../../ui/page'
import { pathOf, useActorName, useLanguageName } from './parts'

const SHOWN = 12

export function Pending({ me }: { me: Me }) {
  const words = useWords()
  const say = words.phrases
  const format = useFormat()
  const language = useLanguageName()
  const name = useActorName(me)
  const query = useQuery({
    queryKey: ['phrases', 'pending'],
    queryFn: ({ signal }) => got(api.GET('/api/v1/phrases/pending', { signal })),
  })
  return (
    <section className="card" aria-labelledby="pending">
      <h2 id="pending">{say.pending}</h2>
      <Asked query={query} lines={2}>
        {(all) =>
          all.length === 0 ? (
            <p className="soft">{say.pendingNone}</p>
          ) : (
            <>
              <ul className="rows">
                {all.slice(0, SHOWN).map((one) => {
                  const mine = one.made_by.includes(actorOf(me.user.id))
                  return (
                    <li key={`${one.key}/${one.language}`}>
                      <Link href={pathOf(one.flow, one.language, one.key)} className="row">
                        <span className="line">
                          <span dir="auto" className="excerpt">
                            {one.text ?? say.recordingOnly}
                          </span>
                          <small className="soft">
                            {language(one.language)} · {say.flows[one.flow] ?? one.flow} · {one.made_by.map(name).join(', ')},{' '}
                            {format.near(one.updated_at)}
                          </small>
                        </span>
                        {one.state === 'rejected' ? (
                          <Chip tone="bad">{say.states.rejected}</Chip>
                        ) : (
                          <Chip tone={mine ? 'calm' : 'warn'}>
                            {mine || !may(me, 'staff') ? say.byMe : say.byOther}
                          </Chip>
                        )}
                      </Link>
                    </li>
                  )
                })}
              </ul>
              {all.length > SHOWN && <p className="soft">{say.pendingMore(all.length - SHOWN)}</p>}
            </>
          )
        }
      </Asked>
    </section>
  )
}
