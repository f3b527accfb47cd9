import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'

import { download } from '../../api/client'
import { useWords } from '../../i18n/words'
import { type Me, may } from '../../session/session'
import { Ask } from '../../ui/dialog'
import { Tick } from '../../ui/field'
import { Trouble } from '../../ui/notice'

interface Props {
  question: Record<string, string>
  me: Me
  onClose: () => void
}

export function ExportFeedback({ question, me, onClose }: Props) {
  const words = useWords()
  const say = words.feedback
  const [personal, setPersonal] = useState(false)
  const load = useMutation({
    mutationFn: () => {
      const query = new URLSearchParams({ ...question, locale: words.tag, ...(personal && { personal: 'true' }) })
      return download(`/api/v1/feedback/export.csv?${query}`)
    },
    onSuccess: onClose,
  })
  return (
    <Ask title={say.exportTitle} yes={say.exportYes} busy={load.isPending} onYes={() => load.mutate()} onNo={onClose}>
      <p>{say.exportText}</p>
      {may(me, 'admin') && (
        <Tick label={say.exportPersonal} hint={say.exportPersonalHint} checked={personal} onChange={setPersonal} />
      )}
      <Trouble error={load.error} />
    </Ask>
  )
}
