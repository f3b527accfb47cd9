// Finding a patient by reference, by phone, by e-mail or by the beginning of a name.

import { useQuery } from '@tanstack/react-query'
import { lazy, Suspense, useState } from 'react'
import { ComboBox, Input, Label, ListBox, ListBoxItem, Popover, Text } from 'react-aria-components'

import { api, got } from '../../api/client'
import type { Shape } from '../../api/types'
import { useWords } from '../../i18n/words'
import { lookUps } from '../../logic/look-up'
import { useSettled } from '../../logic/settled'
import { Button } from '../../ui/button'
import { Trouble } from '../../ui/notice'

const OwnTimes = lazy(() => import('./own-times'))

type Contact = Shape<'ContactOut'>

async function find(typed: string, signal: AbortSignal): Promise<Contact[]> {
  const pages = await Promise.all(
    lookUps(typed).map((query) => got(api.GET('/api/v1/contacts', { params: { query: { ...query, limit: 8 } }, signal }))),
  )
  const found = new Map(pages.flatMap((page) => page.items).map((contact) => [contact.id, contact]))
  return [...found.values()]
}

export function PatientFinder({ onFound }: { onFound: (contact: Contact) => void }) {
  const words = useWords()
  const say = words.reminders.form
  const [typed, setTyped] = useState('')
  const settled = useSettled(typed.trim(), 300)
  const query = useQuery({
    queryKey: ['contacts', 'find', settled],
    queryFn: ({ signal }) => find(settled, signal),
    enabled: lookUps(settled).length > 0,
    gcTime: 60_000,
  })
  const waiting = typed.trim() !== settled || query.isFetching
  return (
    <>
      <ComboBox
        className="field finder"
        items={query.data ?? []}
        inputValue={typed}
        onInputChange={setTyped}
        onSelectionChange={(key) => {
          const found = query.data?.find((contact) => contact.id === key)
          if (found) onFound(found)
        }}
        allowsEmptyCollection
        allowsCustomValue
        menuTrigger="input"
        defaultFilter={() => true}
      >
        <Label>{say.find}</Label>
        <Input autoComplete="off" dir="auto" />
        <Text slot="description" className="hint">
          {say.findHint}
        </Text>
        <Popover className="found" offset={4}>
          <ListBox<Contact>
            renderEmptyState={() => (
              <p className="soft none">{waiting || !query.data ? say.finding : say.noneFound}</p>
            )}
          >
            {(contact) => (
              <ListBoxItem textValue={contact.patient_id} className="found-one">
                <ContactLine contact={contact} />
              </ListBoxItem>
            )}
          </ListBox>
        </Popover>
      </ComboBox>
      <Trouble error={query.error} />
    </>
  )
}

export function ContactLine({ contact }: { contact: Contact }) {
  const words = useWords()
  const languages: Record<string, string> = words.common.patientLanguages
  const language = contact.language ? (languages[contact.language] ?? contact.language) : ''
  return (
    <span className="contact">
      <strong dir="auto">{contact.name ?? contact.patient_id}</strong>
      <span className="soft">
        {[contact.name && contact.patient_id, contact.phone_number ?? words.reminders.form.noPhone, language]
          .filter(Boolean)
          .join(' · ')}
      </span>
    </span>
  )
}

interface ChosenProps {
  contact: Contact
  onChanged: (contact: Contact) => void
  onOther: () => void
}

export function ChosenPatient({ contact, onChanged, onOther }: ChosenProps) {
  const say = useWords().reminders.form
  const [open, setOpen] = useState(false)
  return (
    <div className="chosen">
      <ContactLine contact={contact} />
      <div className="chosen-buttons">
        <Button look="quiet" onClick={() => setOpen(true)}>
          {say.ownTimes(contact.quiet_hours, contact.holidays.length)}
        </Button>
        <Button look="quiet" onClick={onOther}>
          {say.another}
        </Button>
      </div>
      {open && (
        <Suspense fallback={null}>
          <OwnTimes contact={contact} onChanged={onChanged} onClose={() => setOpen(false)} />
        </Suspense>
      )}
    </div>
  )
}
