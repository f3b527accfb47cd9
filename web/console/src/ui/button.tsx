import type { ButtonHTMLAttributes, ReactNode } from 'react'
import { Link } from 'wouter'

import { Icon, type IconName } from './icon'

interface Looks {
  look?: 'main' | 'plain' | 'quiet' | 'danger'
  icon?: IconName
  children: ReactNode
}

interface ButtonProps extends Looks, Omit<ButtonHTMLAttributes<HTMLButtonElement>, 'children'> {
  /** It was pressed and is not done: further presses do nothing. */
  busy?: boolean
}

export function Button({ look = 'plain', icon, busy, children, onClick, ...rest }: ButtonProps) {
  return (
    <button
      type="button"
      {...rest}
      className={`button ${look} ${rest.className ?? ''}`}
      aria-disabled={busy || undefined}
      onClick={busy ? (event) => event.preventDefault() : onClick}
    >
      {busy ? <span className="turning" aria-hidden="true" /> : icon && <Icon name={icon} />}
      <span>{children}</span>
    </button>
  )
}

export const LinkButton = ({ look = 'plain', icon, children, to }: Looks & { to: string }) => (
  <Link href={to} className={`button ${look}`}>
    {icon && <Icon name={icon} />}
    <span>{children}</span>
  </Link>
)

export const IconButton = ({
  name,
  label,
  ...rest
}: { name: IconName; label: string } & ButtonHTMLAttributes<HTMLButtonElement>) => (
  <button type="button" {...rest} className={`icon-button ${rest.className ?? ''}`} aria-label={label} title={label}>
    <Icon name={name} />
  </button>
)
