// Native fields with their label, hint and error tied to them.

import {
  type FormEvent,
  type InputHTMLAttributes,
  type ReactNode,
  type Ref,
  type SelectHTMLAttributes,
  type TextareaHTMLAttributes,
  useId,
  useState,
} from 'react'

import { useWords } from '../i18n/words'

interface Around {
  label: string
  hint?: ReactNode
  error?: string | null | undefined
  /** The label is for those who hear the page; the sight of it says enough. */
  quietLabel?: boolean
}

interface Tied {
  id: string
  'aria-describedby'?: string
  'aria-invalid'?: true
}

export function Field({
  label,
  hint,
  error,
  quietLabel,
  children,
}: Around & { children: (tied: Tied) => ReactNode }) {
  const id = useId()
  const described = [hint ? `${id}-hint` : '', error ? `${id}-error` : ''].filter(Boolean).join(' ')
  return (
    <div className={error ? 'field wrong' : 'field'}>
      <label htmlFor={id} className={quietLabel ? 'heard' : undefined}>
        {label}
      </label>
      {children({
        id,
        ...(described && { 'aria-describedby': described }),
        ...(error && { 'aria-invalid': true }),
      })}
      {hint && (
        <p className="hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
      {error && (
        <p className="error" id={`${id}-error`}>
          {error}
        </p>
      )}
    </div>
  )
}

type Writing = HTMLInputElement | HTMLTextAreaElement

/** What the browser finds wrong with a field, said in our words under it and not in the browser's own
 * beside it; the first of them takes the focus. */
function useOwnWords(error: string | null | undefined) {
  const say = useWords().common.wrongs
  const [found, setFound] = useState<string | null>(null)
  return {
    error: error ?? found,
    onInvalid(event: FormEvent<Writing>) {
      event.preventDefault()
      const field = event.currentTarget
      const { valueMissing, typeMismatch, tooShort } = field.validity
      if (valueMissing) setFound(say.missing)
      else if (typeMismatch && field.type === 'email') setFound(say.email)
      else setFound(tooShort ? say.tooShort(field.minLength) : say.other)
      const all = [...(field.form?.elements ?? [])] as Writing[]
      if (all.find((one) => one.validity && !one.validity.valid) === field) field.focus()
    },
    forget: () => setFound(null),
  }
}

type InputProps = Around &
  Omit<InputHTMLAttributes<HTMLInputElement>, 'onChange'> & {
    onChange?: (value: string) => void
    ref?: Ref<HTMLInputElement>
  }

export function TextField({ label, hint, error, quietLabel, onChange, ...rest }: InputProps) {
  const own = useOwnWords(error)
  return (
    <Field label={label} hint={hint} error={own.error} quietLabel={quietLabel ?? false}>
      {(tied) => (
        <input
          type="text"
          {...rest}
          {...tied}
          onInvalid={own.onInvalid}
          onChange={(event) => {
            own.forget()
            onChange?.(event.target.value)
          }}
          dir={rest.dir ?? 'auto'}
        />
      )}
    </Field>
  )
}

type AreaProps = Around &
  Omit<TextareaHTMLAttributes<HTMLTextAreaElement>, 'onChange'> & { onChange?: (value: string) => void }

export function TextArea({ label, hint, error, quietLabel, onChange, ...rest }: AreaProps) {
  const own = useOwnWords(error)
  return (
    <Field label={label} hint={hint} error={own.error} quietLabel={quietLabel ?? false}>
      {(tied) => (
        <textarea
          dir="auto"
          rows={4}
          {...rest}
          {...tied}
          onInvalid={own.onInvalid}
          onChange={(event) => {
            own.forget()
            onChange?.(event.target.value)
          }}
        />
      )}
    </Field>
  )
}

type ChoiceProps<Value extends string> = Around &
  Omit<SelectHTMLAttributes<HTMLSelectElement>, 'onChange'> & {
    value: Value
    options: readonly (readonly [Value, string])[]
    onChange: (value: Value) => void
  }

export const Choice = <Value extends string>({
  label,
  hint,
  error,
  quietLabel,
  options,
  onChange,
  ...rest
}: ChoiceProps<Value>) => (
  <Field label={label} hint={hint} error={error} quietLabel={quietLabel ?? false}>
    {(tied) => (
      <select {...rest} {...tied} onChange={(event) => onChange(event.target.value as Value)}>
        {options.map(([value, shown]) => (
          <option key={value} value={value}>
            {shown}
          </option>
        ))}
      </select>
    )}
  </Field>
)

interface TickProps {
  label: ReactNode
  hint?: ReactNode
  checked: boolean
  disabled?: boolean
  onChange: (checked: boolean) => void
}

export const Tick = ({ label, hint, checked, disabled, onChange }: TickProps) => (
  <label className="tick">
    <input
      type="checkbox"
      checked={checked}
      disabled={disabled}
      onChange={(event) => onChange(event.target.checked)}
    />
    <span>
      {label}
      {hint && <small>{hint}</small>}
    </span>
  </label>
)

interface OneOfProps<Value extends string> {
  label: string
  value: Value
  options: readonly (readonly [Value, string])[]
  onChange: (value: Value) => void
  quietLabel?: boolean
}

/** A few choices side by side, one of them taken. */
export function OneOf<Value extends string>({ label, value, options, onChange, quietLabel }: OneOfProps<Value>) {
  const name = useId()
  return (
    <fieldset className="one-of">
      <legend className={quietLabel ? 'heard' : undefined}>{label}</legend>
      <div>
        {options.map(([option, shown]) => (
          <label key={option} className={option === value ? 'taken' : undefined}>
            <input type="radio" name={name} checked={option === value} onChange={() => onChange(option)} />
            <span>{shown}</span>
          </label>
        ))}
      </div>
    </fieldset>
  )
}
