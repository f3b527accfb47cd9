import { Fragment } from 'react'

/** An e-mail address: where it is too long for its line it goes on at a sign, not in mid-word. */
export const MailAddress = ({ children }: { children: string }) => (
  <>
    {children.split(/(?=[.@])/).map((piece, place) => (
      <Fragment key={place}>
        {place > 0 && <wbr />}
        {piece}
      </Fragment>
    ))}
  </>
)
