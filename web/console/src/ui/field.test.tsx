// What a browser finds wrong is said under the field, in the page's language.

import { screen } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { useState } from 'react'
import { expect, test } from 'vitest'

import { shown } from '../testing/service'
import { TextField } from './field'

function Form() {
  const [name, setName] = useState('')
  const [mail, setMail] = useState('x')
  return (
    <form onSubmit={(event) => event.preventDefault()}>
      <TextField label="Nom" required value={name} onChange={setName} />
      <TextField label="Adresse" type="email" value={mail} onChange={setMail} />
      <button type="submit">Envoyer</button>
    </form>
  )
}

test('each field says what is wrong with it until it is changed, and the first has the focus', async () => {
  shown(<Form />)
  await userEvent.click(screen.getByRole('button'))
  const name = screen.getByLabelText('Nom')
  expect(screen.getByText('À remplir.').id).toBe(name.getAttribute('aria-describedby'))
  expect(screen.getByText('Ce n’est pas une adresse e-mail.')).toBeTruthy()
  expect([document.activeElement, name.getAttribute('aria-invalid')]).toEqual([name, 'true'])
  await userEvent.type(name, 'S')
  expect(screen.queryByText('À remplir.')).toBeNull()
})
