import { useEffect, useRef } from 'preact/hooks'

import type { Words } from '../words'

interface Props {
  words: Words
  more: () => void
  over: () => void
}

export function StillThere({ words, more, over }: Props) {
  const dialog = useRef<HTMLDialogElement>(null)
  useEffect(() => dialog.current?.showModal(), [])
  return (
    <dialog ref={dialog} aria-labelledby="still-there" onCancel={more} class="still">
      <h2 id="still-there">{words.stillThere}</h2>
      <p>{words.stillThereText}</p>
      <button type="button" class="send" onClick={more}>
        {words.moreTime}
      </button>
      <button type="button" class="plain wide" onClick={over}>
        {words.startOver}
      </button>
    </dialog>
  )
}
