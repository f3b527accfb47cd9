import { lazy, Suspense } from 'react'
import { Link } from 'wouter'

import { useWords } from '../../i18n/words'
import { type Me, may, type Role } from '../../session/session'
import { Empty, Page } from '../../ui/page'
import './settings.css'

const SECTIONS = {
  rules: { role: 'staff', page: lazy(() => import('./rules')) },
  holidays: { role: 'staff', page: lazy(() => import('./holidays')) },
  departments: { role: 'viewer', page: lazy(() => import('./departments')) },
  devices: { role: 'staff', page: lazy(() => import('./devices')) },
  senders: { role: 'admin', page: lazy(() => import('./senders')) },
  users: { role: 'admin', page: lazy(() => import('./users')) },
  audit: { role: 'admin', page: lazy(() => import('./audit')) },
} as const satisfies Record<string, { role: Role; page: unknown }>

type Section = keyof typeof SECTIONS

export default function Settings({ me, section }: { me: Me; section: string }) {
  const words = useWords()
  const say = words.settings
  const here: Section = section in SECTIONS ? (section as Section) : 'departments'
  const { role, page: Shown } = SECTIONS[here]
  const names = (Object.keys(SECTIONS) as Section[]).filter((name) => may(me, SECTIONS[name].role))
  return (
    <Page title={say.title}>
      <nav aria-label={say.title} className="sections">
        <ul>
          {names.map((name) => (
            <li key={name}>
              <Link href={`/settings/${name}`} aria-current={name === here ? 'page' : undefined}>
                {say.sections[name]}
              </Link>
            </li>
          ))}
        </ul>
      </nav>
      {may(me, role) ? (
        <Suspense fallback={<div aria-busy="true" />}>
          <Shown me={me} />
        </Suspense>
      ) : (
        <Empty title={say.adminOnly} />
      )}
    </Page>
  )
}
