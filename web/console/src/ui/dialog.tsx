// A dialog over the page; the page stays as it was, with all that was typed.

import type { ReactNode } from 'react'
import { Dialog as AriaDialog, Heading, Modal, ModalOverlay } from 'react-aria-components'

import { useWords } from '../i18n/words'
import { Button, IconButton } from './button'

interface DialogProps {
  title: string
  children: ReactNode
  /** Null: it stays until it is done (a sign-in). */
  onClose: (() => void) | null
  role?: 'dialog' | 'alertdialog'
}

export function Dialog({ title, children, onClose, role = 'dialog' }: DialogProps) {
  const words = useWords()
  return (
    <ModalOverlay
      className="veil"
      isOpen
      isDismissable={onClose !== null && role === 'dialog'}
      isKeyboardDismissDisabled={onClose === null}
      onOpenChange={(open) => !open && onClose?.()}
    >
      <Modal className="modal">
        <AriaDialog className="dialog" role={role}>
          <header>
            <Heading slot="title" level={2}>
              {title}
            </Heading>
            {onClose && <IconButton name="close" label={words.common.close} onClick={onClose} />}
          </header>
          {children}
        </AriaDialog>
      </Modal>
    </ModalOverlay>
  )
}

interface AskProps {
  title: string
  children: ReactNode
  yes: string
  danger?: boolean
  busy?: boolean
  onYes: () => void
  onNo: () => void
}

/** A question before something that cannot be taken back. */
export function Ask({ title, children, yes, danger, busy, onYes, onNo }: AskProps) {
  const words = useWords()
  return (
    <Dialog title={title} onClose={onNo} role="alertdialog">
      <div className="dialog-body">{children}</div>
      <footer>
        <Button onClick={onNo}>{words.common.back}</Button>
        <Button look={danger ? 'danger' : 'main'} busy={busy ?? false} onClick={onYes}>
          {yes}
        </Button>
      </footer>
    </Dialog>
  )
}
