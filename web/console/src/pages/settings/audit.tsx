import { useInfiniteQuery } from '@tanstack/react-query'

import { api, got } from '../../api/client'
import { useFormat } from '../../i18n/format'
import { useWords } from '../../i18n/words'
import { usePersonName } from '../../session/members'
import type { Me } from '../../session/session'
import { Asked, Empty, More } from '../../ui/page'

/** Who did what, the latest first. What it was before and after stays in the service. */
export default function Audit({ me }: { me: Me }) {
  const words = useWords()
  const format = useFormat()
  const person = usePersonName(me)
  const query = useInfiniteQuery({
    queryKey: ['audit'],
    initialPageParam: null as string | null,
    queryFn: ({ pageParam, signal }) =>
      got(api.GET('/api/v1/audit', { params: { query: { ...(pageParam && { cursor: pageParam }) } }, signal })),
    getNextPageParam: (page) => page.cursor,
  })
  const actor = (who: string) => {
    const id = Number(/^user:(\d+)$/.exec(who)?.[1])
    return id ? person(id) : who
  }
  return (
    <Asked query={query}>
      {({ pages }) => {
        const entries = pages.flatMap((page) => page.items)
        if (entries.length === 0) return <Empty title={words.settings.empty} />
        return (
          <>
            <ul className="rows">
              {entries.map((one, index) => (
                <li key={index} className="row">
                  <span className="line">
                    <strong>
                      {one.kind} {one.row_id} · {one.action}
                    </strong>
                    <small className="soft">{actor(one.actor)}</small>
                  </span>
                  <time className="soft" dateTime={one.at}>
                    {format.moment(one.at)}
                  </time>
                </li>
              ))}
            </ul>
            <More query={query} />
          </>
        )
      }}
    </Asked>
  )
}
