import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'

import { api, got, newKey } from '../../api/client'
import type { Shape } from '../../api/types'
import { useWords } from '../../i18n/words'
import type { Me, Role } from '../../session/session'
import { Button } from '../../ui/button'
import { Chip } from '../../ui/chip'
import { Choice, TextField } from '../../ui/field'
import { MailAddress } from '../../ui/mail-address'
import { say as sayBriefly, Trouble } from '../../ui/notice'
import { Asked } from '../../ui/page'
import { useFieldProblem } from '../../ui/problem'

const ROLES: Role[] = ['viewer', 'staff', 'admin']

export default function Users({ me }: { me: Me }) {
  const words = useWords()
  const say = words.settings
  const client = useQueryClient()
  const roles = ROLES.map((role) => [role, words.common.roles[role]] as const)
  const query = useQuery({
    queryKey: ['users'],
    queryFn: ({ signal }) => got(api.GET('/api/v1/users', { params: { query: { limit: 200 } }, signal })),
  })
  const change = useMutation({
    mutationFn: ({ id, body }: { id: number; body: Shape<'UserChange'> }) =>
      got(api.PATCH('/api/v1/users/{user_id}', { params: { path: { user_id: id } }, body })),
    onSettled: () => client.invalidateQueries({ queryKey: ['users'] }),
  })
  return (
    <>
      <AddUser />
      <Trouble error={change.error} />
      <Asked query={query}>
        {({ items }) => (
          <ul className="rows">
            {items.map((one) => (
              <li key={one.id} className="row">
                <span className="line">
                  <strong dir="auto">{one.name ?? <MailAddress>{one.email}</MailAddress>}</strong>
                  {one.name && (
                    <small className="soft">
                      <MailAddress>{one.email}</MailAddress>
                    </small>
                  )}
                </span>
                {!one.active && <Chip>{say.noAccess}</Chip>}
                {one.id !== me.user.id && (
                  <>
                    <Choice
                      label={`${say.role} : ${one.name ?? one.email}`}
                      quietLabel
                      value={one.role}
                      options={roles}
                      onChange={(role) => change.mutate({ id: one.id, body: { role } })}
                    />
                    <Button look="quiet" onClick={() => change.mutate({ id: one.id, body: { active: !one.active } })}>
                      {one.active ? say.end : say.restore}
                    </Button>
                  </>
                )}
              </li>
            ))}
          </ul>
        )}
      </Asked>
    </>
  )
}

function AddUser() {
  const words = useWords()
  const say = words.settings
  const client = useQueryClient()
  const [name, setName] = useState('')
  const [email, setEmail] = useState('')
  const [password, setPassword] = useState('')
  const [role, setRole] = useState<Role>('staff')
  const add = useMutation({
    mutationFn: () =>
      got(api.POST('/api/v1/users', {
        body: { email, password, role, ...(name.trim() && { name: name.trim() }) },
        params: { header: { 'Idempotency-Key': newKey() } },
      })),
    onSuccess: () => {
      setName('')
      setEmail('')
      setPassword('')
      sayBriefly(say.added)
    },
    onSettled: () => client.invalidateQueries({ queryKey: ['users'] }),
  })
  const wrong = useFieldProblem(add.error)
  function submit(event: FormEvent) {
    event.preventDefault()
    if (!add.isPending) add.mutate()
  }
  return (
    <form className="card add" onSubmit={submit} autoComplete="off">
      <TextField label={say.name} value={name} onChange={setName} />
      <TextField label={say.email} type="email" required value={email} dir="ltr" error={wrong('email')} onChange={setEmail} />
      <TextField
        label={say.password}
        hint={say.passwordHint}
        type="password"
        autoComplete="new-password"
        required
        value={password}
        error={wrong('password')}
        onChange={setPassword}
      />
      <Choice
        label={say.role}
        value={role}
        options={ROLES.map((one) => [one, words.common.roles[one]] as const)}
        onChange={setRole}
      />
      <Button type="submit" icon="plus" busy={add.isPending}>
        {say.addUser}
      </Button>
      <Trouble error={add.error} />
    </form>
  )
}
