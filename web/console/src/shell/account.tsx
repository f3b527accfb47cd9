// Who I am and how I like it; on a phone also the pages that have no place at the thumb.

import { useState } from 'react'
import { Link } from 'wouter'

import { useWords } from '../i18n/words'
import { type Me, signOut, switchTo } from '../session/session'
import { Button } from '../ui/button'
import { Ask, Dialog } from '../ui/dialog'
import { Choice } from '../ui/field'
import { Icon, type IconName } from '../ui/icon'
import { Trouble } from '../ui/notice'
import { FIRST_PAGES, PAGES, pathOf } from './shell'
import { LanguageSwitch, ThemeSwitch } from './switches'

export default function Account({ me, onClose }: { me: Me; onClose: () => void }) {
  const words = useWords()
  const [asking, setAsking] = useState(false)
  const [error, setError] = useState<unknown>(null)
  const tried = (work: Promise<void>) => void work.catch(setError)
  if (asking) {
    return (
      <Ask
        title={words.common.signIn.everywhereTitle}
        yes={words.common.signOutEverywhere}
        danger
        onYes={() => tried(signOut(true))}
        onNo={() => setAsking(false)}
      >
        <p>{words.common.signIn.everywhereText}</p>
        <Trouble error={error} />
      </Ask>
    )
  }
  return (
    <Dialog title={me.user.name ?? me.user.email} onClose={onClose}>
      <div className="dialog-body account-body">
        <p className="soft">
          {me.user.email} · {words.common.roles[me.current.role]}
        </p>
        <ul className="more-pages on-phone">
          {PAGES.filter((page) => !FIRST_PAGES.includes(page)).map((page) => (
            <li key={page}>
              <Link href={pathOf(page)} onClick={onClose}>
                <Icon name={page as IconName} />
                {words.common.pages[page]}
              </Link>
            </li>
          ))}
        </ul>
        {me.memberships.length > 1 && (
          <Choice
            label={words.common.switchTo}
            value={String(me.current.establishment_id)}
            options={me.memberships.map((one) => [String(one.establishment_id), one.name] as const)}
            onChange={(value) => tried(switchTo(Number(value)).then(onClose))}
          />
        )}
        <LanguageSwitch />
        <ThemeSwitch />
        <Trouble error={error} />
      </div>
      <footer>
        <Button look="quiet" onClick={() => setAsking(true)}>
          {words.common.signOutEverywhere}
        </Button>
        <Button icon="leave" onClick={() => tried(signOut())}>
          {words.common.signOut}
        </Button>
      </footer>
    </Dialog>
  )
}
