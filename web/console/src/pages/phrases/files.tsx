// Phrases as files: out for a translator, in again, with every refused line and why.

import { useMutation } from '@tanstack/react-query'
import { type ChangeEvent, useRef, useState } from 'react'

import { api, download, got, newKey } from '../../api/client'
import type { Shape } from '../../api/types'
import { useWords } from '../../i18n/words'
import { type Me, may } from '../../session/session'
import { Button } from '../../ui/button'
import { Dialog } from '../../ui/dialog'
import { Choice } from '../../ui/field'
import { Notice, Trouble } from '../../ui/notice'
import { useLookAgain } from './parts'

const KINDS: Record<string, string> = { csv: 'text/csv', po: 'text/x-gettext-translation' }
const REFUSED_SHOWN = 50

export function Files({ me, onClose }: { me: Me; onClose: () => void }) {
  const words = useWords()
  const say = words.phrases
  const [language, setLanguage] = useState('duala')
  const load = useMutation({
    mutationFn: (ending: string) => download(`/api/v1/phrases/export.${ending}?language=${language}`),
  })
  return (
    <Dialog title={say.filesTitle} onClose={onClose}>
      <div className="dialog-body">
        <Choice
          label={say.fileLanguage}
          value={language}
          options={Object.entries(words.common.patientLanguages)}
          onChange={setLanguage}
        />
        <p className="soft">{say.exportText}</p>
        <div className="actions">
          <Button icon="download" busy={load.isPending} onClick={() => load.mutate('csv')}>
            {say.exportCsv}
          </Button>
          <Button icon="download" busy={load.isPending} onClick={() => load.mutate('po')}>
            {say.exportPo}
          </Button>
        </div>
        <Trouble error={load.error} />
        {may(me, 'staff') && <TakeIn language={language} />}
      </div>
    </Dialog>
  )
}

function TakeIn({ language }: { language: string }) {
  const say = useWords().phrases
  const lookAgain = useLookAgain()
  const input = useRef<HTMLInputElement>(null)
  const [noFile, setNoFile] = useState(false)
  const take = useMutation({
    mutationFn: async (file: File) =>
      got(
        api.POST('/api/v1/phrases/import', {
          params: { query: { language }, header: { 'Idempotency-Key': newKey() } },
          headers: { 'Content-Type': KINDS[endingOf(file)] ?? '' },
          body: (await file.text()) as never,
          bodySerializer: (body) => body as never,
        }),
      ),
    onSettled: lookAgain,
  })
  function chosen(event: ChangeEvent<HTMLInputElement>) {
    const file = event.target.files?.[0]
    event.target.value = '' // the same file may be chosen again, mended
    if (!file) return
    setNoFile(!(endingOf(file) in KINDS))
    take.reset()
    if (endingOf(file) in KINDS) take.mutate(file)
  }
  return (
    <div className="take-in">
      <p className="soft">{say.importText}</p>
      <input ref={input} type="file" hidden accept=".csv,.po" onChange={chosen} />
      <Button icon="upload" busy={take.isPending} onClick={() => input.current?.click()}>
        {take.isPending ? say.importing : say.import}
      </Button>
      {noFile && <Notice tone="bad">{say.notAFile}</Notice>}
      <Trouble error={take.error} />
      <div role="status">{take.data && <Report report={take.data} />}</div>
    </div>
  )
}

const endingOf = (file: File) => file.name.split('.').pop()?.toLowerCase() ?? ''

function Report({ report }: { report: Shape<'PhraseImport'> }) {
  const words = useWords()
  const say = words.phrases
  const known: Record<string, string> = words.problems.byCode
  if (report.stored) {
    return <Notice tone="good">{say.importDone(report.written, report.unchanged, report.empty)}</Notice>
  }
  return (
    <>
      <Notice tone="bad">{say.importRefused(report.refused_count)}</Notice>
      <table className="refusals">
        <thead>
          <tr>
            <th scope="col">{say.line}</th>
            <th scope="col">{say.field}</th>
            <th scope="col">{say.why}</th>
          </tr>
        </thead>
        <tbody>
          {report.refused.slice(0, REFUSED_SHOWN).map((one) => (
            <tr key={`${one.line}/${one.field}/${one.code}`}>
              <td>{one.line}</td>
              <td>{one.field}</td>
              <td>{say.refusals[one.code] ?? known[one.code] ?? one.reason}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </>
  )
}
