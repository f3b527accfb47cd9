// Native fields with their label, hint and error tied to them.

import {
  type InputHTMLAttributes,
  type ReactNode,
  type Ref,
  type SelectHTMLAttributes,
  type TextareaHTMLAttributes,
  useId,
} from 'react'

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

type InputProps = Around &
  Omit<InputHTMLAttributes<HTMLInputElement>, 'onChange'> & {
    onChange?: (value: string) => void
    ref?: Ref<HTMLInputElement>
  }

export const TextField = ({ label, hint, error, quietLabel, onChange, ...rest }: InputProps) => (
  <Field label={label} hint={hint} error={error} quietLabel={quietLabel ?? false}>
    {(tied) => (
      <input type="text" {...rest} {...tied} onChange={(event) => onChange?.(event.target.value)} dir={rest.dir ?? 'auto'} />
    )}
  </Field>
)

type AreaProps = Around &
  Omit<TextareaHTMLAttributes<HTMLTextAreaElement>, 'onChange'> & { onChange?: (value: string) => void }

export const TextArea = ({ label, hint, error, quietLabel, onChange, ...rest }: AreaProps) => (
  <Field label={label} hint={hint} error={error} quietLabel={quietLabel ?? false}>
    {(tied) => <textarea dir="auto" rows={4} {...rest} {...tied} onChange={(event) => onChange?.(event.target.value)} />}
  </Field>
)

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
