import type { Me } from '../../session/session'

export default function CampaignDetail(_: { me: Me; chosen?: number | null; id?: number; section?: string }) {
  return null
}
