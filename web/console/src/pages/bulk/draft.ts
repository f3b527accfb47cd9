// What is being written to many, wherever on these pages it is written.

import { newKey } from '../../api/client'
import { type CampaignForm, EMPTY_CAMPAIGN } from '../../logic/campaign-form'
import { useDraft } from '../../logic/drafts'

export interface Kept extends CampaignForm {
  /** The identity of what is being written, so that it is stored once however often it is sent. */
  identity: string
}

const fresh = (): Kept => ({ ...EMPTY_CAMPAIGN, identity: newKey() })
let empty = fresh()

export function useNewCampaign() {
  const draft = useDraft<Kept>('bulk/new', empty)
  return {
    ...draft,
    forget() {
      empty = fresh()
      draft.clear()
    },
    /** Begin with the words of another one, for other people. */
    copy: (form: CampaignForm) => draft.change({ ...form, step: 'recipients', identity: newKey() }),
  }
}

export interface StepProps {
  form: CampaignForm
  change: (part: Partial<CampaignForm>) => void
  wrong: (field: string) => string | null
}
