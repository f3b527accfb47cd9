import { type ReactNode, useEffect, useRef } from 'react'
import { Link } from 'wouter'

import { useWords } from '../i18n/words'
import { Icon } from './icon'
import { Trouble } from './notice'

interface PageProps {
  title: string
  lead?: ReactNode
  actions?: ReactNode
  /** The page that this one hangs on. */
  above?: { to: string; name: string }
  wide?: boolean
  children: ReactNode
}

/** A page: its heading takes the focus, so that who hears it knows where they are. */
export function Page({ title, lead, actions, above, wide, children }: PageProps) {
  const heading = useRef<HTMLHeadingElement>(null)
  useEffect(() => {
    document.title = `${title} · Careloop`
  }, [title])
  useEffect(() => {
    // Not over a field that asked for it, and not on the very first page.
    if (document.activeElement === document.body || document.activeElement?.closest('nav')) {
      heading.current?.focus({ preventScroll: true })
    }
  }, [])
  return (
    <div className={wide ? 'page wide' : 'page'}>
      <header className="page-head">
        <div>
          {above && (
            <Link href={above.to} className="above">
              <Icon name="back" />
              {above.name}
            </Link>
          )}
          <h1 ref={heading} tabIndex={-1}>
            {title}
          </h1>
          {lead && <p className="lead">{lead}</p>}
        </div>
        {actions && <div className="actions">{actions}</div>}
      </header>
      {children}
    </div>
  )
}

export const Empty = ({ title, children }: { title: string; children?: ReactNode }) => (
  <div className="empty">
    <svg viewBox="0 0 96 40" aria-hidden="true" className="weave">
      <path d="M8 20l10-14 10 14-10 14zM38 20 48 6l10 14-10 14zM68 20 78 6l10 14-10 14z" />
    </svg>
    <p className="empty-title">{title}</p>
    {children}
  </div>
)

interface AskedProps<Data> {
  query: { data: Data | undefined; error: unknown; isPending: boolean; refetch: () => unknown }
  children: (data: Data) => ReactNode
  lines?: number
}

/** What was asked of the service: on its way, not to be had, or here. */
export function Asked<Data>({ query, children, lines = 4 }: AskedProps<Data>) {
  if (query.data !== undefined) return <>{children(query.data)}</>
  if (query.error) return <Trouble error={query.error} again={() => void query.refetch()} />
  return <Waiting lines={lines} />
}

/** Something is on its way. */
export function Waiting({ lines = 4 }: { lines?: number }) {
  const words = useWords()
  return (
    <div className="waiting" role="status">
      <span className="heard">{words.common.loading}</span>
      {Array.from({ length: lines }, (_, line) => (
        <i key={line} />
      ))}
    </div>
  )
}
