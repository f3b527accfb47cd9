import { useMutation } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'

import { api, got, newKey } from '../../api/client'
import type { Shape } from '../../api/types'
import { useWords } from '../../i18n/words'
import { useDraft } from '../../logic/drafts'
import { Button } from '../../ui/button'
import { Dialog } from '../../ui/dialog'
import { TextField } from '../../ui/field'
import { say as sayBriefly, Trouble } from '../../ui/notice'

const NO_PHONE = { phone: '' }

/** The same words, now, to whoever writes them: nothing goes to the patient. */
function testOf(body: Shape<'ReminderIn'>, phone: string, key: string): Shape<'ReminderIn'> {
  const { message, template, parameters, language } = body
  return {
    client_id: key,
    phone_number: phone,
    channels: ['sms'],
    scheduled_time: new Date().toISOString(),
    ...(message ? { message } : { template, parameters }),
    ...(language && { language }),
    escalate: false,
  } as Shape<'ReminderIn'>
}

export function SendTest({ body, onClose }: { body: Shape<'ReminderIn'>; onClose: () => void }) {
  const say = useWords().reminders.form
  const own = useDraft('own-phone', NO_PHONE)
  const [key] = useState(newKey)
  const send = useMutation({
    mutationFn: () =>
      got(api.POST('/api/v1/reminders', {
        body: testOf(body, own.value.phone.trim(), key),
        params: { header: { 'Idempotency-Key': key } },
      })),
    onSuccess: () => {
      sayBriefly(say.testSent)
      onClose()
    },
  })
  function submit(event: FormEvent) {
    event.preventDefault()
    if (own.value.phone.trim() && !send.isPending) send.mutate()
  }
  return (
    <Dialog title={say.testTitle} onClose={onClose}>
      <form onSubmit={submit}>
        <div className="dialog-body">
          <p>{say.testText}</p>
          <TextField
            label={say.testPhone}
            type="tel"
            inputMode="tel"
            autoComplete="tel"
            dir="ltr"
            // oxlint-disable-next-line jsx-a11y/no-autofocus -- the only field of a dialog
            autoFocus
            value={own.value.phone}
            onChange={(phone) => own.change({ phone })}
          />
          <Trouble error={send.error} />
        </div>
        <footer>
          <Button look="main" type="submit" busy={send.isPending} disabled={!own.value.phone.trim()}>
            {say.testSend}
          </Button>
        </footer>
      </form>
    </Dialog>
  )
}
