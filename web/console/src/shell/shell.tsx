// Around every page: where one is, where one can go, who one is, and whether the service answers.

import { lazy, type ReactNode, Suspense, useState } from 'react'
import { Link, useLocation } from 'wouter'

import { askNow, away } from '../api/reach'
import { live } from '../api/live'
import { useWords } from '../i18n/words'
import { useStore } from '../logic/store'
import type { Me } from '../session/session'
import { Icon, type IconName } from '../ui/icon'
import { MailAddress } from '../ui/mail-address'
import { Toasts } from '../ui/notice'
import './shell.css'

const Account = lazy(() => import('./account'))

export const PAGES = [
  'today',
  'reminders',
  'bulk',
  'feedback',
  'tasks',
  'trends',
  'phrases',
  'settings',
] as const
export type PageName = (typeof PAGES)[number]
/** At the thumb on a phone; the others are behind "More". */
export const FIRST_PAGES: readonly PageName[] = ['today', 'reminders', 'feedback', 'tasks']

export const pathOf = (page: PageName) => (page === 'today' ? '/' : `/${page}`)

export const pageAt = (path: string): PageName | undefined =>
  path === '/' || path === '/deliveries' ? 'today' : PAGES.find((page) => path === `/${page}` || path.startsWith(`/${page}/`))

export function Shell({ me, children }: { me: Me; children: ReactNode }) {
  const words = useWords()
  const [path] = useLocation()
  const [account, setAccount] = useState(false)
  const here = pageAt(path)
  return (
    <div className="shell">
      <a className="skip" href="#content">
        {words.common.skip}
      </a>
      <header className="house">
        <p>
          <strong>{me.current.name}</strong>
          <span>{words.common.product}</span>
        </p>
        <Pulse />
      </header>
      <nav aria-label={words.common.navigation} className="places">
        <ul>
          {PAGES.map((page) => (
            <li key={page} className={FIRST_PAGES.includes(page) ? undefined : 'later'}>
              <Link href={pathOf(page)} aria-current={here === page ? 'page' : undefined}>
                <Icon name={page as IconName} />
                <span>{words.common.pages[page]}</span>
              </Link>
            </li>
          ))}
          <li className="account">
            <button type="button" aria-haspopup="dialog" onClick={() => setAccount(true)}>
              <Icon name="menu" />
              <span className="on-phone">{words.common.more}</span>
              <span className="on-desk">
                {me.user.name ?? <MailAddress>{me.user.email}</MailAddress>}
                <small>{words.common.roles[me.current.role]}</small>
              </span>
            </button>
          </li>
        </ul>
      </nav>
      <main id="content" tabIndex={-1}>
        <Away />
        {children}
      </main>
      <Toasts />
      {account && (
        <Suspense>
          <Account me={me} onClose={() => setAccount(false)} />
        </Suspense>
      )}
    </div>
  )
}

function Pulse() {
  const words = useWords()
  const now = useStore(live)
  return (
    <span className={now ? 'pulse on' : 'pulse'} title={now ? words.common.live : words.common.polling}>
      <i aria-hidden="true" />
      <span className="heard">{now ? words.common.live : words.common.polling}</span>
    </span>
  )
}

function Away() {
  const words = useWords()
  const gone = useStore(away)
  return (
    <div role="status" aria-live="assertive" className="reach">
      {gone && (
        <div className="away">
          <Icon name="warn" />
          <p>{words.common.away}</p>
          <button type="button" className="button quiet" onClick={askNow}>
            {words.common.askNow}
          </button>
        </div>
      )}
    </div>
  )
}
