import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'

import { api, got, newKey } from '../../api/client'
import { useWords } from '../../i18n/words'
import { Ask } from '../../ui/dialog'
import { say as sayBriefly, Trouble } from '../../ui/notice'

export function CancelReminder({ id, onClose }: { id: number; onClose: () => void }) {
  const say = useWords().reminders.detail
  const client = useQueryClient()
  const [key] = useState(newKey)
  const cancel = useMutation({
    mutationFn: () =>
      got(api.POST('/api/v1/reminders/{reminder_id}/cancel', {
        params: { path: { reminder_id: id }, header: { 'Idempotency-Key': key } },
      })),
    onSuccess: (done) => {
      const gone = done.already_with_carrier ?? 0
      sayBriefly([say.cancelled(done.cancelled ?? 0), gone > 0 ? say.partlyGone(gone) : ''].join(' '))
      onClose()
    },
    onSettled: () => client.invalidateQueries({ queryKey: ['reminders'] }),
  })
  return (
    <Ask
      title={say.cancelTitle}
      yes={say.cancelYes}
      danger
      busy={cancel.isPending}
      onYes={() => cancel.mutate()}
      onNo={onClose}
    >
      <p>{say.cancelText}</p>
      <Trouble error={cancel.error} />
    </Ask>
  )
}
