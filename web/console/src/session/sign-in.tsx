import { type FormEvent, useState } from 'react'

import { useWords } from '../i18n/words'
import { LanguageSwitch } from '../shell/switches'
import { Button } from '../ui/button'
import { TextField } from '../ui/field'
import { Trouble } from '../ui/notice'
import { signIn } from './session'
import './sign-in.css'

/** The address and the password; the password is gone from here as soon as it was sent. */
export function SignInForm({ email: known, establishment }: { email?: string; establishment?: string }) {
  const words = useWords()
  const [email, setEmail] = useState(known ?? '')
  const [password, setPassword] = useState('')
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<unknown>(null)

  async function submit(event: FormEvent) {
    event.preventDefault()
    if (busy) return
    setBusy(true)
    setError(null)
    await signIn(email.trim(), password, establishment).catch((reason: unknown) => {
      setPassword('')
      setError(reason)
    })
    setBusy(false)
  }

  return (
    <form className="sign-in-form" onSubmit={(event) => void submit(event)}>
      <TextField
        label={words.common.signIn.email}
        type="email"
        autoComplete="username"
        required
        readOnly={known !== undefined}
        value={email}
        onChange={setEmail}
        dir="ltr"
      />
      <TextField
        label={words.common.signIn.password}
        type="password"
        autoComplete="current-password"
        required
        // oxlint-disable-next-line jsx-a11y/no-autofocus -- in a dialog that opens over what was typed
        autoFocus={known !== undefined}
        value={password}
        onChange={setPassword}
        dir="ltr"
      />
      <Trouble error={error} />
      <Button look="main" type="submit" busy={busy}>
        {words.common.signIn.submit}
      </Button>
    </form>
  )
}

export function SignInPage() {
  const words = useWords()
  return (
    <div className="sign-in">
      <div className="cloth" aria-hidden="true">
        <i />
      </div>
      <main>
        <p className="brand">{words.common.product}</p>
        <h1>{words.common.signIn.title}</h1>
        <p className="lead">{words.common.signIn.lead}</p>
        <SignInForm />
        <LanguageSwitch />
      </main>
    </div>
  )
}
