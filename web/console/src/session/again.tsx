// The session has ended while somebody was at work: a sign-in over the page, which stays as it was.

import { useWords } from '../i18n/words'
import { Button } from '../ui/button'
import { Dialog } from '../ui/dialog'
import { type Me, session } from './session'
import { SignInForm } from './sign-in'

export default function SignInAgain({ me }: { me: Me }) {
  const words = useWords()
  return (
    <Dialog title={words.common.signIn.again} onClose={null}>
      <div className="dialog-body">
        <p>{words.common.signIn.againLead}</p>
        <SignInForm email={me.user.email} establishment={me.current.slug} />
        <Button look="quiet" onClick={() => session.set({ state: 'out' })}>
          {words.common.signIn.other}
        </Button>
      </div>
    </Dialog>
  )
}
