import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useEffect, useState } from 'react'

import { api, download, file, got, newKey } from '../../api/client'
import type { Shape } from '../../api/types'
import { useWords } from '../../i18n/words'
import { useDraft } from '../../logic/drafts'
import { type Me, may } from '../../session/session'
import { Button } from '../../ui/button'
import { Chip } from '../../ui/chip'
import { Dialog } from '../../ui/dialog'
import { TextField } from '../../ui/field'
import { say as sayBriefly, Trouble } from '../../ui/notice'
import { Asked } from '../../ui/page'
import { useFieldProblem } from '../../ui/problem'
import { useDepartments } from '../feedback/departments'

type Department = Shape<'DepartmentOut'>

const NEW = { code: '', name: '' }

export default function Departments({ me }: { me: Me }) {
  const words = useWords()
  const say = words.settings
  const query = useDepartments()
  const client = useQueryClient()
  const [poster, setPoster] = useState<Department | null>(null)
  const change = useMutation({
    mutationFn: ({ id, active }: Department) =>
      got(api.PATCH('/api/v1/departments/{department_id}', {
        params: { path: { department_id: id } },
        body: { active: !active },
      })),
    onSettled: () => client.invalidateQueries({ queryKey: ['departments'] }),
  })
  const admin = may(me, 'admin')
  return (
    <>
      {admin && <AddDepartment />}
      <Trouble error={change.error} />
      <Asked query={query}>
        {(departments) => (
          <ul className="rows">
            {departments.map((one) => (
              <li key={one.id} className="row">
                <span className="line">
                  <strong dir="auto">{one.name}</strong>
                  <small className="soft">{one.code}</small>
                </span>
                <Chip tone={one.active ? 'good' : 'calm'}>{one.active ? say.open : say.closed}</Chip>
                {one.active && (
                  <Button aria-label={say.qrOf(one.name)} onClick={() => setPoster(one)}>
                    {say.qr}
                  </Button>
                )}
                {admin && (
                  <Button look="quiet" busy={change.isPending} onClick={() => change.mutate(one)}>
                    {one.active ? say.closeIt : say.openIt}
                  </Button>
                )}
              </li>
            ))}
          </ul>
        )}
      </Asked>
      {poster && <Poster department={poster} onClose={() => setPoster(null)} />}
    </>
  )
}

function AddDepartment() {
  const words = useWords()
  const say = words.settings
  const client = useQueryClient()
  const draft = useDraft('settings/department', NEW)
  const { code, name } = draft.value
  const add = useMutation({
    mutationFn: () =>
      got(api.POST('/api/v1/departments', {
        body: { code, name, active: true },
        params: { header: { 'Idempotency-Key': newKey() } },
      })),
    onSuccess: () => {
      draft.clear()
      sayBriefly(say.added)
    },
    onSettled: () => client.invalidateQueries({ queryKey: ['departments'] }),
  })
  const wrong = useFieldProblem(add.error)
  function submit(event: FormEvent) {
    event.preventDefault()
    if (!add.isPending) add.mutate()
  }
  return (
    <form className="card add" onSubmit={submit}>
      <TextField label={say.name} required value={name} error={wrong('name')} onChange={(typed) => draft.change({ name: typed })} />
      <TextField
        label={say.code}
        hint={say.codeHint}
        required
        value={code}
        dir="ltr"
        autoCapitalize="none"
        error={wrong('code')}
        onChange={(typed) => draft.change({ code: typed })}
      />
      <Button type="submit" icon="plus" busy={add.isPending}>
        {say.addDepartment}
      </Button>
      {!wrong('code') && !wrong('name') && <Trouble error={add.error} />}
    </form>
  )
}

function Poster({ department, onClose }: { department: Department; onClose: () => void }) {
  const words = useWords()
  const say = words.settings
  const query = useQuery({
    queryKey: ['qr', department.id],
    queryFn: ({ signal }) => file(`/api/v1/departments/${department.id}/qr.svg`, signal),
  })
  const url = useObjectUrl(query.data?.blob)
  const save = useMutation({ mutationFn: () => download(`/api/v1/departments/${department.id}/qr.png`) })
  return (
    <Dialog title={say.qrOf(department.name)} onClose={onClose}>
      <div className="dialog-body">
        <p>{say.qrText}</p>
        {url && <img className="qr" src={url} alt={say.qrOf(department.name)} />}
        <Trouble error={query.error ?? save.error} />
      </div>
      <footer>
        <Button icon="download" busy={save.isPending} onClick={() => save.mutate()}>
          {say.download}
        </Button>
      </footer>
    </Dialog>
  )
}

function useObjectUrl(blob: Blob | undefined): string | null {
  const [url, setUrl] = useState<string | null>(null)
  useEffect(() => {
    if (!blob) return
    const made = URL.createObjectURL(blob)
    // oxlint-disable-next-line react/set-state-in-effect -- an address is made and taken back: an effect
    setUrl(made)
    return () => URL.revokeObjectURL(made)
  }, [blob])
  return url
}
